// SPDX-License-Identifier: GPL-3.0-or-later
#include <string.h>

#include "cli/report/plot.h"

const struct tdm_plot tdm_plots[] = {
    {"pareto", "energy against latency of a request, and the Pareto front", tdm_pareto_count,
     tdm_pareto_draw},
    {"cost", "cost of a request by policy, with 95 % intervals", tdm_cost_count, tdm_cost_draw},
    {"sweep", "cost by each attribute that a sweep varied", tdm_sweep_count, tdm_sweep_draw},
    {"latency", "distribution of the latency by policy", tdm_latency_count, tdm_latency_draw},
    {"offload", "share of requests offloaded against the bandwidth", tdm_offload_count,
     tdm_offload_draw},
    {"learning", "how learned policies got better while they learned", tdm_learning_count,
     tdm_learning_draw},
    {"power", "power of one run over time", tdm_time_count, tdm_power_draw},
    {"energy", "energy of one run over time, by cause", tdm_time_count, tdm_energy_draw},
    {"clocks", "clocks of one run over time", tdm_time_count, tdm_clocks_draw},
    {0},
};

bool tdm_is_compared(const struct tdm_report *report, char *why, size_t size)
{
    size_t count = 0;
    for (size_t i = 0; i < report->cell_count; i++)
        count += report->cells[i].cost.count > 0;
    if (!count)
        snprintf(why, size, "no request was answered");
    else if (count == 1)
        snprintf(why, size, "there is but one policy in one scenario");
    return count > 1;
}

char *tdm_cell_name(const struct tdm_report *report, const struct tdm_report_cell *cell, char *text,
                    size_t size)
{
    const char *variant = report->variants[cell->variant].name;
    snprintf(text, size, "%s%s%s", report->policies[cell->policy].name, *variant ? ", " : "",
             variant);
    return text;
}

static bool is_cut(struct tdm_estimate e)
{
    return e.count > 1 && tdm_estimate_low(e) > e.mean - e.half;
}

static void note_cut(const struct tdm_report *report, struct tdm_figure *figure)
{
    bool cut = false;
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct tdm_report_cell *c = &report->cells[i];
        cut |= is_cut(c->cost) || is_cut(c->energy) || is_cut(c->latency);
    }
    if (cut)
        tdm_figure_note(figure, "Bars are cut at a tenth of their means; the numbers have them "
                                "whole.");
}

void tdm_note_seeds(const struct tdm_report *report, struct tdm_figure *figure)
{
    size_t least = SIZE_MAX, most = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        const size_t n = report->cells[i].cost.count;
        least = n && n < least ? n : least;
        most = n > most ? n : most;
    }
    if (most < 2)
        tdm_figure_note(figure, "One seed each: there are no intervals.");
    else if (least == most)
        tdm_figure_note(figure,
                        "Means over %zu seeds; bars are 95 %% intervals of the mean (Student's t).",
                        most);
    else
        tdm_figure_note(figure,
                        "Means over %zu to %zu seeds; bars are 95 %% intervals of the mean "
                        "(Student's t), missing where there is one seed.",
                        least, most);
    note_cut(report, figure);
}

void tdm_note_unanswered(const struct tdm_report *report, struct tdm_figure *figure)
{
    char names[512] = "";
    size_t count = 0, used = 0;
    for (size_t i = 0; i < report->cell_count; i++) {
        char name[128];
        if (!tdm_report_leaves_out(&report->cells[i]))
            continue;
        if (count++ < 4)
            used += (size_t)snprintf(names + used, sizeof names - used, "%s%s", used ? "; " : "",
                                     tdm_cell_name(report, &report->cells[i], name, sizeof name));
    }
    if (count)
        tdm_figure_note(figure,
                        "More than 1 %% of the requests had no answer under %s%s: means are of "
                        "those that were answered, and flatter.",
                        names, count > 4 ? "; and others" : "");
}

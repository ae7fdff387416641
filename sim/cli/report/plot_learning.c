// SPDX-License-Identifier: GPL-3.0-or-later
// How learned policies got better: the cost of their trials, against the oracle's.
#include <math.h>

#include "cli/report/plot.h"

size_t tdm_learning_count(const struct tdm_report *report, char *why, size_t size)
{
    for (size_t i = 0; i < report->learning_count; i++)
        if (report->learnings[i].count > 1)
            return 1;
    snprintf(why, size, report->learning_count ? "there was but one trial" : "");
    return 0;
}

struct range {
    double least, most, steps;
};

static struct range range_of(const struct tdm_report *report)
{
    struct range r = {INFINITY, 0, 0};
    for (size_t i = 0; i < report->learning_count; i++) {
        const struct tdm_report_learning *l = &report->learnings[i];
        for (size_t j = 0; j < l->count; j++) {
            r.least = fmin(r.least, l->cost[j]);
            r.most = fmax(r.most, l->cost[j]);
            r.steps = fmax(r.steps, l->steps[j]);
        }
        r.least = fmin(r.least, l->oracle);
    }
    return r;
}

static void write_curve(const struct tdm_report_learning *l, size_t index, double factor,
                        struct tdm_html_table *table, FILE *script)
{
    fprintf(script, "$l%zu << EOD\n", index);
    for (size_t j = 0; j < l->count; j++) {
        if (!isfinite(l->cost[j]))
            continue;
        fprintf(script, "%.9g %.9g\n", factor * l->steps[j], l->cost[j]);
        tdm_html_cell(table, "%s", l->file);
        tdm_html_cell(table, "%.0f", l->steps[j]);
        tdm_html_number(table, l->cost[j]);
    }
    fputs("EOD\n", script);
}

static void write_plot(const struct tdm_report *report, FILE *script)
{
    for (size_t i = 0; i < report->learning_count; i++) {
        fprintf(script, "%s$l%zu with lines lw 2 lt %zu title ", i ? ", \\\n  " : "plot ", i,
                i + 1);
        tdm_figure_quote(script, report->learnings[i].file, TDM_LEGEND);
    }
    for (size_t i = 0; i < report->learning_count; i++) {
        const double oracle = report->learnings[i].oracle;
        const bool again = i > 0 && oracle == report->learnings[i - 1].oracle;
        if (isfinite(oracle) && !again)
            fprintf(script, ", \\\n  %.9g with lines dt 2 lc 'black' title %s", oracle,
                    i ? "''" : "'the oracle on the same runs'");
    }
    fputc('\n', script);
}

int tdm_learning_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                      struct tdm_error *error)
{
    static const char *const titles[] = {"file", ">requests", ">cost of the trial (J)", NULL};
    (void)index, (void)error;
    const struct range range = range_of(report);
    struct tdm_axis x = {.which = 'x',
                         .label = "thousands of requests decided on",
                         .scale = {1e-3, ""},
                         .most = 1e-3 * range.steps};
    struct tdm_axis y = {.which = 'y',
                         .label = "mean cost of a request",
                         .scale = {1, "J"},
                         .least = range.least,
                         .most = range.most,
                         .log = range.most > 4 * range.least};
    struct tdm_html_table table;
    snprintf(figure->title, sizeof figure->title, "Learning");
    tdm_axis_set(&x, figure->script);
    tdm_axis_set(&y, figure->script);
    tdm_html_table_start(&table, figure->numbers, titles);
    for (size_t i = 0; i < report->learning_count; i++)
        write_curve(&report->learnings[i], i, x.scale.factor, &table, figure->script);
    tdm_html_table_end(&table);
    write_plot(report, figure->script);
    tdm_figure_note(figure, "After each round of training the policy is tried, without exploring, "
                            "on runs that it does not learn from; the file holds the best one.");
    return 0;
}

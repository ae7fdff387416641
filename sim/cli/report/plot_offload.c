// SPDX-License-Identifier: GPL-3.0-or-later
// The share of requests that were offloaded, by the bandwidth that the policy saw.
#include <math.h>

#include "cli/report/plot.h"

enum { LEAST = 10 }; // requests that make a point

struct band {
    double seen, sent;
};

static struct band band_of(const struct tdm_report *report, size_t policy, size_t band)
{
    struct band sum = {0, 0};
    for (size_t i = 0; i < report->run_count; i++)
        if (report->runs[i].policy == policy) {
            sum.seen += report->runs[i].seen[band];
            sum.sent += report->runs[i].sent[band];
        }
    return sum;
}

static struct band outage_of(const struct tdm_report *report, size_t policy)
{
    struct band sum = {0, 0};
    for (size_t i = 0; i < report->run_count; i++)
        if (report->runs[i].policy == policy) {
            sum.seen += report->runs[i].outage[0];
            sum.sent += report->runs[i].outage[1];
        }
    return sum;
}

// bytes/s: in the middle of a band, as factors go.
static double middle(size_t band)
{
    return TDM_BAND_LEAST * pow(10, ((double)band + 0.5) / TDM_BANDS_A_DECADE);
}

static double edge(size_t band)
{
    return TDM_BAND_LEAST * pow(10, (double)band / TDM_BANDS_A_DECADE);
}

// The bands that have a point of some policy.
static size_t find_bands(const struct tdm_report *report, size_t *first, size_t *last)
{
    size_t count = 0;
    for (size_t b = 0; b < TDM_BANDS; b++) {
        bool any = false;
        for (size_t p = 0; p < report->policy_count && !any; p++)
            any = band_of(report, p, b).seen >= LEAST;
        if (!any)
            continue;
        if (!count++)
            *first = b;
        *last = b;
    }
    return count;
}

size_t tdm_offload_count(const struct tdm_report *report, char *why, size_t size)
{
    size_t first, last;
    bool probed = false;
    for (size_t i = 0; i < report->run_count; i++)
        probed |= report->runs[i].probed;
    if (!probed)
        snprintf(why, size,
                 "the records do not say the bandwidth at each decision (there is no "
                 "link, or an older tandem made them)");
    else if (find_bands(report, &first, &last) < 2)
        snprintf(why, size, "the bandwidth hardly changes");
    else
        return 1;
    return 0;
}

static void write_policy(const struct tdm_report *report, size_t policy, double factor,
                         struct tdm_html_table *table, FILE *script)
{
    fprintf(script, "$p%zu << EOD\n", policy);
    for (size_t b = 0; b < TDM_BANDS; b++) {
        const struct band band = band_of(report, policy, b);
        if (band.seen < LEAST)
            continue;
        tdm_html_cell(table, "%s", report->policies[policy].name);
        tdm_html_cell(table, "%.4g to %.4g", 8e-6 * edge(b), 8e-6 * edge(b + 1));
        tdm_html_cell(table, "%.0f", band.seen);
        tdm_html_number(table, 100 * band.sent / band.seen);
        fprintf(script, "%.9g %.6g\n", factor * middle(b), 100 * band.sent / band.seen);
    }
    fputs("EOD\n", script);
    const struct band outage = outage_of(report, policy);
    if (outage.seen < LEAST)
        return;
    tdm_html_cell(table, "%s", report->policies[policy].name);
    tdm_html_cell(table, "0 (outage)");
    tdm_html_cell(table, "%.0f", outage.seen);
    tdm_html_number(table, 100 * outage.sent / outage.seen);
}

int tdm_offload_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                     struct tdm_error *error)
{
    static const char *const titles[] = {"policy", "bandwidth (Mbit/s)", ">requests",
                                         ">offloaded (%)", NULL};
    (void)index, (void)error;
    FILE *script = figure->script;
    struct tdm_axis x = {.which = 'x', .label = "bandwidth up that the policy saw", .log = true};
    struct tdm_html_table table;
    size_t first = 0, last = 0;
    find_bands(report, &first, &last);
    x.scale = tdm_scale_for("byte/s", edge(last + 1));
    x.least = x.scale.factor * edge(first);
    x.most = x.scale.factor * edge(last + 1);
    snprintf(figure->title, sizeof figure->title, "When policies offload");
    tdm_axis_set(&x, script);
    fprintf(script,
            "set xrange [%.9g:%.9g]\nset yrange [-2:102]\nset ytics 0,20,100\n"
            "set ylabel 'requests offloaded (%%)'\n",
            x.least, x.most);
    tdm_html_table_start(&table, figure->numbers, titles);
    for (size_t p = 0; p < report->policy_count; p++)
        write_policy(report, p, x.scale.factor, &table, script);
    tdm_html_table_end(&table);
    for (size_t p = 0; p < report->policy_count; p++) {
        fprintf(script, "%s$p%zu with linespoints lt %zu title ", p ? ", \\\n  " : "plot ", p,
                p + 1);
        tdm_figure_quote(script, report->policies[p].name, TDM_LEGEND);
    }
    fputc('\n', script);
    tdm_figure_note(figure,
                    "Of the requests that were answered, those that sent anything to a server, by "
                    "what the link's last probe had seen when the policy decided: %d bands a "
                    "decade; bands with fewer than %d requests of a policy are left out.",
                    TDM_BANDS_A_DECADE, LEAST);
    if (report->variant_count > 1)
        tdm_figure_note(figure, "The requests of all %zu variants together.",
                        report->variant_count);
    return 0;
}

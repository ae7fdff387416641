// SPDX-License-Identifier: GPL-3.0-or-later
// The share of requests that were answered within a time, by policy.
#include <math.h>

#include "cli/report/plot.h"
#include "core/schema.h"

// Steps of the curve that are drawn: as fine as a line is thick.
static const double FINE = 0.002;

size_t tdm_latency_count(const struct tdm_report *report, char *why, size_t size)
{
    for (size_t i = 0; i < report->policy_count; i++)
        if (gsl_histogram_sum(report->policies[i].latencies) > 0)
            return 1;
    snprintf(why, size, "no request was answered");
    return 0;
}

// The edges between which a policy's latencies lie, s.
static void find_ends(const struct tdm_report_policy *policy, double *least, double *most)
{
    const gsl_histogram *h = policy->latencies;
    for (size_t i = 0; i < h->n; i++) {
        if (!(h->bin[i] > 0))
            continue;
        *least = fmin(*least, pow(10, h->range[i]));
        *most = fmax(*most, pow(10, h->range[i + 1]));
    }
}

// The share at an edge of a bin is exact.
static void write_curve(const struct tdm_report_policy *policy, const struct tdm_axis *x,
                        FILE *script)
{
    const gsl_histogram *h = policy->latencies;
    double sum = 0, drawn = -1;
    const double all = gsl_histogram_sum(h);
    for (size_t i = 0; i < h->n; i++) {
        if (!(h->bin[i] > 0))
            continue;
        if (sum == 0)
            fprintf(script, "%.9g 0\n", x->scale.factor * pow(10, h->range[i]));
        sum += h->bin[i];
        if (sum - drawn < FINE * policy->arrived && sum < all)
            continue;
        fprintf(script, "%.9g %.6g\n", x->scale.factor * pow(10, h->range[i + 1]),
                100 * sum / policy->arrived);
        drawn = sum;
    }
    fprintf(script, "%.9g %.6g\n", x->high, 100 * sum / policy->arrived);
}

// s within which the share `p` of all requests was answered; infinite: never.
static double quantile(const struct tdm_report_policy *policy, double p)
{
    const gsl_histogram *h = policy->latencies;
    double sum = 0;
    for (size_t i = 0; i < h->n; i++) {
        const double wanted = p * policy->arrived - sum;
        if (h->bin[i] > 0 && h->bin[i] >= wanted) {
            const double within = fmax(wanted, 0) / h->bin[i];
            return pow(10, h->range[i] + within * (h->range[i + 1] - h->range[i]));
        }
        sum += h->bin[i];
    }
    return INFINITY;
}

static void write_numbers(const struct tdm_report *report, FILE *stream)
{
    static const char *const titles[] = {"policy",      ">requests", ">answered (%)", ">1 % (s)",
                                         ">5 % (s)",    ">10 % (s)", ">25 % (s)",     ">median (s)",
                                         ">75 % (s)",   ">90 % (s)", ">95 % (s)",     ">99 % (s)",
                                         ">99.9 % (s)", NULL};
    static const double shares[] = {0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999};
    struct tdm_html_table table;
    tdm_html_table_start(&table, stream, titles);
    for (size_t p = 0; p < report->policy_count; p++) {
        const struct tdm_report_policy *policy = &report->policies[p];
        tdm_html_cell(&table, "%s", policy->name);
        tdm_html_cell(&table, "%.0f", policy->arrived);
        tdm_html_number(&table, 100 * gsl_histogram_sum(policy->latencies) / policy->arrived);
        for (size_t i = 0; i < TDM_COUNT(shares); i++) {
            const double s = quantile(policy, shares[i]);
            if (isfinite(s))
                tdm_html_cell(&table, "%.4g", s);
            else
                tdm_html_cell(&table, "never");
        }
    }
    tdm_html_table_end(&table);
}

static void write_notes(const struct tdm_report *report, struct tdm_figure *figure)
{
    tdm_figure_note(figure, "The further up and to the left, the better: the share of all requests "
                            "that had their answer within the time on the axis, waiting for the "
                            "board included.");
    for (size_t p = 0; p < report->policy_count; p++) {
        const struct tdm_report_policy *policy = &report->policies[p];
        const double without = policy->arrived - gsl_histogram_sum(policy->latencies);
        if (without > 0.01 * policy->arrived)
            tdm_figure_note(figure,
                            "%s: %.0f of %.0f requests had no answer (dropped, or waiting at the "
                            "end), so its curve ends at %.1f %%.",
                            policy->name, without, policy->arrived,
                            100 - 100 * without / policy->arrived);
    }
    if (report->variant_count > 1)
        tdm_figure_note(figure, "The requests of all %zu variants together.",
                        report->variant_count);
}

int tdm_latency_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                     struct tdm_error *error)
{
    (void)index, (void)error;
    FILE *script = figure->script;
    struct tdm_axis x = {.which = 'x', .label = "latency, TTI", .least = INFINITY};
    snprintf(figure->title, sizeof figure->title, "How long requests take");
    for (size_t p = 0; p < report->policy_count; p++)
        find_ends(&report->policies[p], &x.least, &x.most);
    x.scale = tdm_scale_for("s", x.most);
    x.least *= x.scale.factor;
    x.most *= x.scale.factor;
    x.log = tdm_axis_is_long(x.least, x.most);
    tdm_axis_set(&x, script);
    fputs("set yrange [0:102]\nset ytics 0,20,100\nset ylabel 'requests answered within it (%)'\n",
          script);
    for (size_t p = 0; p < report->policy_count; p++) {
        fprintf(script, "$p%zu << EOD\n", p);
        write_curve(&report->policies[p], &x, script);
        fputs("EOD\n", script);
    }
    for (size_t p = 0; p < report->policy_count; p++) {
        fprintf(script, "%s$p%zu with steps lt %zu title ", p ? ", \\\n  " : "plot ", p, p + 1);
        tdm_figure_quote(script, report->policies[p].name, TDM_LEGEND);
    }
    fputc('\n', script);
    write_notes(report, figure);
    write_numbers(report, figure->numbers);
    return 0;
}

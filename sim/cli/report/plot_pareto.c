// SPDX-License-Identifier: GPL-3.0-or-later
// Energy against latency: one point a policy and variant, and the front that none of them beats.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/plot.h"

size_t tdm_pareto_count(const struct tdm_report *report, char *why, size_t size)
{
    return tdm_is_compared(report, why, size);
}

static void include(struct tdm_axis *axis, struct tdm_estimate e)
{
    if (!e.count)
        return;
    axis->least = fmin(axis->least, tdm_estimate_low(e));
    axis->most = fmax(axis->most, tdm_estimate_high(e));
}

static void scale_axis(struct tdm_axis *axis, const char *units)
{
    axis->scale = tdm_scale_for(units, axis->most);
    axis->least *= axis->scale.factor;
    axis->most *= axis->scale.factor;
    axis->log = tdm_axis_is_long(axis->least, axis->most);
}

static double size_of(const struct tdm_report *report, size_t variant)
{
    const size_t n = report->variant_count;
    return n < 2 ? 1.1 : 0.5 + 1.0 * (double)variant / (double)(n - 1);
}

static void write_policy(const struct tdm_report *report, size_t policy, const struct tdm_axis *x,
                         const struct tdm_axis *y, FILE *script)
{
    fprintf(script, "$p%zu << EOD\n", policy);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct tdm_report_cell *c = &report->cells[i];
        const double fx = x->scale.factor, fy = y->scale.factor;
        if (c->policy != policy || !c->energy.count)
            continue;
        fprintf(script, "%.9g %.9g %.9g %.9g %.9g %.9g %.3g\n", fx * c->latency.mean,
                fy * c->energy.mean, fx * tdm_estimate_low(c->latency),
                fx * tdm_estimate_high(c->latency), fy * tdm_estimate_low(c->energy),
                fy * tdm_estimate_high(c->energy), size_of(report, c->variant));
    }
    fputs("EOD\n", script);
}

static int by_latency(const void *a, const void *b)
{
    const struct tdm_report_cell *const *x = a, *const *y = b;
    return ((*x)->latency.mean > (*y)->latency.mean) - ((*x)->latency.mean < (*y)->latency.mean);
}

// From the left edge's top, down along the front, to the right edge.
static int write_front(const struct tdm_report *report, const struct tdm_axis *x,
                       const struct tdm_axis *y, FILE *script)
{
    const struct tdm_report_cell **front = calloc(report->cell_count + 1, sizeof *front);
    size_t count = 0;
    if (!front)
        return -1;
    for (size_t i = 0; i < report->cell_count; i++)
        if (report->cells[i].front)
            front[count++] = &report->cells[i];
    qsort(front, count, sizeof *front, by_latency);
    fputs("$front << EOD\n", script);
    for (size_t i = 0; i < count; i++)
        fprintf(script, "%.9g %.9g\n", x->scale.factor * front[i]->latency.mean,
                y->scale.factor * front[i]->energy.mean);
    fputs("EOD\n$edge << EOD\n", script);
    if (count) {
        fprintf(script, "%.9g %.9g\n", x->scale.factor * front[0]->latency.mean, y->high);
        for (size_t i = 0; i < count; i++)
            fprintf(script, "%.9g %.9g\n", x->scale.factor * front[i]->latency.mean,
                    y->scale.factor * front[i]->energy.mean);
        fprintf(script, "%.9g %.9g\n", x->high, y->scale.factor * front[count - 1]->energy.mean);
    }
    fputs("EOD\n", script);
    free(front);
    return 0;
}

// Variants that one number tells apart are joined in its order.
static bool is_line(const struct tdm_report *report)
{
    return report->attribute_count == 1 && *report->attributes[0].units &&
           report->variant_count == report->attributes[0].count;
}

static void write_plot(const struct tdm_report *report, FILE *script)
{
    fputs("plot $edge with steps lc rgb '#555555' lw 1.2 dt (6,4) title 'Pareto front', \\\n"
          "  $front with points pt 6 ps 2.4 lc rgb '#555555' lw 1.2 notitle",
          script);
    for (size_t p = 0; p < report->policy_count; p++) {
        fprintf(script,
                ", \\\n  $p%zu using 1:2:3:4:5:6 with xyerrorbars lt %zu lw 1 dt 1 ps 0 notitle", p,
                p + 1);
        if (is_line(report))
            fprintf(script, ", \\\n  $p%zu with lines lt %zu lw 1 dt 1 notitle", p, p + 1);
        fprintf(script, ", \\\n  $p%zu using 1:2:7 with points lt %zu ps variable title ", p,
                p + 1);
        tdm_figure_quote(script, report->policies[p].name, TDM_LEGEND);
    }
    fputc('\n', script);
}

static void write_numbers(const struct tdm_report *report, FILE *stream)
{
    static const char *const titles[] = {"policy",       "variant",      ">seeds",
                                         ">latency (s)", ">± (s)",       ">energy (J)",
                                         ">± (J)",       "on the front", NULL};
    struct tdm_html_table table;
    tdm_html_table_start(&table, stream, titles);
    for (size_t i = 0; i < report->cell_count; i++) {
        const struct tdm_report_cell *c = &report->cells[i];
        tdm_html_cell(&table, "%s", report->policies[c->policy].name);
        tdm_html_cell(&table, "%s", report->variants[c->variant].name);
        tdm_html_cell(&table, "%zu", c->energy.count);
        tdm_html_number(&table, c->latency.mean);
        tdm_html_number(&table, c->latency.half);
        tdm_html_number(&table, c->energy.mean);
        tdm_html_number(&table, c->energy.half);
        tdm_html_cell(&table, "%s", c->front ? "yes" : "");
    }
    tdm_html_table_end(&table);
}

static void write_notes(const struct tdm_report *report, const struct tdm_axis *x,
                        const struct tdm_axis *y, struct tdm_figure *figure)
{
    tdm_figure_note(figure,
                    "Better is down and to the left. Ringed: no other point has both less energy "
                    "and less latency.%s",
                    x->log && y->log ? " Both axes are logarithmic."
                    : x->log         ? " The axis of the latency is logarithmic."
                    : y->log         ? " The axis of the energy is logarithmic."
                                     : "");
    if (is_line(report))
        tdm_figure_note(figure,
                        "Lines join the variants of a policy, from %s %s (small) to %s (large).",
                        report->attributes[0].name, report->attributes[0].values[0],
                        report->attributes[0].values[report->attributes[0].count - 1]);
    else if (report->variant_count > 1)
        tdm_figure_note(figure,
                        "Each policy has a point in each of %zu variants, in the order of the "
                        "table from small to large.",
                        report->variant_count);
    tdm_note_seeds(report, figure);
    tdm_note_unanswered(report, figure);
}

int tdm_pareto_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                    struct tdm_error *error)
{
    (void)index;
    struct tdm_axis x = {.which = 'x', .label = "latency of a request, TTI", .least = INFINITY};
    struct tdm_axis y = {.which = 'y', .label = "energy of a request, ETI", .least = INFINITY};
    snprintf(figure->title, sizeof figure->title, "Energy against latency");
    for (size_t i = 0; i < report->cell_count; i++) {
        include(&x, report->cells[i].latency);
        include(&y, report->cells[i].energy);
    }
    scale_axis(&x, "s");
    scale_axis(&y, "J");
    tdm_axis_set(&x, figure->script);
    tdm_axis_set(&y, figure->script);
    for (size_t p = 0; p < report->policy_count; p++)
        write_policy(report, p, &x, &y, figure->script);
    if (write_front(report, &x, &y, figure->script))
        return tdm_fail(error, "out of memory");
    write_plot(report, figure->script);
    write_notes(report, &x, &y, figure);
    write_numbers(report, figure->numbers);
    return 0;
}

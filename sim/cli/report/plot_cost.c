// SPDX-License-Identifier: GPL-3.0-or-later
// The cost of a request by policy, and by what a sweep varied.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/report/plot.h"

enum { MOST_BARS = 60 };

// ---- by policy ---------------------------------------------------------------------------------

size_t tdm_cost_count(const struct tdm_report *report, char *why, size_t size)
{
    size_t bars = 0;
    for (size_t i = 0; i < report->cell_count; i++)
        bars += report->cells[i].cost.count > 0;
    if (!tdm_is_compared(report, why, size))
        return 0;
    if (bars > MOST_BARS)
        snprintf(why, size, "%zu policies and variants are too many for one picture (at most %d)",
                 bars, MOST_BARS);
    return bars <= MOST_BARS;
}

static int by_cost(const void *a, const void *b)
{
    const struct tdm_report_cell *const *x = a, *const *y = b;
    if ((*x)->variant != (*y)->variant)
        return (*x)->variant < (*y)->variant ? -1 : 1;
    if ((*x)->cost.mean != (*y)->cost.mean)
        return (*x)->cost.mean < (*y)->cost.mean ? -1 : 1;
    return (*x)->policy < (*y)->policy ? -1 : 1;
}

// One row a cell, and one above each variant's with its name: the rows of all.
static size_t place_rows(const struct tdm_report *report,
                         const struct tdm_report_cell *const *cells, size_t count, size_t *rows)
{
    size_t row = 0;
    for (size_t i = 0; i < count; i++) {
        row += *report->variants[cells[i]->variant].name &&
               (i == 0 || cells[i]->variant != cells[i - 1]->variant);
        rows[i] = ++row;
    }
    return row;
}

static void write_rows(const struct tdm_report *report, const struct tdm_report_cell *const *cells,
                       size_t count, const size_t *rows, double factor, FILE *script)
{
    char text[64];
    fputs("set ytics (", script);
    for (size_t i = 0; i < count; i++) {
        fputs(i ? ", " : "", script);
        tdm_figure_tic(script, report->policies[cells[i]->policy].name, TDM_LEGEND,
                       (double)rows[i]);
    }
    fputs(")\nset ytics scale 0\nunset key\nset rmargin 18\n", script);
    for (size_t i = 0; i < count; i++) {
        const struct tdm_estimate *e = &cells[i]->cost;
        fprintf(script, "set label '%s' at graph 1.02, first %zu left\n",
                tdm_figure_estimate(factor * e->mean, factor * e->half, text, sizeof text),
                rows[i]);
        if (rows[i] == (i ? rows[i - 1] : 0) + 1)
            continue;
        fputs("set label ", script);
        tdm_figure_quote(script, report->variants[cells[i]->variant].name, 60);
        fprintf(script, " at graph 0.01, first %zu left tc rgb '#555555' front\n", rows[i] - 1);
        if (i)
            fprintf(script,
                    "set arrow from graph 0, first %zu.5 to graph 1, first %zu.5 nohead lw 1 lc "
                    "rgb '#999999'\n",
                    rows[i] - 2, rows[i] - 2);
    }
}

static void write_bars(const struct tdm_report *report, const struct tdm_report_cell *const *cells,
                       size_t count, const size_t *rows, double factor, FILE *script)
{
    fputs("$bars << EOD\n", script);
    for (size_t i = 0; i < count; i++)
        fprintf(script, "%.9g %zu %.9g %.9g %zu\n", factor * cells[i]->cost.mean, rows[i],
                factor * tdm_estimate_low(cells[i]->cost),
                factor * tdm_estimate_high(cells[i]->cost), cells[i]->policy + 1);
    fputs("EOD\nset errorbars 0.6\nplot ", script);
    for (size_t p = 0; p < report->policy_count; p++)
        fprintf(script,
                "%s$bars using ($5==%zu ? $1 : NaN):2:3:4 with xerrorbars lt %zu dt 1 ps 1.1",
                p ? ", \\\n  " : "", p + 1, p + 1);
    fputc('\n', script);
}

static void write_numbers(const struct tdm_report *report,
                          const struct tdm_report_cell *const *cells, size_t count, FILE *stream)
{
    static const char *const titles[] = {"policy", "variant",   ">seeds",     ">cost (J)",
                                         ">± (J)", ">requests", ">no answer", NULL};
    struct tdm_html_table table;
    tdm_html_table_start(&table, stream, titles);
    for (size_t i = 0; i < count; i++) {
        const struct tdm_report_cell *c = cells[i];
        tdm_html_cell(&table, "%s", report->policies[c->policy].name);
        tdm_html_cell(&table, "%s", report->variants[c->variant].name);
        tdm_html_cell(&table, "%zu", c->cost.count);
        tdm_html_number(&table, c->cost.mean);
        tdm_html_number(&table, c->cost.half);
        tdm_html_cell(&table, "%.0f", c->answered);
        tdm_html_cell(&table, "%.0f", c->dropped + c->unanswered);
    }
    tdm_html_table_end(&table);
}

static void set_costs(const struct tdm_report *report, struct tdm_axis *axis)
{
    for (size_t i = 0; i < report->cell_count; i++) {
        if (!report->cells[i].cost.count)
            continue;
        axis->least = fmin(axis->least, tdm_estimate_low(report->cells[i].cost));
        axis->most = fmax(axis->most, tdm_estimate_high(report->cells[i].cost));
    }
    axis->scale = tdm_scale_for("J", axis->most);
    axis->least *= axis->scale.factor;
    axis->most *= axis->scale.factor;
    axis->log = tdm_axis_is_long(axis->least, axis->most);
}

static void draw_bars(struct tdm_report *report, const struct tdm_report_cell **cells, size_t count,
                      size_t *rows, struct tdm_figure *figure)
{
    struct tdm_axis x = {.which = 'x', .label = "cost of a request", .least = INFINITY};
    qsort(cells, count, sizeof *cells, by_cost);
    const size_t all = place_rows(report, cells, count, rows);
    figure->height = 80 + 25 * (int)all;
    set_costs(report, &x);
    tdm_axis_set(&x, figure->script);
    fprintf(figure->script, "set yrange [%zu.5:0.5]\n", all);
    write_rows(report, cells, count, rows, x.scale.factor, figure->script);
    write_bars(report, cells, count, rows, x.scale.factor, figure->script);
    tdm_figure_note(figure,
                    "cost = eta ETI + (1 - eta) Pmax TTI, with ETI the energy and TTI the "
                    "latency of a request, eta the scenario's and Pmax the board's.%s",
                    x.log ? " The axis is logarithmic." : "");
    tdm_note_seeds(report, figure);
    tdm_note_unanswered(report, figure);
    write_numbers(report, cells, count, figure->numbers);
}

int tdm_cost_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                  struct tdm_error *error)
{
    (void)index;
    const struct tdm_report_cell **cells = calloc(report->cell_count + 1, sizeof *cells);
    size_t *rows = calloc(report->cell_count + 1, sizeof *rows);
    size_t count = 0;
    snprintf(figure->title, sizeof figure->title, "Cost of a request by policy");
    for (size_t i = 0; cells && i < report->cell_count; i++)
        if (report->cells[i].cost.count)
            cells[count++] = &report->cells[i];
    if (cells && rows)
        draw_bars(report, cells, count, rows, figure);
    const int status = cells && rows ? 0 : tdm_fail(error, "out of memory");
    free(cells);
    free(rows);
    return status;
}

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
    if (!bars)
        snprintf(why, size, "no request was answered");
    else if (bars > MOST_BARS)
        snprintf(why, size, "%zu policies and variants are too many for one picture (at most %d)",
                 bars, MOST_BARS);
    return bars > 0 && bars <= MOST_BARS;
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

static double low_end(struct tdm_estimate e)
{
    return isfinite(e.half) ? fmax(e.mean - e.half, 0.1 * e.mean) : e.mean;
}

static double high_end(struct tdm_estimate e)
{
    return isfinite(e.half) ? e.mean + e.half : e.mean;
}

static void write_bars(const struct tdm_report *report, const struct tdm_report_cell *const *cells,
                       size_t count, const struct tdm_axis *x, FILE *script)
{
    const double f = x->scale.factor;
    fprintf(script, "set yrange [%zu.5:0.5]\nset ytics (", count);
    for (size_t i = 0; i < count; i++) {
        char name[256];
        fputs(i ? ", " : "", script);
        tdm_figure_quote(script, tdm_cell_name(report, cells[i], name, sizeof name), 48);
        fprintf(script, " %zu", i + 1);
    }
    fputs(")\nset ytics scale 0\nunset key\nset rmargin 18\n", script);
    for (size_t i = 0; i < count; i++) {
        const struct tdm_estimate *e = &cells[i]->cost;
        char text[64];
        fprintf(script, "set label '%s' at graph 1.02, first %zu left\n",
                tdm_figure_estimate(f * e->mean, f * e->half, text, sizeof text), i + 1);
        if (i && cells[i]->variant != cells[i - 1]->variant)
            fprintf(script,
                    "set arrow from graph 0, first %zu.5 to graph 1, first %zu.5 nohead lw 1 lc "
                    "rgb '#999999'\n",
                    i, i);
    }
    fputs("$bars << EOD\n", script);
    for (size_t i = 0; i < count; i++)
        fprintf(script, "%.9g %zu %.9g %.9g %zu\n", f * cells[i]->cost.mean, i + 1,
                f * low_end(cells[i]->cost), f * high_end(cells[i]->cost), cells[i]->policy + 1);
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

int tdm_cost_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                  struct tdm_error *error)
{
    (void)index;
    const struct tdm_report_cell **cells = calloc(report->cell_count + 1, sizeof *cells);
    struct tdm_axis x = {.which = 'x', .label = "cost of a request", .least = INFINITY};
    size_t count = 0;
    if (!cells)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < report->cell_count; i++) {
        if (!report->cells[i].cost.count)
            continue;
        cells[count++] = &report->cells[i];
        x.least = fmin(x.least, low_end(report->cells[i].cost));
        x.most = fmax(x.most, high_end(report->cells[i].cost));
    }
    qsort(cells, count, sizeof *cells, by_cost);
    snprintf(figure->title, sizeof figure->title, "Cost of a request by policy");
    figure->height = 80 + 26 * (int)count;
    x.scale = tdm_scale_for("J", x.most);
    x.least *= x.scale.factor;
    x.most *= x.scale.factor;
    x.log = tdm_axis_is_long(x.least, x.most);
    tdm_axis_set(&x, figure->script);
    write_bars(report, cells, count, &x, figure->script);
    tdm_figure_note(figure,
                    "cost = eta ETI + (1 - eta) Pmax TTI, with ETI the energy and TTI the "
                    "latency of a request, eta the scenario's and Pmax the board's.%s",
                    x.log ? " The axis is logarithmic." : "");
    tdm_note_seeds(report, figure);
    tdm_note_unanswered(report, figure);
    write_numbers(report, cells, count, figure->numbers);
    free(cells);
    return 0;
}

// ---- by attribute ------------------------------------------------------------------------------

size_t tdm_sweep_count(const struct tdm_report *report, char *why, size_t size)
{
    if (!report->attribute_count)
        snprintf(why, size,
                 "no attribute differs between the records ('tandem sweep' varies them)");
    return report->attribute_count;
}

// "rtt and load": what else differs in the grid; "" for nothing.
static const char *others(const struct tdm_report *report, const struct tdm_report_attribute *a,
                          char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < report->attribute_count && used < size; i++) {
        const struct tdm_report_attribute *b = &report->attributes[i];
        if (b != a && strcmp(b->grid, a->grid) == 0)
            used +=
                (size_t)snprintf(text + used, size - used, "%s%s", used ? " and " : "", b->name);
    }
    return text;
}

// A word in a file's name and a link's.
static void name_figure(struct tdm_figure *figure, const char *attribute, size_t index)
{
    size_t used = (size_t)snprintf(figure->name, sizeof figure->name, "cost-by-");
    for (const char *c = attribute; *c && used + 8 < sizeof figure->name; c++) {
        const bool plain =
            (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9');
        figure->name[used++] = plain ? *c : '-';
    }
    if (used == strlen("cost-by-") ||
        strspn(attribute, "abcdefghijklmnopqrstuvwxyz-") != strlen(attribute) || index > 0)
        used += (size_t)snprintf(figure->name + used, 8, "-%zu", index + 1);
    figure->name[used] = '\0';
}

struct drawing {
    struct tdm_report *report;
    const struct tdm_report_attribute *attribute;
    struct tdm_axis x, y;
    struct tdm_html_table table;
    size_t most, uneven; // runs of a point: the most, and points that have fewer
};

static void set_x(struct drawing *d, FILE *script)
{
    const struct tdm_report_attribute *a = d->attribute;
    d->x = (struct tdm_axis){.which = 'x', .label = a->name, .scale = {1, ""}, .log = a->geometric};
    if (*a->units) {
        d->x.scale = tdm_scale_for(a->units, fmax(fabs(a->numbers[0]), a->numbers[a->count - 1]));
        d->x.least = d->x.scale.factor * a->numbers[0];
        d->x.most = d->x.scale.factor * a->numbers[a->count - 1];
        tdm_axis_set(&d->x, script);
    } else {
        fputs("set xlabel ", script);
        tdm_figure_quote(script, a->name, 80);
        fprintf(script, "\nset xrange [-0.5:%zu.5]\nset xtics (", a->count - 1);
        for (size_t i = 0; i < a->count; i++) {
            fputs(i ? ", " : "", script);
            tdm_figure_quote(script, a->values[i], 20);
            fprintf(script, " %zu", i);
        }
        fputs(a->count > 5 ? ") rotate by 30 right\n" : ")\n", script);
    }
    if (a->geometric) { // where the values are, and a little room at the ends
        const double room = pow(d->x.most / d->x.least, 0.04);
        fprintf(script, "set xrange [%.9g:%.9g]\n", d->x.least / room, d->x.most * room);
        if (a->count <= 12) {
            fputs("set xtics (", script);
            for (size_t i = 0; i < a->count; i++)
                fprintf(script, "%s'%.4g' %.9g", i ? ", " : "", d->x.scale.factor * a->numbers[i],
                        d->x.scale.factor * a->numbers[i]);
            fputs(")\n", script);
        }
    }
}

static void find_y(struct drawing *d)
{
    d->y = (struct tdm_axis){.which = 'y', .label = "cost of a request", .least = INFINITY};
    for (size_t p = 0; p < d->report->policy_count; p++)
        for (size_t i = 0; i < d->attribute->count; i++) {
            size_t runs;
            const struct tdm_estimate e = tdm_report_cost_at(d->report, d->attribute, p, i, &runs);
            d->most = runs > d->most ? runs : d->most;
            if (!e.count)
                continue;
            d->y.least = fmin(d->y.least, low_end(e));
            d->y.most = fmax(d->y.most, high_end(e));
        }
    d->y.scale = tdm_scale_for("J", d->y.most);
    d->y.least *= d->y.scale.factor;
    d->y.most *= d->y.scale.factor;
    d->y.log = tdm_axis_is_long(d->y.least, d->y.most);
}

static void write_line(struct drawing *d, size_t policy, FILE *script)
{
    const struct tdm_report_attribute *a = d->attribute;
    const double f = d->y.scale.factor;
    fprintf(script, "$p%zu << EOD\n", policy);
    for (size_t i = 0; i < a->count; i++) {
        size_t runs;
        const struct tdm_estimate e = tdm_report_cost_at(d->report, a, policy, i, &runs);
        d->uneven += runs < d->most;
        tdm_html_cell(&d->table, "%s", d->report->policies[policy].name);
        tdm_html_cell(&d->table, "%s", a->values[i]);
        tdm_html_cell(&d->table, "%zu", e.count);
        tdm_html_number(&d->table, e.mean);
        tdm_html_number(&d->table, e.half);
        if (e.count)
            fprintf(script, "%.9g %.9g %.9g %.9g\n", d->x.scale.factor * a->numbers[i], f * e.mean,
                    f * low_end(e), f * high_end(e));
        else
            fputc('\n', script); // a gap
    }
    fputs("EOD\n", script);
}

static void write_sweep_notes(struct drawing *d, struct tdm_figure *figure)
{
    char text[256];
    if (*others(d->report, d->attribute, text, sizeof text))
        tdm_figure_note(figure, "Each point is a mean over the values of %s, too.", text);
    if (d->uneven)
        tdm_figure_note(figure,
                        "%zu points have fewer runs than others: those that are missing "
                        "are not in their means.",
                        d->uneven);
    if (d->y.log || d->x.log)
        tdm_figure_note(figure, "Logarithmic: the axis of %s%s%s.",
                        d->x.log ? d->attribute->name : "",
                        d->x.log && d->y.log ? ", that of " : "", d->y.log ? "the cost" : "");
    tdm_note_seeds(d->report, figure);
}

int tdm_sweep_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                   struct tdm_error *error)
{
    static const char *const titles[] = {"policy", "value", ">seeds", ">cost (J)", ">± (J)", NULL};
    (void)error;
    struct drawing d = {.report = report, .attribute = &report->attributes[index]};
    FILE *script = figure->script;
    snprintf(figure->title, sizeof figure->title, "Cost of a request by %.100s", d.attribute->name);
    name_figure(figure, d.attribute->name, index);
    set_x(&d, script);
    find_y(&d);
    tdm_axis_set(&d.y, script);
    tdm_html_table_start(&d.table, figure->numbers, titles);
    for (size_t p = 0; p < report->policy_count; p++)
        write_line(&d, p, script);
    tdm_html_table_end(&d.table);
    for (size_t p = 0; p < report->policy_count; p++) {
        fprintf(script,
                "%s$p%zu with lines lt %zu notitle, \\\n  $p%zu with yerrorbars lt %zu lw "
                "1 dt 1 notitle, \\\n  NaN with linespoints lt %zu title ",
                p ? ", \\\n  " : "plot ", p, p + 1, p, p + 1, p + 1);
        tdm_figure_quote(script, report->policies[p].name, TDM_LEGEND);
    }
    fputc('\n', script);
    write_sweep_notes(&d, figure);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The cost of a request by what a sweep varied: one line a policy, or one a policy and value of
// another attribute that has but a few.
#include <math.h>
#include <string.h>

#include "cli/report/plot.h"
#include "core/table.h"

size_t tdm_sweep_count(const struct tdm_report *report, char *why, size_t size)
{
    if (!report->attribute_count)
        snprintf(why, size,
                 "no attribute differs between the records ('tandem sweep' varies them)");
    return report->attribute_count;
}

enum { MOST_SPLIT = 3, MOST_LINES = 9 };

// The attribute with the fewest values, few enough for a line each; NULL: there is none.
static const struct tdm_report_attribute *find_split(const struct tdm_report *report,
                                                     const struct tdm_report_attribute *a)
{
    const struct tdm_report_attribute *split = NULL;
    for (size_t i = 0; i < report->attribute_count; i++) {
        const struct tdm_report_attribute *b = &report->attributes[i];
        const bool few = b->count <= MOST_SPLIT && b->count * report->policy_count <= MOST_LINES;
        if (b != a && few && strcmp(b->grid, a->grid) == 0 && (!split || b->count < split->count))
            split = b;
    }
    return split;
}

// "rtt and load": what else differs in the grid; "" for nothing.
static const char *others(const struct tdm_report *report, const struct tdm_report_attribute *a,
                          const struct tdm_report_attribute *split, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < report->attribute_count && used < size; i++) {
        const struct tdm_report_attribute *b = &report->attributes[i];
        if (b != a && b != split && strcmp(b->grid, a->grid) == 0)
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

// Names that would not fit side by side.
static bool is_crowded(const struct tdm_report_attribute *a)
{
    size_t longest = 0;
    for (size_t i = 0; i < a->count; i++) {
        const size_t length = tdm_text_width(a->values[i]);
        longest = length > longest ? length : longest;
    }
    return longest * a->count > 48;
}

struct drawing {
    struct tdm_report *report;
    const struct tdm_report_attribute *attribute, *split;
    size_t splits; // 1: none
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
            tdm_figure_tic(script, a->values[i], 20, (double)i);
        }
        fputs(is_crowded(a) ? ") rotate by 30 right\n" : ")\n", script);
    }
    if (*a->units && !a->geometric) { // a setting, not a size: no need to begin at 0
        const double room = 0.04 * (d->x.most - d->x.least);
        fprintf(script, "set xrange [%.9g:%.9g]\n", d->x.least - room, d->x.most + room);
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

static struct tdm_estimate cost_at(const struct drawing *d, size_t line, size_t index, size_t *runs)
{
    const struct tdm_report_value at = {d->attribute, index}, also = {d->split, line % d->splits};
    return tdm_report_cost_at(d->report, line / d->splits, at, also, runs);
}

static void find_y(struct drawing *d)
{
    d->y = (struct tdm_axis){.which = 'y', .label = "cost of a request", .least = INFINITY};
    for (size_t line = 0; line < d->report->policy_count * d->splits; line++)
        for (size_t i = 0; i < d->attribute->count; i++) {
            size_t runs;
            const struct tdm_estimate e = cost_at(d, line, i, &runs);
            d->most = runs > d->most ? runs : d->most;
            if (!e.count)
                continue;
            d->y.least = fmin(d->y.least, tdm_estimate_low(e));
            d->y.most = fmax(d->y.most, tdm_estimate_high(e));
        }
    d->y.scale = tdm_scale_for("J", d->y.most);
    d->y.least *= d->y.scale.factor;
    d->y.most *= d->y.scale.factor;
    d->y.log = tdm_axis_is_long(d->y.least, d->y.most);
}

static void write_line(struct drawing *d, size_t line, FILE *script)
{
    const struct tdm_report_attribute *a = d->attribute;
    const double f = d->y.scale.factor;
    fprintf(script, "$p%zu << EOD\n", line);
    for (size_t i = 0; i < a->count; i++) {
        size_t runs;
        const struct tdm_estimate e = cost_at(d, line, i, &runs);
        d->uneven += runs < d->most;
        tdm_html_cell(&d->table, "%s", d->report->policies[line / d->splits].name);
        if (d->split)
            tdm_html_cell(&d->table, "%s", d->split->values[line % d->splits]);
        tdm_html_cell(&d->table, "%s", a->values[i]);
        tdm_html_cell(&d->table, "%zu", e.count);
        tdm_html_number(&d->table, e.mean);
        tdm_html_number(&d->table, e.half);
        if (e.count)
            fprintf(script, "%.9g %.9g %.9g %.9g\n", d->x.scale.factor * a->numbers[i], f * e.mean,
                    f * tdm_estimate_low(e), f * tdm_estimate_high(e));
        else
            fputc('\n', script); // a gap
    }
    fputs("EOD\n", script);
}

static void write_sweep_notes(struct drawing *d, struct tdm_figure *figure)
{
    char text[256];
    if (*others(d->report, d->attribute, d->split, text, sizeof text))
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

// A policy has its colour; the value that splits it has its dashes and points.
static void plot_line(const struct drawing *d, size_t line, FILE *script)
{
    const struct tdm_report_policy *policy = &d->report->policies[line / d->splits];
    const size_t type = line / d->splits + TDM_FIGURE_COLOURS * (line % d->splits) + 1;
    char name[160];
    snprintf(name, sizeof name, "%.80s", policy->name);
    if (d->split)
        snprintf(name, sizeof name, "%.60s, %.40s %.40s", policy->name, d->split->name,
                 d->split->values[line % d->splits]);
    fprintf(script,
            "%s$p%zu with lines lt %zu notitle, \\\n  $p%zu with yerrorbars lt %zu lw "
            "1 dt 1 notitle, \\\n  NaN with linespoints lt %zu title ",
            line ? ", \\\n  " : "plot ", line, type, line, type, type);
    tdm_figure_quote(script, name, TDM_LEGEND);
}

int tdm_sweep_draw(struct tdm_report *report, size_t index, struct tdm_figure *figure,
                   struct tdm_error *error)
{
    (void)error;
    struct drawing d = {.report = report, .attribute = &report->attributes[index], .splits = 1};
    d.split = find_split(report, d.attribute);
    if (d.split)
        d.splits = d.split->count;
    const char *const plain[] = {"policy", "value", ">seeds", ">cost (J)", ">± (J)", NULL};
    const char *const split[] = {
        "policy", d.split ? d.split->name : "", "value", ">seeds", ">cost (J)", ">± (J)", NULL};
    const size_t lines = report->policy_count * d.splits;
    FILE *script = figure->script;
    snprintf(figure->title, sizeof figure->title, "Cost of a request by %.100s", d.attribute->name);
    name_figure(figure, d.attribute->name, index);
    set_x(&d, script);
    find_y(&d);
    tdm_axis_set(&d.y, script);
    tdm_html_table_start(&d.table, figure->numbers, d.split ? split : plain);
    for (size_t line = 0; line < lines; line++)
        write_line(&d, line, script);
    tdm_html_table_end(&d.table);
    for (size_t line = 0; line < lines; line++)
        plot_line(&d, line, script);
    fputc('\n', script);
    write_sweep_notes(&d, figure);
    return 0;
}

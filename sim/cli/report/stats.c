// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/stats.h"

#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/simulate.h"
#include "core/error.h"

static struct tdm_estimate estimate(const double *values, size_t count)
{
    if (!count)
        return (struct tdm_estimate){NAN, NAN, 0};
    return (struct tdm_estimate){gsl_stats_mean(values, 1, count), tdm_interval(values, count),
                                 count};
}

double tdm_estimate_low(struct tdm_estimate e)
{
    return isfinite(e.half) ? fmax(e.mean - e.half, 0.1 * e.mean) : e.mean;
}

double tdm_estimate_high(struct tdm_estimate e)
{
    return isfinite(e.half) ? e.mean + e.half : e.mean;
}

// ---- cells -------------------------------------------------------------------------------------

// Room for one number of each run.
struct room {
    double *cost, *energy, *latency, *offloaded;
};

static void fill_cell(const struct tdm_report *report, struct tdm_report_cell *cell,
                      const struct room *room)
{
    size_t n = 0;
    for (size_t i = 0; i < report->run_count; i++) {
        const struct tdm_report_run *run = &report->runs[i];
        if (run->policy != cell->policy || run->variant != cell->variant)
            continue;
        cell->runs++;
        cell->answered += run->answered;
        cell->dropped += run->dropped;
        cell->unanswered += run->unanswered;
        if (!(run->answered > 0))
            continue;
        room->cost[n] = run->cost;
        room->energy[n] = run->energy;
        room->latency[n] = run->latency;
        room->offloaded[n++] = run->offloaded;
    }
    cell->cost = estimate(room->cost, n);
    cell->energy = estimate(room->energy, n);
    cell->latency = estimate(room->latency, n);
    cell->offloaded = estimate(room->offloaded, n);
}

static bool dominates(const struct tdm_report_cell *a, const struct tdm_report_cell *b)
{
    return a->energy.count && a->energy.mean <= b->energy.mean &&
           a->latency.mean <= b->latency.mean &&
           (a->energy.mean < b->energy.mean || a->latency.mean < b->latency.mean);
}

static void find_front(struct tdm_report *report)
{
    for (size_t i = 0; i < report->cell_count; i++) {
        struct tdm_report_cell *cell = &report->cells[i];
        cell->front = cell->energy.count > 0;
        for (size_t j = 0; j < report->cell_count && cell->front; j++)
            cell->front = !dominates(&report->cells[j], cell);
    }
}

static int make_cells(struct tdm_report *report, const struct room *room)
{
    const size_t all = report->variant_count * report->policy_count;
    report->cells = calloc(all + 1, sizeof *report->cells);
    bool *there = calloc(all + 1, sizeof *there);
    if (!report->cells || !there) {
        free(there);
        return -1;
    }
    for (size_t i = 0; i < report->run_count; i++)
        there[report->runs[i].variant * report->policy_count + report->runs[i].policy] = true;
    for (size_t i = 0; i < all; i++) {
        if (!there[i])
            continue;
        struct tdm_report_cell *cell = &report->cells[report->cell_count++];
        *cell = (struct tdm_report_cell){.policy = i % report->policy_count,
                                         .variant = i / report->policy_count};
        fill_cell(report, cell, room);
    }
    free(there);
    find_front(report);
    return 0;
}

bool tdm_report_leaves_out(const struct tdm_report_cell *cell)
{
    const double without = cell->dropped + cell->unanswered;
    return without > 0.01 * (cell->answered + without);
}

// ---- attributes --------------------------------------------------------------------------------

// The value of an attribute in a variant, or NULL.
static const struct tdm_record_value *value_in(const struct tdm_report_variant *v, const char *grid,
                                               const char *name)
{
    for (size_t i = 0; v->grid && strcmp(v->grid, grid) == 0 && i < v->varied_count; i++)
        if (strcmp(v->varied[i].name, name) == 0)
            return &v->varied[i];
    return NULL;
}

static const struct tdm_record_value *value_of(const struct tdm_report *report, size_t variant,
                                               const struct tdm_report_attribute *a)
{
    return value_in(&report->variants[variant], a->grid, a->name);
}

static size_t find_value(const struct tdm_report_attribute *a, const struct tdm_record_value *v)
{
    size_t i = 0;
    while (i < a->count &&
           (*a->units ? a->numbers[i] != v->number : strcmp(a->values[i], v->value) != 0))
        i++;
    return i;
}

// A number throughout, of one unit: then that is the attribute's.
static const char *common_units(const struct tdm_report *report,
                                const struct tdm_report_attribute *a)
{
    const char *units = NULL;
    for (size_t i = 0; i < report->variant_count; i++) {
        const struct tdm_record_value *v = value_of(report, i, a);
        if (!v)
            continue;
        if (!isfinite(v->number) || !*v->units || (units && strcmp(units, v->units) != 0))
            return "";
        units = v->units;
    }
    return units ? units : "";
}

// Steps between neighbours are more alike as factors than as differences.
static bool is_geometric(const struct tdm_report_attribute *a)
{
    enum { MOST = 256 };
    double step[MOST], factor[MOST];
    const size_t n = a->count - 1;
    if (!*a->units || a->count < 3 || n > MOST || !(a->numbers[0] > 0) ||
        a->numbers[n] < 8 * a->numbers[0])
        return false;
    for (size_t i = 0; i < n; i++) {
        step[i] = a->numbers[i + 1] - a->numbers[i];
        factor[i] = log(a->numbers[i + 1] / a->numbers[i]);
    }
    return gsl_stats_sd(factor, 1, n) / gsl_stats_mean(factor, 1, n) <
           gsl_stats_sd(step, 1, n) / gsl_stats_mean(step, 1, n);
}

static void insert(struct tdm_report_attribute *a, const struct tdm_record_value *v)
{
    size_t at = a->count++;
    for (; *a->units && at > 0 && a->numbers[at - 1] > v->number; at--) {
        a->numbers[at] = a->numbers[at - 1];
        a->values[at] = a->values[at - 1];
    }
    a->numbers[at] = *a->units ? v->number : (double)at;
    a->values[at] = v->value;
}

static int fill_attribute(const struct tdm_report *report, struct tdm_report_attribute *a)
{
    a->units = common_units(report, a);
    a->numbers = calloc(report->variant_count + 1, sizeof *a->numbers);
    a->values = calloc(report->variant_count + 1, sizeof *a->values);
    if (!a->numbers || !a->values)
        return -1;
    for (size_t i = 0; i < report->variant_count; i++) {
        const struct tdm_record_value *v = value_of(report, i, a);
        if (v && find_value(a, v) == a->count)
            insert(a, v);
    }
    a->geometric = is_geometric(a);
    return 0;
}

static bool is_known(const struct tdm_report *report, const char *grid, const char *name)
{
    for (size_t i = 0; i < report->attribute_count; i++)
        if (strcmp(report->attributes[i].grid, grid) == 0 &&
            strcmp(report->attributes[i].name, name) == 0)
            return true;
    return false;
}

static int add_attribute(struct tdm_report *report, const char *grid, const char *name)
{
    struct tdm_report_attribute *more =
        realloc(report->attributes, (report->attribute_count + 1) * sizeof *more);
    if (!more)
        return -1;
    report->attributes = more;
    struct tdm_report_attribute *a = &more[report->attribute_count++];
    *a = (struct tdm_report_attribute){.grid = grid, .name = name};
    if (fill_attribute(report, a))
        return -1;
    if (a->count > 1)
        return 0;
    free(a->numbers); // the same everywhere
    free(a->values);
    report->attribute_count--;
    return 0;
}

static int find_attributes(struct tdm_report *report)
{
    for (size_t i = 0; i < report->variant_count; i++) {
        const struct tdm_report_variant *v = &report->variants[i];
        for (size_t j = 0; v->grid && j < v->varied_count; j++)
            if (!is_known(report, v->grid, v->varied[j].name) &&
                add_attribute(report, v->grid, v->varied[j].name))
                return -1;
    }
    return 0;
}

struct by_seed {
    int64_t seed;
    double cost;
};

static int compare_seeds(const void *x, const void *y)
{
    const struct by_seed *a = x, *b = y;
    if (a->seed != b->seed)
        return a->seed < b->seed ? -1 : 1;
    return (a->cost > b->cost) - (a->cost < b->cost); // the same sum whatever the order
}

// One mean a seed; returns how many.
static size_t mean_by_seed(const struct by_seed *costs, size_t count, double *means)
{
    size_t seeds = 0;
    for (size_t i = 0, next; i < count; i = next) {
        double sum = 0;
        for (next = i; next < count && costs[next].seed == costs[i].seed; next++)
            sum += costs[next].cost;
        means[seeds++] = sum / (double)(next - i);
    }
    return seeds;
}

static bool has_value(const struct tdm_report *report, const struct tdm_report_run *run,
                      struct tdm_report_value at)
{
    if (!at.attribute)
        return true;
    const struct tdm_record_value *v = value_of(report, run->variant, at.attribute);
    return v && find_value(at.attribute, v) == at.index;
}

struct tdm_estimate tdm_report_cost_at(const struct tdm_report *report, size_t policy,
                                       struct tdm_report_value at, struct tdm_report_value also,
                                       size_t *runs)
{
    struct by_seed *costs = calloc(report->run_count + 1, sizeof *costs);
    double *means = calloc(report->run_count + 1, sizeof *means);
    struct tdm_estimate result = {NAN, NAN, 0};
    *runs = 0;
    for (size_t i = 0; costs && i < report->run_count; i++) {
        const struct tdm_report_run *run = &report->runs[i];
        if (run->policy == policy && run->answered > 0 && has_value(report, run, at) &&
            has_value(report, run, also))
            costs[(*runs)++] = (struct by_seed){run->seed, run->cost};
    }
    if (costs && means) {
        qsort(costs, *runs, sizeof *costs, compare_seeds);
        result = estimate(means, mean_by_seed(costs, *runs, means));
    }
    free(costs);
    free(means);
    return result;
}

int tdm_report_count(struct tdm_report *report, struct tdm_error *error)
{
    double *numbers = calloc(4 * report->run_count + 4, sizeof *numbers);
    const size_t n = report->run_count;
    const struct room room = {numbers, numbers + n, numbers + 2 * n, numbers + 3 * n};
    const bool good = numbers && make_cells(report, &room) == 0 && find_attributes(report) == 0;
    free(numbers);
    return good ? 0 : tdm_fail(error, "out of memory");
}

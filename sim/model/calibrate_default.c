// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/calibrate_default.h"

#include <math.h>
#include <string.h>

#include "core/error.h"

/** Running geometric means of positive numbers. */
struct mean {
    double sum, weight;
};

static void add(struct mean *mean, double x)
{
    if (x > 0 && isfinite(x)) {
        mean->sum += log(x);
        mean->weight++;
    }
}

static double get(const struct mean *mean)
{
    return mean->weight > 0 ? exp(mean->sum / mean->weight) : 0;
}

static const struct tdm_workload *find(const struct tdm_workload *workloads, size_t count,
                                       const struct tdm_fit *fit)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(workloads[i].dnn, fit->dnn) == 0 && strcmp(fit->mode, "infer") == 0)
            return &workloads[i];
    return NULL;
}

static double gpu_cycles(const struct tdm_fit *fit)
{
    return fit->compute + fit->serial;
}

static double bytes(const struct tdm_fit *fit)
{
    return fit->traffic + fit->bound;
}

static double cpu_cycles(const struct tdm_fit *fit)
{
    return fit->launch + fit->host;
}

/**
 * Latency terms: means over the fits with a workload. What a kernel costs is the least of any fit:
 * launches hide behind long kernels, so each fit gives no more than a bound.
 */
static size_t average_latency(const struct tdm_calibration *c, const struct tdm_workload *workloads,
                              size_t count, struct tdm_fit *unit)
{
    enum { LAUNCH = 4, FIXED = 7, TERMS = 11 }; // of the table below; those between are a kernel's
    struct mean means[TERMS] = {{0, 0}};
    double least[TERMS];
    for (int t = 0; t < TERMS; t++)
        least[t] = INFINITY;
    size_t used = 0;
    for (size_t f = 0; f < c->model.fit_count; f++) {
        const struct tdm_fit *fit = &c->model.fits[f];
        const struct tdm_workload *w = find(workloads, count, fit);
        if (!w)
            continue;
        // Weights are read once a batch, but activations dominate; kernels are launched once.
        const double flop = w->flop * (double)fit->batch, traffic = w->bytes * (double)fit->batch;
        const double terms[TERMS] = {fit->compute / flop,
                                     fit->serial / flop,
                                     fit->traffic / traffic,
                                     fit->bound / traffic,
                                     fit->launch / w->kernels,
                                     fit->launch_traffic / w->kernels,
                                     fit->host / w->kernels,
                                     fit->fixed / w->kernels,
                                     fit->overlap - 1,
                                     fit->concurrency - 1,
                                     fit->cpu_lost};
        for (int t = 0; t < TERMS; t++) {
            add(&means[t], terms[t]);
            least[t] = fmin(least[t], terms[t]);
        }
        *unit = *fit;
        used++;
    }
    double *const out[TERMS] = {&unit->compute, &unit->serial,         &unit->traffic, &unit->bound,
                                &unit->launch,  &unit->launch_traffic, &unit->host,    &unit->fixed,
                                &unit->overlap, &unit->concurrency,    &unit->cpu_lost};
    for (int t = 0; t < TERMS; t++)
        *out[t] = t >= LAUNCH && t <= FIXED && used ? least[t] : get(&means[t]);
    unit->overlap += 1;
    unit->concurrency += 1;
    return used;
}

/** Joules a cycle and a byte over the fits of one set of rails, times the unit's own. */
static void average_energy(const struct tdm_calibration *c, const struct tdm_power *power,
                           struct tdm_fit *unit)
{
    struct mean gpu = {0, 0}, memory = {0, 0}, cpu = {0, 0}, spin = {0, 0};
    for (size_t f = 0; f < c->model.fit_count; f++) {
        const struct tdm_fit *fit = &c->model.fits[f];
        if (fit->power != power)
            continue;
        add(&gpu, fit->gpu_energy / gpu_cycles(fit));
        add(&memory, fit->memory_energy / bytes(fit));
        add(&cpu, fit->cpu_energy / cpu_cycles(fit));
        add(&spin, fit->cpu_spin);
    }
    unit->gpu_energy = get(&gpu) * gpu_cycles(unit);
    unit->memory_energy = get(&memory) * bytes(unit);
    unit->cpu_energy = get(&cpu) * cpu_cycles(unit);
    unit->cpu_spin = get(&spin);
    unit->power = power;
}

/** The set of the reference fits; else the one with most rows. */
static const struct tdm_power *choose_power(const struct tdm_calibration *c,
                                            const struct tdm_workload *workloads, size_t count)
{
    for (size_t f = 0; f < c->model.fit_count; f++) {
        const struct tdm_fit *fit = &c->model.fits[f];
        if (fit->power && find(workloads, count, fit))
            return fit->power;
    }
    return c->model.power_count ? &c->model.powers[0] : NULL;
}

int tdm_default_fit(const struct tdm_calibration *c, const struct tdm_workload *workloads,
                    size_t count, struct tdm_fit *unit, struct tdm_error *error)
{
    memset(unit, 0, sizeof *unit);
    if (!average_latency(c, workloads, count, unit))
        return tdm_fail(error, "no inference fit is of a dnn whose layers are known");
    unit->dnn = TDM_FIT_DEFAULT;
    unit->mode = "infer";
    unit->batch = 1;
    unit->kept_prior = NULL;
    unit->gpu_energy = unit->memory_energy = unit->cpu_energy = unit->cpu_spin = 0;
    unit->power = NULL;
    const struct tdm_power *power = choose_power(c, workloads, count);
    if (power)
        average_energy(c, power, unit);
    return 0;
}

int tdm_default_apply(const struct tdm_calibration *c, struct tdm_board *board,
                      const struct tdm_fit *unit, const char *data, const char *date,
                      const struct tdm_ids *ids)
{
    struct tdm_arena *arena = board->arena;
    char what[1024];
    snprintf(what, sizeof what,
             "per FLOP, byte and kernel of the inference fits of %s (%s); another dnn is assumed "
             "to be like their mean",
             data, date);
    struct tdm_source *source =
        tdm_arena_push(arena, (void **)&board->sources, &board->source_count, sizeof *source);
    struct tdm_fit *fit =
        tdm_arena_push(arena, (void **)&board->fits, &board->fit_count, sizeof *fit);
    if (!source || !fit)
        return -1;
    *source = (struct tdm_source){.id = "fit-default",
                                  .kind = TDM_ASSUMED,
                                  .what = tdm_arena_strdup(arena, what),
                                  .date = tdm_arena_strdup(arena, date)};
    *fit = *unit;
    fit->precision = tdm_arena_strdup(arena, unit->precision);
    fit->source = source->id;
    tdm_calibration_set_ids(c, ids, fit);
    return source->what && source->date && fit->precision ? 0 : -1;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The formulas of the model as somebody would write them down for one board and one link: no
 * governors, no queues of plans, no sensors, no records. What the benchmarks compare with.
 */
#ifndef TESTS_BENCH_BARE_H
#define TESTS_BENCH_BARE_H

#include <math.h>

#include "engine/unit.h"

// ---- a link ------------------------------------------------------------------------------------

/** A trace that loops, walked sample by sample. */
struct bare_walk {
    const struct tdm_trace *trace;
    size_t i;
    double origin; /**< s, when the present turn began */
};

static inline double bare_step_end(const struct bare_walk *w)
{
    return w->origin + (w->i + 1 < w->trace->count ? w->trace->t[w->i + 1] : w->trace->duration);
}

static inline void bare_step(struct bare_walk *w)
{
    if (++w->i == w->trace->count) {
        w->i = 0;
        w->origin += w->trace->duration;
    }
}

/** Moves on to the sample that holds at `time`, which does not lie before. */
static inline void bare_seek(struct bare_walk *w, double time)
{
    while (time >= bare_step_end(w))
        bare_step(w);
}

/** When `bytes` that start at `start` are through. */
static inline double bare_finish(struct bare_walk *w, const double *rate, double start,
                                 double bytes)
{
    bare_seek(w, start);
    double now = start;
    for (;;) {
        const double end = bare_step_end(w), here = rate[w->i] * (end - now);
        if (bytes <= here)
            return now + bytes / rate[w->i];
        bytes -= here;
        now = end;
        bare_step(w);
    }
}

// ---- a radio -----------------------------------------------------------------------------------

struct bare_radio {
    const struct tdm_radio *radio;
    double last;   /**< s, the end of the last transfer */
    double energy; /**< J so far */
};

static inline double bare_wake(const struct bare_radio *r, double now)
{
    return now - r->last > r->radio->tail_time ? r->radio->promotion_time : 0;
}

/** J of a transfer, promotion included; the tail before it is only counted. */
static inline double bare_transfer(struct bare_radio *r, double watts_per_rate, double start,
                                   double end, double bytes, double factor)
{
    const struct tdm_radio *radio = r->radio;
    const double idle = start - r->last;
    double waking = 0, tail = 0;
    if (idle > 0) {
        const bool slept = idle - radio->promotion_time > radio->tail_time;
        waking = slept ? radio->promotion_time * radio->promotion_power : 0;
        tail = idle < radio->tail_time ? idle : radio->tail_time;
        tail = r->last > -INFINITY ? tail * radio->tail_power : 0;
    }
    const double joules = factor * (watts_per_rate * bytes + radio->base * (end - start));
    r->energy += tail + waking + joules;
    r->last = end;
    return waking + joules;
}

// ---- a board -----------------------------------------------------------------------------------

/** At clocks that do not change. */
struct bare_board {
    double now, temperature;
    struct tdm_watts energy; /**< J so far */
    double ambient, resistance, tau, longest;
    double leakage, reference; /**< of exp(leakage (temperature - reference)) */
};

/** A stretch of constant work until `end`. Returns its J. */
static inline double bare_stretch(struct bare_board *b, const struct tdm_watts *watts, double sum,
                                  double end)
{
    double joules = 0;
    while (b->now < end) {
        const double leakage = watts->leakage * exp(b->leakage * (b->temperature - b->reference));
        const double goal = b->ambient + b->resistance * (sum + leakage);
        double then = end;
        if (end - b->now > b->longest && !(fabs(goal - b->temperature) < 0.01))
            then = b->now + b->longest;
        const double took = then - b->now, x = took / b->tau;
        const double settled =
            x < 0.01 ? x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5)))) : -expm1(-x);
        b->temperature += (goal - b->temperature) * settled;
        b->energy.fixed += took * watts->fixed;
        b->energy.cpu += took * watts->cpu;
        b->energy.gpu += took * watts->gpu;
        b->energy.memory += took * watts->memory;
        b->energy.leakage += took * leakage;
        joules += took * (sum + leakage);
        b->now = then;
    }
    return joules;
}

/** A board of a run that has not begun. */
static inline struct bare_board bare_board(const struct tdm_unit *unit)
{
    const struct tdm_thermal *thermal = &unit->board->thermals[0];
    const double tau = thermal->resistance * thermal->capacity;
    return (struct bare_board){.temperature = thermal->ambient,
                               .ambient = thermal->ambient,
                               .resistance = thermal->resistance,
                               .tau = tau,
                               .longest = tau / 50,
                               .leakage = thermal->leakage,
                               .reference = thermal->reference};
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Benchmarks. Each case is a function that races what Tandem does against a bare loop (or whatever
 * else it is worth being compared with), in the same run and in turns, so that a busy machine slows
 * both. Times are CPU time of the process, or of the clock where a side waits for other processes;
 * what is reported is the median over the rounds.
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tandem.h"

struct bench; /**< options and results of the run */

/** One of the two that race. */
struct bench_side {
    void (*prepare)(void *context); /**< before every round, not timed; may be NULL */
    void (*run)(void *context);     /**< timed */
    void *context;
    bool waits; /**< for other processes */
};

/** Medians over the rounds. */
struct bench_times {
    double ours, bare; /**< CPU seconds of one round */
    double ratio;      /**< ours / bare */
};

struct bench_case {
    const char *name;
    const char *summary;
    void (*run)(struct bench *bench);
};

/** By file; listed in bench.c. */
extern const struct bench_case bench_requests_closed, bench_requests_poisson,
    bench_requests_offload, bench_requests_cut, bench_oracle, bench_calibrate, bench_calibrate_tx2,
    bench_load, bench_transfer_short, bench_transfer_long, bench_record, bench_fleet,
    bench_environment, bench_training, bench_clocks, bench_agent;

/**
 * Lets both sides take turns for the time that the options give a case; at least five rounds. -1 as
 * soon as a side has called bench_fail.
 */
int bench_race(const struct bench *bench, const struct bench_side *ours,
               const struct bench_side *bare, struct bench_times *times);

/**
 * Prints a line of the table and remembers it for the JSON. `ratio` is how many times as long as
 * `against` it takes (NAN: not compared).
 */
void bench_report(struct bench *bench, const char *name, double value, const char *unit,
                  double ratio, const char *against);

/** Says that a case went wrong; the program then ends with 1. */
void bench_fail(struct bench *bench, const char *format, ...) __attribute__((format(printf, 2, 3)));

/** Says why a case was not run; no fault. */
void bench_skip(const char *name, const char *why);

/** bench_fail unless both agree within the relative tolerance. */
void bench_agree(struct bench *bench, const char *what, double ours, double bare, double tolerance);

/** Loads one of platforms/scenarios or a path; NULL after bench_fail. */
struct tdm_scenario *bench_scenario(struct bench *bench, const char *name);

/** Keeps the compiler from leaving out what computes `value`. */
static inline void bench_use(double value)
{
    __asm__ volatile("" : : "x"(value));
}

#endif

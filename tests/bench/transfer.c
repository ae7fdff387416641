// SPDX-License-Identifier: GPL-3.0-or-later
// When a transfer over a trace ends, against walking the samples one by one.
#include <math.h>

#include "bare.h"
#include "bench.h"

enum { TRANSFERS = 20000 };

struct race {
    const struct tdm_trace *trace;
    double bytes, pause;
    double ours, bare; // s, when the last one ended
};

static void run_ours(void *context)
{
    struct race *race = context;
    struct tdm_cursor cursor = {0};
    double now = 0;
    for (int i = 0; i < TRANSFERS; i++)
        now = race->pause + tdm_trace_finish(race->trace, TDM_UP, &cursor, now, race->bytes);
    race->ours = now;
}

static void run_bare(void *context)
{
    struct race *race = context;
    struct bare_walk walk = {race->trace, 0, 0};
    double now = 0;
    for (int i = 0; i < TRANSFERS; i++)
        now = race->pause + bare_finish(&walk, race->trace->way[TDM_UP].rate, now, race->bytes);
    race->bare = now;
}

static void run_transfer(struct bench *bench, const char *name, double bytes)
{
    struct tdm_scenario *scenario = bench_scenario(bench, "default");
    if (!scenario)
        return;
    struct race race = {.trace = scenario->links[0].series, .bytes = bytes, .pause = 0.1};
    const struct bench_side ours = {NULL, run_ours, &race}, bare = {NULL, run_bare, &race};
    struct bench_times times;
    if (bench_race(bench, &ours, &bare, &times) == 0) {
        bench_agree(bench, name, race.ours, race.bare, 1e-9);
        bench_report(bench, name, 1e9 * times.ours / TRANSFERS, "ns/transfer", times.ratio,
                     "a walk over the trace's samples");
    }
    tdm_scenario_free(scenario);
}

static void run_short(struct bench *bench)
{
    run_transfer(bench, "transfer-short", 150e3);
}

static void run_long(struct bench *bench)
{
    run_transfer(bench, "transfer-long", 100e6);
}

const struct bench_case bench_transfer_short = {
    "transfer-short", "150 kB over the default scenario's trace", run_short};
const struct bench_case bench_transfer_long = {
    "transfer-long", "100 MB over the default scenario's trace", run_long};

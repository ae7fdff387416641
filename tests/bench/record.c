// SPDX-License-Identifier: GPL-3.0-or-later
// A run that writes a record, against the same run without one.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "engine/engine.h"
#include "engine/record.h"
#include "policies/policy.h"

enum { REQUESTS = 20000 };

static const char path[] = "bench-record.h5";

struct race {
    struct bench *bench;
    struct tdm_scenario *scenario;
    double bytes;
};

static int pull(struct tdm_engine *engine, struct tdm_policy *policy, struct tdm_record *record,
                struct tdm_error *error)
{
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        struct tdm_plan plan;
        if (event.kind == TDM_DECISION) {
            tdm_policy_decide(policy, event.state, &plan);
            tdm_engine_decide(engine, &plan);
        } else if (record && tdm_record_outcome(record, event.outcome, error)) {
            return -1;
        }
    }
    return 0;
}

static void run_scenario(struct race *race, bool recorded)
{
    struct tdm_error error = {0};
    struct tdm_engine *engine =
        tdm_engine_open_recorded("analytic:", race->scenario, 0, recorded, &error);
    struct tdm_policy *policy = tdm_policy_open("cloud-only", race->scenario, 1, &error);
    const struct tdm_record_about about = {.policy = "cloud-only", .command_line = ""};
    struct tdm_record *record = NULL;
    if (engine && recorded)
        record = tdm_record_open(path, engine, &about, &error);
    bool done =
        engine && policy && (record || !recorded) && pull(engine, policy, record, &error) == 0;
    if (done && record) {
        done = tdm_record_finish(record, &error) == 0;
        record = NULL;
    }
    if (!done)
        bench_fail(race->bench, "record: %s", error.message);
    tdm_record_abandon(record);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
}

static void run_ours(void *context)
{
    run_scenario(context, true);
}

static void run_bare(void *context)
{
    run_scenario(context, false);
}

static void run_record(struct bench *bench)
{
    struct race race = {.bench = bench, .scenario = bench_scenario(bench, "default")};
    if (!race.scenario)
        return;
    struct tdm_stream *stream = &race.scenario->streams[0];
    race.scenario->duration = stream->until = 1e9;
    stream->count = REQUESTS;
    const struct bench_side ours = {NULL, run_ours, &race}, bare = {NULL, run_bare, &race};
    struct bench_times times;
    struct stat written = {0};
    if (bench_race(bench, &ours, &bare, &times) || stat(path, &written)) {
        tdm_scenario_free(race.scenario);
        return;
    }
    unlink(path);
    bench_report(bench, "record", REQUESTS / times.ours, "requests/s", times.ratio,
                 "the same run without a record");
    bench_report(bench, "record-bytes", (double)written.st_size / times.ours / 1e6, "MB/s", NAN,
                 "of the file, in the same run");
    tdm_scenario_free(race.scenario);
}

const struct bench_case bench_record = {
    "record", "a run that is recorded, of the default scenario and cloud-only", run_record};

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A small world for tests, written to a folder of its own: a board "toy.xml" with a dnn
 * "net.xml", a server "box.xml", a radio "air.xml", and scenarios over them. Numbers are chosen so
 * that results can be had by hand; a test changes what it needs by replacing parts of the text.
 * Include it after cmocka.h.
 */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include <dirent.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../model/near.h"
#include "engine/engine.h"
#include "policies/policy.h"

struct world {
    char folder[64];
};

#define WORLD_SOURCE "<source id=\"s\" kind=\"assumed\" what=\"a test\"/>"

static const char world_board[] =
    "<board name=\"toy\" title=\"a toy\" pmax=\"10 W\" pmax-source=\"s\" memory=\"1 GB\" "
    "jitter=\"0.2\" jitter-source=\"s\" pack=\"0.5\">" WORLD_SOURCE
    "<domain name=\"cpu\" cores=\"4\" governor=\"schedutil\" period=\"10 ms\" stall=\"0 s\" "
    "settle=\"0 s\" source=\"s\"><opp f=\"500 MHz\"/><opp f=\"1 GHz\"/>"
    "<opp f=\"2 GHz\" v=\"1.2\"/></domain>"
    "<domain name=\"gpu\" governor=\"podgov\" period=\"25 ms\" stall=\"0 ms\" settle=\"0 ms\" "
    "source=\"s\"><opp f=\"100 MHz\"/><opp f=\"200 MHz\"/><opp f=\"400 MHz\" v=\"1.1\"/>"
    "<opp f=\"800 MHz\" v=\"1.4\"/></domain>"
    "<domain name=\"emc\" governor=\"floor\" stall=\"0 us\" settle=\"0 us\" source=\"s\">"
    "<opp f=\"400 MHz\" bandwidth=\"32 Gbit/s\"/>"
    "<opp f=\"800 MHz\" bandwidth=\"64 Gbit/s\" idle=\"100 mW\"/>"
    "<opp f=\"1.6 GHz\" bandwidth=\"128 Gbit/s\" idle=\"300 mW\"/></domain>"
    "<floor gpu=\"100 MHz\" emc=\"400 MHz\" source=\"s\"/>"
    "<floor gpu=\"400 MHz\" emc=\"1.6 GHz\" source=\"s\"/>"
    "<mode name=\"MAXN\" id=\"0\" cores=\"4\" source=\"s\"/>"
    "<mode name=\"LOW\" id=\"1\" cores=\"2\" cpu=\"1 GHz\" gpu=\"200 MHz\" emc=\"800 MHz\" "
    "source=\"s\"/>"
    "<rail name=\"IN\" covers=\"all\" total=\"yes\" idle=\"1 W\" cpu=\"100 %\" gpu=\"100 %\" "
    "emc=\"100 %\" rest=\"100 %\" quantum=\"0 W\" period=\"100 ms\" source=\"s\"/>"
    "<thermal resistance=\"5 K/W\" capacity=\"20 J/K\" leakage=\"0.02 /K\" ambient=\"25 degC\" "
    "reference=\"45 degC\" hysteresis=\"3 degC\" source=\"s\">"
    "<trip above=\"60 degC\" cpu=\"1 GHz\" gpu=\"400 MHz\"/>"
    "<trip above=\"70 degC\" gpu=\"100 MHz\"/></thermal>"
    "<processor name=\"gpu\" domain=\"gpu\" source=\"s\"/>"
    "<processor name=\"cpu\" domain=\"cpu\" flop=\"8\" bandwidth=\"50 %\" source=\"s\"/>"
    "<latency id=\"l\" source=\"s\" gpu-lost=\"20 MHz\" ridge=\"0.01\" ridge-sharpness=\"6\" "
    "bandwidth=\"32 Gbit/s, 64 Gbit/s, 128 Gbit/s\"/>"
    "<power id=\"p\" rails=\"IN\" source=\"s\" fixed=\"500 mW\" leakage=\"100 mW\" "
    "cpu-clock=\"200 mW\" cpu-busy=\"800 mW\" gpu-clock=\"150 mW\" gpu-busy=\"500 mW\" "
    "memory-busy=\"1 W\" memory-exponent=\"0.4\" memory-voltage=\"0.3\" cpu-v=\"1, 1, 1.2\" "
    "gpu-v=\"1, 1, 1.1, 1.4\" memory-idle=\"0 W, 100 mW, 300 mW\"/>"
    "<fit dnn=\"net\" mode=\"infer\" precision=\"fp32\" source=\"s\" latency=\"l\" power=\"p\" "
    "launch=\"4e6\" launch-traffic=\"1 MB\" host=\"1e6\" compute=\"2e7\" serial=\"2e6\" "
    "traffic=\"100 MB\" bound=\"40 MB\" fixed=\"1 ms\" overlap=\"3\" concurrency=\"4\" "
    "cpu-lost=\"50 MHz\" gpu-energy=\"100 mJ\" cpu-energy=\"50 mJ\" memory-energy=\"60 mJ\" "
    "cpu-spin=\"300 mW\"/>"
    "<fit dnn=\"*\" mode=\"infer\" precision=\"fp32\" source=\"s\" latency=\"l\" power=\"p\" "
    "launch=\"1e6\" launch-traffic=\"100 kB\" host=\"1e5\" compute=\"0.1\" serial=\"0.01\" "
    "traffic=\"10 B\" bound=\"4 B\" fixed=\"100 us\" overlap=\"3\" concurrency=\"4\" "
    "cpu-lost=\"50 MHz\" gpu-energy=\"1e-9 J\" cpu-energy=\"5 mJ\" memory-energy=\"1e-8 J\" "
    "cpu-spin=\"300 mW\"/></board>";

// Head to tail: 20, 60, 100 and 20 MFLOP; the ReLU and the pool have none.
static const char world_dnn[] =
    "<dnn name=\"net\" title=\"a net\" input=\"3x1x1\" raw=\"100000 B\" compressed=\"20000 "
    "B\">" WORLD_SOURCE
    "<layer name=\"conv1\" op=\"Conv\" macs=\"10000000\" weights=\"100000 B\" in=\"600000 B\" "
    "out=\"400000 B\" kernels=\"1\"/>"
    "<layer name=\"relu1\" op=\"Relu\" macs=\"0\" weights=\"0 B\" in=\"0 B\" out=\"0 B\" "
    "kernels=\"0\"/>"
    "<layer name=\"conv2\" op=\"Conv\" macs=\"30000000\" weights=\"200000 B\" in=\"400000 B\" "
    "out=\"200000 B\" kernels=\"2\"/>"
    "<layer name=\"pool\" op=\"MaxPool\" macs=\"0\" weights=\"0 B\" in=\"200000 B\" "
    "out=\"100000 B\" kernels=\"1\"/>"
    "<layer name=\"conv3\" op=\"Conv\" macs=\"50000000\" weights=\"1000000 B\" in=\"100000 B\" "
    "out=\"50000 B\" kernels=\"1\"/>"
    "<layer name=\"fc\" op=\"Gemm\" macs=\"10000000\" weights=\"4000000 B\" in=\"50000 B\" "
    "out=\"4000 B\" kernels=\"1\"/>"
    "<cut after=\"conv1\" bytes=\"400000 B\" channels=\"16\"/>"
    "<cut after=\"relu1\" bytes=\"400000 B\" channels=\"16\"/>"
    "<cut after=\"conv2\" bytes=\"200000 B\" channels=\"32\"/>"
    "<cut after=\"pool\" bytes=\"100000 B\" channels=\"32\"/>"
    "<cut after=\"conv3\" bytes=\"50000 B\" channels=\"64\"/>"
    "<accuracy value=\"80 %\" source=\"s\"/><accuracy value=\"79 %\" bits=\"8\" source=\"s\"/>"
    "</dnn>";

// For world_dnn, before its accuracies: ways out after 40 and after 40 of its 100 MMAC, the second
// beyond the pool; the branches have 2 MMAC, and 5 and 1.
#define WORLD_EXITS \
    "<exit name=\"one\" after=\"conv2\">" \
    "<layer name=\"fc\" op=\"Gemm\" macs=\"2000000\" weights=\"500000 B\" in=\"200000 B\" " \
    "out=\"4000 B\" kernels=\"1\"/></exit>" \
    "<exit name=\"two\" after=\"pool\">" \
    "<layer name=\"down\" op=\"Conv\" macs=\"5000000\" weights=\"100000 B\" in=\"100000 B\" " \
    "out=\"20000 B\" kernels=\"2\"/>" \
    "<layer name=\"fc\" op=\"Gemm\" macs=\"1000000\" weights=\"40000 B\" in=\"20000 B\" " \
    "out=\"4000 B\" kernels=\"1\"/></exit>" \
    "<accuracy exit=\"one\" value=\"60 %\" source=\"s\"/>" \
    "<accuracy exit=\"one\" value=\"57 %\" bits=\"8\" source=\"s\"/>" \
    "<accuracy exit=\"two\" value=\"72 %\" source=\"s\"/>"

// The same task at a quarter of the work, and less well.
static const char world_small[] =
    "<dnn name=\"small\" title=\"a small net\" input=\"3x1x1\" raw=\"100000 B\" "
    "compressed=\"20000 B\">" WORLD_SOURCE
    "<layer name=\"stem\" op=\"Conv\" macs=\"5000000\" weights=\"50000 B\" in=\"600000 B\" "
    "out=\"200000 B\" kernels=\"1\"/>"
    "<layer name=\"body\" op=\"Conv\" macs=\"15000000\" weights=\"100000 B\" in=\"200000 B\" "
    "out=\"30000 B\" kernels=\"2\"/>"
    "<layer name=\"fc\" op=\"Gemm\" macs=\"5000000\" weights=\"1000000 B\" in=\"30000 B\" "
    "out=\"4000 B\" kernels=\"1\"/>"
    "<cut after=\"stem\" bytes=\"200000 B\" channels=\"16\"/>"
    "<cut after=\"body\" bytes=\"30000 B\" channels=\"32\"/>"
    "<accuracy value=\"70 %\" source=\"s\"/></dnn>";

// A whole net takes 20 ms of compute: 200 MFLOP at 10 GFLOP/s; and 2 ms besides.
static const char world_server[] =
    "<server name=\"box\" title=\"a box\" flop=\"100 GFLOP/s\" efficiency=\"10 %\" "
    "overhead=\"2 ms\" slots=\"1\" idle=\"50 W\" busy=\"150 W\" source=\"s\">" WORLD_SOURCE
    "</server>";

// W per (byte/s): 800 mW/(Mbit/s) is 6.4 uJ a byte.
static const char world_radio[] =
    "<radio name=\"air\" title=\"air\" up=\"800 mW/(Mbit/s)\" down=\"400 mW/(Mbit/s)\" "
    "base=\"200 mW\" promotion-time=\"50 ms\" promotion-power=\"600 mW\" tail-time=\"100 ms\" "
    "tail-power=\"300 mW\" source=\"s\">" WORLD_SOURCE "</radio>";

// Constant 8 Mbit/s (1 MB/s) up, 16 Mbit/s down, 20 ms away.
#define WORLD_LINK \
    "<link from=\"b\" to=\"c\" up=\"8 Mbit/s\" down=\"16 Mbit/s\" rtt=\"20 ms\" " \
    "radio=\"air.xml\"/>"
#define WORLD_BOARD \
    "<board id=\"b\" type=\"toy.xml\" thermal=\"no\" switching=\"no\" jitter=\"no\"/>"
#define WORLD_STREAM "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"closed\" input=\"raw\"/>"
#define WORLD_SCENARIO(content) \
    "<scenario name=\"t\" duration=\"1 s\">" content "<server id=\"c\" type=\"box.xml\"/>" \
    "<objective eta=\"0.5\"/></scenario>"
#define WORLD_PLAIN WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM)

static inline void world_path(const struct world *w, const char *name, char path[256])
{
    snprintf(path, 256, "%s/%s", w->folder, name);
}

/** Writes `text` with pairs (old, new) replaced; each `old` must be there. Ends with NULL. */
__attribute__((sentinel)) static inline void world_write(const struct world *w, const char *name,
                                                         const char *text, ...)
{
    char *now = strdup(text), path[256];
    va_list pairs;
    va_start(pairs, text);
    for (const char *old; (old = va_arg(pairs, const char *));) {
        const char *new = va_arg(pairs, const char *);
        char *at = strstr(now, old);
        if (!at)
            fail_msg("no '%s' in %s", old, name);
        char *next = malloc(strlen(now) + strlen(new) + 1);
        sprintf(next, "%.*s%s%s", (int)(at - now), now, new, at + strlen(old));
        free(now);
        now = next;
    }
    va_end(pairs);
    world_path(w, name, path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(now, file);
    fclose(file);
    free(now);
}

static inline void world_make(struct world *w)
{
    strcpy(w->folder, "/tmp/tandem-world-XXXXXX");
    assert_non_null(mkdtemp(w->folder));
    world_write(w, "toy.xml", world_board, NULL);
    world_write(w, "net.xml", world_dnn, NULL);
    world_write(w, "leaving.xml", world_dnn, "<accuracy", WORLD_EXITS "<accuracy", NULL);
    world_write(w, "small.xml", world_small, NULL);
    world_write(w, "box.xml", world_server, NULL);
    world_write(w, "air.xml", world_radio, NULL);
}

static inline void world_end(const struct world *w)
{
    DIR *folder = opendir(w->folder);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s", w->folder, entry->d_name);
        if (entry->d_name[0] != '.')
            unlink(path);
    }
    if (folder)
        closedir(folder);
    rmdir(w->folder);
}

/** The fixture of tests that need a world as it is. */
static inline int world_set_up(void **state)
{
    static struct world world;
    world_make(&world);
    *state = &world;
    return 0;
}

static inline int world_tear_down(void **state)
{
    world_end(*state);
    return 0;
}

/** Writes and loads a scenario; NULL with `error`. */
static inline struct tdm_scenario *world_try(const struct world *w, const char *text,
                                             struct tdm_error *error)
{
    char path[256];
    world_write(w, "scenario.xml", text, NULL);
    world_path(w, "scenario.xml", path);
    return tdm_scenario_load(path, error);
}

static inline struct tdm_scenario *world_load(const struct world *w, const char *text)
{
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = world_try(w, text, &error);
    if (!scenario)
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
    return scenario;
}

static inline struct tdm_engine *world_open(const struct tdm_scenario *scenario, uint64_t seed)
{
    struct tdm_error error = {0};
    struct tdm_engine *engine = tdm_engine_open_recorded("analytic:", scenario, seed, true, &error);
    if (!engine)
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
    return engine;
}

static inline struct tdm_policy *world_policy(const char *name, const struct tdm_scenario *scenario,
                                              uint64_t seed)
{
    struct tdm_error error = {0};
    struct tdm_policy *policy = tdm_policy_open(name, scenario, seed, &error);
    if (!policy)
        fail_msg("%s: %s", name, error.message);
    return policy;
}

/** A policy that the scenario has no place for: it does not open, and says `why`. */
static inline void world_refuses(const struct tdm_scenario *scenario, const char *policy,
                                 const char *why)
{
    struct tdm_error error = {0};
    assert_null(tdm_policy_open(policy, scenario, 1, &error));
    if (!strstr(error.message, why))
        fail_msg("%s: %s", policy, error.message);
}

/** Everything on the board at these OPPs. */
static inline struct tdm_plan world_local(int cpu, int gpu, int emc)
{
    return (struct tdm_plan){
        .opp = {cpu, gpu, emc}, .cap = {-1, -1, -1}, .governor = -1, .bits = 32, .point = 6};
}

/** The same with what lies beyond `point` sent. */
static inline struct tdm_plan world_sent(int cpu, int gpu, int emc, int point, double xi, int bits)
{
    struct tdm_plan plan = world_local(cpu, gpu, emc);
    plan.point = point;
    plan.xi = xi;
    plan.bits = bits;
    return plan;
}

struct world_run {
    struct tdm_outcome *items; /**< dropped ones included */
    size_t count;
    struct tdm_board_totals totals[4];
};

static inline void world_add(struct world_run *run, const struct tdm_outcome *outcome)
{
    if (run->count % 1024 == 0)
        run->items = realloc(run->items, (run->count + 1024) * sizeof *run->items);
    run->items[run->count++] = *outcome;
}

/** Runs a policy from beginning to end. The caller frees `items`. */
static inline struct world_run world_run(struct tdm_engine *engine, struct tdm_policy *policy)
{
    struct world_run run = {0};
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        struct tdm_plan plan;
        if (event.kind == TDM_OUTCOME) {
            world_add(&run, event.outcome);
            tdm_policy_learn(policy, event.outcome);
            continue;
        }
        tdm_policy_decide(policy, event.state, &plan);
        tdm_engine_decide(engine, &plan);
    }
    for (size_t i = 0; i < engine->unit_count && i < 4; i++)
        tdm_engine_totals(engine, (int)i, &run.totals[i]);
    return run;
}

/** The same with plan i % count for the i-th decision. */
static inline struct world_run world_plans(struct tdm_engine *engine, const struct tdm_plan *plans,
                                           size_t count)
{
    struct world_run run = {0};
    struct tdm_event event;
    for (size_t i = 0; tdm_engine_next(engine, &event);) {
        if (event.kind == TDM_OUTCOME)
            world_add(&run, event.outcome);
        else
            tdm_engine_decide(engine, &plans[i++ % count]);
    }
    for (size_t i = 0; i < engine->unit_count && i < 4; i++)
        tdm_engine_totals(engine, (int)i, &run.totals[i]);
    return run;
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
// Fleets in cells of 100 boards that share an uplink: every second request is sent, while the board
// does its own part of it. Against the same written with SimGrid alone in the naive way. Each run
// takes a process, since SimGrid lives once in one.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "engine/engine.h"
#include "naive_fleet.h"

enum { CELL = 100, SLOTS = 64, NAIVE_MOST = 10000 };

// What a run came to; a child fills it in.
struct result {
    double seconds, load; // CPU s of the run and of loading
    double kib;           // of memory, a board
    long requests;
    struct naive_fleet naive; // the same work in numbers
    double mean;              // s, simulated, of a request
};

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double resident_kib(void)
{
    long pages = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    if (file)
        fclose(file);
    return (double)resident * (double)sysconf(_SC_PAGESIZE) / 1024;
}

// ---- ours --------------------------------------------------------------------------------------

static struct tdm_scenario *load_fleet(int boards)
{
    char path[] = "/tmp/tandem-fleet-XXXXXX";
    const int fd = mkstemp(path);
    FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (!out)
        return NULL;
    fprintf(out,
            "<scenario name=\"fleet\" duration=\"1e6 s\">\n"
            "<server id=\"cloud\" type=\"rtx-3080\" slots=\"%d\"/>\n"
            "<cell id=\"hall\" up=\"200 Mbit/s\" boards=\"%d\"/>\n"
            "<fleet count=\"%d\"><board id=\"cam\" type=\"nano\" thermal=\"no\"/>\n"
            "<link from=\"cam\" to=\"cloud\" trace=\"lte-walk\" rtt=\"10 ms\" cell=\"hall\"/>\n"
            "<stream board=\"cam\" dnn=\"resnet50\"/></fleet></scenario>\n",
            SLOTS, CELL, boards);
    fclose(out);
    struct tdm_error error;
    struct tdm_scenario *scenario = tdm_scenario_load(path, &error);
    unlink(path);
    return scenario;
}

static void plan_for(const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_unit *unit = state->unit;
    *plan = (struct tdm_plan){.cap = {-1, -1, -1}, .governor = -1, .bits = 32};
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan->opp[d] = (int)unit->board->domain[d]->opp_count - 1;
    const bool sends = state->request % 2;
    plan->point = sends ? 0 : unit->queues[0].costs->point_count - 1;
    plan->xi = sends ? 0.5 : 0;
}

// The numbers that the naive way needs, from the first requests of each kind.
static void learn(struct result *result, const struct tdm_outcome *outcome)
{
    struct naive_fleet *naive = &result->naive;
    result->mean += outcome->latency;
    if (outcome->sent > 0) {
        naive->part = outcome->local;
        naive->sent = outcome->sent;
        naive->received = outcome->received;
        naive->service = outcome->remote;
    } else {
        naive->head = outcome->head;
    }
}

static void run_ours(int boards, struct result *result)
{
    const double before = resident_kib(), start = cpu_seconds();
    struct tdm_scenario *scenario = load_fleet(boards);
    struct tdm_engine *engine = scenario ? tdm_engine_open("simgrid:", scenario, 0, NULL) : NULL;
    struct tdm_event event;
    struct tdm_plan plan;
    double began = 0;
    long answers = 0;
    while (engine && answers < result->requests && tdm_engine_next(engine, &event)) {
        if (began == 0) // SimGrid starts with the first
            began = cpu_seconds();
        if (event.kind == TDM_DECISION) {
            plan_for(event.state, &plan);
            tdm_engine_decide(engine, &plan);
        } else {
            learn(result, event.outcome);
            answers++;
        }
    }
    result->seconds = cpu_seconds() - began;
    result->load = began - start;
    result->kib = (resident_kib() - before) / boards;
    result->requests = answers;
    result->mean /= (double)answers;
}

// ---- the naive way -----------------------------------------------------------------------------

static void run_naive(int boards, struct result *result)
{
    struct tdm_scenario *scenario = load_fleet(boards);
    double *offsets = scenario ? calloc((size_t)boards, sizeof *offsets) : NULL;
    if (!offsets)
        abort();
    for (int i = 0; i < boards; i++)
        offsets[i] = scenario->links[i].offset;
    struct naive_fleet naive = result->naive;
    naive.boards = boards;
    naive.cell = CELL;
    naive.cell_rate = 25e6;
    naive.trace = scenario->links[0].access;
    naive.offsets = offsets;
    naive.rtt = 0.010;
    naive.slots = SLOTS;
    naive.requests = result->requests;
    result->seconds = naive_fleet_run(&naive);
}

// ---- both --------------------------------------------------------------------------------------

// Runs one of the two in a child. False if that did not end well.
static bool run_apart(void (*run)(int, struct result *), int boards, struct result *result)
{
    struct result *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return false;
    *shared = *result;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        run(boards, shared);
        _exit(0);
    }
    int status = 1;
    const bool ended = child > 0 && waitpid(child, &status, 0) == child && status == 0;
    *result = *shared;
    munmap(shared, sizeof *shared);
    return ended;
}

static void race(struct bench *bench, int boards)
{
    char name[64], against[160] = "";
    snprintf(name, sizeof name, "fleet %d", boards);
    struct result ours = {.requests = boards < 100000 ? 300000 : 500000};
    if (!run_apart(run_ours, boards, &ours) || ours.requests == 0) {
        bench_fail(bench, "%s: the run did not end well", name);
        return;
    }
    double ratio = NAN;
    if (boards <= NAIVE_MOST) {
        struct result naive = {.requests = 60000, .naive = ours.naive};
        if (run_apart(run_naive, boards, &naive)) {
            ratio = ours.seconds / (double)ours.requests / (naive.seconds / (double)naive.requests);
            snprintf(against, sizeof against,
                     "an actor a board, everything a flow: %.3g thousand/s",
                     (double)naive.requests / naive.seconds / 1e3);
        }
    }
    bench_report(bench, name, (double)ours.requests / ours.seconds / 1e3, "thousand/s", ratio,
                 against);
    snprintf(name, sizeof name, "fleet %d, memory", boards);
    if (boards >= 1000)
        bench_report(bench, name, ours.kib, "KiB a board", NAN, "resident, all of it");
    snprintf(name, sizeof name, "fleet %d, loading", boards);
    if (boards >= 1000)
        bench_report(bench, name, ours.load, "s", NAN, "scenario, units, platform");
}

static void run_fleets(struct bench *bench)
{
    static const int sizes[] = {1, 100, 1000, 10000, 100000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        race(bench, sizes[i]);
}

const struct bench_case bench_fleet = {
    "fleet", "boards that contend for cells of 100, half of the requests sent", run_fleets};

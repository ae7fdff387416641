// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The analytic engine: time jumps from event to event, and what lies between is integrated in
 * closed form. Boards share nothing here: each has its links to itself, and its own view of the
 * servers' slots.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine/engine.h"
#include "engine/roster.h"

struct analytic {
    struct tdm_engine base;
    struct tdm_slots *slots; // by board and server
    struct tdm_roster roster;
    struct tdm_unit *deciding;
    bool stopped;
};

static struct analytic *analytic_of(struct tdm_engine *engine)
{
    return (struct analytic *)(void *)engine;
}

static void analytic_free(struct tdm_engine *engine)
{
    struct analytic *a = analytic_of(engine);
    const struct tdm_scenario *scenario = engine->scenario;
    tdm_roster_end(&a->roster);
    for (size_t i = engine->unit_count; i-- > 0;) // whoever borrows tables goes first
        tdm_unit_free(engine->units[i]);
    for (size_t i = 0; a->slots && i < scenario->board_count * scenario->server_count; i++)
        free(a->slots[i].free_at);
    free(a->slots);
    free(engine->units);
    free(a);
}

static int make_slots(struct analytic *a)
{
    const struct tdm_scenario *scenario = a->base.scenario;
    const size_t servers = scenario->server_count;
    a->slots = calloc(scenario->board_count * servers + 1, sizeof *a->slots);
    for (size_t i = 0; a->slots && i < scenario->board_count * servers; i++)
        if (tdm_slots_start(&a->slots[i], &scenario->servers[i % servers]))
            return -1;
    return a->slots ? 0 : -1;
}

// Among requests of one board that are served at once, sharing a server is contention.
static int refuse_sharing(const struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->link_count; i++) {
        const struct tdm_scenario_link *link = &scenario->links[i];
        if (link->routed)
            return tdm_fail_at(error, scenario->path, link->place.line, link->place.column,
                               "this link leads through the <platform>, whose rates 'simgrid:' "
                               "knows and 'analytic:' does not");
        if (link->mixed)
            return tdm_fail_at(error, scenario->path, link->place.line, link->place.column,
                               "several rates on this link's way change, its own and its cells'; "
                               "'simgrid:' follows them all, 'analytic:' one trace");
        if (scenario->servers[link->server].server->discipline != TDM_SHARES)
            continue;
        const struct tdm_scenario_board *board = &scenario->boards[link->board];
        for (int j = 0; j < board->stream_count; j++) {
            const int64_t inflight = scenario->streams[board->streams[j]].inflight;
            if (inflight > 1)
                return tdm_fail_at(error, scenario->path, link->place.line, link->place.column,
                                   "'%.64s' shares itself among the %lld requests that its stream "
                                   "has in flight; 'analytic:' knows slots only, 'simgrid:' can",
                                   link->to, (long long)inflight);
        }
    }
    return 0;
}

static int make_units(struct analytic *a, bool recorded, const struct tdm_engine *like,
                      struct tdm_error *error)
{
    const struct tdm_scenario *scenario = a->base.scenario;
    a->base.units = calloc(scenario->board_count, sizeof(struct tdm_unit *));
    if (refuse_sharing(scenario, error))
        return -1;
    if (!a->base.units || make_slots(a))
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < scenario->board_count; i++) {
        const int twin = scenario->boards[i].twin;
        const struct tdm_unit_setup setup = {.seed = a->base.seed,
                                             .slots = a->slots + i * scenario->server_count,
                                             .recorded = recorded,
                                             .peers = a->base.units,
                                             .outcome = &a->base.outcome,
                                             .twin = like ? like->units[i]
                                                     : twin >= 0 && (size_t)twin < i
                                                         ? a->base.units[twin]
                                                         : NULL};
        a->base.units[i] = tdm_unit_new(scenario, (int)i, &setup, error);
        if (!a->base.units[i])
            return -1;
        a->base.unit_count++;
    }
    if (tdm_roster_start(&a->roster, a->base.units, a->base.unit_count))
        return tdm_fail(error, "out of memory");
    return 0;
}

static struct tdm_engine *make(const struct tdm_scenario *scenario, uint64_t seed, bool recorded,
                               const struct tdm_engine *like, struct tdm_error *error)
{
    struct analytic *a = calloc(1, sizeof *a);
    if (!a) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    a->base = (struct tdm_engine){.type = &tdm_analytic_engine, .scenario = scenario, .seed = seed};
    if (make_units(a, recorded, like, error)) {
        analytic_free(&a->base);
        return NULL;
    }
    return &a->base;
}

static struct tdm_engine *analytic_open(const char *rest, const struct tdm_scenario *scenario,
                                        uint64_t seed, bool recorded, struct tdm_error *error)
{
    if (!rest[0])
        return make(scenario, seed, recorded, NULL, error);
    tdm_fail(error, "the analytic engine takes nothing after 'analytic:'");
    return NULL;
}

static struct tdm_engine *analytic_twin(const struct tdm_engine *like, uint64_t seed,
                                        struct tdm_error *error)
{
    return make(like->scenario, seed, false, like, error);
}

static void analytic_restart(struct tdm_engine *engine, double begin)
{
    struct analytic *a = analytic_of(engine);
    const struct tdm_scenario *scenario = engine->scenario;
    for (size_t i = 0; i < scenario->board_count * scenario->server_count; i++)
        memset(a->slots[i].free_at, 0, a->slots[i].count * sizeof *a->slots[i].free_at);
    for (size_t i = 0; i < engine->unit_count; i++)
        tdm_unit_restart(engine->units[i], engine->seed, begin);
    tdm_roster_restart(&a->roster);
    a->deciding = NULL;
    a->stopped = false;
}

static void stop(struct analytic *a)
{
    if (!a->stopped)
        for (size_t i = 0; i < a->base.unit_count; i++)
            tdm_unit_stop(a->base.units[i], a->base.scenario->duration);
    a->stopped = true;
}

static bool analytic_next(struct tdm_engine *engine, struct tdm_event *event)
{
    struct analytic *a = analytic_of(engine);
    if (a->deciding && a->deciding->driver->failed)
        return false;
    for (;;) {
        const struct tdm_roster_entry first = *tdm_roster_first(&a->roster);
        if (first.what == TDM_NEXT_NOTHING) {
            stop(a);
            return false;
        }
        struct tdm_unit *unit = engine->units[first.unit];
        const bool told = tdm_unit_step(unit, first.what, event);
        if (told && event->kind == TDM_DECISION)
            a->deciding = unit;
        else
            tdm_roster_update(&a->roster, first.unit);
        if (told)
            return true;
    }
}

static void analytic_decide(struct tdm_engine *engine, const struct tdm_plan *plan)
{
    struct analytic *a = analytic_of(engine);
    tdm_unit_decide(a->deciding, plan);
    tdm_roster_update(&a->roster, (size_t)a->deciding->index);
}

const struct tdm_engine_type tdm_analytic_engine = {
    .scheme = "analytic",
    .summary = "in closed form: no contention between boards",
    .open = analytic_open,
    .next = analytic_next,
    .decide = analytic_decide,
    .free = analytic_free,
    .restart = analytic_restart,
    .twin = analytic_twin};

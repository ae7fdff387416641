// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/engine.h"

#include <assert.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

const struct tdm_engine_type *tdm_engine_types[TDM_MOST_ENGINES + 1] = {&tdm_analytic_engine,
                                                                        &tdm_contention_engine};

void tdm_engine_add(const struct tdm_engine_type *type)
{
    size_t count = 0;
    while (tdm_engine_types[count] && tdm_engine_types[count] != type)
        count++;
    assert(count < TDM_MOST_ENGINES);
    tdm_engine_types[count] = type;
}

const struct tdm_engine_type *tdm_engine_type_of(const char *uri, const char **rest,
                                                 struct tdm_error *error)
{
    const size_t length = strcspn(uri, ":");
    char scheme[32];
    snprintf(scheme, sizeof scheme, "%.*s", (int)length, uri);
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, scheme);
    for (const struct tdm_engine_type *const *type = tdm_engine_types; *type; type++) {
        if (strcmp((*type)->scheme, scheme) == 0) {
            *rest = uri[length] ? uri + length + 1 : "";
            return *type;
        }
        tdm_nearest_try(&nearest, (*type)->scheme);
    }
    tdm_fail(error, "'%.64s' names no engine, as in 'analytic:'%s", uri,
             tdm_nearest_hint(&nearest));
    return NULL;
}

const char *tdm_engine_usual(const struct tdm_scenario *scenario)
{
    return tdm_scenario_is_shared(scenario) ? "simgrid:" : "analytic:";
}

struct tdm_engine *tdm_engine_open_recorded(const char *uri, const struct tdm_scenario *scenario,
                                            uint64_t seed, bool recorded, struct tdm_error *error)
{
    const char *rest;
    const struct tdm_engine_type *type =
        tdm_engine_type_of(uri ? uri : tdm_engine_usual(scenario), &rest, error);
    if (!type)
        return NULL;
    return type->open(rest, scenario, seed ? seed : (uint64_t)scenario->seed, recorded, error);
}

struct tdm_engine *tdm_engine_open(const char *uri, const struct tdm_scenario *scenario,
                                   uint64_t seed, struct tdm_error *error)
{
    return tdm_engine_open_recorded(uri, scenario, seed, false, error);
}

void tdm_engine_free(struct tdm_engine *engine)
{
    if (engine)
        engine->type->free(engine);
}

struct tdm_engine *tdm_engine_twin(const char *uri, const struct tdm_engine *like, uint64_t seed,
                                   struct tdm_error *error)
{
    if (!like->type->twin)
        return tdm_engine_open(uri, like->scenario, seed, error);
    return like->type->twin(like, seed ? seed : (uint64_t)like->scenario->seed, error);
}

bool tdm_engine_can_restart(const struct tdm_engine *engine)
{
    if (!engine->type->restart)
        return false;
    for (size_t i = 0; i < engine->unit_count; i++)
        if (!engine->units[i]->driver->type->restart)
            return false;
    return true;
}

bool tdm_engine_restart(struct tdm_engine *engine, uint64_t seed, double begin)
{
    if (!tdm_engine_can_restart(engine))
        return false;
    engine->seed = seed ? seed : (uint64_t)engine->scenario->seed;
    engine->type->restart(engine, begin);
    return true;
}

bool tdm_engine_next(struct tdm_engine *engine, struct tdm_event *event)
{
    return engine->type->next(engine, event);
}

void tdm_engine_decide(struct tdm_engine *engine, const struct tdm_plan *plan)
{
    engine->type->decide(engine, plan);
}

// Whoever came was served or dropped, or is still there: in every run, whatever was asked of it.
static int check_requests(const struct tdm_engine *engine, struct tdm_error *error)
{
    for (size_t i = 0; i < engine->unit_count; i++) {
        struct tdm_board_totals t;
        tdm_engine_totals(engine, (int)i, &t);
        if (t.arrived != t.served + t.dropped + t.unanswered)
            return tdm_fail(error,
                            "the board '%.64s' lost count of its requests, which is a mistake of "
                            "tandem's: %llu came, %llu were served, %llu dropped, %llu are left",
                            engine->scenario->boards[i].id, (unsigned long long)t.arrived,
                            (unsigned long long)t.served, (unsigned long long)t.dropped,
                            (unsigned long long)t.unanswered);
    }
    return 0;
}

int tdm_engine_check(const struct tdm_engine *engine, struct tdm_error *error)
{
    if (engine->failed) {
        if (error)
            *error = *engine->failed;
        return -1;
    }
    for (size_t i = 0; i < engine->unit_count; i++) {
        const struct tdm_error *failed = engine->units[i]->driver->failed;
        if (!failed)
            continue;
        if (error)
            *error = *failed;
        return -1;
    }
    return check_requests(engine, error);
}

void tdm_engine_totals(const struct tdm_engine *engine, int board, struct tdm_board_totals *totals)
{
    const struct tdm_unit *unit = engine->units[board];
    *totals = (struct tdm_board_totals){.end = unit->driver->now,
                                        .energy = unit->energy,
                                        .radio_energy = tdm_unit_radio_energy(unit),
                                        .unanswered = tdm_unit_unanswered(unit),
                                        .overdue = tdm_unit_overdue(unit)};
    for (size_t i = 0; i < unit->queue_count; i++) {
        totals->arrived += unit->queues[i].arrived;
        totals->served += unit->queues[i].served;
        totals->dropped += unit->queues[i].dropped;
    }
    for (size_t i = 0; i < unit->way_count; i++)
        totals->server_energy += unit->ways[i].server_energy;
}

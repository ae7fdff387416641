// SPDX-License-Identifier: GPL-3.0-or-later
#include "env/process.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/extremes.h"
#include "core/text.h"

// What a board remembers of its decisions.
struct memory {
    bool acted;
    int32_t action[TDM_KNOBS]; // the last
    double since;              // s, when the thought about it began
};

struct tdm_process {
    const struct tdm_scenario *scenario;
    struct tdm_scenario_environment environment;
    const struct tdm_reward_type *reward;
    struct tdm_actions actions;
    int entries[TDM_ENTRIES];
    size_t entry_count;
    struct memory *memories;             // by board
    struct tdm_observer *observers;      // by stream
    struct tdm_coordinator *coordinator; // or NULL
};

// ---- what the scenario says --------------------------------------------------------------------

static const struct tdm_scenario_environment usual = {.backlog = 16,
                                                      .observe = "all",
                                                      .alpha = 0.1,
                                                      .beta = 0.1,
                                                      .temperature = 50,
                                                      .worst = NAN,
                                                      .thinking = TDM_THINK_BLOCKING,
                                                      .period = NAN,
                                                      .think = NAN};

static int fail(const struct tdm_process *p, struct tdm_error *error, const char *what)
{
    return tdm_fail_at(error, p->scenario->path, p->environment.place.line,
                       p->environment.place.column, "%s", what);
}

static int find_entry(const struct tdm_process *p, const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (int i = 0; i < TDM_ENTRIES; i++) {
        if (strcmp(tdm_entries[i].name, name) == 0)
            return i;
        tdm_nearest_try(&nearest, tdm_entries[i].name);
    }
    char what[200];
    snprintf(what, sizeof what, "an observation has no entry '%.64s'%s", name,
             tdm_nearest_hint(&nearest));
    return fail(p, error, what);
}

// Whether an entry can ever differ: what few scenarios have makes no others' observations longer.
static bool may_differ(const struct tdm_process *p, int entry)
{
    if (entry < TDM_USUAL_ENTRIES)
        return true;
    if (entry != TDM_SEES_VERSION && entry != TDM_SEES_EXIT)
        return p->coordinator != NULL;
    const int knob = entry == TDM_SEES_EXIT ? TDM_KNOB_EXIT : TDM_KNOB_VERSION;
    return tdm_actions_levels(&p->actions, knob) > 1;
}

static int read_entries(struct tdm_process *p, struct tdm_error *error)
{
    bool seen[TDM_ENTRIES] = {false};
    const char *rest = p->environment.observe;
    if (strcmp(rest, "all") == 0)
        for (int i = 0; i < TDM_ENTRIES; i++)
            seen[i] = may_differ(p, i);
    else
        for (char name[64]; *(rest += strspn(rest, " ,"));) {
            const size_t length = strcspn(rest, " ,");
            snprintf(name, sizeof name, "%.*s", (int)length, rest);
            const int entry = find_entry(p, name, error);
            if (entry < 0)
                return -1;
            seen[entry] = true;
            rest += length;
        }
    for (int i = 0; i < TDM_ENTRIES; i++)
        if (seen[i])
            p->entries[p->entry_count++] = i;
    return p->entry_count ? 0 : fail(p, error, "an observation has at least one entry");
}

static void use_reward(struct tdm_process *p, const struct tdm_reward_type *reward)
{
    const struct tdm_scenario *scenario = p->scenario;
    p->reward = reward;
    p->environment.reward = reward->name;
    p->environment.worst = scenario->environment_count ? scenario->environments[0].worst : NAN;
    if (isnan(p->environment.worst))
        p->environment.worst = reward->worst;
}

// It thinks elsewhere, and once a period for all.
static int use_coordinator(struct tdm_process *p, struct tdm_error *error)
{
    if (isnan(p->environment.period))
        return 0;
    p->coordinator = tdm_coordinator_new(p->scenario, p->environment.period);
    tdm_process_think_free(p);
    return p->coordinator ? 0 : tdm_fail(error, "out of memory");
}

static int read_environment(struct tdm_process *p, struct tdm_error *error)
{
    struct tdm_error why = {0};
    const struct tdm_scenario *scenario = p->scenario;
    p->environment = scenario->environment_count ? scenario->environments[0] : usual;
    const struct tdm_reward_type *reward =
        tdm_reward_find(p->environment.reward ? p->environment.reward : "cost", &why);
    if (!reward)
        return fail(p, error, why.message);
    use_reward(p, reward);
    if (use_coordinator(p, error) || tdm_actions_read(&p->actions, scenario, error) ||
        read_entries(p, error))
        return -1;
    p->memories = calloc(scenario->board_count, sizeof *p->memories);
    p->observers = calloc(scenario->stream_count, sizeof *p->observers);
    return p->memories && p->observers ? 0 : tdm_fail(error, "out of memory");
}

struct tdm_process *tdm_process_new(const struct tdm_scenario *scenario, struct tdm_error *error)
{
    struct tdm_process *p = calloc(1, sizeof *p);
    if (!p) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    p->scenario = scenario;
    if (read_environment(p, error)) {
        tdm_process_free(p);
        return NULL;
    }
    return p;
}

void tdm_process_free(struct tdm_process *process)
{
    if (!process)
        return;
    tdm_coordinator_free(process->coordinator);
    free(process->memories);
    free(process->observers);
    free(process);
}

const struct tdm_actions *tdm_process_actions(const struct tdm_process *process)
{
    return &process->actions;
}

const struct tdm_scenario_environment *tdm_process_environment(const struct tdm_process *process)
{
    return &process->environment;
}

size_t tdm_process_sees(const struct tdm_process *process)
{
    return process->entry_count;
}

const int *tdm_process_entries(const struct tdm_process *process)
{
    return process->entries;
}

struct tdm_coordinator *tdm_process_coordinator(const struct tdm_process *process)
{
    return process->coordinator;
}

const struct tdm_reference *tdm_process_reference(const struct tdm_process *process, int stream)
{
    return &process->observers[stream].reference;
}

// ---- thinking ----------------------------------------------------------------------------------

void tdm_process_think_free(struct tdm_process *process)
{
    process->environment.thinking = TDM_THINK_FREE;
}

// At the CPU clock in force, s.
static double time_to_think(const struct tdm_process *p, const struct tdm_unit *unit)
{
    if (p->environment.thinking == TDM_THINK_FREE)
        return 0;
    if (!isnan(p->environment.think))
        return p->environment.think;
    const struct tdm_domain_info *cpu = unit->board->domain[TDM_CPU];
    const double top = cpu->opps[cpu->opp_count - 1].hz;
    return unit->board->thinking * top / cpu->opps[unit->state.opp[TDM_CPU]].hz;
}

void tdm_process_restart(struct tdm_process *process)
{
    memset(process->memories, 0, process->scenario->board_count * sizeof *process->memories);
    if (process->coordinator)
        tdm_coordinator_restart(process->coordinator);
}

// `action` may be NULL where no knob is free.
static void remember(const struct tdm_process *p, struct memory *memory, const int32_t *action)
{
    for (int i = 0; i < p->actions.count; i++)
        memory->action[i] = action[i];
    memory->acted = true;
}

// Does what was decided on while the last request ran; a thought that is not done yet is waited
// for.
static void act_concurrently(struct tdm_process *p, const struct tdm_state *state,
                             struct memory *memory, const int32_t *action, struct tdm_plan *plan)
{
    const double thinks = time_to_think(p, state->unit);
    int32_t local[TDM_KNOBS];
    tdm_actions_local(&p->actions, local);
    tdm_actions_plan(&p->actions, memory->acted ? memory->action : local, state, plan);
    if (memory->acted)
        plan->thinking = fmax(0, memory->since + thinks - state->now);
    memory->since = state->now + plan->thinking;
    remember(p, memory, action);
}

void tdm_process_act(struct tdm_process *process, const struct tdm_state *state,
                     const int32_t *action, struct tdm_plan *plan)
{
    struct memory *memory = &process->memories[state->board];
    if (process->environment.thinking == TDM_THINK_CONCURRENT) {
        act_concurrently(process, state, memory, action, plan);
        return;
    }
    tdm_actions_plan(&process->actions, action, state, plan);
    plan->thinking = time_to_think(process, state->unit);
    remember(process, memory, action);
}

double tdm_process_exponent(const struct tdm_process *process, const struct tdm_unit *unit,
                            double length)
{
    if (process->environment.thinking != TDM_THINK_CONCURRENT)
        return 1;
    const double thinks = time_to_think(process, unit);
    return length > thinks ? thinks / length : 1;
}

// ---- seeing and being paid ---------------------------------------------------------------------

static struct tdm_observer *observer_of(struct tdm_process *p, const struct tdm_state *state)
{
    struct tdm_observer *observer = &p->observers[state->stream];
    if (!observer->ready)
        tdm_observer_start(observer, state);
    return observer;
}

static void see_crowd(const struct tdm_coordinator *coordinator, int stream, float *entries)
{
    double link, server;
    tdm_coordinator_crowd(coordinator, &coordinator->members[stream], &link, &server);
    entries[TDM_SEES_LINK_CROWD] = tdm_entry_scale(&tdm_entries[TDM_SEES_LINK_CROWD], link);
    entries[TDM_SEES_SERVER_CROWD] = tdm_entry_scale(&tdm_entries[TDM_SEES_SERVER_CROWD], server);
}

void tdm_process_observe(struct tdm_process *process, const struct tdm_state *state,
                         float *observation)
{
    const struct memory *memory = &process->memories[state->board];
    const int32_t *previous = memory->acted ? memory->action : NULL;
    struct tdm_observer *observer = observer_of(process, state);
    const double thinks = time_to_think(process, state->unit);
    float entries[TDM_ENTRIES];
    tdm_observer_see(observer, state, &process->actions, previous, thinks, entries);
    if (process->coordinator)
        see_crowd(process->coordinator, state->stream, entries);
    if (process->entries[process->entry_count - 1] == (int)process->entry_count - 1) {
        memcpy(observation, entries, process->entry_count * sizeof *entries); // the first ones
        return;
    }
    for (size_t i = 0; i < process->entry_count; i++)
        observation[i] = entries[process->entries[i]];
}

static struct tdm_reward_context context_of(const struct tdm_process *p,
                                            const struct tdm_unit *unit, int stream,
                                            const struct tdm_reference *reference)
{
    return (struct tdm_reward_context){.environment = &p->environment,
                                       .stream = &p->scenario->streams[stream],
                                       .reference = reference,
                                       .eta = p->scenario->eta,
                                       .pmax = unit->board->pmax};
}

static double temperature_of(const struct tdm_unit *unit)
{
    struct tdm_readings readings;
    unit->driver->type->read(unit->driver, &readings);
    return readings.temperature;
}

double tdm_process_reward(struct tdm_process *process, struct tdm_unit *unit,
                          const struct tdm_outcome *outcome)
{
    struct tdm_observer *observer = &process->observers[outcome->stream];
    if (!observer->ready) // dropped before any state was seen
        tdm_reference_of(process->scenario, tdm_unit_queue(unit, outcome->stream),
                         &observer->reference);
    struct tdm_reward_context context =
        context_of(process, unit, outcome->stream, &observer->reference);
    if (process->reward->thermal)
        context.temperature = temperature_of(unit);
    return tdm_larger(process->environment.worst, process->reward->of(&context, outcome));
}

double tdm_process_burden(struct tdm_process *process, const struct tdm_unit *unit, int stream,
                          double seconds)
{
    const struct tdm_reward_context context =
        context_of(process, unit, stream, &process->observers[stream].reference);
    return seconds * process->reward->of_waiting(&context);
}

bool tdm_process_has_burden(const struct tdm_process *process)
{
    return process->reward->of_waiting != NULL;
}

void tdm_process_set_reward(struct tdm_process *process, const char *name)
{
    const struct tdm_reward_type *reward = tdm_reward_find(name, NULL);
    assert(reward);
    use_reward(process, reward);
}

void tdm_process_prefer_reward(struct tdm_process *process, const char *name)
{
    const struct tdm_scenario *scenario = process->scenario;
    if (!scenario->environment_count || !scenario->environments[0].reward)
        tdm_process_set_reward(process, name);
}

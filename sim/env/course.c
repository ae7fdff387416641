// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/random.h"
#include "env/env.h"

int tdm_course_start(struct tdm_course *course, const char *uri,
                     const struct tdm_scenario *scenario, struct tdm_error *error)
{
    *course = (struct tdm_course){.scenario = scenario, .seed = (uint64_t)scenario->seed};
    snprintf(course->uri, sizeof course->uri, "%s", uri ? uri : tdm_engine_usual(scenario));
    course->process = tdm_process_new(scenario, error);
    return course->process ? 0 : -1;
}

void tdm_course_end(struct tdm_course *course)
{
    tdm_engine_free(course->engine);
    tdm_process_free(course->process);
}

// ---- runs --------------------------------------------------------------------------------------

// The first run is the one of its seed in `tandem run`; those after it, of its descendants.
uint64_t tdm_course_seed(uint64_t first, uint64_t run)
{
    if (run == 0)
        return first;
    struct tdm_random random;
    tdm_random_seed(&random, first, "run", run);
    return tdm_random_next(&random) >> 1 | 1;
}

// When a run begins, s: the first of a seed as in `tandem run`.
static double begin_of(const struct tdm_course *course)
{
    const int start = tdm_process_environment(course->process)->start;
    if ((course->runs == 0 && !course->scattered) || start == TDM_START_BEGINNING)
        return 0;
    struct tdm_random random;
    tdm_random_seed(&random, course->seed, "begin", course->runs);
    return course->scenario->duration * tdm_random_uniform(&random);
}

static int open_engine(struct tdm_course *course, uint64_t seed, double begin,
                       struct tdm_error *error)
{
    if (course->engine && tdm_engine_restart(course->engine, seed, begin))
        return 0;
    tdm_engine_free(course->engine);
    course->engine = course->like ? tdm_engine_twin(course->uri, course->like, seed, error)
                                  : tdm_engine_open(course->uri, course->scenario, seed, error);
    if (!course->engine)
        return -1;
    if (begin > 0) // one that cannot restart begins at 0
        tdm_engine_restart(course->engine, seed, begin);
    return 0;
}

// From `since`, but not before `start`, until `end`, s.
static double longer(double end, double since, double start)
{
    return since < end ? end - (since > start ? since : start) : 0;
}

static void add(struct tdm_course *course, struct tdm_step *step, const struct tdm_outcome *outcome)
{
    step->answered++;
    step->late += outcome->late;
    step->dropped += outcome->dropped;
    if (outcome->dropped) {
        course->dropped += longer(outcome->start, outcome->arrival, course->start);
        return;
    }
    course->length = outcome->answer - outcome->start;
    step->latency += outcome->latency;
    step->energy += outcome->energy;
    step->cost += outcome->cost;
    step->accuracy += outcome->accuracy;
}

// ---- coordinators ------------------------------------------------------------------------------

static void give_turn(struct tdm_course *course, size_t member)
{
    const struct tdm_coordinator *coordinator = tdm_process_coordinator(course->process);
    course->turns = member;
    tdm_coordinator_state(&coordinator->members[member], course->called.now, &course->turn);
    course->state = &course->turn;
}

static void follow(struct tdm_course *course, const struct tdm_state *state)
{
    struct tdm_plan plan;
    tdm_coordinator_plan(tdm_process_coordinator(course->process), state, &plan);
    tdm_engine_decide(course->engine, &plan);
}

// Whether whoever acts has to. Within a period, requests follow what is allotted.
static bool is_asked(struct tdm_course *course, const struct tdm_state *state)
{
    struct tdm_coordinator *coordinator = tdm_process_coordinator(course->process);
    if (!coordinator) {
        course->state = state;
        return true;
    }
    if (!tdm_coordinator_is_due(coordinator, state)) {
        follow(course, state);
        return false;
    }
    tdm_coordinator_look(coordinator, state);
    course->called = *state;
    give_turn(course, 0);
    return true;
}

// Takes a member's action; true once all have acted, and the period goes on.
static bool take_turn(struct tdm_course *course, const int32_t *action)
{
    struct tdm_coordinator *coordinator = tdm_process_coordinator(course->process);
    struct tdm_plan plan;
    tdm_process_act(course->process, course->state, action, &plan);
    tdm_coordinator_put(&coordinator->members[course->turns], &plan);
    if (course->turns + 1 < coordinator->count) {
        give_turn(course, course->turns + 1);
        return false;
    }
    tdm_coordinator_deal(coordinator, false);
    follow(course, &course->called);
    return true;
}

// ---- runs --------------------------------------------------------------------------------------

// Pulls until somebody has to decide, or the run is over.
static void go_on(struct tdm_course *course, struct tdm_step *step)
{
    struct tdm_event event;
    course->state = NULL;
    while (tdm_engine_next(course->engine, &event)) {
        if (event.kind == TDM_DECISION) {
            if (is_asked(course, event.state))
                return;
            continue;
        }
        const struct tdm_outcome *outcome = event.outcome;
        struct tdm_unit *unit = course->engine->units[outcome->board];
        step->reward += (float)tdm_process_reward(course->process, unit, outcome);
        add(course, step, outcome);
    }
}

static int begin_run(struct tdm_course *course, double begin, struct tdm_error *error)
{
    struct tdm_step step = {0};
    const uint64_t seed = tdm_course_seed(course->seed, course->runs++);
    course->state = NULL; // it was the last engine's
    if (open_engine(course, seed, begin, error))
        return -1;
    course->lost = false;
    tdm_process_restart(course->process);
    go_on(course, &step);
    return course->state ? 0 : tdm_engine_check(course->engine, error);
}

int tdm_course_begin(struct tdm_course *course, uint64_t seed, struct tdm_error *error)
{
    if (seed) {
        course->seed = seed;
        course->runs = 0;
    }
    const double begin = begin_of(course);
    if (begin_run(course, begin, error))
        return -1;
    if (course->state)
        return 0;
    // A run that begins anywhere may find that nobody comes any more.
    if (begin > 0) {
        course->runs--;
        if (begin_run(course, 0, error))
            return -1;
    }
    if (course->state)
        return 0;
    return tdm_fail_at(error, course->scenario->path, 0, 0,
                       "nothing is ever to be decided in this scenario: no request comes within %g "
                       "s",
                       course->scenario->duration);
}

// ---- steps -------------------------------------------------------------------------------------

static void average(struct tdm_step *step)
{
    const uint32_t served = step->answered - step->dropped;
    const double count = served ? (double)served : NAN;
    if (served == 1)
        return;
    step->latency /= count;
    step->energy /= count;
    step->cost /= count;
    step->accuracy /= count;
}

// How long those who wait now, the one whose turn it is among them, waited for the last request.
static double held_up(const struct tdm_course *course, const struct tdm_state *state)
{
    const double start = course->start, answer = start + course->length;
    double sum = longer(answer, state->arrival, start);
    for (size_t i = 0; i < state->unit->queue_count; i++) {
        const struct tdm_queue *queue = &state->unit->queues[i];
        for (size_t j = 0; j < queue->count; j++)
            sum += longer(answer, queue->waiting[(queue->head + j) % queue->room].arrival, start);
    }
    return sum;
}

// What it is worth that others waited for a request of `unit`: those who wait now, and those who do
// not any more.
static double burden(struct tdm_course *course, const struct tdm_unit *unit, int stream)
{
    double seconds = course->dropped;
    if (course->state && course->state->unit == unit)
        seconds += held_up(course, course->state);
    return tdm_process_burden(course->process, unit, stream, seconds);
}

// Requests behind the one whose turn it is; of a coordinator's boards, at the worst of them.
static size_t waiting(const struct tdm_course *course)
{
    const struct tdm_coordinator *coordinator = tdm_process_coordinator(course->process);
    size_t most = course->state->queued;
    for (size_t i = 0; coordinator && i < coordinator->count; i++) {
        const struct tdm_member *m = &coordinator->members[i];
        const size_t count = tdm_unit_queue(m->unit, m->stream)->count;
        most = count > most ? count : most;
    }
    return most;
}

// Once requests pile up, all that follows is late, whatever is done.
static void give_up(struct tdm_course *course, struct tdm_step *step)
{
    const struct tdm_scenario_environment *environment = tdm_process_environment(course->process);
    const size_t backlog = (size_t)environment->backlog;
    if (!backlog || !course->state || waiting(course) < backlog)
        return;
    course->lost = step->terminated = true;
    step->reward = (float)environment->worst;
}

// A period in as many steps as there are streams. All but the last take no time, and the last one
// has the reward.
static void step_together(struct tdm_course *course, const int32_t *action, struct tdm_step *step)
{
    *step = (struct tdm_step){0};
    if (take_turn(course, action)) {
        go_on(course, step);
        give_up(course, step);
        step->exponent = 1;
    }
    average(step);
}

void tdm_course_step(struct tdm_course *course, const int32_t *action, struct tdm_step *step)
{
    if (tdm_process_coordinator(course->process)) {
        step_together(course, action, step);
        return;
    }
    struct tdm_plan plan;
    struct tdm_unit *unit = course->state->unit;
    const int stream = course->state->stream;
    course->start = course->state->now;
    course->dropped = 0;
    tdm_process_act(course->process, course->state, action, &plan);
    tdm_engine_decide(course->engine, &plan);
    *step = (struct tdm_step){0};
    go_on(course, step);
    if (tdm_process_has_burden(course->process))
        step->reward += (float)burden(course, unit, stream);
    give_up(course, step);
    step->exponent = (float)tdm_process_exponent(course->process, unit, course->length);
    average(step);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* Environments: episodes over courses, be they in this process or in another. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "env/apart.h"
#include "env/env_parts.h"

static void fill_spaces(struct tdm_env *env)
{
    const struct tdm_process *process = env->course.process;
    const struct tdm_actions *actions = tdm_process_actions(process);
    const int *entries = tdm_process_entries(process);
    struct tdm_spaces *spaces = &env->spaces;
    spaces->observation = (int)tdm_process_sees(process);
    spaces->knobs = actions->count;
    for (int i = 0; i < actions->count; i++) {
        spaces->levels[i] = actions->levels[i];
        spaces->names[i] = tdm_knob_names[actions->knob[i]];
    }
    for (int i = 0; i < spaces->observation; i++)
        spaces->entries[i] = tdm_entries[entries[i]].name;
}

static int start(struct tdm_env *env, const char *uri, const struct tdm_scenario *scenario,
                 struct tdm_error *error)
{
    const char *rest;
    if (tdm_course_start(&env->course, uri, scenario, error))
        return -1;
    const struct tdm_engine_type *type = tdm_engine_type_of(env->course.uri, &rest, error);
    if (!type)
        return -1;
    fill_spaces(env);
    env->episode = (uint64_t)tdm_process_environment(env->course.process)->episode;
    if (!type->once)
        return 0;
    env->apart = tdm_apart_new(&env->course, error);
    return env->apart ? 0 : -1;
}

struct tdm_env *tdm_env_open(const char *uri, const struct tdm_scenario *scenario,
                             struct tdm_error *error)
{
    struct tdm_env *env = calloc(1, sizeof *env);
    if (!env) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    if (start(env, uri, scenario, error)) {
        tdm_env_free(env);
        return NULL;
    }
    return env;
}

void tdm_env_free(struct tdm_env *env)
{
    if (!env)
        return;
    tdm_apart_free(env->apart);
    tdm_course_end(&env->course);
    free(env);
}

const struct tdm_spaces *tdm_env_spaces(const struct tdm_env *env)
{
    return &env->spaces;
}

// ---- episodes ----------------------------------------------------------------------------------

static bool is_due(const struct tdm_env *env)
{
    return env->apart ? tdm_apart_is_due(env->apart) : tdm_course_is_due(&env->course);
}

static void observe(struct tdm_env *env, float *observation)
{
    if (!env->apart)
        tdm_process_observe(env->course.process, env->course.state, observation);
    else
        memcpy(observation, tdm_apart_observation(env->apart),
               (size_t)env->spaces.observation * sizeof *observation);
}

int tdm_env_reset(struct tdm_env *env, uint64_t seed, float *observation, struct tdm_error *error)
{
    env->steps = 0;
    if (seed || !is_due(env)) {
        const int status = env->apart ? tdm_apart_begin(env->apart, seed, error)
                                      : tdm_course_begin(&env->course, seed, error);
        if (status)
            return -1;
    }
    observe(env, observation);
    return 0;
}

void tdm_env_ask(struct tdm_env *env, const int32_t *action)
{
    assert(is_due(env) && "an episode that is over is reset before the next step");
    if (env->apart)
        tdm_apart_ask(env->apart, action);
    else
        env->action = action;
}

int tdm_env_answer(struct tdm_env *env, float *observation, struct tdm_step *step,
                   struct tdm_error *error)
{
    if (env->apart) {
        if (tdm_apart_wait(env->apart, step, error))
            return -1;
    } else {
        tdm_course_step(&env->course, env->action, step);
    }
    env->steps++;
    step->truncated = !step->terminated && (!is_due(env) || env->steps == env->episode);
    if (env->apart || env->course.state)
        observe(env, observation);
    else if (tdm_engine_check(env->course.engine, error))
        return -1;
    return 0;
}

int tdm_env_step(struct tdm_env *env, const int32_t *action, float *observation,
                 struct tdm_step *step, struct tdm_error *error)
{
    tdm_env_ask(env, action);
    return tdm_env_answer(env, observation, step, error);
}

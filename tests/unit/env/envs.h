// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Environments over the small world, and scenarios that differ in what a test is about. Include it
 * after cmocka.h.
 */
#ifndef TESTS_ENVS_H
#define TESTS_ENVS_H

#include "../engine/world.h"
#include "core/random.h"
#include "env/env.h"

#define ENVS_POISSON \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"8 /s\" input=\"raw\"/>"
#define ENVS_KNOBS "<knobs xi=\"0 %, 50 %, 100 %\" bits=\"32, 8\" processor=\"all\"/>"
/** A minute of random arrivals; `more` may be knobs, an environment, loads. */
#define ENVS_MINUTE(more) \
    "<scenario name=\"t\" duration=\"60 s\">" WORLD_BOARD WORLD_LINK ENVS_POISSON \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"0.5\"/>" more "</scenario>"

static inline struct tdm_env *envs_open(const char *uri, const struct tdm_scenario *scenario)
{
    struct tdm_error error = {0};
    struct tdm_env *env = tdm_env_open(uri, scenario, &error);
    if (!env)
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
    return env;
}

static inline void envs_reset(struct tdm_env *env, uint64_t seed, float *observation)
{
    struct tdm_error error = {0};
    if (tdm_env_reset(env, seed, observation, &error))
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
}

static inline struct tdm_step envs_step(struct tdm_env *env, const int32_t *action,
                                        float *observation)
{
    struct tdm_error error = {0};
    struct tdm_step step;
    memset(&step, 0xff, sizeof step);
    if (tdm_env_step(env, action, observation, &step, &error))
        fail_msg("%s", error.message);
    return step;
}

/** Why a scenario has no environment. */
static inline struct tdm_error envs_refused(const struct world *w, const char *text)
{
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = world_load(w, text);
    assert_null(tdm_env_open("analytic:", scenario, &error));
    tdm_scenario_free(scenario);
    return error;
}

/** A random possible action. */
static inline void envs_wander(const struct tdm_spaces *spaces, struct tdm_random *random,
                               int32_t *action)
{
    for (int i = 0; i < spaces->knobs; i++)
        action[i] = (int32_t)tdm_random_below(random, (uint64_t)spaces->levels[i]);
}

/** Which free knob, or entry, has this name. */
static inline int envs_find(const char *const *names, int count, const char *name)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    fail_msg("there is no '%s'", name);
    return -1;
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/* Many environments in step. */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "env/env_parts.h"

struct tdm_vec {
    struct tdm_env **envs;
    size_t count;
    enum tdm_autoreset autoreset;
    struct tdm_buffers buffers;
    size_t sees, knobs;
    bool *over; // with TDM_NEXT_STEP: the next step resets it
    bool begun;
};

// The first one's tables of costs serve all.
static void share_tables(struct tdm_vec *vec)
{
    const struct tdm_engine *first = vec->envs[0]->course.engine;
    if (!first || !tdm_engine_can_restart(first)) // then it does not stay
        return;
    for (size_t i = 1; i < vec->count; i++)
        vec->envs[i]->course.like = first;
}

struct tdm_vec *tdm_vec_open(const char *uri, const struct tdm_scenario *scenario, size_t count,
                             enum tdm_autoreset autoreset, struct tdm_error *error)
{
    assert(count > 0);
    struct tdm_vec *vec = calloc(1, sizeof *vec);
    if (vec) {
        vec->envs = calloc(count, sizeof *vec->envs);
        vec->over = calloc(count, sizeof *vec->over);
        vec->autoreset = autoreset;
    }
    if (!vec || !vec->envs || !vec->over) {
        tdm_vec_free(vec);
        tdm_fail(error, "out of memory");
        return NULL;
    }
    for (; vec->count < count; vec->count++) {
        vec->envs[vec->count] = tdm_env_open(uri, scenario, error);
        if (!vec->envs[vec->count]) {
            tdm_vec_free(vec);
            return NULL;
        }
        vec->envs[vec->count]->course.seed = (uint64_t)scenario->seed + vec->count;
    }
    vec->sees = (size_t)vec->envs[0]->spaces.observation;
    vec->knobs = (size_t)vec->envs[0]->spaces.knobs;
    return vec;
}

void tdm_vec_free(struct tdm_vec *vec)
{
    if (!vec)
        return;
    for (size_t i = vec->count; i-- > 0;) // whoever borrows tables goes first
        tdm_env_free(vec->envs[i]);
    free(vec->envs);
    free(vec->over);
    free(vec);
}

const struct tdm_spaces *tdm_vec_spaces(const struct tdm_vec *vec)
{
    return &vec->envs[0]->spaces;
}

void tdm_vec_use(struct tdm_vec *vec, const struct tdm_buffers *buffers)
{
    vec->buffers = *buffers;
}

void tdm_vec_scatter(struct tdm_vec *vec)
{
    for (size_t i = 0; i < vec->count; i++)
        vec->envs[i]->course.scattered = true;
}

void tdm_vec_prefer_reward(struct tdm_vec *vec, const char *name)
{
    for (size_t i = 0; i < vec->count; i++)
        tdm_process_prefer_reward(vec->envs[i]->course.process, name);
}

static float *observation_of(const struct tdm_vec *vec, size_t i)
{
    return vec->buffers.observations + i * vec->sees;
}

static void tell(struct tdm_vec *vec, size_t i, const struct tdm_step *step)
{
    const struct tdm_buffers *b = &vec->buffers;
    b->rewards[i] = step->reward;
    b->terminations[i] = step->terminated;
    b->truncations[i] = step->truncated;
    if (b->steps)
        b->steps[i] = *step;
}

static int reset(struct tdm_vec *vec, size_t i, uint64_t seed, struct tdm_error *error)
{
    vec->over[i] = false;
    return tdm_env_reset(vec->envs[i], seed, observation_of(vec, i), error);
}

int tdm_vec_reset(struct tdm_vec *vec, const uint64_t *seeds, const bool *mask,
                  struct tdm_error *error)
{
    for (size_t i = 0; i < vec->count; i++) {
        if (mask && !mask[i])
            continue;
        if (reset(vec, i, seeds ? seeds[i] : 0, error))
            return -1;
        if (i == 0 && !vec->begun)
            share_tables(vec);
        vec->begun = true;
    }
    return 0;
}

// With TDM_SAME_STEP: what was seen last goes to `finals`, and the next episode begins.
static int reset_at_once(struct tdm_vec *vec, size_t i, struct tdm_error *error)
{
    if (vec->buffers.finals)
        memcpy(vec->buffers.finals + i * vec->sees, observation_of(vec, i),
               vec->sees * sizeof(float));
    return reset(vec, i, 0, error);
}

static int answer(struct tdm_vec *vec, size_t i, struct tdm_error *error)
{
    struct tdm_step step;
    if (tdm_env_answer(vec->envs[i], observation_of(vec, i), &step, error))
        return -1;
    tell(vec, i, &step);
    if (!step.truncated && !step.terminated)
        return 0;
    if (vec->autoreset == TDM_SAME_STEP)
        return reset_at_once(vec, i, error);
    vec->over[i] = true;
    return 0;
}

static int pass_over(struct tdm_vec *vec, size_t i, struct tdm_error *error)
{
    const struct tdm_step none = {0};
    tell(vec, i, &none);
    return reset(vec, i, 0, error);
}

int tdm_vec_step(struct tdm_vec *vec, struct tdm_error *error)
{
    const bool apart = vec->envs[0]->apart; // then all think at the same time
    for (size_t i = 0; apart && i < vec->count; i++)
        if (!vec->over[i])
            tdm_env_ask(vec->envs[i], vec->buffers.actions + i * vec->knobs);
    for (size_t i = 0; i < vec->count; i++) {
        if (vec->over[i]) {
            assert(vec->autoreset == TDM_NEXT_STEP && "an episode that is over is to be reset");
            if (pass_over(vec, i, error))
                return -1;
            continue;
        }
        if (!apart)
            tdm_env_ask(vec->envs[i], vec->buffers.actions + i * vec->knobs);
        if (answer(vec, i, error))
            return -1;
    }
    return 0;
}

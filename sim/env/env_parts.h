// SPDX-License-Identifier: GPL-3.0-or-later
/** An environment from the inside: a step in two halves, so that many can be on their way. */
#ifndef TDM_ENV_ENV_PARTS_H
#define TDM_ENV_ENV_PARTS_H

#include <assert.h>

#include "env/env.h"

struct tdm_apart;

struct tdm_env {
    struct tdm_course course;
    struct tdm_apart *apart; /**< where the course runs instead; NULL: here */
    struct tdm_spaces spaces;
    const int32_t *action; /**< asked for */
    uint64_t episode;      /**< steps; 0: all of a run */
    uint64_t steps;        /**< of the episode */
};

/** Hands over an action, which stays where it is until the answer. */
void tdm_env_ask(struct tdm_env *env, const int32_t *action);
/** Lets the first runs of a seed begin anywhere, too, where the others do: for training. */
void tdm_vec_scatter(struct tdm_vec *vec);
/** Another reward in all of them, unless the scenario says one. */
void tdm_vec_prefer_reward(struct tdm_vec *vec, const char *name);

/** The rest of tdm_env_step. */
int tdm_env_answer(struct tdm_env *env, float *observation, struct tdm_step *step,
                   struct tdm_error *error);

#endif

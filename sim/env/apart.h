// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A course in a process of its own, for engines that run once a process: a new one for each run.
 * Observations and steps lie in memory that both share; a byte each way says whose turn it is.
 */
#ifndef TDM_ENV_APART_H
#define TDM_ENV_APART_H

#include "env/env.h"

struct tdm_apart;

/** Each child runs a copy of `course`, which outlives this. NULL with `error`; the caller frees it.
 */
struct tdm_apart *tdm_apart_new(struct tdm_course *course, struct tdm_error *error);
/** Ends the child, too. */
void tdm_apart_free(struct tdm_apart *apart);

/** As tdm_course_begin; then the observation is there. */
int tdm_apart_begin(struct tdm_apart *apart, uint64_t seed, struct tdm_error *error);

/** Hands over an action; then others can be served before tdm_apart_wait. */
void tdm_apart_ask(struct tdm_apart *apart, const int32_t *action);
/** What came of it; the observation is there. -1 with `error`: the child is gone. */
int tdm_apart_wait(struct tdm_apart *apart, struct tdm_step *step, struct tdm_error *error);

/**
 * The last observation, and whether a decision is due on it. While an answer is outstanding none
 * is, and the child may be writing.
 */
const float *tdm_apart_observation(const struct tdm_apart *apart);
bool tdm_apart_is_due(const struct tdm_apart *apart);

#endif

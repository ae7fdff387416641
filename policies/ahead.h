// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * In place of having learned, looking ahead: every choice that a learner has is tried on the true
 * future, and that of highest reward taken. Greedy over requests, as the oracle is.
 */
#ifndef TDM_POLICIES_AHEAD_H
#define TDM_POLICIES_AHEAD_H

#include "policies/learned.h"

/** `open` of a learned policy that needs no file; tdm_learned_close_policy closes it. */
int tdm_ahead_open(struct tdm_policy *policy, struct tdm_error *error);

/** How many choices there are: the product of the branches' levels. */
int tdm_ahead_choices(const struct tdm_learned *learned);

/** The plan of highest reward among the first `count` choices; the last branch counts fastest. */
void tdm_ahead_best(const struct tdm_learned *learned, const struct tdm_state *state, int count,
                    struct tdm_plan *plan);

#endif

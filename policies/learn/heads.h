// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * How a network's outputs stand for actions: a head a branch (Tavakoli et al., AAAI 2018), or one
 * head for all combinations of levels. An action is a level a branch, a choice an index in a head.
 */
#ifndef TDM_POLICIES_LEARN_HEADS_H
#define TDM_POLICIES_LEARN_HEADS_H

#include "policies/learn/learner.h"

enum { TDM_HEADS_WIDEST = 1 << 14 };

struct tdm_heads {
    int count;
    int sizes[TDM_LEARN_BRANCHES]; /**< choices of each */
    int at[TDM_LEARN_BRANCHES];    /**< where each begins */
    int total;                     /**< choices of all */
    bool joint;                    /**< one head for all combinations */
    struct tdm_learn_shape shape;
};

/** -1 with `error` where that would be more than TDM_HEADS_WIDEST outputs. */
int tdm_heads_make(struct tdm_heads *heads, const struct tdm_learn_shape *shape, bool branching,
                   struct tdm_error *error);
/** Layers from an observation to `outputs`, in `sizes`; returns how many layers of weights. */
int tdm_heads_layers(const struct tdm_learner *learner, int outputs, int *sizes);
void tdm_heads_choices(const struct tdm_heads *heads, const int32_t *action, int *choices);
void tdm_heads_action(const struct tdm_heads *heads, const int *choices, int32_t *action);

/** The index of the largest, the first of equals; 0 where none compares. */
int tdm_largest(const float *values, int count);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What was experienced, for learning from it again: a ring of transitions, sampled uniformly or by
 * priority (Schaul et al., ICLR 2016, proportional variant). Memory is taken once.
 */
#ifndef TDM_POLICIES_LEARN_REPLAY_H
#define TDM_POLICIES_LEARN_REPLAY_H

#include "core/random.h"
#include "tandem.h"

/** One step of a decision process. */
struct tdm_transition {
    const float *observation;
    const int32_t *action; /**< a level a branch */
    float reward;
    const float *next; /**< the observation that followed */
    float discount;    /**< of what follows: gamma^k, or 0 where an episode ended */
};

struct tdm_replay {
    size_t capacity, count;
    size_t next;      /**< where the next transition goes */
    size_t width;     /**< floats of an observation */
    size_t branches;  /**< numbers of an action */
    float *memory;    /**< width observations, width next ones, reward, discount; a row each */
    int32_t *actions; /**< capacity x branches */

    double alpha;   /**< exponent of priorities */
    double highest; /**< priority so far; new transitions get it */
    size_t leaves;  /**< power of two, at least the capacity */
    double *sums;   /**< a tree of sums: root at 1, leaves from `leaves` on; NULL: uniform */
};

/** Transitions sampled, each array one row a sample. */
struct tdm_batch {
    int rows;
    size_t *slots; /**< where in the memory they are */
    float *observations, *nexts;
    float *rewards, *discounts;
    float *weights; /**< of importance, at most 1; all 1 where sampling is uniform */
    int32_t *actions;
};

/** `alpha` >= 0; NAN: uniform sampling. -1 with `error`. */
int tdm_replay_open(struct tdm_replay *replay, size_t capacity, int width, int branches,
                    double alpha, struct tdm_error *error);
/** One of zeros is fine. */
void tdm_replay_close(struct tdm_replay *replay);

/** Copies a transition in, in place of the oldest where the ring is full. */
void tdm_replay_add(struct tdm_replay *replay, const struct tdm_transition *transition);

int tdm_batch_open(struct tdm_batch *batch, const struct tdm_replay *replay, int rows,
                   struct tdm_error *error);
void tdm_batch_close(struct tdm_batch *batch);

/**
 * Fills the batch, with replacement, from a memory that is not empty. By priority, row i comes from
 * the i-th of equal parts of the sum of priorities, and `beta` (0 to 1) says how much of the bias
 * the weights take back.
 */
void tdm_replay_sample(const struct tdm_replay *replay, struct tdm_random *random, double beta,
                       struct tdm_batch *batch);

/** What has been learned of the rows of a batch: priorities are (|errors| + a little)^alpha. */
void tdm_replay_errors(struct tdm_replay *replay, const struct tdm_batch *batch,
                       const float *errors);

/** After `count`, `next`, `highest` and the leaves of a tree were read from a file. */
void tdm_replay_restore(struct tdm_replay *replay);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of training share: its state, and how that goes into a file and back. */
#ifndef TDM_POLICIES_TRAIN_PARTS_H
#define TDM_POLICIES_TRAIN_PARTS_H

#include "policies/train.h"

/** A row of the learning curves. */
struct tdm_curve {
    int64_t steps;
    double reward, loss, epsilon, trial_reward, trial_cost;
};

struct tdm_training {
    struct tdm_training_setup setup;
    char *file, *partial; /**< where the policy goes, and where training would go on */
    struct tdm_learned learned;
    struct tdm_vec *vec;
    struct tdm_env *trial;

    int64_t steps, rounds;
    double best_reward;
    int64_t best_steps, worse; /**< trials since the best one */
    double oracle_cost;        /**< J; NAN: not known */
    struct tdm_curve *curves;
    size_t curve_count, curve_room;

    size_t count, sees, knobs; /**< environments; floats and integers of each */
    float *observations, *finals, *rewards, *inputs, *nexts;
    int32_t *choices, *actions;
    bool *terminations, *truncations;
    bool concurrent;       /**< thinking: what a decision is worth is seen a step later */
    bool *held;            /**< whether there is a decision like that, by environment */
    float *held_inputs;    /**< what it saw */
    int32_t *held_choices; /**< and what it was */
    struct tdm_step *last; /**< of each environment */

    size_t turns;  /**< of a coordinator's period */
    size_t *taken; /**< of them so far, by environment; NULL: nobody coordinates */
    float *turn_inputs;
    int32_t *turn_choices;
};

/** Turns that wait for their period's reward (train_period.c); nothing where nobody coordinates. */
int tdm_training_open_periods(struct tdm_training *training, struct tdm_error *error);
void tdm_training_close_periods(struct tdm_training *training);
/** All environments are at the beginning of a period. */
void tdm_training_begin_periods(struct tdm_training *training);
/** What the environment `i` was asked and did; the last turn of a period has its reward. */
void tdm_training_remember_turn(struct tdm_training *training, size_t i);

/** Writes the policy into `path`, `whole` with all that is needed to go on. -1 with `error`. */
int tdm_training_write(const struct tdm_training *training, const char *path, bool whole,
                       struct tdm_error *error);
/** The other way, of a whole one. */
int tdm_training_read(struct tdm_training *training, const char *path, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Training a learned policy in a scenario. It goes in rounds: each begins with runs of its own
 * seeds in every environment, so that a training that was stopped between two rounds goes on to the
 * last bit as if it had not been. After some rounds the policy is tried without exploring, on runs
 * that it does not learn from, and the best one so far is kept.
 */
#ifndef TDM_POLICIES_TRAIN_H
#define TDM_POLICIES_TRAIN_H

#include "policies/learned.h"

struct tdm_training_setup {
    const struct tdm_scenario *scenario;
    const char *policy;  /**< "dvfo" */
    const char *engine;  /**< URI */
    const char *file;    /**< where the best policy goes; FILE.training is where it would go on */
    const char *command; /**< line, for the file */
    struct tdm_learn_options options;
    uint64_t seed;    /**< of everything random; trials use the seeds before it, see below */
    int64_t steps;    /**< at most */
    int environments; /**< side by side */
    int round;        /**< steps of each of them between two trials */
    int trial_runs;   /**< runs of a trial */
    int patience;     /**< trials without anything better before it ends; 0: all steps */
};

/** How far it is. NAN for what is not known yet. */
struct tdm_training_news {
    int64_t steps;
    double reward;        /**< mean of the last round, exploring */
    double loss, epsilon; /**< of the learner now */
    double trial_reward;  /**< mean of the last trial */
    double trial_cost;    /**< J, mean of its requests */
    double oracle_cost;   /**< J, of the oracle on the same runs */
    double best_reward;
    int64_t best_steps;      /**< after which the best so far was found */
    int64_t visited, states; /**< of a table; else 0 */
};

/** What `setup` holds where nobody asks otherwise: the recipe's, for a policy that has one. */
int tdm_training_usual(struct tdm_training_setup *setup, const struct tdm_scenario *scenario,
                       const char *policy, struct tdm_error *error);

struct tdm_training;

/**
 * At the beginning, where FILE.training must not be, or where that stopped (`resume`). NULL with
 * `error`.
 */
struct tdm_training *tdm_training_open(const struct tdm_training_setup *setup, bool resume,
                                       struct tdm_error *error);
void tdm_training_free(struct tdm_training *training);

/** All steps were done, or nothing better was found for long. */
bool tdm_training_is_over(const struct tdm_training *training);

/** One round; -1 with `error`. */
int tdm_training_round(struct tdm_training *training, struct tdm_error *error);
/** How far it is after the last round. */
void tdm_training_tell(const struct tdm_training *training, struct tdm_training_news *news);
/** Writes FILE.training: all that is needed to go on. */
int tdm_training_keep(struct tdm_training *training, struct tdm_error *error);
/** Writes FILE with the best policy and the curves, and removes FILE.training. */
int tdm_training_finish(struct tdm_training *training, struct tdm_error *error);

#endif

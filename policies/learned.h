// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Learned policies: a learner (policies/learn) that acts in the decision process of a scenario
 * (sim/env). A recipe says what such a policy sees, what it may choose and how it learns; it is
 * trained (train.h) into a file, and runs from there.
 */
#ifndef TDM_POLICIES_LEARNED_H
#define TDM_POLICIES_LEARNED_H

#include "core/h5.h"
#include "env/process.h"
#include "policies/learn/learner.h"
#include "policies/policy.h"
#include "policies/targets.h"

/** A knob that is not the learner's stays where it is put. */
enum tdm_pin { TDM_FREE, TDM_FIRST, TDM_LAST };

struct tdm_recipe {
    const char *learner;          /**< of policies/learn: "dqn" */
    enum tdm_pin pins[TDM_KNOBS]; /**< by knob; all free by default */
    const int *entries;           /**< of tdm_entries, ends with -1; NULL: all that can be seen */
    const char *reward;           /**< to learn for, unless the scenario says one; NULL: as usual */
    int64_t steps;                /**< of training, unless it is asked otherwise */
    int environments;             /**< … side by side; 0: as usual */
    int round;                    /**< … and steps of each in a round; 0: as usual */
    void (*options)(struct tdm_learn_options *options); /**< sets its own */

    bool coordinates; /**< it decides once a period for all: an <environment> with a period */
    bool targets; /**< one branch: where all of a request runs, and at which clock (targets.h) */
    /** Where one branch a free knob will not do: branches and their levels, returns how many. */
    int (*branches)(const struct tdm_actions *actions, int *levels);
    /** … and the levels of all free knobs that a choice means. */
    void (*expand)(const struct tdm_actions *actions, const int32_t *choice, int32_t *action);
    /** For tables: edges between bins of an entry, in its own unit; returns how many (at most 8).
     */
    int (*edges)(int entry, double *edges);
};

struct tdm_learned {
    const struct tdm_policy_type *type;
    const struct tdm_scenario *scenario;
    struct tdm_process *process;
    struct tdm_learner *learner; /**< NULL: none yet */
    int input[TDM_ENTRIES];      /**< of the learner: which float of an observation */
    int inputs;
    int branches;
    int levels[TDM_LEARN_BRANCHES];
    struct tdm_targets targets; /**< where the recipe asks for them */
    int knob_of[TDM_KNOBS]; /**< which of the free knobs a branch is, where there is no `expand` */
};

/** Without a learner. -1 with `error`; tdm_learned_close ends it in any case. */
int tdm_learned_open(struct tdm_learned *learned, const struct tdm_policy_type *type,
                     const struct tdm_scenario *scenario, struct tdm_error *error);
void tdm_learned_close(struct tdm_learned *learned);

/** A learner that knows nothing yet. -1 with `error`. */
int tdm_learned_begin(struct tdm_learned *learned, const struct tdm_learn_options *options,
                      struct tdm_error *error);

/** What the learner sees of `count` observations, row by row. */
void tdm_learned_gather(const struct tdm_learned *learned, const float *observations, int count,
                        float *inputs);
/** The levels of the scenario's free knobs that a learner's choice means. */
void tdm_learned_expand(const struct tdm_learned *learned, const int32_t *choice, int32_t *action);

/** The levels of the free knobs that are best, as far as the learner knows. */
void tdm_learned_choose(const struct tdm_learned *learned, const float *observation,
                        int32_t *action);

// ---- files -------------------------------------------------------------------------------------

enum { TDM_POLICY_VERSION = 1 };

/** Writes /policy into an open file: what it was made for, and the learner, `whole` or to act. */
int tdm_learned_save(const struct tdm_learned *learned, struct tdm_h5 *file, bool whole,
                     struct tdm_error *error);
/**
 * Reads /policy: a learner for this type of policy, whose scenario must have the knobs and entries
 * that it was trained with. -1 with `error`.
 */
int tdm_learned_load(struct tdm_learned *learned, struct tdm_h5 *file, bool whole,
                     struct tdm_error *error);

// ---- for the types -----------------------------------------------------------------------------

/** `open`, `decide` and `close` of every learned policy. */
int tdm_learned_open_policy(struct tdm_policy *policy, const char *argument, uint64_t seed,
                            struct tdm_error *error);
void tdm_learned_decide(struct tdm_policy *policy, const struct tdm_state *state,
                        struct tdm_plan *plan);
void tdm_learned_close_policy(struct tdm_policy *policy);

#endif

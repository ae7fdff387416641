// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A policy: observation in, plan out. Each is a file with a const type; policies.c lists them.
 *
 * Policies are named "NAME" or "NAME:ARGUMENT" ("governed:ondemand"), learned ones with the file
 * that they were trained into, "NAME=FILE" ("dvfo=nano.h5").
 */
#ifndef TDM_POLICIES_POLICY_H
#define TDM_POLICIES_POLICY_H

#include "engine/unit.h"

struct tdm_policy {
    const struct tdm_policy_type *type;
    const struct tdm_scenario *scenario;
    char name[64]; /**< as it was asked for, argument included */
    void *own;     /**< what the policy keeps; freed by its close */
};

struct tdm_recipe;

struct tdm_policy_type {
    const char *name;
    const char *summary;
    const char *help; /**< what it does and what its argument means, for people */
    /** `argument` is what follows the colon, "" for nothing. -1 with `error` filled. Optional. */
    int (*open)(struct tdm_policy *policy, const char *argument, uint64_t seed,
                struct tdm_error *error);
    void (*decide)(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan);
    void (*learn)(struct tdm_policy *policy, const struct tdm_outcome *outcome); /**< optional */
    void (*close)(struct tdm_policy *policy);                                    /**< optional */
    const struct tdm_recipe *recipe; /**< how it is trained (learned.h); NULL: it needs none */
};

/** All of them; ends with NULL. */
extern const struct tdm_policy_type *const tdm_policies[];

/** Top clocks among those freed, everything on the board's gpu. */
void tdm_plan_local(const struct tdm_state *state, struct tdm_plan *plan);

/** As the board does without any plan: governors, everything on its gpu. */
void tdm_plan_governed(const struct tdm_state *state, struct tdm_plan *plan);

/** Fails with "NAME takes no argument" unless `argument` is empty. */
int tdm_policy_no_argument(struct tdm_policy *policy, const char *argument, uint64_t seed,
                           struct tdm_error *error);

#endif

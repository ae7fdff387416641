// SPDX-License-Identifier: GPL-3.0-or-later
/** Rewards: what an outcome is worth to whoever learns, by name. */
#ifndef TDM_ENV_REWARD_H
#define TDM_ENV_REWARD_H

#include "env/observe.h"

/** What a reward is told of a request besides its outcome. */
struct tdm_reward_context {
    const struct tdm_scenario_environment *environment;
    const struct tdm_stream *stream;
    const struct tdm_reference *reference;
    double eta, pmax;   /**< of the cost; W */
    double temperature; /**< degC, of the board's sensor now; only where the reward is thermal */
};

struct tdm_reward_type {
    const char *name;
    const char *summary; /**< the formula, with its units */
    double worst;        /**< rewards below it are raised to it, unless the scenario says another */
    double (*of)(const struct tdm_reward_context *context, const struct tdm_outcome *outcome);
    /** … and for each second that another request waited while it was served; NULL: nothing. */
    double (*of_waiting)(const struct tdm_reward_context *context);
    bool thermal; /**< it asks for the temperature */
};

/** All of them; ends with NULL. */
extern const struct tdm_reward_type *const tdm_rewards[];

/** By name. NULL with `error`, naming the nearest. */
const struct tdm_reward_type *tdm_reward_find(const char *name, struct tdm_error *error);

#endif

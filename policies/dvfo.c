// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DVFO (Zhang et al., IEEE TMC 23(10), 2024): deep Q-learning chooses the clocks of CPU, GPU and
 * memory, and what share of the feature maps goes to the cloud. dvfo.md says what is the paper's
 * and what is ours.
 */
#include "policies/deep_q.h"
#include "policies/learned.h"

static const struct tdm_recipe recipe = {
    .learner = "dqn", .reward = "burden", .steps = TDM_DEEP_Q_STEPS, .options = tdm_deep_q_options};

const struct tdm_policy_type tdm_policy_dvfo = {
    .name = "dvfo",
    .summary = "deep Q-learning of all clocks and of what is sent",
    .help =
        "dvfo=FILE  chooses the clocks of CPU, GPU and memory and what is sent to the cloud, by "
        "a deep Q-network with a branch a knob that was trained for the scenario's cost "
        "('tandem train SCENARIO --policy dvfo -o FILE'). After Zhang et al., IEEE TMC 2024.",
    .open = tdm_learned_open_policy,
    .decide = tdm_learned_decide,
    .close = tdm_learned_close_policy,
    .recipe = &recipe,
};

// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DRLDO, as DVFO's authors compare with it: deep Q-learning of the CPU's clock and of how much is
 * sent, while GPU and memory stay at the top. drldo.md says what is known of it.
 */
#include "policies/deep_q.h"
#include "policies/learned.h"

static const struct tdm_recipe recipe = {
    .learner = "dqn",
    .reward = "burden",
    .pins = {[TDM_KNOB_GPU] = TDM_LAST, [TDM_KNOB_EMC] = TDM_LAST, [TDM_KNOB_CUT] = TDM_FIRST},
    .steps = TDM_DEEP_Q_STEPS,
    .options = tdm_deep_q_options};

const struct tdm_policy_type tdm_policy_drldo = {
    .name = "drldo",
    .summary = "deep Q-learning of the CPU's clock and of how much is sent",
    .help = "drldo=FILE  chooses the CPU's clock and how much of the input or of the channels is "
            "sent, by a deep Q-network ('tandem train SCENARIO --policy drldo -o FILE'); GPU and "
            "memory are at the top clocks. As DVFO's authors describe what they compare with.",
    .open = tdm_learned_open_policy,
    .decide = tdm_learned_decide,
    .close = tdm_learned_close_policy,
    .recipe = &recipe,
};

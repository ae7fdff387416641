// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DRLDO, as DVFO's authors compare with it: deep Q-learning of the CPU's clock and of how much is
 * sent, while GPU and memory stay at the top. drldo.md says what is known of it.
 */
#include "policies/learned.h"

static void set_options(struct tdm_learn_options *o)
{
    o->hidden[0] = 128;
    o->hidden[1] = 64;
    o->hidden[2] = 32;
    o->branching = true;
    o->double_q = true;
    o->rate = 1e-3;
    o->gamma = 0.5;
    o->batch = 256;
    o->capacity = 100000;
    o->warmup = 2000;
    o->train_every = 8;
    o->epsilon_start = 1;
    o->epsilon_end = 0.02;
    o->epsilon_steps = 100000;
}

static const struct tdm_recipe recipe = {
    .learner = "dqn",
    .pins = {[TDM_KNOB_GPU] = TDM_LAST, [TDM_KNOB_EMC] = TDM_LAST, [TDM_KNOB_CUT] = TDM_FIRST},
    .steps = 300000,
    .options = set_options};

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

// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DVFO (Zhang et al., IEEE TMC 23(10), 2024): deep Q-learning chooses the clocks of CPU, GPU and
 * memory, and what share of the feature maps goes to the cloud. dvfo.md says what is the paper's
 * and what is ours.
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

static const struct tdm_recipe recipe = {.learner = "dqn", .steps = 300000, .options = set_options};

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

// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * zTT (Kim et al., MobiSys 2021): deep Q-learning of the clocks of CPU and GPU, for a target of
 * time and one of temperature. ztt.md says what is the paper's, what its code does, and what is
 * ours.
 */
#include "policies/learned.h"

static void set_options(struct tdm_learn_options *o)
{
    o->branching = false; // one value for each pair of clocks
    o->double_q = false;
    o->dueling = false;
    o->gamma = 0.99;
    o->batch = 64;
    o->rate_end = 0.02;
    o->rate_steps = 150000;
    o->epsilon_end = 0.02;
}

static const int entries[] = {TDM_SEES_CLOCKS + TDM_CPU,
                              TDM_SEES_CLOCKS + TDM_GPU,
                              TDM_SEES_POWER,
                              TDM_SEES_TEMPERATURE,
                              TDM_SEES_SLACK,
                              TDM_SEES_QUEUED,
                              -1};

static const struct tdm_recipe recipe = {.learner = "dqn",
                                         .reward = "ztt",
                                         .entries = entries,
                                         .pins = {[TDM_KNOB_EMC] = TDM_LAST,
                                                  [TDM_KNOB_PROCESSOR] = TDM_FIRST,
                                                  [TDM_KNOB_CUT] = TDM_FIRST,
                                                  [TDM_KNOB_XI] = TDM_FIRST,
                                                  [TDM_KNOB_BITS] = TDM_FIRST,
                                                  [TDM_KNOB_LINK] = TDM_FIRST,
                                                  [TDM_KNOB_VERSION] = TDM_FIRST,
                                                  [TDM_KNOB_EXIT] = TDM_FIRST},
                                         .steps = 200000,
                                         .environments = 2,
                                         .round = 8192,
                                         .options = set_options};

const struct tdm_policy_type tdm_policy_ztt = {
    .name = "ztt",
    .summary = "deep Q-learning of CPU and GPU clocks that keeps the board cool",
    .help =
        "ztt=FILE  runs everything on the board, at clocks of CPU and GPU from a deep Q-network "
        "that was trained to meet deadlines below a temperature ('tandem train SCENARIO --policy "
        "ztt -o FILE'; <environment temperature=\"50 degC\"/>). --set done=1 trains it as the "
        "published code does, which looks no step ahead. After Kim et al., MobiSys 2021; "
        "policies/ztt.md says what is theirs.",
    .open = tdm_learned_open_policy,
    .decide = tdm_learned_decide,
    .close = tdm_learned_close_policy,
    .recipe = &recipe,
};

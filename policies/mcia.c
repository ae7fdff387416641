// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * MCIA (Qi et al., ACM TECS 2023): deep Q-learning of versions and cuts for all boards at once,
 * with shares of link and server. mcia.md says what is the paper's and what is ours.
 */
#include "policies/learned.h"

static void set_options(struct tdm_learn_options *o)
{
    o->hidden[0] = 128;
    o->hidden[1] = 64;
    o->double_q = true;
    o->rate = 1e-3;
    o->batch = 256;
    o->capacity = 30000; // so that what others did when they tried anything is forgotten
    o->warmup = 2000;
    o->train_every = 8;
    o->epsilon_start = 1;
    o->epsilon_end = 0.02;
    o->epsilon_steps = 60000;
}

// One branch: a version on the board, or cut at one of its points.
static int find_branches(const struct tdm_actions *actions, int *levels)
{
    levels[0] = tdm_actions_levels(actions, TDM_KNOB_VERSION) * tdm_actions_places(actions);
    return 1;
}

static void expand(const struct tdm_actions *actions, const int32_t *choice, int32_t *action)
{
    const int places = tdm_actions_places(actions);
    tdm_actions_local(actions, action);
    tdm_actions_set(actions, action, TDM_KNOB_VERSION, choice[0] / places);
    tdm_actions_set_place(actions, action, choice[0] % places);
}

static const struct tdm_recipe recipe = {.learner = "dqn",
                                         .reward = "mcia",
                                         .steps = 200000,
                                         .round = 512,
                                         .options = set_options,
                                         .coordinates = true,
                                         .branches = find_branches,
                                         .expand = expand};

// In the order of the scenario, as in training: each sees what those before it have chosen.
static void allot(struct tdm_policy *policy, struct tdm_coordinator *coordinator,
                  const struct tdm_state *state)
{
    tdm_coordinator_look(coordinator, state);
    for (size_t i = 0; i < coordinator->count; i++) {
        struct tdm_state turn;
        struct tdm_plan plan;
        tdm_coordinator_state(&coordinator->members[i], state->now, &turn);
        tdm_learned_decide(policy, &turn, &plan);
        tdm_coordinator_put(&coordinator->members[i], &plan);
    }
    tdm_coordinator_deal(coordinator, false);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_learned *learned = policy->own;
    struct tdm_coordinator *coordinator = tdm_process_coordinator(learned->process);
    if (tdm_coordinator_is_due(coordinator, state))
        allot(policy, coordinator, state);
    tdm_coordinator_plan(coordinator, state, plan);
}

const struct tdm_policy_type tdm_policy_mcia = {
    .name = "mcia",
    .summary = "deep Q-learning of versions and cuts for all boards, with shares",
    .help =
        "mcia=FILE  decides once a period (<environment period>) for the streams of all boards, "
        "one after another: which of its versions each runs and where that is cut, by a deep "
        "Q-network ('tandem train SCENARIO --policy mcia --engine analytic: -o FILE'); shares of "
        "link and server follow in closed form. After Qi et al., ACM TECS 2023.",
    .open = tdm_learned_open_policy,
    .decide = decide,
    .close = tdm_learned_close_policy,
    .recipe = &recipe,
};

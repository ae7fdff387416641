// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * SAC-d (Niu et al., arXiv 2201.02968): a discrete soft actor-critic chooses where a network is
 * left, where it is cut, and in how many bits its features go. sac-d.md says what is the paper's
 * and what is ours.
 */
#include <string.h>

#include "core/error.h"
#include "policies/ahead.h"

static void set_options(struct tdm_learn_options *o)
{
    o->hidden[0] = 128;
    o->hidden[1] = 64;
    o->hidden[2] = 0;
    o->branching = false; // one softmax over all that it chooses, as discrete SAC has it
    o->rate = 1e-3;
    o->rate_end = 0.1;
    o->rate_steps = 18000;
    o->gamma = 0; // a choice changes little but its own request
    o->batch = 256;
    o->capacity = 100000;
    o->warmup = 5000;
    o->train_every = 8;
    o->target_rate = 0.01;
    o->target_every = 1;
    o->temperature = 0.1;
    o->adapt_temperature = true;
    o->entropy_ratio = 0.02;
}

// The channel, and what else the board does; what waits and until when.
static const int entries[] = {TDM_SEES_BANDWIDTH,
                              TDM_SEES_TREND,
                              TDM_SEES_RTT,
                              TDM_SEES_SIGNAL,
                              TDM_SEES_RUNNERS + TDM_CPU,
                              TDM_SEES_RUNNERS + TDM_GPU,
                              TDM_SEES_RUNNERS + TDM_EMC,
                              TDM_SEES_QUEUED,
                              TDM_SEES_SLACK,
                              -1};

// ---- what it chooses ---------------------------------------------------------------------------

enum { EXIT, PLACE, BITS, BRANCHES };

static int find_branches(const struct tdm_actions *actions, int *levels)
{
    levels[EXIT] = tdm_actions_levels(actions, TDM_KNOB_EXIT);
    levels[PLACE] = tdm_actions_places(actions);
    levels[BITS] = tdm_actions_levels(actions, TDM_KNOB_BITS);
    return BRANCHES;
}

// All else as on the board alone: its top clocks, its first processor, link and version.
static void expand(const struct tdm_actions *actions, const int32_t *choice, int32_t *action)
{
    tdm_actions_local(actions, action);
    tdm_actions_set(actions, action, TDM_KNOB_EXIT, choice[EXIT]);
    tdm_actions_set_place(actions, action, choice[PLACE]);
    tdm_actions_set(actions, action, TDM_KNOB_BITS, choice[BITS]);
}

static const struct tdm_recipe recipe = {.learner = "sac",
                                         .reward = "sac-d",
                                         .entries = entries,
                                         .steps = 150000,
                                         .options = set_options,
                                         .branches = find_branches,
                                         .expand = expand};

// ---- as a policy -------------------------------------------------------------------------------

static int open_sac_d(struct tdm_policy *policy, const char *argument, uint64_t seed,
                      struct tdm_error *error)
{
    const char *colon = strchr(policy->name, ':'), *equals = strchr(policy->name, '=');
    if (!colon || (equals && equals < colon))
        return tdm_learned_open_policy(policy, argument, seed, error);
    if (strcmp(argument, "opt") == 0)
        return tdm_ahead_open(policy, error);
    return tdm_fail(error, "'sac-d' takes a file, or 'opt', not '%.32s'", argument);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_learned *l = policy->own;
    if (l->learner)
        tdm_learned_decide(policy, state, plan);
    else
        tdm_ahead_best(l, state, tdm_ahead_choices(l), plan);
}

const struct tdm_policy_type tdm_policy_sac_d = {
    .name = "sac-d",
    .summary = "soft actor-critic of exit, cut and bits",
    .help =
        "sac-d=FILE  chooses for each request at which exit its network is left, where it is cut "
        "and in how many bits its features go, by a discrete soft actor-critic that was trained "
        "to be right and soon, as the stream's weight and accuracy say ('tandem train SCENARIO "
        "--policy sac-d -o FILE'; <knobs exit=\"all\"/>). After Niu et al., arXiv 2201.02968; "
        "policies/sac-d.md says what is theirs.\n"
        "sac-d:opt   in place of having learned knows the link's future, and takes the choice of "
        "highest reward",
    .open = open_sac_d,
    .decide = decide,
    .close = tdm_learned_close_policy,
    .recipe = &recipe,
};

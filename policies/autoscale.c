// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * AutoScale (Kim and Wu, MICRO 2020): Q-learning on a table chooses where a request runs, and at
 * which clock. autoscale.md says what is the paper's and what is ours.
 */
#include <string.h>

#include "core/error.h"
#include "policies/ahead.h"

// ---- how it learns -----------------------------------------------------------------------------

static void set_options(struct tdm_learn_options *o)
{
    o->rate = 0.9;
    o->gamma = 0.1;
    o->epsilon_start = 0.1;
    o->epsilon_end = 0.1;
    o->initial = 1; // rewards are negative, so that everything is tried before anything twice
}

// The layers' kinds and number of multiply-accumulates, co-runners' use of CPU and memory, and the
// signals of two links.
static const int entries[] = {TDM_SEES_CONVOLUTIONS,
                              TDM_SEES_DENSE,
                              TDM_SEES_RECURRENT,
                              TDM_SEES_FLOP,
                              TDM_SEES_RUNNERS + TDM_CPU,
                              TDM_SEES_RUNNERS + TDM_EMC,
                              TDM_SEES_SIGNAL,
                              TDM_SEES_SIGNAL_2,
                              -1};

static int put_edges(double *edges, const double *from, int count)
{
    memcpy(edges, from, (size_t)count * sizeof *from);
    return count;
}

static int find_edges(int entry, double *edges)
{
    static const double convolutions[] = {30, 50, 90}, ten[] = {10};
    static const double flop[] = {2e9, 4e9}; // 1000 and 2000 million MACs
    static const double runners[] = {1e-6, 0.25, 0.75}, weak[] = {-80};
    switch (entry) {
    case TDM_SEES_CONVOLUTIONS:
        return put_edges(edges, convolutions, 3);
    case TDM_SEES_DENSE:
    case TDM_SEES_RECURRENT:
        return put_edges(edges, ten, 1);
    case TDM_SEES_FLOP:
        return put_edges(edges, flop, 2);
    case TDM_SEES_SIGNAL:
    case TDM_SEES_SIGNAL_2:
        return put_edges(edges, weak, 1);
    default:
        return put_edges(edges, runners, 3);
    }
}

static const struct tdm_recipe recipe = {.learner = "tabular",
                                         .targets = true,
                                         .entries = entries,
                                         .edges = find_edges,
                                         .reward = "autoscale",
                                         .steps = 6400,
                                         .environments = 1, // one device learns on its own
                                         .round = 16,
                                         .options = set_options};

// ---- looking ahead in place of learning --------------------------------------------------------

static bool is_local(const struct tdm_policy *policy)
{
    return strcmp(policy->name, "autoscale:edge") == 0;
}

static int open_autoscale(struct tdm_policy *policy, const char *argument, uint64_t seed,
                          struct tdm_error *error)
{
    const char *colon = strchr(policy->name, ':'), *equals = strchr(policy->name, '=');
    if (!colon || (equals && equals < colon))
        return tdm_learned_open_policy(policy, argument, seed, error);
    if (strcmp(argument, "opt") == 0 || strcmp(argument, "edge") == 0)
        return tdm_ahead_open(policy, error);
    return tdm_fail(error, "'autoscale' takes a file, or 'opt' or 'edge', not '%.32s'", argument);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_learned *l = policy->own;
    if (l->learner) {
        tdm_learned_decide(policy, state, plan);
        return;
    }
    tdm_ahead_best(l, state, is_local(policy) ? tdm_targets_local(&l->targets) : l->targets.count,
                   plan);
}

const struct tdm_policy_type tdm_policy_autoscale = {
    .name = "autoscale",
    .summary = "Q-learning on a table of where a request runs, and at which clock",
    .help =
        "autoscale=FILE  runs each request as a whole on one of the board's processors at one "
        "of its clocks, or on a server over one of the links, by a table over layers, "
        "co-runners and signals that was trained for AutoScale's reward unless the scenario says "
        "another ('tandem train SCENARIO --policy autoscale -o FILE'). After Kim and Wu, MICRO "
        "2020; policies/autoscale.md says what is theirs.\n"
        "autoscale:opt   in place of a table knows the link's future, and takes the target of "
        "highest reward\n"
        "autoscale:edge  the same of the targets on the board",
    .open = open_autoscale,
    .decide = decide,
    .close = tdm_learned_close_policy,
    .recipe = &recipe,
};

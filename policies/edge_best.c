// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "policies/clocks.h"

struct choice {
    bool made;
    struct tdm_plan plan;
};

static int open_edge_best(struct tdm_policy *policy, const char *argument, uint64_t seed,
                          struct tdm_error *error)
{
    if (tdm_policy_no_argument(policy, argument, seed, error))
        return -1;
    policy->own = calloc(policy->scenario->stream_count, sizeof(struct choice));
    return policy->own ? 0 : tdm_fail(error, "out of memory");
}

static void choose(const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_unit *unit = state->unit;
    const struct tdm_queue *queue = tdm_unit_queue(unit, state->stream);
    const double eta = unit->scenario->eta, pmax = unit->board->pmax;
    double best = INFINITY;
    tdm_plan_local(state, plan);
    struct tdm_clock_walk walk = tdm_clock_walk(queue);
    for (int opp[TDM_CLOCKS]; tdm_clock_next(&walk, opp);) {
        const struct tdm_cell *cell = tdm_costs_at(queue->costs, 0, plan->processor, opp);
        const double power = cell->run_sum + cell->run.leakage;
        const double cost = cell->time * (eta * power + (1 - eta) * pmax);
        if (cost >= best)
            continue;
        best = cost;
        for (int d = 0; d < TDM_CLOCKS; d++)
            plan->opp[d] = walk.asked[d];
    }
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    struct choice *choice = &((struct choice *)policy->own)[state->stream];
    if (!choice->made)
        choose(state, &choice->plan);
    choice->made = true;
    *plan = choice->plan;
}

static void close_edge_best(struct tdm_policy *policy)
{
    free(policy->own);
}

const struct tdm_policy_type tdm_policy_edge_best = {
    .name = "edge-best",
    .summary = "everything on the board, at the best fixed clocks",
    .help = "Finds, once, the clocks among those freed whose cost is least for a request that does "
            "not wait (reference temperature, co-runners as at the start), and keeps them.",
    .open = open_edge_best,
    .decide = decide,
    .close = close_edge_best,
};

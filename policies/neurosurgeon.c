// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Neurosurgeon (Kang et al., ASPLOS 2017): predicts the time, or the board's energy, of every cut
 * from per-layer models and the bandwidth last seen, and takes the best. Clocks stay at the top.
 */
#include "policies/policy.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/predict.h"

struct aim {
    bool energy;
};

static int open_neurosurgeon(struct tdm_policy *policy, const char *argument, uint64_t seed,
                             struct tdm_error *error)
{
    (void)seed;
    if (argument[0] && strcmp(argument, "latency") != 0 && strcmp(argument, "energy") != 0)
        return tdm_fail(error, "the policy 'neurosurgeon' aims at 'latency' or 'energy', not '%s'",
                        argument);
    struct aim *aim = malloc(sizeof *aim);
    if (!aim)
        return tdm_fail(error, "out of memory");
    aim->energy = strcmp(argument, "energy") == 0;
    policy->own = aim;
    return 0;
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct aim *aim = policy->own;
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    const struct tdm_network network = tdm_network_seen(state);
    tdm_plan_local(state, plan);
    if (network.link < 0 || !tdm_predict_may_send(levels))
        return;
    const struct tdm_cell *cell = tdm_predict_cell(state, plan);
    const struct tdm_work local = tdm_predict_local(cell);
    double best = aim->energy ? local.energy : local.time;
    for (int i = 0; i < levels->point_count; i++)
        for (int b = 0; b < levels->bits_count; b++) {
            const struct tdm_prediction p = tdm_predict_sent(state->unit, queue, cell, &network,
                                                             levels->point[i], levels->bits[b]);
            const double value = aim->energy ? p.energy : p.time;
            if (value >= best)
                continue;
            best = value;
            tdm_plan_send(plan, &network, levels->point[i], levels->bits[b]);
        }
}

static void close_neurosurgeon(struct tdm_policy *policy)
{
    free(policy->own);
}

const struct tdm_policy_type tdm_policy_neurosurgeon = {
    .name = "neurosurgeon",
    .summary = "the best cut for latency or energy, at the top clocks",
    .help = "neurosurgeon[:latency|energy]  predicts every cut from the layer table and the "
            "bandwidth that the last probe saw, and takes the least latency (default) or the "
            "board's least energy. Kang et al., ASPLOS 2017; the per-layer models are Tandem's, "
            "and bits below 32 are tried where the scenario frees them.",
    .open = open_neurosurgeon,
    .decide = decide,
    .close = close_neurosurgeon,
};

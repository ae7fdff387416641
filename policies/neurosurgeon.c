// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Neurosurgeon (Kang et al., ASPLOS 2017): predicts the time, or the board's energy, of every cut
 * from per-layer models and the bandwidth last seen, and takes the best. Clocks stay at the top.
 */
#include "policies/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

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

struct prediction {
    double time, energy;
};

// What a cut would cost if the bandwidth stayed as it was last seen.
static struct prediction predict(const struct tdm_state *state, const struct tdm_queue *queue,
                                 const struct tdm_cell *cell, int point, int bits)
{
    const struct tdm_way *way = &state->unit->ways[state->link];
    const struct tdm_dnn *dnn = queue->stream->dnn;
    const struct tdm_radio *radio = way->radio.radio;
    double bytes = tdm_point_bytes(dnn, point, queue->stream->input);
    double packed = point > 0 && bits < 32 ? bytes : 0;
    if (point == 0 && queue->stream->input == TDM_COMPRESSED)
        packed = dnn->raw;
    const double packing = packed / cell->pack_rate;
    if (point > 0)
        bytes *= bits / 32.;
    const double sending = bytes / state->bandwidth;
    const double serving = way->slots->server->overhead +
                           queue->compute[state->link * queue->costs->point_count + point];
    const double rtt = isnan(state->rtt) ? 0 : state->rtt;
    const double away = sending + serving + rtt;
    struct prediction p = {cell->head[point] + packing + away,
                           cell->head[point] * tdm_watts_sum(&cell->run) +
                               packing * tdm_watts_sum(&cell->packing) +
                               away * tdm_watts_sum(&cell->idle)};
    if (radio)
        p.energy += radio->up * bytes + radio->base * sending + tdm_radio_tail(radio);
    return p;
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct aim *aim = policy->own;
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    tdm_plan_local(state, plan);
    if (state->link < 0 || !(state->bandwidth > 0))
        return;
    int opp[TDM_CLOCKS];
    for (int d = 0; d < TDM_CLOCKS; d++)
        opp[d] = plan->opp[d] >= 0 ? plan->opp[d] : state->opp[d];
    const struct tdm_cell *cell = tdm_costs_at(queue->costs, 0, plan->processor, opp);
    double best = aim->energy ? cell->time * tdm_watts_sum(&cell->run) : cell->time;
    if (!levels->xi_count || levels->xi[levels->xi_count - 1] < 1)
        return; // sending all is not among the levels
    for (int i = 0; i < levels->point_count; i++)
        for (int b = 0; b < levels->bits_count; b++) {
            const struct prediction p =
                predict(state, queue, cell, levels->point[i], levels->bits[b]);
            const double value = aim->energy ? p.energy : p.time;
            if (value >= best)
                continue;
            best = value;
            plan->point = levels->point[i];
            plan->xi = 1;
            plan->bits = levels->bits[b];
            plan->link = state->link;
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

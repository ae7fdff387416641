// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * LMOS (Jain et al., arXiv 2107.09123): the cut that trades latency against the use of the board's
 * memory, from the Pareto set by TOPSIS. See lmos.md.
 */
#include "policies/lmos.h"

#include <stdlib.h>

#include "core/error.h"
#include "policies/pareto.h"
#include "policies/policy.h"
#include "policies/predict.h"

struct lmos {
    double weight[TDM_TRADES]; // of latency and of memory
    double *memory;            // bytes, by point of the network in hand
    struct tdm_trade *cuts;
};

void tdm_head_memory(const struct tdm_dnn *dnn, double *memory)
{
    double weights = 0, most = 0;
    size_t layer = 0;
    for (int point = 0; (size_t)point < dnn->cut_count + 2; point++) {
        for (; layer < tdm_point_layers(dnn, point); layer++) {
            const double activations = dnn->layers[layer].in + dnn->layers[layer].out;
            weights += dnn->layers[layer].weights;
            most = activations > most ? activations : most;
        }
        memory[point] = weights + most;
    }
}

static int read_weight(const char *argument, double *weight, struct tdm_error *error)
{
    *weight = 0.5;
    if (!argument[0])
        return 0;
    struct tdm_error why = {0};
    if (tdm_quantity_parse(argument, TDM_SHARE, weight, &why) || *weight < 0 || *weight > 1)
        return tdm_fail(error,
                        "the policy 'lmos' takes the weight of latency, from 0 to 1 (memory has "
                        "the rest), not '%.32s'",
                        argument);
    return 0;
}

static void close_lmos(struct tdm_policy *policy)
{
    struct lmos *own = policy->own;
    free(own->memory);
    free(own->cuts);
    free(own);
}

static int open_lmos(struct tdm_policy *policy, const char *argument, uint64_t seed,
                     struct tdm_error *error)
{
    (void)seed;
    const struct tdm_scenario *scenario = policy->scenario;
    double weight;
    if (read_weight(argument, &weight, error))
        return -1;
    size_t points = 2;
    for (size_t i = 0; i < scenario->stream_count; i++)
        if (scenario->streams[i].dnn->cut_count + 2 > points)
            points = scenario->streams[i].dnn->cut_count + 2;
    struct lmos *own = calloc(1, sizeof *own);
    if (!own)
        return tdm_fail(error, "out of memory");
    policy->own = own;
    own->weight[0] = weight;
    own->weight[1] = 1 - weight;
    own->memory = calloc(points, sizeof *own->memory);
    own->cuts = calloc(points, sizeof *own->cuts);
    if (own->memory && own->cuts)
        return 0;
    close_lmos(policy);
    return tdm_fail(error, "out of memory");
}

// Every cut that the scenario frees, and all on the board, which is the last point.
static size_t list_cuts(const struct lmos *own, const struct tdm_state *state,
                        const struct tdm_network *network, const struct tdm_cell *cell)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    const int last = queue->costs->point_count - 1, bits = tdm_predict_most_bits(levels);
    size_t count = 0;
    tdm_head_memory(queue->stream->dnn, own->memory);
    own->cuts[count++] = (struct tdm_trade){
        .cost = {tdm_predict_local(cell).time, -own->memory[last]}, .index = last};
    for (int i = 0; i < levels->point_count; i++) {
        const int point = levels->point[i];
        const double time = tdm_predict_sent(state->unit, queue, cell, network, point, bits).time;
        own->cuts[count++] =
            (struct tdm_trade){.cost = {time, -own->memory[point]}, .index = point};
    }
    return count;
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct lmos *own = policy->own;
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_network network = tdm_network_seen(state);
    tdm_plan_local(state, plan);
    if (network.link < 0 || !tdm_predict_may_send(queue->levels))
        return;
    const size_t listed = list_cuts(own, state, &network, tdm_predict_cell(state, plan));
    const size_t count = tdm_pareto(own->cuts, listed);
    const int point = own->cuts[tdm_topsis(own->cuts, count, own->weight)].index;
    if (point < queue->costs->point_count - 1)
        tdm_plan_send(plan, &network, point, tdm_predict_most_bits(queue->levels));
}

const struct tdm_policy_type tdm_policy_lmos = {
    .name = "lmos",
    .summary = "the cut that trades latency for use of the board's memory, at the top clocks",
    .help = "lmos[:WEIGHT]  Of all cuts, all on the board and the whole input, keeps those that "
            "trade predicted latency (less is better) for memory that the board's layers take "
            "(more is better), and takes one by TOPSIS. WEIGHT, from 0 to 1, is that of latency, "
            "memory has the rest; 0.5 unless said. Jain et al., arXiv 2107.09123.",
    .open = open_lmos,
    .decide = decide,
    .close = close_lmos,
};

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/predict.h"

#include <math.h>

struct tdm_network tdm_network_seen(const struct tdm_state *state)
{
    const bool usable = state->link >= 0 && state->bandwidth > 0;
    return (struct tdm_network){.link = usable ? state->link : -1,
                                .bandwidth = state->bandwidth,
                                .rtt = isnan(state->rtt) ? 0 : state->rtt};
}

const struct tdm_cell *tdm_predict_cell(const struct tdm_state *state, const struct tdm_plan *plan)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    int opp[TDM_CLOCKS];
    for (int d = 0; d < TDM_CLOCKS; d++)
        opp[d] = plan->opp[d] >= 0 ? plan->opp[d] : state->opp[d];
    return tdm_costs_at(queue->costs, 0, plan->processor, opp);
}

struct tdm_work tdm_predict_local(const struct tdm_cell *cell)
{
    return (struct tdm_work){.time = cell->time, .energy = cell->time * tdm_watts_sum(&cell->run)};
}

// Bytes that the CPU handles before they are sent.
static double packed_bytes(const struct tdm_stream *stream, int point, int bits)
{
    if (point == 0)
        return stream->input == TDM_COMPRESSED ? stream->dnn->raw : 0;
    return bits < 32 ? tdm_point_bytes(stream->dnn, point, stream->input) : 0;
}

static double sent_bytes(const struct tdm_stream *stream, int point, int bits)
{
    const double bytes = tdm_point_bytes(stream->dnn, point, stream->input);
    return point > 0 ? bytes * (bits / 32.) : bytes; // the input goes as it is
}

struct tdm_work tdm_predict_head(const struct tdm_queue *queue, const struct tdm_cell *cell,
                                 int point, int bits)
{
    const double packing = packed_bytes(queue->stream, point, bits) / cell->pack_rate;
    return (struct tdm_work){.time = cell->head[point] + packing,
                             .energy = cell->head[point] * tdm_watts_sum(&cell->run) +
                                       packing * tdm_watts_sum(&cell->packing),
                             .idle = tdm_watts_sum(&cell->idle)};
}

struct tdm_away tdm_predict_away(const struct tdm_unit *unit, const struct tdm_queue *queue,
                                 const struct tdm_network *network, int point, int bits)
{
    const struct tdm_way *way = &unit->ways[network->link];
    const struct tdm_radio *radio = way->radio.radio;
    const double bytes = sent_bytes(queue->stream, point, bits);
    const double sending = bytes / network->bandwidth;
    const double serving = way->slots->server->overhead +
                           queue->compute[network->link * queue->costs->point_count + point];
    struct tdm_away away = {.time = sending + serving + network->rtt + network->wait,
                            .server = tdm_slots_joules(way->slots, serving)};
    if (radio)
        away.radio = radio->up * bytes + radio->base * sending + tdm_radio_tail(radio);
    return away;
}

struct tdm_prediction tdm_predict_sent(const struct tdm_unit *unit, const struct tdm_queue *queue,
                                       const struct tdm_cell *cell,
                                       const struct tdm_network *network, int point, int bits)
{
    const struct tdm_work work = tdm_predict_head(queue, cell, point, bits);
    const struct tdm_away away = tdm_predict_away(unit, queue, network, point, bits);
    return tdm_predict_sum(&work, &away);
}

bool tdm_predict_may_send(const struct tdm_levels *levels)
{
    return levels->point_count && levels->xi_count && levels->xi[levels->xi_count - 1] >= 1;
}

int tdm_predict_most_bits(const struct tdm_levels *levels)
{
    int most = levels->bits[0];
    for (int b = 1; b < levels->bits_count; b++)
        most = levels->bits[b] > most ? levels->bits[b] : most;
    return most;
}

void tdm_plan_send(struct tdm_plan *plan, const struct tdm_network *network, int point, int bits)
{
    plan->point = point;
    plan->xi = 1;
    plan->bits = bits;
    plan->link = network->link;
}

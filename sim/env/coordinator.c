// SPDX-License-Identifier: GPL-3.0-or-later
#include "env/coordinator.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static const double least_rate = 1e3; // bytes/s, so that nobody waits for ever for a silent link

// ---- who shares what ---------------------------------------------------------------------------

// The number of what a link's cell is, or else of the link itself. Cells within cells stand for
// themselves: what limits them from outside is not shared out.
static int shared_link(const struct tdm_scenario *scenario, int index)
{
    const struct tdm_scenario_link *link = &scenario->links[index];
    if (link->cell < 0)
        return index;
    for (int i = 0; i < index; i++)
        if (scenario->links[i].cell == link->cell && scenario->links[i].copy == link->copy)
            return i;
    return index;
}

static void meet(const struct tdm_scenario *scenario, int stream, struct tdm_member *member)
{
    const struct tdm_stream *s = &scenario->streams[stream];
    const struct tdm_scenario_board *board = &scenario->boards[s->board];
    *member = (struct tdm_member){
        .board = s->board, .stream = stream, .link = -1, .server = -1, .weight = s->weight};
    if (!board->link_count)
        return;
    member->link = shared_link(scenario, board->links[0]);
    member->server = scenario->links[board->links[0]].server;
}

struct tdm_coordinator *tdm_coordinator_new(const struct tdm_scenario *scenario, double period)
{
    struct tdm_coordinator *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->scenario = scenario;
    c->period = period;
    c->count = scenario->stream_count;
    c->members = calloc(c->count, sizeof *c->members);
    c->sums = calloc(scenario->link_count + scenario->server_count + 1, sizeof *c->sums);
    if (!c->members || !c->sums) {
        tdm_coordinator_free(c);
        return NULL;
    }
    for (size_t i = 0; i < c->count; i++)
        meet(scenario, (int)i, &c->members[i]);
    tdm_coordinator_restart(c);
    return c;
}

void tdm_coordinator_free(struct tdm_coordinator *coordinator)
{
    if (!coordinator)
        return;
    free(coordinator->members);
    free(coordinator->sums);
    free(coordinator);
}

void tdm_coordinator_restart(struct tdm_coordinator *coordinator)
{
    coordinator->next = -INFINITY;
    coordinator->met = false;
}

// ---- looking -----------------------------------------------------------------------------------

// Until something is allotted: the stream's own network on the board, at the top.
static void begin(struct tdm_coordinator *c, const struct tdm_state *state)
{
    for (size_t i = 0; i < c->count; i++) {
        struct tdm_member *m = &c->members[i];
        m->unit = state->unit->peers[m->board];
        struct tdm_queue *queue = tdm_unit_queue(m->unit, m->stream);
        struct tdm_reference reference;
        tdm_reference_of(c->scenario, queue, &reference);
        m->minds = (1 - m->weight) / reference.time;
        m->plan = (struct tdm_plan){.cap = {-1, -1, -1},
                                    .governor = -1,
                                    .bits = 32,
                                    .point = queue->costs->point_count - 1};
        for (int d = 0; d < TDM_CLOCKS; d++)
            m->plan.opp[d] = queue->levels->opp[d][queue->levels->opp_count[d] - 1];
        m->plan.processor = queue->levels->processor[0];
    }
    c->met = true;
}

void tdm_coordinator_look(struct tdm_coordinator *coordinator, const struct tdm_state *state)
{
    struct tdm_coordinator *c = coordinator;
    if (!c->met)
        begin(c, state);
    for (size_t i = 0; i < c->count; i++) {
        struct tdm_member *m = &c->members[i];
        struct tdm_view view = {.rtt = NAN};
        if (m->link >= 0)
            tdm_unit_see_at(m->unit, 0, state->now, &view);
        m->rate = fmax(view.bandwidth, least_rate);
        m->rtt = isnan(view.rtt) ? 0 : view.rtt;
        tdm_coordinator_claim(m, &m->plan, &m->claim); // what it has, at the rates of now
    }
    c->next = (floor(state->now / c->period) + 1) * c->period;
}

void tdm_coordinator_state(const struct tdm_member *member, double now, struct tdm_state *state)
{
    struct tdm_unit *unit = member->unit;
    const struct tdm_queue *queue = tdm_unit_queue(unit, member->stream);
    struct tdm_readings readings;
    unit->driver->type->read(unit->driver, &readings);
    struct tdm_view view = {NAN, NAN, NAN, NAN};
    if (member->link >= 0)
        tdm_unit_see_at(unit, 0, now, &view);
    *state = (struct tdm_state){
        .board = member->board,
        .stream = member->stream,
        .now = now,
        .arrival = now,
        .deadline = queue->stream->deadline,
        .queued = queue->count,
        .rate = queue->stream->arrivals == TDM_CLOSED ? NAN : queue->stream->rate,
        .link = member->link >= 0 ? 0 : -1,
        .bandwidth = view.bandwidth,
        .trend = view.trend,
        .rtt = view.rtt,
        .signal = view.signal,
        .temperature = readings.temperature,
        .power = readings.power,
        .last = unit->last,
        .unit = unit,
    };
    for (int d = 0; d < TDM_CLOCKS; d++) {
        state->load[d] = readings.load[d];
        state->opp[d] = readings.opp[d];
    }
}

// ---- plans -------------------------------------------------------------------------------------

static const struct tdm_cell *cell_of(const struct tdm_member *m, struct tdm_costs *costs,
                                      const struct tdm_plan *plan)
{
    int opp[TDM_CLOCKS];
    for (int d = 0; d < TDM_CLOCKS; d++) // governed: at best, that is the top
        opp[d] = plan->opp[d] >= 0 ? plan->opp[d] : (int)m->unit->board->domain[d]->opp_count - 1;
    return tdm_costs_at(costs, 0, plan->processor, opp);
}

// A radio that falls asleep between two requests has to wake for each.
static double waking(const struct tdm_way *way, const struct tdm_stream *stream)
{
    const struct tdm_radio *radio = way->radio.radio;
    const double gap = stream->arrivals == TDM_CLOSED ? stream->think : 1 / stream->rate;
    return radio && gap > radio->tail_time ? radio->promotion_time : 0;
}

void tdm_coordinator_claim(const struct tdm_member *member, const struct tdm_plan *plan,
                           struct tdm_claim *claim)
{
    const struct tdm_member *m = member;
    const struct tdm_queue *queue = tdm_unit_queue(m->unit, m->stream);
    const struct tdm_queue_version *version = tdm_queue_until(queue, plan->version, plan->exit);
    struct tdm_costs *costs = version->costs;
    const struct tdm_dnn *dnn = costs->dnn;
    const struct tdm_cell *cell = cell_of(m, costs, plan);
    const double accuracy = tdm_dnn_accuracy(dnn, plan->xi, plan->point > 0 ? plan->bits : 32);
    const double worth = isnan(accuracy) ? 0 : m->weight * accuracy;
    *claim = (struct tdm_claim){.value = worth - m->minds * cell->time};
    if (plan->xi == 0)
        return;
    const int input = queue->stream->input;
    double bytes = tdm_point_bytes(dnn, plan->point, input), packed = 0;
    if (plan->point == 0 && input == TDM_COMPRESSED)
        packed = dnn->raw;
    else if (plan->point > 0 && plan->bits < 32)
        packed = plan->xi * bytes;
    if (plan->point > 0)
        bytes *= plan->xi * plan->bits / 32;
    const double work = version->compute[plan->link * costs->point_count + plan->point];
    const struct tdm_way *way = &m->unit->ways[plan->link];
    const double serving = way->slots->server->overhead + plan->xi * work;
    const double own =
        cell->head[plan->point] + packed / cell->pack_rate + m->rtt + waking(way, queue->stream);
    claim->value = worth - m->minds * own;
    claim->link = sqrt(m->minds * bytes / m->rate);
    claim->server = sqrt(m->minds * serving);
}

void tdm_coordinator_put(struct tdm_member *member, const struct tdm_plan *plan)
{
    member->plan = *plan;
    member->plan.thinking = 0; // the coordinator thinks, not the board
    tdm_coordinator_claim(member, plan, &member->claim);
}

static double share(double own, double sum)
{
    return own < sum ? own / sum : 0; // alone it gets all, which is written 0
}

void tdm_coordinator_deal(struct tdm_coordinator *coordinator, bool equal)
{
    struct tdm_coordinator *c = coordinator;
    const size_t links = c->scenario->link_count;
    for (size_t i = 0; i < links + c->scenario->server_count; i++)
        c->sums[i] = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct tdm_member *m = &c->members[i];
        if (m->link < 0)
            continue;
        c->sums[m->link] += equal ? 1 : m->claim.link;
        c->sums[links + (size_t)m->server] += equal ? 1 : m->claim.server;
    }
    for (size_t i = 0; i < c->count; i++) {
        struct tdm_member *m = &c->members[i];
        if (m->link < 0)
            continue;
        m->plan.link_share = share(equal ? 1 : m->claim.link, c->sums[m->link]);
        m->plan.server_share =
            share(equal ? 1 : m->claim.server, c->sums[links + (size_t)m->server]);
    }
}

void tdm_coordinator_plan(const struct tdm_coordinator *coordinator, const struct tdm_state *state,
                          struct tdm_plan *plan)
{
    assert(coordinator->met && "a period begins with a look");
    *plan = coordinator->members[state->stream].plan;
}

void tdm_coordinator_crowd(const struct tdm_coordinator *coordinator,
                           const struct tdm_member *member, double *link, double *server)
{
    *link = *server = 0;
    for (size_t i = 0; i < coordinator->count; i++) {
        const struct tdm_member *other = &coordinator->members[i];
        if (other == member)
            continue;
        *link += other->link == member->link ? other->claim.link : 0;
        *server += other->server == member->server ? other->claim.server : 0;
    }
}

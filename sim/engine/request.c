// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/request.h"

#include <math.h>

#include "core/extremes.h"
#include "model/difficulty.h"

// Counts what a segment took. Returns how long it was.
static double spend(const struct tdm_site *site, struct tdm_request *request,
                    const struct tdm_segment *segment)
{
    request->energy += tdm_watts_sum(&segment->energy);
    if (site->meter)
        tdm_watts_add(site->meter, &segment->energy, 1);
    return segment->end - segment->start;
}

static double run(const struct tdm_site *site, struct tdm_request *request,
                  enum tdm_stage_kind kind, double bytes)
{
    struct tdm_segment segment;
    const struct tdm_plan *plan = &request->plan;
    const struct tdm_stage stage = {
        .kind = kind,
        .costs = site->costs,
        .plan = plan,
        .processor = plan->processor,
        .point = plan->xi > 0 ? plan->point : site->costs->point_count - 1,
        .part = kind == TDM_LOCAL ? tdm_costs_part(site->costs, plan->xi) : 0,
        .bytes = bytes,
        .time = plan->thinking,
        .factor = request->jitter,
    };
    site->driver->type->run(site->driver, &stage, &segment);
    return spend(site, request, &segment);
}

// A network of its own, whole, before anything else.
static double run_first(const struct tdm_site *site, struct tdm_request *request)
{
    struct tdm_segment segment;
    const struct tdm_stage stage = {
        .kind = TDM_BEFORE,
        .costs = request->first_costs,
        .plan = &request->plan,
        .processor = request->plan.processor,
        .point = request->first_costs->point_count - 1,
        .factor = request->jitter,
    };
    site->driver->type->run(site->driver, &stage, &segment);
    return spend(site, request, &segment);
}

static double set_clocks(const struct tdm_site *site, struct tdm_request *request)
{
    struct tdm_segment segment;
    site->driver->type->set_clocks(site->driver, site->costs, &request->plan, &segment);
    return spend(site, request, &segment);
}

// What crosses the point. The input goes as it is; a tensor is quantised, and only its share goes.
static void pack(const struct tdm_site *site, struct tdm_request *request)
{
    const struct tdm_plan *plan = &request->plan;
    const struct tdm_dnn *dnn = site->costs->dnn;
    struct tdm_passage *passage = &request->passage;
    passage->sent = tdm_point_bytes(dnn, plan->point, site->stream->input);
    double packed = 0; // bytes that the CPU handles
    if (plan->point > 0) {
        passage->sent *= plan->xi * plan->bits / 32;
        if (plan->bits < 32)
            packed = plan->xi * tdm_point_bytes(dnn, plan->point, 0);
    } else if (site->stream->input == TDM_COMPRESSED) {
        packed = dnn->raw;
    }
    if (packed > 0)
        request->head += run(site, request, TDM_PACKING, packed);
}

// Up, server, down: starts it, and says when the answer will be there.
static void start_remote(const struct tdm_site *site, struct tdm_request *request)
{
    const struct tdm_plan *plan = &request->plan;
    const struct tdm_dnn *dnn = site->costs->dnn;
    struct tdm_way *way = &site->ways[plan->link];
    struct tdm_passage *passage = &request->passage;
    passage->radio_up = 0;
    passage->received = dnn->layers[dnn->layer_count - 1].out;
    const double compute = site->compute[plan->link * site->costs->point_count + plan->point];
    const struct tdm_server *server = way->slots->server;
    const double luck = server->service == TDM_EXPONENTIAL_SERVICE ? request->service : 1;
    passage->service = luck * (server->overhead + plan->xi * compute);
    passage->link_share = plan->link_share;
    passage->server_share = plan->server_share;
    passage->down_first = passage->down_end = INFINITY;
    if (site->remote)
        site->remote->start(site->remote, way->link->board, way, request->number, site->driver->now,
                            passage);
    else
        tdm_way_send(way, site->driver->now, passage, !site->meter);
}

void tdm_request_begin(const struct tdm_site *site, struct tdm_request *request)
{
    const struct tdm_plan *plan = &request->plan;
    request->thinking = plan->thinking > 0 ? run(site, request, TDM_THINKING, 0) : 0;
    request->switching = set_clocks(site, request);
    request->sends = plan->xi > 0;
    request->head = request->first_costs ? run_first(site, request) : 0;
    request->head += run(site, request, TDM_HEAD, 0);
    request->local = 0;
    request->answer = site->driver->now;
    if (!request->sends)
        return;
    pack(site, request);
    start_remote(site, request);
    if (plan->xi < 1)
        request->local = run(site, request, TDM_LOCAL, 0);
    request->done = site->driver->now;
    request->answer = tdm_larger(request->done, request->passage.down_end);
}

void tdm_request_arrived(struct tdm_request *request, const struct tdm_passage *passage)
{
    request->passage = *passage;
    request->answer = tdm_larger(request->done, passage->down_end);
}

static void tell_no_passage(struct tdm_outcome *outcome)
{
    outcome->up = outcome->remote = outcome->down = 0;
    outcome->sent = outcome->received = 0;
    outcome->radio_energy = outcome->server_energy = 0;
}

static void tell_passage(const struct tdm_site *site, const struct tdm_request *request,
                         struct tdm_outcome *outcome)
{
    const struct tdm_passage *passage = &request->passage;
    outcome->up = passage->up_end - passage->up_start;
    outcome->remote = passage->serve_end - passage->up_end;
    outcome->down = passage->down_end - passage->down_start;
    outcome->sent = passage->sent;
    outcome->received = passage->received;
    outcome->server_energy = passage->server_energy;
    outcome->radio_energy = passage->radio_up;
    if (isfinite(request->answer))
        outcome->radio_energy += tdm_way_receive(&site->ways[request->plan.link], passage);
}

void tdm_request_finish(const struct tdm_site *site, struct tdm_request *request, int board,
                        struct tdm_outcome *outcome)
{
    const struct tdm_scenario *scenario = site->scenario;
    const struct tdm_plan *plan = &request->plan;
    // Field by field, all of them: clearing the outcome first would take a tenth of a request.
    outcome->board = board;
    outcome->stream = (int)(site->stream - scenario->streams);
    outcome->request = request->number;
    outcome->plan = *plan;
    outcome->arrival = request->arrival;
    outcome->start = request->start;
    outcome->answer = request->answer;
    outcome->latency = request->answer - request->arrival;
    outcome->waited = request->start - request->arrival;
    outcome->thinking = request->thinking;
    outcome->switching = request->switching;
    outcome->head = request->head;
    outcome->local = request->local;
    outcome->board_energy = request->energy;
    if (request->sends)
        tell_passage(site, request, outcome);
    else
        tell_no_passage(outcome);
    outcome->energy = outcome->board_energy + outcome->radio_energy;
    const int bits = plan->point > 0 ? plan->bits : 32; // the input goes as it is
    outcome->accuracy = tdm_costs_accuracy(site->costs, plan->xi, bits);
    outcome->difficulty = request->difficulty;
    if (site->stream->difficulty > 0)
        outcome->accuracy = tdm_difficulty_accuracy(outcome->accuracy, site->stream->difficulty,
                                                    request->difficulty);
    outcome->bandwidth = request->bandwidth;
    outcome->late = outcome->latency > site->stream->deadline;
    outcome->dropped = false;
    const double pmax = site->costs->board->pmax;
    outcome->cost =
        isfinite(outcome->latency)
            ? scenario->eta * outcome->energy + (1 - scenario->eta) * pmax * outcome->latency
            : INFINITY; // with eta = 1, too: no answer is no bargain
}

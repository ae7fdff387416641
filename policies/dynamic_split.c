// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Dynamic Split Computing (Bakhtiarnia et al., arXiv 2205.11269): among all on the board, a natural
 * bottleneck and the whole input, the least predicted latency at the present data rate and the
 * server's present load. See dynamic-split.md.
 */
#include "policies/policy.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "policies/bottlenecks.h"
#include "policies/predict.h"

// A server that was busy then may be free again; nobody tells a board that sends it nothing.
static const double believed = 10; // s

// What the last answer to a board told of its server.
struct report {
    double wait; // s beyond the time that the work takes alone
    double when; // s
};

struct dynamic_split {
    struct report *reports; // by board
    int *bottlenecks;       // of the network in hand
};

static int open_dynamic_split(struct tdm_policy *policy, const char *argument, uint64_t seed,
                              struct tdm_error *error)
{
    const struct tdm_scenario *scenario = policy->scenario;
    if (tdm_policy_no_argument(policy, argument, seed, error))
        return -1;
    size_t cuts = 0;
    for (size_t i = 0; i < scenario->stream_count; i++)
        if (scenario->streams[i].dnn->cut_count > cuts)
            cuts = scenario->streams[i].dnn->cut_count;
    struct dynamic_split *own = calloc(1, sizeof *own);
    policy->own = own;
    if (own) {
        own->reports = calloc(scenario->board_count, sizeof *own->reports);
        own->bottlenecks = calloc(cuts + 1, sizeof *own->bottlenecks);
    }
    if (own && own->reports && own->bottlenecks)
        return 0;
    if (own) {
        free(own->reports);
        free(own->bottlenecks);
        free(own);
    }
    return tdm_fail(error, "out of memory");
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct dynamic_split *own = policy->own;
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    struct tdm_network network = tdm_network_seen(state);
    tdm_plan_local(state, plan);
    if (network.link < 0 || !tdm_predict_may_send(levels))
        return;
    const struct report *report = &own->reports[state->board];
    if (state->now - report->when <= believed)
        network.wait = report->wait;
    const struct tdm_cell *cell = tdm_predict_cell(state, plan);
    const int bits = tdm_predict_most_bits(levels);
    const int count =
        tdm_bottlenecks(queue->stream->dnn, queue->stream->input, bits, own->bottlenecks);
    double best = tdm_predict_local(cell).time;
    for (int i = 0, k = 0; i < levels->point_count; i++) {
        const int point = levels->point[i]; // both lists rise
        while (k < count && own->bottlenecks[k] < point)
            k++;
        if (point > 0 && (k == count || own->bottlenecks[k] > point))
            continue;
        const double time = tdm_predict_sent(state->unit, queue, cell, &network, point, bits).time;
        if (time >= best)
            continue;
        best = time;
        tdm_plan_send(plan, &network, point, bits);
    }
}

static void learn(struct tdm_policy *policy, const struct tdm_outcome *outcome)
{
    const struct dynamic_split *own = policy->own;
    const struct tdm_scenario *scenario = policy->scenario;
    const struct tdm_plan *plan = &outcome->plan;
    if (outcome->dropped || plan->xi == 0 || !isfinite(outcome->answer))
        return;
    const struct tdm_scenario_board *board = &scenario->boards[outcome->board];
    const struct tdm_scenario_link *link = &scenario->links[board->links[plan->link]];
    const struct tdm_dnn *dnn = scenario->streams[outcome->stream].dnn;
    const double alone = tdm_server_time(scenario->servers[link->server].server, dnn,
                                         tdm_point_layers(dnn, plan->point), plan->xi);
    own->reports[outcome->board] =
        (struct report){.wait = fmax(0, outcome->remote - alone), .when = outcome->answer};
}

static void close_dynamic_split(struct tdm_policy *policy)
{
    struct dynamic_split *own = policy->own;
    free(own->reports);
    free(own->bottlenecks);
    free(own);
}

const struct tdm_policy_type tdm_policy_dynamic_split = {
    .name = "dynamic-split",
    .summary = "the natural bottleneck of least latency at the present rate, or all, or nothing",
    .help = "Of all on the board, a cut at a natural bottleneck (fewer bytes than the input and "
            "than every cut before) and the whole input, takes what the bandwidth that the last "
            "probe saw, and the wait at the server that the last answer told of, predict the "
            "least latency for. Top clocks, most bits. Bakhtiarnia et al., arXiv 2205.11269.",
    .open = open_dynamic_split,
    .decide = decide,
    .learn = learn,
    .close = close_dynamic_split,
};

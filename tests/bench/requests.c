// SPDX-License-Identifier: GPL-3.0-or-later
// Requests through the analytic engine with one plan for all of them, against a loop that computes
// what they cost and nothing else. Both must come to the same mean cost.
#include <stdlib.h>

#include "bare.h"
#include "bench.h"
#include "engine/engine.h"

// What happens to each request. Only `cut` packs and shares.
enum way { LOCAL, INPUT, CUT };

struct race {
    const char *name;
    enum way way;
    int arrivals;
    size_t count; // requests a round

    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct tdm_plan plan;
    double ours, bare; // J, mean cost
};

static const struct tdm_unit *unit_of(const struct race *race)
{
    return race->engine->units[0];
}

static const struct tdm_cell *cell_of(const struct race *race, int processor)
{
    return tdm_costs_at(unit_of(race)->queues[0].costs, 0, processor, race->plan.opp);
}

// ---- the engine --------------------------------------------------------------------------------

static void make_plan(struct race *race)
{
    const struct tdm_unit *unit = unit_of(race);
    const struct tdm_dnn *dnn = race->scenario->streams[0].dnn;
    race->plan = (struct tdm_plan){
        .cap = {-1, -1, -1}, .governor = -1, .bits = 32, .point = (int)dnn->cut_count + 1};
    for (int d = 0; d < TDM_CLOCKS; d++)
        race->plan.opp[d] = (int)unit->board->domain[d]->opp_count - 1;
    if (race->way == INPUT) {
        race->plan.point = 0;
        race->plan.xi = 1;
    } else if (race->way == CUT) {
        race->plan.point = (int)dnn->cut_count / 2;
        race->plan.xi = 0.5;
        race->plan.bits = 8;
    }
}

static void prepare_ours(void *context)
{
    struct race *race = context;
    tdm_engine_free(race->engine);
    struct tdm_error error;
    race->engine = tdm_engine_open("analytic:", race->scenario, 0, &error);
    if (!race->engine)
        abort(); // it has been opened before
    make_plan(race);
    cell_of(race, 0);
}

static void run_ours(void *context)
{
    struct race *race = context;
    struct tdm_event event;
    double cost = 0;
    for (size_t answers = 0; answers < race->count && tdm_engine_next(race->engine, &event);) {
        if (event.kind == TDM_DECISION) {
            tdm_engine_decide(race->engine, &race->plan);
        } else {
            cost += event.outcome->cost;
            answers++;
        }
    }
    race->ours = cost / (double)race->count;
}

// ---- the bare loop -----------------------------------------------------------------------------

// All that a request needs to know.
struct bare {
    struct bare_board board;
    struct bare_radio radio;
    struct bare_walk up, down;
    const struct tdm_cell *cell;
    const double *up_rate, *down_rate;
    double head, local, packing; // s
    struct tdm_watts local_watts;
    double local_sum;
    double sent, received, service, rtt;
    double eta, pmax;
};

static struct bare start_bare(const struct race *race)
{
    const struct tdm_unit *unit = unit_of(race);
    const struct tdm_queue *queue = &unit->queues[0];
    const struct tdm_dnn *dnn = queue->stream->dnn;
    const struct tdm_way *way = &unit->ways[0];
    const struct tdm_plan *plan = &race->plan;
    struct bare b = {.board = bare_board(unit),
                     .radio = {way->link->radio, -INFINITY, 0},
                     .up = {way->link->series, 0, 0},
                     .down = {way->link->series, 0, 0},
                     .cell = cell_of(race, 0),
                     .up_rate = way->link->series->way[TDM_UP].rate,
                     .down_rate = way->link->series->way[TDM_DOWN].rate,
                     .sent = tdm_point_bytes(dnn, plan->point, queue->stream->input),
                     .received = dnn->layers[dnn->layer_count - 1].out,
                     .service =
                         way->slots->server->overhead + plan->xi * queue->compute[plan->point],
                     .rtt = way->link->rtt,
                     .eta = race->scenario->eta,
                     .pmax = unit->board->pmax};
    b.head = b.cell->head[plan->point];
    if (race->way == CUT) {
        b.packing = plan->xi * b.sent / b.cell->pack_rate;
        b.sent *= plan->xi * plan->bits / 32;
        const struct tdm_part *part = &b.cell->parts[tdm_costs_part(queue->costs, plan->xi)];
        b.local = part->beyond[plan->point];
        b.local_watts = part->watts;
        b.local_sum = tdm_watts_sum(&part->watts) - part->watts.leakage;
    }
    return b;
}

static inline double cost_of(const struct bare *b, double energy, double latency)
{
    return b->eta * energy + (1 - b->eta) * b->pmax * latency;
}

static inline double serve_locally(struct bare *b, double arrival)
{
    struct bare_board *board = &b->board;
    if (arrival > board->now)
        bare_stretch(board, &b->cell->idle, b->cell->idle_sum, arrival);
    const double energy =
        bare_stretch(board, &b->cell->run, b->cell->run_sum, board->now + b->cell->time);
    return cost_of(b, energy, board->now - arrival);
}

static inline double serve_away(struct bare *b, enum way way)
{
    struct bare_board *board = &b->board;
    const struct tdm_cell *cell = b->cell;
    const struct tdm_radio *radio = b->radio.radio;
    const double arrival = board->now;
    double energy = 0;
    if (way == CUT) {
        energy += bare_stretch(board, &cell->run, cell->run_sum, board->now + b->head);
        energy += bare_stretch(board, &cell->packing, cell->packing_sum, board->now + b->packing);
    }
    const double start = board->now + bare_wake(&b->radio, board->now);
    bare_seek(&b->up, start);
    const double factor =
        tdm_radio_factor(radio, b->up.trace->signal ? b->up.trace->signal[b->up.i] : NAN);
    const double sent = bare_finish(&b->up, b->up_rate, start, b->sent);
    energy += bare_transfer(&b->radio, radio->up, start, sent, b->sent, factor);
    const double served = sent + b->rtt / 2 + b->service;
    const double there = bare_finish(&b->down, b->down_rate, served, b->received) + b->rtt / 2;
    if (way == CUT)
        energy += bare_stretch(board, &b->local_watts, b->local_sum, board->now + b->local);
    energy += bare_stretch(board, &cell->idle, cell->idle_sum, there);
    const double first = served + b->rtt / 2; // byte of the answer
    const double waited = fmin(first - b->radio.last, radio->tail_time) * radio->tail_power;
    energy += waited + radio->tail_time * radio->tail_power +
              bare_transfer(&b->radio, radio->down, first, there, b->received, factor);
    return cost_of(b, energy, board->now - arrival);
}

static double closed(struct bare *b, size_t count)
{
    double cost = 0;
    for (size_t i = 0; i < count; i++)
        cost += serve_locally(b, b->board.now);
    return cost;
}

static double gap(struct tdm_random *random, double mean)
{
    return -mean * log1p(-tdm_random_uniform(random));
}

static double poisson(struct bare *b, size_t count, const struct tdm_scenario *scenario)
{
    const struct tdm_stream *stream = &scenario->streams[0];
    const double mean = 1 / stream->rate;
    struct tdm_random random;
    tdm_random_seed(&random, (uint64_t)scenario->seed, "arrivals", 0);
    double cost = 0, arrival = stream->from;
    for (size_t i = 0; i < count; i++) {
        arrival += gap(&random, mean);
        cost += serve_locally(b, arrival);
    }
    return cost;
}

static double input(struct bare *b, size_t count)
{
    double cost = 0;
    for (size_t i = 0; i < count; i++)
        cost += serve_away(b, INPUT);
    return cost;
}

static double cut(struct bare *b, size_t count)
{
    double cost = 0;
    for (size_t i = 0; i < count; i++)
        cost += serve_away(b, CUT);
    return cost;
}

static void run_bare(void *context)
{
    struct race *race = context;
    struct bare b = start_bare(race);
    double cost;
    if (race->way == INPUT)
        cost = input(&b, race->count);
    else if (race->way == CUT)
        cost = cut(&b, race->count);
    else if (race->arrivals == TDM_POISSON)
        cost = poisson(&b, race->count, race->scenario);
    else
        cost = closed(&b, race->count);
    bench_use(tdm_watts_sum(&b.board.energy) + b.radio.energy);
    race->bare = cost / (double)race->count;
}

// ---- the cases ---------------------------------------------------------------------------------

static void set_arrivals(struct race *race)
{
    struct tdm_scenario *scenario = race->scenario;
    struct tdm_stream *stream = &scenario->streams[0];
    scenario->duration = stream->until = 1e15; // as many requests as a round wants
    stream->arrivals = race->arrivals;
    if (race->arrivals != TDM_POISSON)
        return;
    // The first comes at 0, so that the board never rests at clocks that no plan has set.
    struct tdm_random random;
    tdm_random_seed(&random, (uint64_t)scenario->seed, "arrivals", 0);
    stream->from = -gap(&random, 1 / stream->rate);
}

static void run_race(struct bench *bench, struct race *race)
{
    race->scenario = bench_scenario(bench, TANDEM_SOURCE_DIR "/tests/bench/requests.xml");
    if (!race->scenario)
        return;
    set_arrivals(race);
    const struct bench_side ours = {prepare_ours, run_ours, race}, bare = {NULL, run_bare, race};
    struct bench_times times;
    if (bench_race(bench, &ours, &bare, &times) == 0) {
        bench_agree(bench, race->name, race->ours, race->bare, 1e-9);
        bench_report(bench, race->name, (double)race->count / times.ours, "requests/s", times.ratio,
                     "a bare loop of the same formula");
    }
    tdm_engine_free(race->engine);
    tdm_scenario_free(race->scenario);
}

static void run_closed(struct bench *bench)
{
    run_race(bench,
             &(struct race){
                 .name = "requests-closed", .way = LOCAL, .arrivals = TDM_CLOSED, .count = 100000});
}

static void run_poisson(struct bench *bench)
{
    run_race(bench, &(struct race){.name = "requests-poisson",
                                   .way = LOCAL,
                                   .arrivals = TDM_POISSON,
                                   .count = 100000});
}

static void run_offload(struct bench *bench)
{
    run_race(bench,
             &(struct race){
                 .name = "requests-offload", .way = INPUT, .arrivals = TDM_CLOSED, .count = 50000});
}

static void run_cut(struct bench *bench)
{
    run_race(
        bench,
        &(struct race){.name = "requests-cut", .way = CUT, .arrivals = TDM_CLOSED, .count = 50000});
}

const struct bench_case bench_requests_closed = {"requests-closed",
                                                 "all on the board, one after another", run_closed};
const struct bench_case bench_requests_poisson = {"requests-poisson",
                                                  "all on the board, at random times", run_poisson};
const struct bench_case bench_requests_offload = {"requests-offload",
                                                  "the input is sent over a trace", run_offload};
const struct bench_case bench_requests_cut = {
    "requests-cut", "cut in the middle, half of the channels sent in 8 bits", run_cut};

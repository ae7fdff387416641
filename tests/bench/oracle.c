// SPDX-License-Identifier: GPL-3.0-or-later
// Decisions of the oracle on the default scenario, against a loop that computes every plan's cost
// in closed form from the same tables, and passes none over.
#include <assert.h>
#include <stdio.h>

#include "bare.h"
#include "bench.h"
#include "engine/engine.h"
#include "policies/clocks.h"
#include "policies/search.h"

enum { DECISIONS = 40 }; // a round

// What the bare loop is told of a decision.
struct moment {
    double now, arrival, temperature, radio_last;
};

struct race {
    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct tdm_search *search;
    struct moment moments[DECISIONS];
    double ours, bare; // J, mean cost
    uint64_t plans;    // that the bare loop looks at, a decision
};

static void run_ours(void *context)
{
    struct race *race = context;
    struct tdm_unit *unit = race->engine->units[0];
    struct tdm_event event;
    double cost = 0;
    for (int asked = 0, answered = 0; answered < DECISIONS;) {
        const bool more = tdm_engine_next(race->engine, &event);
        assert(more && "the scenario lasts");
        (void)more;
        if (event.kind == TDM_OUTCOME) {
            cost += event.outcome->cost;
            answered++;
            continue;
        }
        race->moments[asked++] =
            (struct moment){event.state->now, event.state->arrival, event.state->temperature,
                            unit->ways[0].radio.last};
        struct tdm_plan plan;
        tdm_search_best(race->search, event.state, &plan);
        tdm_engine_decide(race->engine, &plan);
    }
    race->ours = cost / DECISIONS;
}

// ---- every plan --------------------------------------------------------------------------------

// What holds for all plans of a decision.
struct scene {
    const struct tdm_unit *unit;
    const struct tdm_queue *queue;
    const struct tdm_way *way;
    const struct moment *moment;
    struct bare_walk walk; // at `now`
    double leakage;        // factor
    double eta, second;
};

static double watts_of(const struct scene *s, const struct tdm_watts *watts, double sum)
{
    return sum + s->leakage * watts->leakage;
}

static double local_cost(const struct scene *s, const struct tdm_cell *cell)
{
    const double energy = cell->time * watts_of(s, &cell->run, cell->run_sum);
    return s->eta * energy + s->second * (s->moment->now - s->moment->arrival + cell->time);
}

// With a point's tensor (or the input) sent in `bits` a value.
static double away_cost(const struct scene *s, const struct tdm_cell *cell, int point, int bits)
{
    const struct tdm_radio *radio = s->way->link->radio;
    const struct tdm_dnn *dnn = s->queue->stream->dnn;
    const struct tdm_rates *rates = s->way->link->series->way;
    const double rtt = s->way->link->rtt, head = cell->head[point];
    double sent = tdm_point_bytes(dnn, point, s->queue->stream->input), packing = 0;
    if (point > 0 && bits < 32) {
        packing = sent / cell->pack_rate;
        sent *= bits / 32.;
    }
    double energy = head * watts_of(s, &cell->run, cell->run_sum) +
                    packing * watts_of(s, &cell->packing, cell->packing_sum);
    struct bare_radio meter = {radio, s->moment->radio_last, 0};
    struct bare_walk walk = s->walk;
    const double done = s->moment->now + head + packing;
    const double start = done + bare_wake(&meter, done);
    const double up = bare_finish(&walk, rates[TDM_UP].rate, start, sent);
    energy += bare_transfer(&meter, radio->up, start, up, sent, 1);
    const double served = up + rtt / 2 + s->way->slots->server->overhead + s->queue->compute[point];
    const double received = dnn->layers[dnn->layer_count - 1].out;
    const double answer = bare_finish(&walk, rates[TDM_DOWN].rate, served, received) + rtt / 2;
    const double first = served + rtt / 2;
    energy += fmin(first - meter.last, radio->tail_time) * radio->tail_power +
              radio->tail_time * radio->tail_power +
              bare_transfer(&meter, radio->down, first, answer, received, 1);
    energy += (answer - done) * watts_of(s, &cell->idle, cell->idle_sum);
    return s->eta * energy + s->second * (answer - s->moment->arrival);
}

static double least_at(const struct scene *s, const struct tdm_cell *cell, uint64_t *plans)
{
    const struct tdm_levels *levels = s->queue->levels;
    double least = local_cost(s, cell);
    ++*plans;
    for (int p = 0; p < levels->point_count; p++)
        for (int b = 0; b < (levels->point[p] ? levels->bits_count : 1); b++, ++*plans)
            least = fmin(least, away_cost(s, cell, levels->point[p], levels->bits[b]));
    return least;
}

static double least_cost(struct scene *s, const struct moment *moment, uint64_t *plans)
{
    const struct tdm_thermal *thermal = &s->unit->board->thermals[0];
    s->moment = moment;
    s->leakage = exp(thermal->leakage * (moment->temperature - thermal->reference));
    bare_seek(&s->walk, moment->now);
    double least = INFINITY;
    int opp[TDM_CLOCKS];
    for (struct tdm_clock_walk walk = tdm_clock_walk(s->queue); tdm_clock_next(&walk, opp);)
        for (int p = 0; p < s->queue->levels->processor_count; p++)
            least = fmin(
                least,
                least_at(s, tdm_costs_at(s->queue->costs, 0, s->queue->levels->processor[p], opp),
                         plans));
    return least;
}

static void run_bare(void *context)
{
    struct race *race = context;
    const struct tdm_unit *unit = race->engine->units[0];
    const double eta = race->scenario->eta;
    struct scene scene = {.unit = unit,
                          .queue = &unit->queues[0],
                          .way = &unit->ways[0],
                          .walk = {unit->ways[0].link->series, 0, 0},
                          .eta = eta,
                          .second = (1 - eta) * unit->board->pmax};
    // Turns of the trace that went by long ago.
    const double duration = scene.walk.trace->duration;
    scene.walk.origin = duration * floor(race->moments[0].now / duration);
    uint64_t plans = 0;
    double cost = 0;
    for (int i = 0; i < DECISIONS; i++)
        cost += least_cost(&scene, &race->moments[i], &plans);
    race->bare = cost / DECISIONS;
    race->plans = plans / DECISIONS;
}

// ---- the case ----------------------------------------------------------------------------------

static bool open_race(struct bench *bench, struct race *race)
{
    race->scenario = bench_scenario(bench, "default");
    if (!race->scenario)
        return false;
    race->scenario->duration = race->scenario->streams[0].until = 1e15;
    struct tdm_error error = {0};
    race->engine = tdm_engine_open("analytic:", race->scenario, 0, &error);
    if (race->engine) {
        struct tdm_unit *unit = race->engine->units[0];
        race->search = tdm_search_new(unit, &unit->queues[0], false);
    }
    if (!race->search)
        bench_fail(bench, "oracle: %s", error.message);
    return race->search;
}

static void race_oracle(struct bench *bench, struct race *race)
{
    const struct bench_side ours = {NULL, run_ours, race}, bare = {NULL, run_bare, race};
    struct bench_times times;
    if (bench_race(bench, &ours, &bare, &times))
        return;
    // The loop knows neither switching nor warming within a request.
    bench_agree(bench, "oracle", race->ours, race->bare, 0.03);
    uint64_t plans, decisions;
    tdm_search_effort(race->search, &plans, &decisions);
    const double looked_at = (double)plans / (double)decisions, all = (double)race->plans;
    char against[128];
    snprintf(against, sizeof against, "a loop over all %.0f plans", all);
    bench_report(bench, "oracle", DECISIONS / times.ours, "decisions/s", times.ratio, against);
    bench_report(bench, "oracle-plans", looked_at, "plans/decision", looked_at / all,
                 "the number of all plans");
}

static void run_oracle(struct bench *bench)
{
    struct race race = {.search = NULL};
    if (open_race(bench, &race))
        race_oracle(bench, &race);
    tdm_search_free(race.search);
    tdm_engine_free(race.engine);
    tdm_scenario_free(race.scenario);
}

const struct bench_case bench_oracle = {"oracle", "the oracle's decisions on the default scenario",
                                        run_oracle};

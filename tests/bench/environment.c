// SPDX-License-Identifier: GPL-3.0-or-later
// Steps of environments under random actions, against a loop that looks up what each action costs,
// writes the same observations and nothing else. Both must come to the same mean reward.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bare.h"
#include "bench.h"
#include "core/random.h"
#include "env/env_parts.h"

enum { ROWS = 1 << 14, STEPS = 1 << 16 };

struct race {
    size_t count;                         // environments
    struct tdm_scenario *scenario, *bare; // with the bare loop's world
    struct tdm_vec *vec;
    struct tdm_env *like; // where the bare loop's tables are
    float *observations, *rewards;
    bool *terminations, *truncations;
    int32_t *actions[2]; // of ours and of the bare loop: ROWS x count rows as wide as their knobs
    int32_t *now;        // what the vec reads
    double ours, theirs; // mean rewards
};

// ---- ours --------------------------------------------------------------------------------------

static int32_t *draw_actions(const struct tdm_spaces *spaces, size_t count)
{
    int32_t *const drawn = malloc(ROWS * count * (size_t)spaces->knobs * sizeof *drawn);
    int32_t *actions = drawn;
    struct tdm_random random;
    if (!drawn)
        abort();
    tdm_random_seed(&random, 1, "bench", 0);
    for (size_t row = 0; row < ROWS * count; row++)
        for (int i = 0; i < spaces->knobs; i++)
            *actions++ = (int32_t)tdm_random_below(&random, (uint64_t)spaces->levels[i]);
    return drawn;
}

static void reset(struct tdm_vec *vec, size_t count)
{
    uint64_t *seeds = malloc(count * sizeof *seeds);
    for (size_t i = 0; seeds && i < count; i++)
        seeds[i] = i + 1;
    if (!seeds || tdm_vec_reset(vec, seeds, NULL, NULL))
        abort(); // it has been reset before
    free(seeds);
}

static void prepare_ours(void *context)
{
    struct race *race = context;
    reset(race->vec, race->count);
}

static void run_ours(void *context)
{
    struct race *race = context;
    const size_t width = race->count * (size_t)tdm_vec_spaces(race->vec)->knobs;
    double sum = 0;
    for (size_t k = 0; k < STEPS / race->count; k++) {
        memcpy(race->now, race->actions[0] + k % ROWS * width, width * sizeof *race->now);
        if (tdm_vec_step(race->vec, NULL))
            abort();
        for (size_t i = 0; i < race->count; i++)
            sum += race->rewards[i];
    }
    race->ours = sum / STEPS;
}

// ---- the bare loop -----------------------------------------------------------------------------

// What it knows of the world: costs by clocks, and what sending the input takes.
struct bare {
    const struct tdm_cell *cells[16][16][16];
    const struct tdm_board *board;
    const struct tdm_radio *radio;
    double up, down, rtt, sent, received, service; // bytes/s, s, bytes, s
    double eta, pmax, time, reference;             // s and J of the reference
    int levels[4];
    float common[TDM_ENTRIES]; // of an observation
};

struct bare_env {
    double now;
    struct bare_radio radio;
};

static void start_bare(struct bare *b, const struct race *race)
{
    struct tdm_unit *unit = race->like->course.engine->units[0];
    struct tdm_queue *queue = &unit->queues[0];
    const struct tdm_way *way = &unit->ways[0];
    const struct tdm_dnn *dnn = queue->stream->dnn;
    struct tdm_reference reference;
    tdm_reference_of(race->bare, queue, &reference);
    *b = (struct bare){.board = unit->board,
                       .radio = way->link->radio,
                       .up = way->link->series->way[TDM_UP].rate[0],
                       .down = way->link->series->way[TDM_DOWN].rate[0],
                       .rtt = way->link->rtt,
                       .sent = tdm_point_bytes(dnn, 0, queue->stream->input),
                       .received = dnn->layers[dnn->layer_count - 1].out,
                       .service = way->slots->server->overhead + queue->compute[0],
                       .eta = race->bare->eta,
                       .pmax = unit->board->pmax,
                       .time = reference.time,
                       .reference = reference.cost};
    memcpy(b->levels, tdm_env_spaces(race->like)->levels, sizeof b->levels);
    for (int c = 0; c < b->levels[0]; c++)
        for (int g = 0; g < b->levels[1]; g++)
            for (int m = 0; m < b->levels[2]; m++)
                b->cells[c][g][m] = tdm_costs_at(queue->costs, 0, 0, (const int[]){c, g, m});
}

static inline double serve_away(const struct bare *b, struct bare_env *env,
                                const struct tdm_cell *cell)
{
    const double start = env->now + bare_wake(&env->radio, env->now);
    const double sent = start + b->sent / b->up;
    double energy = bare_transfer(&env->radio, b->radio->up, start, sent, b->sent, 1);
    const double first = sent + b->rtt / 2 + b->service + b->rtt / 2; // byte of the answer
    const double there = first + b->received / b->down;
    energy += (there - env->now) * tdm_watts_sum(&cell->idle);
    const double waited = fmin(first - env->radio.last, b->radio->tail_time) * b->radio->tail_power;
    energy += waited + b->radio->tail_time * b->radio->tail_power +
              bare_transfer(&env->radio, b->radio->down, first, there, b->received, 1);
    env->now = there;
    return energy;
}

static inline float scaled(double value, double low, double high)
{
    const double x = 2 * (value - low) / (high - low) - 1;
    return (float)(x < -1 ? -1 : x > 1 ? 1 : x);
}

// As many entries as change in ours.
static inline void see(const struct bare *b, const struct bare_env *env, const int32_t *action,
                       double power, float *entries)
{
    memcpy(entries, b->common, sizeof b->common);
    entries[TDM_SEES_QUEUED] = scaled(0, 0, 10);
    entries[TDM_SEES_SLACK] = scaled(env->now - env->radio.last, 0, 4);
    entries[TDM_SEES_TREND] = scaled(0, -1, 1);
    entries[TDM_SEES_TEMPERATURE] = scaled(power, 0, 100);
    entries[TDM_SEES_POWER] = scaled(power / b->pmax, 0, 2);
    for (int d = 0; d < TDM_CLOCKS; d++) {
        entries[TDM_SEES_RUNNERS + d] = scaled(power, 0, 1);
        entries[TDM_SEES_CLOCKS + d] = scaled(b->board->domain[d]->opps[action[d]].hz, 0, 1e9);
    }
    for (int i = 0; i < 4; i++)
        entries[TDM_SEES_PREVIOUS + i] = scaled((double)action[i] / (b->levels[i] - 1), 0, 1);
    entries[TDM_SEES_THINKING] = scaled(power / b->time, 0, 1);
}

static inline float step(const struct bare *b, struct bare_env *env, const int32_t *action,
                         float *entries)
{
    const struct tdm_cell *cell = b->cells[action[0]][action[1]][action[2]];
    const double start = env->now, watts = tdm_watts_sum(&cell->run);
    double energy = cell->time * watts;
    if (action[3])
        energy = serve_away(b, env, cell);
    else
        env->now += cell->time;
    see(b, env, action, watts, entries);
    const double cost = b->eta * energy + (1 - b->eta) * b->pmax * (env->now - start);
    return (float)(-cost / b->reference);
}

static void run_bare(void *context)
{
    struct race *race = context;
    struct bare_env *envs = calloc(race->count, sizeof *envs);
    static struct bare b;
    start_bare(&b, race);
    if (!envs)
        abort();
    for (size_t i = 0; i < race->count; i++)
        envs[i].radio = (struct bare_radio){b.radio, -INFINITY, 0};
    double sum = 0;
    for (size_t k = 0; k < STEPS / race->count; k++)
        for (size_t i = 0; i < race->count; i++) {
            const int32_t *action = race->actions[1] + (k % ROWS * race->count + i) * 4;
            race->rewards[i] = step(&b, &envs[i], action, race->observations + i * TDM_ENTRIES);
            sum += race->rewards[i];
        }
    free(envs);
    race->theirs = sum / STEPS;
}

// ---- the cases ---------------------------------------------------------------------------------

static bool open_race(struct bench *bench, struct race *race, const char *scenario)
{
    struct tdm_error error = {0};
    float observation[TDM_ENTRIES];
    race->scenario = bench_scenario(bench, scenario);
    race->bare = bench_scenario(bench, TANDEM_SOURCE_DIR "/tests/bench/environment.xml");
    if (!race->scenario || !race->bare)
        return false;
    race->vec = tdm_vec_open("analytic:", race->scenario, race->count, TDM_SAME_STEP, &error);
    race->like = tdm_env_open("analytic:", race->bare, &error);
    if (!race->vec || !race->like || tdm_env_reset(race->like, 1, observation, &error)) {
        bench_fail(bench, "environment: %s", error.message);
        return false;
    }
    const struct tdm_spaces *spaces = tdm_vec_spaces(race->vec), *bare = tdm_env_spaces(race->like);
    if (spaces->observation > TDM_ENTRIES || bare->knobs != 4 || bare->levels[0] > 16 ||
        bare->levels[1] > 16 || bare->levels[2] > 16) {
        bench_fail(bench, "environment: other spaces than the bare loop's");
        return false;
    }
    race->actions[0] = draw_actions(spaces, race->count);
    race->actions[1] = draw_actions(bare, race->count);
    race->observations = calloc(race->count * TDM_ENTRIES, sizeof *race->observations);
    race->rewards = calloc(race->count, sizeof *race->rewards);
    race->terminations = calloc(race->count, sizeof *race->terminations);
    race->truncations = calloc(race->count, sizeof *race->truncations);
    race->now = calloc(race->count * TDM_KNOBS, sizeof *race->now);
    const struct tdm_buffers buffers = {.observations = race->observations,
                                        .actions = race->now,
                                        .rewards = race->rewards,
                                        .terminations = race->terminations,
                                        .truncations = race->truncations};
    tdm_vec_use(race->vec, &buffers);
    return race->observations && race->rewards && race->terminations && race->truncations &&
           race->now;
}

static void close_race(struct race *race)
{
    tdm_vec_free(race->vec);
    tdm_env_free(race->like);
    tdm_scenario_free(race->scenario);
    tdm_scenario_free(race->bare);
    free(race->observations);
    free(race->rewards);
    free(race->terminations);
    free(race->truncations);
    free(race->actions[0]);
    free(race->actions[1]);
    free(race->now);
}

static void run_race(struct bench *bench, const char *name, const char *scenario, size_t count,
                     bool same, const char *against)
{
    struct race race = {.count = count};
    const struct bench_side ours = {prepare_ours, run_ours, &race}, bare = {NULL, run_bare, &race};
    struct bench_times times;
    if (open_race(bench, &race, scenario) && bench_race(bench, &ours, &bare, &times) == 0) {
        if (same)
            bench_agree(bench, name, race.ours, race.theirs, 1e-6);
        bench_report(bench, name, STEPS / times.ours / 1e6, "million steps/s", times.ratio,
                     against);
    }
    close_race(&race);
}

static void run_environments(struct bench *bench)
{
    static const char plain[] = TANDEM_SOURCE_DIR "/tests/bench/environment.xml";
    static const char same[] = "a bare loop of the same formula and observations";
    static const char less[] = "that loop, without heat, traces, queues, switching and thinking";
    run_race(bench, "environment 1", plain, 1, true, same);
    run_race(bench, "environment 64", plain, 64, true, same);
    run_race(bench, "environment default 1", "default", 1, false, less);
    run_race(bench, "environment default 64", "default", 64, false, less);
}

const struct bench_case bench_environment = {
    "environment", "steps of 1 and 64 environments under random actions", run_environments};

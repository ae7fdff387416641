// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * watch_run ENGINE SCENARIO POLICY SEED: runs a scenario and prints every event, all digits, and
 * the totals. For check_random.py, which judges them.
 *
 * A decision: "d", board, stream, request, now, queued, bandwidth. An outcome: "o", board, stream,
 * request, dropped, arrival, start, answer, up, remote, down, sent, board energy, radio energy,
 * server energy. Last, for each board: "t", board, arrived, served, dropped, unanswered, energy,
 * radio energy, server energy.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "engine/engine.h"

static int fail(const struct tdm_error *error)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "watch_run: %s\n", text);
    return 1;
}

static void print(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        printf(" %.17g", values[i]);
    putchar('\n');
}

static void print_decision(const struct tdm_state *s)
{
    printf("d %d %d %" PRIu64 " %.17g %zu %.17g\n", s->board, s->stream, s->request, s->now,
           s->queued, s->bandwidth);
}

static void print_outcome(const struct tdm_outcome *o)
{
    const double values[] = {o->arrival,      o->start,        o->answer, o->up,
                             o->remote,       o->down,         o->sent,   o->board_energy,
                             o->radio_energy, o->server_energy};
    printf("o %d %d %" PRIu64 " %d", o->board, o->stream, o->request, o->dropped);
    print(values, sizeof values / sizeof *values);
}

static void print_totals(const struct tdm_engine *engine)
{
    for (size_t i = 0; i < engine->unit_count; i++) {
        struct tdm_board_totals t;
        tdm_engine_totals(engine, (int)i, &t);
        const double values[] = {tdm_watts_sum(&t.energy), t.radio_energy, t.server_energy};
        printf("t %zu %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64, i, t.arrived, t.served,
               t.dropped, t.unanswered);
        print(values, sizeof values / sizeof *values);
    }
}

static void run(struct tdm_engine *engine, struct tdm_policy *policy)
{
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        struct tdm_plan plan;
        if (event.kind == TDM_OUTCOME) {
            print_outcome(event.outcome);
            tdm_policy_learn(policy, event.outcome);
            continue;
        }
        print_decision(event.state);
        tdm_policy_decide(policy, event.state, &plan);
        tdm_engine_decide(engine, &plan);
    }
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("watch_run ENGINE SCENARIO POLICY SEED\n", stderr);
        return 2;
    }
    struct tdm_error error = {0};
    const uint64_t seed = strtoull(argv[4], NULL, 10);
    struct tdm_scenario *scenario = tdm_scenario_load(argv[2], &error);
    struct tdm_engine *engine = scenario ? tdm_engine_open(argv[1], scenario, seed, &error) : NULL;
    struct tdm_policy *policy = engine ? tdm_policy_open(argv[3], scenario, seed, &error) : NULL;
    int status = policy ? 0 : fail(&error);
    if (policy) {
        run(engine, policy);
        status = tdm_engine_check(engine, &error) ? fail(&error) : 0;
    }
    if (status == 0)
        print_totals(engine);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    fflush(stdout);
    return status;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * plan_outcomes SCENARIO: reads a plan a line from standard input, decides one request after the
 * other by them, and prints what came of each, all digits. For check_closed_form.py.
 *
 * A plan: CPU, GPU and memory OPP, processor, cut point, xi, bits, link. An outcome: request,
 * arrival, start, answer, head, local, up, remote, down, sent, received, board energy, radio
 * energy, server energy, accuracy, cost. Last line: the board's and its radios' J over the run.
 */
#include <stdio.h>

#include "core/error.h"
#include "engine/engine.h"

static int fail(const struct tdm_error *error)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "plan_outcomes: %s\n", text);
    return 1;
}

static int read_plan(struct tdm_plan *plan)
{
    *plan = (struct tdm_plan){.cap = {-1, -1, -1}, .governor = -1};
    return scanf("%d %d %d %d %d %lf %d %d", &plan->opp[0], &plan->opp[1], &plan->opp[2],
                 &plan->processor, &plan->point, &plan->xi, &plan->bits, &plan->link) == 8
               ? 0
               : -1;
}

static void print(const struct tdm_outcome *o)
{
    const double values[] = {o->arrival,       o->start,    o->answer,       o->head,
                             o->local,         o->up,       o->remote,       o->down,
                             o->sent,          o->received, o->board_energy, o->radio_energy,
                             o->server_energy, o->accuracy, o->cost};
    printf("%llu", (unsigned long long)o->request);
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        printf(" %.17g", values[i]);
    putchar('\n');
}

int main(int argc, char **argv)
{
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = argc == 2 ? tdm_scenario_load(argv[1], &error) : NULL;
    struct tdm_engine *engine = scenario ? tdm_engine_open("analytic:", scenario, 0, &error) : NULL;
    if (!engine)
        return fail(&error);
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_OUTCOME) {
            print(event.outcome);
            continue;
        }
        struct tdm_plan plan;
        if (read_plan(&plan)) {
            fprintf(stderr, "plan_outcomes: a plan is eight numbers, one plan a request\n");
            return 1;
        }
        tdm_engine_decide(engine, &plan);
    }
    struct tdm_board_totals totals;
    tdm_engine_totals(engine, 0, &totals);
    printf("total %.17g %.17g\n", tdm_watts_sum(&totals.energy), totals.radio_energy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return 0;
}

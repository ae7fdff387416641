// SPDX-License-Identifier: GPL-3.0-or-later
// The runs behind `tandem validate`.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/validate.h"
#include "core/error.h"
#include "core/progress.h"
#include "policies/policy.h"

// Outcomes of one run, in the order of the answers.
struct run {
    struct tdm_outcome *items;
    size_t count, room;
    double cost; // J, sum over all boards' requests that were answered
    size_t answered;
    double start; // degC of the board at its first decision, by its sensor; NAN: there was none
};

static int keep(struct run *run, const struct tdm_outcome *outcome, int which)
{
    if (!outcome->dropped) {
        run->cost += outcome->cost;
        run->answered++;
    }
    if (outcome->board != which)
        return 0;
    if (run->count == run->room) {
        const size_t room = run->room ? 2 * run->room : 1024;
        struct tdm_outcome *items = realloc(run->items, room * sizeof *items);
        if (!items)
            return -1;
        run->items = items;
        run->room = room;
    }
    run->items[run->count++] = *outcome;
    return 0;
}

static const struct tdm_outcome *find(const struct run *run, uint64_t request)
{
    for (size_t i = 0; i < run->count; i++)
        if (run->items[i].request == request)
            return &run->items[i];
    return NULL;
}

// What decides: a policy, or what another run decided for the same request (the policy, where that
// run has no plan for it).
struct decider {
    struct tdm_policy *policy;
    const struct run *player; // NULL: the policy alone
    int which;
};

static void decide(const struct decider *d, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_outcome *there =
        d->player && state->board == d->which ? find(d->player, state->request) : NULL;
    tdm_policy_decide(d->policy, state, plan);
    if (there && !there->dropped)
        *plan = there->plan;
}

static int pull(struct tdm_engine *engine, const struct decider *d, struct run *run,
                struct tdm_progress *progress, struct tdm_error *error)
{
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION) {
            struct tdm_plan plan;
            if (isnan(run->start) && event.state->board == d->which)
                run->start = event.state->temperature;
            decide(d, event.state, &plan);
            tdm_engine_decide(engine, &plan);
            tdm_progress_update(progress, event.state->now);
            continue;
        }
        tdm_policy_learn(d->policy, event.outcome);
        if (keep(run, event.outcome, d->which))
            return tdm_fail(error, "out of memory after %zu requests", run->count);
    }
    return tdm_engine_check(engine, error);
}

static int play(struct tdm_validation *v, const char *driver, const char *policy,
                const struct run *player, struct run *run, struct tdm_error *error)
{
    struct tdm_scenario_board *board = &v->scenario->boards[v->which];
    const char *usual = board->driver;
    struct tdm_progress progress = {0};
    struct decider d = {.player = player, .which = v->which};
    board->driver = driver;
    struct tdm_engine *engine = tdm_engine_open("analytic:", v->scenario, v->seed, error);
    d.policy = engine ? tdm_policy_open(policy, v->scenario, v->seed, error) : NULL;
    int status = -1;
    if (d.policy) {
        v->began = true;
        if (driver == v->uri)
            tdm_progress_start(&progress, policy, "s on the board", v->scenario->duration);
        status = pull(engine, &d, run, &progress, error);
        tdm_progress_end(&progress);
    }
    tdm_policy_free(d.policy);
    tdm_engine_free(engine);
    board->driver = usual;
    return status;
}

static struct tdm_validated_side side_of(const struct tdm_outcome *outcome)
{
    return (struct tdm_validated_side){.latency = outcome->latency,
                                       .service = outcome->answer - outcome->start,
                                       .energy = outcome->board_energy,
                                       .cost = outcome->cost};
}

static int add(struct tdm_validation *v, const struct tdm_outcome *there,
               const struct tdm_outcome *here)
{
    if (v->count == v->room) {
        const size_t room = v->room ? 2 * v->room : 1024;
        struct tdm_validated_request *requests = realloc(v->requests, room * sizeof *requests);
        if (!requests)
            return -1;
        v->requests = requests;
        v->room = room;
    }
    struct tdm_validated_request *r = &v->requests[v->count++];
    const struct tdm_board *board = v->scenario->boards[v->which].board;
    *r = (struct tdm_validated_request){.policy = (int)v->policy_count,
                                        .request = there->request,
                                        .plan = there->plan,
                                        .board = side_of(there),
                                        .model = side_of(here)};
    for (int d = 0; d < TDM_CLOCKS; d++)
        r->hz[d] =
            there->plan.opp[d] >= 0 ? board->domain[d]->opps[there->plan.opp[d]].hz : (double)NAN;
    return 0;
}

static int pair(struct tdm_validation *v, const struct run *there, const struct run *here,
                struct tdm_error *error)
{
    const size_t before = v->count;
    for (size_t i = 0; i < there->count; i++) {
        const struct tdm_outcome *board = &there->items[i], *model = find(here, board->request);
        if (!model || board->dropped || model->dropped || isinf(board->answer) ||
            isinf(model->answer))
            continue;
        if (add(v, board, model))
            return tdm_fail(error, "out of memory after %zu requests", v->count);
    }
    if (v->count == before)
        return tdm_fail(error,
                        "no request was answered both on the board and in simulation: the "
                        "scenario's %g s are too short",
                        v->scenario->duration);
    return 0;
}

int tdm_validate_policy(struct tdm_validation *v, const char *policy, struct tdm_error *error)
{
    struct run there = {.start = NAN}, same = there, own = there;
    struct tdm_scenario_board *board = &v->scenario->boards[v->which];
    const double start = board->start;
    int status = play(v, v->uri, policy, NULL, &there, error);
    // A warm board leaks more: the model begins as warm, unless the scenario says otherwise.
    if (isnan(start))
        board->start = there.start;
    if (status == 0)
        status = play(v, "model:", policy, &there, &same, error);
    if (status == 0)
        status = play(v, "model:", policy, NULL, &own, error);
    board->start = start;
    if (status == 0)
        status = pair(v, &there, &same, error);
    if (status == 0)
        v->policies[v->policy_count++] = (struct tdm_validated_policy){
            policy, there.cost / (double)there.answered, own.cost / (double)own.answered};
    free(there.items);
    free(same.items);
    free(own.items);
    return status;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/simulate.h"

#include <assert.h>
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>

#include "cli/apart.h"
#include "cli/summary.h"
#include "core/error.h"
#include "core/progress.h"
#include "engine/record.h"
#include "policies/search.h"

#ifdef TANDEM_LINK
#include "hil/live.h"
#endif

struct running {
    const struct tdm_simulation *simulation;
    struct tdm_engine *engine;
    struct tdm_policy *policy;
    struct tdm_search **bounds; // one a stream
    struct tdm_record *record;
    struct tdm_progress progress;
    struct tdm_figures *figures;
};

static int add_latency(struct tdm_figures *f, double latency)
{
    if (f->count == f->room) {
        const size_t room = f->room ? 2 * f->room : 4096;
        double *latencies = realloc(f->latencies, room * sizeof *latencies);
        if (!latencies)
            return -1;
        f->latencies = latencies;
        f->room = room;
    }
    f->latencies[f->count++] = latency;
    f->sorted = false;
    return 0;
}

static double bound_of(struct running *r, const struct tdm_outcome *outcome)
{
    struct tdm_unit *unit = r->engine->units[outcome->board];
    struct tdm_search **search = &r->bounds[outcome->stream];
    if (!*search)
        *search = tdm_search_new(unit, tdm_unit_queue(unit, outcome->stream), true);
    double jitter, service;
    tdm_unit_luck(unit, outcome->request, &jitter, &service);
    return *search ? tdm_search_bound(*search, outcome->arrival, jitter, service) : NAN;
}

static int count(struct running *r, const struct tdm_outcome *outcome)
{
    struct tdm_figures *f = r->figures;
    if (outcome->dropped) {
        f->dropped++;
        return 0;
    }
    f->requests++;
    f->late += outcome->late;
    f->sent_any += outcome->sent > 0;
    f->cost += outcome->cost;
    f->energy += outcome->energy;
    f->latency += outcome->latency;
    f->waited += outcome->waited;
    f->sent += outcome->sent;
    f->received += outcome->received;
    if (!isnan(outcome->accuracy)) {
        f->accuracy += outcome->accuracy;
        f->accuracies++;
    }
    f->server_energy += outcome->server_energy;
    if (r->bounds)
        f->bound += bound_of(r, outcome);
    return add_latency(f, outcome->latency);
}

static int pull(struct running *r, struct tdm_error *error)
{
    struct tdm_event event;
    while (tdm_engine_next(r->engine, &event)) {
        if (event.kind == TDM_DECISION) {
            struct tdm_plan plan;
            tdm_policy_decide(r->policy, event.state, &plan);
            tdm_engine_decide(r->engine, &plan);
            tdm_progress_update(&r->progress, event.state->now);
            continue;
        }
        if (count(r, event.outcome))
            return tdm_fail(error, "out of memory after %zu requests", r->figures->count);
        tdm_policy_learn(r->policy, event.outcome);
        if (r->record && tdm_record_outcome(r->record, event.outcome, error))
            return -1;
    }
#ifdef TANDEM_LINK
    tdm_live_tell(r->engine, stderr);
#endif
    return tdm_engine_check(r->engine, error);
}

static void add_totals(struct running *r)
{
    for (size_t i = 0; i < r->engine->unit_count; i++) {
        struct tdm_board_totals totals;
        tdm_engine_totals(r->engine, (int)i, &totals);
        r->figures->arrived += totals.arrived;
        r->figures->unanswered += totals.unanswered;
        r->figures->overdue += totals.overdue;
        r->figures->board_energy += tdm_watts_sum(&totals.energy);
        r->figures->radio_energy += totals.radio_energy;
    }
}

static int open_all(struct running *r, struct tdm_error *error)
{
    const struct tdm_simulation *s = r->simulation;
    r->engine = tdm_engine_open_recorded(s->engine, s->scenario, s->seed, s->record != NULL, error);
    if (!r->engine)
        return -1;
    r->policy = tdm_policy_open(s->policy, s->scenario, s->seed, error);
    if (!r->policy)
        return -1;
    if (s->bound) {
        r->bounds = calloc(s->scenario->stream_count, sizeof(struct tdm_search *));
        if (!r->bounds)
            return tdm_fail(error, "out of memory");
    }
    if (!s->record)
        return 0;
    const struct tdm_record_about about = {
        .policy = s->policy, .command_line = s->command, .sweep = s->sweep};
    r->record = tdm_record_open(s->record, r->engine, &about, error);
    return r->record ? 0 : -1;
}

static void close_all(struct running *r)
{
    for (size_t i = 0; r->bounds && i < r->simulation->scenario->stream_count; i++)
        tdm_search_free(r->bounds[i]);
    free(r->bounds);
    tdm_record_abandon(r->record);
    tdm_policy_free(r->policy);
    tdm_engine_free(r->engine);
}

static int record_summary(struct running *r, struct tdm_error *error)
{
    struct tdm_summary summary;
    tdm_summarise(r->figures, 1, &summary);
    for (const struct tdm_summary_key *key = tdm_summary_keys; key->key; key++)
        if (tdm_record_figure(r->record, key->key, tdm_summary_value(&summary, key), error))
            return -1;
    return 0;
}

static int simulate_here(const struct tdm_simulation *simulation, struct tdm_figures *figures,
                         struct tdm_error *error)
{
    struct running r = {.simulation = simulation, .figures = figures};
    assert(!simulation->record || !figures->requests);
    int status = open_all(&r, error);
    if (status == 0) {
        if (simulation->progress)
            tdm_progress_start(&r.progress, simulation->policy, "s simulated",
                               simulation->scenario->duration);
        status = pull(&r, error);
        tdm_progress_end(&r.progress);
    }
    if (status == 0)
        add_totals(&r);
    if (status == 0 && r.record)
        status = record_summary(&r, error);
    if (status == 0 && r.record) {
        status = tdm_record_finish(r.record, error);
        r.record = NULL;
    }
    close_all(&r);
    return status;
}

int tdm_simulate(const struct tdm_simulation *simulation, struct tdm_figures *figures,
                 struct tdm_error *error)
{
    const char *rest;
    const struct tdm_engine_type *type = tdm_engine_type_of(simulation->engine, &rest, error);
    if (!type)
        return -1;
    return type->once ? tdm_simulate_apart(simulate_here, simulation, figures, error)
                      : simulate_here(simulation, figures, error);
}

void tdm_figures_add(struct tdm_figures *sum, const struct tdm_figures *f)
{
    sum->requests += f->requests;
    sum->late += f->late;
    sum->sent_any += f->sent_any;
    sum->dropped += f->dropped;
    sum->unanswered += f->unanswered;
    sum->overdue += f->overdue;
    sum->arrived += f->arrived;
    sum->cost += f->cost;
    sum->energy += f->energy;
    sum->latency += f->latency;
    sum->waited += f->waited;
    sum->sent += f->sent;
    sum->received += f->received;
    sum->accuracy += f->accuracy;
    sum->accuracies += f->accuracies;
    sum->bound += f->bound;
    sum->board_energy += f->board_energy;
    sum->radio_energy += f->radio_energy;
    sum->server_energy += f->server_energy;
}

void tdm_figures_free(struct tdm_figures *figures)
{
    free(figures->latencies);
    *figures = (struct tdm_figures){0};
}

double tdm_figures_percentile(struct tdm_figures *f, double p)
{
    if (!f->count)
        return NAN;
    if (!f->sorted)
        gsl_sort(f->latencies, 1, f->count);
    f->sorted = true;
    return gsl_stats_quantile_from_sorted_data(f->latencies, 1, f->count, p);
}

double tdm_interval(const double *values, size_t n)
{
    if (n < 2)
        return NAN;
    const double deviation = gsl_stats_sd(values, 1, n);
    return gsl_cdf_tdist_Pinv(0.975, (double)n - 1) * deviation / sqrt((double)n);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/summary.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/output.h"

void tdm_summarise(struct tdm_figures *f, size_t runs, struct tdm_summary *s)
{
    const double n = f->requests ? (double)f->requests : NAN, r = (double)runs;
    *s = (struct tdm_summary){
        .requests = (double)f->requests,
        .dropped = (double)f->dropped,
        .unanswered = (double)f->unanswered,
        .cost = f->cost / n,
        .energy = f->energy / n,
        .latency = f->latency / n,
        .p50 = tdm_figures_percentile(f, 0.5),
        .p95 = tdm_figures_percentile(f, 0.95),
        .p99 = tdm_figures_percentile(f, 0.99),
        .waited = f->waited / n,
        .misses = (double)(f->late + f->dropped + f->overdue) /
                  (double)(f->requests + f->dropped + f->overdue),
        .offloaded = (double)f->sent_any / n,
        .accuracy = f->accuracies ? f->accuracy / (double)f->accuracies : NAN,
        .sent = f->sent / n,
        .received = f->received / n,
        .bound = f->bound / n,
        .board_energy = f->board_energy / r,
        .radio_energy = f->radio_energy / r,
        .server_energy = f->server_energy / r,
    };
}

json_t *tdm_summary_json(const char *policy, const struct tdm_summary *s)
{
    const struct {
        const char *key;
        double value;
    } numbers[] = {
        {"cost_j", s->cost},
        {"energy_j", s->energy},
        {"latency_s", s->latency},
        {"latency_p50_s", s->p50},
        {"latency_p95_s", s->p95},
        {"latency_p99_s", s->p99},
        {"waited_s", s->waited},
        {"misses", s->misses},
        {"offloaded", s->offloaded},
        {"accuracy", s->accuracy},
        {"sent_bytes", s->sent},
        {"received_bytes", s->received},
        {"board_energy_j", s->board_energy},
        {"radio_energy_j", s->radio_energy},
        {"server_energy_j", s->server_energy},
    };
    json_t *object =
        json_pack("{s:s, s:I, s:I, s:I}", "name", policy, "requests", (json_int_t)s->requests,
                  "dropped", (json_int_t)s->dropped, "unanswered", (json_int_t)s->unanswered);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(object, numbers[i].key, tdm_json_number(numbers[i].value));
    return object;
}

int tdm_check_simulation(const struct tdm_simulation *simulation, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = simulation->scenario;
    struct tdm_engine *engine =
        tdm_engine_open(simulation->engine, scenario, simulation->seed, error);
    struct tdm_policy *policy =
        engine ? tdm_policy_open(simulation->policy, scenario, simulation->seed, error) : NULL;
    const bool fine = policy != NULL;
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    return fine ? 0 : -1;
}

void tdm_explain_sharing(const struct tdm_scenario *scenario, const char *engine)
{
    if (strncmp(engine, "analytic", 8) == 0 && tdm_scenario_is_shared(scenario))
        fprintf(stderr,
                "tandem: %s: boards share cells or servers, and 'analytic:' lets each have them to "
                "itself; 'simgrid:' lets them contend\n",
                scenario->name);
}

void tdm_explain_unanswered(const struct tdm_scenario *scenario, const char *policy,
                            const struct tdm_figures *figures)
{
    if ((double)figures->unanswered <= 0.01 * (double)figures->arrived)
        return; // those in service when the run ended
    fprintf(stderr,
            "tandem: %s under %s: %" PRIu64 " of %" PRIu64
            " requests were unanswered at the end (%g s): they waited for a board that was busy, "
            "or for a link that let nothing through\n",
            scenario->name, policy, figures->unanswered, figures->arrived, scenario->duration);
}

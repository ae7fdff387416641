// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/judge.h"

#include <assert.h>
#include <math.h>

#include "cli/output.h"

int tdm_judge(struct tdm_judged *judged, const struct tdm_simulation *simulation, size_t seeds,
              struct tdm_error *error)
{
    double cost[TDM_JUDGE_SEEDS], energy[TDM_JUDGE_SEEDS], latency[TDM_JUDGE_SEEDS]; // means
    struct tdm_figures *f = &judged->figures;
    assert(seeds <= TDM_JUDGE_SEEDS);
    *judged = (struct tdm_judged){.policy = simulation->policy};
    for (size_t i = 0; i < seeds; i++) {
        const struct tdm_figures before = *f;
        struct tdm_simulation run = *simulation;
        run.seed += i;
        if (tdm_simulate(&run, f, error))
            return -1;
        const double n = (double)(f->requests - before.requests);
        cost[i] = (f->cost - before.cost) / n;
        energy[i] = (f->energy - before.energy) / n;
        latency[i] = (f->latency - before.latency) / n;
    }
    tdm_summarise(f, seeds, &judged->summary);
    judged->cost_interval = tdm_interval(cost, seeds);
    judged->energy_interval = tdm_interval(energy, seeds);
    judged->latency_interval = tdm_interval(latency, seeds);
    tdm_explain_unanswered(simulation->scenario, judged->policy, f);
    return 0;
}

bool tdm_judged_leaves_out(const struct tdm_judged *judged)
{
    const struct tdm_summary *s = &judged->summary;
    return s->dropped + s->unanswered > 0.01 * (s->requests + s->dropped + s->unanswered);
}

void tdm_judge_explain_mark(void)
{
    puts("* left over 1 % of the requests without an answer: dropped, or waiting at the end. "
         "Its figures are\n  of those that it answered, and flatter it; only 'late' counts "
         "them.");
}

void tdm_table_add_interval(struct tdm_table *table, double half)
{
    if (isnan(half))
        tdm_table_add(table, "%s", "");
    else
        tdm_table_add(table, "±%.2g", half < 1e-9 ? 0 : half);
}

json_t *tdm_judged_json(const struct tdm_judged *judged, const struct tdm_judged *oracle)
{
    json_t *object = tdm_summary_json(judged->policy, &judged->summary);
    json_object_set_new(object, "cost_ci_j", tdm_json_number(judged->cost_interval));
    json_object_set_new(object, "energy_ci_j", tdm_json_number(judged->energy_interval));
    json_object_set_new(object, "latency_ci_s", tdm_json_number(judged->latency_interval));
    json_object_set_new(object, "cost_over_oracle",
                        tdm_json_number(judged->summary.cost / oracle->summary.cost));
    return object;
}

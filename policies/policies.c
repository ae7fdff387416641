// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

extern const struct tdm_policy_type tdm_policy_edge_only, tdm_policy_edge_best,
    tdm_policy_cloud_only, tdm_policy_fixed, tdm_policy_random, tdm_policy_governed,
    tdm_policy_nvpmodel, tdm_policy_neurosurgeon, tdm_policy_dynamic_split, tdm_policy_lmos,
    tdm_policy_dynasplit, tdm_policy_dvfo, tdm_policy_drldo, tdm_policy_autoscale,
    tdm_policy_mcia_shares, tdm_policy_mcia, tdm_policy_appealnet, tdm_policy_ztt, tdm_policy_sac_d,
    tdm_policy_oracle;

const struct tdm_policy_type *const tdm_policies[] = {
    &tdm_policy_edge_only, &tdm_policy_edge_best,    &tdm_policy_cloud_only,
    &tdm_policy_fixed,     &tdm_policy_random,       &tdm_policy_governed,
    &tdm_policy_nvpmodel,  &tdm_policy_neurosurgeon, &tdm_policy_dynamic_split,
    &tdm_policy_lmos,      &tdm_policy_dynasplit,    &tdm_policy_dvfo,
    &tdm_policy_drldo,     &tdm_policy_autoscale,    &tdm_policy_mcia_shares,
    &tdm_policy_mcia,      &tdm_policy_appealnet,    &tdm_policy_ztt,
    &tdm_policy_sac_d,     &tdm_policy_oracle,       NULL};

static const struct tdm_policy_type *find(const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++) {
        if (strcmp((*type)->name, name) == 0)
            return *type;
        tdm_nearest_try(&nearest, (*type)->name);
    }
    tdm_fail(error, "there is no policy '%.64s'%s; 'tandem policy list' shows them", name,
             tdm_nearest_hint(&nearest));
    return NULL;
}

struct tdm_policy *tdm_policy_open(const char *name, const struct tdm_scenario *scenario,
                                   uint64_t seed, struct tdm_error *error)
{
    const size_t length = strcspn(name, ":=");
    char plain[64];
    snprintf(plain, sizeof plain, "%.*s", (int)length, name);
    const struct tdm_policy_type *type = find(plain, error);
    if (!type)
        return NULL;
    struct tdm_policy *policy = calloc(1, sizeof *policy);
    if (!policy) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    policy->type = type;
    policy->scenario = scenario;
    if (name[length] == '=' && !type->recipe) {
        free(policy);
        tdm_fail(error, "the policy '%s' does not learn, and takes no file (found '%.64s')",
                 type->name, name + length + 1);
        return NULL;
    }
    snprintf(policy->name, sizeof policy->name, "%s", name);
    const char *argument = name[length] ? name + length + 1 : "";
    if (type->open && type->open(policy, argument, seed, error)) {
        policy->type = NULL;
        tdm_policy_free(policy);
        return NULL;
    }
    return policy;
}

void tdm_policy_free(struct tdm_policy *policy)
{
    if (!policy)
        return;
    if (policy->type && policy->type->close)
        policy->type->close(policy);
    free(policy);
}

void tdm_policy_decide(struct tdm_policy *policy, const struct tdm_state *state,
                       struct tdm_plan *plan)
{
    policy->type->decide(policy, state, plan);
}

void tdm_policy_learn(struct tdm_policy *policy, const struct tdm_outcome *outcome)
{
    if (policy->type->learn)
        policy->type->learn(policy, outcome);
}

int tdm_policy_no_argument(struct tdm_policy *policy, const char *argument, uint64_t seed,
                           struct tdm_error *error)
{
    (void)seed;
    if (!argument[0])
        return 0;
    return tdm_fail(error, "the policy '%s' takes no argument (found '%.32s')", policy->type->name,
                    argument);
}

static int gpu_of(const struct tdm_board *board)
{
    return (int)(tdm_board_processor(board, "gpu") - board->processors);
}

void tdm_plan_governed(const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    *plan = (struct tdm_plan){.opp = {TDM_GOVERNED, TDM_GOVERNED, TDM_GOVERNED},
                              .cap = {-1, -1, -1},
                              .governor = -1,
                              .processor = gpu_of(state->unit->board),
                              .point = queue->costs->point_count - 1,
                              .bits = 32};
}

void tdm_plan_local(const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    tdm_plan_governed(state, plan);
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan->opp[d] = queue->levels->opp[d][queue->levels->opp_count[d] - 1];
}

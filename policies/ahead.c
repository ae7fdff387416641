// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/ahead.h"

#include <stdlib.h>

#include "core/error.h"

int tdm_ahead_open(struct tdm_policy *policy, struct tdm_error *error)
{
    struct tdm_learned *learned = calloc(1, sizeof *learned);
    if (!learned)
        return tdm_fail(error, "out of memory");
    policy->own = learned;
    if (tdm_learned_open(learned, policy->type, policy->scenario, error) == 0)
        return 0;
    tdm_learned_close_policy(policy);
    return -1;
}

int tdm_ahead_choices(const struct tdm_learned *learned)
{
    int count = 1;
    for (int b = 0; b < learned->branches; b++)
        count *= learned->levels[b];
    return count;
}

static double reward_of(const struct tdm_learned *l, const struct tdm_state *state, int number,
                        struct tdm_plan *plan)
{
    int32_t choice[TDM_LEARN_BRANCHES], action[TDM_KNOBS];
    struct tdm_outcome outcome;
    for (int b = l->branches - 1; b >= 0; b--) {
        choice[b] = number % l->levels[b];
        number /= l->levels[b];
    }
    tdm_learned_expand(l, choice, action);
    tdm_actions_plan(tdm_process_actions(l->process), action, state, plan);
    tdm_unit_foresee(state->unit, plan, &outcome);
    return tdm_process_reward(l->process, state->unit, &outcome);
}

void tdm_ahead_best(const struct tdm_learned *learned, const struct tdm_state *state, int count,
                    struct tdm_plan *plan)
{
    double best = reward_of(learned, state, 0, plan);
    for (int number = 1; number < count; number++) {
        struct tdm_plan other;
        const double reward = reward_of(learned, state, number, &other);
        if (!(reward > best))
            continue;
        best = reward;
        *plan = other;
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    (void)policy;
    tdm_plan_governed(state, plan);
    if (!state->unit->way_count)
        return; // no server to send to
    plan->point = 0;
    plan->xi = 1;
}

const struct tdm_policy_type tdm_policy_cloud_only = {
    .name = "cloud-only",
    .summary = "sends the input of every request to the first server",
    .help = "Sends the input of every request over the board's first link and waits. The clocks "
            "are left to the board's governors, which let them fall meanwhile.",
    .open = tdm_policy_no_argument,
    .decide = decide,
};

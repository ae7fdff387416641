// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

static int open_cloud_only(struct tdm_policy *policy, const char *argument, uint64_t seed,
                           struct tdm_error *error)
{
    const struct tdm_scenario *scenario = policy->scenario;
    if (tdm_policy_no_argument(policy, argument, seed, error))
        return -1;
    for (size_t i = 0; i < scenario->board_count; i++) {
        if (!scenario->boards[i].link_count)
            return tdm_fail(error,
                            "cloud-only needs a link to a server, and the board '%.64s' "
                            "has none",
                            scenario->boards[i].id);
    }
    return 0;
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    (void)policy;
    tdm_plan_governed(state, plan);
    plan->point = 0;
    plan->xi = 1;
}

const struct tdm_policy_type tdm_policy_cloud_only = {
    .name = "cloud-only",
    .summary = "sends the input of every request to the first server",
    .help = "Sends the input of every request over the board's first link and waits. The clocks "
            "are left to the board's governors, which let them fall meanwhile.",
    .open = open_cloud_only,
    .decide = decide,
};

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    (void)policy;
    tdm_plan_local(state, plan);
}

const struct tdm_policy_type tdm_policy_edge_only = {
    .name = "edge-only",
    .summary = "everything on the board, at the top clocks",
    .help = "Runs every request on the board's gpu at the highest clock that the scenario frees of "
            "each domain. The reference that most papers compare with.",
    .open = tdm_policy_no_argument,
    .decide = decide,
};

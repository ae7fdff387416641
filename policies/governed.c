// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "engine/governor.h"

static int open_governed(struct tdm_policy *policy, const char *argument, uint64_t seed,
                         struct tdm_error *error)
{
    (void)seed;
    int *governor = malloc(sizeof *governor);
    if (!governor)
        return tdm_fail(error, "out of memory");
    policy->own = governor;
    *governor = -1;
    if (!argument[0])
        return 0;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, argument);
    for (int i = 0; i < TDM_GOVERNORS; i++) {
        if (!tdm_governors[i])
            continue;
        if (strcmp(tdm_governors[i]->name, argument) == 0)
            *governor = i;
        tdm_nearest_try(&nearest, tdm_governors[i]->name);
    }
    if (*governor >= 0)
        return 0;
    free(governor);
    return tdm_fail(error, "there is no governor '%.32s'%s; 'tandem help governors' lists them",
                    argument, tdm_nearest_hint(&nearest));
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const int *governor = policy->own;
    tdm_plan_governed(state, plan);
    plan->governor = *governor;
}

static void close_governed(struct tdm_policy *policy)
{
    free(policy->own);
}

const struct tdm_policy_type tdm_policy_governed = {
    .name = "governed",
    .summary = "everything on the board, clocks left to a kernel governor",
    .help = "governed            the board's own governors, as after booting\n"
            "governed:GOVERNOR   cpu and gpu under this governor (tandem help governors)\n"
            "The memory clock follows the GPU clock by the board's floor table.",
    .open = open_governed,
    .decide = decide,
    .close = close_governed,
};

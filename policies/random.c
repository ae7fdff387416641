// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <stdlib.h>

#include "core/error.h"

static int open_random(struct tdm_policy *policy, const char *argument, uint64_t seed,
                       struct tdm_error *error)
{
    if (tdm_policy_no_argument(policy, argument, seed, error))
        return -1;
    struct tdm_random *random = malloc(sizeof *random);
    if (!random)
        return tdm_fail(error, "out of memory");
    tdm_random_seed(random, seed, "policy random", 0);
    policy->own = random;
    return 0;
}

static int pick(struct tdm_random *random, int count)
{
    return (int)tdm_random_below(random, (uint64_t)count);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    struct tdm_random *random = policy->own;
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    tdm_plan_governed(state, plan);
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan->opp[d] = levels->opp[d][pick(random, levels->opp_count[d])];
    plan->processor = levels->processor[pick(random, levels->processor_count)];
    if (levels->version_count > 1) { // else as if there were no such knob
        plan->version = levels->version[pick(random, levels->version_count)];
        plan->point = queue->versions[plan->version].costs->point_count - 1;
    }
    if (levels->exit_count[plan->version] > 1) {
        plan->exit = levels->exit[plan->version][pick(random, levels->exit_count[plan->version])];
        plan->point = tdm_queue_until(queue, plan->version, plan->exit)->costs->point_count - 1;
    }
    // One of the points, or none of them: all on the board.
    const int points = tdm_levels_points(levels, plan->version, plan->point - 1);
    const int point = levels->xi_count ? pick(random, points + 1) : 0;
    if (levels->xi_count == 0 || point == points)
        return;
    plan->point = levels->version_point[plan->version][point];
    // Before the first layer there are no channels to share: the input goes whole.
    plan->xi = plan->point == 0 ? 1 : levels->xi[pick(random, levels->xi_count)];
    plan->bits = levels->bits[pick(random, levels->bits_count)];
    plan->link = pick(random, levels->link_count);
}

static void close_random(struct tdm_policy *policy)
{
    free(policy->own);
}

const struct tdm_policy_type tdm_policy_random = {
    .name = "random",
    .summary = "every free knob at a random level",
    .help = "Draws the level of each knob that the scenario frees, uniformly and independently. "
            "The seed of the run decides.",
    .open = open_random,
    .decide = decide,
    .close = close_random,
};

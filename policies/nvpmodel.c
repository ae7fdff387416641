// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/policy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

// By name, or by nvpmodel's number.
static const struct tdm_mode *find_mode(const struct tdm_board *board, const char *name)
{
    const struct tdm_mode *mode = tdm_board_mode(board, name);
    char *end;
    const long id = strtol(name, &end, 10);
    for (size_t i = 0; !mode && end != name && !*end && i < board->mode_count; i++)
        if (board->modes[i].id == id)
            mode = &board->modes[i];
    return mode;
}

static int open_nvpmodel(struct tdm_policy *policy, const char *argument, uint64_t seed,
                         struct tdm_error *error)
{
    (void)seed;
    const struct tdm_scenario *scenario = policy->scenario;
    const struct tdm_mode **modes = calloc(scenario->board_count, sizeof *modes);
    if (!modes)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < scenario->board_count; i++) {
        const struct tdm_board *board = scenario->boards[i].board;
        modes[i] = find_mode(board, argument);
        if (modes[i])
            continue;
        struct tdm_nearest nearest;
        tdm_nearest_start(&nearest, argument);
        for (size_t j = 0; j < board->mode_count; j++)
            tdm_nearest_try(&nearest, board->modes[j].name);
        free(modes);
        return tdm_fail(error,
                        "the board '%s' has no power mode '%.32s'%s; write nvpmodel:MODE, modes "
                        "are in 'tandem board show %s'",
                        board->name, argument, tdm_nearest_hint(&nearest), board->name);
    }
    policy->own = modes;
    return 0;
}

static int cap(const struct tdm_domain_info *domain, double hz)
{
    return isnan(hz) ? -1 : tdm_domain_opp(domain, hz);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_mode *mode = ((const struct tdm_mode **)policy->own)[state->board];
    const struct tdm_board *board = state->unit->board;
    tdm_plan_governed(state, plan);
    plan->cap[TDM_CPU] = cap(board->domain[TDM_CPU], mode->cpu);
    plan->cap[TDM_GPU] = cap(board->domain[TDM_GPU], mode->gpu);
    plan->cap[TDM_EMC] = cap(board->domain[TDM_EMC], mode->emc);
    plan->cores = (int)mode->cores;
}

static void close_nvpmodel(struct tdm_policy *policy)
{
    free(policy->own);
}

const struct tdm_policy_type tdm_policy_nvpmodel = {
    .name = "nvpmodel",
    .summary = "everything on the board, in one of its power modes",
    .help = "nvpmodel:MODE   the board's governors under the caps and cores of this power mode, by "
            "name or number",
    .open = open_nvpmodel,
    .decide = decide,
    .close = close_nvpmodel,
};

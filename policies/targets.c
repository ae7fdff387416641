// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/targets.h"

#include <assert.h>

#include "core/error.h"

// What the levels of a knob are, be it free or not.
static int values_of(const struct tdm_actions *actions, int knob,
                     const struct tdm_scenario *scenario, double *values, struct tdm_error *error)
{
    const struct tdm_actions alone = {
        .count = 1, .knob = {knob}, .levels = {tdm_actions_levels(actions, knob)}};
    return tdm_actions_values(&alone, 0, scenario, values, error);
}

static int read_processors(struct tdm_targets *t, const struct tdm_scenario *scenario,
                           const struct tdm_actions *actions, struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[scenario->streams[0].board].board;
    double values[8];
    t->processors = tdm_actions_levels(actions, TDM_KNOB_PROCESSOR);
    if (values_of(actions, TDM_KNOB_PROCESSOR, scenario, values, error))
        return -1;
    for (int p = 0; p < t->processors; p++) {
        t->knob[p] = board->processors[(int)values[p]].domain;
        t->levels[p] = tdm_actions_levels(actions, t->knob[p]);
    }
    return 0;
}

static int read_links(struct tdm_targets *t, const struct tdm_scenario *scenario,
                      const struct tdm_actions *actions, struct tdm_error *error)
{
    double layers[TDM_MOST_POINTS];
    if (tdm_actions_levels(actions, TDM_KNOB_XI) < 2)
        return 0;
    if (values_of(actions, TDM_KNOB_CUT, scenario, layers, error))
        return -1;
    if (layers[0] == 0)
        t->links = tdm_actions_levels(actions, TDM_KNOB_LINK);
    return 0;
}

int tdm_targets_read(struct tdm_targets *targets, const struct tdm_scenario *scenario,
                     const struct tdm_actions *actions, struct tdm_error *error)
{
    *targets = (struct tdm_targets){0};
    if (read_processors(targets, scenario, actions, error) ||
        read_links(targets, scenario, actions, error))
        return -1;
    targets->count = tdm_targets_local(targets) + targets->links;
    return 0;
}

int tdm_targets_local(const struct tdm_targets *targets)
{
    int count = 0;
    for (int p = 0; p < targets->processors; p++)
        count += targets->levels[p];
    return count;
}

void tdm_targets_action(const struct tdm_targets *targets, const struct tdm_actions *actions,
                        int target, int32_t *action)
{
    assert(target >= 0 && target < targets->count);
    for (int i = 0; i < actions->count; i++)
        action[i] = 0;
    int p = 0;
    while (p < targets->processors && target >= targets->levels[p])
        target -= targets->levels[p++];
    if (p == targets->processors) {
        tdm_actions_set(actions, action, TDM_KNOB_XI, tdm_actions_levels(actions, TDM_KNOB_XI) - 1);
        tdm_actions_set(actions, action, TDM_KNOB_LINK, target);
        return;
    }
    if (targets->knob[p] == TDM_GPU)
        tdm_actions_set(actions, action, TDM_KNOB_CPU,
                        tdm_actions_levels(actions, TDM_KNOB_CPU) - 1);
    tdm_actions_set(actions, action, TDM_KNOB_EMC, tdm_actions_levels(actions, TDM_KNOB_EMC) - 1);
    tdm_actions_set(actions, action, targets->knob[p], target);
    tdm_actions_set(actions, action, TDM_KNOB_PROCESSOR, p);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learned.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"

// ---- what goes in and comes out ----------------------------------------------------------------

static bool sees(const struct tdm_recipe *recipe, int entry)
{
    if (!recipe->entries)
        return true;
    for (const int *e = recipe->entries; *e >= 0; e++)
        if (*e == entry)
            return true;
    return false;
}

static void find_inputs(struct tdm_learned *l)
{
    const int *entries = tdm_process_entries(l->process);
    for (size_t i = 0; i < tdm_process_sees(l->process); i++)
        if (sees(l->type->recipe, entries[i]))
            l->input[l->inputs++] = (int)i;
}

static int find_targets(struct tdm_learned *l, struct tdm_error *error)
{
    const struct tdm_actions *actions = tdm_process_actions(l->process);
    if (tdm_targets_read(&l->targets, l->scenario, actions, error))
        return -1;
    l->levels[l->branches++] = l->targets.count;
    return 0;
}

static void find_branches(struct tdm_learned *l)
{
    const struct tdm_actions *actions = tdm_process_actions(l->process);
    if (l->type->recipe->branches) {
        l->branches = l->type->recipe->branches(actions, l->levels);
        return;
    }
    for (int i = 0; i < actions->count; i++) {
        if (l->type->recipe->pins[actions->knob[i]] != TDM_FREE)
            continue;
        l->knob_of[l->branches] = i;
        l->levels[l->branches++] = actions->levels[i];
    }
    if (l->branches == 0) // no choice at all: one that makes no difference
        l->levels[l->branches++] = 1;
}

// Whoever learns to decide for all at once knows nothing of deciding one by one.
static int check_period(const struct tdm_learned *l, struct tdm_error *error)
{
    const bool coordinated = tdm_process_coordinator(l->process) != NULL;
    const char *name = l->type->name;
    if (coordinated == l->type->recipe->coordinates)
        return 0;
    if (coordinated)
        return tdm_fail_at(error, l->scenario->path, 0, 0,
                           "the policy '%s' decides for each request, and the <environment> has a "
                           "period for coordinators ('mcia'): leave the period out",
                           name);
    return tdm_fail_at(error, l->scenario->path, 0, 0,
                       "the policy '%s' decides once a period for all boards: write <environment "
                       "period=\"1 s\"/>",
                       name);
}

int tdm_learned_open(struct tdm_learned *learned, const struct tdm_policy_type *type,
                     const struct tdm_scenario *scenario, struct tdm_error *error)
{
    *learned = (struct tdm_learned){.type = type, .scenario = scenario};
    learned->process = tdm_process_new(scenario, error);
    if (!learned->process)
        return -1;
    if (check_period(learned, error))
        return -1;
    if (type->recipe->reward)
        tdm_process_prefer_reward(learned->process, type->recipe->reward);
    find_inputs(learned);
    if (!type->recipe->targets)
        find_branches(learned);
    else if (find_targets(learned, error))
        return -1;
    if (learned->inputs)
        return 0;
    return tdm_fail_at(error, scenario->path, 0, 0,
                       "the policy '%s' sees nothing of what the <environment> observes",
                       type->name);
}

void tdm_learned_close(struct tdm_learned *learned)
{
    tdm_learner_free(learned->learner);
    tdm_process_free(learned->process);
    *learned = (struct tdm_learned){0};
}

void tdm_learned_gather(const struct tdm_learned *learned, const float *observations, int count,
                        float *inputs)
{
    const size_t sees = tdm_process_sees(learned->process);
    for (int row = 0; row < count; row++)
        for (int i = 0; i < learned->inputs; i++)
            *inputs++ = observations[(size_t)row * sees + (size_t)learned->input[i]];
}

void tdm_learned_expand(const struct tdm_learned *learned, const int32_t *choice, int32_t *action)
{
    const struct tdm_recipe *recipe = learned->type->recipe;
    const struct tdm_actions *actions = tdm_process_actions(learned->process);
    if (recipe->targets) {
        tdm_targets_action(&learned->targets, actions, choice[0], action);
        return;
    }
    if (recipe->expand) {
        recipe->expand(actions, choice, action);
        return;
    }
    for (int i = 0; i < actions->count; i++)
        action[i] = recipe->pins[actions->knob[i]] == TDM_LAST ? actions->levels[i] - 1 : 0;
    for (int b = 0; b < learned->branches && actions->count; b++)
        action[learned->knob_of[b]] = choice[b];
}

// ---- the learner -------------------------------------------------------------------------------

enum { MOST_EDGES = 8 };

// Bins are in the entries' units, and the learner sees scaled ones.
static void find_edges(const struct tdm_learned *l, int32_t *counts, float *edges)
{
    const int *entries = tdm_process_entries(l->process);
    for (int i = 0; i < l->inputs; i++) {
        double values[MOST_EDGES];
        const int entry = entries[l->input[i]];
        counts[i] = l->type->recipe->edges(entry, values);
        for (int e = 0; e < counts[i]; e++)
            *edges++ = tdm_entry_scale(&tdm_entries[entry], values[e]);
    }
}

int tdm_learned_begin(struct tdm_learned *learned, const struct tdm_learn_options *options,
                      struct tdm_error *error)
{
    int32_t counts[TDM_ENTRIES];
    float edges[TDM_ENTRIES * MOST_EDGES];
    struct tdm_learn_shape shape = {.observation = learned->inputs, .branches = learned->branches};
    memcpy(shape.levels, learned->levels, sizeof shape.levels);
    if (learned->type->recipe->edges) {
        find_edges(learned, counts, edges);
        shape.edge_counts = counts;
        shape.edges = edges;
    }
    learned->learner =
        tdm_learner_open(learned->type->recipe->learner, &shape, options, true, error);
    return learned->learner ? 0 : -1;
}

void tdm_learned_choose(const struct tdm_learned *learned, const float *observation,
                        int32_t *action)
{
    float inputs[TDM_ENTRIES];
    int32_t choice[TDM_LEARN_BRANCHES];
    tdm_learned_gather(learned, observation, 1, inputs);
    tdm_learner_act(learned->learner, inputs, false, choice);
    tdm_learned_expand(learned, choice, action);
}

// ---- as a policy -------------------------------------------------------------------------------

static int read_file(struct tdm_learned *l, const char *path, struct tdm_error *error)
{
    struct tdm_h5 *file = tdm_h5_open(path, error);
    const int status = file ? tdm_learned_load(l, file, false, error) : -1;
    tdm_h5_close(file, NULL);
    return status;
}

int tdm_learned_open_policy(struct tdm_policy *policy, const char *argument, uint64_t seed,
                            struct tdm_error *error)
{
    (void)seed;
    const char *name = policy->type->name;
    const char *file = strchr(policy->name, '=');
    if (!file)
        return tdm_fail(error,
                        "the policy '%s' has to be trained: 'tandem train %s --policy %s -o "
                        "%s.h5', then '%s=%s.h5'",
                        name, policy->scenario->name, name, name, name, name);
    struct tdm_learned *learned = calloc(1, sizeof *learned);
    if (!learned)
        return tdm_fail(error, "out of memory");
    policy->own = learned;
    if (tdm_learned_open(learned, policy->type, policy->scenario, error) == 0 &&
        read_file(learned, argument, error) == 0)
        return 0;
    tdm_learned_close_policy(policy);
    return -1;
}

void tdm_learned_decide(struct tdm_policy *policy, const struct tdm_state *state,
                        struct tdm_plan *plan)
{
    struct tdm_learned *l = policy->own;
    float observation[TDM_ENTRIES];
    int32_t action[TDM_KNOBS];
    tdm_process_observe(l->process, state, observation);
    tdm_learned_choose(l, observation, action);
    tdm_process_act(l->process, state, action, plan);
}

void tdm_learned_close_policy(struct tdm_policy *policy)
{
    tdm_learned_close(policy->own);
    free(policy->own);
    policy->own = NULL;
}

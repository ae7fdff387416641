// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/learner.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "policies/learn/floats.h"

extern const struct tdm_learner_type tdm_learner_dqn, tdm_learner_sac, tdm_learner_tabular;

const struct tdm_learner_type *const tdm_learners[] = {&tdm_learner_dqn, &tdm_learner_sac,
                                                       &tdm_learner_tabular, NULL};

// ---- making ------------------------------------------------------------------------------------

static const struct tdm_learner_type *find(const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_learner_type *const *type = tdm_learners; *type; type++) {
        if (strcmp((*type)->name, name) == 0)
            return *type;
        tdm_nearest_try(&nearest, (*type)->name);
    }
    tdm_fail(error, "there is no learner '%.64s'%s", name, tdm_nearest_hint(&nearest));
    return NULL;
}

int64_t tdm_learn_combinations(const struct tdm_learn_shape *shape, int64_t most)
{
    int64_t product = 1;
    for (int b = 0; b < shape->branches; b++) {
        if (product > most / shape->levels[b])
            return -1;
        product *= shape->levels[b];
    }
    return product;
}

static int check_shape(const struct tdm_learn_shape *shape, struct tdm_error *error)
{
    if (shape->observation < 1 || shape->observation > TDM_LEARN_WIDEST)
        return tdm_fail(error, "a learner takes observations of 1 to %d numbers, not %d",
                        TDM_LEARN_WIDEST, shape->observation);
    if (shape->branches < 1 || shape->branches > TDM_LEARN_BRANCHES)
        return tdm_fail(error, "a learner has 1 to %d knobs, not %d", TDM_LEARN_BRANCHES,
                        shape->branches);
    for (int b = 0; b < shape->branches; b++)
        if (shape->levels[b] < 1 || shape->levels[b] > TDM_LEARN_LEVELS)
            return tdm_fail(error, "a learner's knob has 1 to %d levels, not %d", TDM_LEARN_LEVELS,
                            shape->levels[b]);
    return 0;
}

// Before memory is taken for it: a capacity may come from a file.
static int check_memory(const struct tdm_learn_shape *shape,
                        const struct tdm_learn_options *options, struct tdm_error *error)
{
    const double most = 0x1p35, row = 4. * (2 * shape->observation + 2 + shape->branches) + 32;
    if (row * (double)options->capacity <= most)
        return 0;
    return tdm_fail(error, "capacity is %lld, and transitions of %g bytes would take %.3g GB",
                    (long long)options->capacity, row, row * (double)options->capacity / 1e9);
}

struct tdm_learner *tdm_learner_open(const char *name, const struct tdm_learn_shape *shape,
                                     const struct tdm_learn_options *options, bool learns,
                                     struct tdm_error *error)
{
    const struct tdm_learner_type *type = find(name, error);
    if (!type || check_shape(shape, error) || tdm_learn_options_check(options, error) ||
        (learns && check_memory(shape, options, error)))
        return NULL;
    struct tdm_learner *learner = malloc(sizeof *learner);
    if (!learner) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    *learner =
        (struct tdm_learner){.type = type, .shape = *shape, .options = *options, .learns = learns};
    learner->health.gradient = learner->health.temperature = learner->health.entropy = NAN;
    if (type->open(learner, error) == 0)
        return learner;
    tdm_learner_free(learner);
    return NULL;
}

void tdm_learner_free(struct tdm_learner *learner)
{
    if (!learner)
        return;
    learner->type->close(learner);
    free(learner);
}

int tdm_learner_remember(const struct tdm_learner *learner, struct tdm_replay *replay,
                         struct tdm_batch *batch, struct tdm_error *error)
{
    const struct tdm_learn_options *options = &learner->options;
    const double alpha = options->prioritised ? options->priority_alpha : (double)NAN;
    if (tdm_replay_open(replay, (size_t)options->capacity, learner->shape.observation,
                        learner->shape.branches, alpha, error))
        return -1;
    return tdm_batch_open(batch, replay, (int)options->batch, error);
}

// ---- acting and learning -----------------------------------------------------------------------

double tdm_learner_epsilon(const struct tdm_learner *learner)
{
    const struct tdm_learn_options *o = &learner->options;
    const double share = (double)learner->health.steps / (double)o->epsilon_steps;
    return o->epsilon_start + (o->epsilon_end - o->epsilon_start) * fmin(share, 1);
}

double tdm_learner_rate(const struct tdm_learner *learner)
{
    const struct tdm_learn_options *o = &learner->options;
    const double share = (double)learner->health.updates / (double)o->rate_steps;
    return o->rate * pow(o->rate_end, fmin(share, 1));
}

double tdm_learner_beta(const struct tdm_learner *learner)
{
    const struct tdm_learn_options *o = &learner->options;
    const double share = (double)learner->health.updates / (double)o->priority_steps;
    return o->priority_beta + (1 - o->priority_beta) * fmin(share, 1);
}

void tdm_learner_wander(const struct tdm_learner *learner, struct tdm_random *random,
                        int32_t *action)
{
    for (int b = 0; b < learner->shape.branches; b++)
        action[b] = (int32_t)tdm_random_below(random, (uint64_t)learner->shape.levels[b]);
}

void tdm_learner_act(struct tdm_learner *learner, const float *observation, bool explore,
                     int32_t *action)
{
    learner->type->act(learner, observation, explore, action);
}

void tdm_learner_act_many(struct tdm_learner *learner, const float *observations, int count,
                          bool explore, int32_t *actions)
{
    if (learner->type->act_many) {
        learner->type->act_many(learner, observations, count, explore, actions);
        return;
    }
    for (int i = 0; i < count; i++)
        learner->type->act(learner, observations + (size_t)i * (size_t)learner->shape.observation,
                           explore, actions + (size_t)i * (size_t)learner->shape.branches);
}

void tdm_learner_observe(struct tdm_learner *learner, const struct tdm_transition *transition)
{
    assert(learner->learns);
    const size_t width = (size_t)learner->shape.observation;
    for (int b = 0; b < learner->shape.branches; b++)
        assert(transition->action[b] >= 0 && transition->action[b] < learner->shape.levels[b]);
    if (!tdm_floats_finite(transition->observation, width) ||
        !tdm_floats_finite(transition->next, width) || !isfinite(transition->reward) ||
        !isfinite(transition->discount)) {
        learner->health.discarded++;
        return;
    }
    const int64_t late = ++learner->health.steps - learner->options.warmup;
    learner->type->observe(learner, transition);
    if (learner->type->update && late >= 0 && late % learner->options.train_every == 0 &&
        learner->due < TDM_LEARN_DUE)
        learner->due++;
}

int64_t tdm_learner_update(struct tdm_learner *learner)
{
    const int64_t due = learner->due;
    for (; learner->due; learner->due--)
        learner->type->update(learner);
    return due;
}

int tdm_learner_values(struct tdm_learner *learner, const float *observation, float *values)
{
    return learner->type->values(learner, observation, values);
}

struct tdm_learn_health tdm_learner_health(const struct tdm_learner *learner)
{
    struct tdm_learn_health health = learner->health;
    health.epsilon = learner->type->epsilon_greedy ? tdm_learner_epsilon(learner) : (double)NAN;
    return health;
}

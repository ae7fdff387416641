// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/heads.h"

#include "core/error.h"

int tdm_heads_make(struct tdm_heads *heads, const struct tdm_learn_shape *shape, bool branching,
                   struct tdm_error *error)
{
    *heads = (struct tdm_heads){.joint = !branching, .shape = *shape};
    if (heads->joint) {
        const int64_t product = tdm_learn_combinations(shape, TDM_HEADS_WIDEST);
        if (product < 0)
            return tdm_fail(error,
                            "the knobs have more than %d combinations: a network takes a head a "
                            "knob (branching) or fewer levels",
                            TDM_HEADS_WIDEST);
        heads->count = 1;
        heads->sizes[0] = heads->total = (int)product;
        return 0;
    }
    heads->count = shape->branches;
    for (int h = 0; h < heads->count; h++) {
        heads->sizes[h] = shape->levels[h];
        heads->at[h] = heads->total;
        heads->total += shape->levels[h];
    }
    if (heads->total > TDM_HEADS_WIDEST)
        return tdm_fail(error, "the knobs have %d levels, and a network takes up to %d",
                        heads->total, TDM_HEADS_WIDEST);
    return 0;
}

int tdm_heads_layers(const struct tdm_learner *learner, int outputs, int *sizes)
{
    const int64_t *hidden = learner->options.hidden;
    int layers = 0;
    sizes[0] = learner->shape.observation;
    while (layers < TDM_LEARN_HIDDEN && hidden[layers]) {
        sizes[layers + 1] = (int)hidden[layers];
        layers++;
    }
    sizes[++layers] = outputs;
    return layers;
}

void tdm_heads_choices(const struct tdm_heads *heads, const int32_t *action, int *choices)
{
    if (!heads->joint) {
        for (int h = 0; h < heads->count; h++)
            choices[h] = action[h];
        return;
    }
    choices[0] = 0;
    for (int b = 0; b < heads->shape.branches; b++)
        choices[0] = choices[0] * heads->shape.levels[b] + action[b];
}

void tdm_heads_action(const struct tdm_heads *heads, const int *choices, int32_t *action)
{
    if (!heads->joint) {
        for (int h = 0; h < heads->count; h++)
            action[h] = choices[h];
        return;
    }
    int rest = choices[0];
    for (int b = heads->shape.branches - 1; b >= 0; b--) {
        action[b] = rest % heads->shape.levels[b];
        rest /= heads->shape.levels[b];
    }
}

int tdm_largest(const float *values, int count)
{
    int best = 0;
    for (int i = 1; i < count; i++)
        if (values[i] > values[best])
            best = i;
    return best;
}

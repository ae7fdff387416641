// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * What is learned where a coordinator decides: the turns of a period are one decision, which is
 * paid for at its end. Each turn is remembered with the reward of the whole period, and nothing
 * after it, for little of what is decided is left a period later. Bootstrapping from turn to turn
 * would learn the same more slowly, as each turn would wait for those after it to be learned.
 */
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/train_parts.h"

int tdm_training_open_periods(struct tdm_training *t, struct tdm_error *error)
{
    const struct tdm_coordinator *coordinator = tdm_process_coordinator(t->learned.process);
    if (!coordinator)
        return 0;
    t->turns = coordinator->count;
    t->taken = calloc(t->count, sizeof *t->taken);
    t->turn_inputs = calloc(t->count * t->turns * (size_t)t->learned.inputs, sizeof(float));
    t->turn_choices = calloc(t->count * t->turns * (size_t)t->learned.branches, sizeof(int32_t));
    return t->taken && t->turn_inputs && t->turn_choices ? 0 : tdm_fail(error, "out of memory");
}

void tdm_training_close_periods(struct tdm_training *t)
{
    free(t->taken);
    free(t->turn_inputs);
    free(t->turn_choices);
}

void tdm_training_begin_periods(struct tdm_training *t)
{
    if (t->taken)
        memset(t->taken, 0, t->count * sizeof *t->taken);
}

void tdm_training_remember_turn(struct tdm_training *t, size_t i)
{
    const size_t inputs = (size_t)t->learned.inputs, branches = (size_t)t->learned.branches;
    float *seen = t->turn_inputs + i * t->turns * inputs;
    int32_t *choices = t->turn_choices + i * t->turns * branches;
    memcpy(seen + t->taken[i] * inputs, t->inputs + i * inputs, inputs * sizeof *seen);
    memcpy(choices + t->taken[i] * branches, t->choices + i * branches, branches * sizeof *choices);
    if (++t->taken[i] < t->turns)
        return;
    for (size_t turn = 0; turn < t->turns; turn++) {
        const struct tdm_transition transition = {.observation = seen + turn * inputs,
                                                  .action = choices + turn * branches,
                                                  .reward = t->rewards[i],
                                                  .next = seen + turn * inputs,
                                                  .discount = 0};
        tdm_learner_observe(t->learned.learner, &transition);
    }
    t->taken[i] = 0;
}

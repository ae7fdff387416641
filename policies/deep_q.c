// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/deep_q.h"

void tdm_deep_q_options(struct tdm_learn_options *options)
{
    const int64_t hidden[TDM_LEARN_HIDDEN] = {128, 64, 32, 0};
    for (int i = 0; i < TDM_LEARN_HIDDEN; i++)
        options->hidden[i] = hidden[i];
    options->branching = true;
    options->double_q = true;
    options->dueling = false;
    options->rate = 1e-3;
    options->rate_end = 0.1;
    options->rate_steps = TDM_DEEP_Q_STEPS / 8;
    options->gamma = 0;
    options->batch = 256;
    options->capacity = 100000;
    options->warmup = 5000;
    options->train_every = 8;
    options->epsilon_start = 1;
    options->epsilon_end = 0.01;
    options->epsilon_steps = 100000;
    options->softness = 0.015;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/adam.h"

#include <math.h>

#include "core/error.h"
#include "policies/learn/floats.h"

static const double mean_decay = 0.9, square_decay = 0.999, least = 1e-8;

int tdm_adam_open(struct tdm_adam *adam, size_t count, double rate, struct tdm_error *error)
{
    *adam = (struct tdm_adam){.rate = rate, .count = count};
    adam->mean = tdm_floats(count);
    adam->square = tdm_floats(count);
    return adam->mean && adam->square ? 0 : tdm_fail(error, "out of memory");
}

void tdm_adam_close(struct tdm_adam *adam)
{
    free(adam->mean);
    free(adam->square);
    *adam = (struct tdm_adam){0};
}

void tdm_adam_step(struct tdm_adam *adam, float *restrict parameters,
                   const float *restrict gradient)
{
    const double steps = (double)++adam->steps;
    const double shrunk = sqrt(1 - pow(square_decay, steps)); // both moments start at zero
    const float rate = (float)(adam->rate * shrunk / (1 - pow(mean_decay, steps)));
    const float floor = (float)(least * shrunk);
    const float keep = (float)mean_decay, fresh = (float)(1 - mean_decay);
    const float keep_square = (float)square_decay, fresh_square = (float)(1 - square_decay);
    float *restrict mean = adam->mean, *restrict square = adam->square;
    for (size_t i = 0; i < adam->count; i++) {
        const float g = gradient[i];
        mean[i] = keep * mean[i] + fresh * g;
        square[i] = keep_square * square[i] + fresh_square * g * g;
        parameters[i] -= rate * mean[i] / (sqrtf(square[i]) + floor);
    }
}

double tdm_gradient_clip(float *gradient, size_t count, double most)
{
    enum { LANES = 8 }; // several sums at once, in a set order
    double sums[LANES] = {0};
    for (size_t i = 0; i < count; i++)
        sums[i % LANES] += (double)gradient[i] * (double)gradient[i];
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += sums[i];
    const double norm = sqrt(sum);
    if (!(norm > most))
        return norm;
    const float scale = (float)(most / norm);
    for (size_t i = 0; i < count; i++)
        gradient[i] *= scale;
    return norm;
}

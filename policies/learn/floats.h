// SPDX-License-Identifier: GPL-3.0-or-later
/** Arrays of floats as learners keep them: on cache lines, where vector instructions like them. */
#ifndef TDM_POLICIES_LEARN_FLOATS_H
#define TDM_POLICIES_LEARN_FLOATS_H

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { TDM_FLOATS_LINE = 64 };

/** Zeros, freed by free(); NULL where there is no memory. */
static inline float *tdm_floats(size_t count)
{
    const size_t bytes = (count * sizeof(float) / TDM_FLOATS_LINE + 1) * TDM_FLOATS_LINE;
    float *values = aligned_alloc(TDM_FLOATS_LINE, bytes);
    if (values)
        memset(values, 0, bytes);
    return values;
}

static inline bool tdm_floats_finite(const float *values, size_t count)
{
    float sum = 0; // 0 x is 0 for what is finite, else NaN; and without a branch
    for (size_t i = 0; i < count; i++)
        sum += 0 * values[i];
    return !isnan(sum);
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** How a body with one RC goes towards the temperature that its power leads to. */
#ifndef TDM_ENGINE_WARMING_H
#define TDM_ENGINE_WARMING_H

#include <math.h>

/** 1 - exp(-x), the share of the way that is done after x time constants. */
static inline double tdm_warming_share(double x)
{
    if (x < 0.01)
        return x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
    return -expm1(-x);
}

/** The temperature after `duration` (s), from `now` towards `goal`; `tau` (s) 0: at once. */
static inline double tdm_warming(double now, double goal, double duration, double tau)
{
    return now + (goal - now) * (tau > 0 ? tdm_warming_share(duration / tau) : 1);
}

#endif

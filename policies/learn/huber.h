// SPDX-License-Identifier: GPL-3.0-or-later
/** Huber's loss: half the square up to `knee`, straight beyond, so that outliers pull no harder. */
#ifndef TDM_POLICIES_LEARN_HUBER_H
#define TDM_POLICIES_LEARN_HUBER_H

#include <math.h>

static inline double tdm_huber(double x, double knee)
{
    const double size = fabs(x);
    return size <= knee ? 0.5 * x * x : knee * (size - 0.5 * knee);
}

/** Its derivative. */
static inline double tdm_huber_slope(double x, double knee)
{
    return x > knee ? knee : x < -knee ? -knee : x;
}

#endif

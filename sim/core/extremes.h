// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The larger and the smaller of two numbers. Unlike fmax and fmin, which are calls into the C
 * library because of NAN, these become one instruction. Not for NAN.
 */
#ifndef TDM_CORE_EXTREMES_H
#define TDM_CORE_EXTREMES_H

static inline double tdm_larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double tdm_smaller(double a, double b)
{
    return a < b ? a : b;
}

/** The smaller of two indices. */
static inline int tdm_least(int a, int b)
{
    return a < b ? a : b;
}

#endif

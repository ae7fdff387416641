// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Energy from samples of power, with an estimate of how far it may be off.
 *
 * E is the integral of the straight lines between samples (trapezoids), cut at both ends where they
 * lie between samples. Its standard error is
 *
 *     sigma^2 = q^2/12 * sum W_r^2  +  sum (dP_k dt_k)^2 / 12
 *
 * First the sensor's step q: a reading is off by up to half a step either way, evenly. It counts
 * for half of each interval beside it, in s; readings on the same step one after the other are off
 * by much the same, which more of them do not average away, so W_r is the weight of such a row
 * together. Then what happened between samples: if
 * the power jumped once by dP_k somewhere in the k-th interval of dt_k, the trapezoid is off by up
 * to half of |dP_k| dt_k either way, evenly. What begins and ends between two samples is not seen
 * and not in it.
 */
#ifndef TDM_BOARD_ENERGY_H
#define TDM_BOARD_ENERGY_H

#include <stddef.h>

struct tdm_sample {
    double time;  /**< s of CLOCK_MONOTONIC, the middle of the reading */
    double value; /**< W, or degC of a zone */
};

struct tdm_energy {
    double joules;
    double error;   /**< J, one standard deviation */
    double covered; /**< s of the span that lie between samples no further apart than `gap` */
    size_t samples; /**< that were used */
};

/**
 * From `from` to `to` (s). `samples` rise in time; `quantum` in W, 0: none; `gap` in s: where
 * samples are further apart, or there are none, energy is missing and `covered` says so.
 */
struct tdm_energy tdm_energy_between(const struct tdm_sample *samples, size_t count, double from,
                                     double to, double quantum, double gap);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Synthetic links: a Markov-modulated process. A link is in one of a few states for an
 * exponentially distributed time; within a state its rates vary around the state's mean with
 * lognormal noise that is correlated in time, and its signal strength follows both.
 */
#ifndef TDM_TRACE_GENERATE_H
#define TDM_TRACE_GENERATE_H

#include <stdint.h>

#include "trace/series.h"

enum { TDM_LINK_STATES = 4 };

struct tdm_link_state {
    const char *name;
    double up, down;              /**< mean rates, Mbit/s; 0 in both: an outage */
    double spread;                /**< standard deviation of the logarithm of the rates */
    double dwell;                 /**< mean time in the state, s */
    double next[TDM_LINK_STATES]; /**< probabilities of the state that follows; they sum to 1 */
    double signal;                /**< mean signal strength, dBm */
};

/** A class of links with its parameters and where they come from. */
struct tdm_link_class {
    const char *name;
    const char *summary;
    const char *source;
    int states;
    struct tdm_link_state state[TDM_LINK_STATES];
    double memory;      /**< correlation time of the noise, s */
    double likeness;    /**< correlation of the noise of up and down, 0 to 1 */
    double least, most; /**< Mbit/s: rates outside outages are kept within */
    double most_up;     /**< Mbit/s: a lower limit for the way up; 0: `most` */
    double fading;      /**< standard deviation of the signal within a state, dB */
    double follows;     /**< correlation of that with the noise of the down rate, 0 to 1 */
    /**
     * Instead of lognormal noise around the mean: rates wander over [least, most], uniformly
     * distributed. Then means and spread of the state do not count.
     */
    bool uniform;
};

/** All classes; ends with one whose name is NULL. */
extern const struct tdm_link_class tdm_link_classes[];

/** By name; NULL and `error` with the nearest. */
const struct tdm_link_class *tdm_link_class_find(const char *name, struct tdm_error *error);

/**
 * Fills the empty `out` with `duration` s in steps of `step` s (the last may be shorter); it loops.
 * The same class, duration, step and seed give the same numbers, rounded to 1 kbit/s and 0.1 dB.
 */
int tdm_link_generate(struct tdm_series *out, const struct tdm_link_class *class, double duration,
                      double step, uint64_t seed, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** How warm a simulated board is, and which trips that engages: one RC, in closed form. */
#ifndef TDM_ENGINE_HEAT_H
#define TDM_ENGINE_HEAT_H

#include <math.h>

#include "model/board.h"

/** Plain memory: a copy looks ahead. */
struct tdm_heat {
    const struct tdm_thermal *thermal;
    bool on;              /**< if not, the board stays at its reference temperature */
    double temperature;   /**< degC */
    double ambient;       /**< degC */
    double tau;           /**< s */
    double longest_piece; /**< s for which leakage may be called constant while it warms */
    int trips;            /**< how many are engaged */
    double above, below;  /**< degC, beyond which another engages or the last one lifts */
};

/** At `start` degC (NAN: ambient) in `ambient` degC (NAN: the board's own). */
void tdm_heat_start(struct tdm_heat *heat, const struct tdm_thermal *thermal, bool on,
                    double ambient, double start);

/** What leakage is multiplied by, against the reference temperature. */
static inline double tdm_heat_leakage(const struct tdm_heat *heat)
{
    return heat->on ? exp(heat->thermal->leakage * (heat->temperature - heat->thermal->reference))
                    : 1;
}

/** The temperature that this power leads to in the long run. */
static inline double tdm_heat_goal(const struct tdm_heat *heat, double power)
{
    return heat->ambient + heat->thermal->resistance * power;
}

/** 1 - exp(-x), x >= 0. */
static inline double tdm_heat_settled(double x)
{
    if (x < 0.01)
        return x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
    return -expm1(-x);
}

/** Where it is on the way to `goal` after `duration` s. */
static inline double tdm_heat_warmed(const struct tdm_heat *heat, double goal, double duration)
{
    const double fraction = heat->tau > 0 ? tdm_heat_settled(duration / heat->tau) : 1;
    return heat->temperature + (goal - heat->temperature) * fraction;
}

// Out of line parts of the functions below.

/** The time until a trip engages or lifts on the way to `goal`, if less than `duration`. */
double tdm_heat_until_trip(const struct tdm_heat *heat, double duration, double goal);
/** Engages and lifts trips by the temperature. True if any changed. */
bool tdm_heat_trip(struct tdm_heat *heat);

/**
 * How much of `duration` s on the way to `goal` may pass as one piece: until leakage has changed
 * too much, or a trip engages or lifts.
 */
static inline double tdm_heat_piece(const struct tdm_heat *heat, double duration, double goal)
{
    if (duration > heat->longest_piece && !(fabs(goal - heat->temperature) < 0.01))
        duration = heat->longest_piece;
    return goal <= heat->above && goal >= heat->below ? duration
                                                      : tdm_heat_until_trip(heat, duration, goal);
}

/** Lets time pass on the way to `goal`. True if a trip engaged or lifted. */
static inline bool tdm_heat_pass(struct tdm_heat *heat, double duration, double goal)
{
    const double warmed = tdm_heat_warmed(heat, goal, duration);
    heat->temperature = warmed;
    return (warmed > heat->above || warmed < heat->below) && tdm_heat_trip(heat);
}

/** The highest OPP of a domain that the engaged trips allow. */
int tdm_heat_cap(const struct tdm_heat *heat, const struct tdm_domain_info *domain);

#endif

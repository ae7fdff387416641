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

/**
 * How much of `duration` s at `power` W may pass as one piece: until leakage has changed too much,
 * or a trip engages or lifts.
 */
double tdm_heat_piece(const struct tdm_heat *heat, double duration, double power);

/** Lets time pass. True if a trip engaged or lifted. */
bool tdm_heat_pass(struct tdm_heat *heat, double duration, double power);

/** The highest OPP of a domain that the engaged trips allow. */
int tdm_heat_cap(const struct tdm_heat *heat, const struct tdm_domain_info *domain);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The thermal guard's rule: some kelvin before the board's file says that the kernel throttles
 * (each of its trips, less a margin), the trip's caps hold, whatever is wanted; they are lifted
 * once it is cooler by the board's hysteresis.
 */
#ifndef TDM_BOARD_HEAT_H
#define TDM_BOARD_HEAT_H

#include "model/board.h"

struct tdm_heat {
    const struct tdm_thermal *thermal; /**< NULL: no guard */
    double margin;                     /**< K below each trip */
    size_t level;                      /**< trips whose caps hold */
};

/**
 * `limit`: degC at which the first trip's caps shall hold (the others follow at the same
 * distances); NAN: 5 K below it.
 */
struct tdm_heat tdm_heat_begin(const struct tdm_board *board, double limit);

/** The board's hottest zone has `degc` (NAN: not known, nothing changes). True: the level changed.
 */
bool tdm_heat_step(struct tdm_heat *heat, double degc);

/** degC above which level `level` + 1 begins. */
double tdm_heat_limit(const struct tdm_heat *heat, size_t level);

/** The caps that hold, Hz; 0: none. */
void tdm_heat_caps(const struct tdm_heat *heat, double caps[TDM_DOMAINS]);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** The board's default fit, for a dnn that was not measured: coefficients per FLOP, byte, kernel.
 */
#ifndef TDM_MODEL_CALIBRATE_DEFAULT_H
#define TDM_MODEL_CALIBRATE_DEFAULT_H

#include "model/calibrate_result.h"

/**
 * Derives the unit fit from the calibration's inference fits whose dnn is among `workloads`
 * (batch sizes counted in): geometric means of their coefficients a FLOP and a byte, the least of
 * those a kernel.
 * Energies come from those of them with power; where there are none, from all fits with power, a
 * GPU cycle, a byte of traffic and a CPU cycle alike. -1 with `error`: none of them is known.
 */
int tdm_default_fit(const struct tdm_calibration *calibration, const struct tdm_workload *workloads,
                    size_t count, struct tdm_fit *unit, struct tdm_error *error);

/** Adds it to the board, with a source of its own. -1: out of memory. */
int tdm_default_apply(const struct tdm_calibration *calibration, struct tdm_board *board,
                      const struct tdm_fit *unit, const char *data, const char *date,
                      const struct tdm_ids *ids);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** How far a board's fits are from measured rows. Needs no GSL. */
#ifndef TDM_MODEL_CALIBRATE_SCORE_H
#define TDM_MODEL_CALIBRATE_SCORE_H

#include "model/measurements.h"

struct tdm_prediction {
    double latency; /**< s */
    double power;   /**< W, mean over the period; NAN without a power set */
    double energy;  /**< J a period; NAN without a power set */
};

/** Errors in percent; NAN where there is nothing to compare. */
struct tdm_score {
    size_t rows;
    double latency_mape, latency_p95, power_mape, power_p95, energy_mape, energy_p95;
};

/**
 * What `fit` says of a placed row: it runs, then idles for as long as the measured one did
 * (period - latency).
 */
struct tdm_prediction tdm_predict(const struct tdm_board *board, const struct tdm_fit *fit,
                                  const struct tdm_row *row);

/**
 * Scores rows[i] against predictions[i] where `chosen` (NULL: all) is true. Power and energy are
 * compared where both are known. -1 with `error`: out of memory.
 */
int tdm_score_rows(const struct tdm_row *rows, const struct tdm_prediction *predictions,
                   const bool *chosen, size_t count, struct tdm_score *score,
                   struct tdm_error *error);

#endif

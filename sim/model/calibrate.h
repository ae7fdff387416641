// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Fits a board's latency and power forms to measured rows (GSL), cross-validates the fit, and
 * writes it into the board.
 */
#ifndef TDM_MODEL_CALIBRATE_H
#define TDM_MODEL_CALIBRATE_H

#include "model/board.h"
#include "model/calibrate_score.h"

/** What a dnn does in one inference, for the board's default fit. */
struct tdm_workload {
    const char *dnn;
    double flop;  /**< FLOP, two a MAC */
    double bytes; /**< of weights, inputs and outputs of its layers */
    double kernels;
};

struct tdm_calibrate_options {
    int folds;                     /**< of the cross-validation, 2 to 20; 0: none */
    uint64_t seed;                 /**< of the folds */
    bool fresh;                    /**< ignore the fits that the board has, as priors too */
    const struct tdm_notes *notes; /**< hear about rows that are left out; may be NULL */
};

/** One (dnn, mode, precision, batch). */
struct tdm_fit_report {
    const struct tdm_fit *fit;
    const char *rails;                /**< NULL: power was not measured */
    const char *kept_prior;           /**< comma separated; NULL: none */
    bool cpu_assumed;                 /**< some rows had a governed CPU clock */
    size_t left_out;                  /**< rows that contradict the rest */
    struct tdm_score fitted, crossed; /**< crossed.rows is 0 without cross-validation */
};

struct tdm_calibration;

/**
 * Fits all rows, which are placed on the board and merged. NULL with `error`: no key
 * (dnn, mode, precision, batch) of a dnn with three distinct clock settings, two sets of rails for
 * one dnn, no convergence. The calibration refers to `board`; the caller frees it first.
 */
struct tdm_calibration *tdm_calibrate(const struct tdm_board *board,
                                      const struct tdm_measurements *rows,
                                      const struct tdm_calibrate_options *options,
                                      struct tdm_error *error);
void tdm_calibration_free(struct tdm_calibration *calibration);

size_t tdm_calibration_count(const struct tdm_calibration *calibration);
const struct tdm_fit_report *tdm_calibration_report(const struct tdm_calibration *calibration,
                                                    size_t index);
const struct tdm_score *tdm_calibration_fitted(const struct tdm_calibration *calibration);
const struct tdm_score *tdm_calibration_crossed(const struct tdm_calibration *calibration);
/** Rows that were not fitted: of keys with too few clocks, or that contradict the rest. */
size_t tdm_calibration_left_out(const struct tdm_calibration *calibration);
double tdm_calibration_seconds(const struct tdm_calibration *calibration); /**< without folds */

/**
 * Writes the fits into the board (its arena): they replace fits of the same key; others stay, with
 * the sets that they refer to. `data` names the data set and `date` the day, for the sources.
 * Unless `workloads` is empty, the board's default fit (dnn "*") is derived from the fits of those
 * dnns. -1 with `error`.
 */
int tdm_calibration_apply(const struct tdm_calibration *calibration, struct tdm_board *board,
                          const char *data, const char *date, const struct tdm_workload *workloads,
                          size_t workload_count, struct tdm_error *error);

#endif

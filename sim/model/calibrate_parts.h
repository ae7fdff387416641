// SPDX-License-Identifier: GPL-3.0-or-later
/** What the parts of the calibration hand to each other; not for others. */
#ifndef TDM_MODEL_CALIBRATE_PARTS_H
#define TDM_MODEL_CALIBRATE_PARTS_H

#include "model/board.h"
#include "model/measurements.h"

/** Rows to fit, and which of the fits each belongs to. */
struct tdm_training {
    const struct tdm_board *board;
    const struct tdm_row *const *rows;
    const int *fit_of; /**< of each row */
    size_t count;
    int fits;
    const int *mode_of; /**< of each fit: fits of one mode are drawn around one mean */
    int modes;
};

/** Terms of a fit, in the order of the tables below; a bit each in `kept`. */
enum {
    TDM_K_LATENCY = TDM_L_OWN,
    TDM_K_GPU_ENERGY = TDM_L_OWN,
    TDM_K_CPU_ENERGY,
    TDM_K_MEMORY_ENERGY,
    TDM_K_CPU_SPIN,
    TDM_K_TERMS
};
extern const char *const tdm_fit_term_names[TDM_K_TERMS];

enum {
    TDM_S_FIXED,
    TDM_S_LEAKAGE,
    TDM_S_CPU_CLOCK,
    TDM_S_GPU_CLOCK,
    TDM_S_GPU_BUSY,
    TDM_S_MEMORY_EXPONENT,
    TDM_S_MEMORY_VOLTAGE,
    TDM_S_CPU_V,
    TDM_S_GPU_V,
    TDM_S_MEMORY_IDLE,
    TDM_S_TERMS
};
extern const char *const tdm_power_term_names[TDM_S_TERMS];

/** A coefficient counts as determined when the data narrow its prior to less than this. */
#define TDM_KEPT_ABOVE 0.8

/**
 * Latency of all rows, which are of one mode: fills `shared` (its bandwidth list must have room for
 * every memory OPP) and the latency terms of fits[training->fits]; kept[] (or NULL) gets a bit for
 * each term of a fit that the data did not determine. `from` (or NULL) is an earlier set that
 * serves as prior. Adds half the sum of squares that remains to `*cost`.
 */
int tdm_calibrate_latency(const struct tdm_training *training, const struct tdm_latency *from,
                          struct tdm_latency *shared, struct tdm_fit *fits, unsigned *kept,
                          double *cost, struct tdm_error *error);

/**
 * Power of all rows, which must be of one set of rails; the fits' latency is done
 * and their `latency` points to its set. Fills `shared`
 * (room in its lists) and the power terms of the fits that have rows. `kept_shared` gets a bit for
 * each term of `shared`. `from` (or NULL): an earlier set of this board, whose curves are the
 * prior.
 */
int tdm_calibrate_power(const struct tdm_training *training, const struct tdm_power *from,
                        struct tdm_power *shared, struct tdm_fit *fits, unsigned *kept,
                        unsigned *kept_shared, double *cost, struct tdm_error *error);

#endif

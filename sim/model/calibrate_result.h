// SPDX-License-Identifier: GPL-3.0-or-later
/** The inside of a calibration, for its own files; not for others. */
#ifndef TDM_MODEL_CALIBRATE_RESULT_H
#define TDM_MODEL_CALIBRATE_RESULT_H

#include "model/calibrate.h"
#include "model/calibrate_parts.h"

/** Coefficients of all fits, from all rows or from those of some folds. */
struct tdm_model {
    struct tdm_latency *latencies; // one a mode, in the order of the calibration's `modes`
    size_t latency_count;
    struct tdm_power *powers; // one a set of rails, in the order of `rails`
    size_t power_count;
    struct tdm_fit *fits;
    size_t fit_count;
};

/** Some rows, with fits and modes numbered from zero. */
struct tdm_subset {
    const struct tdm_row **row;
    int *fit_of;
    size_t count;
    int *fit; // the calibration's number of each
    int fits;
    int *mode_of;
    const char **mode;
    int modes;
    struct tdm_fit *scratch;
    unsigned *kept;
};

/** Values of a column, those with more rows first. */
struct tdm_kinds {
    const char **name;
    size_t *rows;
    size_t count;
};

struct tdm_calibration {
    struct tdm_arena *arena;
    const struct tdm_board *board;
    struct tdm_row *rows; // a copy
    char (*files)[256];   // of the rows; the caller's
    int *fit_of;
    size_t count;
    size_t dropped; // rows of keys with too few clock settings
    struct tdm_kinds modes, rails;
    struct tdm_model model;
    struct tdm_fit_report *reports;
    unsigned *kept, *kept_shared;           // bits, of fits and of sets of rails
    const struct tdm_latency *from_latency; // what the board had, as prior; may be NULL
    const struct tdm_power *from_power;
    struct tdm_score fitted, crossed;
    double seconds;
    bool fresh; // the board's own fits do not stay
    bool *used; // rows that are fitted; the others contradict the rest
};

/** What the board calls the calibration's sets. */
struct tdm_ids {
    const char **latency, **power;
};

/** Names the sets that a fit of the calibration points to. */
void tdm_calibration_set_ids(const struct tdm_calibration *calibration, const struct tdm_ids *ids,
                             struct tdm_fit *fit);

/**
 * Fits the rows that are `used` into `model`. `kept` and `kept_shared` may be NULL. `*cost` is half
 * the sum of squares that remains.
 */
int tdm_calibration_fit(const struct tdm_calibration *calibration, const bool *used,
                        struct tdm_subset *subset, struct tdm_model *model, unsigned *kept,
                        unsigned *kept_shared, double *cost, struct tdm_error *error);

/** Room for the coefficients of all fits; their keys are filled in. -1: no memory. */
int tdm_calibration_model(struct tdm_calibration *calibration, struct tdm_model *model);

/**
 * Clears `used` of rows that are far from what fits the others (a slip, another unit) and tells
 * `notes`: at most one in five of a fit.
 */
int tdm_calibration_find_slips(struct tdm_calibration *calibration, struct tdm_subset *subset,
                               const struct tdm_notes *notes, struct tdm_error *error);

/** Clears `used` of rows with a governed memory clock that contradict the rest, tells `notes`. */
int tdm_calibration_find_outliers(struct tdm_calibration *calibration, struct tdm_subset *subset,
                                  const struct tdm_notes *notes, struct tdm_error *error);

/** Chooses the board's earlier sets that serve as priors. */
void tdm_calibration_find_prior(struct tdm_calibration *calibration);

/** Fills the reports' `kept_prior` from the bits. */
int tdm_calibration_name_kept(struct tdm_calibration *calibration, struct tdm_error *error);

#endif

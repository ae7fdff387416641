// SPDX-License-Identifier: GPL-3.0-or-later
/** The parts of `tandem hil sweep`: which settings, and the file of rows. */
#ifndef TDM_CLI_HIL_SWEEP_H
#define TDM_CLI_HIL_SWEEP_H

#include <stdio.h>

#include "hil/client/agent.h"

#define TDM_SWEEP_CLOCKS(whose) \
    "the " whose " clocks to try, as in 1.2GHz or top; all that the board has by default"

/** Settings in the order in which they are measured; Hz, NAN where the kernel governs. */
struct tdm_sweep_settings {
    double (*hz)[TDM_DOMAINS]; /**< freed by the caller */
    size_t count;
};

/**
 * All combinations of the clocks in `lists` (NULL: all that the board has), or `count` of them
 * spread evenly (0: all). -1 with `error`: a clock that it does not have, too many.
 */
int tdm_sweep_settings(struct tdm_sweep_settings *settings, const struct tdm_agent_welcome *board,
                       const char *const lists[TDM_DOMAINS], size_t count, struct tdm_error *error);

/** What was measured at one setting. */
struct tdm_sweep_row {
    double hz[TDM_DOMAINS];
    double seconds, joules; /**< of all runs */
    size_t runs;
    double temperature; /**< degC at the end */
    bool throttled;
};

/** The file of one sweep; its first members are set by who opens it. */
struct tdm_sweep_file {
    const char *board, *dnn, *mode, *precision, *rails;
    int batch;

    FILE *stream;
    const char *path;
    double (*known)[TDM_DOMAINS]; /**< settings whose rows it has */
    size_t known_count;
};

/**
 * Opens it to add rows; it need not exist. Rows of the same board and work that it has are known.
 * -1 with `error`: it is no table of measurements, it cannot be written.
 */
int tdm_sweep_file_open(struct tdm_sweep_file *file, const char *path, struct tdm_error *error);
bool tdm_sweep_file_has(const struct tdm_sweep_file *file, const double hz[TDM_DOMAINS]);
/** Adds a row and syncs it. */
int tdm_sweep_file_add(struct tdm_sweep_file *file, const struct tdm_sweep_row *row,
                       struct tdm_error *error);
void tdm_sweep_file_close(struct tdm_sweep_file *file);

#endif

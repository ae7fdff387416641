// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Measured rows of a board: what ran, at which clocks, how long it took and what it drew.
 *
 * Columns, SI units: board, dnn, mode, precision, batch, power_rails, cpu_hz, gpu_hz, emc_hz,
 * latency_s, period_s, power_w, energy_j. An empty clock means that the kernel governed it, an
 * empty power that it was not measured; period_s and energy_j may be empty where they follow
 * (period = latency, energy = power * period). power_rails, period_s, power_w and energy_j may be
 * missing, which is the same as empty; columns of other names are passed over.
 *
 * A bad row is never used: it is left out, and `note` hears why, by file and line.
 */
#ifndef TDM_MODEL_MEASUREMENTS_H
#define TDM_MODEL_MEASUREMENTS_H

#include <stdio.h>

#include "model/measurements_notes.h"
#include "model/power.h"

enum {
    TDM_ROW_NAME = 128,
    TDM_MEASUREMENTS_MOST = 100000,     /**< rows */
    TDM_MEASUREMENTS_BYTES = 64u << 20, /**< of a file */
};

struct tdm_row {
    char board[TDM_ROW_NAME], dnn[TDM_ROW_NAME], mode[TDM_ROW_NAME], precision[TDM_ROW_NAME];
    char rails[TDM_ROW_NAME]; /**< "" where power was not measured */
    int64_t batch;
    double cpu, gpu, emc; /**< Hz; NAN: governed */
    double latency;       /**< s */
    double period;        /**< s, at least latency: the board idles for the difference */
    double power;         /**< W, mean over the period; NAN: not measured */
    double energy;        /**< J a period; NAN: not measured */
    int file;             /**< index into `files` of the measurements */
    long line;
    struct tdm_opps opps; /**< filled by tdm_measurements_place */
    bool cpu_assumed;     /**< the CPU clock was governed and is taken to be the top one */
};

struct tdm_measurements {
    struct tdm_row *rows;
    size_t count, capacity;
    char (*files)[256]; /**< names, without folders */
    int file_count;
    size_t left_out;
};

/** Frees what `rows` holds, not `rows`. */
void tdm_measurements_free(struct tdm_measurements *rows);

/** Appends the rows of a stream. -1 with `error`: columns, or not one good row in the file. */
int tdm_measurements_read(struct tdm_measurements *rows, FILE *stream, const char *name,
                          const struct tdm_notes *notes, struct tdm_error *error);

/** Appends the rows of a file. */
int tdm_measurements_load(struct tdm_measurements *rows, const char *path,
                          const struct tdm_notes *notes, struct tdm_error *error);

/**
 * Finds each row's OPPs on the board: governed memory by the board's floor table, a governed CPU at
 * its top clock (assumed), a governed GPU at its top clock. Rows of another board, or with clocks
 * that it does not have, are left out. -1 with `error`: no row remains.
 */
int tdm_measurements_place(struct tdm_measurements *rows, const struct tdm_board *board,
                           const struct tdm_notes *notes, struct tdm_error *error);

/**
 * Rows of the same key and clocks become one, their geometric mean. Those that are more than 10 %
 * apart contradict each other: those near the median stay where they are three or more and most of
 * them; else none stays. Rows that differ in their period alone all stay.
 */
void tdm_measurements_merge(struct tdm_measurements *rows, const struct tdm_notes *notes);

/** Same dnn, mode, precision and batch. */
bool tdm_row_same_key(const struct tdm_row *a, const struct tdm_row *b);

#endif

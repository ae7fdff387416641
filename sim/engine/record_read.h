// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Reads records (engine/record.h): what they say of their run, and their tables block by block, in
 * bounded memory. What is read is checked; what is missing or damaged is an error.
 */
#ifndef TDM_ENGINE_RECORD_READ_H
#define TDM_ENGINE_RECORD_READ_H

#include "core/h5.h"

/** One attribute that a sweep varied: its value in this run. */
struct tdm_record_value {
    char *name;
    char *value;   /**< as the grid has it: "8 Mbit/s" */
    char *units;   /**< of `number`, SI: "byte/s", "s", "1"; "": it is not a number */
    double number; /**< NAN: it is not a number */
};

/** What a record says of its run. */
struct tdm_record_head {
    char *scenario; /**< text of the file */
    char *name;     /**< of the scenario */
    char *engine, *policy, *command;
    char *tandem, *hdf5; /**< versions */
    int64_t seed;
    size_t rows; /**< of /requests */

    size_t boards;
    char *board;       /**< path of the first board, "/boards/ID" */
    double end;        /**< s, when that board's run ended */
    double unanswered; /**< requests without an answer at the end, on all boards */

    char *grid;  /**< of the sweep that it belongs to; NULL: of none */
    char *title; /**< of that grid, or NULL */
    int64_t task;
    struct tdm_record_value *varied;
    size_t varied_count;
};

/** -1 with `error` where the file is no record of a version that is understood. */
int tdm_record_head_read(struct tdm_h5 *file, struct tdm_record_head *head,
                         struct tdm_error *error);
/** What {0} holds may be freed, too. */
void tdm_record_head_free(struct tdm_record_head *head);

/** Rows of /requests, column by column; SI. */
struct tdm_record_answers {
    size_t count;
    const double *latency, *energy, *cost, *sent;
    const double *bandwidth; /**< NAN where the record does not have it */
    const bool *dropped;
};

/** Rows of a table that tells stretches of time: of /boards/ID/power or /boards/ID/radio/N. */
struct tdm_record_stretches {
    size_t count;
    const double *start, *end;
    const double *value[8]; /**< the columns that were asked for */
};

/** Calls `visit` with block after block until all is read. */
int tdm_record_read_answers(struct tdm_h5 *file, size_t rows,
                            void (*visit)(void *context, const struct tdm_record_answers *rows),
                            void *context, struct tdm_error *error);

/** The same of the group `path`, with at most 8 more columns; `columns` ends with NULL. */
int tdm_record_read_stretches(struct tdm_h5 *file, const char *path, const char *const *columns,
                              void (*visit)(void *context,
                                            const struct tdm_record_stretches *stretches),
                              void *context, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Tables of comma-separated values with a header line, read a line at a time in bounded memory. */
#ifndef TDM_CORE_CSV_H
#define TDM_CORE_CSV_H

#include <stdio.h>

#include "tandem.h"

enum { TDM_CSV_LINE = 4096, TDM_CSV_COLUMNS = 64 };
#define TDM_CSV_BYTES ((size_t)1 << 30) /**< most of a table, unless the caller says less */

struct tdm_csv {
    FILE *stream;     /**< the caller's */
    const char *name; /**< for messages */
    long line;        /**< of the row that was read last */
    size_t bytes;     /**< that may still be read */
    bool ended;       /**< after this error there is no next row */
    size_t columns;   /**< of the header */
    const char *header[TDM_CSV_COLUMNS];
    size_t count; /**< fields of the row that was read last */
    const char *fields[TDM_CSV_COLUMNS];
    char header_text[TDM_CSV_LINE], row_text[TDM_CSV_LINE];
};

/**
 * Reads the header. Fields may stand in double quotes ("" is a quote); blanks around a field do
 * not count; empty lines and lines that begin with '#' are skipped. -1 with `error` filled.
 */
int tdm_csv_start(struct tdm_csv *csv, FILE *stream, const char *name, struct tdm_error *error);

/** The same for a table of at most `bytes`: more is an error, after which `ended` is set. */
int tdm_csv_start_within(struct tdm_csv *csv, FILE *stream, const char *name, size_t bytes,
                         struct tdm_error *error);

/**
 * Reads the next row: 1, 0 at the end, -1 with `error` filled (too long, a number of fields other
 * than the header's, a quote that does not end, a zero byte). After -1 the next row may be read,
 * unless `ended` is set (longer than the table may be, not a text).
 */
int tdm_csv_next(struct tdm_csv *csv, struct tdm_error *error);

/** Index of the column of this name, -1 if there is none. */
int tdm_csv_column(const struct tdm_csv *csv, const char *name);

#endif

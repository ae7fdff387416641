// SPDX-License-Identifier: GPL-3.0-or-later
/** What the readers of trace files share. */
#ifndef TDM_TRACE_READER_H
#define TDM_TRACE_READER_H

#include "trace/format.h"
#include "trace/lines.h"

/** A number in a file: its name in messages, SI units in one of its own, limits in its own. */
struct tdm_number {
    const char *name;
    const char *unit; /**< for messages, "Mbit/s" */
    double scale;
    double least, most;
};
extern const struct tdm_number tdm_number_mbit, tdm_number_seconds, tdm_number_bytes;

/** Reads [from, to) into SI; -1 and an error with the line where it is no number or out of range.
 */
int tdm_read_number(const struct tdm_input *input, long line, const struct tdm_number *number,
                    const char *from, const char *to, double *value, struct tdm_error *error);

/** tdm_series_push with the file and line in the error. */
int tdm_read_push(const struct tdm_input *input, long line, struct tdm_series *series, double t,
                  const double value[TDM_COLUMNS], struct tdm_error *error);

/** A row with a down rate alone. */
int tdm_read_push_down(const struct tdm_input *input, long line, struct tdm_series *series,
                       double t, double down, struct tdm_error *error);

/** Opens the text of an input as a stream for core/csv.h; NULL and `error` where it cannot. */
FILE *tdm_read_stream(const struct tdm_input *input, struct tdm_error *error);

#endif

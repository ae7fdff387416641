// SPDX-License-Identifier: GPL-3.0-or-later
/** Which columns of a generic CSV mean what, and in which units. */
#ifndef TDM_TRACE_COLUMNS_H
#define TDM_TRACE_COLUMNS_H

#include "core/csv.h"
#include "trace/reader.h"

/** The columns of a series and the time. */
enum { TDM_PART_TIME = TDM_COLUMNS, TDM_PARTS };

/** A part that a column plays: its place in the header, -1 if none does. */
struct tdm_column_part {
    int at;
    struct tdm_number number;
};

/**
 * Finds the parts in a header, by the options' names or by the usual ones: `up_mbit_s`,
 * `Downlink (kbps)`, `time_s`, `rtt_ms`, `rsrp`. -1 and an error where time or rates are missing,
 * have no unit, or are there twice.
 */
int tdm_columns_find(const struct tdm_input *input, const struct tdm_csv *csv,
                     struct tdm_column_part parts[TDM_PARTS], struct tdm_error *error);

/** The part's word in options: "time", "up", "down", "rtt", "signal". */
const char *tdm_columns_name(int part);

/** -1 and `error` with the units that would be right, unless `unit` fits the part. */
int tdm_columns_check_unit(int part, const char *unit, struct tdm_error *error);

#endif

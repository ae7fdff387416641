// SPDX-License-Identifier: GPL-3.0-or-later
/** A trace in the making: what readers fill row by row and conversions change. */
#ifndef TDM_TRACE_SERIES_H
#define TDM_TRACE_SERIES_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"

/** The columns of a series; the first two are numbered as enum tdm_direction. */
enum tdm_column { TDM_COLUMN_UP, TDM_COLUMN_DOWN, TDM_COLUMN_RTT, TDM_COLUMN_SIGNAL, TDM_COLUMNS };

/**
 * Rows (t, up, down, rtt, signal) in SI; NAN: not known. A column is NULL until it gets its first
 * known value. Start with {0}; free with tdm_series_clear.
 */
struct tdm_series {
    size_t count, room;
    double *t;
    double *value[TDM_COLUMNS];
    double duration;
    bool loop;
};

void tdm_series_clear(struct tdm_series *series);

/** Adds a row. -1 (message without a place) beyond the limit of samples or of memory. */
int tdm_series_push(struct tdm_series *series, double t, const double value[TDM_COLUMNS],
                    struct tdm_error *error);

/** What becomes of moments whose rate is not known (an idle phone, a missing cell). */
enum tdm_unknown {
    TDM_UNKNOWN_HOLD, /**< the value before holds; at the start, the first that is known */
    TDM_UNKNOWN_DROP, /**< they are cut out of time (where one direction is not known) */
};
/** Afterwards every rate is known. -1 if a direction has no value at all or nothing is left. */
int tdm_series_settle(struct tdm_series *series, enum tdm_unknown unknown, struct tdm_error *error);

/** Where sample i ends, s. */
double tdm_series_end(const struct tdm_series *series, size_t i);

/** Keeps the rows that `keep` marks, and closes the gaps in time. */
void tdm_series_keep(struct tdm_series *series, const bool *keep);

/** The trace; NULL and `error` as tdm_trace_new. Rates must be settled. */
struct tdm_trace *tdm_series_trace(const struct tdm_series *series, struct tdm_error *error);

/** Fills an empty series from a trace. */
int tdm_series_from(struct tdm_series *series, const struct tdm_trace *trace,
                    struct tdm_error *error);

#endif

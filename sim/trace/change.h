// SPDX-License-Identifier: GPL-3.0-or-later
/** What conversions do to traces. Times in s, rates in bytes/s. */
#ifndef TDM_TRACE_CHANGE_H
#define TDM_TRACE_CHANGE_H

#include "trace/series.h"

/**
 * Fills the empty `out` with [start, start + length) of a trace; length INFINITY: to its end. What
 * lies beyond the end comes from the next turns of a trace that loops, and is refused otherwise.
 */
int tdm_series_cut(struct tdm_series *out, const struct tdm_trace *trace, double start,
                   double length, struct tdm_error *error);

/** Fills the empty `out` with exact means over steps of `step`; the last step may be shorter. */
int tdm_series_resample(struct tdm_series *out, const struct tdm_trace *trace, double step,
                        struct tdm_error *error);

/**
 * Fills the empty `out` with the up rates of one trace and the down rates of another (each may
 * have either direction). It lasts `duration`; a trace that is shorter loops, or holds its last
 * value. The round-trip time and signal are those of `up`, or of `down` where `up` has none.
 */
int tdm_series_join(struct tdm_series *out, const struct tdm_trace *up,
                    const struct tdm_trace *down, double duration, struct tdm_error *error);

/** What becomes of samples whose rate is zero. */
enum tdm_outage {
    TDM_OUTAGE_KEEP,
    TDM_OUTAGE_HOLD,  /**< the rate before it holds; at the start, the first that is not zero */
    TDM_OUTAGE_DROP,  /**< cut out of time (where no direction passes anything) */
    TDM_OUTAGE_FLOOR, /**< raised to the floor */
};
int tdm_series_outage(struct tdm_series *series, enum tdm_outage outage, double floor,
                      struct tdm_error *error);

/** No rate is below `floor`. */
void tdm_series_floor(struct tdm_series *series, double floor);

void tdm_series_scale(struct tdm_series *series, double factor);

/** Scales each direction to a time-weighted mean. -1 if one is zero throughout. */
int tdm_series_scale_to(struct tdm_series *series, double mean, struct tdm_error *error);

/** Keeps one direction only; the other one is then the same. -1 if it is not there. */
int tdm_series_only(struct tdm_series *series, enum tdm_direction direction,
                    struct tdm_error *error);

/** Sets the round-trip time throughout. */
int tdm_series_set_rtt(struct tdm_series *series, double rtt, struct tdm_error *error);

#endif

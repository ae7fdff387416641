// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A link over time: piecewise constant samples, and exact transfers over them.
 *
 * Sample i holds over [t[i], t[i+1]). A trace that loops begins again at `duration`; one that does
 * not holds its last sample for ever. Times are s and >= 0, rates bytes/s, round-trip times s,
 * signal dBm. A trace never changes once it is made, so threads may share it; cursors are theirs.
 */
#ifndef TDM_TRACE_TRACE_H
#define TDM_TRACE_TRACE_H

#include <stddef.h>

#include "core/error.h"

enum tdm_direction { TDM_UP, TDM_DOWN, TDM_DIRECTIONS };

/** Limits of a trace; what lies beyond is refused with an error. */
#define TDM_TRACE_MOST_SAMPLES ((size_t)10000000)
#define TDM_TRACE_MOST_SECONDS 1e10
#define TDM_TRACE_MOST_RATE 1e15 /**< bytes/s; the smallest rate but zero is 1e-9 */
#define TDM_TRACE_LEAST_RATE 1e-9
#define TDM_TRACE_LEAST_STEP 1e-9 /**< s, of any one sample */

/** One direction of a trace. */
struct tdm_rates {
    const double *rate;    /**< bytes/s, `count` of them, >= 0 */
    const double *inverse; /**< 1 / rate, s/byte; INFINITY where the rate is zero */
    const double *sum;     /**< bytes that pass in [0, t[i]); count + 1 of them */
    double most;           /**< the largest rate, bytes/s */
};

struct tdm_trace {
    size_t count;    /**< samples, >= 1 */
    double duration; /**< s; where the last sample ends, or would end if it did not hold */
    bool loop;       /**< begins again at `duration` */
    const double *t; /**< start times, count + 1; t[0] = 0, t[count] = loop ? duration : INFINITY */
    struct tdm_rates
        way[TDM_DIRECTIONS];  /**< by direction; an absent one shows the other's arrays */
    bool has[TDM_DIRECTIONS]; /**< was this direction given (at least one is) */
    const double *rtt;        /**< s, or NULL: not known */
    const double *signal;     /**< dBm, or NULL: not known */
};

/**
 * What a trace is made from; the arrays stay the caller's. `up` or `down` may be NULL: the same as
 * the other. In `rtt` and `signal`, NAN is a gap: the value before it is held (at the start, the
 * first one that is known); an array without any value counts as NULL.
 */
struct tdm_samples {
    size_t count;
    double duration;
    bool loop;
    const double *t, *up, *down, *rtt, *signal;
};

/**
 * Copies and checks: t[0] = 0, t strictly increasing, duration beyond the last, all finite, rates
 * not negative, within the limits above. NULL and `error` (no place) where it is not so.
 */
struct tdm_trace *tdm_trace_new(const struct tdm_samples *samples, struct tdm_error *error);
/** A trace of one sample for ever, in both directions; rtt in s, or NAN where not known. */
struct tdm_trace *tdm_trace_constant(double up, double down, double rtt);
void tdm_trace_free(struct tdm_trace *trace);

/**
 * Where the last look-up was; start with {0}. One cursor belongs to one trace (both directions may
 * use it); it makes look-ups that move little cost O(1) and others O(log), forward and backward.
 */
struct tdm_cursor {
    double origin; /**< s, when the turn of `index` began: turn * duration */
    size_t index;  /**< the sample */
};

/** Out of line parts of the functions below. */
size_t tdm_trace_seek(const struct tdm_trace *trace, struct tdm_cursor *cursor, double time);
double tdm_trace_finish_far(const struct tdm_trace *trace, enum tdm_direction direction,
                            struct tdm_cursor *cursor, double start, double bytes);

/** The sample that holds at `time` (finite, >= 0). */
static inline size_t tdm_trace_index(const struct tdm_trace *trace, struct tdm_cursor *cursor,
                                     double time)
{
    const double local = time - cursor->origin;
    const size_t i = cursor->index;
    if (local >= trace->t[i] && local < trace->t[i + 1])
        return i;
    return tdm_trace_seek(trace, cursor, time);
}

/** The rate at `time`, bytes/s. */
static inline double tdm_trace_rate_at(const struct tdm_trace *trace, enum tdm_direction direction,
                                       struct tdm_cursor *cursor, double time)
{
    return trace->way[direction].rate[tdm_trace_index(trace, cursor, time)];
}

static inline double tdm_trace_up_at(const struct tdm_trace *trace, struct tdm_cursor *cursor,
                                     double time)
{
    return tdm_trace_rate_at(trace, TDM_UP, cursor, time);
}

static inline double tdm_trace_down_at(const struct tdm_trace *trace, struct tdm_cursor *cursor,
                                       double time)
{
    return tdm_trace_rate_at(trace, TDM_DOWN, cursor, time);
}

/** The round-trip time at `time`, s; `absent` where the trace has none. */
static inline double tdm_trace_rtt_at(const struct tdm_trace *trace, struct tdm_cursor *cursor,
                                      double time, double absent)
{
    return trace->rtt ? trace->rtt[tdm_trace_index(trace, cursor, time)] : absent;
}

/** The signal strength at `time`, dBm; `absent` where the trace has none. */
static inline double tdm_trace_signal_at(const struct tdm_trace *trace, struct tdm_cursor *cursor,
                                         double time, double absent)
{
    return trace->signal ? trace->signal[tdm_trace_index(trace, cursor, time)] : absent;
}

/** When the sample that holds at `time` ends, s, > time; INFINITY for the last that never does. */
double tdm_trace_next(const struct tdm_trace *trace, struct tdm_cursor *cursor, double time);

/**
 * The first time by which `bytes` (>= 0) that start at `start` (>= 0, s) have passed: integrates
 * exactly over any number of samples and turns. `start` itself for 0 bytes, INFINITY if it never
 * finishes (or never starts: start is INFINITY). Leaves the cursor where the transfer ended.
 */
static inline double tdm_trace_finish(const struct tdm_trace *trace, enum tdm_direction direction,
                                      struct tdm_cursor *cursor, double start, double bytes)
{
    const double local = start - cursor->origin;
    const size_t i = cursor->index;
    if (local >= trace->t[i] && local < trace->t[i + 1]) {
        // Not a number or infinite where the rate is zero: both fail the comparison below.
        const double took = bytes * trace->way[direction].inverse[i];
        if (took <= trace->t[i + 1] - local && took < __builtin_inf())
            return start + took;
    }
    return tdm_trace_finish_far(trace, direction, cursor, start, bytes);
}

/** Bytes that pass in [from, to], 0 <= from <= to; `to` may be INFINITY. The inverse of finish. */
double tdm_trace_bytes(const struct tdm_trace *trace, enum tdm_direction direction, double from,
                       double to);

/**
 * The largest rate within [from, to], bytes/s: an upper bound on the mean rate of any window in
 * there. For windows that start in there and end anywhere, `to` is INFINITY. Walks the samples in
 * between (at most one turn).
 */
double tdm_trace_best(const struct tdm_trace *trace, enum tdm_direction direction, double from,
                      double to);

#endif

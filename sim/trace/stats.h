// SPDX-License-Identifier: GPL-3.0-or-later
/** Statistics of a trace, all weighted by time. */
#ifndef TDM_TRACE_STATS_H
#define TDM_TRACE_STATS_H

#include "trace/trace.h"

/**
 * Of one quantity over one turn. A quantile q is the smallest value that holds, or is above what
 * holds, for at least the share q of the time.
 */
struct tdm_quantiles {
    double mean, least, p5, median, p95, most;
    double zero; /**< share of the time at zero */
};

struct tdm_trace_stats {
    struct tdm_quantiles
        way[TDM_DIRECTIONS];     /**< bytes/s; the same for a direction that is absent */
    struct tdm_quantiles rtt;    /**< s; only where the trace has it */
    struct tdm_quantiles signal; /**< dBm; only where the trace has it */
};

/** -1 and `error` if there is no memory. */
int tdm_trace_measure(const struct tdm_trace *trace, struct tdm_trace_stats *stats,
                      struct tdm_error *error);

#endif

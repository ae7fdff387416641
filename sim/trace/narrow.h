// SPDX-License-Identifier: GPL-3.0-or-later
/** Two traces one after the other on the same way: what both let through. */
#ifndef TDM_TRACE_NARROW_H
#define TDM_TRACE_NARROW_H

#include "trace/trace.h"

/**
 * The lesser rate of the two at any time, by direction; round-trip time and signal are those of
 * `own`. Exact where one of the two is constant; where both change, for one turn of `own` (then
 * the pattern repeats, whatever `limit` does). NULL if there is no memory. The caller frees
 * it.
 */
struct tdm_trace *tdm_trace_narrower(const struct tdm_trace *own, const struct tdm_trace *limit);

#endif

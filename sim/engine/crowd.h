// SPDX-License-Identifier: GPL-3.0-or-later
/** How many transfers are in a cell, as the probes that go out every second see it. */
#ifndef TDM_ENGINE_CROWD_H
#define TDM_ENGINE_CROWD_H

#include <math.h>

#include "core/extremes.h"
#include "trace/trace.h"

struct tdm_crowd {
    const struct tdm_trace *trace; /**< rates of the cell */
    enum tdm_direction direction;
    double offset;
    struct tdm_cursor cursor;
    struct tdm_crowd *outer; /**< of the cell around it, or NULL */
    double second;           /**< s: the last whole second that anything was told of */
    unsigned now;            /**< transfers in it */
    unsigned last, before;   /**< as of `second`, and of the second before it */
};

/** Moves on to the second that `now` is in. */
static inline void tdm_crowd_follow(struct tdm_crowd *crowd, double now)
{
    const double second = floor(now);
    if (second <= crowd->second)
        return;
    crowd->before = second == crowd->second + 1 ? crowd->last : crowd->now;
    crowd->last = crowd->now;
    crowd->second = second;
}

/** A transfer has come (1) or gone (-1), in every cell around. */
static inline void tdm_crowd_changes(struct tdm_crowd *crowd, double now, int by)
{
    for (; crowd; crowd = crowd->outer) {
        tdm_crowd_follow(crowd, now);
        crowd->now += (unsigned)by;
    }
}

/** What one more transfer would get at the last whole second (or the one before), bytes/s. */
static inline double tdm_crowd_share(struct tdm_crowd *crowd, double now, bool earlier)
{
    double share = INFINITY;
    for (; crowd; crowd = crowd->outer) {
        tdm_crowd_follow(crowd, now);
        const double second = tdm_larger(0, crowd->second - (earlier ? 1 : 0));
        const double rate = tdm_trace_rate_at(crowd->trace, crowd->direction, &crowd->cursor,
                                              crowd->offset + second);
        share = tdm_smaller(share, rate / (1 + (earlier ? crowd->before : crowd->last)));
    }
    return share;
}

#endif

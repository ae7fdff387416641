// SPDX-License-Identifier: GPL-3.0-or-later
/** When requests come: one source of arrival times a stream. */
#ifndef TDM_ENGINE_ARRIVALS_H
#define TDM_ENGINE_ARRIVALS_H

#include "core/random.h"
#include "model/scenario.h"

/** Times between arrivals that are drawn at once: nobody waits for a logarithm then. */
enum { TDM_GAPS = 8 };

struct tdm_arrivals {
    const struct tdm_arrival_type *type;
    const struct tdm_stream *stream;
    struct tdm_random random;
    double from;           /**< s: none comes before */
    double gaps[TDM_GAPS]; /**< poisson: s between the next ones */
    size_t gap;            /**< how many of them are used up */
    uint64_t count;        /**< taken so far */
    size_t place;  /**< file: of the next in the stream's times; periodic: those before `from` */
    double next;   /**< s; INFINITY: no more, or (closed) not before the next answer */
    double *again; /**< closed: when those who were answered come again; a ring */
    size_t again_first, again_count;
};

struct tdm_arrival_type {
    const char *name;
    const char *summary;
    double (*first)(struct tdm_arrivals *arrivals);
    double (*after)(struct tdm_arrivals *arrivals, double last); /**< the one at `last` */
};

/** By enum tdm_arrival. */
extern const struct tdm_arrival_type tdm_arrival_types[];

/**
 * Those that come from `begin` s on, and not before the stream says. `index` tells streams of one
 * scenario apart. `again` has room for `inflight` times and outlives the arrivals; only closed
 * loops use it.
 */
void tdm_arrivals_start(struct tdm_arrivals *arrivals, const struct tdm_stream *stream,
                        uint64_t seed, uint64_t index, double begin, double *again);

/** Takes the next arrival and finds the one after it. */
double tdm_arrivals_take(struct tdm_arrivals *arrivals);

/** Tells a closed loop that a request was answered (or dropped) at `time`; times never fall. */
void tdm_arrivals_answered(struct tdm_arrivals *arrivals, double time);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The story of a request. It is told in two halves, so that deciding happens in between on the
 * caller's stack:
 *
 *     arrive -> wait for the board -> [decision] -> begin -> … -> finish -> [outcome]
 */
#ifndef TDM_ENGINE_REQUEST_H
#define TDM_ENGINE_REQUEST_H

#include "engine/driver.h"
#include "engine/passage.h"

struct tdm_request {
    int queue; /**< of the unit */
    uint64_t number;
    double arrival, start; /**< s */
    double jitter;         /**< factor on its stage times */
    double service;        /**< factor on its service time */
    double bandwidth;      /**< bytes/s up, as the last probe had seen when it was decided on */
    struct tdm_plan plan;
    struct tdm_segment switching, packing, head, local;
    struct tdm_passage passage;
    bool sends;
    double answer; /**< s; INFINITY: never */
    double energy; /**< J of the board for it so far */
};

/** Where a request is served: the real things, or copies to look ahead with. */
struct tdm_site {
    const struct tdm_scenario *scenario;
    const struct tdm_stream *stream;
    struct tdm_costs *costs;
    struct tdm_driver *driver;
    struct tdm_way *ways;
    const double *compute; /**< s on each way's server beyond each point; way by way */
    bool look_ahead;
};

/**
 * From the decision until the board has done its own part: clocks, head, packing, sending, local
 * part. Fills the request up to `answer`.
 */
void tdm_request_begin(const struct tdm_site *site, struct tdm_request *request);

/**
 * From there to the answer, once the board has rested until then: counts what was received, and
 * fills the outcome. `board` is the scenario's index.
 */
void tdm_request_finish(const struct tdm_site *site, struct tdm_request *request, int board,
                        struct tdm_outcome *outcome);

#endif

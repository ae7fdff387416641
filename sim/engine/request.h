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

struct tdm_site;

struct tdm_request {
    int queue;                   /**< of the unit */
    const struct tdm_site *site; /**< of its plan's version */
    uint64_t number;
    double arrival, start; /**< s */
    double jitter;         /**< factor on its stage times */
    double service;        /**< factor on its service time */
    double difficulty;     /**< 0 to 1; NAN: those of its stream are alike */
    double bandwidth;      /**< bytes/s up, as the last probe had seen when it was decided on */
    struct tdm_plan plan;
    struct tdm_costs *first_costs;           /**< of the plan's `first`; NULL: it has none */
    double thinking, switching, head, local; /**< s that they took; head: first and packing, too */
    struct tdm_passage passage;
    bool sends;
    double done;   /**< s, when the board has done its own part */
    double answer; /**< s; INFINITY: never, or not known yet */
    double energy; /**< J of the board for it so far */
};

/**
 * Who carries what requests send, where others are on the way, too. `start` takes the passage over
 * at the driver's `now`, and says when it is back by tdm_unit_arrived.
 */
struct tdm_remote {
    void (*start)(struct tdm_remote *remote, int board, struct tdm_way *way, uint64_t number,
                  double now, const struct tdm_passage *passage);
};

/** Where a request is served: the real things, or copies to look ahead with. */
struct tdm_site {
    const struct tdm_scenario *scenario;
    const struct tdm_stream *stream;
    struct tdm_costs *costs;
    struct tdm_driver *driver;
    struct tdm_way *ways;
    const double *compute;     /**< s on each way's server beyond each point; way by way */
    struct tdm_remote *remote; /**< NULL: nobody else is on the way, so it is known at once */
    struct tdm_watts *meter;   /**< J of the board, counted as they are spent; NULL: looks ahead */
};

/**
 * From the decision until the board has done its own part: clocks, head, packing, sending, local
 * part. Fills the request up to `answer`.
 */
void tdm_request_begin(const struct tdm_site *site, struct tdm_request *request);

/** What it had sent is back. */
void tdm_request_arrived(struct tdm_request *request, const struct tdm_passage *passage);

/**
 * From there to the answer, once the board has rested until then: counts what was received, and
 * fills the outcome. `board` is the scenario's index.
 */
void tdm_request_finish(const struct tdm_site *site, struct tdm_request *request, int board,
                        struct tdm_outcome *outcome);

#endif

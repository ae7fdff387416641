// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A board within a run: its driver, its ways to servers, the requests that wait at it and those
 * that it serves, and its meters.
 */
#ifndef TDM_ENGINE_UNIT_H
#define TDM_ENGINE_UNIT_H

#include "engine/arrivals.h"
#include "engine/driver.h"
#include "engine/passage.h"
#include "engine/request.h"

/** A request that waits. Requests of a board are numbered in the order of their arrival. */
struct tdm_waiting {
    double arrival; /**< s */
    uint64_t number;
};

/** What a version of a stream's dnn costs at a board, whole or left at an exit. */
struct tdm_queue_version {
    struct tdm_costs *costs; /**< NULL: an exit that is not freed */
    const double *compute;   /**< as of struct tdm_site */
    struct tdm_site site;
    struct tdm_queue_version
        *exits; /**< of a whole one: its dnn's, in order; NULL: none is freed */
};

/** A stream at a board: who waits, and what its versions cost there. */
struct tdm_queue {
    const struct tdm_stream *stream;
    int index; /**< of the stream in the scenario */
    const struct tdm_levels *levels;
    struct tdm_queue_version *versions; /**< of the stream; a plan's `version` is an index */
    struct tdm_costs *costs; /**< of the first, the stream's dnn: for those who know no other */
    const double *compute;
    struct tdm_arrivals arrivals;
    struct tdm_waiting *waiting; /**< ring, oldest at `head` */
    size_t head, count, room;
    uint64_t arrived, served, dropped;
};

/** A version as it is left at an exit of it, from 1; 0: whole. */
static inline struct tdm_queue_version *tdm_queue_until(const struct tdm_queue *queue, int version,
                                                        int leaves)
{
    struct tdm_queue_version *whole = &queue->versions[version];
    return leaves ? &whole->exits[leaves - 1] : whole;
}

struct tdm_view;

struct tdm_unit {
    int index;
    const struct tdm_scenario *scenario;
    const struct tdm_board *board;
    uint64_t seed;
    const struct tdm_unit *twin;   /**< a like one, whose tables it uses; NULL: they are its own */
    struct tdm_unit *const *peers; /**< all boards of the run by index, for coordinators */
    struct tdm_driver_setup setup;
    struct tdm_driver *driver;
    struct tdm_way *ways;
    size_t way_count;
    struct tdm_queue *queues;
    size_t queue_count;
    bool lucky;        /**< stage or service times vary from request to request */
    bool limited;      /**< a queue may overflow */
    uint64_t requests; /**< numbered so far */

    struct tdm_request *served; /**< in service; `room` of them */
    size_t serving, room;
    struct tdm_request *deciding; /**< waits for its plan, or NULL */

    struct tdm_watts energy; /**< J of the board so far, radios not included */
    struct tdm_state state;
    struct tdm_outcome *outcome; /**< the engine's: of whatever ended last, on any board */
    struct tdm_plan last;

    struct tdm_driver *scratch; /**< to look ahead with */
    struct tdm_pieces pieces;
    struct tdm_radio_pieces *radio_pieces; /**< one a way; NULL: nobody records */
    const struct tdm_view *seen;           /**< of its setup */
    struct tdm_arena *arena;
};

/** What a unit is made with besides its scenario. */
struct tdm_unit_setup {
    uint64_t seed;
    struct tdm_slots *slots;       /**< of the scenario's servers */
    bool recorded;                 /**< keeps pieces of constant power for a record */
    struct tdm_listener *listener; /**< told of each piece; or NULL */
    struct tdm_remote *remote;     /**< carries what is sent; NULL: in closed form */
    const struct tdm_unit *twin;   /**< a unit of the same fleet, which outlives it; or NULL */
    struct tdm_unit *const *peers; /**< the engine's units */
    struct tdm_outcome *outcome;   /**< the engine's */
    struct tdm_live *live;         /**< goes to the driver; or NULL */
    const struct tdm_view *seen;   /**< of each way, where links are measured; NULL: their traces */
};

/** A board of a scenario at time 0. NULL with `error` filled. */
struct tdm_unit *tdm_unit_new(const struct tdm_scenario *scenario, int board,
                              const struct tdm_unit_setup *setup, struct tdm_error *error);
void tdm_unit_free(struct tdm_unit *unit);
/** The same board when another run begins, which nobody records; the heap is not touched. */
void tdm_unit_restart(struct tdm_unit *unit, uint64_t seed, double begin);

/** What may happen next at a unit. */
enum tdm_next {
    TDM_NEXT_NOTHING,
    TDM_NEXT_ANSWER,
    TDM_NEXT_START,
    TDM_NEXT_OVERFLOW,
    TDM_NEXT_ADMIT, /**< a request joins its queue, and nobody need be told */
};

/** When the next thing happens (INFINITY: nothing), and which. */
double tdm_unit_next(const struct tdm_unit *unit, enum tdm_next *what);

/**
 * Lets it happen. True if it filled `event`, false if it was nobody's business. After a decision
 * event, tdm_unit_decide.
 */
bool tdm_unit_step(struct tdm_unit *unit, enum tdm_next what, struct tdm_event *event);
void tdm_unit_decide(struct tdm_unit *unit, const struct tdm_plan *plan);

/** What a request had sent has come back, or will at passage->down_end. */
void tdm_unit_arrived(struct tdm_unit *unit, uint64_t number, const struct tdm_passage *passage);

/**
 * What a plan would lead to for the request that waits for a decision, from the present state and
 * with the true trace, as if no other request came. Where the board cannot be copied, a model of
 * it answers.
 */
void tdm_unit_foresee(struct tdm_unit *unit, const struct tdm_plan *plan,
                      struct tdm_outcome *outcome);

/**
 * The factors on a request's stage times and service time. Drawn by its number, so that every
 * policy meets the same luck.
 */
void tdm_unit_luck(const struct tdm_unit *unit, uint64_t number, double *jitter, double *service);

/** How hard a request is, 0 to 1; NAN where those of its stream are alike. Drawn by its number. */
double tdm_unit_difficulty(const struct tdm_unit *unit, const struct tdm_stream *stream,
                           uint64_t number);

/** Rests until the end of the run and closes the meters. */
void tdm_unit_stop(struct tdm_unit *unit, double end);

/** Requests that wait or are in service. */
uint64_t tdm_unit_unanswered(const struct tdm_unit *unit);

/** Those of them that have missed their deadline by the end of the run. */
uint64_t tdm_unit_overdue(const struct tdm_unit *unit);

/** J of the radios so far. */
double tdm_unit_radio_energy(const struct tdm_unit *unit);

/** What a board knows of one of its links. */
struct tdm_view {
    double bandwidth, trend; /**< bytes/s up, as of the last probe; change from the one before */
    double rtt, signal;      /**< s, dBm; NAN: not known */
};
/** As of the present time; `way` counts its links from 0. */
void tdm_unit_see(struct tdm_unit *unit, size_t way, struct tdm_view *view);

/** The same as of any time, and nothing is remembered of it. */
void tdm_unit_see_at(const struct tdm_unit *unit, size_t way, double now, struct tdm_view *view);

/** The queue whose stream has this index in the scenario. */
struct tdm_queue *tdm_unit_queue(const struct tdm_unit *unit, int stream);

#endif

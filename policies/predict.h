// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a board can say beforehand about a plan for a request, from the start of its service to its
 * answer: its own work from the cost tables, with co-runners as at the start and leakage at the
 * reference temperature; the way to the server and back as if the network stayed as it is believed
 * to be.
 *
 * Left out is what a board does not know or these policies do not look at: the bytes of the answer
 * (only the uplink is probed), a radio that has to wake, its power while it waits, weak signals,
 * connections that are opened, luck. Where none of that is, a prediction is what happens.
 */
#ifndef TDM_POLICIES_PREDICT_H
#define TDM_POLICIES_PREDICT_H

#include "engine/unit.h"

/** A link, and what is believed of it. */
struct tdm_network {
    int link;         /**< of the board; -1: nothing can be sent */
    double bandwidth; /**< bytes/s up, above 0 */
    double rtt;       /**< s */
    double wait;      /**< s for the server */
};

/** The board's own part of a plan: all of it, or what comes before it sends. */
struct tdm_work {
    double time;   /**< s, packing included */
    double energy; /**< J of the board meanwhile */
    double idle;   /**< W of the board afterwards, while it waits */
};

/** The rest of a plan that sends. All zero: nothing is sent. */
struct tdm_away {
    double time;   /**< s from the first byte that is sent to the answer */
    double radio;  /**< J of the radio, a full tail included */
    double server; /**< J above idle; NAN where the server's power is not known */
};

struct tdm_prediction {
    double time;   /**< s from the start of service to the answer */
    double energy; /**< J of board and radio */
    double server; /**< J, as of struct tdm_away */
};

/** The first link as the last probe saw it; no wait for the server. */
struct tdm_network tdm_network_seen(const struct tdm_state *state);

/** The costs at a plan's clocks; where it leaves one to the board, at the clock in force. */
const struct tdm_cell *tdm_predict_cell(const struct tdm_state *state, const struct tdm_plan *plan);

/** All layers on the board. */
struct tdm_work tdm_predict_local(const struct tdm_cell *cell);

/** The layers before `point`, and packing what crosses it with `bits` a value. */
struct tdm_work tdm_predict_head(const struct tdm_queue *queue, const struct tdm_cell *cell,
                                 int point, int bits);

/** From there to the answer, over a network that has a link. */
struct tdm_away tdm_predict_away(const struct tdm_unit *unit, const struct tdm_queue *queue,
                                 const struct tdm_network *network, int point, int bits);

static inline struct tdm_prediction tdm_predict_sum(const struct tdm_work *work,
                                                    const struct tdm_away *away)
{
    return (struct tdm_prediction){work->time + away->time,
                                   work->energy + away->time * work->idle + away->radio,
                                   away->server};
}

/** Head and rest in one. */
struct tdm_prediction tdm_predict_sent(const struct tdm_unit *unit, const struct tdm_queue *queue,
                                       const struct tdm_cell *cell,
                                       const struct tdm_network *network, int point, int bits);

/** Whether a scenario frees that all of what crosses a point is sent. */
bool tdm_predict_may_send(const struct tdm_levels *levels);

/** The bits that lose least among those freed. */
int tdm_predict_most_bits(const struct tdm_levels *levels);

/** Makes a plan send all beyond a point over the network's link. */
void tdm_plan_send(struct tdm_plan *plan, const struct tdm_network *network, int point, int bits);

#endif

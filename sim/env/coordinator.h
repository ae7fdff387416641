// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A coordinator: one decision covers the streams of all boards, and is made anew once a period. It
 * says which version of its network each stream runs, where that is cut, and what share of link
 * and server it gets; requests in between follow its allotment (MCIA, Qi et al., ACM TECS 2023).
 *
 * The seam is the state of any decision: it leads to its board's unit, and that to its peers. So
 * engines know nothing of coordinators, and the first request of a period calls for a new
 * allotment. What a coordinator sees of the others is what their last probes and decisions saw: a
 * message from every board once a period, which takes no time here.
 *
 * The utility of a request is U = w A - (1 - w) T / Tref: expected accuracy A, time to inference
 * T, the stream's weight w, and Tref the time of its own network on the board alone at the top of
 * the free clocks. With full-speed seconds a on the link and s on the server, shares b and c make
 * that cost (1 - w) / Tref (a / b + s / c). For given plans the best shares have a closed form:
 * with claims p = sqrt((1 - w) a / Tref), b is p over the sum of all p at that link, and all
 * together cost the square of that sum; servers likewise. Left out is what nobody knows beforehand:
 * waiting for the board, and how fast the answer's few bytes come down.
 */
#ifndef TDM_ENV_COORDINATOR_H
#define TDM_ENV_COORDINATOR_H

#include "env/observe.h"

/** What a plan is worth to a stream, and what it claims of what streams share. */
struct tdm_claim {
    double value;        /**< utility, but for the time on link and server */
    double link, server; /**< roots of what that time would cost at full speed */
};

/** A stream as the coordinator sees it. */
struct tdm_member {
    int board, stream; /**< indices in the scenario */
    int link, server;  /**< members of the same number share a link, or a server; -1: has none */
    double weight;     /**< of accuracy */
    struct tdm_unit *unit;
    double minds;         /**< utility that a second costs */
    double rate;          /**< bytes/s up of its first link, as the last probe saw it */
    double rtt;           /**< s */
    struct tdm_plan plan; /**< as it is allotted, shares included */
    struct tdm_claim claim;
};

struct tdm_coordinator {
    const struct tdm_scenario *scenario;
    double period;              /**< s */
    double next;                /**< s, when a new allotment is due */
    struct tdm_member *members; /**< by stream */
    size_t count;
    double *sums; /**< scratch */
    bool met;     /**< the members' units are known */
};

/** NULL if there is no memory; the caller frees it. Nothing is sent before the first allotment. */
struct tdm_coordinator *tdm_coordinator_new(const struct tdm_scenario *scenario, double period);
void tdm_coordinator_free(struct tdm_coordinator *coordinator);

/** A run begins. */
void tdm_coordinator_restart(struct tdm_coordinator *coordinator);

/** Whether the decision on `state` is the first of a period. */
static inline bool tdm_coordinator_is_due(const struct tdm_coordinator *coordinator,
                                          const struct tdm_state *state)
{
    return state->now >= coordinator->next;
}

/** Begins the period that `state` falls into: looks at all boards as of its `now`. */
void tdm_coordinator_look(struct tdm_coordinator *coordinator, const struct tdm_state *state);

/** The member's side of that, as if it were its turn to decide. */
void tdm_coordinator_state(const struct tdm_member *member, double now, struct tdm_state *state);

/** What a plan would be worth and claim. Only whole shares xi, 0 or 1, are exact. */
void tdm_coordinator_claim(const struct tdm_member *member, const struct tdm_plan *plan,
                           struct tdm_claim *claim);

/** Decides for a member; shares are dealt out afterwards. */
void tdm_coordinator_put(struct tdm_member *member, const struct tdm_plan *plan);

/** Deals out the shares: in the closed form, or with `equal` the same to all who could send. */
void tdm_coordinator_deal(struct tdm_coordinator *coordinator, bool equal);

/** What is allotted to the request of `state`. */
void tdm_coordinator_plan(const struct tdm_coordinator *coordinator, const struct tdm_state *state,
                          struct tdm_plan *plan);

/** Sums of the others' claims at the member's link and server. */
void tdm_coordinator_crowd(const struct tdm_coordinator *coordinator,
                           const struct tdm_member *member, double *link, double *server);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Exact search over plans. Plans are grouped by what they send and where; within a group they are
 * sorted, once, by what the board's own part costs at least. A group, and the rest of a group, is
 * passed over as soon as what it costs at least is no better than the best plan found: so the
 * answer is the minimum, and most plans are never evaluated.
 *
 * "At least" leaves out what is never negative: switching, leakage above the coolest that the
 * board gets, and waiting beyond what the fastest rate in reach allows. Where heat may cap a clock
 * or a co-runner comes or goes while an answer is still of use, the board's part may cost less than
 * at the clocks and the load of now: there only the rest bounds, and more plans are evaluated.
 *
 * To leave a network early always costs less: an exit whose expected accuracy, as it is sent, is
 * below what the stream needs is not among the plans.
 */
#ifndef TDM_POLICIES_SEARCH_H
#define TDM_POLICIES_SEARCH_H

#include "engine/unit.h"

struct tdm_search;

/**
 * Over what a queue's scenario frees; with `everything`, over every OPP, processor and point of
 * the board with the fewest cores online: what any plan, mode or governor could reach at best, at
 * the exits that are free, however accurate.
 * NULL if there is no memory. The caller frees it, before the unit.
 */
struct tdm_search *tdm_search_new(struct tdm_unit *unit, struct tdm_queue *queue, bool everything);
void tdm_search_free(struct tdm_search *search);

/** The plan of least cost for the request that waits for a decision, by tdm_unit_foresee. */
void tdm_search_best(struct tdm_search *search, const struct tdm_state *state,
                     struct tdm_plan *plan);

/**
 * A lower bound (J) on the cost of a request that arrives at `arrival` with stage times scaled by
 * `jitter` and service by `service`: as if the board were free, cool and at the right clocks, under
 * the best of the loads to come, and its radio awake.
 */
double tdm_search_bound(struct tdm_search *search, double arrival, double jitter, double service);

/** Plans evaluated so far, and decisions made: how well the bounds prune. */
void tdm_search_effort(const struct tdm_search *search, uint64_t *plans, uint64_t *decisions);

#endif

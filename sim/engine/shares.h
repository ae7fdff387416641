// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A server that everybody in it shares (processor sharing): of n requests each goes on at the rate
 * min(1, slots / n). Kept in virtual time, in which every request goes on at the rate 1, so that
 * coming and going cost O(log n).
 */
#ifndef TDM_ENGINE_SHARES_H
#define TDM_ENGINE_SHARES_H

#include "model/scenario.h"

struct tdm_share {
    double finish;  /**< in virtual s */
    double service; /**< s, alone */
    void *whom;
};

struct tdm_shares {
    const struct tdm_scenario_server *where; /**< its outages */
    double slots;
    double now;         /**< s, up to which it has been followed */
    double virtual_now; /**< s */
    size_t outage;      /**< the one that is on or comes next */
    bool away;
    struct tdm_share *heap;
    size_t count, room;
};

void tdm_shares_end(struct tdm_shares *shares);

/** When somebody is done, or it goes away or comes back with somebody in it; INFINITY: never. */
double tdm_shares_next(const struct tdm_shares *shares);

/** Seconds of work, alone, that were done by `now` for heap[place]. */
double tdm_shares_done(struct tdm_shares *shares, double now, size_t place);

/** At `now`, not after tdm_shares_next: somebody comes, who takes `service` s alone. */
void tdm_shares_enter(struct tdm_shares *shares, double now, double service, void *whom);

/** At tdm_shares_next: who is done then, or NULL if it was only the server that came or went. */
void *tdm_shares_step(struct tdm_shares *shares);

#endif

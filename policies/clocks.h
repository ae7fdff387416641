// SPDX-License-Identifier: GPL-3.0-or-later
/** Walks every combination of clocks that a scenario frees. */
#ifndef TDM_POLICIES_CLOCKS_H
#define TDM_POLICIES_CLOCKS_H

#include "engine/unit.h"

struct tdm_clock_walk {
    const struct tdm_queue *queue;
    int at[TDM_CLOCKS];    /**< indices into the levels */
    int asked[TDM_CLOCKS]; /**< what a plan says for the combination just handed out */
    bool done;
};

static inline struct tdm_clock_walk tdm_clock_walk(const struct tdm_queue *queue)
{
    return (struct tdm_clock_walk){.queue = queue};
}

/**
 * Fills `opp` with OPPs for look-ups and `walk->asked` with what a plan says. A governed memory
 * stands at its floor; a governed cpu or gpu at its top clock.
 */
static inline bool tdm_clock_next(struct tdm_clock_walk *walk, int opp[TDM_CLOCKS])
{
    if (walk->done)
        return false;
    const struct tdm_levels *levels = walk->queue->levels;
    const struct tdm_board *board = walk->queue->costs->board;
    for (int d = 0; d < TDM_CLOCKS; d++) {
        walk->asked[d] = levels->opp[d][walk->at[d]];
        opp[d] = walk->asked[d];
    }
    for (int d = 0; d < TDM_EMC; d++)
        if (opp[d] == TDM_GOVERNED)
            opp[d] = (int)board->domain[d]->opp_count - 1;
    if (opp[TDM_EMC] == TDM_GOVERNED)
        opp[TDM_EMC] = tdm_board_floor(board, board->domain[TDM_GPU]->opps[opp[TDM_GPU]].hz);
    int d = TDM_CLOCKS - 1;
    while (d >= 0 && ++walk->at[d] == levels->opp_count[d])
        walk->at[d--] = 0;
    walk->done = d < 0;
    return true;
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a record says of one board, in memory: stretches of constant power, and the takes that they
 * belong to. A take is all that the board did from the decision on a request until the next one:
 * its stages, then rest. Takes are found by what the board was asked to do: the plan and the dnn.
 */
#ifndef TDM_ENGINE_REPLAY_TAPE_H
#define TDM_ENGINE_REPLAY_TAPE_H

#include "engine/driver.h"

struct tdm_take {
    int64_t request;     /**< its number */
    size_t first, count; /**< pieces; there may be none */
};

struct tdm_take_group;

struct tdm_tape {
    struct tdm_piece *pieces;
    size_t piece_count;
    size_t lead_in;         /**< pieces before the first request */
    struct tdm_take *takes; /**< of requests whose plan is known, by group */
    size_t take_count;
    struct tdm_take_group *groups;
    size_t group_count;
    struct tdm_take
        *unplanned; /**< of requests that were never answered: nobody knows their plan */
    size_t unplanned_count;
};

/**
 * Reads what a record says of the board `id`, for a board of the scenario, which must be of the
 * same type. NULL with `error`; the caller frees it.
 */
struct tdm_tape *tdm_tape_load(const char *path, const char *id, const struct tdm_board *board,
                               struct tdm_error *error);
void tdm_tape_free(struct tdm_tape *tape);

/**
 * The takes of a plan and dnn, in the order of their starts: index of the group and the number of
 * takes, or -1. Knobs that make no difference to the board are not compared.
 */
int64_t tdm_tape_find(const struct tdm_tape *tape, const struct tdm_plan *plan, const char *dnn,
                      const struct tdm_take **takes, size_t *count);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Actions: one discrete choice a knob. The scenario says which knobs are free and at which levels
 * (model/levels.h); knobs with one level are no choice and left out. Where a board has several
 * streams, or a scenario several boards, all have the same knobs with as many levels.
 */
#ifndef TDM_ENV_ACTION_H
#define TDM_ENV_ACTION_H

#include "engine/unit.h"

enum tdm_knob {
    TDM_KNOB_CPU,       /**< levels of the CPU clock, rising */
    TDM_KNOB_GPU,       /**< … of the GPU clock */
    TDM_KNOB_EMC,       /**< … of the memory clock */
    TDM_KNOB_PROCESSOR, /**< what runs the stages */
    TDM_KNOB_CUT,       /**< where the dnn is cut, from the input on */
    TDM_KNOB_XI,        /**< share of the channels beyond the cut that is sent; 0: none */
    TDM_KNOB_BITS,      /**< of each value that is sent */
    TDM_KNOB_LINK,      /**< over which link */
    TDM_KNOB_VERSION,   /**< which network of the stream's */
    TDM_KNOB_EXIT,      /**< where that is left; 0: at none of its exits */
};
extern const char *const tdm_knob_names[TDM_KNOBS + 1]; /**< "cpu", …; ends with NULL */

struct tdm_actions {
    int count;             /**< free knobs */
    int knob[TDM_KNOBS];   /**< which, rising */
    int levels[TDM_KNOBS]; /**< of each of them, at least 2 */
};

/** The free knobs of a scenario. -1 with `error` where its streams differ in them. */
int tdm_actions_read(struct tdm_actions *actions, const struct tdm_scenario *scenario,
                     struct tdm_error *error);

/**
 * The plan that an action means for the request of `state`: level action[i] of actions->knob[i],
 * from 0; beyond the last level (asserted not to be). Where nothing is sent (xi 0), cut, bits and
 * link make no difference; the input is sent whole. A cut beyond the exit is never come to: all on
 * the board.
 */
void tdm_actions_plan(const struct tdm_actions *actions, const int32_t *action,
                      const struct tdm_state *state, struct tdm_plan *plan);

/**
 * What the levels of the free knob `i` are for the scenario's first stream, for people and files:
 * Hz (-1: governed), which processor, layers before the cut, share, bits, which link, which
 * version, which exit. -1 with `error`.
 */
int tdm_actions_values(const struct tdm_actions *actions, int i,
                       const struct tdm_scenario *scenario, double *values,
                       struct tdm_error *error);

/** How many levels a knob has; 1 where it is not free. */
int tdm_actions_levels(const struct tdm_actions *actions, int knob);

/** Has an action choose a level of a knob; nothing where that is not free. */
void tdm_actions_set(const struct tdm_actions *actions, int32_t *action, int knob, int level);

/** The stream's own network on the board alone, at its top clocks. */
void tdm_actions_local(const struct tdm_actions *actions, int32_t *action);

/**
 * Places where a network may be cut, all behind it sent: 0 is none, all of it on the board, which
 * is the only one where nothing may be sent; then the points of the knob `cut`.
 */
int tdm_actions_places(const struct tdm_actions *actions);
void tdm_actions_set_place(const struct tdm_actions *actions, int32_t *action, int place);

#endif

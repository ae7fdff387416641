// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Targets: one choice in place of one a knob, as AutoScale has it (Kim and Wu, MICRO 2020). A
 * request runs as a whole in one place: on one of the board's processors at one level of its clock,
 * or, over one of the links, on a server.
 *
 * What a target leaves open is ours. On the gpu the CPU, which launches, is at its top level; on
 * another processor the other one is at its lowest; the memory is at its top. While a server works,
 * all are at their lowest.
 */
#ifndef TDM_POLICIES_TARGETS_H
#define TDM_POLICIES_TARGETS_H

#include "env/action.h"

struct tdm_targets {
    int count;      /**< of all: first the processors' levels, rising, then the links */
    int processors; /**< levels of that knob */
    int knob[8];    /**< by processor: its clock */
    int levels[8];  /**< … and how many that has; 1 where it is not free */
    int links;      /**< 0 where the input may not be sent */
};

/** What a scenario frees. -1 with `error`. */
int tdm_targets_read(struct tdm_targets *targets, const struct tdm_scenario *scenario,
                     const struct tdm_actions *actions, struct tdm_error *error);

/** The levels of all free knobs that a target means. */
void tdm_targets_action(const struct tdm_targets *targets, const struct tdm_actions *actions,
                        int target, int32_t *action);

/** How many targets are on the board; they come first. */
int tdm_targets_local(const struct tdm_targets *targets);

#endif

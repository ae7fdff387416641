// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Holding a board: who wants to set its clocks takes it, for as long as he renews a lease. Before
 * the first write everything is saved, and a guardian, a process of its own, stands by to put it
 * back, whatever becomes of the holder. A guardian that dies is replaced.
 *
 * While the board is hotter than it should be, clocks are lower than what is wanted.
 */
#ifndef TDM_BOARD_HOLD_H
#define TDM_BOARD_HOLD_H

#include "hil/board/clocks.h"

struct tdm_hold_options {
    const char *state;    /**< file; NULL: ROOT/run/tandem/state */
    const char *guardian; /**< program; NULL: tandem-guardian beside this program, or on the path */
    double lease;         /**< s; at least 0.05 */
    const char *trace;    /**< file to which the guardian adds its writes; NULL: none */
    double limit;         /**< degC from which clocks are lowered; NAN: 5 K below the first trip */
    struct tdm_saying saying; /**< what happens meanwhile, from any thread */
};

struct tdm_hold;

/**
 * Takes the board. What a holder of this boot has left is put back first; the state of another boot
 * is thrown away, and it says so. NULL with `error`: somebody else has the board, or it cannot be
 * guarded. The caller ends it; `hw` must live as long.
 */
struct tdm_hold *tdm_hold_start(struct tdm_hw *hw, const struct tdm_hold_options *options,
                                struct tdm_error *error);

/**
 * Sets what is wanted, as far as the heat allows, and reports what is in force. -1 with `error`: it
 * is not to be had on this board (nothing was written), or the board is not held any more.
 */
int tdm_hold_set(struct tdm_hold *hold, const struct tdm_setting *setting,
                 struct tdm_report *report, struct tdm_error *error);

/** Whether what was set last still holds. */
int tdm_hold_look(struct tdm_hold *hold, struct tdm_report *report, struct tdm_error *error);

/**
 * The lease begins anew, unless a twentieth of it or less has gone. -1 with `error`: it was over,
 * and the board is as it was.
 */
int tdm_hold_renew(struct tdm_hold *hold, struct tdm_error *error);

/** degC of the hottest zone, NAN; how many trips' caps hold for it. */
double tdm_hold_heat(struct tdm_hold *hold, size_t *level);

/**
 * Puts the board back, waits until that is done, and frees everything; NULL is fine. Returns how
 * many knobs are not as they were.
 */
int tdm_hold_end(struct tdm_hold *hold);

/**
 * Puts back what a holder who died has left in `state`, if it is of this boot. `hw` NULL: the state
 * says which board that is. Returns how many knobs are not as they were; 0 where there is nothing
 * to do; -1 with `error`: somebody holds it, or the state cannot be read.
 */
int tdm_hold_recover(const char *root, struct tdm_hw *hw, const char *state,
                     const struct tdm_saying *saying, struct tdm_error *error);

/** ROOT/run/tandem/state, allocated; NULL if there is no memory. */
char *tdm_hold_state(const char *root);

#endif

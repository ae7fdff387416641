// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Reading and writing knobs by a deadline. A driver that hangs keeps the thread that asked it, so
 * each call here is made in a thread of its own; one that does not come back in time is left behind
 * and ends when the driver lets it go. For putting a board back, where one knob that hangs must
 * not keep the others; setting clocks goes the direct way.
 */
#ifndef TDM_BOARD_TIMELY_H
#define TDM_BOARD_TIMELY_H

#include "hil/board/hw.h"

/** As tdm_hw_put, and -ETIMEDOUT after `seconds`: it may still happen later. */
int tdm_timely_put(struct tdm_hw *hw, const struct tdm_spot *spot, const char *text,
                   double seconds);

/** As tdm_hw_text into TDM_KNOB_TEXT bytes, and -ETIMEDOUT after `seconds`. */
int tdm_timely_text(struct tdm_hw *hw, const struct tdm_spot *spot, char text[TDM_KNOB_TEXT],
                    double seconds);

#endif

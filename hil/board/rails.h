// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Where a board's power sensors lie: its INA3221s by the labels of their channels, iio (JetPack 4)
 * or hwmon (later), whatever number the kernel gave them.
 *
 * What a board draws is the sum of the rails that its file calls total. A TX2 on its developer kit
 * feeds its carrier beside the module: where the carrier's VDD_MUX is there, it is added.
 */
#ifndef TDM_BOARD_RAILS_H
#define TDM_BOARD_RAILS_H

#include "hil/board/hw.h"

enum { TDM_RAILS = 16 };

struct tdm_rail_spot {
    char label[32];
    const struct tdm_rail *rail; /**< of the board's file; NULL: one that it does not know */
    bool total;                  /**< part of the board's total */
    size_t chip;                 /**< length of the path's folder: the same chip, the same folder */
    bool product;                /**< power is voltage times current */
    struct tdm_spot power;       /**< W */
    struct tdm_spot voltage, current; /**< V, A */
};

/**
 * The rails that are there, by chip. One whose label does not answer within half a second is left
 * out. Returns how many, at most TDM_RAILS.
 */
size_t tdm_rails_find(struct tdm_hw *hw, struct tdm_rail_spot *rails);

/**
 * Whether a board's total can be formed: every rail that its file calls total is among them. Writes
 * what the total covers ("VDD_IN+VDD_MUX"), or what is missing, into `text`.
 */
bool tdm_rails_whole(const struct tdm_hw *hw, const struct tdm_rail_spot *rails, size_t count,
                     char *text, size_t size);

/** W. 0 or -errno. */
int tdm_rail_read(const struct tdm_hw *hw, const struct tdm_rail_spot *rail, double *watts);

#endif

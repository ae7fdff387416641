// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a board's knobs were before anybody touched them, in memory and in a file:
 *
 *     tandem-board-state 1
 *     boot-id 0f3c…                     of the boot that it belongs to
 *     board /usr/share/tandem/…/nano.xml    the rest of the line
 *     jetpack 4
 *     value gpu-max /sys/devices/…/max_freq 921600000
 *     later cpu-min /sys/devices/…/policy2/scaling_min_freq 115200
 *     end 2                             how many values: without it the file is not whole
 *
 * `later` marks the files that were not there at first, because their CPUs were offline.
 */
#ifndef TDM_BOARD_SAVED_H
#define TDM_BOARD_SAVED_H

#include "hil/board/hw.h"

enum { TDM_SAVED_MOST = 512, TDM_SAVED_BYTES = 256 * 1024 };

struct tdm_saved_value {
    char knob[24];
    struct tdm_spot spot; /**< its row is NULL until the values are bound to a board */
    char text[TDM_KNOB_TEXT];
    bool later;
};

struct tdm_saved {
    char boot_id[TDM_KNOB_TEXT];
    char board[TDM_TREE_PATH];
    char jetpack[4];
    struct tdm_saved_value *values;
    size_t count;
};

/** Frees the values; `saved` may be all zeros. */
void tdm_saved_clear(struct tdm_saved *saved);

/** This boot's id, as the board's kernel has it. -1 with `error`: it says none. */
int tdm_saved_boot_id(const struct tdm_tree *tree, char id[TDM_KNOB_TEXT], struct tdm_error *error);

/**
 * Adds every knob that may be written and that it does not hold yet; of the fan, which a daemon of
 * the board turns all the time, only with `fan`. The first time, boot id, board and JetPack, too. A
 * knob that cannot be read is left out, so nobody may write it. Returns how many were added; -1
 * with `error`.
 */
int tdm_saved_take(struct tdm_saved *saved, const struct tdm_hw *hw, bool fan,
                   struct tdm_error *error);

/** The value of a file, NULL where it was not saved. */
const struct tdm_saved_value *tdm_saved_find(const struct tdm_saved *saved, const char *path);

/** Writes the file, whole or not at all, synced. */
int tdm_saved_write(const struct tdm_saved *saved, const char *file, struct tdm_error *error);

/** Reads one; nothing in it is believed before it is bound. -1 with `error` filled. */
int tdm_saved_read(struct tdm_saved *saved, const char *file, struct tdm_error *error);

/** The same from memory; `name` stands in messages. */
int tdm_saved_parse(struct tdm_saved *saved, const char *text, size_t length, const char *name,
                    struct tdm_error *error);

/** Looks every value up in the allow-list of the board. -1 with `error`: one is not in it. */
int tdm_saved_bind(struct tdm_saved *saved, const struct tdm_hw *hw, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A board, real or virtual: its kernel files below a root, and its board file, whose <sysfs> rows
 * of one JetPack are the allow-list: only files that they name are ever written, and of these only
 * the knobs, not the readings.
 *
 * Reading and writing keep no state: any thread may do it. Frequencies are Hz, powers W,
 * temperatures degC: the unit of the row is taken care of.
 */
#ifndef TDM_BOARD_HW_H
#define TDM_BOARD_HW_H

#include <stdbool.h>
#include <stdio.h>

#include "hil/board/probe.h"
#include "model/board.h"

enum {
    TDM_SPOTS = 64,     /**< files that a knob may have: more CPUs than any Jetson */
    TDM_KNOB_TEXT = 64, /**< bytes of a knob's value, its '\0' included */
};

/** One file of a knob: one policy's scaling_min_freq, say. */
struct tdm_spot {
    const struct tdm_sysfs *row; /**< the board's */
    char path[TDM_TREE_PATH];
};

struct tdm_hw;

/**
 * Finds out which board lies below `root`, unless `board` (a name or a file) and `jetpack` say so
 * (NULL: look). NULL with `error`: nothing known, or a board that has no map for this JetPack. The
 * caller closes it.
 */
struct tdm_hw *tdm_hw_open(const char *root, const char *board, const char *jetpack,
                           struct tdm_error *error);
void tdm_hw_close(struct tdm_hw *hw);

/** Another owner, who closes it, too: it is gone when the last one has. Returns `hw`. */
struct tdm_hw *tdm_hw_share(struct tdm_hw *hw);

const struct tdm_board *tdm_hw_board(const struct tdm_hw *hw);
const struct tdm_tree *tdm_hw_tree(const struct tdm_hw *hw);
const struct tdm_probe *tdm_hw_probe(const struct tdm_hw *hw);
const char *tdm_hw_jetpack(const struct tdm_hw *hw);

/**
 * Every write is logged to `stream` (NULL: none, as at first), one at a time: a new line, seconds
 * of CLOCK_MONOTONIC, path, value, and once it is over its result (0 or -errno), with tabs between.
 */
void tdm_hw_trace(struct tdm_hw *hw, FILE *stream);

/** Whether the board's map has such a knob at all; its files may still be missing. */
bool tdm_hw_has(const struct tdm_hw *hw, const char *knob);

/** Whether a knob is one that may be written on this board. */
bool tdm_hw_writable(const struct tdm_hw *hw, const char *knob);

/** The knobs that may be written, in the order in which they are saved; NULL at the end. */
extern const char *const tdm_hw_knobs[];

/** The files of a knob that are there now. Returns how many, at most TDM_SPOTS. */
size_t tdm_hw_spots(const struct tdm_hw *hw, const char *knob, struct tdm_spot *spots);

/**
 * The spot of a knob that may be written at this very path (the file need not be there). -1 with
 * `error`'s message: the allow-list has no such one.
 */
int tdm_hw_spot(const struct tdm_hw *hw, const char *knob, const char *path, struct tdm_spot *spot,
                struct tdm_error *error);

/** One line of text. Its length, or -errno (-EBADMSG: no such thing). */
int tdm_hw_text(const struct tdm_hw *hw, const struct tdm_spot *spot, char *text, size_t size);

/** A number in SI. 0, or -errno (-EBADMSG: no number). */
int tdm_hw_number(const struct tdm_hw *hw, const struct tdm_spot *spot, double *value);

/** The number in the first file of a knob. 0, or -errno (-ENOENT: there is none). */
int tdm_hw_first(const struct tdm_hw *hw, const char *knob, double *value);

/**
 * Writes a knob. -EPERM where it is none that may be written, -EINVAL where the text is neither a
 * number nor a name; else as the kernel says: 0 or -errno.
 */
int tdm_hw_put(const struct tdm_hw *hw, const struct tdm_spot *spot, const char *text);

/** The same of a number in SI. */
int tdm_hw_put_number(const struct tdm_hw *hw, const struct tdm_spot *spot, double value);

/**
 * The clocks of a domain as the kernel lists them (as the board file does where the kernel has no
 * list), rising, in Hz. Returns how many, at most `most`; -errno where the list cannot be read.
 */
int tdm_hw_table(const struct tdm_hw *hw, enum tdm_domain domain, double *hz, int most);

#endif

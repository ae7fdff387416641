// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of `tandem board` share. */
#ifndef TDM_CLI_BOARD_PARTS_H
#define TDM_CLI_BOARD_PARTS_H

#include <stdio.h>

#include "model/board.h"

/** The clock domains; with `all`, every OPP with what is known and fitted of it. */
void tdm_board_show_clocks(const struct tdm_board *board, bool all, FILE *stream);

/** The fits, the sets that they share, and all their coefficients. */
void tdm_board_show_fits(const struct tdm_board *board, FILE *stream);

#endif

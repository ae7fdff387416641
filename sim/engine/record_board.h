// SPDX-License-Identifier: GPL-3.0-or-later
/** A board's part of a record: what it was, its power over time, what came of it. */
#ifndef TDM_ENGINE_RECORD_BOARD_H
#define TDM_ENGINE_RECORD_BOARD_H

#include "engine/engine.h"
#include "engine/record_table.h"

struct tdm_record_board;

/** `rows` are kept back before they are written. NULL with `error`; the caller frees it. */
struct tdm_record_board *tdm_record_board_open(struct tdm_h5 *file, struct tdm_unit *unit,
                                               size_t rows, struct tdm_error *error);
/** Takes the pieces that the unit has gathered, so that it may use their memory again. */
int tdm_record_board_drain(struct tdm_record_board *board, struct tdm_error *error);
/** At the end of the run: the rest of the pieces, and the totals. */
int tdm_record_board_finish(struct tdm_record_board *board, const struct tdm_engine *engine,
                            struct tdm_error *error);
/** Before the file is closed. NULL is fine. */
void tdm_record_board_free(struct tdm_record_board *board);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files that read scenarios share: how each kind of element is resolved and checked. */
#ifndef TDM_MODEL_SCENARIO_PARTS_H
#define TDM_MODEL_SCENARIO_PARTS_H

#include "model/scenario.h"

/** Fails at an element. `format` takes `name` and `hint`, two texts. */
int tdm_scenario_fail(const struct tdm_scenario *scenario, struct tdm_place place,
                      struct tdm_error *error, const char *format, const char *name,
                      const char *hint);

/** An error in a part that a scenario names is reported where the part has it, else here. */
int tdm_scenario_fail_part(const struct tdm_scenario *scenario, struct tdm_place place,
                           const struct tdm_error *why, struct tdm_error *error);

/** Index, or -1 with the nearest known. */
int tdm_scenario_find_server(const struct tdm_scenario *scenario, const char *id,
                             struct tdm_place place, struct tdm_error *error);

int tdm_scenario_resolve_board(struct tdm_scenario *scenario, struct tdm_scenario_board *board,
                               struct tdm_error *error);

/** Cells among themselves: where they stand, and their rates. */
int tdm_scenario_resolve_cells(struct tdm_scenario *scenario, struct tdm_error *error);

/** A link whose board is known: its server, cell, rates and radio. */
int tdm_scenario_resolve_link(struct tdm_scenario *scenario, struct tdm_scenario_link *link,
                              struct tdm_error *error);

/** Deals the links out to the cells that they share. */
void tdm_scenario_fill_cells(struct tdm_scenario *scenario);

/** A stream whose board is known. */
int tdm_scenario_resolve_stream(struct tdm_scenario *scenario, struct tdm_stream *stream,
                                struct tdm_error *error);

int tdm_scenario_check_load(const struct tdm_scenario *scenario, struct tdm_scenario_load *load,
                            struct tdm_error *error);

/** Adds the boards, links, streams and loads of the fleets to the scenario's. */
int tdm_scenario_expand_fleets(struct tdm_scenario *scenario, struct tdm_error *error);

#endif

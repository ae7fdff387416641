// SPDX-License-Identifier: GPL-3.0-or-later
/** What `tandem calibrate` and `tandem predict` share: their tables and JSON of errors, --data. */
#ifndef TDM_CLI_SCORE_H
#define TDM_CLI_SCORE_H

#include <jansson.h>
#include <stdio.h>

#include "model/calibrate_score.h"

void tdm_score_header(FILE *stream);
void tdm_score_print(FILE *stream, const char *name, const char *kind,
                     const struct tdm_score *score);

/** An object with rows, latency_mape, … energy_p95 (percent; null where there is none). */
json_t *tdm_score_json(const struct tdm_score *score);
/** The same, or null where no row was scored. */
json_t *tdm_score_json_or_null(const struct tdm_score *score);

/** What --data is. */
#define TDM_DATA_HELP "measurements, comma separated (columns: tandem help measurements)"

/** Loads comma separated files. -1 with `error`. */
int tdm_measurements_load_all(struct tdm_measurements *rows, const char *paths,
                              const struct tdm_notes *notes, struct tdm_error *error);

/** The commands, for main.c's table; argv[0] is the command's name. */
int tdm_cli_calibrate(int argc, char **argv);
int tdm_cli_predict(int argc, char **argv);

#endif

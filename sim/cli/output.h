// SPDX-License-Identifier: GPL-3.0-or-later
/** What every command prints in the same way: errors and notes for people, JSON for programs. */
#ifndef TDM_CLI_OUTPUT_H
#define TDM_CLI_OUTPUT_H

#include <jansson.h>

#include "core/error.h"

/** Prints "tandem COMMAND: FILE:LINE: message" on standard error. Returns `code`. */
int tdm_cli_fail(const char *command, const struct tdm_error *error, int code);

/** Prints each note on standard error. */
extern const struct tdm_notes tdm_cli_notes;

/** Prints and frees; NULL is a lack of memory. An exit code. */
int tdm_cli_json(json_t *value);

/**
 * "tandem" and the arguments, without the output's name, so that the same run is the same file. The
 * caller frees it; NULL if there is no memory.
 */
char *tdm_cli_line(int argc, char *const *argv);

/** null for what is not finite. */
json_t *tdm_json_number(double value);

#endif

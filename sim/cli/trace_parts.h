// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of `tandem trace` share. */
#ifndef TDM_CLI_TRACE_PARTS_H
#define TDM_CLI_TRACE_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "core/units.h"
#include "trace/format.h"

/** `tandem trace`: argv[0] is "trace"; returns an exit code. */
int tdm_cli_trace(int argc, char **argv);
/** `tandem trace convert`: argv[0] is "convert". */
int tdm_trace_convert(int argc, char **argv);

/** Prints "tandem trace: error" on stderr. Returns `code`. */
int tdm_trace_complain(const struct tdm_error *error, int code);

/**
 * Reads an option's quantity of `dimension`, `least` <= value. A bare number is in seconds where it
 * is a time, and refused where it is a rate. -1 with a message on stderr that names the option.
 */
int tdm_trace_quantity(const char *option, const char *text, enum tdm_dimension dimension,
                       double least, double *value);

/** Adds `--column NAME=COLUMN[:UNIT]` to the options, which point into `text`. -1 with a message.
 */
int tdm_trace_column(char *text, struct tdm_read_options *options);

/** The path of a file, or of a committed sample by its name; -1 and `error`. */
int tdm_trace_path(const char *reference, char *path, size_t size, struct tdm_error *error);

/** Statistics of a trace for people on stdout, or as an object; NULL or -1 if there is no memory.
 */
int tdm_trace_print(const char *name, const char *format, const struct tdm_trace *trace);
json_t *tdm_trace_json(const char *name, const char *format, const struct tdm_trace *trace);

/** Prints and frees a JSON value; an exit code. */
int tdm_trace_dump(json_t *value);

#endif

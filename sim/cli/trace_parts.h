// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of `tandem trace` share. */
#ifndef TDM_CLI_TRACE_PARTS_H
#define TDM_CLI_TRACE_PARTS_H

#include <jansson.h>
#include <stdbool.h>

#include "trace/format.h"

/** `tandem trace`: argv[0] is "trace"; returns an exit code. */
int tdm_cli_trace(int argc, char **argv);
/** `tandem trace convert`: argv[0] is "convert". */
int tdm_trace_convert(int argc, char **argv);

/** What the options --column and --from are, for the tables of those who read traces. */
#define TDM_TRACE_COLUMN_ARGUMENT "PART=COLUMN[:UNIT]"
#define TDM_TRACE_COLUMN_HELP "(csv) which column is time, up, down, rtt or signal; may be repeated"
#define TDM_TRACE_FROM_HELP "the format of IN; otherwise told by its content and name"

/** A tdm_option's `take` of --column into a struct tdm_read_options, which points into `text`. */
int tdm_trace_column(void *into, char *text, struct tdm_error *error);

/** The path of a file, or of a committed sample by its name; -1 and `error`. */
int tdm_trace_path(const char *reference, char *path, size_t size, struct tdm_error *error);

/** Statistics of a trace for people on stdout, or as an object; NULL or -1 if there is no memory.
 */
int tdm_trace_print(const char *name, const char *format, const struct tdm_trace *trace);
json_t *tdm_trace_json(const char *name, const char *format, const struct tdm_trace *trace);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Records of one sweep as one table, and links to them.
 *
 *     /             attributes: format, schema_version, grid, title, tandem_version
 *     /runs/COLUMN  one row a run, in the order of the tasks: task, seed, policy, the figures of
 *                   /summary, and of each varied attribute NAME (as written) and NAME_number (SI)
 *     /links/NAME   one external link a run, to the root of its record
 */
#ifndef TDM_CLI_MERGE_TABLE_H
#define TDM_CLI_MERGE_TABLE_H

#include "tandem.h"

#define TDM_MERGE_FORMAT "tandem merge"
enum { TDM_MERGE_VERSION = 1, TDM_MERGE_NO_MEMORY = -2 };

struct tdm_merge;

/** For a file that will be `path`. NULL with `error`. */
struct tdm_merge *tdm_merge_new(const char *path, struct tdm_error *error);
void tdm_merge_free(struct tdm_merge *merge);

/**
 * Adds the record of a task. -1 with `error` where the file is none, and nothing was added, or
 * TDM_MERGE_NO_MEMORY. A damaged file may crash the process.
 */
int tdm_merge_add(struct tdm_merge *merge, const char *path, int64_t task, struct tdm_error *error);
size_t tdm_merge_rows(const struct tdm_merge *merge);
/** The grid's name, once there is a row. */
const char *tdm_merge_grid(const struct tdm_merge *merge);

/** Writes it into the empty file that `fd` is open on. -1 with `error`. */
int tdm_merge_write(const struct tdm_merge *merge, int fd, const char *path,
                    struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A folder of a sweep: a record a task, and sweep.h5, the list of what belongs there. A record's
 * name holds its task and a key that stands for all that it depends on, so what is there under
 * that name is finished and right.
 *
 *     sweep.h5  attributes: format, schema_version, grid, title, grid_key (of the grid's name)
 *               /keys: one row a task
 *
 * Only the numbers are read back: HDF5 does not check texts, and a damaged one may crash it.
 */
#ifndef TDM_ENGINE_RECORD_FOLDER_H
#define TDM_ENGINE_RECORD_FOLDER_H

#include "tandem.h"

#define TDM_RECORD_LIST "sweep.h5"
#define TDM_RECORD_LIST_FORMAT "tandem sweep"
enum { TDM_RECORD_LIST_VERSION = 1, TDM_RECORD_NAME = 64 };

struct tdm_record_list {
    const char *grid, *title; /**< of the grid; the caller's, not read back; NULL: no title */
    int64_t grid_key;         /**< tdm_record_key of the grid's name */
    int64_t *keys;            /**< one a task; the first is of task 1 */
    size_t count;
};

/** "task-000012-0123456789abcdef.h5". Returns `name`, which takes TDM_RECORD_NAME bytes. */
const char *tdm_record_name(size_t task, int64_t key, char *name);

/** True where the record of a task is in the folder. */
bool tdm_record_is_there(const char *folder, size_t task, int64_t key);

/** Reads a folder's list. -1 with `error`; else the caller frees `keys`. */
int tdm_record_list_read(struct tdm_record_list *list, const char *folder, struct tdm_error *error);

/**
 * Sees to it that the folder, which is made if it is missing, has this list. Many processes may
 * ask for the same at a time. -1 with `error`, as where the folder is another grid's.
 */
int tdm_record_list_keep(const struct tdm_record_list *list, const char *folder,
                         struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A file that appears under its name only once it is whole. It is written as NAME.partial, then
 * synced (file and folder) and renamed; whatever dies in between leaves NAME as it was, or absent.
 * A partial file that was left behind is taken over by the next one who writes NAME; two writers
 * of one NAME at a time are told apart by a lock.
 */
#ifndef TDM_CORE_PARTIAL_H
#define TDM_CORE_PARTIAL_H

#include "tandem.h"

struct tdm_partial {
    int fd;        /**< to write to; open until it is committed or abandoned */
    char *path;    /**< where it will be; of a symbolic link, what it points to */
    char *partial; /**< where it is */
};

/**
 * Opens an empty partial file for `path`. -1 with `error`: the folder is missing or may not be
 * written to, `path` is something else than a regular file, somebody else is writing it.
 */
int tdm_partial_open(struct tdm_partial *file, const char *path, struct tdm_error *error);

/** Syncs and renames. Frees everything; -1 with `error`, and nothing left, if that failed. */
int tdm_partial_commit(struct tdm_partial *file, struct tdm_error *error);

/** Removes it and frees everything. */
void tdm_partial_abandon(struct tdm_partial *file);

#endif

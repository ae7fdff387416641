// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A group of an HDF5 file that a learner goes into, or comes back from. One description serves both
 * ways: what is written is what is read. After a failure the rest does nothing, so that callers
 * look at `failed` once, at the end.
 *
 * All is numbers, and each that comes back is checked: its shape, its range, that it is finite.
 */
#ifndef TDM_POLICIES_LEARN_STORE_H
#define TDM_POLICIES_LEARN_STORE_H

#include "core/h5.h"
#include "core/random.h"

struct tdm_adam;
struct tdm_mlp;
struct tdm_replay;

struct tdm_store {
    struct tdm_h5 *file;
    const char *path; /**< of the group */
    bool writes;      /**< or reads */
    bool failed;
    struct tdm_error *error;
};

/** A file's fault, once: "FILE: GROUP/NAME ...". */
void tdm_store_refuse(struct tdm_store *store, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** Attributes of the group. */
void tdm_store_integer(struct tdm_store *store, const char *name, int64_t *value, int64_t low,
                       int64_t high);
void tdm_store_number(struct tdm_store *store, const char *name, double *value, double low,
                      double high);

/** Arrays of that many rows and columns; floats and doubles must be finite. */
void tdm_store_array(struct tdm_store *store, const char *name, enum tdm_h5_type type, void *values,
                     size_t rows, size_t columns, const char *description);

void tdm_store_random(struct tdm_store *store, const char *name, struct tdm_random *random);
/** Refuses a network of other layers. */
void tdm_store_mlp(struct tdm_store *store, const char *name, struct tdm_mlp *mlp,
                   const char *description);
void tdm_store_adam(struct tdm_store *store, const char *name, struct tdm_adam *adam);
/** Refuses a memory of another capacity, and actions beyond `levels`, one number a branch. */
void tdm_store_replay(struct tdm_store *store, struct tdm_replay *replay, const int *levels);

/** Bins of a table: how many edges each input has, and all of them. */
void tdm_store_edges(struct tdm_store *store, int32_t *counts, size_t inputs, float *edges,
                     size_t total);

#endif

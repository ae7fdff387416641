// SPDX-License-Identifier: GPL-3.0-or-later
/** What core/h5.c and core/h5_read.c share: a file, and words with the HDF5 library. */
#ifndef TDM_CORE_H5_PARTS_H
#define TDM_CORE_H5_PARTS_H

#include "core/error.h"
#include "core/h5.h"
#include "core/h5_sink.h"

enum { TDM_H5_LONGEST_PATH = 1024 };

struct tdm_h5 {
    hid_t id;
    hid_t driver; // of a file that is written: the sink
    hid_t groups; // how its groups are made
    struct tdm_h5_sink sink;
    bool writes, failed;
    char *name;
};

/** A file that is not open yet, and the library's own messages turned off. NULL with `error`. */
struct tdm_h5 *tdm_h5_new(const char *name, struct tdm_error *error);
/** Frees it once the library has closed it. */
void tdm_h5_free(struct tdm_h5 *file);

/** 0 if what has been asked of the library went well, and so did what it wrote meanwhile. */
int tdm_h5_check(struct tdm_h5 *file, bool good, const char *object, struct tdm_error *error);

/** The library's type; the caller closes it. */
hid_t tdm_h5_element(enum tdm_h5_type type);

/**
 * Closes what was opened; the ids below zero are those that never were. It makes the library forget
 * its errors, so tdm_h5_check comes first.
 */
void tdm_h5_close_all(hid_t type, hid_t space, hid_t list);

#endif

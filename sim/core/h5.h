// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * HDF5 files in a few words: groups, growing columns, whole arrays, attributes. The only place that
 * knows the HDF5 library, whose own error printing is turned off in threads that open files here.
 *
 * Objects are named by path from the root, "/boards/nano"; groups on the way are made when they are
 * missing. No time of day is stored: the same writes give the same bytes. Files can be read by
 * HDF5 1.10 and later. Every function that can fail returns -1 or NULL and fills `error` with the
 * file's name; after a failed write only tdm_h5_close makes sense. From several threads only with a
 * thread-safe HDF5, as Debian's is.
 */
#ifndef TDM_CORE_H5_H
#define TDM_CORE_H5_H

#include "tandem.h"

/** What elements are, in memory and in the file (the file's are little-endian). */
enum tdm_h5_type {
    TDM_H5_DOUBLE,
    TDM_H5_FLOAT,
    TDM_H5_INT32,
    TDM_H5_INT64,
    TDM_H5_UINT64,
    TDM_H5_BOOL, /**< C's bool; an enum FALSE, TRUE in the file, as h5py writes them */
    TDM_H5_TYPES
};

/** Bytes of an element in memory. */
size_t tdm_h5_size(enum tdm_h5_type type);

struct tdm_h5;

/**
 * A new file in the empty file that `fd` is open on for reading and writing; `fd` stays the
 * caller's. `name` is what messages call it. NULL with `error`; the caller closes it.
 */
struct tdm_h5 *tdm_h5_create(int fd, const char *name, struct tdm_error *error);
/** Opens a file to read from. NULL with `error`. */
struct tdm_h5 *tdm_h5_open(const char *path, struct tdm_error *error);
/**
 * Writes what is left and closes. All that belongs to the file is freed in any case; -1 with
 * `error` if something could not be written, now or before. NULL is fine.
 */
int tdm_h5_close(struct tdm_h5 *file, struct tdm_error *error);

/** The version of the HDF5 library in use, "1.10.8". */
const char *tdm_h5_version(char *text, size_t size);

enum { TDM_H5_NAME = 3 * 127 + 1 };
/**
 * A name as one step of a path: '/' and names that are only dots are percent-encoded, so that any
 * id of a scenario is one group. Returns `text`, which takes TDM_H5_NAME bytes.
 */
const char *tdm_h5_name(const char *name, char *text);

// ---- writing -----------------------------------------------------------------------------------

int tdm_h5_group(struct tdm_h5 *file, const char *path, struct tdm_error *error);

/** Attributes of a group or an array; text is UTF-8 of any length. */
int tdm_h5_put_text(struct tdm_h5 *file, const char *path, const char *name, const char *text,
                    struct tdm_error *error);
int tdm_h5_put_double(struct tdm_h5 *file, const char *path, const char *name, double value,
                      struct tdm_error *error);
int tdm_h5_put_integer(struct tdm_h5 *file, const char *path, const char *name, int64_t value,
                       struct tdm_error *error);

/** How a new array is described. */
struct tdm_h5_about {
    const char *units;       /**< "J"; "1" for bare numbers; NULL: no attribute */
    const char *description; /**< one sentence; NULL: no attribute */
};

/** A one-dimensional array that grows, compressed. Plain memory; `file` must outlive it. */
struct tdm_h5_column {
    struct tdm_h5 *file;
    enum tdm_h5_type type;
    int64_t id;     /**< the library's; 0: closed */
    uint64_t count; /**< elements so far */
};

/**
 * A new column, stored in chunks of `rows`. Nothing is kept back: appending whole multiples of
 * `rows` while `count` is one, too, is fast; only the last append may be another number.
 */
int tdm_h5_column_open(struct tdm_h5_column *column, struct tdm_h5 *file, const char *path,
                       enum tdm_h5_type type, size_t rows, const struct tdm_h5_about *about,
                       struct tdm_error *error);
int tdm_h5_column_append(struct tdm_h5_column *column, const void *values, size_t count,
                         struct tdm_error *error);
/** Before the file is closed, which closes it, too. A column of zeros is fine. */
void tdm_h5_column_close(struct tdm_h5_column *column);

enum { TDM_H5_RANK = 8 };
/** A whole array of `rank` (0 to TDM_H5_RANK) dimensions, the last one fastest. */
int tdm_h5_put_array(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t rank,
                     const size_t *shape, const void *values, const struct tdm_h5_about *about,
                     struct tdm_error *error);

/** One row a text, UTF-8, each in as much room as the longest takes. */
int tdm_h5_put_texts(struct tdm_h5 *file, const char *path, const char *const *texts, size_t count,
                     const struct tdm_h5_about *about, struct tdm_error *error);
/** A link to the root of another file, whose name is taken as seen from this file's folder. */
int tdm_h5_put_link(struct tdm_h5 *file, const char *path, const char *other,
                    struct tdm_error *error);

// ---- reading -----------------------------------------------------------------------------------

/**
 * The file that a group lies in that a path leads to, for a path that goes through an external
 * link. NULL with `error`; the caller closes it.
 */
struct tdm_h5 *tdm_h5_follow(struct tdm_h5 *file, const char *path, struct tdm_error *error);

/** What messages call the file. */
const char *tdm_h5_file(const struct tdm_h5 *file);

/** True for a group or an array. */
bool tdm_h5_has(struct tdm_h5 *file, const char *path);
bool tdm_h5_has_attribute(struct tdm_h5 *file, const char *path, const char *name);

/**
 * The text, which the caller frees; NULL with `error`. Texts lie in a part of the file that HDF5
 * does not check: a damaged one may crash the library, so what programs need of a file should be
 * numbers.
 */
char *tdm_h5_get_text(struct tdm_h5 *file, const char *path, const char *name,
                      struct tdm_error *error);
int tdm_h5_get_double(struct tdm_h5 *file, const char *path, const char *name, double *value,
                      struct tdm_error *error);
int tdm_h5_get_integer(struct tdm_h5 *file, const char *path, const char *name, int64_t *value,
                       struct tdm_error *error);

/** Shape of an array; `shape` takes TDM_H5_RANK numbers. Returns its rank, or -1 with `error`. */
int tdm_h5_shape(struct tdm_h5 *file, const char *path, size_t *shape, struct tdm_error *error);
/** Reads all `count` elements of an array as `type`; -1 if it has another number of them. */
int tdm_h5_get_array(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t count,
                     void *values, struct tdm_error *error);

/** Reads the `count` elements from `from` on of an array of one dimension. */
int tdm_h5_get_rows(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t from,
                    size_t count, void *values, struct tdm_error *error);

/** Calls `visit` with the name of each member of a group, sorted. */
int tdm_h5_list(struct tdm_h5 *file, const char *path,
                void (*visit)(void *context, const char *name), void *context,
                struct tdm_error *error);

#endif

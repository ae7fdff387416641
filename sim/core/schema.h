// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Descriptions as tables. Each kind of document (board, dnn, scenario, …) is described once, by
 * const tables of elements and attributes; reading, defaults, checks, messages, writing, the help
 * pages and the schema for editors all come from them.
 *
 * Every element is read into a C struct that begins with `struct tdm_place place`. A parent keeps
 * its children of one kind in an array: a pointer and a size_t count beside it.
 */
#ifndef TDM_CORE_SCHEMA_H
#define TDM_CORE_SCHEMA_H

#include <stdbool.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/units.h"
#include "core/xml.h"

enum tdm_attribute_kind {
    TDM_QUANTITY, /**< double, in SI; NAN where optional and not given */
    TDM_INTEGER,  /**< int64_t */
    TDM_TEXT,     /**< const char *, any text; NULL where not given */
    TDM_NAME,     /**< const char *, a name (tdm_text_is_name); NULL where not given */
    TDM_CHOICE,   /**< int, index into `choices` */
    TDM_FLAG,     /**< bool, "yes" or "no" */
    TDM_LIST,     /**< struct tdm_list of quantities, comma separated */
};

struct tdm_list {
    double *items;
    size_t count;
};

struct tdm_attribute {
    const char *name;
    enum tdm_attribute_kind kind;
    size_t offset; /**< in the element's struct */
    const char *help;
    bool required;
    const char *fallback; /**< as it would be written; NULL: unset (NAN, 0, NULL, first choice) */
    enum tdm_dimension dimension; /**< of TDM_QUANTITY and TDM_LIST */
    double min, max;              /**< inclusive, in SI; both 0: any */
    const char *const *choices;   /**< of TDM_CHOICE, ends with NULL */
};

struct tdm_element {
    const char *name;
    const char *help;
    size_t size; /**< of the struct */
    const struct tdm_attribute *attributes;
    size_t attribute_count;
    const struct tdm_element *const *children; /**< ends with NULL; NULL for none */
    size_t items_offset, count_offset;         /**< of pointer and count in the parent's struct */
    size_t at_least, at_most;                  /**< how many a parent has; at_most 0: any number */
    const char *key; /**< attribute that is unique among siblings of this kind, or NULL */
};

#define TDM_COUNT(array) (sizeof(array) / sizeof *(array))

/** Places an element's array in its parent: `.items_offset … .count_offset …`. */
#define TDM_CHILDREN(parent, items, count) \
    .items_offset = offsetof(struct parent, items), .count_offset = offsetof(struct parent, count)

/**
 * Reads a document whose root is `root` into a new struct of root->size from `arena`, checked
 * against the tables. NULL with `error` filled (file, line, column, what is wrong, what is right).
 */
void *tdm_schema_read(const struct tdm_element *root, FILE *stream, const char *name,
                      struct tdm_arena *arena, struct tdm_error *error);

/** The same from memory. */
void *tdm_schema_read_text(const struct tdm_element *root, const char *text, size_t length,
                           const char *name, struct tdm_arena *arena, struct tdm_error *error);

/** The same from a path. */
void *tdm_schema_load(const struct tdm_element *root, const char *path, struct tdm_arena *arena,
                      struct tdm_error *error);

/** Writes `object` as a document with an SPDX line; attributes at their fallback are left out. */
void tdm_schema_write(const struct tdm_element *root, const void *object, FILE *stream);

/** The attribute or the child of this name; NULL with `error`'s message and the nearest. */
const struct tdm_attribute *tdm_schema_attribute(const struct tdm_element *element,
                                                 const char *name, struct tdm_error *error);
const struct tdm_element *tdm_schema_child(const struct tdm_element *element, const char *name,
                                           struct tdm_error *error);

/** Prints what a document of this kind may say, for people. */
void tdm_schema_help(const struct tdm_element *root, FILE *stream);

/** Prints a RELAX NG schema (XML syntax) for editors and validators. */
void tdm_schema_relaxng(const struct tdm_element *root, FILE *stream);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Tables of a record: one column an array, filled row by row, written chunk by chunk. */
#ifndef TDM_ENGINE_RECORD_TABLE_H
#define TDM_ENGINE_RECORD_TABLE_H

#include "core/h5.h"

/** A column: where its value lies in a row, and what it means. */
struct tdm_record_column {
    const char *name;
    enum tdm_h5_type type;
    size_t offset; /**< bytes into the row */
    const char *units;
    const char *description;
};

struct tdm_record_table;

/**
 * A new table in the group `path`. `columns` must outlive it; `rows` are kept back before they are
 * written. NULL with `error`; the caller frees it.
 */
struct tdm_record_table *tdm_record_table_open(struct tdm_h5 *file, const char *path,
                                               const struct tdm_record_column *columns,
                                               size_t column_count, size_t rows,
                                               struct tdm_error *error);
/** Adds a row. */
int tdm_record_table_add(struct tdm_record_table *table, const void *row, struct tdm_error *error);
/** Writes what is kept back; nothing may be added afterwards. */
int tdm_record_table_finish(struct tdm_record_table *table, struct tdm_error *error);
/** Before the file is closed. NULL is fine. */
void tdm_record_table_free(struct tdm_record_table *table);

#endif

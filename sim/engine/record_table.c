// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/record_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

struct table_column {
    const struct tdm_record_column *about;
    size_t size; // bytes of a value
    char *values;
    struct tdm_h5_column column;
};

struct tdm_record_table {
    size_t rows, count; // room, and how many of them are filled
    size_t column_count;
    struct table_column columns[];
};

static int open_column(struct tdm_h5 *file, const char *path, struct table_column *column,
                       size_t rows, struct tdm_error *error)
{
    const struct tdm_record_column *about = column->about;
    char name[1024];
    snprintf(name, sizeof name, "%s/%s", path, about->name);
    column->size = tdm_h5_size(about->type);
    column->values = malloc(rows * column->size);
    if (!column->values)
        return tdm_fail(error, "out of memory");
    const struct tdm_h5_about words = {about->units, about->description};
    return tdm_h5_column_open(&column->column, file, name, about->type, rows, &words, error);
}

struct tdm_record_table *tdm_record_table_open(struct tdm_h5 *file, const char *path,
                                               const struct tdm_record_column *columns,
                                               size_t column_count, size_t rows,
                                               struct tdm_error *error)
{
    struct tdm_record_table *table =
        calloc(1, sizeof *table + column_count * sizeof *table->columns);
    if (!table) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    table->rows = rows;
    table->column_count = column_count;
    for (size_t i = 0; i < column_count; i++) {
        table->columns[i].about = &columns[i];
        if (open_column(file, path, &table->columns[i], rows, error) == 0)
            continue;
        tdm_record_table_free(table);
        return NULL;
    }
    return table;
}

int tdm_record_table_finish(struct tdm_record_table *table, struct tdm_error *error)
{
    for (size_t i = 0; i < table->column_count; i++) {
        struct table_column *column = &table->columns[i];
        if (tdm_h5_column_append(&column->column, column->values, table->count, error))
            return -1;
    }
    table->count = 0;
    return 0;
}

int tdm_record_table_add(struct tdm_record_table *table, const void *row, struct tdm_error *error)
{
    const char *from = row;
    for (size_t i = 0; i < table->column_count; i++) {
        struct table_column *column = &table->columns[i];
        memcpy(column->values + table->count * column->size, from + column->about->offset,
               column->size);
    }
    table->count++;
    return table->count < table->rows ? 0 : tdm_record_table_finish(table, error);
}

void tdm_record_table_free(struct tdm_record_table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->column_count; i++) {
        tdm_h5_column_close(&table->columns[i].column);
        free(table->columns[i].values);
    }
    free(table);
}

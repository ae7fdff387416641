// SPDX-License-Identifier: GPL-3.0-or-later
/** Tables and paragraphs for people: aligned columns, wrapped text, as wide as the terminal. */
#ifndef TDM_CORE_TABLE_H
#define TDM_CORE_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "core/error.h"

enum { TDM_TABLE_COLUMNS = 24 };

/** A table being filled, cell by cell. Plain memory, but tdm_table_print must end it. */
struct tdm_table {
    const char *titles[TDM_TABLE_COLUMNS]; /**< the caller's */
    bool right[TDM_TABLE_COLUMNS];         /**< aligned to the right: numbers */
    bool common;                           /**< the last column may move below the table */
    size_t columns;
    char *text; /**< the cells one behind the other, each with its '\0' */
    size_t used, room;
    size_t cells;
    bool lost; /**< memory ran out: the table is cut */
};

/**
 * Begins a table. `titles` ends with NULL; they must outlive the table. A title that begins with
 * '>' is of a column of numbers, aligned to the right. A last title that begins with '=' is of a
 * column that becomes one line below the table where all its cells are the same. Where all titles
 * are empty, no line of titles is printed.
 */
void tdm_table_start(struct tdm_table *table, const char *const *titles);

/** Adds the next cell; rows fill from left to right. Control characters become spaces. */
void tdm_table_add(struct tdm_table *table, const char *format, ...) TDM_PRINTF(2, 3);

/**
 * Prints the table, each line after `indent` spaces, and frees it. Columns are as wide as they
 * need; the last one is wrapped so that lines have at most `width` characters (and it 20).
 */
void tdm_table_print(struct tdm_table *table, FILE *stream, int indent, int width);

/**
 * Prints text, broken between words so that lines have at most `width` characters, and ends the
 * line. It begins at column `at` (from 0), which is where the stream is; the lines that follow
 * begin after `indent` spaces. A '\n' begins a line; a broken line goes on below its own second
 * column, that is, below what follows its first gap of two spaces or more.
 */
void tdm_text_wrap(FILE *stream, const char *text, int at, int indent, int width);

/** Characters (not bytes) of UTF-8 text. */
size_t tdm_text_width(const char *text);

/** Columns that are good to read on a stream: COLUMNS, else the terminal's, else 100; 60 to 120. */
int tdm_terminal_width(FILE *stream);

#endif

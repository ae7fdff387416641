// SPDX-License-Identifier: GPL-3.0-or-later
/** Words of HTML: text that is safe in it, and tables. */
#ifndef TDM_CLI_REPORT_HTML_H
#define TDM_CLI_REPORT_HTML_H

#include <stdio.h>

#include "core/error.h"

/**
 * The text as it may stand anywhere: control characters but line ends become spaces, what is not
 * UTF-8 the sign for that. The caller frees it; NULL: no memory.
 */
char *tdm_clean_text(const char *text);

/** Writes text with its '&', '<', '>' and quotes escaped. */
void tdm_html_text(FILE *stream, const char *text);
/** The same of a format's text. */
void tdm_html_print(FILE *stream, const char *format, ...) TDM_PRINTF(2, 3);

/**
 * Begins a table. `titles` ends with NULL; one that begins with '>' is of a column of numbers.
 * Ended by tdm_html_table_end, whatever was added.
 */
struct tdm_html_table {
    FILE *stream;
    const char *const *titles;
    size_t columns, cells;
};
void tdm_html_table_start(struct tdm_html_table *table, FILE *stream, const char *const *titles);
void tdm_html_cell(struct tdm_html_table *table, const char *format, ...) TDM_PRINTF(2, 3);
/** A number of six digits; "" for what is none. */
void tdm_html_number(struct tdm_html_table *table, double value);
void tdm_html_table_end(struct tdm_html_table *table);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Text files of numbers: read whole, cut into lines and fields, written under another name. */
#ifndef TDM_TRACE_LINES_H
#define TDM_TRACE_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "core/error.h"
#include "core/partial.h"

#define TDM_TRACE_MOST_BYTES ((size_t)256 << 20) /**< of a file */

/** Reads a whole file (a pipe, too) of at most TDM_TRACE_MOST_BYTES; ends it with '\0'. Free it. */
char *tdm_file_read(const char *path, size_t *length, struct tdm_error *error);

/** A walk over lines; LF and CRLF both end one, and a byte order mark at the start is skipped. */
struct tdm_lines {
    const char *next, *end;  /**< what is left */
    const char *line, *stop; /**< this line, without its end */
    long number;             /**< of this line, from 1 */
};
struct tdm_lines tdm_lines_start(const char *text, size_t length);
bool tdm_lines_next(struct tdm_lines *lines);

/** True if the line holds nothing but blanks. */
bool tdm_lines_blank(const struct tdm_lines *lines);

/** Cuts the next run of non-blanks out of [*at, stop). False at the end. */
bool tdm_field_next(const char **at, const char *stop, const char **from, const char **to);

/** A finite decimal number that fills [from, to), blanks around it aside. False if it is not. */
bool tdm_field_number(const char *from, const char *to, double *value);

/** A field for a message: at most 40 characters, controls shown as '?'. Valid until called again.
 */
const char *tdm_field_show(const char *from, const char *to);

/**
 * A text file that takes its name only when it is whole (core/partial.h): open, print to `stream`,
 * close. What is no regular file, such as a pipe, is written as it is. Close returns -1 where
 * anything failed (a full disk, too); then nothing is left behind.
 */
struct tdm_output {
    FILE *stream;
    struct tdm_partial partial;
    char *path; /**< of what is written as it is */
};
int tdm_output_open(struct tdm_output *output, const char *path, struct tdm_error *error);
int tdm_output_close(struct tdm_output *output, struct tdm_error *error);
void tdm_output_drop(struct tdm_output *output);

/** Prints the shortest decimal that reads back as the same double; whole numbers without exponent.
 */
void tdm_output_number(FILE *stream, double value);

#endif

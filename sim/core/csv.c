// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/csv.h"

#include <stdbool.h>
#include <string.h>

#include "core/error.h"

static int end(struct tdm_csv *csv, const char *why, struct tdm_error *error)
{
    csv->ended = true;
    return tdm_fail_at(error, csv->name, csv->line, 0, "%s", why);
}

/** Reads a line without its end into text[TDM_CSV_LINE]: 1, 0 at the end, -1 with `error`. */
static int read_line(struct tdm_csv *csv, char *text, struct tdm_error *error)
{
    size_t length = 0;
    bool too_long = false, zero = false;
    int c = csv->ended ? EOF : getc(csv->stream);
    if (c == EOF)
        return 0;
    csv->line++;
    for (; c != EOF && c != '\n'; c = getc(csv->stream)) {
        zero = zero || c == 0;
        too_long = too_long || length + 1 >= TDM_CSV_LINE;
        if (!too_long)
            text[length++] = (char)c;
        if (csv->bytes-- == 0)
            return end(csv, "the file is longer than a table of this kind may be", error);
        if (too_long && zero)
            return end(csv, "holds zero bytes: this is not a CSV", error);
    }
    if (csv->bytes-- == 0)
        return end(csv, "the file is longer than a table of this kind may be", error);
    if (length && text[length - 1] == '\r')
        length--;
    text[length] = '\0';
    if (zero)
        return tdm_fail_at(error, csv->name, csv->line, 0, "holds a zero byte: is this a CSV?");
    if (too_long)
        return tdm_fail_at(error, csv->name, csv->line, 0, "the line is longer than %d bytes",
                           TDM_CSV_LINE - 1);
    return 1;
}

/** Takes the field at `*at` (which moves past its comma) out of its quotes, in place. */
static char *take_field(char **at)
{
    char *in = *at;
    while (*in == ' ' || *in == '\t')
        in++;
    char *const start = in;
    char *out = in, *end = in; // `end`: behind what blanks at the end may be cut from
    bool quoted = false;
    if (*in == '"') {
        quoted = true;
        for (in++; *in && (*in != '"' || in[1] == '"'); in++) {
            if (*in == '"')
                in++;
            *out++ = *in;
        }
        if (!*in)
            return NULL;
        in++;
        end = out;
        in += strspn(in, " \t");
        if (*in && *in != ',')
            return NULL;
    }
    while (!quoted && *in && *in != ',') {
        *out++ = *in++;
        if (out[-1] != ' ' && out[-1] != '\t')
            end = out;
    }
    *at = *in ? in + 1 : NULL;
    *end = '\0';
    return start;
}

/** Splits `text` into fields: their number, or -1 with `error`. */
static int split(struct tdm_csv *csv, char *text, const char **fields, struct tdm_error *error)
{
    int count = 0;
    for (char *at = text; at;) {
        if (count == TDM_CSV_COLUMNS)
            return tdm_fail_at(error, csv->name, csv->line, 0, "has more than %d columns",
                               TDM_CSV_COLUMNS);
        const char *field = take_field(&at);
        if (!field)
            return tdm_fail_at(error, csv->name, csv->line, 0,
                               "field %d has a quote that does not end before the comma",
                               count + 1);
        fields[count++] = field;
    }
    return count;
}

/** The next line that is neither empty nor a comment. */
static int read_row(struct tdm_csv *csv, char *text, struct tdm_error *error)
{
    int got;
    do
        got = read_line(csv, text, error);
    while (got > 0 && (text[strspn(text, " \t")] == '\0' || text[0] == '#'));
    return got;
}

/** A header without one comma that has other separators. */
static int check_separator(const struct tdm_csv *csv, const char *text, struct tdm_error *error)
{
    const bool semicolons = strchr(text, ';'), tabs = strchr(text, '\t');
    if (strchr(text, ',') || !(semicolons || tabs))
        return 0;
    return tdm_fail_at(error, csv->name, csv->line, 0,
                       "the fields are separated by %s; a CSV has commas (and points in numbers)",
                       semicolons ? "semicolons" : "tabs");
}

int tdm_csv_start(struct tdm_csv *csv, FILE *stream, const char *name, struct tdm_error *error)
{
    return tdm_csv_start_within(csv, stream, name, TDM_CSV_BYTES, error);
}

int tdm_csv_start_within(struct tdm_csv *csv, FILE *stream, const char *name, size_t bytes,
                         struct tdm_error *error)
{
    memset(csv, 0, sizeof *csv);
    csv->stream = stream;
    csv->name = name;
    csv->bytes = bytes;
    const int got = read_row(csv, csv->header_text, error);
    if (got < 0)
        return -1;
    if (got == 0 && ferror(stream))
        return tdm_fail_errno(error, name, "cannot read");
    if (got == 0)
        return tdm_fail_at(error, name, 0, 0, "is empty; its first line names the columns");
    char *text = csv->header_text;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0) // a byte order mark, as spreadsheets write it
        text += 3;
    if (check_separator(csv, text, error))
        return -1;
    const int count = split(csv, text, csv->header, error);
    if (count < 0)
        return -1;
    csv->columns = (size_t)count;
    for (size_t i = 0; i < csv->columns; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(csv->header[i], csv->header[j]) == 0)
                return tdm_fail_at(error, name, csv->line, 0, "the column '%.64s' is there twice",
                                   csv->header[i]);
    return 0;
}

int tdm_csv_next(struct tdm_csv *csv, struct tdm_error *error)
{
    const int got = read_row(csv, csv->row_text, error);
    if (got <= 0)
        return got;
    const int count = split(csv, csv->row_text, csv->fields, error);
    if (count < 0)
        return -1;
    csv->count = (size_t)count;
    if (csv->count != csv->columns)
        return tdm_fail_at(error, csv->name, csv->line, 0, "has %zu fields, the header has %zu",
                           csv->count, csv->columns);
    return 1;
}

int tdm_csv_column(const struct tdm_csv *csv, const char *name)
{
    for (size_t i = 0; i < csv->columns; i++)
        if (strcmp(csv->header[i], name) == 0)
            return (int)i;
    return -1;
}

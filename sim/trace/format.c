// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/format.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"
#include "trace/lines.h"

const struct tdm_trace_format *const tdm_trace_formats[] = {
    &tdm_format_csv,   &tdm_format_mahimahi, &tdm_format_pensieve,
    &tdm_format_sabre, &tdm_format_seconds,  &tdm_format_simgrid,
    &tdm_format_ucc,   &tdm_format_hdf5,     NULL,
};

const struct tdm_trace_format *tdm_format_find(const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    char names[256] = "";
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_trace_format *const *f = tdm_trace_formats; *f; f++) {
        if (strcmp((*f)->name, name) == 0)
            return *f;
        tdm_nearest_try(&nearest, (*f)->name);
        const size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", (*f)->name);
    }
    tdm_fail(error, "unknown trace format '%.40s'%s; formats: %s", name, tdm_nearest_hint(&nearest),
             names);
    return NULL;
}

static const char *extension_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    return dot ? dot : "";
}

static bool has_extension(const struct tdm_trace_format *format, const char *path)
{
    const char *extension = extension_of(path);
    const size_t length = strlen(extension);
    const char *from, *to, *at = format->extensions, *end = at + strlen(at);
    while (length && tdm_field_next(&at, end, &from, &to))
        if ((size_t)(to - from) == length && strncasecmp(from, extension, length) == 0)
            return true;
    return false;
}

const struct tdm_trace_format *tdm_format_by_extension(const char *path)
{
    for (const struct tdm_trace_format *const *f = tdm_trace_formats; *f; f++)
        if (has_extension(*f, path))
            return *f;
    return NULL;
}

// The first line that is neither blank nor a comment.
static bool first_line(const struct tdm_input *input, struct tdm_lines *lines)
{
    *lines = tdm_lines_start(input->text, input->length);
    while (tdm_lines_next(lines))
        if (!tdm_lines_blank(lines) && *lines->line != '#' && *lines->line != '%')
            return true;
    return false;
}

// The last line that is not blank, for the LOOPAFTER of a profile.
static bool ends_with_loop(const struct tdm_input *input)
{
    const char *end = input->text + input->length;
    while (end > input->text && isspace((unsigned char)end[-1]))
        end--;
    const char *line = end;
    while (line > input->text && line[-1] != '\n')
        line--;
    return strncmp(line, "LOOPAFTER", 9) == 0 || strncmp(line, "PERIODICITY", 11) == 0;
}

static const struct tdm_trace_format *detect_numbers(const struct tdm_input *input,
                                                     const struct tdm_lines *lines)
{
    const char *from[3], *to[3], *at = lines->line;
    const char *comma = memchr(lines->line, ',', (size_t)(lines->stop - lines->line));
    double number;
    if (comma) {
        const bool two = tdm_field_number(lines->line, comma, &number) &&
                         tdm_field_number(comma + 1, lines->stop, &number);
        return two ? &tdm_format_seconds : NULL;
    }
    int fields = 0;
    while (fields < 3 && tdm_field_next(&at, lines->stop, &from[fields], &to[fields]))
        if (!tdm_field_number(from[fields], to[fields], &number))
            return NULL;
        else
            fields++;
    if (fields == 1)
        return &tdm_format_mahimahi;
    if (fields != 2)
        return NULL;
    const bool profile = has_extension(&tdm_format_simgrid, input->path) || ends_with_loop(input);
    return profile ? &tdm_format_simgrid : &tdm_format_pensieve;
}

static bool contains(const struct tdm_lines *lines, const char *word)
{
    const size_t length = strlen(word);
    for (const char *at = lines->line; at + length <= lines->stop; at++)
        if (memcmp(at, word, length) == 0)
            return true;
    return false;
}

const struct tdm_trace_format *tdm_format_detect(const struct tdm_input *input,
                                                 struct tdm_error *error)
{
    struct tdm_lines lines;
    const struct tdm_trace_format *format = NULL;
    if (!first_line(input, &lines)) {
        tdm_fail_at(error, input->path, 0, 0, "the file holds no samples");
        return NULL;
    }
    const char *start = lines.line;
    while (start < lines.stop && isspace((unsigned char)*start))
        start++;
    const bool numeric =
        start < lines.stop && (isdigit((unsigned char)*start) || strchr("+-.", *start) != NULL);
    if (start < lines.stop && (*start == '[' || *start == '{'))
        format = &tdm_format_sabre;
    else if (has_extension(&tdm_format_mahimahi, input->path))
        format = &tdm_format_mahimahi;
    else if (numeric)
        format = detect_numbers(input, &lines);
    else if (contains(&lines, "DL_bitrate") && contains(&lines, "Timestamp"))
        format = &tdm_format_ucc;
    else if (contains(&lines, ","))
        format = &tdm_format_csv;
    if (!format)
        tdm_fail_at(error, input->path, lines.number, 0,
                    "cannot tell the format from '%s'; name it (--from csv, for one)",
                    tdm_field_show(lines.line, lines.stop));
    return format;
}

int tdm_series_load(struct tdm_series *series, const char *path, const char *from,
                    const struct tdm_read_options *options, const struct tdm_trace_format **format,
                    struct tdm_error *error)
{
    const struct tdm_read_options none = {0};
    struct tdm_input input = {.path = path, .options = options ? options : &none};
    const struct tdm_trace_format *known = NULL;
    if (from && !(known = tdm_format_find(from, error)))
        return -1;
    if (known && !known->read)
        return tdm_fail(error, "the format '%s' can only be written", known->name);
    char *text = tdm_file_read(path, &input.length, error);
    if (!text)
        return -1;
    input.text = text;
    if (!known)
        known = tdm_format_detect(&input, error);
    int result = known ? known->read(&input, series, error) : -1;
    free(text);
    if (format)
        *format = known;
    if (result < 0)
        return -1;
    struct tdm_error local;
    if (tdm_series_settle(series, input.options->unknown, &local) < 0)
        return tdm_fail_at(error, path, 0, 0, "%s", local.message);
    return 0;
}

struct tdm_trace *tdm_trace_load(const char *path, const char *from,
                                 const struct tdm_read_options *options, struct tdm_error *error)
{
    struct tdm_series series = {0};
    struct tdm_trace *trace = NULL;
    if (tdm_series_load(&series, path, from, options, NULL, error) == 0) {
        struct tdm_error local;
        trace = tdm_series_trace(&series, &local);
        if (!trace)
            tdm_fail_at(error, path, 0, 0, "%s", local.message);
    }
    tdm_series_clear(&series);
    return trace;
}

void tdm_format_path(const struct tdm_trace *trace, enum tdm_direction direction, const char *path,
                     char *out, size_t size)
{
    static const char *const names[TDM_DIRECTIONS] = {".up", ".down"};
    if (!trace->has[TDM_UP] || !trace->has[TDM_DOWN]) {
        snprintf(out, size, "%s", path);
        return;
    }
    const char *extension = extension_of(path);
    const int stem = (int)(strlen(path) - strlen(extension));
    if (strcmp(extension, ".up") == 0 || strcmp(extension, ".down") == 0)
        extension = "";
    snprintf(out, size, "%.*s%s%s", stem, path, names[direction], extension);
}

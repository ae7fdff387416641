// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/lines.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *read_stream(FILE *stream, const char *path, size_t *length, struct tdm_error *error)
{
    const size_t most = TDM_TRACE_MOST_BYTES + 1;
    size_t room = 1 << 16, used = 0;
    char *text = malloc(room + 1);
    while (text) {
        used += fread(text + used, 1, room - used, stream);
        if (used < room || room == most)
            break;
        room = 2 * room < most ? 2 * room : most;
        char *bigger = realloc(text, room + 1);
        if (!bigger)
            free(text);
        text = bigger;
    }
    if (!text)
        tdm_fail_at(error, path, 0, 0, "no memory to read the file");
    else if (ferror(stream))
        tdm_fail_errno(error, path, "cannot read");
    else if (used == most)
        tdm_fail_at(error, path, 0, 0, "the file is longer than %zu MiB; cut it",
                    TDM_TRACE_MOST_BYTES >> 20);
    else {
        text[used] = '\0';
        *length = used;
        return text;
    }
    free(text);
    return NULL;
}

char *tdm_file_read(const char *path, size_t *length, struct tdm_error *error)
{
    FILE *stream = fopen(path, "rb");
    if (!stream) {
        tdm_fail_errno(error, path, "cannot open");
        return NULL;
    }
    char *text = read_stream(stream, path, length, error);
    fclose(stream);
    return text;
}

struct tdm_lines tdm_lines_start(const char *text, size_t length)
{
    struct tdm_lines lines = {.next = text, .end = text + length};
    if (length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        lines.next += 3;
    return lines;
}

bool tdm_lines_next(struct tdm_lines *lines)
{
    if (lines->next >= lines->end)
        return false;
    lines->line = lines->next;
    lines->stop = memchr(lines->line, '\n', (size_t)(lines->end - lines->line));
    if (!lines->stop)
        lines->stop = lines->end;
    lines->next = lines->stop < lines->end ? lines->stop + 1 : lines->end;
    if (lines->stop > lines->line && lines->stop[-1] == '\r')
        lines->stop--;
    lines->number++;
    return true;
}

static bool blank(char c)
{
    return c == ' ' || c == '\t';
}

bool tdm_lines_blank(const struct tdm_lines *lines)
{
    const char *at = lines->line;
    while (at < lines->stop && blank(*at))
        at++;
    return at == lines->stop;
}

bool tdm_field_next(const char **at, const char *stop, const char **from, const char **to)
{
    while (*at < stop && blank(**at))
        ++*at;
    *from = *at;
    while (*at < stop && !blank(**at))
        ++*at;
    *to = *at;
    return *to > *from;
}

bool tdm_field_number(const char *from, const char *to, double *value)
{
    while (from < to && blank(*from))
        from++;
    while (to > from && blank(to[-1]))
        to--;
    const size_t length = (size_t)(to - from);
    char copy[64];
    if (length < 1 || length >= sizeof copy)
        return false;
    // strtod would also take hexadecimal, "inf" and "nan", which nobody means in these files.
    for (size_t i = 0; i < length; i++)
        if (!strchr("+-0123456789.eE", from[i]) || !from[i])
            return false;
    memcpy(copy, from, length);
    copy[length] = '\0';
    char *end;
    *value = strtod(copy, &end);
    return *end == '\0' && end != copy && isfinite(*value);
}

const char *tdm_field_show(const char *from, const char *to)
{
    static _Thread_local char shown[44];
    size_t n = 0;
    for (; from < to && n < 40; from++)
        shown[n++] = (char)(isprint((unsigned char)*from) ? *from : '?');
    if (from < to)
        memcpy(shown + n, "...", 3), n += 3;
    shown[n] = '\0';
    return shown;
}

static bool is_special(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

int tdm_output_open(struct tdm_output *output, const char *path, struct tdm_error *error)
{
    *output = (struct tdm_output){0};
    if (is_special(path)) {
        output->path = strdup(path);
        output->stream = output->path ? fopen(path, "wb") : NULL;
        if (output->stream)
            return 0;
        free(output->path);
        return tdm_fail_errno(error, path, "cannot write");
    }
    if (tdm_partial_open(&output->partial, path, error) < 0)
        return -1;
    // A descriptor of the stream's own: committing syncs and closes the other one.
    const int fd = dup(output->partial.fd);
    output->stream = fd < 0 ? NULL : fdopen(fd, "wb");
    if (output->stream)
        return 0;
    tdm_fail_errno(error, path, "cannot write");
    if (fd >= 0)
        close(fd);
    tdm_partial_abandon(&output->partial);
    return -1;
}

// Closes the stream; false if something could not be written. errno says what.
static bool close_stream(struct tdm_output *output)
{
    const bool good = !ferror(output->stream) && fflush(output->stream) == 0;
    const int problem = errno;
    const bool closed = fclose(output->stream) == 0;
    output->stream = NULL;
    if (!good)
        errno = problem;
    return good && closed;
}

void tdm_output_drop(struct tdm_output *output)
{
    close_stream(output);
    if (!output->path)
        tdm_partial_abandon(&output->partial);
    free(output->path);
}

int tdm_output_close(struct tdm_output *output, struct tdm_error *error)
{
    const bool special = output->path != NULL;
    int result = 0;
    if (!close_stream(output)) {
        result =
            tdm_fail_errno(error, special ? output->path : output->partial.path, "cannot write");
        if (!special)
            tdm_partial_abandon(&output->partial);
    } else if (!special)
        result = tdm_partial_commit(&output->partial, error);
    free(output->path);
    return result;
}

void tdm_output_number(FILE *stream, double value)
{
    char text[40];
    if (fabs(value) < 1e15 && value == floor(value)) {
        fprintf(stream, "%.0f", value == 0 ? 0 : value); // neither 1e+06 nor -0
        return;
    }
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    fputs(text, stream);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The file of saved knobs. Whoever may write it has the board's knobs set as he likes, so every
// line is checked, and then the allow-list once more (tdm_saved_bind).
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/partial.h"
#include "core/text.h"
#include "hil/board/saved.h"

#define FIRST "tandem-board-state 1"

// ---- writing -----------------------------------------------------------------------------------

static void print(const struct tdm_saved *saved, FILE *out)
{
    fprintf(out, FIRST "\nboot-id %s\nboard %s\njetpack %s\n", saved->boot_id, saved->board,
            saved->jetpack);
    for (size_t i = 0; i < saved->count; i++) {
        const struct tdm_saved_value *value = &saved->values[i];
        fprintf(out, "%s %s %s %s\n", value->later ? "later" : "value", value->knob,
                value->spot.path, value->text);
    }
    fprintf(out, "end %zu\n", saved->count);
}

int tdm_saved_write(const struct tdm_saved *saved, const char *file, struct tdm_error *error)
{
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, file, error))
        return -1;
    const int fd = fcntl(partial.fd, F_DUPFD_CLOEXEC, 0);
    FILE *out = fd < 0 ? NULL : fdopen(fd, "w");
    if (!out && fd >= 0)
        close(fd);
    if (out)
        print(saved, out);
    const bool failed = !out || ferror(out);
    if ((out && fclose(out)) || failed) {
        tdm_fail_errno(error, file, "cannot write the board's state");
        tdm_partial_abandon(&partial);
        return -1;
    }
    return tdm_partial_commit(&partial, error);
}

// ---- reading -----------------------------------------------------------------------------------

struct reading {
    struct tdm_saved *saved;
    const char *name;
    long line;
    bool ended;
    struct tdm_error *error;
};

static int wrong(const struct reading *r, const char *what)
{
    return tdm_fail_at(r->error, r->name, r->line, 0, "%s", what);
}

// `text` after "KEY ", if the line begins so.
static const char *after(const char *line, const char *key)
{
    const size_t length = strlen(key);
    return strncmp(line, key, length) == 0 && line[length] == ' ' ? line + length + 1 : NULL;
}

static int keep(const struct reading *r, char *into, size_t size, const char *text,
                const char *what)
{
    if (!text || !text[0] || strlen(text) >= size)
        return wrong(r, what);
    snprintf(into, size, "%s", text);
    return 0;
}

static int read_value(const struct reading *r, const char *text, bool later)
{
    struct tdm_saved *saved = r->saved;
    if (saved->count == TDM_SAVED_MOST)
        return wrong(r, "more values than a board has");
    if (!saved->values && !(saved->values = calloc(TDM_SAVED_MOST, sizeof *saved->values)))
        return wrong(r, "out of memory");
    struct tdm_saved_value *value = &saved->values[saved->count];
    char path[TDM_TREE_PATH], end;
    *value = (struct tdm_saved_value){.later = later};
    if (sscanf(text, "%23s %511s %63s%c", value->knob, path, value->text, &end) != 3)
        return wrong(r, "not 'value KNOB PATH TEXT'");
    if (!tdm_text_is_name(value->text) || path[0] != '/')
        return wrong(r,
                     "a path begins with '/', and what was read in a knob is a number or a name");
    if (tdm_saved_find(saved, path))
        return wrong(r, "this file was there before");
    memcpy(value->spot.path, path, sizeof path);
    saved->count++;
    return 0;
}

static int read_end(struct reading *r, const char *text)
{
    char *rest;
    const unsigned long count = strtoul(text, &rest, 10);
    r->ended = true;
    return *rest || rest == text || count != r->saved->count ? wrong(r, "another number of values")
                                                             : 0;
}

static int read_line(struct reading *r, const char *line)
{
    struct tdm_saved *saved = r->saved;
    const char *text;
    if (r->ended)
        return wrong(r, "there is more after the end");
    switch (r->line) {
    case 1:
        return strcmp(line, FIRST) == 0 ? 0 : wrong(r, "not '" FIRST "'");
    case 2:
        return keep(r, saved->boot_id, sizeof saved->boot_id, after(line, "boot-id"),
                    "not 'boot-id ID'");
    case 3:
        return keep(r, saved->board, sizeof saved->board, after(line, "board"), "not 'board FILE'");
    case 4:
        return keep(r, saved->jetpack, sizeof saved->jetpack, after(line, "jetpack"),
                    "not 'jetpack N'");
    default:
        if ((text = after(line, "value")))
            return read_value(r, text, false);
        if ((text = after(line, "later")))
            return read_value(r, text, true);
        if ((text = after(line, "end")))
            return read_end(r, text);
        return wrong(r, "neither 'value' nor 'later' nor 'end'");
    }
}

int tdm_saved_parse(struct tdm_saved *saved, const char *text, size_t length, const char *name,
                    struct tdm_error *error)
{
    struct reading r = {.saved = saved, .name = name, .error = error};
    char line[TDM_TREE_PATH + 128];
    int status = 0;
    tdm_saved_clear(saved);
    for (size_t at = 0; at < length && status == 0;) {
        const char *newline = memchr(text + at, '\n', length - at);
        const size_t n = newline ? (size_t)(newline - text) - at : length - at;
        r.line++;
        if (!newline || n >= sizeof line || memchr(text + at, '\0', n))
            status = wrong(&r, "the line is too long, or broken off");
        else {
            memcpy(line, text + at, n);
            line[n] = '\0';
            status = read_line(&r, line);
        }
        at += n + 1;
    }
    if (status == 0 && !r.ended)
        status = wrong(&r, "the file has no end: it was not written to its end");
    if (status)
        tdm_saved_clear(saved);
    return status;
}

int tdm_saved_read(struct tdm_saved *saved, const char *file, struct tdm_error *error)
{
    struct stat what;
    tdm_saved_clear(saved);
    const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return tdm_fail_errno(error, file, "cannot read the board's state");
    char *text = malloc(TDM_SAVED_BYTES);
    ssize_t length = -1;
    if (!text || fstat(fd, &what) || !S_ISREG(what.st_mode))
        tdm_fail_at(error, file, 0, 0, "not a regular file, or out of memory");
    else if (what.st_size >= TDM_SAVED_BYTES)
        tdm_fail_at(error, file, 0, 0, "too large for a board's state");
    else if ((length = read(fd, text, TDM_SAVED_BYTES)) < 0)
        tdm_fail_errno(error, file, "cannot read the board's state");
    const int status = length < 0 ? -1 : tdm_saved_parse(saved, text, (size_t)length, file, error);
    free(text);
    close(fd);
    return status;
}

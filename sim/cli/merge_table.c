// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/merge_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/json_keys.h"
#include "cli/summary.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/h5.h"
#include "engine/record.h"
#include "model/grid.h"

enum { MOST_FIGURES = 32, LONGEST_PATH = 4096 };
#define MOST_MEMORY ((size_t)8 << 30)

struct value {
    const char *text;
    double number;
};

struct row {
    int64_t task, seed;
    const char *policy;
    const char *link; // the record, as seen from the merged file's folder
    double figures[MOST_FIGURES];
    struct value values[TDM_GRID_VARIES]; // one for each of `varied`
};

// A varied attribute, as the first record says of it.
struct varied {
    const char *name;
    const char *set;
    const char *units;
};

struct tdm_merge {
    struct tdm_arena *arena;
    const char *grid, *title;
    const char *folder; // real path of the merged file's
    struct varied varied[TDM_GRID_VARIES];
    size_t varied_count;
    struct row *rows;
    size_t count;
};

// ---- paths -------------------------------------------------------------------------------------

// The real path of the folder that a file lies in or will.
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    char *real = folder ? realpath(folder, NULL) : NULL;
    free(folder);
    return real;
}

// Where `path` is as seen from a folder; both are real paths.
static void relative(const char *folder, const char *path, char *text, size_t size)
{
    size_t common = 0, used = 0; // common: up to and with a slash
    for (size_t i = 0; folder[i] == path[i] && path[i]; i++)
        if (path[i] == '/')
            common = i + 1;
    const size_t length = strlen(folder);
    if (strncmp(folder, path, length) == 0 && path[length] == '/')
        common = length + 1;
    text[0] = '\0';
    for (const char *rest = common <= length ? folder + common : ""; *rest;) {
        used += (size_t)snprintf(text + used, size - used, "../");
        rest += strcspn(rest, "/");
        rest += *rest == '/';
        if (used + 4 > size)
            return;
    }
    snprintf(text + used, size - used, "%s", path + common);
}

// ---- reading -----------------------------------------------------------------------------------

struct tdm_merge *tdm_merge_new(const char *path, struct tdm_error *error)
{
    struct tdm_merge *merge = calloc(1, sizeof *merge);
    char *folder = folder_of(path);
    if (!folder)
        tdm_fail_errno(error, path, "cannot write");
    else if (!merge)
        tdm_fail(error, "out of memory");
    else
        merge->arena = tdm_arena_new(MOST_MEMORY);
    if (merge && merge->arena)
        merge->folder = tdm_arena_strdup(merge->arena, folder);
    free(folder);
    if (merge && merge->folder)
        return merge;
    tdm_merge_free(merge);
    return NULL;
}

void tdm_merge_free(struct tdm_merge *merge)
{
    if (!merge)
        return;
    tdm_arena_free(merge->arena);
    free(merge);
}

size_t tdm_merge_rows(const struct tdm_merge *merge)
{
    return merge->count;
}

const char *tdm_merge_grid(const struct tdm_merge *merge)
{
    return merge->grid;
}

// An attribute's text in the arena; NULL with `error`.
static const char *get_text(struct tdm_merge *merge, struct tdm_h5 *file, const char *path,
                            const char *name, struct tdm_error *error)
{
    char *text = tdm_h5_get_text(file, path, name, error);
    const char *kept = text ? tdm_arena_strdup(merge->arena, text) : NULL;
    if (text && !kept)
        tdm_fail(error, "out of memory");
    free(text);
    return kept;
}

struct names {
    struct tdm_arena *arena;
    const char *items[TDM_GRID_VARIES];
    size_t count;
    bool lost;
};

static void add_name(void *context, const char *name)
{
    struct names *names = context;
    if (names->count == TDM_GRID_VARIES) {
        names->lost = true;
        return;
    }
    names->items[names->count] = tdm_arena_strdup(names->arena, name);
    names->lost |= !names->items[names->count];
    names->count++;
}

static const char *path_of(const char *name, char *path)
{
    char step[TDM_H5_NAME];
    snprintf(path, LONGEST_PATH, "/sweep/%s", tdm_h5_name(name, step));
    return path;
}

static int read_varied(struct tdm_merge *merge, struct tdm_h5 *file, const char *path,
                       struct tdm_error *error)
{
    struct names names = {.arena = merge->arena};
    char group[LONGEST_PATH];
    if (tdm_h5_list(file, "/sweep", add_name, &names, error))
        return -1;
    if (names.lost)
        return tdm_fail_at(error, path, 0, 0, "varies more than %d attributes", TDM_GRID_VARIES);
    for (size_t i = 0; i < names.count; i++) {
        struct varied *varied = &merge->varied[i];
        path_of(names.items[i], group);
        varied->name = names.items[i];
        varied->set = get_text(merge, file, group, "set", error);
        varied->units = varied->set ? get_text(merge, file, group, "units", error) : NULL;
        if (!varied->units)
            return -1;
    }
    merge->varied_count = names.count;
    return 0;
}

// What all records have in common, from the first one.
static int read_common(struct tdm_merge *merge, struct tdm_h5 *file, const char *path,
                       struct tdm_error *error)
{
    merge->grid = get_text(merge, file, "/sweep", "grid", error);
    if (!merge->grid)
        return -1;
    if (tdm_h5_has_attribute(file, "/sweep", "title"))
        merge->title = get_text(merge, file, "/sweep", "title", error);
    return read_varied(merge, file, path, error);
}

static int check(struct tdm_h5 *file, const char *path, int64_t task, struct tdm_error *error)
{
    int64_t version = 0, there = 0;
    char *format = tdm_h5_get_text(file, "/", "format", error);
    if (!format)
        return -1;
    const bool record = strcmp(format, TDM_RECORD_FORMAT) == 0;
    free(format);
    if (!record)
        return tdm_fail_at(error, path, 0, 0, "not the record of a run");
    if (tdm_h5_get_integer(file, "/", "schema_version", &version, error) ||
        tdm_h5_get_integer(file, "/sweep", "task", &there, error))
        return -1;
    if (version != TDM_RECORD_VERSION)
        return tdm_fail_at(error, path, 0, 0, "a record of version %lld; this tandem has %d",
                           (long long)version, TDM_RECORD_VERSION);
    if (there != task)
        return tdm_fail_at(error, path, 0, 0, "the record of task %lld, by what is in it",
                           (long long)there);
    return 0;
}

static int read_figures(struct tdm_h5 *file, struct row *row, struct tdm_error *error)
{
    size_t i = 0;
    for (const struct tdm_summary_key *key = tdm_summary_keys; key->key; key++, i++)
        if (tdm_h5_get_double(file, "/summary", key->key, &row->figures[i], error))
            return -1;
    return 0;
}

static int read_values(struct tdm_merge *merge, struct tdm_h5 *file, struct row *row,
                       struct tdm_error *error)
{
    char group[LONGEST_PATH];
    for (size_t i = 0; i < merge->varied_count; i++) {
        path_of(merge->varied[i].name, group);
        row->values[i].text = get_text(merge, file, group, "value", error);
        if (!row->values[i].text ||
            tdm_h5_get_double(file, group, "number", &row->values[i].number, error))
            return -1;
        if (!*merge->varied[i].units) // that of the records before was no number
            merge->varied[i].units = get_text(merge, file, group, "units", error);
        if (!merge->varied[i].units)
            return -1;
    }
    return 0;
}

static int read_row(struct tdm_merge *merge, struct tdm_h5 *file, const char *path, int64_t task,
                    struct row *row, struct tdm_error *error)
{
    char *real = realpath(path, NULL), link[LONGEST_PATH];
    if (!real)
        return tdm_fail_errno(error, path, "cannot open");
    relative(merge->folder, real, link, sizeof link);
    free(real);
    *row = (struct row){.task = task, .link = tdm_arena_strdup(merge->arena, link)};
    if (check(file, path, task, error) ||
        (!merge->count && read_common(merge, file, path, error)) ||
        tdm_h5_get_integer(file, "/", "seed", &row->seed, error) ||
        read_figures(file, row, error) || read_values(merge, file, row, error))
        return -1;
    row->policy = get_text(merge, file, "/", "policy", error);
    return row->policy ? 0 : -1;
}

int tdm_merge_add(struct tdm_merge *merge, const char *path, int64_t task, struct tdm_error *error)
{
    struct row row;
    struct tdm_h5 *file = tdm_h5_open(path, error);
    if (!file)
        return -1;
    const int status = read_row(merge, file, path, task, &row, error);
    tdm_h5_close(file, NULL);
    if (status)
        return -1;
    struct row *slot =
        row.link ? tdm_arena_push(merge->arena, (void **)&merge->rows, &merge->count, sizeof *slot)
                 : NULL;
    if (!slot)
        return TDM_MERGE_NO_MEMORY;
    *slot = row;
    return 0;
}

// ---- writing -----------------------------------------------------------------------------------

// The columns one after another; `cells` takes one of any type.
struct writer {
    const struct tdm_merge *merge;
    struct tdm_h5 *file;
    union {
        double *numbers;
        int64_t *integers;
        const char **texts;
        void *any;
    } cells;
};

static const char *column_path(const char *name, const char *ending, char *path)
{
    char step[TDM_H5_NAME];
    snprintf(path, LONGEST_PATH, "/runs/%s%s", tdm_h5_name(name, step), ending);
    return path;
}

static int put_numbers(struct writer *w, const char *path, enum tdm_h5_type type, const char *units,
                       const char *description, struct tdm_error *error)
{
    const struct tdm_h5_about about = {units, description};
    return tdm_h5_put_array(w->file, path, type, 1, &w->merge->count, w->cells.any, &about, error);
}

static int put_texts(struct writer *w, const char *path, const char *description,
                     struct tdm_error *error)
{
    const struct tdm_h5_about about = {"", description};
    return tdm_h5_put_texts(w->file, path, w->cells.texts, w->merge->count, &about, error);
}

static int write_tasks(struct writer *w, struct tdm_error *error)
{
    const struct row *rows = w->merge->rows;
    for (size_t i = 0; i < w->merge->count; i++)
        w->cells.integers[i] = rows[i].task;
    if (put_numbers(w, "/runs/task", TDM_H5_INT64, "1", "of the sweep, from 1", error))
        return -1;
    for (size_t i = 0; i < w->merge->count; i++)
        w->cells.integers[i] = rows[i].seed;
    if (put_numbers(w, "/runs/seed", TDM_H5_INT64, "1", "of everything random", error))
        return -1;
    for (size_t i = 0; i < w->merge->count; i++)
        w->cells.texts[i] = rows[i].policy;
    return put_texts(w, "/runs/policy", "the policy, as it was asked for", error);
}

static int write_varied(struct writer *w, size_t v, struct tdm_error *error)
{
    const struct varied *varied = &w->merge->varied[v];
    const struct row *rows = w->merge->rows;
    char path[LONGEST_PATH], what[512];
    for (size_t i = 0; i < w->merge->count; i++)
        w->cells.texts[i] = rows[i].values[v].text;
    snprintf(what, sizeof what, "%.400s of the scenario, as written", varied->set);
    if (put_texts(w, column_path(varied->name, "", path), what, error))
        return -1;
    for (size_t i = 0; i < w->merge->count; i++)
        w->cells.numbers[i] = rows[i].values[v].number;
    snprintf(what, sizeof what, "%.400s of the scenario; NaN where it is no number", varied->set);
    return put_numbers(w, column_path(varied->name, "_number", path), TDM_H5_DOUBLE,
                       *varied->units ? varied->units : "1", what, error);
}

static int write_figures(struct writer *w, struct tdm_error *error)
{
    size_t figure = 0;
    for (const struct tdm_summary_key *key = tdm_summary_keys; key->key; key++, figure++) {
        const struct tdm_json_key *about = tdm_json_key_of_run(key->key);
        const bool share = strcmp(about->unit, "share") == 0;
        char path[LONGEST_PATH];
        for (size_t i = 0; i < w->merge->count; i++)
            w->cells.numbers[i] = w->merge->rows[i].figures[figure];
        if (put_numbers(w, column_path(key->key, "", path), TDM_H5_DOUBLE,
                        share ? "1" : about->unit, about->meaning, error))
            return -1;
    }
    return 0;
}

static int write_links(struct writer *w, struct tdm_error *error)
{
    for (size_t i = 0; i < w->merge->count; i++) {
        char path[64];
        snprintf(path, sizeof path, "/links/task-%06lld", (long long)w->merge->rows[i].task);
        if (tdm_h5_put_link(w->file, path, w->merge->rows[i].link, error))
            return -1;
    }
    return 0;
}

static int write_all(struct writer *w, struct tdm_error *error)
{
    const struct tdm_merge *merge = w->merge;
    if (tdm_h5_put_text(w->file, "/", "format", TDM_MERGE_FORMAT, error) ||
        tdm_h5_put_integer(w->file, "/", "schema_version", TDM_MERGE_VERSION, error) ||
        tdm_h5_put_text(w->file, "/", "grid", merge->grid, error) ||
        (merge->title && tdm_h5_put_text(w->file, "/", "title", merge->title, error)) ||
        tdm_h5_put_text(w->file, "/", "tandem_version", tdm_version(), error) ||
        write_tasks(w, error))
        return -1;
    for (size_t v = 0; v < merge->varied_count; v++)
        if (write_varied(w, v, error))
            return -1;
    return write_figures(w, error) ? -1 : write_links(w, error);
}

int tdm_merge_write(const struct tdm_merge *merge, int fd, const char *path,
                    struct tdm_error *error)
{
    _Static_assert(sizeof(double) == sizeof(int64_t) && sizeof(char *) <= sizeof(double),
                   "a cell holds any of them");
    double *cells = calloc(merge->count, sizeof *cells);
    if (!cells)
        return tdm_fail(error, "out of memory");
    struct writer w = {.merge = merge, .cells.numbers = cells};
    w.file = tdm_h5_create(fd, path, error);
    int status = w.file ? write_all(&w, error) : -1;
    if (tdm_h5_close(w.file, status ? NULL : error))
        status = -1;
    free(cells);
    return status;
}

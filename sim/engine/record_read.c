// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/record_read.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine/record.h"

enum {
    BLOCK = 16 * 4096, // rows; a multiple of the rows that a record's chunks have
    MOST_COLUMNS = 10,
    LONGEST_PATH = 128 + 2 * TDM_H5_NAME,
};

// ---- what a record says of its run -------------------------------------------------------------

static int check_format(struct tdm_h5 *file, struct tdm_error *error)
{
    const char *name = tdm_h5_file(file);
    if (!tdm_h5_has_attribute(file, "/", "schema_version") || !tdm_h5_has(file, "/requests") ||
        !tdm_h5_has(file, "/boards"))
        return tdm_fail_at(error, name, 0, 0,
                           "an HDF5 file, but no record of a run; 'tandem run -o' writes one");
    int64_t version;
    if (tdm_h5_get_integer(file, "/", "schema_version", &version, error))
        return -1;
    if (version != TDM_RECORD_VERSION)
        return tdm_fail_at(error, name, 0, 0,
                           "a record of version %lld; this tandem reads version %d",
                           (long long)version, TDM_RECORD_VERSION);
    return 0;
}

static int read_texts(struct tdm_h5 *file, struct tdm_record_head *h, struct tdm_error *error)
{
    const struct {
        const char *name;
        char **text;
    } texts[] = {{"scenario", &h->scenario},    {"scenario_name", &h->name},
                 {"engine", &h->engine},        {"policy", &h->policy},
                 {"command_line", &h->command}, {"tandem_version", &h->tandem},
                 {"hdf5_version", &h->hdf5}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i].text = tdm_h5_get_text(file, "/", texts[i].name, error);
        if (!*texts[i].text)
            return -1;
    }
    return tdm_h5_get_integer(file, "/", "seed", &h->seed, error);
}

// Of one array of a table, which must have `count` rows, or any number where `count` is NULL.
static int check_column(struct tdm_h5 *file, const char *path, size_t *count, bool first,
                        struct tdm_error *error)
{
    size_t shape[TDM_H5_RANK];
    const int rank = tdm_h5_shape(file, path, shape, error);
    if (rank < 0)
        return -1;
    if (rank != 1 || (!first && shape[0] != *count))
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                           "'%.200s' is not as long as the other columns of its table", path);
    *count = shape[0];
    return 0;
}

struct boards {
    struct tdm_h5 *file;
    struct tdm_record_head *head;
    struct tdm_error *error;
    int status;
};

static void add_board(void *context, const char *name)
{
    struct boards *b = context;
    struct tdm_record_head *h = b->head;
    char path[LONGEST_PATH];
    int64_t index, unanswered;
    if (b->status)
        return;
    const int length = snprintf(path, sizeof path, "/boards/%s", name);
    if (length >= (int)sizeof path)
        b->status = tdm_fail_at(b->error, tdm_h5_file(b->file), 0, 0, "a board's name is too long");
    else if (tdm_h5_get_integer(b->file, path, "index", &index, b->error) ||
             tdm_h5_get_integer(b->file, path, "unanswered", &unanswered, b->error))
        b->status = -1;
    if (b->status)
        return;
    h->boards++;
    h->unanswered += (double)unanswered;
    if (index != 0 || h->board)
        return;
    h->board = strdup(path);
    b->status = h->board ? tdm_h5_get_double(b->file, path, "end", &h->end, b->error)
                         : tdm_fail(b->error, "out of memory");
}

static int read_boards(struct tdm_h5 *file, struct tdm_record_head *head, struct tdm_error *error)
{
    struct boards boards = {.file = file, .head = head, .error = error};
    if (tdm_h5_list(file, "/boards", add_board, &boards, error) || boards.status)
        return -1;
    if (!head->board || !(head->end >= 0) || !isfinite(head->end))
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0, "no board has the index 0 and an end");
    return 0;
}

// ---- its place in a sweep ----------------------------------------------------------------------

struct varied {
    struct tdm_h5 *file;
    struct tdm_record_head *head;
    struct tdm_error *error;
    int status;
};

// The name that tdm_h5_name made one step of a path.
static char *plain_name(const char *step)
{
    char *name = strdup(step);
    for (char *from = name, *to = name; name; from++) {
        const bool coded = strncmp(from, "%2F", 3) == 0 || strncmp(from, "%2E", 3) == 0;
        *to++ = (char)(!coded ? *from : from[2] == 'F' ? '/' : '.');
        if (!*from)
            break;
        from += coded ? 2 : 0;
    }
    return name;
}

static int read_varied(struct tdm_h5 *file, const char *name, struct tdm_record_value *v,
                       struct tdm_error *error)
{
    char path[LONGEST_PATH];
    if (snprintf(path, sizeof path, "/sweep/%s", name) >= (int)sizeof path)
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0, "an attribute's name is too long");
    v->name = plain_name(name);
    if (!v->name)
        return tdm_fail(error, "out of memory");
    v->value = tdm_h5_get_text(file, path, "value", error);
    v->units = v->value ? tdm_h5_get_text(file, path, "units", error) : NULL;
    return v->units ? tdm_h5_get_double(file, path, "number", &v->number, error) : -1;
}

static void add_varied(void *context, const char *name)
{
    struct varied *a = context;
    struct tdm_record_head *h = a->head;
    if (a->status)
        return;
    struct tdm_record_value *more = realloc(h->varied, (h->varied_count + 1) * sizeof *more);
    if (!more) {
        a->status = tdm_fail(a->error, "out of memory");
        return;
    }
    h->varied = more;
    h->varied[h->varied_count] = (struct tdm_record_value){0};
    a->status = read_varied(a->file, name, &h->varied[h->varied_count++], a->error);
}

static int read_sweep(struct tdm_h5 *file, struct tdm_record_head *h, struct tdm_error *error)
{
    struct varied varied = {.file = file, .head = h, .error = error};
    if (!tdm_h5_has(file, "/sweep"))
        return 0;
    h->grid = tdm_h5_get_text(file, "/sweep", "grid", error);
    if (!h->grid || tdm_h5_get_integer(file, "/sweep", "task", &h->task, error))
        return -1;
    if (tdm_h5_has_attribute(file, "/sweep", "title")) {
        h->title = tdm_h5_get_text(file, "/sweep", "title", error);
        if (!h->title)
            return -1;
    }
    return tdm_h5_list(file, "/sweep", add_varied, &varied, error) || varied.status ? -1 : 0;
}

int tdm_record_head_read(struct tdm_h5 *file, struct tdm_record_head *head, struct tdm_error *error)
{
    *head = (struct tdm_record_head){0};
    if (check_format(file, error) == 0 && read_boards(file, head, error) == 0 &&
        check_column(file, "/requests/latency", &head->rows, true, error) == 0 &&
        read_texts(file, head, error) == 0 && read_sweep(file, head, error) == 0)
        return 0;
    tdm_record_head_free(head);
    return -1;
}

void tdm_record_head_free(struct tdm_record_head *head)
{
    char *texts[] = {head->scenario, head->name, head->engine, head->policy, head->command,
                     head->tandem,   head->hdf5, head->board,  head->grid,   head->title};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    for (size_t i = 0; i < head->varied_count; i++) {
        free(head->varied[i].name);
        free(head->varied[i].value);
        free(head->varied[i].units);
    }
    free(head->varied);
    *head = (struct tdm_record_head){0};
}

// ---- tables ------------------------------------------------------------------------------------

// A table that is read block by block: its columns of numbers, and one of yes and no.
struct blocks {
    struct tdm_h5 *file;
    const char *path[MOST_COLUMNS];
    size_t columns;
    const char *flags; // path, or NULL
    size_t rows;
    double *value[MOST_COLUMNS];
    bool *flag;
};

static int start_blocks(struct blocks *b, struct tdm_error *error)
{
    const size_t room = b->rows < BLOCK ? b->rows : BLOCK;
    for (size_t c = 0; c < b->columns; c++) {
        size_t count = b->rows;
        if (check_column(b->file, b->path[c], &count, false, error))
            return -1;
        b->value[c] = malloc((room + 1) * sizeof *b->value[c]);
        if (!b->value[c])
            return tdm_fail(error, "out of memory");
    }
    b->flag = malloc(room + 1);
    return b->flag ? 0 : tdm_fail(error, "out of memory");
}

static int read_block(struct blocks *b, size_t from, size_t count, struct tdm_error *error)
{
    for (size_t c = 0; c < b->columns; c++)
        if (tdm_h5_get_rows(b->file, b->path[c], TDM_H5_DOUBLE, from, count, b->value[c], error))
            return -1;
    return b->flags ? tdm_h5_get_rows(b->file, b->flags, TDM_H5_BOOL, from, count, b->flag, error)
                    : 0;
}

static void free_blocks(struct blocks *b)
{
    for (size_t c = 0; c < b->columns; c++)
        free(b->value[c]);
    free(b->flag);
}

int tdm_record_read_answers(struct tdm_h5 *file, size_t rows,
                            void (*visit)(void *context, const struct tdm_record_answers *rows),
                            void *context, struct tdm_error *error)
{
    const bool probed = tdm_h5_has(file, "/requests/bandwidth");
    struct blocks b = {.file = file,
                       .path = {"/requests/latency", "/requests/energy", "/requests/cost",
                                "/requests/sent", "/requests/bandwidth"},
                       .columns = probed ? 5 : 4,
                       .flags = "/requests/dropped",
                       .rows = rows};
    int status = start_blocks(&b, error);
    double *unknown = status == 0 && !probed ? malloc((BLOCK + 1) * sizeof *unknown) : NULL;
    if (status == 0 && !probed && !unknown)
        status = tdm_fail(error, "out of memory");
    for (size_t i = 0; unknown && i < BLOCK; i++)
        unknown[i] = NAN;
    for (size_t from = 0; status == 0 && from < rows; from += BLOCK) {
        const size_t count = rows - from < BLOCK ? rows - from : BLOCK;
        status = read_block(&b, from, count, error);
        const struct tdm_record_answers block = {.count = count,
                                                 .latency = b.value[0],
                                                 .energy = b.value[1],
                                                 .cost = b.value[2],
                                                 .sent = b.value[3],
                                                 .bandwidth = probed ? b.value[4] : unknown,
                                                 .dropped = b.flag};
        if (status == 0)
            visit(context, &block);
    }
    free(unknown);
    free_blocks(&b);
    return status;
}

// Time goes on, and every number is one.
static int check_stretches(const struct blocks *b, size_t count, double *last, size_t from,
                           struct tdm_error *error)
{
    for (size_t i = 0; i < count; i++) {
        const double start = b->value[0][i], end = b->value[1][i];
        bool good = start >= *last && end >= start && isfinite(end);
        for (size_t c = 2; c < b->columns; c++)
            good = good && isfinite(b->value[c][i]);
        if (!good)
            return tdm_fail_at(error, tdm_h5_file(b->file), 0, 0,
                               "row %zu of '%.200s' makes no sense", from + i, b->path[0]);
        *last = end;
    }
    return 0;
}

int tdm_record_read_stretches(struct tdm_h5 *file, const char *path, const char *const *columns,
                              void (*visit)(void *context,
                                            const struct tdm_record_stretches *stretches),
                              void *context, struct tdm_error *error)
{
    char paths[MOST_COLUMNS][LONGEST_PATH];
    struct blocks b = {.file = file};
    const char *name = "start";
    double last = 0;
    for (; name && b.columns < MOST_COLUMNS; b.columns++) {
        if (snprintf(paths[b.columns], LONGEST_PATH, "%s/%s", path, name) >= LONGEST_PATH)
            return tdm_fail_at(error, tdm_h5_file(file), 0, 0, "a name in it is too long");
        b.path[b.columns] = paths[b.columns];
        name = b.columns == 0 ? "end" : columns[b.columns - 1];
    }
    int status = check_column(file, paths[0], &b.rows, true, error);
    if (status == 0)
        status = start_blocks(&b, error);
    for (size_t from = 0; status == 0 && from < b.rows; from += BLOCK) {
        struct tdm_record_stretches block = {.count = b.rows - from < BLOCK ? b.rows - from : BLOCK,
                                             .start = b.value[0],
                                             .end = b.value[1]};
        for (size_t c = 2; c < b.columns; c++)
            block.value[c - 2] = b.value[c];
        status = read_block(&b, from, block.count, error);
        if (status == 0)
            status = check_stretches(&b, block.count, &last, from, error);
        if (status == 0)
            visit(context, &block);
    }
    free_blocks(&b);
    return status;
}

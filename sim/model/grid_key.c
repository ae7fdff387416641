// SPDX-License-Identifier: GPL-3.0-or-later
/* What tells one task's record from every other's. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/error.h"
#include "core/hash.h"
#include "model/grid.h"
#include "model/library.h"

enum { MOST_MEMORY = 256 * 1024 * 1024 };

// A value of the scenario, and what is in the files that it may name.
struct named {
    const char *value;
    uint64_t hash;
};

struct keys {
    const struct tdm_grid *grid;
    struct tdm_arena *arena;
    struct named *named;
    size_t named_count;
    uint64_t hash; // of the scenario that is read
};

// ---- files -------------------------------------------------------------------------------------

static uint64_t add_file(uint64_t hash, const char *path)
{
    struct stat about;
    char bytes[16 * 1024];
    if (stat(path, &about) || !S_ISREG(about.st_mode))
        return hash;
    FILE *file = fopen(path, "rbe");
    for (size_t n; file && (n = fread(bytes, 1, sizeof bytes, file)) > 0;)
        hash = tdm_hash_bytes(hash, bytes, n);
    if (file)
        fclose(file);
    return tdm_hash_text(hash, "");
}

// A value need not name a file; one too many only means that a run is not taken for finished.
static uint64_t add_files(struct keys *keys, uint64_t hash, const char *value)
{
    static const char *const kinds[] = {"boards", "servers", "radios", "dnns", "traces"};
    const char *path = tdm_library_beside(keys->grid->base_path, value, keys->arena);
    if (path)
        hash = add_file(hash, path);
    for (size_t i = 0; i < TDM_COUNT(kinds) && !strchr(value, '/'); i++) {
        path = tdm_library_path(kinds[i], value, keys->arena);
        if (path)
            hash = add_file(hash, path);
    }
    return hash;
}

// What stands behind "replay:", "dvfo=" and the like may be a file, too.
static int add_value(struct keys *keys, const char *value, struct tdm_error *error)
{
    for (size_t i = 0; i < keys->named_count; i++)
        if (strcmp(keys->named[i].value, value) == 0) {
            keys->hash = tdm_hash_bytes(keys->hash, &keys->named[i].hash, sizeof(uint64_t));
            return 0;
        }
    struct named *named =
        tdm_arena_push(keys->arena, (void **)&keys->named, &keys->named_count, sizeof *named);
    const char *kept = tdm_arena_strdup(keys->arena, value);
    if (!named || !kept)
        return tdm_fail(error, "the grid is too large to hold");
    const char *rest = value + strcspn(value, ":=");
    named->value = kept;
    named->hash = add_files(keys, TDM_HASH_START, value);
    if (*rest && rest[1])
        named->hash = add_files(keys, named->hash, rest + 1);
    keys->hash = tdm_hash_bytes(keys->hash, &named->hash, sizeof(uint64_t));
    return 0;
}

static int on_start(void *context, struct tdm_place place, const char *element,
                    const char *const *attributes, struct tdm_error *error)
{
    (void)place, (void)element;
    for (; *attributes; attributes += 2)
        if (add_value(context, attributes[1], error))
            return -1;
    return 0;
}

static int on_end(void *context, struct tdm_place place, const char *element,
                  struct tdm_error *error)
{
    (void)context, (void)place, (void)element, (void)error;
    return 0;
}

// ---- keys --------------------------------------------------------------------------------------

static uint64_t hash_grid(const struct tdm_grid *grid, const char *engine)
{
    uint64_t hash = tdm_hash_text(TDM_HASH_START, tdm_version());
    hash = tdm_hash_text(hash, engine);
    hash = tdm_hash_text(hash, grid->name);
    return tdm_hash_text(hash, grid->title);
}

static int hash_scenario(struct keys *keys, const struct tdm_grid_task *task,
                         struct tdm_error *error)
{
    static const struct tdm_xml_callbacks callbacks = {.start = on_start, .end = on_end};
    const struct tdm_grid *grid = keys->grid;
    size_t length;
    char *text = tdm_grid_scenario(grid, task, &length, error);
    if (!text)
        return -1;
    for (size_t i = 0; i < grid->vary_count; i++) {
        keys->hash = tdm_hash_text(keys->hash, grid->varies[i].name);
        keys->hash = tdm_hash_text(keys->hash, grid->varies[i].set);
        keys->hash = tdm_hash_text(keys->hash, task->values[i]->text);
    }
    keys->hash = tdm_hash_text(keys->hash, text);
    const int status = tdm_xml_read_text(text, length, grid->base_path, &callbacks, keys, error);
    free(text);
    return status;
}

static int fill(struct keys *keys, const char *engine, int64_t *into, struct tdm_error *error)
{
    const struct tdm_grid *grid = keys->grid;
    const size_t same = grid->policy_count * (size_t)grid->seeds; // tasks of one scenario
    const uint64_t start = hash_grid(grid, engine);
    uint64_t scenario = start;
    for (size_t i = 0; i < grid->count; i++) {
        struct tdm_grid_task task;
        tdm_grid_task(grid, i + 1, &task);
        if (i % same == 0) {
            keys->hash = start;
            if (hash_scenario(keys, &task, error))
                return -1;
            scenario = keys->hash;
        }
        keys->hash = tdm_hash_bytes(scenario, &task.seed, sizeof task.seed);
        keys->hash = tdm_hash_text(keys->hash, task.policy);
        if (add_value(keys, task.policy, error))
            return -1;
        into[i] = (int64_t)(keys->hash >> 1);
    }
    return 0;
}

int tdm_grid_keys(const struct tdm_grid *grid, const char *engine, int64_t *keys,
                  struct tdm_error *error)
{
    struct keys k = {.grid = grid, .arena = tdm_arena_new(MOST_MEMORY)};
    if (!k.arena)
        return tdm_fail(error, "out of memory");
    const int status = fill(&k, engine, keys, error);
    tdm_arena_free(k.arena);
    return status;
}

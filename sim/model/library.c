// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/library.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/text.h"

enum {
    MOST_MEMORY = 256 * 1024 * 1024, // of one document, once read
    LONGEST_PATH = 4096,
};

#ifndef TANDEM_DATADIR
#define TANDEM_DATADIR "/usr/local/share/tandem"
#endif
#ifndef TANDEM_SOURCE_DIR
#define TANDEM_SOURCE_DIR TANDEM_DATADIR
#endif

// PREFIX/share/tandem/platforms of a program PREFIX/bin/NAME: right after the prefix was moved,
// too.
static bool installed_beside(char *folder, size_t size)
{
    char program[LONGEST_PATH];
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (length <= 0)
        return false;
    program[length] = '\0';
    for (int i = 0; i < 2; i++) {
        char *slash = strrchr(program, '/');
        if (!slash)
            return false;
        *slash = '\0';
    }
    const int n = snprintf(folder, size, "%s/share/tandem/platforms", program);
    return n > 0 && (size_t)n < size;
}

// Calls `visit` with each platforms folder until it answers true.
static bool each_folder(bool (*visit)(void *context, const char *folder), void *context)
{
    char folder[LONGEST_PATH];
    const char *given = getenv("TANDEM_PLATFORMS");
    while (given && *given) {
        const size_t length = strcspn(given, ":");
        snprintf(folder, sizeof folder, "%.*s", (int)length, given);
        if (length && visit(context, folder))
            return true;
        given += length + (given[length] == ':');
    }
    if (visit(context, TANDEM_SOURCE_DIR "/platforms"))
        return true;
    return (installed_beside(folder, sizeof folder) && visit(context, folder)) ||
           visit(context, TANDEM_DATADIR "/platforms");
}

static bool is_path(const char *reference)
{
    const size_t length = strlen(reference);
    return strchr(reference, '/') || (length > 4 && strcmp(reference + length - 4, ".xml") == 0);
}

struct search {
    const char *kind, *name;
    char path[LONGEST_PATH];
};

// Traces lie beside the platforms folder, and are CSV.
static const struct place {
    const char *kind, *folder, *extension;
} trace_place = {"traces", "../traces", ".csv"};

static const char *folder_of(const char *kind)
{
    return strcmp(kind, trace_place.kind) == 0 ? trace_place.folder : kind;
}

static const char *extension_of(const char *kind)
{
    return strcmp(kind, trace_place.kind) == 0 ? trace_place.extension : ".xml";
}

static bool found_here(void *context, const char *folder)
{
    struct search *search = context;
    const int n = snprintf(search->path, sizeof search->path, "%s/%s/%s%s", folder,
                           folder_of(search->kind), search->name, extension_of(search->kind));
    return n > 0 && (size_t)n < sizeof search->path && access(search->path, R_OK) == 0;
}

const char *tdm_library_path(const char *kind, const char *reference, struct tdm_arena *arena)
{
    if (is_path(reference))
        return tdm_arena_strdup(arena, reference);
    struct search search = {.kind = kind, .name = reference};
    return each_folder(found_here, &search) ? tdm_arena_strdup(arena, search.path) : NULL;
}

// Names live only while they are visited, so the nearest one is kept as a copy.
struct near {
    struct tdm_nearest nearest;
    char best[128];
};

static void try_name(void *context, const char *name)
{
    struct near *near = context;
    tdm_nearest_try(&near->nearest, name);
    if (near->nearest.best == name)
        snprintf(near->best, sizeof near->best, "%s", name);
}

static int unknown(const char *kind, const char *reference, struct tdm_error *error)
{
    struct near near = {.best = ""};
    tdm_nearest_start(&near.nearest, reference);
    tdm_library_list(kind, try_name, &near);
    if (near.nearest.best)
        near.nearest.best = near.best;
    return tdm_fail(error, "'%.64s' is neither a file nor one of the known %s%s", reference, kind,
                    tdm_nearest_hint(&near.nearest));
}

const char *tdm_library_find(const char *kind, const char *reference, struct tdm_arena *arena,
                             struct tdm_error *error)
{
    const char *path = tdm_library_path(kind, reference, arena);
    if (!path)
        unknown(kind, reference, error);
    return path;
}

const char *tdm_library_beside(const char *base, const char *reference, struct tdm_arena *arena)
{
    const char *slash = strrchr(base, '/');
    if (reference[0] != '/' && slash) {
        char path[LONGEST_PATH];
        const int n = snprintf(path, sizeof path, "%.*s/%s", (int)(slash - base), base, reference);
        if (n > 0 && (size_t)n < sizeof path && access(path, R_OK) == 0)
            return tdm_arena_strdup(arena, path);
    }
    return tdm_arena_strdup(arena, reference);
}

const char *tdm_library_trace(const char *base, const char *reference, struct tdm_arena *arena,
                              struct tdm_error *error)
{
    const char *path = tdm_library_beside(base, reference, arena);
    if (path && access(path, R_OK) == 0)
        return path;
    struct search search = {.kind = "traces", .name = reference};
    if (each_folder(found_here, &search))
        return tdm_arena_strdup(arena, search.path);
    unknown("traces", reference, error);
    return NULL;
}

int tdm_library_stages(const char *reference, char *folder, size_t size, struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(1 << 16);
    const char *path = arena ? tdm_library_find("dnns", reference, arena, error) : NULL;
    const size_t length = path ? strlen(path) : 0;
    int result = path ? 0 : -1;
    if (path && (length <= 4 || strcmp(path + length - 4, ".xml") != 0))
        result = tdm_fail_at(error, path, 0, 0,
                             "a network's file is called NAME.xml, its stages stand in NAME");
    else if (path && (size_t)snprintf(folder, size, "%.*s", (int)(length - 4), path) >= size)
        result = tdm_fail_at(error, path, 0, 0, "the path is too long");
    tdm_arena_free(arena);
    return result;
}

void *tdm_library_load(const char *kind, const char *reference, const struct tdm_element *root,
                       struct tdm_arena **arena, struct tdm_error *error)
{
    *arena = tdm_arena_new(MOST_MEMORY);
    if (!*arena) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    const char *path = tdm_library_find(kind, reference, *arena, error);
    void *object = path ? tdm_schema_load(root, path, *arena, error) : NULL;
    if (!object) {
        tdm_arena_free(*arena);
        *arena = NULL;
    }
    return object;
}

// ---- listing -----------------------------------------------------------------------------------

struct names {
    const char *kind;
    char **items;
    size_t count;
};

static void add_name(struct names *names, const char *file)
{
    const size_t length = strlen(file);
    if (length < 5 || strcmp(file + length - 4, extension_of(names->kind)) != 0)
        return;
    for (size_t i = 0; i < names->count; i++)
        if (strncmp(names->items[i], file, length - 4) == 0 && !names->items[i][length - 4])
            return;
    char **items = realloc(names->items, (names->count + 1) * sizeof *items);
    if (!items)
        return;
    names->items = items;
    items[names->count] = strndup(file, length - 4);
    names->count += items[names->count] != NULL;
}

static bool list_folder(void *context, const char *folder)
{
    struct names *names = context;
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "%s/%s", folder, folder_of(names->kind));
    DIR *directory = opendir(path);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        add_name(names, entry->d_name);
    if (directory)
        closedir(directory);
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void tdm_library_list(const char *kind, void (*visit)(void *context, const char *name),
                      void *context)
{
    struct names names = {.kind = kind};
    each_folder(list_folder, &names);
    if (names.count)
        qsort(names.items, names.count, sizeof *names.items, by_name);
    for (size_t i = 0; i < names.count; i++) {
        visit(context, names.items[i]);
    }
    for (size_t i = 0; i < names.count; i++)
        free(names.items[i]);
    free(names.items);
}

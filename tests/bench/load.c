// SPDX-License-Identifier: GPL-3.0-or-later
// Loading the slowest of the shipped scenarios with all that it names, against reading the bytes
// of the same files.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "model/library.h"
#include "model/scenario.h"

enum { MOST_FILES = 64, MOST_SCENARIOS = 64 };

struct race {
    char scenario[64];
    char *files[MOST_FILES];
    size_t file_count;
    size_t bytes;
};

static void run_ours(void *context)
{
    struct race *race = context;
    tdm_scenario_free(tdm_scenario_load(race->scenario, NULL));
}

static void run_bare(void *context)
{
    struct race *race = context;
    race->bytes = 0;
    for (size_t i = 0; i < race->file_count; i++) {
        FILE *file = fopen(race->files[i], "rb");
        if (!file)
            continue;
        static char buffer[1 << 16];
        for (size_t got; (got = fread(buffer, 1, sizeof buffer, file)) > 0;)
            race->bytes += got;
        fclose(file);
    }
}

static void add_file(struct race *race, const char *path)
{
    if (!path || race->file_count == MOST_FILES)
        return;
    for (size_t i = 0; i < race->file_count; i++)
        if (strcmp(race->files[i], path) == 0)
            return;
    race->files[race->file_count++] = strdup(path);
}

static void add_files(struct race *race, const struct tdm_scenario *scenario)
{
    add_file(race, scenario->path);
    for (size_t i = 0; i < scenario->board_count; i++)
        add_file(race, scenario->boards[i].board->path);
    for (size_t i = 0; i < scenario->server_count; i++)
        add_file(race, scenario->servers[i].server->path);
    for (size_t i = 0; i < scenario->stream_count; i++)
        add_file(race, scenario->streams[i].dnn->path);
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    for (size_t i = 0; arena && i < scenario->link_count; i++) {
        const struct tdm_scenario_link *link = &scenario->links[i];
        if (link->radio)
            add_file(race, link->radio->path);
        if (link->trace)
            add_file(race, tdm_library_trace(scenario->path, link->trace, arena, NULL));
    }
    tdm_arena_free(arena);
}

static void free_files(struct race *race)
{
    for (size_t i = 0; i < race->file_count; i++)
        free(race->files[i]);
    race->file_count = 0;
}

struct found {
    char names[MOST_SCENARIOS][64];
    size_t count;
};

static void find(void *context, const char *name)
{
    struct found *found = context;
    if (found->count < MOST_SCENARIOS && strlen(name) < sizeof found->names[0])
        snprintf(found->names[found->count++], sizeof found->names[0], "%s", name);
}

static bool race_one(struct bench *bench, struct race *race, struct bench_times *times)
{
    struct tdm_scenario *scenario = bench_scenario(bench, race->scenario);
    if (!scenario)
        return false;
    add_files(race, scenario);
    tdm_scenario_free(scenario);
    const struct bench_side ours = {NULL, run_ours, race}, bare = {NULL, run_bare, race};
    const bool raced = bench_race(bench, &ours, &bare, times) == 0;
    free_files(race);
    return raced;
}

static void run_load(struct bench *bench)
{
    struct found found = {.count = 0};
    tdm_library_list("scenarios", find, &found);
    struct race slowest = {.bytes = 0};
    struct bench_times worst = {0};
    for (size_t i = 0; i < found.count; i++) {
        struct race race = {.bytes = 0};
        struct bench_times times;
        snprintf(race.scenario, sizeof race.scenario, "%s", found.names[i]);
        if (race_one(bench, &race, &times) && times.ours > worst.ours) {
            worst = times;
            slowest = race;
        }
    }
    char against[192];
    snprintf(against, sizeof against,
             "reading the %.0f KiB of the files of '%s', the slowest of %zu",
             (double)slowest.bytes / 1024, slowest.scenario, found.count);
    if (worst.ours > 0)
        bench_report(bench, "load", 1e3 * worst.ours, "ms", worst.ratio, against);
}

const struct bench_case bench_load = {
    "load", "the slowest shipped scenario to load, with all that it names", run_load};

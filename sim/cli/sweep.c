// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/sweep.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/pool.h"
#include "cli/summary.h"
#include "core/error.h"
#include "core/table.h"
#include "engine/record_folder.h"

struct arguments {
    const char *grid, *engine, *folder;
    uint64_t jobs, task, scenario;
    bool list, count, json;
};

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'o', "output", "DIR", .text = &a->folder,
         .help = "the folder of the records; a record that is there is not made again"},
        {'j', "jobs", "N", .whole = {&a->jobs, 1, 4096},
         .help = "how many tasks run at a time; by default one a processor"},
        {'e', "engine", "URI", .text = &a->engine,
         .help = "how time passes, analytic: by default (tandem help engines)"},
        {'t', "task", "I", .whole = {&a->task, 1, TDM_GRID_MOST_TASKS},
         .help = "only this task, from 1: for Slurm arrays and GNU parallel"},
        {'l', "list", .flag = &a->list, .help = "print the tasks, and with -o which are done"},
        {'c', "count", .flag = &a->count, .help = "print how many tasks there are"},
        {.name = "scenario",
         .argument = "I",
         .whole = {&a->scenario, 1, TDM_GRID_MOST_TASKS},
         .help = "print the scenario of this task"},
        {.name = "json", .flag = &a->json, .help = "the list as JSON (tandem help json)"},
    };
    const struct tdm_usage usage = {
        "sweep", "GRID",
        "Runs a scenario in all variants of a grid (tandem help grid), a name or a file: each task "
        "in a process of its own, with a record of its own. What is finished is skipped, so a "
        "sweep that was broken off goes on where it was. 'tandem merge' joins the records.",
        options, TDM_COUNT(options)};
    *a = (struct arguments){.engine = "analytic:", .jobs = tdm_pool_processors()};
    const int count = tdm_options_read(&usage, argc, argv, &a->grid, 1, 1);
    if (count < 0)
        return count;
    const char *wrong = NULL;
    if (a->list + a->count + (a->task > 0) + (a->scenario > 0) > 1)
        wrong = "one of --list, --count, --task and --scenario at a time";
    else if (!a->folder && !a->list && !a->count && !a->scenario)
        wrong = "--output or -o DIR is needed, a folder for the records";
    else if (a->json && !a->list)
        wrong = "--json goes with --list";
    if (!wrong)
        return count;
    fprintf(stderr, "tandem sweep: %s\n", wrong);
    return TDM_OPTIONS_WRONG;
}

// ---- checks ------------------------------------------------------------------------------------

// Names that 'tandem merge' gives its own columns.
static bool is_taken(const char *name)
{
    const size_t length = strlen(name);
    if (strcmp(name, "task") == 0 || strcmp(name, "seed") == 0 || strcmp(name, "policy") == 0 ||
        (length > 7 && strcmp(name + length - 7, "_number") == 0))
        return true;
    for (const struct tdm_summary_key *key = tdm_summary_keys; key->key; key++)
        if (strcmp(name, key->key) == 0)
            return true;
    return false;
}

static int check_names(const struct tdm_grid *grid, struct tdm_error *error)
{
    for (size_t i = 0; i < grid->vary_count; i++)
        if (is_taken(grid->varies[i].name))
            return tdm_fail_at(error, grid->path, grid->varies[i].place.line,
                               grid->varies[i].place.column,
                               "'%.64s' is a column of merged records already; give this <vary> "
                               "another name",
                               grid->varies[i].name);
    return 0;
}

static int check_task(const struct tdm_grid *grid, uint64_t task, struct tdm_error *error)
{
    if (task <= grid->count)
        return 0;
    return tdm_fail(error, "there is no task %" PRIu64 "; '%s' has %zu", task, grid->name,
                    grid->count);
}

// ---- the forms of the command ------------------------------------------------------------------

static int print_scenario(const struct tdm_grid *grid, size_t index)
{
    struct tdm_error error = {0};
    struct tdm_grid_task task;
    size_t length;
    tdm_grid_task(grid, index, &task);
    char *text = tdm_grid_scenario(grid, &task, &length, &error);
    if (!text)
        return tdm_cli_fail("sweep", &error, TDM_EXIT_USAGE);
    fwrite(text, 1, length, stdout);
    free(text);
    return TDM_EXIT_DONE;
}

static int with_keys(const struct arguments *a, struct tdm_sweep *sweep)
{
    struct tdm_error error = {0};
    if (tdm_grid_keys(sweep->grid, sweep->engine, sweep->keys, &error))
        return tdm_cli_fail("sweep", &error, TDM_EXIT_USAGE);
    if (a->list)
        return tdm_sweep_list(sweep, a->json);
    return a->task ? tdm_sweep_run_task(sweep, a->task) : tdm_sweep_run(sweep);
}

static int sweep_grid(const struct arguments *a, const struct tdm_grid *grid)
{
    struct tdm_error error = {0};
    if (check_names(grid, &error) || check_task(grid, a->task, &error) ||
        check_task(grid, a->scenario, &error))
        return tdm_cli_fail("sweep", &error, TDM_EXIT_USAGE);
    if (a->count) {
        printf("%zu\n", grid->count);
        return TDM_EXIT_DONE;
    }
    if (a->scenario)
        return print_scenario(grid, a->scenario);
    struct tdm_sweep sweep = {.grid = grid,
                              .engine = a->engine,
                              .folder = a->folder,
                              .line = a->grid,
                              .at_once = a->jobs,
                              .keys = calloc(grid->count, sizeof *sweep.keys)};
    if (!sweep.keys) {
        tdm_fail(&error, "out of memory");
        return tdm_cli_fail("sweep", &error, TDM_EXIT_FAILED);
    }
    const int code = with_keys(a, &sweep);
    free(sweep.keys);
    return code;
}

int tdm_cli_sweep(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_grid *grid = tdm_grid_load(a.grid, &error);
    if (!grid)
        return tdm_cli_fail("sweep", &error, TDM_EXIT_USAGE);
    const int code = sweep_grid(&a, grid);
    tdm_grid_free(grid);
    return code;
}

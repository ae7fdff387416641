// SPDX-License-Identifier: GPL-3.0-or-later
/* The tasks of a sweep, for people and programs. */
#include <jansson.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/sweep.h"
#include "core/table.h"
#include "engine/record_folder.h"

bool tdm_sweep_is_done(const struct tdm_sweep *sweep, size_t task)
{
    return sweep->folder && tdm_record_is_there(sweep->folder, task, sweep->keys[task - 1]);
}

static void print_table(const struct tdm_sweep *sweep)
{
    const struct tdm_grid *grid = sweep->grid;
    const char *titles[TDM_TABLE_COLUMNS] = {">task"};
    size_t columns = 1;
    for (size_t i = 0; i < grid->vary_count; i++)
        titles[columns++] = grid->varies[i].name;
    titles[columns++] = "policy";
    titles[columns++] = ">seed";
    if (sweep->folder)
        titles[columns++] = "done";
    struct tdm_table table;
    tdm_table_start(&table, titles);
    for (size_t i = 1; i <= grid->count; i++) {
        struct tdm_grid_task task;
        tdm_grid_task(grid, i, &task);
        tdm_table_add(&table, "%zu", i);
        for (size_t v = 0; v < grid->vary_count; v++)
            tdm_table_add(&table, "%s", task.values[v]->text);
        tdm_table_add(&table, "%s", task.policy);
        tdm_table_add(&table, "%llu", (unsigned long long)task.seed);
        if (sweep->folder)
            tdm_table_add(&table, "%s", tdm_sweep_is_done(sweep, i) ? "yes" : "no");
    }
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
}

static json_t *task_json(const struct tdm_sweep *sweep, size_t index)
{
    const struct tdm_grid *grid = sweep->grid;
    char name[TDM_RECORD_NAME];
    struct tdm_grid_task task;
    tdm_grid_task(grid, index, &task);
    json_t *values = json_object();
    for (size_t v = 0; v < grid->vary_count; v++)
        json_object_set_new(values, grid->varies[v].name, json_string(task.values[v]->text));
    return json_pack("{s:I, s:s, s:I, s:o, s:s, s:o}", "task", (json_int_t)index, "policy",
                     task.policy, "seed", (json_int_t)task.seed, "values", values, "record",
                     tdm_record_name(index, sweep->keys[index - 1], name), "done",
                     sweep->folder ? json_boolean(tdm_sweep_is_done(sweep, index)) : json_null());
}

int tdm_sweep_list(const struct tdm_sweep *sweep, bool json)
{
    if (!json) {
        print_table(sweep);
        return TDM_EXIT_DONE;
    }
    json_t *tasks = json_array();
    for (size_t i = 1; i <= sweep->grid->count; i++)
        json_array_append_new(tasks, task_json(sweep, i));
    return tdm_cli_json(json_pack("{s:s, s:o}", "grid", sweep->grid->name, "tasks", tasks));
}

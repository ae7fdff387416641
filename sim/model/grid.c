// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/grid.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/library.h"
#include "model/scenario.h"
#include "trace/lines.h"

enum {
    MOST_MEMORY = 256 * 1024 * 1024,
    DIGITS = 6, // of the values within a range
    LONGEST_VALUE = 256,
};

static int fail_vary(const struct tdm_grid *grid, struct tdm_place place, const char *set,
                     const char *why, struct tdm_error *error)
{
    return tdm_fail_at(error, grid->path, place.line, place.column, "'%.100s': %s", set, why);
}

static int no_memory(struct tdm_error *error)
{
    return tdm_fail(error, "the grid is too large to hold");
}

// ---- lists -------------------------------------------------------------------------------------

// The next item of a list, without the spaces around it; NULL with `error`'s message.
static char *next_item(const char **list, char separator, struct tdm_arena *arena,
                       struct tdm_error *error)
{
    const char *start = *list + strspn(*list, " ");
    size_t length = 0;
    while (start[length] && start[length] != separator)
        length++;
    *list = start + length + (start[length] == separator);
    while (length && start[length - 1] == ' ')
        length--;
    char *item = length ? tdm_arena_strndup(arena, start, length) : NULL;
    if (!length)
        tdm_fail(error, "an item of the list is empty");
    else if (!item)
        no_memory(error);
    return item;
}

// ---- values ------------------------------------------------------------------------------------

// What a text is as a number; where the attribute has no dimension, in any that reads it.
static void measure(const struct tdm_attribute *attribute, struct tdm_grid_value *value)
{
    const bool sized = attribute->kind == TDM_QUANTITY;
    value->number = NAN;
    value->units = "";
    for (enum tdm_dimension d = 0; d < TDM_DIMENSIONS; d++) {
        const enum tdm_dimension dimension = sized ? attribute->dimension : d;
        if (tdm_quantity_parse(value->text, dimension, &value->number, NULL) == 0) {
            value->units = tdm_dimension_unit(dimension);
            return;
        }
        value->number = NAN;
        if (sized)
            return;
    }
}

static int add_value(struct tdm_grid *grid, struct tdm_grid_vary *vary,
                     const struct tdm_attribute *attribute, const char *text,
                     struct tdm_error *error)
{
    if (vary->count == TDM_GRID_MOST_TASKS || strlen(text) > LONGEST_VALUE)
        return tdm_fail(error, "at most %d values of %d letters", TDM_GRID_MOST_TASKS,
                        LONGEST_VALUE);
    struct tdm_grid_value *value =
        tdm_arena_push(grid->arena, (void **)&vary->items, &vary->count, sizeof *value);
    if (!value)
        return no_memory(error);
    value->text = text;
    measure(attribute, value);
    return 0;
}

static int read_list(struct tdm_grid *grid, struct tdm_grid_vary *vary,
                     const struct tdm_attribute *attribute, struct tdm_error *error)
{
    const char separator = strchr(vary->values, ';') ? ';' : ',';
    const char *rest = vary->values;
    do {
        char *text = next_item(&rest, separator, grid->arena, error);
        if (!text || add_value(grid, vary, attribute, text, error))
            return -1;
    } while (*rest);
    const size_t length = strlen(vary->values);
    return vary->values[length - 1] != separator
               ? 0
               : tdm_fail(error, "the list ends with a separator");
}

static double between(double from, double to, double share, int scale)
{
    return scale == TDM_LOG ? from * pow(to / from, share) : from + (to - from) * share;
}

static int read_range(struct tdm_grid *grid, struct tdm_grid_vary *vary,
                      const struct tdm_attribute *attribute, struct tdm_error *error)
{
    const bool whole = attribute->kind == TDM_INTEGER;
    const enum tdm_dimension dimension = whole ? TDM_PLAIN : attribute->dimension;
    double from, to;
    if (!whole && attribute->kind != TDM_QUANTITY)
        return tdm_fail(error, "a range is of numbers; write values=\"…\" here");
    if (tdm_quantity_parse(vary->from, dimension, &from, error) ||
        tdm_quantity_parse(vary->to, dimension, &to, error))
        return -1;
    if (vary->scale == TDM_LOG && !(from > 0 && to > 0))
        return tdm_fail(error, "equal ratios need a range above zero");
    for (int64_t i = 0; i < vary->steps; i++) {
        char text[64] = "";
        const double x = between(from, to, (double)i / (double)(vary->steps - 1), vary->scale);
        if (whole)
            snprintf(text, sizeof text, "%.0f", x);
        else
            tdm_quantity_format(x, dimension, DIGITS, text, sizeof text);
        const char *kept = i == 0                 ? vary->from
                           : i == vary->steps - 1 ? vary->to
                                                  : tdm_arena_strdup(grid->arena, text);
        if (!kept)
            return no_memory(error);
        if (add_value(grid, vary, attribute, kept, error))
            return -1;
    }
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_values(const struct tdm_grid_vary *vary, struct tdm_error *error)
{
    const char **texts = malloc(vary->count * sizeof *texts);
    int status = 0;
    if (!texts)
        return no_memory(error);
    for (size_t i = 0; i < vary->count; i++)
        texts[i] = vary->items[i].text;
    qsort(texts, vary->count, sizeof *texts, by_text);
    for (size_t i = 1; i < vary->count && status == 0; i++)
        if (strcmp(texts[i - 1], texts[i]) == 0)
            status = tdm_fail(error, "the value '%.64s' is there twice", texts[i]);
    free(texts);
    return status;
}

static int read_values(struct tdm_grid *grid, struct tdm_grid_vary *vary,
                       const struct tdm_attribute *attribute, struct tdm_error *error)
{
    const bool range = vary->from || vary->to || vary->steps;
    if (!vary->values && !range)
        return tdm_fail(error, "no values: write values=\"…\", or from, to and steps");
    if (vary->values && range)
        return tdm_fail(error, "either values, or from, to and steps");
    if (range && !(vary->from && vary->to && vary->steps))
        return tdm_fail(error, "a range needs from, to and steps");
    if (vary->values ? read_list(grid, vary, attribute, error)
                     : read_range(grid, vary, attribute, error))
        return -1;
    return check_values(vary, error);
}

// ---- paths -------------------------------------------------------------------------------------

// The attribute that a path means, by the tables of the scenario.
static const struct tdm_attribute *find_attribute(const struct tdm_xml_path *path,
                                                  struct tdm_error *error)
{
    const struct tdm_element *element = &tdm_scenario_schema;
    for (int i = 0; i < path->step_count; i++) {
        const struct tdm_xml_step *step = &path->steps[i];
        element = tdm_schema_child(element, step->element, error);
        if (!element || (step->key && !tdm_schema_attribute(element, step->key, error)))
            return NULL;
    }
    if (path->step_count == 0 && strcmp(path->attribute, "seed") == 0) {
        tdm_fail(error, "seeds are said by seed and seeds of the <grid>");
        return NULL;
    }
    return tdm_schema_attribute(element, path->attribute, error);
}

// Tries the settings so far on the scenario's own text, so that a path that means nothing there is
// told by its own line.
static int try_settings(const struct tdm_grid *grid, const struct tdm_xml_setting *settings,
                        size_t count, struct tdm_error *error)
{
    size_t length;
    char *text = tdm_xml_set(grid->base, grid->base_length, grid->base_path, settings, count,
                             &length, error);
    free(text);
    return text ? 0 : -1;
}

static int check_name(const struct tdm_grid *grid, size_t index, struct tdm_error *error)
{
    const char *name = grid->varies[index].name;
    if (strchr(name, '/') || !name[strspn(name, ".")])
        return tdm_fail(error, "the name '%.64s' should be letters, digits and ._-+:", name);
    for (size_t i = 0; i < index; i++)
        if (strcmp(grid->varies[i].name, name) == 0)
            return tdm_fail(error,
                            "two <vary> have the name '%.64s', the first on line %ld; give "
                            "this one a name of its own",
                            name, grid->varies[i].place.line);
    return 0;
}

static int resolve_vary(struct tdm_grid *grid, size_t index, struct tdm_xml_setting *settings,
                        struct tdm_error *error)
{
    struct tdm_grid_vary *vary = &grid->varies[index];
    if (tdm_xml_path_read(&vary->path, vary->set, grid->arena, error))
        return -1;
    const struct tdm_attribute *attribute = find_attribute(&vary->path, error);
    if (!attribute)
        return -1;
    if ((double)vary->steps * (double)grid->count > TDM_GRID_MOST_TASKS)
        return tdm_fail(error, "more than %d tasks", TDM_GRID_MOST_TASKS);
    if (read_values(grid, vary, attribute, error))
        return -1;
    grid->count *= vary->count;
    if (grid->count > TDM_GRID_MOST_TASKS)
        return tdm_fail(error, "more than %d tasks", TDM_GRID_MOST_TASKS);
    if (!vary->name)
        vary->name = attribute->name;
    settings[index] = (struct tdm_xml_setting){&vary->path, vary->items[0].text};
    return check_name(grid, index, error) ? -1 : try_settings(grid, settings, index + 1, error);
}

static int resolve_paths(struct tdm_grid *grid, struct tdm_error *error)
{
    struct tdm_xml_setting settings[2 * TDM_GRID_VARIES];
    struct tdm_error why = {0};
    grid->count = 1; // of combinations so far
    for (size_t i = 0; i < grid->vary_count; i++)
        if (resolve_vary(grid, i, settings, &why))
            return fail_vary(grid, grid->varies[i].place, grid->varies[i].set, why.message, error);
    for (size_t i = 0; i < grid->fix_count; i++) {
        struct tdm_grid_fix *fix = &grid->fixes[i];
        settings[grid->vary_count + i] = (struct tdm_xml_setting){&fix->path, fix->value};
        if (tdm_xml_path_read(&fix->path, fix->set, grid->arena, &why) ||
            !find_attribute(&fix->path, &why) ||
            try_settings(grid, settings, grid->vary_count + i + 1, &why))
            return fail_vary(grid, fix->place, fix->set, why.message, error);
    }
    return 0;
}

// ---- loading -----------------------------------------------------------------------------------

static int split_policies(struct tdm_grid *grid, struct tdm_error *error)
{
    const char *rest = grid->policies;
    do {
        char *name = next_item(&rest, ',', grid->arena, error);
        if (!name)
            return -1;
        for (size_t i = 0; i < grid->policy_count; i++)
            if (strcmp(grid->policy[i], name) == 0)
                return tdm_fail(error, "the policy '%.64s' is there twice", name);
        const char **slot =
            tdm_arena_push(grid->arena, (void **)&grid->policy, &grid->policy_count, sizeof *slot);
        if (!slot)
            return no_memory(error);
        *slot = name;
    } while (*rest);
    return 0;
}

// The scenario must be one by the tables, for its own seed; what it names is not looked at.
static int read_base(struct tdm_grid *grid, struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_MEMORY);
    const struct tdm_scenario *scenario =
        arena ? tdm_schema_read_text(&tdm_scenario_schema, grid->base, grid->base_length,
                                     grid->base_path, arena, error)
              : NULL;
    if (!arena)
        no_memory(error);
    if (scenario && !grid->seed)
        grid->seed = scenario->seed;
    tdm_arena_free(arena);
    return scenario ? 0 : -1;
}

static int count_tasks(struct tdm_grid *grid, struct tdm_error *error)
{
    const double count = (double)grid->count * (double)grid->policy_count * (double)grid->seeds;
    if (count > TDM_GRID_MOST_TASKS)
        return tdm_fail(error, "%.0f tasks; at most %d", count, TDM_GRID_MOST_TASKS);
    grid->count = (size_t)count;
    return 0;
}

static int resolve(struct tdm_grid *grid, struct tdm_error *error)
{
    struct tdm_error why = {0};
    if (read_base(grid, error) || resolve_paths(grid, error))
        return -1;
    if (split_policies(grid, &why) || count_tasks(grid, &why))
        return tdm_fail_at(error, grid->path, grid->place.line, grid->place.column, "%s",
                           why.message);
    return 0;
}

static struct tdm_grid *read_grid(const char *text, size_t length, const char *path,
                                  struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_MEMORY);
    struct tdm_grid *grid = NULL;
    if (!arena)
        no_memory(error);
    else
        grid = tdm_schema_read_text(&tdm_grid_schema, text, length, path, arena, error);
    if (!grid) {
        tdm_arena_free(arena);
        return NULL;
    }
    grid->arena = arena;
    grid->path = tdm_arena_strdup(arena, path);
    return grid;
}

static struct tdm_grid *finish(struct tdm_grid *grid, const char *base, size_t base_length,
                               const char *base_path, struct tdm_error *error)
{
    grid->base = tdm_arena_strndup(grid->arena, base, base_length);
    grid->base_length = base_length;
    grid->base_path = tdm_arena_strdup(grid->arena, base_path);
    if (grid->path && grid->base && grid->base_path) {
        if (resolve(grid, error) == 0)
            return grid;
    } else {
        no_memory(error);
    }
    tdm_grid_free(grid);
    return NULL;
}

struct tdm_grid *tdm_grid_of_text(const char *text, size_t length, const char *path,
                                  const char *base, size_t base_length, const char *base_path,
                                  struct tdm_error *error)
{
    struct tdm_grid *grid = read_grid(text, length, path, error);
    return grid ? finish(grid, base, base_length, base_path, error) : NULL;
}

static const char *find_scenario(const struct tdm_grid *grid, struct tdm_error *error)
{
    struct tdm_error why = {0};
    const char *beside = tdm_library_beside(grid->path, grid->scenario, grid->arena);
    const char *path = beside ? tdm_library_find("scenarios", beside, grid->arena, &why) : NULL;
    if (!path)
        tdm_fail_at(error, grid->path, grid->place.line, grid->place.column, "%s",
                    beside ? why.message : "out of memory");
    return path;
}

struct tdm_grid *tdm_grid_load(const char *name_or_path, struct tdm_error *error)
{
    size_t length;
    struct tdm_arena *arena = tdm_arena_new(MOST_MEMORY);
    const char *path = arena ? tdm_library_find("grids", name_or_path, arena, error) : NULL;
    char *text = path ? tdm_file_read(path, &length, error) : NULL;
    struct tdm_grid *grid = text ? read_grid(text, length, path, error) : NULL;
    if (!arena)
        no_memory(error);
    free(text);
    tdm_arena_free(arena);
    const char *base_path = grid ? find_scenario(grid, error) : NULL;
    char *base = base_path ? tdm_file_read(base_path, &length, error) : NULL;
    if (!base) {
        tdm_grid_free(grid);
        return NULL;
    }
    grid = finish(grid, base, length, base_path, error);
    free(base);
    return grid;
}

void tdm_grid_free(struct tdm_grid *grid)
{
    if (grid)
        tdm_arena_free(grid->arena);
}

// ---- tasks -------------------------------------------------------------------------------------

void tdm_grid_task(const struct tdm_grid *grid, size_t index, struct tdm_grid_task *task)
{
    size_t rest = index - 1;
    const size_t seeds = (size_t)grid->seeds;
    *task = (struct tdm_grid_task){.index = index, .seed = (uint64_t)grid->seed + rest % seeds};
    rest /= seeds;
    task->policy = grid->policy[rest % grid->policy_count];
    rest /= grid->policy_count;
    for (size_t i = grid->vary_count; i-- > 0;) {
        const struct tdm_grid_vary *vary = &grid->varies[i];
        task->values[i] = &vary->items[rest % vary->count];
        rest /= vary->count;
    }
}

char *tdm_grid_task_text(const struct tdm_grid *grid, const struct tdm_grid_task *task, char *text,
                         size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < grid->vary_count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %s, ", grid->varies[i].name,
                                 task->values[i]->text);
    if (used < size)
        snprintf(text + used, size - used, "policy %s, seed %llu", task->policy,
                 (unsigned long long)task->seed);
    return text;
}

char *tdm_grid_scenario(const struct tdm_grid *grid, const struct tdm_grid_task *task,
                        size_t *length, struct tdm_error *error)
{
    struct tdm_xml_setting settings[2 * TDM_GRID_VARIES];
    size_t count = 0;
    for (size_t i = 0; i < grid->vary_count; i++)
        settings[count++] = (struct tdm_xml_setting){&grid->varies[i].path, task->values[i]->text};
    for (size_t i = 0; i < grid->fix_count; i++)
        settings[count++] = (struct tdm_xml_setting){&grid->fixes[i].path, grid->fixes[i].value};
    return tdm_xml_set(grid->base, grid->base_length, grid->base_path, settings, count, length,
                       error);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as a grid over a scenario: up to the first zero byte the grid, behind it the scenario
 * (none: a fixed one). What is taken has tasks whose scenarios differ from the one they come from
 * in nothing but the attributes that the grid names.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "model/grid.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char usual[] =
    "<?xml version='1.0'?><!-- <link/> -->\n<scenario name='s' duration='1 s'>\n"
    "<board id='nano' type='nano'/><board id=\"tx2\" type='tx2' />"
    "<link from='nano' to='c' trace='wifi-weak'/><link from='tx2' to='c' up='1 Mbit/s'></link>"
    "<stream board='nano' dnn='d' rate='1 /s'/><knobs/></scenario>";

// What a document says: its elements, and which of their attributes are named by `grid`.
struct told {
    const struct tdm_grid *grid;
    uint64_t elements;     // and the attributes that no path names
    size_t attributes, ok; // of those that one names: how many, and how many have a task's value
    const struct tdm_grid_task *task;
};

static bool is_named(const struct tdm_grid *grid, const char *attribute)
{
    for (size_t i = 0; i < grid->vary_count; i++)
        if (strcmp(grid->varies[i].path.attribute, attribute) == 0)
            return true;
    for (size_t i = 0; i < grid->fix_count; i++)
        if (strcmp(grid->fixes[i].path.attribute, attribute) == 0)
            return true;
    return false;
}

static int on_start(void *context, struct tdm_place place, const char *element,
                    const char *const *attributes, struct tdm_error *error)
{
    struct told *told = context;
    (void)place, (void)error;
    told->elements = tdm_hash_text(told->elements, element);
    for (; *attributes; attributes += 2) {
        if (!is_named(told->grid, attributes[0])) {
            told->elements = tdm_hash_text(told->elements, attributes[0]);
            told->elements = tdm_hash_text(told->elements, attributes[1]);
            continue;
        }
        told->attributes++;
        for (size_t i = 0; i < told->grid->vary_count && told->task; i++)
            if (strcmp(told->grid->varies[i].path.attribute, attributes[0]) == 0 &&
                strcmp(told->task->values[i]->text, attributes[1]) == 0) {
                told->ok++;
                break;
            }
    }
    return 0;
}

static int on_end(void *context, struct tdm_place place, const char *element,
                  struct tdm_error *error)
{
    struct told *told = context;
    (void)place, (void)element, (void)error;
    told->elements = tdm_hash_text(told->elements, "/");
    return 0;
}

static struct told listen(const struct tdm_grid *grid, const struct tdm_grid_task *task,
                          const char *text, size_t length)
{
    static const struct tdm_xml_callbacks callbacks = {.start = on_start, .end = on_end};
    struct told told = {.grid = grid, .task = task, .elements = TDM_HASH_START};
    struct tdm_error error = {0};
    const int status = tdm_xml_read_text(text, length, "fuzz", &callbacks, &told, &error);
    assert(status == 0);
    return told;
}

static void check_task(const struct tdm_grid *grid, size_t index)
{
    struct tdm_grid_task task;
    struct tdm_error error = {0};
    char words[64];
    size_t length;
    tdm_grid_task(grid, index, &task);
    assert(strlen(tdm_grid_task_text(grid, &task, words, sizeof words)) < sizeof words);
    char *text = tdm_grid_scenario(grid, &task, &length, &error);
    assert(text && strlen(text) <= length);
    const struct told before = listen(grid, NULL, grid->base, grid->base_length);
    const struct told after = listen(grid, &task, text, length);
    assert(before.elements == after.elements);
    assert(after.ok >= grid->vary_count);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size ? memchr(data, 0, size) : NULL;
    const size_t length = zero ? (size_t)(zero - data) : size;
    const char *base = zero ? (const char *)zero + 1 : usual;
    const size_t base_length = zero ? size - length - 1 : sizeof usual - 1;
    struct tdm_error error = {0};
    struct tdm_grid *grid = tdm_grid_of_text((const char *)data, length, "fuzz/grid.xml", base,
                                             base_length, "fuzz/scenario.xml", &error);
    if (!grid) {
        assert(error.message[0]);
        return 0;
    }
    assert(grid->count > 0 && grid->count <= TDM_GRID_MOST_TASKS);
    check_task(grid, 1);
    check_task(grid, grid->count);
    check_task(grid, grid->count / 2 + 1);
    tdm_grid_free(grid);
    return 0;
}

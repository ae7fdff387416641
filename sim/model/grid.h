// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A grid: one scenario in many variants, each under several policies and seeds. A task is one of
 * them all, numbered from 1; seeds change fastest, then policies, then what is varied, the last
 * one first.
 */
#ifndef TDM_MODEL_GRID_H
#define TDM_MODEL_GRID_H

#include "core/schema.h"
#include "core/xml_set.h"

enum { TDM_GRID_VARIES = 16, TDM_GRID_MOST_TASKS = 1000000 };

/** One value of what is varied. */
struct tdm_grid_value {
    const char *text;  /**< as it goes into the scenario */
    double number;     /**< the same in SI; NAN: no number */
    const char *units; /**< of `number`; "" for none */
};

/** An attribute of the scenario that is varied. */
struct tdm_grid_vary {
    struct tdm_place place;
    const char *name; /**< never NULL once loaded */
    const char *set;
    const char *values; /**< the list as written, or NULL and the range that follows */
    const char *from, *to;
    int64_t steps;
    int scale; /**< enum tdm_grid_scale */

    struct tdm_xml_path path;
    struct tdm_grid_value *items;
    size_t count;
};
enum tdm_grid_scale { TDM_LINEAR, TDM_LOG };

/** An attribute of the scenario that is another in every task. */
struct tdm_grid_fix {
    struct tdm_place place;
    const char *set;
    const char *value; /**< NULL: the attribute goes away */

    struct tdm_xml_path path;
};

struct tdm_grid {
    struct tdm_place place;
    const char *name, *title;
    const char *scenario; /**< name or path, as written */
    const char *policies; /**< the list as written */
    int64_t seed;         /**< the first; as written 0: the scenario's, which it is once loaded */
    int64_t seeds;
    struct tdm_grid_vary *varies;
    size_t vary_count;
    struct tdm_grid_fix *fixes;
    size_t fix_count;

    const char **policy; /**< the list cut up */
    size_t policy_count;
    size_t count;          /**< of tasks */
    const char *path;      /**< of the grid's file */
    const char *base_path; /**< path of the scenario's file */
    const char *base;      /**< its text */
    size_t base_length;
    struct tdm_arena *arena;
};

extern const struct tdm_element tdm_grid_schema;

/** Reads a file, or one of platforms/grids by name, and the text of the scenario that it names.
 * NULL with `error`. The caller frees it. */
struct tdm_grid *tdm_grid_load(const char *name_or_path, struct tdm_error *error);
/** The same of texts (copied), for a file `path` and a scenario of the file `base_path`. */
struct tdm_grid *tdm_grid_of_text(const char *text, size_t length, const char *path,
                                  const char *base, size_t base_length, const char *base_path,
                                  struct tdm_error *error);
void tdm_grid_free(struct tdm_grid *grid);

/** What a task is; the pointers are the grid's. */
struct tdm_grid_task {
    size_t index; /**< from 1 */
    const char *policy;
    uint64_t seed;
    const struct tdm_grid_value *values[TDM_GRID_VARIES]; /**< one for each of `varies` */
};
void tdm_grid_task(const struct tdm_grid *grid, size_t index, struct tdm_grid_task *task);

/** Writes "bandwidth 1 Mbit/s, rate 2 /s, policy oracle, seed 3". Returns `text`. */
char *tdm_grid_task_text(const struct tdm_grid *grid, const struct tdm_grid_task *task, char *text,
                         size_t size);

/** The text of a task's scenario, which the caller frees; NULL with `error`. */
char *tdm_grid_scenario(const struct tdm_grid *grid, const struct tdm_grid_task *task,
                        size_t *length, struct tdm_error *error);

/**
 * A number for each task (there are grid->count) that stands for all that its record depends on:
 * version, engine, policy, seed, the scenario's text, what is in the files that those name, and
 * what the record says of the grid. -1 with `error`.
 */
int tdm_grid_keys(const struct tdm_grid *grid, const char *engine, int64_t *keys,
                  struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/store.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/learn/adam.h"
#include "policies/learn/mlp.h"
#include "policies/learn/replay.h"

enum { LONGEST = 512 };

static const char *join(const struct tdm_store *store, const char *name, char *path)
{
    snprintf(path, LONGEST, "%s/%s", store->path, name);
    return path;
}

void tdm_store_refuse(struct tdm_store *store, const char *name, const char *format, ...)
{
    if (store->failed)
        return;
    char path[LONGEST], text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    store->failed = true;
    tdm_fail_at(store->error, tdm_h5_file(store->file), 0, 0, "'%.200s' %s",
                join(store, name, path), text);
}

// ---- attributes --------------------------------------------------------------------------------

void tdm_store_integer(struct tdm_store *store, const char *name, int64_t *value, int64_t low,
                       int64_t high)
{
    if (store->failed)
        return;
    if (store->writes) {
        store->failed =
            tdm_h5_put_integer(store->file, store->path, name, *value, store->error) != 0;
        return;
    }
    if (tdm_h5_get_integer(store->file, store->path, name, value, store->error))
        store->failed = true;
    else if (*value < low || *value > high)
        tdm_store_refuse(store, name, "is %lld, and must be from %lld to %lld", (long long)*value,
                         (long long)low, (long long)high);
}

void tdm_store_number(struct tdm_store *store, const char *name, double *value, double low,
                      double high)
{
    if (store->failed)
        return;
    if (store->writes) {
        store->failed =
            tdm_h5_put_double(store->file, store->path, name, *value, store->error) != 0;
        return;
    }
    if (tdm_h5_get_double(store->file, store->path, name, value, store->error))
        store->failed = true;
    else if (!(*value >= low && *value <= high))
        tdm_store_refuse(store, name, "is %g, and must be from %g to %g", *value, low, high);
}

// ---- arrays ------------------------------------------------------------------------------------

static bool all_finite(enum tdm_h5_type type, const void *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (type == TDM_H5_FLOAT ? !isfinite(((const float *)values)[i])
                                 : type == TDM_H5_DOUBLE && !isfinite(((const double *)values)[i]))
            return false;
    return true;
}

static void read_array(struct tdm_store *store, const char *name, enum tdm_h5_type type,
                       void *values, size_t rows, size_t columns)
{
    char path[LONGEST];
    size_t shape[TDM_H5_RANK];
    const int rank = tdm_h5_shape(store->file, join(store, name, path), shape, store->error);
    if (rank < 0) {
        store->failed = true;
        return;
    }
    if (rank != 2 || shape[0] != rows || shape[1] != columns) {
        tdm_store_refuse(store, name, "has not the shape that is needed, %zu x %zu", rows, columns);
        return;
    }
    if (tdm_h5_get_array(store->file, path, type, rows * columns, values, store->error))
        store->failed = true;
    else if (!all_finite(type, values, rows * columns))
        tdm_store_refuse(store, name, "holds numbers that are not finite");
}

void tdm_store_array(struct tdm_store *store, const char *name, enum tdm_h5_type type, void *values,
                     size_t rows, size_t columns, const char *description)
{
    if (store->failed)
        return;
    if (!store->writes) {
        read_array(store, name, type, values, rows, columns);
        return;
    }
    char path[LONGEST];
    const size_t shape[] = {rows, columns};
    const struct tdm_h5_about about = {NULL, description};
    store->failed = tdm_h5_put_array(store->file, join(store, name, path), type, 2, shape, values,
                                     &about, store->error) != 0;
}

void tdm_store_random(struct tdm_store *store, const char *name, struct tdm_random *random)
{
    tdm_store_array(store, name, TDM_H5_UINT64, random->state, 1, 4,
                    "state of a random stream, xoshiro256++");
    const uint64_t *s = random->state;
    if (!store->failed && !(s[0] | s[1] | s[2] | s[3]))
        tdm_store_refuse(store, name, "is no state of a random stream: all are zero");
}

// ---- parts of learners -------------------------------------------------------------------------

static const char *sizes_text(const int32_t *sizes, size_t count, char *text, size_t room)
{
    size_t at = 0;
    text[0] = '\0';
    for (size_t i = 0; i < count && at < room; i++)
        at += (size_t)snprintf(text + at, room - at, i ? "-%d" : "%d", sizes[i]);
    return text;
}

// The sizes that the file has, if they are as many as a network can have.
static void check_sizes(struct tdm_store *store, const char *name, const int32_t *needed,
                        size_t count)
{
    char path[LONGEST], has[128] = "none", needs[128];
    int32_t sizes[TDM_MLP_LAYERS + 1] = {0};
    size_t shape[TDM_H5_RANK] = {0};
    const int rank = tdm_h5_shape(store->file, join(store, name, path), shape, store->error);
    if (rank != 2 || shape[0] != 1 || shape[1] > TDM_MLP_LAYERS + 1) {
        store->failed = rank < 0;
        tdm_store_refuse(store, name, "is no list of layers");
        return;
    }
    if (tdm_h5_get_array(store->file, path, TDM_H5_INT32, shape[1], sizes, store->error)) {
        store->failed = true;
        return;
    }
    if (shape[1] != count || memcmp(sizes, needed, count * sizeof *sizes) != 0)
        tdm_store_refuse(store, name, "says %s, but %s is needed",
                         sizes_text(sizes, shape[1], has, sizeof has),
                         sizes_text(needed, count, needs, sizeof needs));
}

void tdm_store_mlp(struct tdm_store *store, const char *name, struct tdm_mlp *mlp,
                   const char *description)
{
    if (store->failed)
        return;
    char part[64];
    snprintf(part, sizeof part, "%s_layers", name);
    int32_t sizes[TDM_MLP_LAYERS + 1] = {0};
    const size_t count = (size_t)mlp->layers + 1;
    for (size_t i = 0; i < count; i++)
        sizes[i] = mlp->sizes[i];
    if (store->writes)
        tdm_store_array(store, part, TDM_H5_INT32, sizes, 1, count, "values in, between, and out");
    else
        check_sizes(store, part, sizes, count);
    tdm_store_array(store, name, TDM_H5_FLOAT, mlp->parameters, 1, mlp->count, description);
}

static void check_squares(struct tdm_store *store, const char *name, const struct tdm_adam *adam)
{
    for (size_t i = 0; i < adam->count && !store->failed; i++)
        if (adam->square[i] < 0)
            tdm_store_refuse(store, name, "holds squares below zero");
}

void tdm_store_adam(struct tdm_store *store, const char *name, struct tdm_adam *adam)
{
    char part[64];
    snprintf(part, sizeof part, "%s_steps", name);
    tdm_store_integer(store, part, &adam->steps, 0, INT64_MAX / 2);
    snprintf(part, sizeof part, "%s_mean", name);
    tdm_store_array(store, part, TDM_H5_FLOAT, adam->mean, 1, adam->count,
                    "Adam's mean of the gradients");
    snprintf(part, sizeof part, "%s_square", name);
    tdm_store_array(store, part, TDM_H5_FLOAT, adam->square, 1, adam->count,
                    "Adam's mean of their squares");
    if (!store->failed)
        check_squares(store, part, adam);
}

static void check_actions(struct tdm_store *store, const struct tdm_replay *replay,
                          const int *levels)
{
    for (size_t i = 0; i < replay->count * replay->branches && !store->failed; i++) {
        const int32_t action = replay->actions[i];
        if (action < 0 || action >= levels[i % replay->branches])
            tdm_store_refuse(store, "replay_actions", "holds %d, and branch %zu has %d levels",
                             action, i % replay->branches, levels[i % replay->branches]);
    }
}

static void store_priorities(struct tdm_store *store, struct tdm_replay *replay)
{
    double *leaves = replay->sums + replay->leaves;
    tdm_store_number(store, "replay_highest", &replay->highest, 1e-300, 1e300);
    tdm_store_array(store, "replay_priorities", TDM_H5_DOUBLE, leaves, replay->count, 1,
                    "priorities of the transitions remembered");
    for (size_t i = 0; i < replay->count && !store->failed; i++)
        if (!(leaves[i] > 0 && leaves[i] <= replay->highest))
            tdm_store_refuse(store, "replay_priorities", "holds %g, and the highest is %g",
                             leaves[i], replay->highest);
    if (!store->failed)
        tdm_replay_restore(replay);
}

void tdm_store_replay(struct tdm_store *store, struct tdm_replay *replay, const int *levels)
{
    int64_t capacity = (int64_t)replay->capacity, count = (int64_t)replay->count,
            next = (int64_t)replay->next;
    tdm_store_integer(store, "replay_capacity", &capacity, capacity, capacity);
    tdm_store_integer(store, "replay_count", &count, 0, capacity);
    tdm_store_integer(store, "replay_next", &next, 0, capacity - 1);
    if (!store->failed && count < capacity && next != count)
        tdm_store_refuse(store, "replay_next", "is %lld with %lld transitions remembered",
                         (long long)next, (long long)count);
    if (store->failed)
        return;
    replay->count = (size_t)count;
    replay->next = (size_t)next;
    if (!count)
        return;
    tdm_store_array(store, "replay", TDM_H5_FLOAT, replay->memory, replay->count,
                    2 * replay->width + 2, "observation, next observation, reward, discount");
    tdm_store_array(store, "replay_actions", TDM_H5_INT32, replay->actions, replay->count,
                    replay->branches, "levels chosen, one a branch");
    check_actions(store, replay, levels);
    if (replay->sums)
        store_priorities(store, replay);
}

void tdm_store_edges(struct tdm_store *store, int32_t *counts, size_t inputs, float *edges,
                     size_t total)
{
    tdm_store_array(store, "edge_counts", TDM_H5_INT32, counts, 1, inputs,
                    "edges between bins of each input");
    if (total)
        tdm_store_array(store, "edges", TDM_H5_FLOAT, edges, 1, total,
                        "edges of all inputs in a row");
}

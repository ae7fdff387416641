// SPDX-License-Identifier: GPL-3.0-or-later
/* Learners to files and back: the part of learner.h that is the same for all types. */
#include "policies/learn/learner.h"

#include <assert.h>
#include <stdlib.h>

enum { FORMAT = 1 }; // of what is saved

// What the last update saw is not kept: nothing that follows depends on it.
static void store_counters(struct tdm_learner *learner, struct tdm_store *store)
{
    struct tdm_learn_health *health = &learner->health;
    tdm_store_integer(store, "steps", &health->steps, 0, INT64_MAX / 4);
    tdm_store_integer(store, "discarded", &health->discarded, 0, INT64_MAX / 4);
    tdm_store_integer(store, "updates", &health->updates, 0, INT64_MAX / 4);
    tdm_store_integer(store, "refused", &health->refused, 0, INT64_MAX / 4);
    tdm_store_integer(store, "due", &learner->due, 0, TDM_LEARN_DUE);
    if (!learner->type->update && learner->due)
        tdm_store_refuse(store, "due", "is %lld, and must be 0 here", (long long)learner->due);
}

static void store_head(struct tdm_store *store, int64_t *type, int64_t *whole,
                       struct tdm_learn_shape *shape)
{
    int64_t format = FORMAT, observation = shape->observation, branches = shape->branches;
    tdm_store_integer(store, "format", &format, FORMAT, FORMAT);
    tdm_store_integer(store, "learner", type, 0, INT32_MAX);
    tdm_store_integer(store, "whole", whole, 0, 1);
    tdm_store_integer(store, "observation", &observation, 1, TDM_LEARN_WIDEST);
    tdm_store_integer(store, "branches", &branches, 1, TDM_LEARN_BRANCHES);
    if (store->failed)
        return;
    shape->observation = (int)observation;
    shape->branches = (int)branches;
    tdm_store_array(store, "levels", TDM_H5_INT32, shape->levels, 1, (size_t)branches,
                    "levels of each knob");
}

static int save_all(struct tdm_learner *learner, struct tdm_store *store, bool whole)
{
    int64_t type = learner->type->id, all = whole;
    store_head(store, &type, &all, &learner->shape);
    tdm_learn_options_store(&learner->options, store);
    learner->type->store(learner, store, whole);
    if (whole)
        store_counters(learner, store);
    return store->failed ? -1 : 0;
}

int tdm_learner_save(struct tdm_learner *learner, struct tdm_h5 *file, const char *path, bool whole,
                     struct tdm_error *error)
{
    assert(learner->learns || !whole);
    struct tdm_store store = {.file = file, .path = path, .writes = true, .error = error};
    if (tdm_h5_group(file, path, error))
        return -1;
    return save_all(learner, &store, whole);
}

static const struct tdm_learner_type *type_of(struct tdm_store *store, int64_t id)
{
    for (const struct tdm_learner_type *const *type = tdm_learners; *type; type++)
        if ((*type)->id == id)
            return *type;
    tdm_store_refuse(store, "learner", "is %lld, which no learner here is", (long long)id);
    return NULL;
}

static const struct tdm_learner_type *load_head(struct tdm_store *store,
                                                struct tdm_learn_shape *shape, bool whole)
{
    int64_t id = 0, all = 0;
    *shape = (struct tdm_learn_shape){.observation = 1, .branches = 1};
    store_head(store, &id, &all, shape);
    if (!store->failed && whole && !all)
        tdm_store_refuse(store, "whole", "is 0: the file can act, but not go on learning");
    return store->failed ? NULL : type_of(store, id);
}

static void check_same(struct tdm_store *store, const struct tdm_learner *learner,
                       const struct tdm_learner_type *type, const struct tdm_learn_shape *shape)
{
    const struct tdm_learn_shape *own = &learner->shape;
    if (type != learner->type)
        tdm_store_refuse(store, "learner", "is of a %s, not of a %s", type->name,
                         learner->type->name);
    if (shape->observation != own->observation)
        tdm_store_refuse(store, "observation", "is %d, but observations have %d numbers here",
                         shape->observation, own->observation);
    if (shape->branches != own->branches)
        tdm_store_refuse(store, "branches", "is %d, but there are %d knobs here", shape->branches,
                         own->branches);
    for (int b = 0; b < own->branches; b++)
        if (shape->levels[b] != own->levels[b])
            tdm_store_refuse(store, "levels", "has %d for knob %d, which has %d levels here",
                             shape->levels[b], b, own->levels[b]);
}

int tdm_learner_load(struct tdm_learner *learner, struct tdm_h5 *file, const char *path, bool whole,
                     struct tdm_error *error)
{
    assert(learner->learns || !whole);
    struct tdm_store store = {.file = file, .path = path, .error = error};
    struct tdm_learn_shape shape;
    const struct tdm_learner_type *type = load_head(&store, &shape, whole);
    if (!type)
        return -1;
    check_same(&store, learner, type, &shape);
    if (!store.failed)
        learner->type->store(learner, &store, whole);
    if (whole)
        store_counters(learner, &store);
    return store.failed ? -1 : 0;
}

// Room for the edges of a table, if the file is of one, as `shape` borrows them; how many are in
// the file comes from the counts. The caller frees both.
static void load_edges(struct tdm_store *store, struct tdm_learn_shape *shape, int32_t **counts,
                       float **edges)
{
    const size_t inputs = (size_t)shape->observation;
    size_t total = 0;
    *counts = calloc(inputs, sizeof **counts);
    if (*counts)
        tdm_store_edges(store, *counts, inputs, NULL, 0);
    for (size_t i = 0; *counts && i < inputs && !store->failed; i++) {
        if ((*counts)[i] < 0 || (*counts)[i] > TDM_LEARN_EDGES)
            tdm_store_refuse(store, "edge_counts", "holds %d, and must hold 0 to %d", (*counts)[i],
                             TDM_LEARN_EDGES);
        total += (size_t)(*counts)[i];
    }
    if (store->failed)
        return;
    *edges = calloc(total + 1, sizeof **edges);
    if (!*counts || !*edges)
        tdm_store_refuse(store, "edges", "cannot be read: out of memory");
    else
        tdm_store_edges(store, *counts, inputs, *edges, total);
    shape->edge_counts = *counts;
    shape->edges = *edges;
}

struct tdm_learner *tdm_learner_read(struct tdm_h5 *file, const char *path, bool whole,
                                     struct tdm_error *error)
{
    struct tdm_store store = {.file = file, .path = path, .error = error};
    struct tdm_learn_shape shape;
    struct tdm_learn_options options;
    tdm_learn_options_default(&options);
    const struct tdm_learner_type *type = load_head(&store, &shape, whole);
    if (!type)
        return NULL;
    tdm_learn_options_store(&options, &store);
    int32_t *counts = NULL;
    float *edges = NULL;
    if (type->bins && !store.failed)
        load_edges(&store, &shape, &counts, &edges);
    struct tdm_learner *learner =
        store.failed ? NULL : tdm_learner_open(type->name, &shape, &options, whole, error);
    free(counts);
    free(edges);
    if (!learner || tdm_learner_load(learner, file, path, whole, error) == 0)
        return learner;
    tdm_learner_free(learner);
    return NULL;
}

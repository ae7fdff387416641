// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Learned policies in files. All that is read is numbers: texts lie in a part of HDF5 files that
 * the library does not check.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine/record.h"
#include "policies/learned.h"

enum { MOST_VALUES = TDM_MOST_POINTS + TDM_MOST_LEVELS };

static const struct tdm_h5_about knobs_about = {"1", "free knobs, as of tandem help environment"};
static const struct tdm_h5_about entries_about = {"1", "entries of the observation that it sees"};

static const struct tdm_h5_about *about(int knob)
{
    static const struct tdm_h5_about clock = {"Hz", "levels of the clock; -1: governed"};
    static const struct tdm_h5_about others[] = {
        [TDM_KNOB_PROCESSOR] = {"1", "processors of the board, from 0"},
        [TDM_KNOB_CUT] = {"1", "layers before the cut"},
        [TDM_KNOB_XI] = {"1", "shares that are sent"},
        [TDM_KNOB_BITS] = {"1", "bits of each value that is sent"},
        [TDM_KNOB_LINK] = {"1", "links of the board, from 0"},
        [TDM_KNOB_VERSION] = {"1", "versions of the stream's network, 0: its own"},
        [TDM_KNOB_EXIT] = {"1", "exits of the stream's network, 0: none"},
    };
    return knob <= TDM_KNOB_EMC ? &clock : &others[knob];
}

static void find_entries(const struct tdm_learned *l, int32_t *entries)
{
    for (int i = 0; i < l->inputs; i++)
        entries[i] = tdm_process_entries(l->process)[l->input[i]];
}

static void path_of(int knob, char path[64])
{
    snprintf(path, 64, "/policy/knobs/%s", tdm_knob_names[knob]);
}

static int save_knob(const struct tdm_learned *l, struct tdm_h5 *file, int i, double *values,
                     struct tdm_error *error)
{
    const struct tdm_actions *actions = tdm_process_actions(l->process);
    char path[64];
    path_of(actions->knob[i], path);
    const size_t count = (size_t)actions->levels[i];
    if (tdm_actions_values(actions, i, l->scenario, values, error))
        return -1;
    return tdm_h5_put_array(file, path, TDM_H5_DOUBLE, 1, &count, values, about(actions->knob[i]),
                            error);
}

static int save_knobs(const struct tdm_learned *l, struct tdm_h5 *file, struct tdm_error *error)
{
    const struct tdm_actions *actions = tdm_process_actions(l->process);
    double *values = malloc(MOST_VALUES * sizeof *values);
    int32_t knobs[TDM_KNOBS];
    const size_t count = (size_t)actions->count;
    for (size_t i = 0; i < count; i++)
        knobs[i] = actions->knob[i];
    int status = values ? 0 : tdm_fail(error, "out of memory");
    if (status == 0)
        status = tdm_h5_put_array(file, "/policy/knob_ids", TDM_H5_INT32, 1, &count, knobs,
                                  &knobs_about, error);
    for (int i = 0; status == 0 && i < actions->count; i++)
        status = save_knob(l, file, i, values, error);
    free(values);
    return status;
}

int tdm_learned_save(const struct tdm_learned *learned, struct tdm_h5 *file, bool whole,
                     struct tdm_error *error)
{
    int32_t entries[TDM_ENTRIES];
    const size_t count = (size_t)learned->inputs;
    find_entries(learned, entries);
    if (tdm_h5_group(file, "/policy", error) ||
        tdm_h5_put_integer(file, "/policy", "version", TDM_POLICY_VERSION, error) ||
        tdm_h5_put_integer(file, "/policy", "name_key", tdm_record_key(learned->type->name),
                           error) ||
        tdm_h5_put_text(file, "/policy", "name", learned->type->name, error) ||
        tdm_h5_put_array(file, "/policy/entries", TDM_H5_INT32, 1, &count, entries, &entries_about,
                         error) ||
        save_knobs(learned, file, error))
        return -1;
    return tdm_learner_save(learned->learner, file, "/policy/learner", whole, error);
}

// ---- reading -----------------------------------------------------------------------------------

// A short array whose length must be right. 1: it is not; -1: `error` says why.
static int read_array(struct tdm_h5 *file, const char *path, enum tdm_h5_type type, size_t count,
                      void *values, struct tdm_error *error)
{
    size_t shape[TDM_H5_RANK];
    const int rank = tdm_h5_shape(file, path, shape, error);
    if (rank < 0)
        return -1;
    if (rank != 1 || shape[0] != count)
        return 1;
    return tdm_h5_get_array(file, path, type, count, values, error);
}

static int refuse(const struct tdm_h5 *file, const char *what, const char *name,
                  struct tdm_error *error)
{
    return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                       "this policy was trained %s %s than the scenario has; train one for it with "
                       "'tandem train'",
                       what, name);
}

static int check_head(const struct tdm_learned *l, struct tdm_h5 *file, struct tdm_error *error)
{
    int64_t version, key;
    if (!tdm_h5_has(file, "/policy") || !tdm_h5_has_attribute(file, "/policy", "version") ||
        !tdm_h5_has_attribute(file, "/policy", "name_key"))
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0, "an HDF5 file, but no learned policy");
    if (tdm_h5_get_integer(file, "/policy", "version", &version, error) ||
        tdm_h5_get_integer(file, "/policy", "name_key", &key, error))
        return -1;
    if (version != TDM_POLICY_VERSION)
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                           "a policy of version %lld; this tandem reads version %d",
                           (long long)version, TDM_POLICY_VERSION);
    if (key == tdm_record_key(l->type->name))
        return 0;
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++)
        if (key == tdm_record_key((*type)->name))
            return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                               "this is a policy of '%s', not of '%s'", (*type)->name,
                               l->type->name);
    return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                       "a policy of a kind that this tandem does not know");
}

static int check_entries(const struct tdm_learned *l, struct tdm_h5 *file, struct tdm_error *error)
{
    int32_t ours[TDM_ENTRIES], theirs[TDM_ENTRIES];
    find_entries(l, ours);
    const int status =
        read_array(file, "/policy/entries", TDM_H5_INT32, (size_t)l->inputs, theirs, error);
    if (status < 0)
        return -1;
    if (status || memcmp(ours, theirs, (size_t)l->inputs * sizeof *ours) != 0)
        return refuse(file, "on other", "observations", error);
    return 0;
}

static int check_knob(const struct tdm_learned *l, struct tdm_h5 *file, int i, double *ours,
                      double *theirs, struct tdm_error *error)
{
    const struct tdm_actions *actions = tdm_process_actions(l->process);
    char path[64], what[64];
    path_of(actions->knob[i], path);
    snprintf(what, sizeof what, "levels of the knob '%s'", tdm_knob_names[actions->knob[i]]);
    const int status =
        read_array(file, path, TDM_H5_DOUBLE, (size_t)actions->levels[i], theirs, error);
    if (status < 0 || tdm_actions_values(actions, i, l->scenario, ours, error))
        return -1;
    for (int v = 0; status == 0 && v < actions->levels[i]; v++)
        if (!(fabs(ours[v] - theirs[v]) <= 1e-9 * fabs(ours[v])))
            return refuse(file, "for other", what, error);
    return status ? refuse(file, "for other", what, error) : 0;
}

static int check_knobs(const struct tdm_learned *l, struct tdm_h5 *file, struct tdm_error *error)
{
    const struct tdm_actions *actions = tdm_process_actions(l->process);
    int32_t knobs[TDM_KNOBS];
    const int length =
        read_array(file, "/policy/knob_ids", TDM_H5_INT32, (size_t)actions->count, knobs, error);
    if (length < 0)
        return -1;
    for (int i = 0; length == 0 && i < actions->count; i++)
        if (knobs[i] != actions->knob[i])
            return refuse(file, "for other", "knobs", error);
    if (length)
        return refuse(file, "for other", "knobs", error);
    double *values = malloc(2 * MOST_VALUES * sizeof *values);
    int status = values ? 0 : tdm_fail(error, "out of memory");
    for (int i = 0; status == 0 && i < actions->count; i++)
        status = check_knob(l, file, i, values, values + MOST_VALUES, error);
    free(values);
    return status;
}

// The learner knows its own shape; that must be the scenario's.
static int check_shape(const struct tdm_learned *l, const struct tdm_h5 *file,
                       struct tdm_error *error)
{
    const struct tdm_learn_shape *shape = &l->learner->shape;
    const bool same =
        strcmp(l->learner->type->name, l->type->recipe->learner) == 0 &&
        shape->observation == l->inputs && shape->branches == l->branches &&
        memcmp(shape->levels, l->levels, (size_t)l->branches * sizeof *l->levels) == 0;
    return same ? 0 : refuse(file, "in another", "shape", error);
}

int tdm_learned_load(struct tdm_learned *learned, struct tdm_h5 *file, bool whole,
                     struct tdm_error *error)
{
    if (check_head(learned, file, error) || check_entries(learned, file, error) ||
        check_knobs(learned, file, error))
        return -1;
    learned->learner = tdm_learner_read(file, "/policy/learner", whole, error);
    return learned->learner ? check_shape(learned, file, error) : -1;
}

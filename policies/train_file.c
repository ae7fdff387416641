// SPDX-License-Identifier: GPL-3.0-or-later
/* Policies and trainings in files: the learner, its curves, and where training stopped. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/partial.h"
#include "policies/train_parts.h"

enum { MOST_ROUNDS = 1 << 22 }; // that a file may have: each is a row of the curves

// ---- curves ------------------------------------------------------------------------------------

static const struct {
    const char *name;
    size_t offset; // of a double
    struct tdm_h5_about about;
} columns[] = {
    {"reward",
     offsetof(struct tdm_curve, reward),
     {"1", "mean of a round's rewards, while exploring"}},
    {"loss", offsetof(struct tdm_curve, loss), {"1", "of the round's last minibatch"}},
    {"epsilon", offsetof(struct tdm_curve, epsilon), {"1", "share of random actions"}},
    {"trial_reward",
     offsetof(struct tdm_curve, trial_reward),
     {"1", "mean reward without exploring, on runs that are not learned from"}},
    {"trial_cost", offsetof(struct tdm_curve, trial_cost), {"J", "mean cost of their requests"}},
};
static const struct tdm_h5_about steps_about = {"1", "requests decided on so far"};

static double *column_of(const struct tdm_curve *curve, size_t column)
{
    return (double *)(void *)((char *)(uintptr_t)curve + columns[column].offset);
}

static void path_of(size_t column, char path[64])
{
    snprintf(path, 64, "/learning/%s", columns[column].name);
}

static int write_curves(const struct tdm_training *t, struct tdm_h5 *file, struct tdm_error *error)
{
    const size_t count = t->curve_count;
    double *values = malloc((count + 1) * sizeof *values);
    int64_t *steps = malloc((count + 1) * sizeof *steps);
    int status = values && steps ? 0 : tdm_fail(error, "out of memory");
    for (size_t i = 0; status == 0 && i < count; i++)
        steps[i] = t->curves[i].steps;
    if (status == 0)
        status = tdm_h5_put_array(file, "/learning/steps", TDM_H5_INT64, 1, &count, steps,
                                  &steps_about, error);
    for (size_t c = 0; status == 0 && c < sizeof columns / sizeof *columns; c++) {
        char path[64];
        path_of(c, path);
        for (size_t i = 0; i < count; i++)
            values[i] = *column_of(&t->curves[i], c);
        status = tdm_h5_put_array(file, path, TDM_H5_DOUBLE, 1, &count, values, &columns[c].about,
                                  error);
    }
    free(values);
    free(steps);
    return status;
}

static int read_curves(struct tdm_training *t, struct tdm_h5 *file, struct tdm_error *error)
{
    size_t shape[TDM_H5_RANK];
    const int rank = tdm_h5_shape(file, "/learning/steps", shape, error);
    if (rank < 0)
        return -1;
    if (rank != 1 || shape[0] != (size_t)t->rounds)
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                           "'/learning/steps' is no column of %lld rows, one a round",
                           (long long)t->rounds);
    const size_t count = shape[0];
    double *values = malloc((count + 1) * sizeof *values);
    int64_t *steps = malloc((count + 1) * sizeof *steps);
    t->curves = calloc(count + 1, sizeof *t->curves);
    t->curve_room = count + 1;
    t->curve_count = count;
    int status = values && steps && t->curves ? 0 : tdm_fail(error, "out of memory");
    if (status == 0)
        status = tdm_h5_get_array(file, "/learning/steps", TDM_H5_INT64, count, steps, error);
    for (size_t i = 0; status == 0 && i < count; i++)
        t->curves[i].steps = steps[i];
    for (size_t c = 0; status == 0 && c < sizeof columns / sizeof *columns; c++) {
        char path[64];
        path_of(c, path);
        status = tdm_h5_get_array(file, path, TDM_H5_DOUBLE, count, values, error);
        for (size_t i = 0; status == 0 && i < count; i++)
            *column_of(&t->curves[i], c) = values[i];
    }
    free(values);
    free(steps);
    return status;
}

// ---- the file ----------------------------------------------------------------------------------

// What a training must have in common with the one that it goes on from.
static int64_t key_of(const struct tdm_training *t)
{
    const struct tdm_training_setup *s = &t->setup;
    uint64_t hash = tdm_hash_bytes(TDM_HASH_START, s->scenario->text, s->scenario->text_length);
    const int64_t numbers[] = {(int64_t)s->seed, s->environments, s->round, s->trial_runs};
    hash = tdm_hash_bytes(hash, numbers, sizeof numbers);
    hash = tdm_hash_bytes(hash, s->engine, strlen(s->engine));
    return (int64_t)(hash >> 1);
}

static int write_texts(const struct tdm_training *t, struct tdm_h5 *file, struct tdm_error *error)
{
    const struct tdm_training_setup *s = &t->setup;
    const struct {
        const char *name, *value;
    } texts[] = {{"format", "tandem policy"},
                 {"scenario", s->scenario->text},
                 {"scenario_name", s->scenario->name},
                 {"engine", s->engine},
                 {"command_line", s->command ? s->command : ""},
                 {"tandem_version", tdm_version()}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (tdm_h5_put_text(file, "/", texts[i].name, texts[i].value, error))
            return -1;
    return 0;
}

static int write_learning(const struct tdm_training *t, struct tdm_h5 *file,
                          struct tdm_error *error)
{
    static const char path[] = "/learning";
    if (tdm_h5_group(file, path, error) ||
        tdm_h5_put_integer(file, path, "key", key_of(t), error) ||
        tdm_h5_put_integer(file, path, "steps_done", t->steps, error) ||
        tdm_h5_put_integer(file, path, "rounds", t->rounds, error) ||
        tdm_h5_put_integer(file, path, "best_steps", t->best_steps, error) ||
        tdm_h5_put_integer(file, path, "worse", t->worse, error) ||
        tdm_h5_put_integer(file, path, "seed", (int64_t)t->setup.seed, error) ||
        tdm_h5_put_double(file, path, "best_reward", t->best_reward, error) ||
        tdm_h5_put_double(file, path, "oracle_cost", t->oracle_cost, error))
        return -1;
    return write_curves(t, file, error);
}

int tdm_training_write(const struct tdm_training *training, const char *path, bool whole,
                       struct tdm_error *error)
{
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, path, error))
        return -1;
    struct tdm_h5 *file = tdm_h5_create(partial.fd, path, error);
    int status = file ? 0 : -1;
    if (status == 0)
        status = write_texts(training, file, error) || write_learning(training, file, error) ||
                         tdm_learned_save(&training->learned, file, whole, error)
                     ? -1
                     : 0;
    if (tdm_h5_close(file, status ? NULL : error))
        status = -1;
    if (status == 0)
        return tdm_partial_commit(&partial, error);
    tdm_partial_abandon(&partial);
    return -1;
}

static int read_learning(struct tdm_training *t, struct tdm_h5 *file, struct tdm_error *error)
{
    static const char path[] = "/learning";
    int64_t key;
    if (tdm_h5_get_integer(file, path, "key", &key, error))
        return -1;
    if (key != key_of(t))
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0,
                           "this training was begun with another scenario, engine, seed or number "
                           "of environments; go on with those, or begin anew without --resume");
    if (tdm_h5_get_integer(file, path, "steps_done", &t->steps, error) ||
        tdm_h5_get_integer(file, path, "rounds", &t->rounds, error) ||
        tdm_h5_get_integer(file, path, "best_steps", &t->best_steps, error) ||
        tdm_h5_get_integer(file, path, "worse", &t->worse, error) ||
        tdm_h5_get_double(file, path, "best_reward", &t->best_reward, error) ||
        tdm_h5_get_double(file, path, "oracle_cost", &t->oracle_cost, error))
        return -1;
    if (t->steps < 0 || t->rounds < 0 || t->rounds > MOST_ROUNDS || t->worse < 0 ||
        t->worse > t->rounds || isnan(t->best_reward))
        return tdm_fail_at(error, tdm_h5_file(file), 0, 0, "'/learning' makes no sense");
    return read_curves(t, file, error);
}

int tdm_training_read(struct tdm_training *training, const char *path, struct tdm_error *error)
{
    struct tdm_h5 *file = tdm_h5_open(path, error);
    int status = file ? 0 : -1;
    if (status == 0 && (!tdm_h5_has(file, "/learning") || !tdm_h5_has(file, "/policy")))
        status = tdm_fail_at(error, path, 0, 0, "an HDF5 file, but no training to go on with");
    if (status == 0)
        status = read_learning(training, file, error);
    if (status == 0)
        status = tdm_learned_load(&training->learned, file, true, error);
    tdm_h5_close(file, NULL);
    return status;
}

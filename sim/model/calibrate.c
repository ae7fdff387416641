// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/calibrate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "core/random.h"
#include "model/calibrate_result.h"

enum { FEWEST_CLOCKS = 3, MOST_ROWS = 20000, MOST_FITS = 64 };
#define MEMORY (256ul << 20)

// ---- which rows make which fit -----------------------------------------------------------------

static int new_fit(struct tdm_calibration *c, const struct tdm_row *row, struct tdm_error *error)
{
    struct tdm_fit *fit = &c->model.fits[c->model.fit_count];
    fit->dnn = tdm_arena_strdup(c->arena, row->dnn);
    fit->mode = tdm_arena_strdup(c->arena, row->mode);
    fit->precision = tdm_arena_strdup(c->arena, row->precision);
    fit->batch = row->batch;
    if (!fit->dnn || !fit->mode || !fit->precision)
        return tdm_fail(error, "out of memory");
    struct tdm_fit_report *report = &c->reports[c->model.fit_count++];
    report->fit = fit;
    return 0;
}

/** Rows are sorted by key: a fit's rows are neighbours. */
static int group_rows(struct tdm_calibration *c, struct tdm_error *error)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct tdm_row *row = &c->rows[i];
        if (i == 0 || !tdm_row_same_key(row, &c->rows[i - 1])) {
            if (c->model.fit_count == MOST_FITS)
                return tdm_fail(error,
                                "more than %d dnns, modes, precisions and batch sizes; a "
                                "calibration takes no more at once",
                                MOST_FITS);
            if (new_fit(c, row, error))
                return -1;
        }
        struct tdm_fit_report *report = &c->reports[c->model.fit_count - 1];
        c->fit_of[i] = (int)c->model.fit_count - 1;
        report->cpu_assumed = report->cpu_assumed || row->cpu_assumed;
        if (!*row->rails)
            continue;
        if (report->rails && strcmp(report->rails, row->rails))
            return tdm_fail(error,
                            "the power of '%s' covers '%s' in some rows and '%s' in others; unlike "
                            "rails never mix: calibrate them apart",
                            row->dnn, report->rails, row->rails);
        report->rails = row->rails;
    }
    return 0;
}

/** Distinct clock settings of rows first to end - 1; stops at FEWEST_CLOCKS. */
static size_t distinct_clocks(const struct tdm_calibration *c, size_t first, size_t end)
{
    size_t distinct = 0;
    for (size_t i = first; i < end && distinct < FEWEST_CLOCKS; i++) {
        bool seen = false;
        for (size_t j = first; j < i && !seen; j++)
            seen = memcmp(&c->rows[i].opps, &c->rows[j].opps, sizeof c->rows[i].opps) == 0;
        distinct += !seen;
    }
    return distinct;
}

/** Where the rows of the same key as row `first` end. */
static size_t key_end(const struct tdm_calibration *c, size_t first)
{
    size_t end = first + 1;
    while (end < c->count && tdm_row_same_key(&c->rows[first], &c->rows[end]))
        end++;
    return end;
}

/** Whether some key of the dnn has clocks enough. */
static bool has_clocks(const struct tdm_calibration *c, const char *dnn)
{
    for (size_t i = 0, end; i < c->count; i = end) {
        end = key_end(c, i);
        if (strcmp(c->rows[i].dnn, dnn) == 0 && distinct_clocks(c, i, end) >= FEWEST_CLOCKS)
            return true;
    }
    return false;
}

/**
 * Leaves out keys with too few clock settings where another key of the same dnn has enough; a dnn
 * without any is an error.
 */
static int drop_sparse(struct tdm_calibration *c, const struct tdm_notes *notes,
                       struct tdm_error *error)
{
    size_t kept = 0;
    struct tdm_teller teller;
    tdm_teller_start(&teller, notes);
    bool *drop = tdm_arena_alloc(c->arena, c->count * sizeof *drop);
    if (!drop)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0, end; i < c->count; i = end) {
        const struct tdm_row *row = &c->rows[i];
        end = key_end(c, i);
        const size_t distinct = distinct_clocks(c, i, end);
        memset(drop + i, distinct < FEWEST_CLOCKS, (end - i) * sizeof *drop);
        if (distinct >= FEWEST_CLOCKS)
            continue;
        char key[512];
        struct tdm_error what;
        const struct tdm_fit fit = {
            .dnn = row->dnn, .mode = row->mode, .precision = row->precision, .batch = row->batch};
        tdm_fail_at(&what, c->files[row->file], row->line, 0,
                    "left out: %.300s has %zu distinct clock settings (in %zu rows); a fit needs "
                    "at least %d of them",
                    tdm_fit_key(&fit, key, sizeof key), distinct, end - i, FEWEST_CLOCKS);
        if (!has_clocks(c, row->dnn))
            return tdm_fail(error, "%s", what.message + strlen("left out: "));
        tdm_teller_say(&teller, &what);
    }
    tdm_teller_end(&teller);
    for (size_t i = 0; i < c->count; i++)
        if (!drop[i])
            c->rows[kept++] = c->rows[i];
    c->dropped = c->count - kept;
    c->count = kept;
    return 0;
}

// ---- memory ------------------------------------------------------------------------------------

static int new_list(struct tdm_arena *arena, size_t count, struct tdm_list *list)
{
    list->count = count;
    list->items = tdm_arena_alloc(arena, count * sizeof *list->items);
    return list->items ? 0 : -1;
}

int tdm_calibration_model(struct tdm_calibration *c, struct tdm_model *model)
{
    const struct tdm_domain_info *const *domain = c->board->domain;
    const size_t fits = c->model.fit_count;
    model->fits = tdm_arena_alloc(c->arena, (fits + 1) * sizeof *model->fits);
    model->powers = tdm_arena_alloc(c->arena, (fits + 1) * sizeof *model->powers);
    model->latencies = tdm_arena_alloc(c->arena, (fits + 1) * sizeof *model->latencies);
    if (!model->fits || !model->powers || !model->latencies)
        return -1;
    for (size_t i = 0; i < c->modes.count; i++)
        if (new_list(c->arena, domain[TDM_EMC]->opp_count, &model->latencies[i].bandwidth))
            return -1;
    for (size_t i = 0; i < c->rails.count; i++)
        if (new_list(c->arena, domain[TDM_CPU]->opp_count, &model->powers[i].cpu_v) ||
            new_list(c->arena, domain[TDM_GPU]->opp_count, &model->powers[i].gpu_v) ||
            new_list(c->arena, domain[TDM_EMC]->opp_count, &model->powers[i].memory_idle))
            return -1;
    memcpy(model->fits, c->model.fits, fits * sizeof *model->fits);
    model->fit_count = fits;
    model->power_count = c->rails.count;
    model->latency_count = c->modes.count;
    return 0;
}

static void count_kind(struct tdm_kinds *kinds, const char *name)
{
    size_t k = 0;
    while (k < kinds->count && strcmp(kinds->name[k], name))
        k++;
    if (k == kinds->count) {
        kinds->name[k] = name;
        kinds->rows[k] = 0;
        kinds->count++;
    }
    kinds->rows[k]++;
}

/** Those with more rows first: they are the prior of the others. */
static void sort_kinds(struct tdm_kinds *kinds)
{
    for (size_t a = 0; a < kinds->count; a++)
        for (size_t b = a + 1; b < kinds->count; b++)
            if (kinds->rows[b] > kinds->rows[a]) {
                const char *const name = kinds->name[a];
                const size_t rows = kinds->rows[a];
                kinds->name[a] = kinds->name[b];
                kinds->rows[a] = kinds->rows[b];
                kinds->name[b] = name;
                kinds->rows[b] = rows;
            }
}

static void find_kinds(struct tdm_calibration *c)
{
    for (size_t i = 0; i < c->count; i++) {
        count_kind(&c->modes, c->rows[i].mode);
        if (*c->rows[i].rails)
            count_kind(&c->rails, c->rows[i].rails);
    }
    sort_kinds(&c->modes);
    sort_kinds(&c->rails);
}

static int new_kinds(struct tdm_arena *arena, size_t most, struct tdm_kinds *kinds)
{
    kinds->name = tdm_arena_alloc(arena, most * sizeof *kinds->name);
    kinds->rows = tdm_arena_alloc(arena, most * sizeof *kinds->rows);
    return kinds->name && kinds->rows ? 0 : -1;
}

static struct tdm_calibration *new_calibration(const struct tdm_board *board,
                                               const struct tdm_measurements *rows,
                                               struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(MEMORY);
    struct tdm_calibration *c = arena ? tdm_arena_alloc(arena, sizeof *c) : NULL;
    if (c) {
        const size_t n = rows->count;
        *c = (struct tdm_calibration){.arena = arena, .board = board, .count = n};
        c->rows = tdm_arena_alloc(arena, n * sizeof *c->rows);
        c->fit_of = tdm_arena_alloc(arena, n * sizeof *c->fit_of);
        c->reports = tdm_arena_alloc(arena, n * sizeof *c->reports);
        const bool bad = new_kinds(arena, n, &c->modes) || new_kinds(arena, n, &c->rails);
        c->used = tdm_arena_alloc(arena, n * sizeof *c->used);
        c->model.fits = tdm_arena_alloc(arena, n * sizeof *c->model.fits);
        if (c->rows && c->fit_of && !bad && c->reports && c->used && c->model.fits) {
            memcpy(c->rows, rows->rows, n * sizeof *c->rows);
            memset(c->used, true, n * sizeof *c->used);
            c->files = rows->files;
            return c;
        }
    }
    tdm_arena_free(arena);
    tdm_fail(error, "out of memory");
    return NULL;
}

// ---- one fit of everything ---------------------------------------------------------------------

/** Picks `used` rows of a mode or a set of rails (NULL: any) and renumbers their fits and modes. */
static void pick(const struct tdm_calibration *c, const bool *used, const char *mode,
                 const char *rails, struct tdm_subset *out)
{
    out->count = 0;
    out->fits = out->modes = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct tdm_row *row = &c->rows[i];
        if (!used[i] || (mode && strcmp(row->mode, mode)) || (rails && strcmp(row->rails, rails)))
            continue;
        int f = 0, m = 0;
        while (f < out->fits && out->fit[f] != c->fit_of[i])
            f++;
        while (m < out->modes && strcmp(out->mode[m], row->mode))
            m++;
        out->mode[m] = row->mode;
        out->modes += m == out->modes;
        out->mode_of[f] = m;
        out->fit[f] = c->fit_of[i];
        out->fits += f == out->fits;
        out->row[out->count] = row;
        out->fit_of[out->count++] = f;
    }
}

static struct tdm_training training_of(const struct tdm_calibration *c,
                                       const struct tdm_subset *subset)
{
    return (struct tdm_training){
        .board = c->board,
        .rows = subset->row,
        .fit_of = subset->fit_of,
        .count = subset->count,
        .fits = subset->fits,
        .mode_of = subset->mode_of,
        .modes = subset->modes,
    };
}

static void gather(const struct tdm_model *model, struct tdm_subset *subset)
{
    memset(subset->kept, 0, (size_t)subset->fits * sizeof *subset->kept);
    for (int f = 0; f < subset->fits; f++)
        subset->scratch[f] = model->fits[subset->fit[f]];
}

static void scatter(struct tdm_model *model, const struct tdm_subset *subset, unsigned *kept)
{
    for (int f = 0; f < subset->fits; f++) {
        model->fits[subset->fit[f]] = subset->scratch[f];
        if (kept)
            kept[subset->fit[f]] |= subset->kept[f];
    }
}

static int fit_mode(const struct tdm_calibration *c, const bool *used, size_t mode,
                    struct tdm_subset *subset, struct tdm_model *model, unsigned *kept,
                    double *cost, struct tdm_error *error)
{
    struct tdm_latency *latency = &model->latencies[mode];
    const struct tdm_latency *from =
        mode && model->latencies[0].ridge_sharpness > 0 ? &model->latencies[0] : c->from_latency;
    pick(c, used, c->modes.name[mode], NULL, subset);
    if (subset->count == 0)
        return 0;
    const struct tdm_training training = training_of(c, subset);
    gather(model, subset);
    if (tdm_calibrate_latency(&training, from, latency, subset->scratch, kept ? subset->kept : NULL,
                              cost, error))
        return -1;
    for (int f = 0; f < subset->fits; f++) {
        subset->scratch[f].latency = latency;
        subset->scratch[f].power = NULL;
    }
    scatter(model, subset, kept);
    return 0;
}

static int fit_rails(const struct tdm_calibration *c, const bool *used, size_t rails,
                     struct tdm_subset *subset, struct tdm_model *model, unsigned *kept,
                     unsigned *kept_shared, double *cost, struct tdm_error *error)
{
    struct tdm_power *power = &model->powers[rails];
    const struct tdm_power *from =
        rails && model->powers[0].fixed > 0 ? &model->powers[0] : c->from_power;
    unsigned shared = 0;
    pick(c, used, NULL, c->rails.name[rails], subset);
    if (subset->count == 0)
        return 0;
    const struct tdm_training training = training_of(c, subset);
    gather(model, subset);
    if (tdm_calibrate_power(&training, from, power, subset->scratch, kept ? subset->kept : NULL,
                            &shared, cost, error))
        return -1;
    for (int f = 0; f < subset->fits; f++)
        subset->scratch[f].power = power;
    scatter(model, subset, kept);
    if (kept_shared)
        kept_shared[rails] = shared;
    return 0;
}

int tdm_calibration_fit(const struct tdm_calibration *c, const bool *used,
                        struct tdm_subset *subset, struct tdm_model *model, unsigned *kept,
                        unsigned *kept_shared, double *cost, struct tdm_error *error)
{
    *cost = 0;
    for (size_t m = 0; m < model->latency_count; m++)
        if (fit_mode(c, used, m, subset, model, kept, cost, error))
            return -1;
    for (size_t r = 0; r < model->power_count; r++)
        if (fit_rails(c, used, r, subset, model, kept, kept_shared, cost, error))
            return -1;
    return 0;
}

static struct tdm_subset *new_subset(struct tdm_calibration *c)
{
    const size_t n = c->count, fits = c->model.fit_count;
    struct tdm_subset *s = tdm_arena_alloc(c->arena, sizeof *s);
    if (!s)
        return NULL;
    s->row = tdm_arena_alloc(c->arena, n * sizeof *s->row);
    s->fit_of = tdm_arena_alloc(c->arena, n * sizeof *s->fit_of);
    s->fit = tdm_arena_alloc(c->arena, fits * sizeof *s->fit);
    s->mode_of = tdm_arena_alloc(c->arena, fits * sizeof *s->mode_of);
    s->mode = tdm_arena_alloc(c->arena, fits * sizeof *s->mode);
    s->scratch = tdm_arena_alloc(c->arena, fits * sizeof *s->scratch);
    s->kept = tdm_arena_alloc(c->arena, fits * sizeof *s->kept);
    return s->row && s->fit_of && s->fit && s->mode_of && s->mode && s->scratch && s->kept ? s
                                                                                           : NULL;
}

// ---- reports -----------------------------------------------------------------------------------

/** Scores each fit, then all, from predictions of every row. */
static int score(struct tdm_calibration *c, const struct tdm_prediction *predictions, bool crossed,
                 struct tdm_error *error)
{
    bool *chosen = tdm_arena_alloc(c->arena, c->count * sizeof *chosen);
    if (!chosen)
        return tdm_fail(error, "out of memory");
    for (size_t f = 0; f < c->model.fit_count; f++) {
        for (size_t i = 0; i < c->count; i++)
            chosen[i] = c->used[i] && c->fit_of[i] == (int)f;
        if (tdm_score_rows(c->rows, predictions, chosen, c->count,
                           crossed ? &c->reports[f].crossed : &c->reports[f].fitted, error))
            return -1;
    }
    return tdm_score_rows(c->rows, predictions, c->used, c->count,
                          crossed ? &c->crossed : &c->fitted, error);
}

/** Folds deal each fit's rows out in a seeded random order, so that each has its share. */
static int deal(struct tdm_calibration *c, const struct tdm_calibrate_options *options, int *fold)
{
    struct tdm_random random;
    tdm_random_seed(&random, options->seed, "folds", 0);
    size_t *order = tdm_arena_alloc(c->arena, c->count * sizeof *order);
    if (!order)
        return -1;
    for (size_t f = 0; f < c->model.fit_count; f++) {
        size_t n = 0;
        for (size_t i = 0; i < c->count; i++)
            if (c->used[i] && c->fit_of[i] == (int)f)
                order[n++] = i;
        for (size_t i = n; i-- > 1;) {
            const size_t j = (size_t)tdm_random_below(&random, i + 1);
            const size_t swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        for (size_t i = 0; i < n; i++)
            fold[order[i]] = (int)(i % (size_t)options->folds);
    }
    return 0;
}

static int cross_validate(struct tdm_calibration *c, const struct tdm_calibrate_options *options,
                          struct tdm_subset *subset, struct tdm_prediction *predictions,
                          struct tdm_error *error)
{
    struct tdm_model model = {0};
    double cost;
    bool *used = tdm_arena_alloc(c->arena, c->count * sizeof *used);
    int *fold = tdm_arena_alloc(c->arena, c->count * sizeof *fold);
    if (!used || !fold || tdm_calibration_model(c, &model) || deal(c, options, fold))
        return tdm_fail(error, "out of memory");
    for (int k = 0; k < options->folds; k++) {
        for (size_t i = 0; i < c->count; i++)
            used[i] = c->used[i] && fold[i] != k;
        memcpy(model.fits, c->model.fits, model.fit_count * sizeof *model.fits);
        if (tdm_calibration_fit(c, used, subset, &model, NULL, NULL, &cost, error))
            return -1;
        for (size_t i = 0; i < c->count; i++)
            if (c->used[i] && !used[i])
                predictions[i] = tdm_predict(c->board, &model.fits[c->fit_of[i]], &c->rows[i]);
    }
    return score(c, predictions, true, error);
}

static int fit_and_score(struct tdm_calibration *c, const struct tdm_calibrate_options *options,
                         struct tdm_error *error)
{
    struct tdm_subset *subset = new_subset(c);
    struct tdm_prediction *predictions = tdm_arena_alloc(c->arena, c->count * sizeof *predictions);
    c->kept = tdm_arena_alloc(c->arena, c->model.fit_count * sizeof *c->kept);
    c->kept_shared = tdm_arena_alloc(c->arena, (c->rails.count + 1) * sizeof *c->kept_shared);
    struct tdm_model model = {0};
    if (!subset || !predictions || !c->kept || !c->kept_shared || tdm_calibration_model(c, &model))
        return tdm_fail(error, "out of memory");
    c->model = model;
    struct timespec before, after;
    double cost;
    clock_gettime(CLOCK_MONOTONIC, &before);
    if (tdm_calibration_find_slips(c, subset, options->notes, error) ||
        tdm_calibration_find_outliers(c, subset, options->notes, error) ||
        tdm_calibration_fit(c, c->used, subset, &c->model, c->kept, c->kept_shared, &cost, error))
        return -1;
    clock_gettime(CLOCK_MONOTONIC, &after);
    c->seconds =
        (double)(after.tv_sec - before.tv_sec) + 1e-9 * (double)(after.tv_nsec - before.tv_nsec);
    for (size_t f = 0; f < c->model.fit_count; f++)
        c->reports[f].fit = &c->model.fits[f];
    for (size_t i = 0; i < c->count; i++)
        predictions[i] = tdm_predict(c->board, &c->model.fits[c->fit_of[i]], &c->rows[i]);
    if (score(c, predictions, false, error) || tdm_calibration_name_kept(c, error))
        return -1;
    return options->folds ? cross_validate(c, options, subset, predictions, error) : 0;
}

struct tdm_calibration *tdm_calibrate(const struct tdm_board *board,
                                      const struct tdm_measurements *rows,
                                      const struct tdm_calibrate_options *options,
                                      struct tdm_error *error)
{
    if (rows->count == 0) {
        tdm_fail(error, "there is not one row to fit");
        return NULL;
    }
    if (rows->count > MOST_ROWS) {
        tdm_fail(error, "%zu rows; a calibration takes at most %d", rows->count, MOST_ROWS);
        return NULL;
    }
    struct tdm_calibration *c = new_calibration(board, rows, error);
    if (!c)
        return NULL;
    if (drop_sparse(c, options->notes, error) || group_rows(c, error))
        goto failed;
    find_kinds(c);
    c->fresh = options->fresh;
    if (!c->fresh)
        tdm_calibration_find_prior(c);
    if (fit_and_score(c, options, error))
        goto failed;
    return c;
failed:
    tdm_calibration_free(c);
    return NULL;
}

void tdm_calibration_free(struct tdm_calibration *calibration)
{
    if (calibration)
        tdm_arena_free(calibration->arena);
}

size_t tdm_calibration_count(const struct tdm_calibration *calibration)
{
    return calibration->model.fit_count;
}

const struct tdm_fit_report *tdm_calibration_report(const struct tdm_calibration *calibration,
                                                    size_t index)
{
    return &calibration->reports[index];
}

const struct tdm_score *tdm_calibration_fitted(const struct tdm_calibration *calibration)
{
    return &calibration->fitted;
}

const struct tdm_score *tdm_calibration_crossed(const struct tdm_calibration *calibration)
{
    return &calibration->crossed;
}

size_t tdm_calibration_left_out(const struct tdm_calibration *calibration)
{
    size_t rows = calibration->dropped;
    for (size_t f = 0; f < calibration->model.fit_count; f++)
        rows += calibration->reports[f].left_out;
    return rows;
}

double tdm_calibration_seconds(const struct tdm_calibration *calibration)
{
    return calibration->seconds;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// A row whose memory clock was governed may have run at another clock than the board's floor table
// says. It is left out where it contradicts the rest: where the others fit far better without it.
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "model/calibrate_result.h"

enum {
    FEWEST = 5,   // rows that remain of a fit
    ONE_IN = 6,   // most that are left out
    FEW_ROWS = 40 // governed rows of a fit; more of them outvote a bad one
};

// Half the sum of squares must drop by so much, as for a row 5 standard deviations away, and to
// such a share: where the rest does not agree without the row either, the row is not to blame.
#define CONTRADICTS 12.
#define AGREES 0.25

static bool is_suspect(const struct tdm_calibration *c, size_t i, int fit)
{
    return c->used[i] && c->fit_of[i] == fit && isnan(c->rows[i].emc);
}

/** The row of a fit without which the others fit best, and what they cost then. */
static int find_worst(const struct tdm_calibration *c, int fit, bool *own,
                      struct tdm_subset *subset, struct tdm_model *model, size_t *worst,
                      double *least, struct tdm_error *error)
{
    *least = INFINITY;
    for (size_t i = 0; i < c->count; i++) {
        if (!own[i] || !is_suspect(c, i, fit))
            continue;
        double without;
        own[i] = false;
        const int bad = tdm_calibration_fit(c, own, subset, model, NULL, NULL, &without, error);
        own[i] = true;
        if (bad)
            return -1;
        if (without < *least) {
            *least = without;
            *worst = i;
        }
    }
    return 0;
}

static void tell(const struct tdm_calibration *c, size_t row, const struct tdm_model *model,
                 const struct tdm_notes *notes)
{
    const struct tdm_row *r = &c->rows[row];
    const struct tdm_prediction p = tdm_predict(c->board, &model->fits[c->fit_of[row]], r);
    struct tdm_error what;
    char power[64] = "";
    if (!isnan(p.power))
        snprintf(power, sizeof power, ", power %+.0f %%", 100 * (r->power / p.power - 1));
    tdm_fail_at(
        &what, c->files[r->file], r->line, 0,
        "left out: it contradicts the other rows (latency %+.0f %%%s); its memory clock was "
        "governed and was probably not what the board's floor table says",
        100 * (r->latency / p.latency - 1), power);
    if (notes && notes->note)
        notes->note(notes->context, &what);
}

static int search_fit(struct tdm_calibration *c, int fit, struct tdm_subset *subset,
                      struct tdm_model *model, const struct tdm_notes *notes,
                      struct tdm_error *error)
{
    size_t count = 0, suspects = 0, worst = 0;
    bool *own = tdm_arena_alloc(c->arena, c->count * sizeof *own);
    if (!own)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < c->count; i++) {
        own[i] = c->used[i] && c->fit_of[i] == fit;
        count += own[i];
        suspects += is_suspect(c, i, fit);
    }
    if (suspects == 0 || suspects > FEW_ROWS)
        return 0;
    for (size_t left = 0; left < count / ONE_IN && count - left > FEWEST; left++) {
        double all, least, cost;
        if (tdm_calibration_fit(c, own, subset, model, NULL, NULL, &all, error) ||
            find_worst(c, fit, own, subset, model, &worst, &least, error))
            return -1;
        if (all - least < CONTRADICTS || least > AGREES * all)
            break;
        own[worst] = c->used[worst] = false;
        c->reports[fit].left_out++;
        if (tdm_calibration_fit(c, own, subset, model, NULL, NULL, &cost, error))
            return -1;
        tell(c, worst, model, notes);
    }
    return 0;
}

int tdm_calibration_find_outliers(struct tdm_calibration *c, struct tdm_subset *subset,
                                  const struct tdm_notes *notes, struct tdm_error *error)
{
    struct tdm_model model = {0};
    if (tdm_calibration_model(c, &model))
        return tdm_fail(error, "out of memory");
    for (size_t f = 0; f < c->model.fit_count; f++)
        if (search_fit(c, (int)f, subset, &model, notes, error))
            return -1;
    return 0;
}

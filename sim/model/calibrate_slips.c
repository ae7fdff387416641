// SPDX-License-Identifier: GPL-3.0-or-later
// Slips in a table: a latency in another unit, a lost digit. The fit is robust (Student's t), so
// what it makes of the many shows the few that cannot be true; those are left out.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "model/calibrate_result.h"

enum {
    ONE_IN = 5, // most rows of a dnn that are left out
    PASSES = 12 // each is a fit of everything
};

#define SLIP 1.3         // times the prediction, or its inverse
#define SIGMAS 10.       // and that many of the robust spread of the other rows
#define MAD_SIGMA 1.4826 // standard deviation of a normal over its median absolute deviation
#define WORST_SHARE 0.5  // of the worst row's error: a smaller one may be the worst row's doing

struct slips {
    struct tdm_calibration *c;
    struct tdm_model model;
    double *latency, *power; // log of measured over predicted; NAN: not measured or no fit
    double *sorted;          // scratch
    double *error;           // the larger of the two, in units of its limit
    size_t *left;            // rows of each fit that are left out
};

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *x, size_t n)
{
    qsort(x, n, sizeof *x, ascending);
    return n ? (x[(n - 1) / 2] + x[n / 2]) / 2 : 0;
}

/** How far a residual of this fit may be from zero. */
static double limit(const struct slips *s, const double *residuals, int fit)
{
    const struct tdm_calibration *c = s->c;
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        if (c->used[i] && c->fit_of[i] == fit && isfinite(residuals[i]))
            s->sorted[n++] = residuals[i];
    const double middle = median(s->sorted, n);
    for (size_t i = 0; i < n; i++)
        s->sorted[i] = fabs(s->sorted[i] - middle);
    return fmax(log(SLIP), SIGMAS * MAD_SIGMA * median(s->sorted, n));
}

static void find_errors(struct slips *s)
{
    const struct tdm_calibration *c = s->c;
    for (size_t i = 0; i < c->count; i++) {
        const struct tdm_row *row = &c->rows[i];
        const struct tdm_prediction p = tdm_predict(c->board, &s->model.fits[c->fit_of[i]], row);
        s->latency[i] = log(row->latency / p.latency);
        s->power[i] = log(row->power / p.power);
    }
    for (size_t f = 0; f < c->model.fit_count; f++) {
        const double latency = limit(s, s->latency, (int)f), power = limit(s, s->power, (int)f);
        for (size_t i = 0; i < c->count; i++)
            if (c->fit_of[i] == (int)f) // fmax passes over NAN
                s->error[i] = fmax(fabs(s->latency[i]) / latency, fabs(s->power[i]) / power);
    }
}

/** Takes out the worst rows of a fit; true where there were any. */
static bool take_out(struct slips *s, int fit, const size_t *rows)
{
    struct tdm_calibration *c = s->c;
    double worst = 1;
    bool any = false;
    for (size_t i = 0; i < c->count; i++)
        if (c->used[i] && c->fit_of[i] == fit)
            worst = fmax(worst, s->error[i]);
    // From the worst on: of equals the first.
    while (s->left[fit] < rows[fit] / ONE_IN) {
        size_t at = c->count;
        for (size_t i = 0; i < c->count; i++)
            if (c->used[i] && c->fit_of[i] == fit && s->error[i] > 1 &&
                s->error[i] >= WORST_SHARE * worst &&
                (at == c->count || s->error[i] > s->error[at]))
                at = i;
        if (at == c->count)
            break;
        c->used[at] = false;
        s->left[fit]++;
        any = true;
    }
    return any;
}

/** What was left out but fits the others after all comes back. */
static void take_back(struct slips *s, const bool *before)
{
    struct tdm_calibration *c = s->c;
    for (size_t i = 0; i < c->count; i++)
        if (before[i] && !c->used[i] && s->error[i] <= 1) {
            c->used[i] = true;
            s->left[c->fit_of[i]]--;
        }
}

static void tell(const struct slips *s, size_t i, struct tdm_teller *teller)
{
    const struct tdm_calibration *c = s->c;
    const struct tdm_row *row = &c->rows[i];
    struct tdm_error what;
    char power[96] = "";
    if (isfinite(s->power[i]))
        snprintf(power, sizeof power, ", power_w %.4g instead of about %.4g", row->power,
                 row->power / exp(s->power[i]));
    tdm_fail_at(&what, c->files[row->file], row->line, 0,
                "left out: it contradicts the other rows of %.128s (latency_s %.4g instead of "
                "about %.4g%s)",
                row->dnn, row->latency, row->latency / exp(s->latency[i]), power);
    tdm_teller_say(teller, &what);
}

/** Says that a fit has more rows that contradict the rest than may be left out. */
static void tell_rest(const struct slips *s, int fit, struct tdm_teller *teller)
{
    const struct tdm_calibration *c = s->c;
    size_t rest = 0, first = 0;
    for (size_t i = c->count; i-- > 0;)
        if (c->used[i] && c->fit_of[i] == fit && s->error[i] > 1) {
            rest++;
            first = i;
        }
    if (rest == 0)
        return;
    char key[512];
    struct tdm_error what;
    tdm_fail_at(&what, c->files[c->rows[first].file], c->rows[first].line, 0,
                "%zu more rows of %.300s are far from what was fitted and stay, as no more than "
                "one in %d is left out: are the data right?",
                rest, tdm_fit_key(&c->model.fits[fit], key, sizeof key), ONE_IN);
    tdm_teller_say(teller, &what);
}

static int search(struct slips *s, struct tdm_subset *subset, const size_t *rows,
                  const bool *before, struct tdm_error *error)
{
    struct tdm_calibration *c = s->c;
    bool again = true;
    for (int pass = 0; again && pass < PASSES; pass++) {
        double cost;
        if (tdm_calibration_fit(c, c->used, subset, &s->model, NULL, NULL, &cost, error))
            return -1;
        find_errors(s);
        again = false;
        for (size_t f = 0; f < c->model.fit_count; f++)
            again |= take_out(s, (int)f, rows);
    }
    take_back(s, before);
    return 0;
}

static bool allocate(struct slips *s, size_t **rows, bool **before)
{
    struct tdm_calibration *c = s->c;
    const size_t n = c->count, fits = c->model.fit_count;
    double *numbers = tdm_arena_alloc(c->arena, 4 * n * sizeof *numbers);
    s->left = tdm_arena_alloc(c->arena, fits * sizeof *s->left);
    *rows = tdm_arena_alloc(c->arena, fits * sizeof **rows);
    *before = tdm_arena_alloc(c->arena, n * sizeof **before);
    if (!numbers || !s->left || !*rows || !*before || tdm_calibration_model(c, &s->model))
        return false;
    s->latency = numbers;
    s->power = numbers + n;
    s->sorted = numbers + 2 * n;
    s->error = numbers + 3 * n;
    memset(s->left, 0, fits * sizeof *s->left);
    memset(*rows, 0, fits * sizeof **rows);
    memcpy(*before, c->used, n * sizeof **before);
    return true;
}

int tdm_calibration_find_slips(struct tdm_calibration *c, struct tdm_subset *subset,
                               const struct tdm_notes *notes, struct tdm_error *error)
{
    struct slips s = {.c = c};
    size_t *rows;
    bool *before;
    if (!allocate(&s, &rows, &before))
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < c->count; i++)
        rows[c->fit_of[i]] += c->used[i];
    if (search(&s, subset, rows, before, error))
        return -1;
    struct tdm_teller teller;
    tdm_teller_start(&teller, notes);
    for (size_t i = 0; i < c->count; i++)
        if (before[i] && !c->used[i]) {
            c->reports[c->fit_of[i]].left_out++;
            tell(&s, i, &teller);
        }
    for (size_t f = 0; f < c->model.fit_count; f++)
        tell_rest(&s, (int)f, &teller);
    tdm_teller_end(&teller);
    return 0;
}

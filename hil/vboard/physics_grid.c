// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A measured grid of a board, in the form that `tandem calibrate` reads, interpolated over clocks.
 *
 * Latency and power are smooth in the logarithms of the clocks, so that is where they are
 * interpolated: each measured point carries a plane through itself, fitted to its nearest
 * neighbours, and a setting gets the mean of the planes of the points around it, weighted by
 * ((R - d) / (R d))^2 with R the distance of the last (Franke and Little's weights in Shepard's
 * method). At a measured point it is the measurement. Outside of the measured range clocks are
 * clamped to it. Work that the grid does not hold is refused. What the board draws at rest is the
 * model's. The board's total is what was measured plus the idle power of rails that were not; how
 * it divides among single rails is the model's, too, so the measured rails alone need not add up to
 * the measurement.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/extremes.h"
#include "hil/vboard/physics.h"
#include "model/measurements.h"

enum { NEAR = 12, PLANES = 8, MOST_TASKS = 64, DIMENSIONS = 3, VALUES = 2 };

struct point {
    double at[DIMENSIONS];            // log of the clocks
    double value[VALUES];             // log of latency, of power
    double slope[VALUES][DIMENSIONS]; // of its plane
};

struct vb_task {
    const struct tdm_row *row; // one of its kind
    struct point *points;
    size_t count;
    double least[DIMENSIONS], most[DIMENSIONS];
    struct tdm_fit fit; // how the model divides the power
    double gap;
};

struct grid {
    struct vb_physics base;
    struct vb_physics *model;
    struct tdm_measurements rows;
    struct vb_task tasks[MOST_TASKS];
    int task_count;
};

struct neighbour {
    size_t index;
    double distance;
};

static double distance(const double a[DIMENSIONS], const double b[DIMENSIONS])
{
    double sum = 0;
    for (int d = 0; d < DIMENSIONS; d++)
        sum += (a[d] - b[d]) * (a[d] - b[d]);
    return sqrt(sum);
}

// The nearest points to `at`, rising; without the one at index `but`. Returns how many.
static int nearest(const struct vb_task *task, const double at[DIMENSIONS], size_t but, int most,
                   struct neighbour *found)
{
    int count = 0;
    for (size_t i = 0; i < task->count; i++) {
        const double d = distance(task->points[i].at, at);
        if (i == but || (count == most && d >= found[count - 1].distance))
            continue;
        int k = count < most ? count++ : count - 1;
        for (; k > 0 && found[k - 1].distance > d; k--)
            found[k] = found[k - 1];
        found[k] = (struct neighbour){i, d};
    }
    return count;
}

// Solves the three equations of a plane by elimination; a ridge keeps what the points do not tell
// at zero.
static void solve(double a[DIMENSIONS][DIMENSIONS + 1], double x[DIMENSIONS])
{
    for (int i = 0; i < DIMENSIONS; i++)
        for (int r = i + 1; r < DIMENSIONS; r++)
            for (int c = DIMENSIONS; c >= i; c--)
                a[r][c] -= a[r][i] / a[i][i] * a[i][c];
    for (int i = DIMENSIONS - 1; i >= 0; i--) {
        x[i] = a[i][DIMENSIONS];
        for (int c = i + 1; c < DIMENSIONS; c++)
            x[i] -= a[i][c] * x[c];
        x[i] /= a[i][i];
    }
}

static void fit_plane(struct vb_task *task, size_t index)
{
    struct point *point = &task->points[index];
    struct neighbour near[NEAR] = {{0}};
    const int count = nearest(task, point->at, index, NEAR, near);
    for (int v = 0; v < VALUES; v++) {
        double a[DIMENSIONS][DIMENSIONS + 1] = {{0}};
        for (int d = 0; d < DIMENSIONS; d++)
            a[d][d] = 1e-6;
        for (int k = 0; k < count; k++) {
            const struct point *other = &task->points[near[k].index];
            const double weight = 1 / (near[k].distance * near[k].distance + 1e-4);
            double step[DIMENSIONS];
            for (int d = 0; d < DIMENSIONS; d++)
                step[d] = other->at[d] - point->at[d];
            for (int i = 0; i < DIMENSIONS; i++) {
                for (int d = 0; d < DIMENSIONS; d++)
                    a[i][d] += weight * step[i] * step[d];
                a[i][DIMENSIONS] += weight * step[i] * (other->value[v] - point->value[v]);
            }
        }
        solve(a, point->slope[v]);
    }
}

static double on_plane(const struct point *point, int v, const double at[DIMENSIONS])
{
    double value = point->value[v];
    for (int d = 0; d < DIMENSIONS; d++)
        value += point->slope[v][d] * (at[d] - point->at[d]);
    return value;
}

static void interpolate(const struct vb_task *task, const double at[DIMENSIONS],
                        double value[VALUES])
{
    struct neighbour near[PLANES + 1] = {{0}};
    const int count = nearest(task, at, SIZE_MAX, PLANES + 1, near);
    double sum = 0;
    value[0] = value[1] = 0;
    if (count == 1 || near[0].distance < 1e-9) {
        value[0] = on_plane(&task->points[near[0].index], 0, at);
        value[1] = on_plane(&task->points[near[0].index], 1, at);
        return;
    }
    const double radius = near[count - 1].distance * (1 + 1e-6);
    for (int k = 0; k < count; k++) {
        const double root = (radius - near[k].distance) / (radius * near[k].distance);
        const double weight = root * root;
        sum += weight;
        for (int v = 0; v < VALUES; v++)
            value[v] += weight * on_plane(&task->points[near[k].index], v, at);
    }
    value[0] /= sum;
    value[1] /= sum;
}

// ---- the grid
// --------------------------------------------------------------------------------------

static double log_clock(const struct tdm_board *board, const struct tdm_opps *opps, int domain)
{
    return log(board->domain[domain]->opps[opps->at[domain]].hz);
}

static int make_points(const struct grid *grid, struct vb_task *task, struct tdm_error *error)
{
    const struct tdm_measurements *rows = &grid->rows;
    task->points = calloc(rows->count, sizeof *task->points);
    if (!task->points)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < rows->count; i++) {
        const struct tdm_row *row = &rows->rows[i];
        if (!tdm_row_same_key(row, task->row) || isnan(row->power))
            continue;
        struct point *point = &task->points[task->count++];
        point->value[0] = log(row->latency);
        point->value[1] = log(row->power);
        for (int d = 0; d < DIMENSIONS; d++) {
            point->at[d] = log_clock(grid->base.board, &row->opps, d);
            if (task->count == 1)
                task->least[d] = task->most[d] = point->at[d];
            task->least[d] = tdm_smaller(task->least[d], point->at[d]);
            task->most[d] = tdm_larger(task->most[d], point->at[d]);
        }
    }
    for (size_t i = 0; i < task->count; i++)
        fit_plane(task, i);
    return task->count ? 0 : tdm_fail(error, "the grid has no power of this work");
}

static void grid_free(struct vb_physics *physics)
{
    struct grid *grid = (struct grid *)physics;
    for (int i = 0; i < grid->task_count; i++)
        free(grid->tasks[i].points);
    tdm_measurements_free(&grid->rows);
    if (grid->model)
        grid->model->type->free(grid->model);
    free(grid);
}

static struct vb_physics *grid_open(const struct tdm_board *board, const char *argument,
                                    uint64_t seed, struct tdm_error *error)
{
    struct grid *grid = argument && *argument ? calloc(1, sizeof *grid) : NULL;
    if (!grid) {
        tdm_fail(error, "the physics 'grid' needs a file: grid:FILE.csv");
        return NULL;
    }
    grid->base = (struct vb_physics){&vb_physics_grid, board, NULL};
    const struct tdm_notes *notes = NULL;
    grid->model = vb_physics_model.open(board, NULL, seed, error);
    if (!grid->model || tdm_measurements_load(&grid->rows, argument, notes, error) ||
        tdm_measurements_place(&grid->rows, board, notes, error)) {
        grid_free(&grid->base);
        return NULL;
    }
    tdm_measurements_merge(&grid->rows, notes);
    grid->base.thermal = grid->model->thermal;
    return &grid->base;
}

static bool same_work(const struct tdm_row *row, const struct vb_request *request)
{
    return strcmp(row->dnn, request->dnn) == 0 && strcmp(row->mode, request->mode) == 0 &&
           strcmp(row->precision, request->precision) == 0 && row->batch == request->batch &&
           strcmp(request->processor, "gpu") == 0;
}

// How the model divides the power of this work: by its own fit, else by the first there is.
static int choose_fit(const struct grid *grid, const struct vb_request *request,
                      struct vb_task *task, struct tdm_error *error)
{
    const struct tdm_board *board = grid->base.board;
    const struct tdm_fit *fit =
        tdm_fit_find(board, request->dnn, request->mode, request->precision, request->batch);
    for (size_t i = 0; i < board->fit_count && (!fit || !fit->power); i++)
        fit = &board->fits[i];
    if (!fit || !fit->power)
        return tdm_fail(error, "the board '%s' has no fit of a power", board->name);
    task->fit = *fit;
    task->gap = tdm_board_rails_gap(board, task->row->rails, NULL);
    if (isnan(task->gap))
        task->gap = 0;
    return 0;
}

static const struct vb_task *grid_task(struct vb_physics *physics, const struct vb_request *request,
                                       struct tdm_error *error)
{
    struct grid *grid = (struct grid *)physics;
    for (int i = 0; i < grid->task_count; i++)
        if (same_work(grid->tasks[i].row, request))
            return &grid->tasks[i];
    const struct tdm_row *row = grid->rows.rows, *end = row + grid->rows.count;
    while (row < end && !same_work(row, request))
        row++;
    if (row == end || grid->task_count == MOST_TASKS) {
        tdm_fail(error, "the grid does not hold %s/%s/%s/%d on the gpu", request->dnn,
                 request->mode, request->precision, request->batch);
        return NULL;
    }
    struct vb_task *task = &grid->tasks[grid->task_count];
    *task = (struct vb_task){.row = row};
    if (choose_fit(grid, request, task, error) || make_points(grid, task, error)) {
        free(task->points);
        return NULL;
    }
    grid->task_count++;
    return task;
}

static void grid_run(struct vb_physics *physics, const struct vb_task *task,
                     const struct vb_setting *setting, struct vb_effect *effect)
{
    double at[DIMENSIONS], value[VALUES];
    for (int d = 0; d < DIMENSIONS; d++)
        at[d] =
            tdm_smaller(task->most[d],
                        tdm_larger(task->least[d], log_clock(physics->board, &setting->opps, d)));
    interpolate(task, at, value);
    // The model says what of the total is whose, at the temperature of the measurement, and how
    // much more leaks as it is warmer now.
    struct vb_setting measured = *setting;
    measured.leakage = 1;
    vb_model_run(physics->board, &task->fit, false, &measured, effect);
    const double factor = exp(value[1]) / tdm_watts_sum(&effect->watts);
    effect->time = exp(value[0]);
    effect->watts.fixed = factor * effect->watts.fixed + task->gap;
    effect->watts.cpu *= factor;
    effect->watts.gpu *= factor;
    effect->watts.memory *= factor;
    effect->watts.leakage *= factor * setting->leakage;
}

static void grid_idle(struct vb_physics *physics, const struct vb_setting *setting,
                      struct tdm_watts *watts)
{
    const struct grid *grid = (const struct grid *)physics;
    vb_physics_model.idle(grid->model, setting, watts);
}

const struct vb_physics_type vb_physics_grid = {
    "grid",    "measured rows of FILE, as `tandem calibrate` reads them, interpolated",
    grid_open, grid_free,
    grid_task, grid_run,
    grid_idle, NULL};

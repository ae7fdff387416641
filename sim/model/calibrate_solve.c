// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/calibrate_solve.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_errno.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_multifit_nlinear.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"

enum { RACE_STEPS = 8, MOST_STEPS = 150, NOISE_PASSES = 3 };
#define FARTHEST 60. // unknowns are logarithms and logits
#define REJECTED 1e9
#define FREEDOM 12.          // degrees of Student's t
#define COST_TOLERANCE 1e-10 // relative, over one step

struct search {
    const struct tdm_problem *problem;
    double noise; // of the residuals, in their unit
};

int tdm_problem_prior(struct tdm_problem *problem, int a, int b, double mean, double sigma)
{
    if (problem->prior_count == problem->prior_capacity) {
        const size_t capacity = problem->prior_capacity ? 2 * problem->prior_capacity : 64;
        struct tdm_prior *more = realloc(problem->priors, capacity * sizeof *more);
        if (!more)
            return -1;
        problem->priors = more;
        problem->prior_capacity = capacity;
    }
    problem->priors[problem->prior_count++] = (struct tdm_prior){
        .terms = b < 0 ? 1 : 2, .at = {a, b}, .weight = {1, -1}, .mean = mean, .sigma = sigma};
    return 0;
}

/**
 * f with f^2 / 2 the negative logarithm of Student's t at u: a square near zero, a logarithm far
 * out, where a row is taken for a slip rather than for a reason. *slope is df/du.
 */
static double robust(double u, double *slope)
{
    const double q = u * u / FREEDOM, f2 = (FREEDOM + 1) * log1p(q);
    const double f = copysign(sqrt(f2), u);
    *slope = fabs(u) < 1e-6 ? sqrt((FREEDOM + 1) / FREEDOM)
                            : (FREEDOM + 1) * u / (FREEDOM * (1 + q) * f);
    return f;
}

/** A trial step may go anywhere; where it makes no sense, no residual is worth computing. */
static bool is_sane(const gsl_vector *x)
{
    for (size_t i = 0; i < x->size; i++)
        if (!(fabs(x->data[i]) < FARTHEST))
            return false;
    return true;
}

static int residuals(const gsl_vector *x, void *data, gsl_vector *f)
{
    const struct search *search = data;
    const struct tdm_problem *problem = search->problem;
    double slope;
    bool sane = is_sane(x);
    if (sane)
        problem->evaluate(problem->context, x->data, f->data, NULL);
    for (size_t i = 0; i < problem->rows && sane; i++) {
        f->data[i] = robust(f->data[i] / search->noise, &slope);
        sane = isfinite(f->data[i]);
    }
    for (size_t i = 0; i < problem->prior_count && sane; i++) {
        const struct tdm_prior *prior = &problem->priors[i];
        double sum = -prior->mean;
        for (int t = 0; t < prior->terms; t++)
            sum += prior->weight[t] * x->data[prior->at[t]];
        f->data[problem->rows + i] = sum / prior->sigma;
    }
    if (!sane)
        gsl_vector_set_all(f, REJECTED); // so bad that the step is taken back
    return GSL_SUCCESS;
}

static void prior_jacobian(const struct tdm_problem *problem, gsl_matrix *j, size_t first)
{
    for (size_t i = 0; i < problem->prior_count; i++) {
        const struct tdm_prior *prior = &problem->priors[i];
        for (int t = 0; t < prior->terms; t++)
            *gsl_matrix_ptr(j, first + i, (size_t)prior->at[t]) += prior->weight[t] / prior->sigma;
    }
}

static int jacobian(const gsl_vector *x, void *data, gsl_matrix *j)
{
    const struct search *search = data;
    const struct tdm_problem *problem = search->problem;
    double *f = malloc((problem->rows + 1) * sizeof *f);
    if (!f)
        return GSL_ENOMEM;
    gsl_matrix_set_zero(j);
    problem->evaluate(problem->context, x->data, f, j->data);
    for (size_t i = 0; i < problem->rows; i++) {
        double slope;
        robust(f[i] / search->noise, &slope);
        double *row = j->data + i * j->tda;
        for (size_t k = 0; k < problem->unknowns; k++)
            row[k] *= slope / search->noise;
    }
    free(f);
    prior_jacobian(problem, j, problem->rows);
    return GSL_SUCCESS;
}

static double half_square(const gsl_multifit_nlinear_workspace *w)
{
    double sum;
    gsl_blas_ddot(w->f, w->f, &sum);
    return sum / 2;
}

/** Steps from `start`; the workspace then holds the point that was reached. */
static int minimise(gsl_multifit_nlinear_workspace *w, gsl_multifit_nlinear_fdf *fdf,
                    const double *start, int steps, int *done)
{
    gsl_vector_const_view x = gsl_vector_const_view_array(start, fdf->p);
    int status = gsl_multifit_nlinear_init(&x.vector, fdf, w);
    double cost = half_square(w);
    int quiet = 0;
    for (int i = 0; i < steps && status == GSL_SUCCESS && quiet < 3; i++) {
        status = gsl_multifit_nlinear_iterate(w);
        const double now = half_square(w);
        quiet = now > cost * (1 - COST_TOLERANCE) - 1e-300 ? quiet + 1 : 0;
        cost = now;
        (*done)++;
    }
    // No further progress is the end of the road, not a failure.
    return status == GSL_ENOPROG || status == GSL_SUCCESS ? GSL_SUCCESS : status;
}

/** Diagonal of the inverse of J^T J into `variance`. */
static int variances(const gsl_matrix *j, gsl_vector *variance)
{
    const size_t p = j->size2;
    gsl_matrix *a = gsl_matrix_calloc(p, p);
    if (!a)
        return GSL_ENOMEM;
    gsl_blas_dsyrk(CblasLower, CblasTrans, 1, j, 0, a);
    int status = gsl_linalg_cholesky_decomp1(a);
    if (status == GSL_SUCCESS)
        status = gsl_linalg_cholesky_invert(a);
    for (size_t i = 0; i < p && status == GSL_SUCCESS; i++)
        gsl_vector_set(variance, i, gsl_matrix_get(a, i, i));
    gsl_matrix_free(a);
    return status;
}

/** How much narrower than the prior each unknown is after the data; 1: not at all. */
static int find_spread(const struct tdm_problem *problem, const gsl_matrix *posterior,
                       double *spread)
{
    const size_t p = problem->unknowns;
    gsl_matrix *prior = gsl_matrix_calloc(problem->prior_count, p);
    gsl_vector *before = gsl_vector_alloc(p), *after = gsl_vector_alloc(p);
    int status = prior && before && after ? GSL_SUCCESS : GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        prior_jacobian(problem, prior, 0);
        status = variances(prior, before);
    }
    if (status == GSL_SUCCESS)
        status = variances(posterior, after);
    for (size_t i = 0; i < p && status == GSL_SUCCESS; i++)
        spread[i] = sqrt(gsl_vector_get(after, i) / gsl_vector_get(before, i));
    gsl_matrix_free(prior);
    gsl_vector_free(before);
    gsl_vector_free(after);
    return status;
}

/** Rows that the fit took: the sum of the leverages, which are 0 to 1 each. */
static int find_taken(const struct tdm_problem *problem, const gsl_matrix *j, double *taken)
{
    gsl_matrix *a = gsl_matrix_calloc(j->size2, j->size2);
    gsl_vector *row = gsl_vector_alloc(j->size2);
    int status = a && row ? GSL_SUCCESS : GSL_ENOMEM;
    if (status == GSL_SUCCESS) {
        gsl_blas_dsyrk(CblasLower, CblasTrans, 1, j, 0, a);
        status = gsl_linalg_cholesky_decomp1(a);
    }
    *taken = 0;
    for (size_t i = 0; i < problem->rows && status == GSL_SUCCESS; i++) {
        double leverage;
        gsl_matrix_get_row(row, j, i);
        gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, a, row);
        gsl_blas_ddot(row, row, &leverage);
        *taken += fmin(leverage, 1);
    }
    gsl_matrix_free(a);
    gsl_vector_free(row);
    return status;
}

/**
 * The noise that makes what remains as likely as can be (MacKay's evidence): the sum of squares,
 * each weighted as Student's t does so that slips count little, over the rows less those that the
 * fit took. The unit counts for some rows of noise 1.
 */
static int find_noise(struct search *search, const gsl_multifit_nlinear_workspace *w)
{
    const struct tdm_problem *problem = search->problem;
    double taken, squares = 0;
    const int status = find_taken(problem, w->J, &taken);
    for (size_t i = 0; i < problem->rows; i++) {
        const double f = gsl_vector_get(w->f, i);
        squares -= (FREEDOM + 1) * expm1(-f * f / (FREEDOM + 1));
    }
    if (status == GSL_SUCCESS)
        search->noise = sqrt((problem->noise_rows + squares * search->noise * search->noise) /
                             (problem->noise_rows + (double)problem->rows - taken));
    return status;
}

/** The best point of the race's, then on from there to the end. */
static int race(const double *start, size_t starts, gsl_multifit_nlinear_workspace *w,
                gsl_multifit_nlinear_fdf *fdf, struct tdm_solution *solution)
{
    const size_t p = fdf->p;
    double best = INFINITY;
    memcpy(solution->x, start, p * sizeof *start);
    for (size_t s = 0; s < starts && starts > 1; s++) {
        const int status = minimise(w, fdf, start + s * p, RACE_STEPS, &solution->iterations);
        const double cost = half_square(w);
        if (status == GSL_SUCCESS && cost < best) {
            best = cost;
            memcpy(solution->x, w->x->data, p * sizeof *start);
        }
    }
    const int status = minimise(w, fdf, solution->x, MOST_STEPS, &solution->iterations);
    if (status != GSL_SUCCESS)
        return status;
    memcpy(solution->x, w->x->data, p * sizeof *start);
    solution->cost = half_square(w);
    return GSL_SUCCESS;
}

static int solve(struct search *search, const double *start, size_t starts,
                 gsl_multifit_nlinear_workspace *w, gsl_multifit_nlinear_fdf *fdf,
                 struct tdm_solution *solution)
{
    const struct tdm_problem *problem = search->problem;
    int status = race(start, starts, w, fdf, solution);
    for (int i = 0; i < NOISE_PASSES && problem->noise_rows > 0 && status == GSL_SUCCESS; i++) {
        const int steps = i + 1 < NOISE_PASSES ? RACE_STEPS : MOST_STEPS;
        status = find_noise(search, w);
        if (status == GSL_SUCCESS)
            status = minimise(w, fdf, solution->x, steps, &solution->iterations);
        if (status == GSL_SUCCESS)
            memcpy(solution->x, w->x->data, fdf->p * sizeof *start);
    }
    solution->noise = search->noise;
    if (status != GSL_SUCCESS || !solution->spread)
        return status;
    return find_spread(problem, w->J, solution->spread);
}

int tdm_problem_solve(const struct tdm_problem *problem, const double *start, size_t starts,
                      struct tdm_solution *solution, struct tdm_error *error)
{
    gsl_error_handler_t *const handler = gsl_set_error_handler_off();
    gsl_multifit_nlinear_parameters parameters = gsl_multifit_nlinear_default_parameters();
    parameters.trs = gsl_multifit_nlinear_trs_lm;
    parameters.solver = gsl_multifit_nlinear_solver_cholesky;
    parameters.scale = gsl_multifit_nlinear_scale_more;
    struct search from = {.problem = problem, .noise = 1};
    gsl_multifit_nlinear_fdf fdf = {
        .f = residuals,
        .df = jacobian,
        .n = problem->rows + problem->prior_count,
        .p = problem->unknowns,
        .params = &from,
    };
    solution->iterations = 0;
    gsl_multifit_nlinear_workspace *w =
        gsl_multifit_nlinear_alloc(gsl_multifit_nlinear_trust, &parameters, fdf.n, fdf.p);
    const int status = w ? solve(&from, start, starts, w, &fdf, solution) : GSL_ENOMEM;
    if (w)
        gsl_multifit_nlinear_free(w);
    gsl_set_error_handler(handler);
    if (status != GSL_SUCCESS)
        return tdm_fail(error, "the fit did not converge: %s", gsl_strerror(status));
    return 0;
}

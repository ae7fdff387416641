// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Maximum a posteriori fits: nonlinear least squares (GSL's trust region) in unbounded unknowns,
 * where a normal prior is a residual like any other and data residuals are Student's t. How much
 * the data scatter may be found together with the unknowns.
 */
#ifndef TDM_MODEL_CALIBRATE_SOLVE_H
#define TDM_MODEL_CALIBRATE_SOLVE_H

#include "tandem.h"

/** A prior: (sum of weight[i] x[at[i]] - mean) / sigma is standard normal. */
struct tdm_prior {
    int terms;
    int at[3];
    double weight[3];
    double mean, sigma;
};

struct tdm_problem {
    size_t unknowns;
    struct tdm_prior *priors;
    size_t prior_count, prior_capacity;
    size_t rows;
    /**
     * Writes `rows` residuals (in units of their standard deviation) at x, and unless it is NULL
     * the rows x unknowns Jacobian, row-major; the caller has zeroed it.
     */
    void (*evaluate)(void *context, const double *x, double *residuals, double *jacobian);
    void *context;
    double noise_rows; /**< rows that the residuals' unit counts for; 0: it is known */
};

/** Adds a prior on one unknown, or (b >= 0) on the difference x[a] - x[b]. -1: no memory. */
int tdm_problem_prior(struct tdm_problem *problem, int a, int b, double mean, double sigma);

struct tdm_solution {
    double *x;      /**< the caller's, of `unknowns`: in: nothing; out: the best point */
    double *spread; /**< the caller's or NULL; out: posterior over prior standard deviation */
    double cost;    /**< half the sum of squares, with the residuals' unit as it was given */
    double noise;   /**< standard deviation of the residuals that was found, in their unit */
    int iterations;
};

/**
 * Minimises from each of `starts` points (rows of `start`): a few steps each, then the best one to
 * the end. -1 with `error` filled where GSL fails or memory ends.
 */
int tdm_problem_solve(const struct tdm_problem *problem, const double *start, size_t starts,
                      struct tdm_solution *solution, struct tdm_error *error);

#endif

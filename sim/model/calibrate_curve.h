// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Curves over a domain's OPPs that rise by construction: the integral of exp(prior log rate +
 * deviation), the deviation linear between a few knots. Voltage, idle memory power and memory
 * bandwidth are such curves; their smoothness is a prior on neighbouring knots.
 */
#ifndef TDM_MODEL_CALIBRATE_CURVE_H
#define TDM_MODEL_CALIBRATE_CURVE_H

#include "model/calibrate_solve.h"

enum { TDM_CURVE_OPPS = 64, TDM_CURVE_KNOTS = 12 };

struct tdm_curve {
    int opps, knots;
    int first;                   /**< unknown of the first knot */
    double step[TDM_CURVE_OPPS]; /**< width of the interval above each OPP */
    double rate[TDM_CURVE_OPPS]; /**< prior log rate in it */
    double at[TDM_CURVE_OPPS];   /**< its place among the knots, 0 to knots - 1 */
};

/** The curve's values and their derivatives by each knot. */
struct tdm_curve_values {
    double value[TDM_CURVE_OPPS];
    double slope[TDM_CURVE_OPPS][TDM_CURVE_KNOTS];
};

/** Sets up a curve on `opps` points x (rising); the prior log rates are left at zero. */
void tdm_curve_start(struct tdm_curve *curve, const double *x, int opps, int first);

/** Priors: each knot near zero within `level`, neighbours within `smooth`. -1: no memory. */
int tdm_curve_priors(const struct tdm_curve *curve, struct tdm_problem *problem, double level,
                     double smooth);

/** The integral from the lowest OPP; without `slopes` only the values are filled. */
void tdm_curve_evaluate(const struct tdm_curve *curve, const double *x,
                        struct tdm_curve_values *values);

/** Makes the prior rates those of a known curve (values at the OPPs, rising). */
void tdm_curve_follow(struct tdm_curve *curve, const double *values);

#endif

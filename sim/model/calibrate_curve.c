// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/calibrate_curve.h"

#include <assert.h>
#include <math.h>
#include <string.h>

// Slowest rate that a known curve is taken to have, relative to its mean: a flat stretch has no
// log.
#define FLATTEST 0.02

void tdm_curve_start(struct tdm_curve *curve, const double *x, int opps, int first)
{
    assert(opps >= 1 && opps <= TDM_CURVE_OPPS);
    *curve = (struct tdm_curve){.opps = opps, .first = first};
    const int intervals = opps - 1;
    curve->knots = intervals < TDM_CURVE_KNOTS ? intervals : TDM_CURVE_KNOTS;
    for (int i = 0; i < intervals; i++) {
        curve->step[i] = x[i + 1] - x[i];
        curve->at[i] = intervals > 1 ? (double)i * (curve->knots - 1) / (intervals - 1) : 0;
    }
}

void tdm_curve_follow(struct tdm_curve *curve, const double *values)
{
    const int intervals = curve->opps - 1;
    double width = 0;
    for (int i = 0; i < intervals; i++)
        width += curve->step[i];
    const double mean = intervals ? (values[intervals] - values[0]) / width : 0;
    for (int i = 0; i < intervals; i++)
        curve->rate[i] =
            log(fmax((values[i + 1] - values[i]) / curve->step[i], fmax(FLATTEST * mean, 1e-9)));
}

int tdm_curve_priors(const struct tdm_curve *curve, struct tdm_problem *problem, double level,
                     double smooth)
{
    for (int k = 0; k < curve->knots; k++) {
        if (tdm_problem_prior(problem, curve->first + k, -1, 0, level))
            return -1;
        if (k && tdm_problem_prior(problem, curve->first + k, curve->first + k - 1, 0, smooth))
            return -1;
    }
    return 0;
}

void tdm_curve_evaluate(const struct tdm_curve *curve, const double *x,
                        struct tdm_curve_values *values)
{
    double sum = 0, slope[TDM_CURVE_KNOTS] = {0};
    values->value[0] = 0;
    memset(values->slope[0], 0, sizeof slope);
    for (int i = 0; i + 1 < curve->opps; i++) {
        const int low = curve->at[i] >= curve->knots - 1 ? curve->knots - 1 : (int)curve->at[i];
        const int high = low + 1 < curve->knots ? low + 1 : low;
        const double share = curve->at[i] - low;
        const double deviation =
            (1 - share) * x[curve->first + low] + share * x[curve->first + high];
        // Far out is nowhere: a trial step must not overflow.
        const double rise = curve->step[i] * exp(curve->rate[i] + fmin(deviation, 30));
        sum += rise;
        slope[low] += (1 - share) * rise;
        slope[high] += share * rise;
        values->value[i + 1] = sum;
        memcpy(values->slope[i + 1], slope, sizeof slope);
    }
}

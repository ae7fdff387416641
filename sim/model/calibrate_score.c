// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/calibrate_score.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"

struct tdm_prediction tdm_predict(const struct tdm_board *board, const struct tdm_fit *fit,
                                  const struct tdm_row *row)
{
    const struct tdm_speed speed = tdm_speed_at(board, fit->latency, row->opps);
    const struct tdm_times times = tdm_latency_at(fit, fit->latency, &speed);
    struct tdm_prediction out = {.latency = times.total, .power = NAN, .energy = NAN};
    if (!fit->power)
        return out;
    const struct tdm_supply supply = tdm_supply_at(board, fit->power, row->opps);
    const struct tdm_conditions *alone = &tdm_conditions_calibrated;
    const struct tdm_watts run = tdm_power_run(fit, fit->power, &supply, &times, alone);
    const struct tdm_watts idle = tdm_power_idle(fit->power, &supply, alone);
    const double rest = row->period - row->latency;
    out.energy = tdm_watts_sum(&run) * times.total + tdm_watts_sum(&idle) * rest;
    out.power = out.energy / (times.total + rest);
    return out;
}

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/** Mean and 95th percentile (linear between ranks) of errors, in percent. Sorts them. */
static void summarise(double *errors, size_t count, double *mape, double *p95)
{
    *mape = *p95 = NAN;
    if (count == 0)
        return;
    qsort(errors, count, sizeof *errors, compare);
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += errors[i];
    const double rank = 0.95 * (double)(count - 1);
    const size_t low = (size_t)rank, high = low + 1 < count ? low + 1 : low;
    *mape = 100 * sum / (double)count;
    *p95 = 100 * (errors[low] + (rank - (double)low) * (errors[high] - errors[low]));
}

/** Relative errors of `predicted` against `measured` into `errors`, where both are known. */
static size_t add_error(double predicted, double measured, double *errors, size_t count)
{
    if (isnan(predicted) || isnan(measured))
        return count;
    errors[count] = fabs(predicted / measured - 1);
    return count + 1;
}

int tdm_score_rows(const struct tdm_row *rows, const struct tdm_prediction *predictions,
                   const bool *chosen, size_t count, struct tdm_score *score,
                   struct tdm_error *error)
{
    double *errors = malloc((3 * count + 1) * sizeof *errors);
    if (!errors)
        return tdm_fail(error, "out of memory");
    double *const latency = errors, *const power = errors + count, *const energy = power + count;
    size_t latencies = 0, powers = 0, energies = 0;
    for (size_t i = 0; i < count; i++) {
        if (chosen && !chosen[i])
            continue;
        latencies = add_error(predictions[i].latency, rows[i].latency, latency, latencies);
        powers = add_error(predictions[i].power, rows[i].power, power, powers);
        energies = add_error(predictions[i].energy, rows[i].energy, energy, energies);
    }
    score->rows = latencies;
    summarise(latency, latencies, &score->latency_mape, &score->latency_p95);
    summarise(power, powers, &score->power_mape, &score->power_p95);
    summarise(energy, energies, &score->energy_mape, &score->energy_p95);
    free(errors);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/energy.h"

#include <math.h>

#include "core/extremes.h"

// Readings on one step of the sensor, one after the other: they are off by the same.
struct row {
    double weight;  // s that they counted for
    double reading; // s that the last of them has counted for so far
};

static void end_reading(struct tdm_energy *energy, struct row *row)
{
    energy->samples += row->reading > 0;
    row->weight += row->reading;
    row->reading = 0;
}

static void end_row(struct row *row, double *variance, double quantum)
{
    *variance += quantum * quantum / 12 * row->weight * row->weight;
    row->weight = 0;
}

struct tdm_energy tdm_energy_between(const struct tdm_sample *samples, size_t count, double from,
                                     double to, double quantum, double gap)
{
    struct tdm_energy energy = {0};
    double variance = 0;
    struct row row = {0};
    for (size_t i = 1; i < count; i++) {
        const struct tdm_sample *a = &samples[i - 1], *b = &samples[i];
        const double start = tdm_larger(from, a->time), end = tdm_smaller(to, b->time);
        const double dt = end - start, whole = b->time - a->time;
        if (!(dt > 0) || whole > gap) {
            end_reading(&energy, &row);
            end_row(&row, &variance, quantum);
            continue;
        }
        // The line's height in the middle of the piece: so much of it is b's.
        const double part = (0.5 * (start + end) - a->time) / whole;
        const double jump = (b->value - a->value) * dt / whole;
        energy.joules += dt * (a->value * (1 - part) + b->value * part);
        energy.covered += dt;
        variance += jump * jump * dt * dt / 12;
        row.reading += dt * (1 - part);
        end_reading(&energy, &row);
        if (a->value != b->value) // both are the sensor's own numbers, or not the same step
            end_row(&row, &variance, quantum);
        row.reading = dt * part;
    }
    end_reading(&energy, &row);
    end_row(&row, &variance, quantum);
    energy.error = sqrt(variance);
    return energy;
}

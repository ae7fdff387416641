// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/energy.h"

#include <math.h>

#include "core/extremes.h"

// One reading that counted for `weight` seconds is over.
static void close_weight(struct tdm_energy *energy, double *variance, double quantum, double weight)
{
    *variance += quantum * quantum / 12 * weight * weight;
    energy->samples += weight > 0;
}

struct tdm_energy tdm_energy_between(const struct tdm_sample *samples, size_t count, double from,
                                     double to, double quantum, double gap)
{
    struct tdm_energy energy = {0};
    double variance = 0, weight = 0; // of the reading that the next interval begins with
    for (size_t i = 1; i < count; i++) {
        const struct tdm_sample *a = &samples[i - 1], *b = &samples[i];
        const double start = tdm_larger(from, a->time), end = tdm_smaller(to, b->time);
        const double dt = end - start, whole = b->time - a->time;
        if (!(dt > 0) || whole > gap) {
            close_weight(&energy, &variance, quantum, weight);
            weight = 0;
            continue;
        }
        // The line's height in the middle of the piece: so much of it is b's.
        const double part = (0.5 * (start + end) - a->time) / whole;
        const double jump = (b->value - a->value) * dt / whole;
        energy.joules += dt * (a->value * (1 - part) + b->value * part);
        energy.covered += dt;
        variance += jump * jump * dt * dt / 12;
        close_weight(&energy, &variance, quantum, weight + dt * (1 - part));
        weight = dt * part;
    }
    close_weight(&energy, &variance, quantum, weight);
    energy.error = sqrt(variance);
    return energy;
}

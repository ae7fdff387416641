// SPDX-License-Identifier: GPL-3.0-or-later
/** What a board's sensors show: the power in steps of a quantum, looked at once a period. */
#ifndef TDM_ENGINE_SENSOR_H
#define TDM_ENGINE_SENSOR_H

#include <math.h>

#include "model/board.h"

struct tdm_sensor {
    double next; /**< s, when it looks again */
    double period, quantum;
    double power, temperature; /**< W and degC that it shows */
};

/** floor(), without a call where the processor has no instruction for it. */
static inline double tdm_sensor_floor(double x)
{
    if (!(fabs(x) < 0x1p52))
        return x; // whole as it is, or not a number
    const double whole = (double)(int64_t)x;
    return whole > x ? whole - 1 : whole;
}

static inline void tdm_sensor_look(struct tdm_sensor *sensor, double now, double power,
                                   double temperature)
{
    sensor->next = sensor->period * (tdm_sensor_floor(now / sensor->period) + 1);
    sensor->power = sensor->quantum > 0
                        ? sensor->quantum * tdm_sensor_floor(power / sensor->quantum + 0.5)
                        : power;
    sensor->temperature = tdm_sensor_floor(temperature * 1e3 + 0.5) / 1e3;
}

/** The fastest period and the coarsest quantum of the rails that make up the board's total. */
static inline void tdm_sensor_start(struct tdm_sensor *sensor, const struct tdm_board *board)
{
    *sensor = (struct tdm_sensor){.period = INFINITY};
    for (size_t i = 0; i < board->rail_count; i++) {
        const struct tdm_rail *rail = &board->rails[i];
        if (!rail->total)
            continue;
        sensor->period = fmin(sensor->period, rail->period);
        sensor->quantum = fmax(sensor->quantum, rail->quantum);
    }
    if (isinf(sensor->period))
        sensor->period = 0.1;
}

#endif

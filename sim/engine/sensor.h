// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a board's sensors show: the power in steps of a quantum, looked at once a period. A look
 * keeps what there was; the arithmetic waits until somebody reads it.
 */
#ifndef TDM_ENGINE_SENSOR_H
#define TDM_ENGINE_SENSOR_H

#include <math.h>

#include "model/board.h"

struct tdm_sensor {
    double period, quantum;
    double looked;             /**< s, when it looked last */
    double next;               /**< s, when it looks again; not beyond `looked`: not known yet */
    double power, temperature; /**< W and degC, as they were then */
};

/** floor(), without a call where the processor has no instruction for it. */
static inline double tdm_sensor_floor(double x)
{
    if (!(fabs(x) < 0x1p52))
        return x; // whole as it is, or not a number
    const double whole = (double)(int64_t)x;
    return whole > x ? whole - 1 : whole;
}

/** Whether `now` is in another period than the last look. */
static inline bool tdm_sensor_is_due(struct tdm_sensor *sensor, double now)
{
    // Two periods later is another one for sure; that is cheaper than to ask which it is.
    if (now - sensor->looked >= 2 * sensor->period)
        return true;
    if (sensor->next <= sensor->looked)
        sensor->next = sensor->period * (tdm_sensor_floor(sensor->looked / sensor->period) + 1);
    return now >= sensor->next;
}

static inline void tdm_sensor_look(struct tdm_sensor *sensor, double now, double power,
                                   double temperature)
{
    sensor->looked = now;
    sensor->power = power;
    sensor->temperature = temperature;
}

/** W that it shows. */
static inline double tdm_sensor_power(const struct tdm_sensor *sensor)
{
    return sensor->quantum > 0
               ? sensor->quantum * tdm_sensor_floor(sensor->power / sensor->quantum + 0.5)
               : sensor->power;
}

/** degC that it shows. */
static inline double tdm_sensor_temperature(const struct tdm_sensor *sensor)
{
    return tdm_sensor_floor(sensor->temperature * 1e3 + 0.5) / 1e3;
}

/** The fastest period and the coarsest quantum of the rails that make up the board's total. */
static inline void tdm_sensor_start(struct tdm_sensor *sensor, const struct tdm_board *board)
{
    *sensor = (struct tdm_sensor){.period = INFINITY, .looked = -INFINITY, .next = -INFINITY};
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

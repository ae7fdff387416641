// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/radio_meter.h"

#include <math.h>
#include <stdlib.h>

#include "core/extremes.h"

static void log_piece(struct tdm_radio_meter *meter, double start, double end, double joules)
{
    struct tdm_radio_pieces *pieces = meter->pieces;
    if (!pieces || end <= start)
        return;
    if (pieces->count == pieces->room) {
        const size_t room = pieces->room ? 2 * pieces->room : 256;
        struct tdm_radio_piece *items = realloc(pieces->items, room * sizeof *items);
        if (!items) {
            pieces->lost = true;
            return;
        }
        pieces->items = items;
        pieces->room = room;
    }
    pieces->items[pieces->count++] = (struct tdm_radio_piece){start, end, joules / (end - start)};
}

// Joules spread evenly over a stretch; what lies behind the end of the run is left out.
static void count(struct tdm_radio_meter *meter, double start, double end, double joules)
{
    if (end > meter->until) {
        if (start >= meter->until)
            return;
        joules *= (meter->until - start) / (end - start);
        end = meter->until;
    }
    meter->energy += joules;
    log_piece(meter, start, end, joules);
}

double tdm_radio_delay(const struct tdm_radio_meter *meter, double now)
{
    if (!meter->radio || now - meter->last <= meter->radio->tail_time)
        return 0;
    return meter->radio->promotion_time;
}

// The tail that really happened between the last transfer and `until`.
static void close_tail(struct tdm_radio_meter *meter, double until)
{
    const double lasted = tdm_smaller(until - meter->last, meter->radio->tail_time);
    if (isfinite(meter->last) && lasted > 0)
        count(meter, meter->last, meter->last + lasted, lasted * meter->radio->tail_power);
}

static double wake(struct tdm_radio_meter *meter, double start)
{
    const struct tdm_radio *radio = meter->radio;
    const double promotion =
        radio->promotion_time > 0 && start - radio->promotion_time - meter->last > radio->tail_time
            ? radio->promotion_time
            : 0;
    close_tail(meter, start - promotion);
    const double raising = promotion * radio->promotion_power;
    if (raising > 0)
        count(meter, start - promotion, start, raising);
    return raising;
}

static double spend(struct tdm_radio_meter *meter, enum tdm_direction direction, double start,
                    double end, double bytes, double signal)
{
    const struct tdm_radio *radio = meter->radio;
    const double slope = direction == TDM_UP ? radio->up : radio->down;
    const double alone = tdm_larger(0, end - tdm_larger(start, meter->last)); // base is paid once
    const double factor = tdm_radio_factor(radio, signal);
    const double joules = factor * (slope * bytes + radio->base * alone);
    count(meter, start, end, joules);
    meter->last = tdm_larger(meter->last, end);
    return joules;
}

double tdm_radio_transfer(struct tdm_radio_meter *meter, enum tdm_direction direction, double start,
                          double end, double bytes, double signal)
{
    if (!meter->radio)
        return 0;
    const double raising = wake(meter, start);
    return raising + spend(meter, direction, start, end, bytes, signal);
}

double tdm_radio_begin(struct tdm_radio_meter *meter, double start)
{
    if (!meter->radio)
        return 0;
    const double raising = wake(meter, start);
    meter->last = INFINITY;
    return raising;
}

double tdm_radio_end(struct tdm_radio_meter *meter, enum tdm_direction direction, double start,
                     double end, double bytes, double signal)
{
    if (!meter->radio)
        return 0;
    meter->last = start;
    return spend(meter, direction, start, end, bytes, signal);
}

void tdm_radio_stop(struct tdm_radio_meter *meter, double end)
{
    if (meter->radio)
        close_tail(meter, end);
}

double tdm_radio_tail(const struct tdm_radio *radio)
{
    return radio ? radio->tail_time * radio->tail_power : 0;
}

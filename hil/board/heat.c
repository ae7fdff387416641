// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/heat.h"

#include <math.h>

static const double usual_margin = 5; // K

struct tdm_heat tdm_heat_begin(const struct tdm_board *board, double limit)
{
    struct tdm_heat heat = {.margin = usual_margin};
    if (!board->thermal_count || !board->thermals[0].trip_count)
        return heat;
    heat.thermal = &board->thermals[0];
    if (!isnan(limit))
        heat.margin = heat.thermal->trips[0].above - limit;
    return heat;
}

double tdm_heat_limit(const struct tdm_heat *heat, size_t level)
{
    return heat->thermal && level < heat->thermal->trip_count
               ? heat->thermal->trips[level].above - heat->margin
               : INFINITY;
}

bool tdm_heat_step(struct tdm_heat *heat, double degc)
{
    const size_t was = heat->level;
    if (!heat->thermal || isnan(degc))
        return false;
    while (degc > tdm_heat_limit(heat, heat->level))
        heat->level++;
    while (heat->level && degc < tdm_heat_limit(heat, heat->level - 1) - heat->thermal->hysteresis)
        heat->level--;
    return heat->level != was;
}

static double lower(double cap, double other)
{
    if (!(other > 0)) // NAN: the trip has none
        return cap;
    return cap > 0 && cap < other ? cap : other;
}

void tdm_heat_caps(const struct tdm_heat *heat, double caps[TDM_DOMAINS])
{
    for (int i = 0; i < TDM_DOMAINS; i++)
        caps[i] = 0;
    for (size_t k = 0; k < heat->level; k++) {
        const struct tdm_trip *trip = &heat->thermal->trips[k];
        caps[TDM_CPU] = lower(caps[TDM_CPU], trip->cpu);
        caps[TDM_GPU] = lower(caps[TDM_GPU], trip->gpu);
        caps[TDM_EMC] = lower(caps[TDM_EMC], trip->emc);
    }
}

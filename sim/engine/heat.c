// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/heat.h"

#include "core/extremes.h"

static void find_trips(struct tdm_heat *heat)
{
    const struct tdm_trip *trips = heat->thermal->trips;
    while ((size_t)heat->trips < heat->thermal->trip_count &&
           heat->temperature > trips[heat->trips].above)
        heat->trips++;
    while (heat->trips &&
           heat->temperature < trips[heat->trips - 1].above - heat->thermal->hysteresis)
        heat->trips--;
    heat->above =
        (size_t)heat->trips < heat->thermal->trip_count ? trips[heat->trips].above : INFINITY;
    heat->below =
        heat->trips ? trips[heat->trips - 1].above - heat->thermal->hysteresis : -INFINITY;
}

void tdm_heat_start(struct tdm_heat *heat, const struct tdm_thermal *thermal, bool on,
                    double ambient, double start)
{
    *heat = (struct tdm_heat){.thermal = thermal, .on = on, .longest_piece = INFINITY};
    heat->ambient = isnan(ambient) ? thermal->ambient : ambient;
    heat->tau = thermal->resistance * thermal->capacity;
    heat->temperature = !on ? thermal->reference : isnan(start) ? heat->ambient : start;
    if (!on)
        return;
    if (heat->tau > 0)
        heat->longest_piece = heat->tau / 50;
    find_trips(heat);
}

// The kernel is granted a millisecond to notice, so that pieces do not get ever shorter without
// hysteresis.
double tdm_heat_until_trip(const struct tdm_heat *heat, double duration, double goal)
{
    const double now = heat->temperature, notice = 1e-3;
    const double then = tdm_heat_warmed(heat, goal, duration);
    if (then <= heat->above && then >= heat->below)
        return duration;
    const double edge = then > heat->above ? heat->above : heat->below;
    const double until = heat->tau * tdm_larger(0, log((goal - now) / (goal - edge)));
    return tdm_smaller(duration, until + notice);
}

bool tdm_heat_trip(struct tdm_heat *heat)
{
    const int before = heat->trips;
    find_trips(heat);
    return heat->trips != before;
}

int tdm_heat_cap(const struct tdm_heat *heat, const struct tdm_domain_info *domain)
{
    int cap = (int)domain->opp_count - 1;
    for (int i = 0; i < heat->trips; i++) {
        const struct tdm_trip *trip = &heat->thermal->trips[i];
        const double hz = domain->domain == TDM_CPU   ? trip->cpu
                          : domain->domain == TDM_GPU ? trip->gpu
                                                      : trip->emc;
        if (!isnan(hz))
            cap = tdm_least(cap, tdm_domain_opp(domain, hz));
    }
    return cap;
}

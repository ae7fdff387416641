// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/heat.h"

#include "core/extremes.h"

static double settle_fraction(double x) // 1 - exp(-x)
{
    if (x < 0.01)
        return x * (1 - x / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5))));
    return -expm1(-x);
}

// The temperature that this power leads to in the long run.
static double goal_of(const struct tdm_heat *heat, double power)
{
    return heat->ambient + heat->thermal->resistance * power;
}

static double warmed(const struct tdm_heat *heat, double goal, double duration)
{
    const double fraction = heat->tau > 0 ? settle_fraction(duration / heat->tau) : 1;
    return heat->temperature + (goal - heat->temperature) * fraction;
}

static void find_trips(struct tdm_heat *heat)
{
    const struct tdm_trip *trips = heat->thermal->trips;
    while ((size_t)heat->trips < heat->thermal->trip_count &&
           heat->temperature > trips[heat->trips].above)
        heat->trips++;
    while (heat->trips &&
           heat->temperature < trips[heat->trips - 1].above - heat->thermal->hysteresis)
        heat->trips--;
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

// The time until heat engages or lifts a trip, where that is less than `duration`. The kernel is
// granted a millisecond to notice, so that pieces do not get ever shorter without hysteresis.
static double until_trip(const struct tdm_heat *heat, double duration, double goal)
{
    const struct tdm_thermal *thermal = heat->thermal;
    const double now = heat->temperature, notice = 1e-3;
    const double above =
        (size_t)heat->trips < thermal->trip_count ? thermal->trips[heat->trips].above : INFINITY;
    const double below =
        heat->trips ? thermal->trips[heat->trips - 1].above - thermal->hysteresis : -INFINITY;
    if (goal <= above && goal >= below)
        return duration;
    const double then = warmed(heat, goal, duration);
    if (then <= above && then >= below)
        return duration;
    const double edge = then > above ? above : below;
    const double until = heat->tau * tdm_larger(0, log((goal - now) / (goal - edge)));
    return tdm_smaller(duration, until + notice);
}

double tdm_heat_piece(const struct tdm_heat *heat, double duration, double power)
{
    if (!heat->on)
        return duration;
    const double goal = goal_of(heat, power);
    const bool settled = fabs(goal - heat->temperature) < 0.01;
    if (duration > heat->longest_piece && !settled)
        duration = heat->longest_piece;
    return heat->thermal->trip_count ? until_trip(heat, duration, goal) : duration;
}

bool tdm_heat_pass(struct tdm_heat *heat, double duration, double power)
{
    if (!heat->on)
        return false;
    const int before = heat->trips;
    heat->temperature = warmed(heat, goal_of(heat, power), duration);
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

// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/governor.h"

static int top_of(const struct tdm_domain_info *domain)
{
    return (int)domain->opp_count - 1;
}

static int performance(const struct tdm_domain_info *domain, int opp, double utilisation)
{
    (void)opp, (void)utilisation;
    return top_of(domain);
}

static int powersave(const struct tdm_domain_info *domain, int opp, double utilisation)
{
    (void)domain, (void)opp, (void)utilisation;
    return 0;
}

// The kernel's get_next_freq: 1.25 times the capacity in use, rounded up. Utilisation is of the
// clock in force, so the capacity in use is utilisation times that clock.
static int schedutil(const struct tdm_domain_info *domain, int opp, double utilisation)
{
    return tdm_domain_round(domain, 1.25 * utilisation * domain->opps[opp].hz);
}

// up_threshold 80: above it the top, else in proportion between lowest and top.
static int ondemand(const struct tdm_domain_info *domain, int opp, double utilisation)
{
    (void)opp;
    const double low = domain->opps[0].hz, top = domain->opps[top_of(domain)].hz;
    if (utilisation > 0.8)
        return top_of(domain);
    return tdm_domain_round(domain, low + utilisation * (top - low));
}

// up_threshold 80, down_threshold 20, one OPP at a time.
static int conservative(const struct tdm_domain_info *domain, int opp, double utilisation)
{
    if (utilisation > 0.8 && opp < top_of(domain))
        return opp + 1;
    if (utilisation < 0.2 && opp > 0)
        return opp - 1;
    return opp;
}

// nvhost_podgov: the top clock above a load of 90 %, else towards a load of 70 %, staying where it
// is between 50 and 80 %. Recalled from the driver, whose constants differ by board and release.
static int podgov(const struct tdm_domain_info *domain, int opp, double utilisation)
{
    if (utilisation > 0.9)
        return top_of(domain);
    if (utilisation >= 0.5 && utilisation <= 0.8)
        return opp;
    return tdm_domain_round(domain, domain->opps[opp].hz * utilisation / 0.7);
}

static const struct tdm_governor_type types[TDM_GOVERNORS] = {
    [TDM_GOVERNOR_PERFORMANCE] = {"performance", "the top clock", performance},
    [TDM_GOVERNOR_POWERSAVE] = {"powersave", "the lowest clock", powersave},
    [TDM_GOVERNOR_SCHEDUTIL] = {"schedutil", "1.25 times the capacity in use", schedutil},
    [TDM_GOVERNOR_ONDEMAND] = {"ondemand", "top above 80 %, else in proportion", ondemand},
    [TDM_GOVERNOR_CONSERVATIVE] = {"conservative", "one step up above 80 %, down below 20 %",
                                   conservative},
    [TDM_GOVERNOR_PODGOV] = {"podgov", "nvhost_podgov: towards a load of 70 %", podgov},
};

const struct tdm_governor_type *const tdm_governors[TDM_GOVERNORS] = {
    [TDM_GOVERNOR_PERFORMANCE] = &types[TDM_GOVERNOR_PERFORMANCE],
    [TDM_GOVERNOR_POWERSAVE] = &types[TDM_GOVERNOR_POWERSAVE],
    [TDM_GOVERNOR_SCHEDUTIL] = &types[TDM_GOVERNOR_SCHEDUTIL],
    [TDM_GOVERNOR_ONDEMAND] = &types[TDM_GOVERNOR_ONDEMAND],
    [TDM_GOVERNOR_CONSERVATIVE] = &types[TDM_GOVERNOR_CONSERVATIVE],
    [TDM_GOVERNOR_PODGOV] = &types[TDM_GOVERNOR_PODGOV],
};

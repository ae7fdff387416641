// SPDX-License-Identifier: GPL-3.0-or-later
// What is wanted: checked against the board's tables, and limited.
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "core/units.h"
#include "hil/board/clocks.h"

enum { MOST_OPPS = 128 };

const char *const tdm_finding_names[] = {"kept",    "as asked",   "held down",
                                         "refused", "overridden", "throttled",
                                         "capped",  "rounded",    "unreadable"};

struct tdm_setting tdm_setting_none(void)
{
    return (struct tdm_setting){.fan = -1, .railgate = -1};
}

static bool fine(const struct tdm_in_force *in_force)
{
    return in_force->finding == TDM_FINDING_KEPT || in_force->finding == TDM_FINDING_AS_ASKED;
}

bool tdm_report_fine(const struct tdm_report *report)
{
    for (int i = 0; i < TDM_DOMAINS; i++)
        if (!fine(&report->clock[i]))
            return false;
    return fine(&report->cores) && fine(&report->fan) && fine(&report->railgate);
}

// ---- checking ----------------------------------------------------------------------------------

static const char *frequency(double hz, char text[64])
{
    return tdm_quantity_format(hz, TDM_FREQUENCY, 7, text, 64);
}

// The kernel's clock within 0.1 % of `hz`; 0: none, and `nearest` is the nearest.
static double find_clock(const double *table, int count, double hz, double *nearest)
{
    *nearest = table[0];
    for (int i = 0; i < count; i++) {
        if (fabs(table[i] - hz) < fabs(*nearest - hz))
            *nearest = table[i];
        if (fabs(table[i] - hz) <= 1e-3 * hz)
            return table[i];
    }
    return 0;
}

static int check_clock(const struct tdm_hw *hw, enum tdm_domain domain, double hz,
                       struct tdm_error *error)
{
    double table[MOST_OPPS], nearest;
    char wanted[64], near[64];
    const char *name = tdm_domain_names[domain];
    const int count = tdm_hw_table(hw, domain, table, MOST_OPPS);
    if (count <= 0)
        return tdm_fail(error, "cannot read the kernel's table of %s clocks: %s", name,
                        strerror(-count));
    if (find_clock(table, count, hz, &nearest) == 0)
        return tdm_fail(error, "the kernel has no %s clock of %s; the nearest is %s", name,
                        frequency(hz, wanted), frequency(nearest, near));
    if (tdm_domain_opp(tdm_hw_board(hw)->domain[domain], hz) < 0)
        return tdm_fail(error,
                        "the kernel has a %s clock of %s, but the file of the board '%.64s' "
                        "has not",
                        name, frequency(hz, wanted), tdm_hw_board(hw)->name);
    return 0;
}

// The knobs without which a domain cannot be set.
static int check_knobs(const struct tdm_hw *hw, enum tdm_domain domain, struct tdm_error *error)
{
    static const char *const needed[TDM_DOMAINS][2] = {
        {"cpu-min", "cpu-max"}, {"gpu-min", "gpu-max"}, {"emc-rate", "emc-lock"}};
    struct tdm_spot spots[TDM_SPOTS];
    for (int i = 0; i < 2; i++) {
        if (!tdm_hw_has(hw, needed[domain][i]))
            return tdm_fail(error,
                            "the file of the board '%.64s' says nowhere how its %s clock is "
                            "set on JetPack %s",
                            tdm_hw_board(hw)->name, tdm_domain_names[domain], tdm_hw_jetpack(hw));
        if (tdm_hw_spots(hw, needed[domain][i], spots) == 0)
            return tdm_fail(error, "the kernel's file for '%s' is not there%s", needed[domain][i],
                            domain == TDM_EMC ? " (debugfs is root's alone)" : "");
    }
    return 0;
}

static int check_governor(const struct tdm_setting *setting, enum tdm_domain domain,
                          struct tdm_error *error)
{
    const char *name = setting->governor[domain];
    if (!name[0])
        return 0;
    if (domain == TDM_EMC || setting->way[domain] != TDM_GOVERN)
        return tdm_fail(error, "a governor is for cpu and gpu that are governed, not for %s",
                        tdm_domain_names[domain]);
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != strlen(name))
        return tdm_fail(error, "'%s' is no governor's name", name);
    return 0;
}

static int check_others(const struct tdm_hw *hw, const struct tdm_setting *setting,
                        struct tdm_error *error)
{
    const int64_t cores = tdm_hw_board(hw)->domain[TDM_CPU]->cores;
    if (setting->cores < 0 || setting->cores > cores)
        return tdm_fail(error, "the board has 1 to %" PRId64 " cores, not %d", cores,
                        setting->cores);
    if (setting->fan > 255 || setting->fan < -1)
        return tdm_fail(error, "a fan turns at 0 to 255, not at %d", setting->fan);
    if (setting->fan >= 0 && !tdm_hw_writable(hw, "fan"))
        return tdm_fail(error, "the board's file has no fan");
    if (setting->railgate >= 0 && !tdm_hw_writable(hw, "gpu-railgate"))
        return tdm_fail(error, "the board's file has no rail gate of the GPU on JetPack %s",
                        tdm_hw_jetpack(hw));
    return 0;
}

int tdm_setting_check(const struct tdm_hw *hw, const struct tdm_setting *setting,
                      struct tdm_error *error)
{
    for (int i = 0; i < TDM_DOMAINS; i++) {
        const enum tdm_domain domain = (enum tdm_domain)i;
        if (check_governor(setting, domain, error))
            return -1;
        if (setting->way[i] == TDM_KEEP)
            continue;
        if (check_knobs(hw, domain, error))
            return -1;
        if ((setting->way[i] == TDM_PIN || setting->hz[i] > 0) &&
            check_clock(hw, domain, setting->hz[i], error))
            return -1;
    }
    return check_others(hw, setting, error);
}

// ---- limiting ----------------------------------------------------------------------------------

static double highest_below(const struct tdm_domain_info *info, double cap)
{
    double hz = info->opps[0].hz;
    for (size_t i = 0; i < info->opp_count; i++)
        if (info->opps[i].hz <= cap * (1 + 1e-3))
            hz = info->opps[i].hz;
    return hz;
}

bool tdm_setting_limit(const struct tdm_hw *hw, struct tdm_setting *setting,
                       const double caps[TDM_DOMAINS])
{
    bool changed = false;
    for (int i = 0; i < TDM_DOMAINS; i++) {
        if (!(caps[i] > 0))
            continue;
        const double cap = highest_below(tdm_hw_board(hw)->domain[i], caps[i]);
        if (setting->way[i] == TDM_KEEP) {
            setting->way[i] = TDM_GOVERN;
            setting->hz[i] = 0;
        }
        if (setting->hz[i] > 0 && setting->hz[i] <= cap)
            continue;
        setting->hz[i] = cap;
        changed = true;
    }
    return changed;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// What is in force, and why it is not what was wanted, as far as the files tell.
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/units.h"
#include "hil/board/targets.h"

static const double tolerance = 5e-3; // counters of cycles say 2264 to 2267 for 2265.6 MHz

static void found(struct tdm_in_force *in_force, enum tdm_finding finding, const char *format, ...)
    TDM_PRINTF(3, 4);

static void found(struct tdm_in_force *in_force, enum tdm_finding finding, const char *format, ...)
{
    va_list args;
    in_force->finding = finding;
    va_start(args, format);
    vsnprintf(in_force->why, sizeof in_force->why, format, args);
    va_end(args);
}

static const char *file_of(const struct tdm_spot *spot)
{
    // "policy2/scaling_max_freq" says enough
    const char *last = strrchr(spot->path, '/'), *at = last;
    while (at > spot->path && at[-1] != '/')
        at--;
    return at > spot->path ? at : last;
}

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0 || fabs(strtod(a, NULL) - strtod(b, NULL)) < 0.5;
}

// While it is above its first trip's temperature, less the hysteresis, the kernel throttles.
static bool is_hot(const struct tdm_hw *hw, double hottest)
{
    const struct tdm_thermal *thermal = tdm_hw_board(hw)->thermals;
    return thermal && thermal->trip_count &&
           hottest >= thermal->trips[0].above - thermal->hysteresis;
}

static void found_lower(struct tdm_in_force *in_force, const struct tdm_hw *hw, double hottest,
                        const char *what)
{
    if (is_hot(hw, hottest))
        found(in_force, TDM_FINDING_THROTTLED, "%s; the hottest zone has %.1f degC", what, hottest);
    else
        found(in_force, TDM_FINDING_CAPPED, "%s", what);
}

// The rate's own file shows the clock in force, which is judged as such.
static bool shows_clock(const struct tdm_target *target)
{
    return strcmp(target->spot.row->knob, "emc-rate") == 0;
}

// True where a target tells why.
static bool judge_target(const struct tdm_target *target, const struct tdm_hw *hw, double hottest,
                         struct tdm_in_force *in_force)
{
    char now[TDM_KNOB_TEXT], what[160];
    const char *file = file_of(&target->spot);
    if (target->result) {
        const char *why = target->result == -ENODATA ? "it could not be read before, so it would "
                                                       "not be put back"
                                                     : strerror(-target->result);
        found(in_force, TDM_FINDING_REFUSED, "%s: %s to %.40s", why, target->text, file);
        return true;
    }
    if (shows_clock(target))
        return false;
    const int result = tdm_hw_text(hw, &target->spot, now, sizeof now);
    if (result < 0) {
        found(in_force, TDM_FINDING_UNREADABLE, "%.60s: %s", file, strerror(-result));
        return true;
    }
    if (same(now, target->text))
        return false;
    if (!target->at_once[0] || !same(target->at_once, target->text)) {
        snprintf(what, sizeof what, "%.60s took %.30s and holds %.30s", file, target->text, now);
        if (strtod(now, NULL) < strtod(target->text, NULL))
            found_lower(in_force, hw, hottest, what);
        else
            found(in_force, TDM_FINDING_ROUNDED, "%s", what);
        return true;
    }
    if (is_hot(hw, hottest) && strtod(now, NULL) < strtod(target->text, NULL))
        found_lower(in_force, hw, hottest, "its limit was lowered");
    else
        found(in_force, TDM_FINDING_OVERRIDDEN, "%.60s held %.30s and now holds %.30s", file,
              target->text, now);
    return true;
}

// ---- clocks ------------------------------------------------------------------------------------

// Of the domain's files the one that is furthest from `wanted`; NAN where one cannot be read.
static double clock_now(const struct tdm_hw *hw, enum tdm_domain domain, double wanted)
{
    static const char *const knobs[TDM_DOMAINS] = {"cpu-now", "gpu-now", "emc-rate"};
    struct tdm_spot spots[TDM_SPOTS];
    double worst = NAN, hz;
    const size_t count = tdm_hw_spots(hw, knobs[domain], spots);
    for (size_t i = 0; i < count; i++) {
        if (domain == TDM_CPU && !tdm_cluster_runs(hw, &spots[i]))
            continue;
        if (tdm_hw_number(hw, &spots[i], &hz))
            return NAN;
        if (isnan(worst) || (wanted > 0 ? fabs(hz - wanted) > fabs(worst - wanted) : hz < worst))
            worst = hz;
    }
    return worst;
}

static void judge_pin(const struct tdm_hw *hw, enum tdm_domain domain, double wanted,
                      double hottest, struct tdm_in_force *in_force)
{
    char text[64], what[160], cap_text[64];
    double cap;
    const double now = in_force->hz;
    if (isnan(now)) {
        found(in_force, TDM_FINDING_UNREADABLE, "the clock in force cannot be read");
        return;
    }
    if (fabs(now - wanted) <= tolerance * wanted) {
        found(in_force, TDM_FINDING_AS_ASKED, "%s", "");
        return;
    }
    tdm_quantity_format(now, TDM_FREQUENCY, 7, text, sizeof text);
    if (now > wanted) {
        found(in_force, TDM_FINDING_ROUNDED, "the limits hold, and it runs at %s", text);
        return;
    }
    snprintf(what, sizeof what, "it runs at %s", text);
    if (domain == TDM_EMC && ((tdm_hw_first(hw, "emc-cap", &cap) == 0 && cap > 0 && cap < wanted) ||
                              (tdm_hw_first(hw, "emc-max", &cap) == 0 && cap > 0 && cap < wanted)))
        snprintf(what, sizeof what, "it runs at %s below a cap of %s", text,
                 tdm_quantity_format(cap, TDM_FREQUENCY, 7, cap_text, sizeof cap_text));
    found_lower(in_force, hw, hottest, what);
}

static void judge_clock(const struct tdm_targets *targets, const struct tdm_hand *hand,
                        const struct tdm_setting *setting, enum tdm_domain domain, double hottest,
                        struct tdm_in_force *in_force)
{
    const bool pinned = setting->way[domain] == TDM_PIN;
    in_force->hz = clock_now(hand->hw, domain, pinned ? setting->hz[domain] : 0);
    for (size_t i = 0; i < targets->count; i++)
        if (targets->list[i].of == (int)domain &&
            judge_target(&targets->list[i], hand->hw, hottest, in_force))
            return;
    if (pinned)
        judge_pin(hand->hw, domain, setting->hz[domain], hottest, in_force);
}

// ---- all ---------------------------------------------------------------------------------------

static void judge_rest(const struct tdm_targets *targets, const struct tdm_hand *hand, int of,
                       double hottest, struct tdm_in_force *in_force)
{
    for (size_t i = 0; i < targets->count; i++) {
        if (targets->list[i].of != of)
            continue;
        in_force->finding = TDM_FINDING_AS_ASKED;
        if (judge_target(&targets->list[i], hand->hw, hottest, in_force))
            return;
    }
}

void tdm_targets_judge(const struct tdm_targets *targets, const struct tdm_hand *hand,
                       const struct tdm_setting *setting, double hottest, struct tdm_report *report)
{
    *report = (struct tdm_report){.cores_online = tdm_cores_online(hand->hw)};
    for (int i = 0; i < TDM_DOMAINS; i++)
        judge_clock(targets, hand, setting, (enum tdm_domain)i, hottest, &report->clock[i]);
    report->cores.hz = report->fan.hz = report->railgate.hz = NAN;
    judge_rest(targets, hand, TDM_OF_CORES, NAN, &report->cores);
    judge_rest(targets, hand, TDM_OF_RAILGATE, NAN, &report->railgate);
    judge_rest(targets, hand, TDM_OF_FAN, NAN, &report->fan);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/targets.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/extremes.h"

static void push(struct tdm_targets *targets, int of, const struct tdm_spot *spot, const char *text)
{
    if (targets->count == TDM_TARGETS)
        return;
    struct tdm_target *target = &targets->list[targets->count++];
    *target = (struct tdm_target){.of = of, .spot = *spot};
    snprintf(target->text, sizeof target->text, "%s", text);
}

// ---- CPUs --------------------------------------------------------------------------------------

enum { CPUS = TDM_SPOTS };

static int cpu_of(const struct tdm_spot *spot)
{
    const char *at = strstr(spot->path, "/cpu/cpu");
    return at ? (int)strtol(at + strlen("/cpu/cpu"), NULL, 10) : -1;
}

static void add_cpu(int cpu, int order[CPUS], int *count)
{
    for (int i = 0; i < *count; i++)
        if (order[i] == cpu)
            return;
    if (*count < CPUS && cpu >= 0)
        order[(*count)++] = cpu;
}

// Whole clusters, cpu0's first (policies are listed by their first CPU): on a TX2 four cores are
// the A57s 0, 3, 4, 5, as nvpmodel has it, not two of each kind. Clusters that are wholly offline
// have no policy and come last, by number.
static int order_cpus(const struct tdm_hw *hw, const struct tdm_spot *online, size_t online_count,
                      int order[CPUS])
{
    struct tdm_spot policies[TDM_SPOTS];
    int count = 0;
    add_cpu(0, order, &count);
    const size_t policy_count = tdm_hw_spots(hw, "cpu-max", policies);
    for (size_t i = 0; i < policy_count; i++) {
        char path[TDM_TREE_PATH + 16], text[256], *rest = text;
        const int folder = (int)(strrchr(policies[i].path, '/') - policies[i].path);
        snprintf(path, sizeof path, "%.*s/related_cpus", folder, policies[i].path);
        if (tdm_tree_read(tdm_hw_tree(hw), path, text, sizeof text) < 0)
            continue;
        for (const char *word; (word = strtok_r(rest, " ", &rest));)
            add_cpu((int)strtol(word, NULL, 10), order, &count);
    }
    for (size_t i = 0; i < online_count; i++)
        add_cpu(cpu_of(&online[i]), order, &count);
    return count;
}

static bool is_wanted(int cpu, const int *order, int cores)
{
    for (int i = 0; i < cores; i++)
        if (order[i] == cpu)
            return true;
    return false;
}

void tdm_targets_cores(struct tdm_targets *targets, const struct tdm_hand *hand,
                       const struct tdm_setting *setting)
{
    struct tdm_spot spots[TDM_SPOTS];
    int order[CPUS];
    if (!setting->cores)
        return;
    const size_t count = tdm_hw_spots(hand->hw, "cpu-online", spots);
    const int known = order_cpus(hand->hw, spots, count, order);
    const int cores = tdm_least(setting->cores, known);
    for (int on = 1; on >= 0; on--)
        for (size_t i = 0; i < count; i++) {
            double now;
            const bool wanted = is_wanted(cpu_of(&spots[i]), order, cores);
            if (wanted == (on == 1) &&
                (tdm_hw_number(hand->hw, &spots[i], &now) || (now > 0) != wanted))
                push(targets, TDM_OF_CORES, &spots[i], on ? "1" : "0");
        }
}

int tdm_cores_online(const struct tdm_hw *hw)
{
    struct tdm_spot spots[TDM_SPOTS];
    int count = 1; // cpu0, which mostly has no such file
    const size_t files = tdm_hw_spots(hw, "cpu-online", spots);
    for (size_t i = 0; i < files; i++) {
        double now;
        if (cpu_of(&spots[i]) != 0 && tdm_hw_number(hw, &spots[i], &now) == 0 && now > 0)
            count++;
    }
    return count;
}

// Whether a CPU of the cluster that a file belongs to is online: others have no clock, and their
// files, where the kernel leaves them there, answer nothing.
bool tdm_cluster_runs(const struct tdm_hw *hw, const struct tdm_spot *cluster)
{
    struct tdm_spot online[TDM_SPOTS];
    char path[TDM_TREE_PATH + 16], text[256], *rest = text;
    const int folder = (int)(strrchr(cluster->path, '/') - cluster->path);
    snprintf(path, sizeof path, "%.*s/related_cpus", folder, cluster->path);
    if (tdm_tree_read(tdm_hw_tree(hw), path, text, sizeof text) < 0)
        return true;
    const size_t count = tdm_hw_spots(hw, "cpu-online", online);
    for (const char *word; (word = strtok_r(rest, " ", &rest));) {
        double on = 1; // cpu0 mostly has no such file
        for (size_t i = 0; i < count; i++)
            if (cpu_of(&online[i]) == strtol(word, NULL, 10) && tdm_hw_number(hw, &online[i], &on))
                on = 1;
        if (on > 0)
            return true;
    }
    return false;
}

// ---- CPU and GPU -------------------------------------------------------------------------------

// The text by which the kernel knows a clock: what its table says, in the file's unit.
static void clock_text(const struct tdm_hw *hw, enum tdm_domain domain, const struct tdm_spot *spot,
                       double hz, char text[TDM_KNOB_TEXT])
{
    double table[128];
    const int count = tdm_hw_table(hw, domain, table, 128);
    for (int i = 0; i < count; i++)
        if (fabs(table[i] - hz) <= 1e-3 * hz) {
            hz = table[i];
            break;
        }
    const bool kilo = spot->row->unit && strcmp(spot->row->unit, "kHz") == 0;
    snprintf(text, TDM_KNOB_TEXT, "%.0f", kilo ? hz / 1e3 : hz);
}

// The file of another knob beside this one: the minimum that belongs to a maximum.
static bool beside(const struct tdm_hw *hw, const struct tdm_spot *spot, const char *knob,
                   struct tdm_spot *found)
{
    struct tdm_spot spots[TDM_SPOTS];
    const size_t folder = (size_t)(strrchr(spot->path, '/') - spot->path) + 1;
    const size_t count = tdm_hw_spots(hw, knob, spots);
    for (size_t i = 0; i < count; i++)
        if (strncmp(spots[i].path, spot->path, folder) == 0 &&
            !strchr(spots[i].path + folder, '/')) {
            *found = spots[i];
            return true;
        }
    return false;
}

// What was saved of a file, but no more than the cap.
static void saved_text(const struct tdm_hand *hand, const struct tdm_spot *spot, const char *cap,
                       char text[TDM_KNOB_TEXT])
{
    const struct tdm_saved_value *value = tdm_saved_find(hand->saved, spot->path);
    snprintf(text, TDM_KNOB_TEXT, "%s", value ? value->text : cap);
    if (cap[0] && strtod(cap, NULL) < strtod(text, NULL))
        snprintf(text, TDM_KNOB_TEXT, "%s", cap);
}

struct limits {
    struct tdm_spot min, max;
    char least[TDM_KNOB_TEXT], most[TDM_KNOB_TEXT];
};

// Raising: the maximum first; lowering: the minimum first. So the kernel never sees one above the
// other, which JetPack 4 refuses.
static void push_limits(struct tdm_targets *targets, const struct tdm_hand *hand, int of,
                        const struct limits *limits)
{
    char now[TDM_KNOB_TEXT];
    const bool raise = tdm_hw_text(hand->hw, &limits->max, now, sizeof now) > 0 &&
                       strtod(limits->most, NULL) > strtod(now, NULL);
    if (raise)
        push(targets, of, &limits->max, limits->most);
    push(targets, of, &limits->min, limits->least);
    if (!raise)
        push(targets, of, &limits->max, limits->most);
}

static void push_governor(struct tdm_targets *targets, const struct tdm_hand *hand,
                          const struct tdm_setting *setting, enum tdm_domain domain,
                          const struct tdm_spot *spot)
{
    char now[TDM_KNOB_TEXT];
    const struct tdm_saved_value *value = tdm_saved_find(hand->saved, spot->path);
    const char *wanted = setting->governor[domain][0] ? setting->governor[domain]
                         : value                      ? value->text
                                                      : "";
    // Written again, a governor would begin anew.
    if (wanted[0] && (tdm_hw_text(hand->hw, spot, now, sizeof now) < 0 || strcmp(now, wanted) != 0))
        push(targets, (int)domain, spot, wanted);
}

static void push_cluster(struct tdm_targets *targets, const struct tdm_hand *hand,
                         const struct tdm_setting *setting, enum tdm_domain domain,
                         const struct tdm_spot *max)
{
    static const char *const least[] = {"cpu-min", "gpu-min"};
    static const char *const governors[] = {"cpu-governor", "gpu-governor"};
    struct limits limits = {.max = *max};
    struct tdm_spot governor;
    char clock[TDM_KNOB_TEXT] = "";
    if (!beside(hand->hw, max, least[domain], &limits.min))
        return;
    if (setting->hz[domain] > 0)
        clock_text(hand->hw, domain, max, setting->hz[domain], clock);
    if (setting->way[domain] == TDM_PIN) {
        memcpy(limits.least, clock, sizeof clock);
        memcpy(limits.most, clock, sizeof clock);
    } else {
        saved_text(hand, &limits.min, clock, limits.least);
        saved_text(hand, &limits.max, clock, limits.most);
        if (beside(hand->hw, max, governors[domain], &governor))
            push_governor(targets, hand, setting, domain, &governor);
    }
    push_limits(targets, hand, (int)domain, &limits);
}

// ---- the memory --------------------------------------------------------------------------------

static bool only_spot(const struct tdm_hw *hw, const char *knob, struct tdm_spot *spot)
{
    struct tdm_spot spots[TDM_SPOTS];
    if (!tdm_hw_writable(hw, knob) || tdm_hw_spots(hw, knob, spots) == 0)
        return false;
    *spot = spots[0];
    return true;
}

// 0 stands for "no cap", above all others.
static double cap_or_none(double cap)
{
    return cap > 0 ? cap : INFINITY;
}

static double saved_number(const struct tdm_hand *hand, const struct tdm_spot *spot)
{
    const struct tdm_saved_value *value = tdm_saved_find(hand->saved, spot->path);
    return value ? strtod(value->text, NULL) : 0;
}

// Raising: the cap before the rate, lowering: the rate before the cap.
static void push_emc(struct tdm_targets *targets, const struct tdm_hand *hand, const char *rate,
                     const char *locked, double cap)
{
    const struct tdm_hw *hw = hand->hw;
    struct tdm_spot spot, cap_spot;
    double now = 0;
    char text[TDM_KNOB_TEXT];
    const bool has_cap = only_spot(hw, "emc-cap", &cap_spot);
    const bool changes =
        has_cap && (tdm_hw_number(hw, &cap_spot, &now) || cap_or_none(now) != cap_or_none(cap));
    const bool raise = cap_or_none(cap) > cap_or_none(now);
    snprintf(text, sizeof text, "%.0f", isfinite(cap) ? cap : 0);
    if (changes && raise)
        push(targets, TDM_EMC, &cap_spot, text);
    if (rate[0] && (only_spot(hw, "emc-update", &spot) || only_spot(hw, "emc-rate", &spot)))
        push(targets, TDM_EMC, &spot, rate);
    if (only_spot(hw, "emc-lock", &spot))
        push(targets, TDM_EMC, &spot, locked);
    if (strcmp(locked, "1") == 0 && only_spot(hw, "emc-state", &spot) &&
        tdm_hw_number(hw, &spot, &now) == 0 && now == 0)
        push(targets, TDM_EMC, &spot, "1");
    if (changes && !raise)
        push(targets, TDM_EMC, &cap_spot, text);
}

static void pin_emc(struct tdm_targets *targets, const struct tdm_hand *hand, double hz)
{
    struct tdm_spot rate, cap_spot;
    char text[TDM_KNOB_TEXT] = "";
    if (only_spot(hand->hw, "emc-update", &rate) || only_spot(hand->hw, "emc-rate", &rate))
        clock_text(hand->hw, TDM_EMC, &rate, hz, text);
    const double saved =
        only_spot(hand->hw, "emc-cap", &cap_spot) ? saved_number(hand, &cap_spot) : 0;
    // No higher than it was, unless it has to be.
    push_emc(targets, hand, text, "1", saved > 0 ? tdm_larger(saved, strtod(text, NULL)) : 0);
}

// As it was. A board without a knob for caps (Nano) is locked at the cap if it is above it now.
static void govern_emc(struct tdm_targets *targets, const struct tdm_hand *hand, double cap)
{
    struct tdm_spot spot;
    char rate[TDM_KNOB_TEXT] = "", locked[TDM_KNOB_TEXT] = "0";
    double now;
    if (cap > 0 && !only_spot(hand->hw, "emc-cap", &spot)) {
        if (tdm_hw_first(hand->hw, "emc-rate", &now) == 0 && now > cap * (1 + 1e-3))
            pin_emc(targets, hand, cap);
        return;
    }
    if (only_spot(hand->hw, "emc-lock", &spot))
        saved_text(hand, &spot, "", locked);
    if (strcmp(locked, "1") == 0 &&
        (only_spot(hand->hw, "emc-update", &spot) || only_spot(hand->hw, "emc-rate", &spot)))
        saved_text(hand, &spot, "", rate);
    const double was = only_spot(hand->hw, "emc-cap", &spot) ? saved_number(hand, &spot) : 0;
    const double least = tdm_smaller(cap_or_none(was), cap_or_none(cap));
    push_emc(targets, hand, rate, locked[0] ? locked : "0", isfinite(least) ? least : 0);
}

// ---- all of them -------------------------------------------------------------------------------

void tdm_targets_clock(struct tdm_targets *targets, const struct tdm_hand *hand,
                       const struct tdm_setting *setting, enum tdm_domain domain)
{
    struct tdm_spot spots[TDM_SPOTS];
    if (setting->way[domain] == TDM_KEEP)
        return;
    if (domain == TDM_EMC && setting->way[domain] == TDM_PIN)
        pin_emc(targets, hand, setting->hz[domain]);
    else if (domain == TDM_EMC)
        govern_emc(targets, hand, setting->hz[domain]);
    else {
        const size_t count = tdm_hw_spots(hand->hw, domain ? "gpu-max" : "cpu-max", spots);
        for (size_t i = 0; i < count; i++)
            if (domain != TDM_CPU || tdm_cluster_runs(hand->hw, &spots[i]))
                push_cluster(targets, hand, setting, domain, &spots[i]);
    }
}

void tdm_targets_others(struct tdm_targets *targets, const struct tdm_hand *hand,
                        const struct tdm_setting *setting)
{
    struct tdm_spot spot;
    char text[TDM_KNOB_TEXT];
    if (setting->railgate >= 0 && only_spot(hand->hw, "gpu-railgate", &spot))
        push(targets, TDM_OF_RAILGATE, &spot, setting->railgate ? "1" : "0");
    snprintf(text, sizeof text, "%d", setting->fan);
    if (setting->fan >= 0 && only_spot(hand->hw, "fan", &spot))
        push(targets, TDM_OF_FAN, &spot, text);
}

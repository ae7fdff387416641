// SPDX-License-Identifier: GPL-3.0-or-later
// Linux 4.9 (JetPack 4) and 5.10, 5.15 (JetPack 5, 6): drivers/cpufreq/cpufreq.c, freq_table.c.
#include "hil/vboard/cpufreq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/extremes.h"
#include "engine/governor.h"
#include "hil/vboard/parse.h"

enum { GOVERNORS = 7 };

// In the kernel's order; what the simulator knows of it. `interactive` of 4.9 has no model of its
// own: ondemand's.
static const struct {
    const char *name;
    int like; // enum tdm_governor; -1: userspace
} governors[2][GOVERNORS + 1] = {
    {{"interactive", TDM_GOVERNOR_ONDEMAND},
     {"conservative", TDM_GOVERNOR_CONSERVATIVE},
     {"ondemand", TDM_GOVERNOR_ONDEMAND},
     {"userspace", -1},
     {"powersave", TDM_GOVERNOR_POWERSAVE},
     {"performance", TDM_GOVERNOR_PERFORMANCE},
     {"schedutil", TDM_GOVERNOR_SCHEDUTIL}},
    {{"conservative", TDM_GOVERNOR_CONSERVATIVE},
     {"ondemand", TDM_GOVERNOR_ONDEMAND},
     {"userspace", -1},
     {"powersave", TDM_GOVERNOR_POWERSAVE},
     {"performance", TDM_GOVERNOR_PERFORMANCE},
     {"schedutil", TDM_GOVERNOR_SCHEDUTIL}},
};

static int like(const struct vb_machine *machine, const struct vb_policy *policy)
{
    return governors[vb_modern(machine)][policy->governor].like;
}

static int find_governor(const struct vb_machine *machine, const char *name)
{
    for (int i = 0; i < GOVERNORS && governors[vb_modern(machine)][i].name; i++)
        if (strcmp(governors[vb_modern(machine)][i].name, name) == 0)
            return i;
    return -1;
}

void vb_policy_defaults(const struct vb_machine *machine, struct vb_policy *policy)
{
    const struct tdm_domain_info *info = policy->clock.info;
    policy->ask_min = policy->min = info->opps[0].hz;
    policy->ask_max = policy->max = info->opps[info->opp_count - 1].hz;
    policy->speed = 0;
    policy->governor = find_governor(machine, "schedutil");
    policy->governed = 0;
}

// cpufreq_frequency_table_verify: into the hardware's range; where they cross (5.x), max wins; a
// range without an entry of the table is widened to the next one above.
void vb_policy_limit(struct vb_policy *policy)
{
    const struct tdm_domain_info *info = policy->clock.info;
    const double least = info->opps[0].hz, most = vb_top(&policy->clock);
    policy->max = tdm_smaller(most, tdm_larger(least, policy->ask_max));
    policy->min = tdm_smaller(policy->max, tdm_larger(least, policy->ask_min));
    policy->max = tdm_larger(policy->max, info->opps[vb_opp_above(info, policy->min)].hz);
}

int vb_cpufreq_goal(const struct vb_machine *machine, const struct vb_policy *policy)
{
    const struct tdm_domain_info *info = policy->clock.info;
    double wanted = info->opps[policy->governed].hz;
    if (like(machine, policy) < 0)
        wanted = policy->speed > 0 ? policy->speed : vb_hz(&policy->clock);
    else if (like(machine, policy) == TDM_GOVERNOR_PERFORMANCE)
        wanted = policy->max;
    else if (like(machine, policy) == TDM_GOVERNOR_POWERSAVE)
        wanted = policy->min;
    wanted = tdm_smaller(policy->max, tdm_larger(policy->min, wanted));
    return vb_opp_within(info, wanted, policy->max);
}

void vb_cpufreq_look(struct vb_machine *machine, struct vb_policy *policy, double use)
{
    const int governor = like(machine, policy);
    if (governor >= 0)
        policy->governed =
            tdm_governors[governor]->next(policy->clock.info, policy->clock.opp, use);
}

bool vb_cpufreq_present(const struct vb_machine *machine, const struct vb_node *node)
{
    if (node->part >= 0) // the folder of a CPU
        return machine->online[node->part];
    return vb_policy_online(machine, &machine->policies[node->index]);
}

static struct vb_policy *policy_at(struct vb_machine *machine, const struct vb_node *node)
{
    return &machine->policies[node->index];
}

static int show_khz(double hz, char *text, size_t size)
{
    return vb_print(text, size, "%.0f\n", hz / 1e3);
}

static int show_min(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    return show_khz(policy_at(machine, node)->min, text, size);
}

static int show_max(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    return show_khz(policy_at(machine, node)->max, text, size);
}

// 4.9: the new limits are checked against each other before they are clamped to the hardware's.
static int set_limits(struct vb_machine *machine, struct vb_policy *policy, double min, double max)
{
    if (!vb_modern(machine) && min > max)
        return -EINVAL;
    policy->ask_min = min;
    policy->ask_max = max;
    vb_policy_limit(policy);
    if (!vb_modern(machine)) { // what is in force is all that it remembers
        policy->ask_min = policy->min;
        policy->ask_max = policy->max;
    }
    return 0;
}

static int store_min(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    struct vb_policy *policy = policy_at(machine, node);
    double khz;
    return vb_parse_loose(text, &khz) ? -EINVAL
                                      : set_limits(machine, policy, khz * 1e3, policy->ask_max);
}

static int store_max(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    struct vb_policy *policy = policy_at(machine, node);
    double khz;
    return vb_parse_loose(text, &khz) ? -EINVAL
                                      : set_limits(machine, policy, policy->ask_min, khz * 1e3);
}

static int show_now(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    return show_khz(vb_hz(&policy_at(machine, node)->clock), text, size);
}

// tegra194-cpufreq counts cycles over half a millisecond; others report what they have set.
static bool counts_cycles(const struct vb_machine *machine)
{
    return strcmp(machine->board->name, "nano") != 0 && strcmp(machine->board->name, "tx2") != 0;
}

static double measure_takes(const struct vb_machine *machine, const struct vb_node *node)
{
    (void)node;
    return counts_cycles(machine) ? 500e-6 : 0;
}

static int show_measured(struct vb_machine *machine, const struct vb_node *node, char *text,
                         size_t size)
{
    double hz = vb_hz(&policy_at(machine, node)->clock);
    if (counts_cycles(machine)) // tegrastats shows 2264 to 2267 for 2265.6 MHz
        hz += machine->noise * 0.7e6 * tdm_random_normal(&machine->random);
    return show_khz(hz, text, size);
}

static int show_governor(struct vb_machine *machine, const struct vb_node *node, char *text,
                         size_t size)
{
    const int governor = policy_at(machine, node)->governor;
    return vb_print(text, size, "%s\n", governors[vb_modern(machine)][governor].name);
}

static int store_governor(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    struct vb_policy *policy = policy_at(machine, node);
    char name[16];
    if (sscanf(text, "%15s", name) != 1)
        return -EINVAL;
    const int governor = find_governor(machine, name);
    if (governor < 0)
        return -EINVAL;
    policy->governor = governor;
    policy->governed = policy->clock.opp;
    policy->speed = vb_hz(&policy->clock); // userspace begins where the clock is
    return 0;
}

static int show_governors(struct vb_machine *machine, const struct vb_node *node, char *text,
                          size_t size)
{
    (void)node;
    int length = 0;
    for (int i = 0; i < GOVERNORS && governors[vb_modern(machine)][i].name; i++)
        length += vb_print(text + length, size - (size_t)length, "%s ",
                           governors[vb_modern(machine)][i].name);
    return length + vb_print(text + length, size - (size_t)length, "\n");
}

static int show_speed(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    const struct vb_policy *policy = policy_at(machine, node);
    return like(machine, policy) < 0 ? show_khz(vb_hz(&policy->clock), text, size)
                                     : vb_print(text, size, "<unsupported>\n");
}

static int store_speed(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    struct vb_policy *policy = policy_at(machine, node);
    double khz;
    if (like(machine, policy) >= 0 || vb_parse_loose(text, &khz))
        return -EINVAL;
    policy->speed = tdm_larger(khz * 1e3, policy->clock.info->opps[0].hz);
    return 0;
}

static int show_table(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    const struct tdm_domain_info *info = policy_at(machine, node)->clock.info;
    int length = 0;
    for (size_t i = 0; i < info->opp_count; i++)
        length += vb_print(text + length, size - (size_t)length, "%.0f ", info->opps[i].hz / 1e3);
    return length + vb_print(text + length, size - (size_t)length, "\n");
}

static int show_least(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    return show_khz(policy_at(machine, node)->clock.info->opps[0].hz, text, size);
}

static int show_most(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    return show_khz(vb_top(&policy_at(machine, node)->clock), text, size);
}

static int show_latency(struct vb_machine *machine, const struct vb_node *node, char *text,
                        size_t size)
{
    (void)machine, (void)node;
    return vb_print(text, size, "300000\n"); // ns
}

static int show_cpus(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    const struct vb_policy *policy = policy_at(machine, node);
    const bool all = strcmp(node->name, "related_cpus") == 0;
    int length = 0;
    for (int i = 0; i < policy->count; i++)
        if (all || machine->online[policy->cpus[i]])
            length += vb_print(text + length, size - (size_t)length, "%s%d", length ? " " : "",
                               policy->cpus[i]);
    return length + vb_print(text + length, size - (size_t)length, "\n");
}

static int show_driver(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    (void)node;
    return vb_print(text, size, "%s\n", counts_cycles(machine) ? "tegra194" : "tegra-cpufreq");
}

const struct vb_beside vb_cpufreq_files[] = {
    {"scaling_min_freq", &(const struct vb_type){"cpu-min", 0644, show_min, store_min, NULL}},
    {"scaling_max_freq", &(const struct vb_type){"cpu-max", 0644, show_max, store_max, NULL}},
    {"scaling_cur_freq", &(const struct vb_type){"cpu-now", 0444, show_now, NULL, NULL}},
    {"cpuinfo_cur_freq",
     &(const struct vb_type){"cpu-measured", 0400, show_measured, NULL, measure_takes}},
    {"scaling_governor",
     &(const struct vb_type){"cpu-governor", 0644, show_governor, store_governor, NULL}},
    {"scaling_available_governors",
     &(const struct vb_type){"cpu-governors", 0444, show_governors, NULL, NULL}},
    {"scaling_setspeed", &(const struct vb_type){"cpu-set", 0644, show_speed, store_speed, NULL}},
    {"scaling_available_frequencies",
     &(const struct vb_type){"cpu-table", 0444, show_table, NULL, NULL}},
    {"cpuinfo_min_freq", &(const struct vb_type){"cpu-least", 0444, show_least, NULL, NULL}},
    {"cpuinfo_max_freq", &(const struct vb_type){"cpu-most", 0444, show_most, NULL, NULL}},
    {"cpuinfo_transition_latency",
     &(const struct vb_type){"cpu-latency", 0444, show_latency, NULL, NULL}},
    {"affected_cpus", &(const struct vb_type){"cpu-affected", 0444, show_cpus, NULL, NULL}},
    {"related_cpus", &(const struct vb_type){"cpu-related", 0444, show_cpus, NULL, NULL}},
    {"scaling_driver", &(const struct vb_type){"cpu-driver", 0444, show_driver, NULL, NULL}},
    {NULL, NULL},
};

// SPDX-License-Identifier: GPL-3.0-or-later
// L4T 4.9 (JetPack 4) and 5.10, 5.15 (JetPack 5, 6): drivers/devfreq/devfreq.c.
#include "hil/vboard/devfreq.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/extremes.h"
#include "engine/governor.h"
#include "hil/vboard/parse.h"

static const char *const governors[] = {
    "nvhost_podgov", "wmark_simple",    "userspace", "performance",
    "powersave",     "simple_ondemand", NULL};
enum { USERSPACE = 2 };
static const int likes[] = {
    TDM_GOVERNOR_PODGOV,      TDM_GOVERNOR_ONDEMAND,  -1,
    TDM_GOVERNOR_PERFORMANCE, TDM_GOVERNOR_POWERSAVE, TDM_GOVERNOR_ONDEMAND};

static double table_least(const struct vb_machine *machine)
{
    return machine->gpu.clock.info->opps[0].hz;
}

static double limit_max(const struct vb_machine *machine)
{
    const double top = vb_top(&machine->gpu.clock), asked = machine->gpu.ask_max;
    return asked > 0 ? tdm_smaller(top, tdm_larger(asked, table_least(machine))) : top;
}

// Where they cross (5.x), the maximum wins.
static double limit_min(const struct vb_machine *machine)
{
    const double least = table_least(machine);
    return tdm_smaller(limit_max(machine), tdm_larger(least, machine->gpu.ask_min));
}

int vb_devfreq_goal(const struct vb_machine *machine)
{
    const struct vb_gpu *gpu = &machine->gpu;
    const struct tdm_domain_info *info = gpu->clock.info;
    double wanted = info->opps[gpu->governed].hz;
    if (gpu->governor == USERSPACE)
        wanted = gpu->speed > 0 ? gpu->speed : vb_hz(&gpu->clock);
    else if (likes[gpu->governor] == TDM_GOVERNOR_PERFORMANCE)
        wanted = INFINITY;
    else if (likes[gpu->governor] == TDM_GOVERNOR_POWERSAVE)
        wanted = 0;
    wanted = tdm_smaller(limit_max(machine), tdm_larger(limit_min(machine), wanted));
    // The driver takes the next clock above: BoFL's 828.75 MHz ran at 854.25.
    return vb_opp_above(info, wanted);
}

void vb_devfreq_look(struct vb_machine *machine, double use)
{
    struct vb_gpu *gpu = &machine->gpu;
    if (likes[gpu->governor] >= 0)
        gpu->governed =
            tdm_governors[likes[gpu->governor]]->next(gpu->clock.info, gpu->clock.opp, use);
}

static int show_hz(double hz, char *text, size_t size)
{
    return vb_print(text, size, "%.0f\n", hz);
}

static int show_min(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(limit_min(machine), text, size);
}

static int show_max(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(limit_max(machine), text, size);
}

static int store_min(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    struct vb_gpu *gpu = &machine->gpu;
    double hz;
    if (vb_parse_loose(text, &hz))
        return -EINVAL;
    if (!vb_modern(machine) && hz > 0 && gpu->ask_max > 0 && hz > gpu->ask_max)
        return -EINVAL;
    gpu->ask_min = hz;
    if (!vb_modern(machine))
        gpu->ask_min = tdm_larger(hz, table_least(machine));
    return 0;
}

static int store_max(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    struct vb_gpu *gpu = &machine->gpu;
    double hz;
    if (vb_parse_loose(text, &hz))
        return -EINVAL;
    if (!vb_modern(machine) && hz > 0 && hz < gpu->ask_min)
        return -EINVAL;
    gpu->ask_max = vb_modern(machine) ? hz : tdm_smaller(hz, vb_top(&gpu->clock));
    return 0;
}

static int show_now(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(vb_hz(&machine->gpu.clock), text, size);
}

static int show_target(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    (void)node;
    const struct vb_clock *clock = &machine->gpu.clock;
    return show_hz(clock->info->opps[clock->goal].hz, text, size);
}

static int show_table(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)node;
    const struct tdm_domain_info *info = machine->gpu.clock.info;
    int length = 0;
    for (size_t i = 0; i < info->opp_count; i++)
        length += vb_print(text + length, size - (size_t)length, "%s%.0f", i ? " " : "",
                           info->opps[i].hz);
    return length + vb_print(text + length, size - (size_t)length, "\n");
}

static int show_governor(struct vb_machine *machine, const struct vb_node *node, char *text,
                         size_t size)
{
    (void)node;
    return vb_print(text, size, "%s\n", governors[machine->gpu.governor]);
}

static int store_governor(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    char name[16];
    int governor;
    if (sscanf(text, "%15s", name) != 1 || vb_parse_word(name, governors, &governor))
        return -EINVAL;
    machine->gpu.governor = governor;
    machine->gpu.governed = machine->gpu.clock.opp;
    machine->gpu.speed = 0;
    return 0;
}

static int show_governors(struct vb_machine *machine, const struct vb_node *node, char *text,
                          size_t size)
{
    (void)machine, (void)node;
    int length = 0;
    for (int i = 0; governors[i]; i++)
        length +=
            vb_print(text + length, size - (size_t)length, "%s%s", i ? " " : "", governors[i]);
    return length + vb_print(text + length, size - (size_t)length, "\n");
}

bool vb_devfreq_userspace(const struct vb_machine *machine, const struct vb_node *node)
{
    (void)node;
    return machine->gpu.governor == USERSPACE;
}

static int show_speed(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)node;
    return machine->gpu.speed > 0 ? show_hz(machine->gpu.speed, text, size)
                                  : vb_print(text, size, "undefined\n");
}

static int store_speed(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double hz;
    if (vb_parse_loose(text, &hz))
        return -EINVAL;
    machine->gpu.speed = hz;
    return 0;
}

static int show_period(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    (void)node;
    return vb_print(text, size, "%.0f\n", machine->gpu.clock.info->period * 1e3);
}

const struct vb_beside vb_devfreq_files[] = {
    {"min_freq", &(const struct vb_type){"gpu-min", 0644, show_min, store_min, NULL}},
    {"max_freq", &(const struct vb_type){"gpu-max", 0644, show_max, store_max, NULL}},
    {"cur_freq", &(const struct vb_type){"gpu-now", 0444, show_now, NULL, NULL}},
    {"target_freq", &(const struct vb_type){"gpu-target", 0444, show_target, NULL, NULL}},
    {"available_frequencies", &(const struct vb_type){"gpu-table", 0444, show_table, NULL, NULL}},
    {"governor",
     &(const struct vb_type){"gpu-governor", 0644, show_governor, store_governor, NULL}},
    {"available_governors",
     &(const struct vb_type){"gpu-governors", 0444, show_governors, NULL, NULL}},
    {"userspace/set_freq", &(const struct vb_type){"gpu-set", 0644, show_speed, store_speed, NULL}},
    {"polling_interval", &(const struct vb_type){"gpu-period", 0444, show_period, NULL, NULL}},
    {NULL, NULL},
};

// ---- the device
// -----------------------------------------------------------------------------------

// Half a second of idleness gates the rail (railgate_delay of L4T, as far as recalled).
bool vb_gpu_gated(const struct vb_machine *machine)
{
    const struct vb_gpu *gpu = &machine->gpu;
    return gpu->railgate && machine->now - gpu->idle_since > 0.5;
}

static int show_load(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    (void)node;
    return vb_print(text, size, "%.0f\n", 1000 * machine->use[TDM_GPU]);
}

static int show_railgate(struct vb_machine *machine, const struct vb_node *node, char *text,
                         size_t size)
{
    (void)node;
    return vb_print(text, size, "%d\n", machine->gpu.railgate);
}

static int store_railgate(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double value;
    if (vb_parse_strict(text, &value))
        return -EINVAL;
    machine->gpu.railgate = value > 0;
    return 0;
}

static int show_tpc(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)machine, (void)node;
    return vb_print(text, size, "0\n");
}

// Only while the GPU is off. What it would change, fewer TPCs, no physics here knows.
static int store_tpc(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double value;
    if (vb_parse_strict(text, &value))
        return -EINVAL;
    if (!vb_gpu_gated(machine))
        return -EBUSY;
    return value > 0 ? -EINVAL : 0;
}

const struct vb_beside vb_gpu_device_files[] = {
    {"load", &(const struct vb_type){"gpu-load", 0444, show_load, NULL, NULL}},
    {"railgate_enable",
     &(const struct vb_type){"gpu-railgate", 0644, show_railgate, store_railgate, NULL}},
    {"tpc_pg_mask", &(const struct vb_type){"gpu-tpc", 0644, show_tpc, store_tpc, NULL}},
    {NULL, NULL},
};

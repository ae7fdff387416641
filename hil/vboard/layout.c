// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Where every file of a board lies: the board's map of knobs, and around each of them the files
 * that stand beside it in the kernel.
 */
#include <stdio.h>
#include <string.h>

#include "hil/vboard/devfreq.h"
#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"

enum { PATH = 320 };

struct laying {
    struct vb_machine *machine;
    struct vb_node *root;
    bool failed; // no memory
};

static struct vb_node *put(struct laying *l, const char *path, const struct vb_type *type,
                           int index, int part)
{
    struct vb_node *node = vb_tree_add(l->root, path, type, index, part);
    l->failed |= !node;
    return node;
}

static void put_text(struct laying *l, const char *path, int index, const char *text)
{
    struct vb_node *node = put(l, path, &vb_constant, index, 0);
    if (node)
        node->data = text;
}

static void put_flag(struct laying *l, const char *path, const char *value, int part)
{
    struct vb_machine *machine = l->machine;
    if (machine->flag_count == VB_FLAGS) {
        l->failed = true;
        return;
    }
    snprintf(machine->flags[machine->flag_count], sizeof machine->flags[0], "%s", value);
    put(l, path, &vb_flag, machine->flag_count++, part);
}

static void link_to(struct laying *l, const char *path, const char *target)
{
    l->failed |= !vb_tree_link(l->root, path, target);
}

// `pattern` with its stars replaced by the numbers, in order; NAMES before them stay.
static const char *fill(const char *pattern, int first, int second, char path[PATH])
{
    size_t n = 0;
    int stars = 0;
    for (; *pattern && n < PATH - 12; pattern++)
        if (*pattern == '*')
            n += (size_t)snprintf(path + n, PATH - n, "%d", stars++ ? second : first);
        else
            path[n++] = *pattern;
    path[n] = '\0';
    return path;
}

// The folder of a path, its last '/' included.
static size_t folder_of(const char *path)
{
    const char *end = strrchr(path, '/');
    return end ? (size_t)(end - path) + 1 : 0;
}

static void put_beside(struct laying *l, const char *path, const struct vb_beside *files, int index)
{
    for (; files->name; files++) {
        char at[2 * PATH];
        snprintf(at, sizeof at, "%.*s%s", (int)folder_of(path), path, files->name);
        put(l, at, files->type, index, -1);
    }
}

// ---- what a knob's path expands to
// ---------------------------------------------------------------

static void lay_policies(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    (void)type; // all files of a policy's folder come at once
    struct vb_machine *machine = l->machine;
    for (int i = 0; i < machine->policy_count; i++) {
        char path[PATH];
        fill(row->path, machine->policies[i].first, 0, path);
        put_beside(l, path, vb_cpufreq_files, i);
        path[folder_of(path) - 1] = '\0';
        struct vb_node *folder = put(l, path, NULL, 0, 0);
        if (folder) {
            folder->index = i;
            folder->part = -1;
            folder->present = vb_cpufreq_present;
        }
    }
}

static void lay_cpus(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    struct vb_machine *machine = l->machine;
    for (int cpu = 0; cpu < machine->cpu_count; cpu++) {
        char path[PATH], at[2 * PATH], target[64];
        put(l, fill(row->path, cpu, 0, path), type, cpu, 0);
        const struct vb_policy *policy = vb_policy_of(machine, cpu);
        snprintf(at, sizeof at, "%.*scpufreq", (int)folder_of(path), path);
        snprintf(target, sizeof target, "../cpufreq/policy%d", policy->first);
        link_to(l, at, target);
        struct vb_node *node = vb_tree_find(l->root, at);
        if (node) {
            node->part = cpu;
            node->present = vb_cpufreq_present;
        }
    }
}

static void lay_gpu(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    (void)type;
    put_beside(l, row->path, vb_devfreq_files, 0);
    char path[2 * PATH];
    snprintf(path, sizeof path, "%.*suserspace", (int)folder_of(row->path), row->path);
    struct vb_node *folder = put(l, path, NULL, 0, 0);
    if (folder)
        folder->present = vb_devfreq_userspace;
}

static void lay_gpu_device(struct laying *l, const struct tdm_sysfs *row,
                           const struct vb_type *type)
{
    (void)type;
    put_beside(l, row->path, vb_gpu_device_files, 0);
}

static void lay_one(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    put(l, row->path, type, 0, 0);
}

static void lay_zones(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    char path[PATH];
    for (int zone = 0; vb_zone_name(l->machine, zone); zone++)
        put(l, fill(row->path, zone, 0, path), type, zone, 0);
}

enum { FAN_HWMON = 0, FIRST_SENSOR_HWMON = 2 };

static void lay_hwmon_fan(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    char path[PATH], at[2 * PATH];
    if (!strchr(row->path, '*')) { // JetPack 4
        put(l, row->path, type, 0, 0);
        snprintf(at, sizeof at, "%.*srpm_measured", (int)folder_of(row->path), row->path);
        put(l, at, &vb_fan_rpm, 0, 0);
        snprintf(at, sizeof at, "%.*stemp_control", (int)folder_of(row->path), row->path);
        put(l, at, &vb_fan_control, 0, 0);
        return;
    }
    put(l, fill(row->path, FAN_HWMON, 0, path), &vb_fan_pwm, 0, 0);
    snprintf(at, sizeof at, "%s_enable", path);
    put(l, at, &vb_fan_enable, 0, 0);
    snprintf(at, sizeof at, "%.*sname", (int)folder_of(path), path);
    put_text(l, at, 0, "pwmfan");
}

// The sensor whose address the path names.
static int sensor_of(const struct vb_machine *machine, const char *path)
{
    for (int i = 0; i < machine->sensor_count; i++)
        if (strstr(path, machine->sensors[i].address))
            return i;
    return -1;
}

static void lay_sensor(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type)
{
    static const struct {
        const char *name;
        const struct vb_type *type;
    } iio[] = {{"warn_current_limit_", &vb_ina_warn},
               {"crit_current_limit_", &vb_ina_crit},
               {"polling_delay_", &vb_ina_interval}};
    struct vb_machine *machine = l->machine;
    const int sensor = sensor_of(machine, row->path);
    if (sensor < 0)
        return;
    const bool hwmon = strstr(row->path, "/hwmon") != NULL;
    const int device = hwmon ? FIRST_SENSOR_HWMON + sensor : sensor;
    char path[PATH], at[2 * PATH];
    for (int k = 0; k < VB_CHANNELS; k++) {
        put(l, fill(row->path, device, hwmon ? k + 1 : k, path), type, sensor, k);
        const int folder = (int)folder_of(path);
        for (size_t i = 0; i < TDM_COUNT(iio) && !hwmon; i++) {
            snprintf(at, sizeof at, "%.*s%s%d", folder, path, iio[i].name, k);
            put(l, at, iio[i].type, sensor, k);
        }
        if (!hwmon)
            continue;
        snprintf(at, sizeof at, "%.*scurr%d_max", folder, path, k + 1);
        put(l, at, &vb_ina_warn, sensor, k);
        snprintf(at, sizeof at, "%.*scurr%d_crit", folder, path, k + 1);
        put(l, at, &vb_ina_crit, sensor, k);
    }
    const int folder = (int)folder_of(path);
    snprintf(at, sizeof at, "%.*sname", folder, path);
    put_text(l, at, 0, hwmon ? "ina3221" : "ina3221x");
    if (!hwmon)
        return;
    snprintf(at, sizeof at, "%.*sin7_label", folder, path);
    put_text(l, at, 0, "sum of shunt voltages");
    snprintf(at, sizeof at, "%.*supdate_interval", folder, path);
    put(l, at, &vb_ina_interval, sensor, 0);
    char target[PATH];
    path[folder - 1] = '\0';
    snprintf(at, sizeof at, "/sys/class/hwmon/hwmon%d", device);
    snprintf(target, sizeof target, "../../%.*s", PATH - 8, path + strlen("/sys/"));
    link_to(l, at, target);
}

static const struct knob {
    const char *name;
    void (*lay)(struct laying *l, const struct tdm_sysfs *row, const struct vb_type *type);
    const struct vb_type *type; // NULL: a whole folder, by its own table
} knobs[] = {
    {"cpu-min", lay_policies, NULL},
    {"cpu-online", lay_cpus, &vb_cpu_online},
    {"gpu-min", lay_gpu, NULL},
    {"gpu-load", lay_gpu_device, NULL},
    {"emc-rate", lay_one, &vb_emc_rate},
    {"emc-update", lay_one, &vb_emc_update},
    {"emc-min", lay_one, &vb_emc_min},
    {"emc-max", lay_one, &vb_emc_max},
    {"emc-lock", lay_one, &vb_emc_lock},
    {"emc-state", lay_one, &vb_emc_state},
    {"emc-cap", lay_one, &vb_emc_cap},
    {"emc-load", lay_one, &vb_emc_load},
    {"fan", lay_hwmon_fan, &vb_fan_target},
    {"fan-now", lay_one, &vb_fan_now},
    {"thermal-type", lay_zones, &vb_zone_type},
    {"thermal", lay_zones, &vb_zone_temp},
    {"power-label", lay_sensor, &vb_ina_rail},
    {"power", lay_sensor, &vb_ina_power},
    {"power-voltage", lay_sensor, &vb_ina_voltage},
    {"power-current", lay_sensor, &vb_ina_current},
};

static bool has_knob(const struct vb_machine *machine, const char *knob)
{
    for (size_t i = 0; i < machine->board->sysfs_count; i++)
        if (strcmp(machine->board->sysfs[i].jetpack, machine->jetpack) == 0 &&
            strcmp(machine->board->sysfs[i].knob, knob) == 0)
            return true;
    return false;
}

static void lay_row(struct laying *l, const struct tdm_sysfs *row)
{
    for (size_t i = 0; i < TDM_COUNT(knobs); i++) {
        if (strcmp(knobs[i].name, row->knob) != 0)
            continue;
        const struct vb_type *type = knobs[i].type;
        // The Nano's override clock shows in one file and is written in another.
        if (type == &vb_emc_rate && has_knob(l->machine, "emc-update"))
            type = &vb_emc_now;
        knobs[i].lay(l, row, type);
        return;
    }
}

// ---- what no knob names
// --------------------------------------------------------------------------

static const struct identity {
    const char *board, *model, *compatible;
} identities[] = {
    {"nano", "NVIDIA Jetson Nano Developer Kit",
     "nvidia,p3449-0000-b00+p3448-0000-b00|nvidia,tegra210"},
    {"tx2", "NVIDIA Jetson TX2 Developer Kit", "nvidia,p2597-0000+p3310-1000|nvidia,tegra186"},
    {"xavier-nx", "NVIDIA Jetson Xavier NX Developer Kit",
     "nvidia,p3509-0000+p3668-0000|nvidia,tegra194"},
    {"agx-xavier", "NVIDIA Jetson AGX Xavier Developer Kit",
     "nvidia,p2822-0000+p2888-0001|nvidia,tegra194"},
    {"agx-orin", "NVIDIA Jetson AGX Orin Developer Kit",
     "nvidia,p3737-0000+p3701-0000|nvidia,tegra234"},
    {NULL, "a board that NVIDIA does not make", "tandem,board"},
};

// JetPack 4, 5, 6 are L4T 32, 35, 36.
static const char *release_of(const struct vb_machine *machine)
{
    switch (machine->jetpack[0]) {
    case '4':
        return "# R32 (release), REVISION: 7.1, GCID: 0, BOARD: virtual, EABI: aarch64";
    case '5':
        return "# R35 (release), REVISION: 4.1, GCID: 0, BOARD: virtual, EABI: aarch64";
    default:
        return "# R36 (release), REVISION: 3.0, GCID: 0, BOARD: virtual, EABI: aarch64";
    }
}

static void lay_identity(struct laying *l)
{
    const struct identity *identity = identities;
    while (identity->board && strcmp(identity->board, l->machine->board->name) != 0)
        identity++;
    put_text(l, "/proc/device-tree/model", 1, identity->model);
    put_text(l, "/proc/device-tree/compatible", 1, identity->compatible);
    put_text(l, "/etc/nv_tegra_release", 0, release_of(l->machine));
    put(l, "/proc/sys/kernel/random/boot_id", &vb_boot_id, 0, 0);
    put(l, "/proc/uptime", &vb_uptime, 0, 0);
    put(l, "/var/lib/nvpmodel/status", &vb_mode_status, 0, 0);
    put(l, "/sys/devices/system/cpu/online", &vb_cpu_list, 1, 0);
    put(l, "/sys/devices/system/cpu/offline", &vb_cpu_list, 0, 0);
    put(l, "/sys/devices/system/cpu/possible", &vb_cpu_list, 2, 0);
    put(l, "/sys/devices/system/cpu/present", &vb_cpu_list, 2, 0);
    put_flag(l, "/sys/module/qos/parameters/enable", "1", 0);
    if (strcmp(l->machine->board->name, "tx2") == 0) {
        put_flag(l, "/sys/kernel/debug/tegra_cpufreq/M_CLUSTER/cc3/enable", "1", 0);
        put_flag(l, "/sys/kernel/debug/tegra_cpufreq/B_CLUSTER/cc3/enable", "1", 0);
    }
    for (int cpu = 0; cpu < l->machine->cpu_count; cpu++) {
        char path[PATH];
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/cpuidle/state1/disable", cpu);
        put_flag(l, path, "0", 0);
    }
}

// The GPU's device under /sys/class/devfreq, and under gpu.0 as L4T 4.9 calls it.
static void lay_aliases(struct laying *l, const struct tdm_sysfs *row)
{
    if (strcmp(row->knob, "gpu-min") != 0)
        return;
    char device[PATH], at[2 * PATH], target[2 * PATH];
    snprintf(device, sizeof device, "%.*s", (int)folder_of(row->path) - 1, row->path);
    const char *name = strrchr(device, '/') + 1;
    if (strncmp(device, "/sys/class/", 11) == 0) { // JetPack 6: laid out where the map has it
        snprintf(at, sizeof at, "/sys/devices/platform/%s/devfreq/%s", name, name);
        snprintf(target, sizeof target, "../../../../class/devfreq/%s", name);
        link_to(l, at, target);
        snprintf(at, sizeof at, "/sys/devices/platform/%s/load", name);
        put_beside(l, at, vb_gpu_device_files, 0);
        return;
    }
    snprintf(at, sizeof at, "/sys/class/devfreq/%s", name);
    snprintf(target, sizeof target, "../../devices/%s/devfreq/%s", name, name);
    link_to(l, at, target);
    snprintf(at, sizeof at, "/sys/devices/%s/power/control", name);
    put_flag(l, at, "auto", 1);
    if (vb_modern(l->machine))
        return;
    snprintf(at, sizeof at, "%s", name);
    link_to(l, "/sys/devices/gpu.0", at);
}

int vb_layout(struct vb_machine *machine, struct tdm_error *error)
{
    machine->root = vb_tree_new();
    struct laying l = {machine, machine->root, !machine->root};
    for (size_t i = 0; i < machine->board->sysfs_count && !l.failed; i++) {
        const struct tdm_sysfs *row = &machine->board->sysfs[i];
        if (strcmp(row->jetpack, machine->jetpack) != 0)
            continue;
        if (row->path[0] != '/' || strlen(row->path) > PATH - 64)
            return tdm_fail(error, "a file of the map has an odd path: %s", row->path);
        lay_row(&l, row);
        lay_aliases(&l, row);
    }
    if (!l.failed) {
        lay_identity(&l);
        put(&l, "/.tandem/work", &vb_control_work, 0, 0);
        put(&l, "/.tandem/truth", &vb_control_truth, 0, 0);
        put(&l, "/.tandem/fault", &vb_control_fault, 0, 0);
        put(&l, "/.tandem/trace", &vb_control_trace, 0, 0);
    }
    return l.failed ? tdm_fail(error, "out of memory") : 0;
}

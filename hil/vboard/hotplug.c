// SPDX-License-Identifier: GPL-3.0-or-later
// CPUs that come and go: drivers/base/core.c and cpu.c, kernel/cpu.c.
#include <errno.h>
#include <string.h>

#include "hil/vboard/cpufreq.h"
#include "hil/vboard/files.h"
#include "hil/vboard/parse.h"

static int show_online(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    return vb_print(text, size, "%d\n", machine->online[node->index]);
}

// A policy whose last CPU went comes back as the kernel makes a new one. cpu0 cannot go; that it
// answers EBUSY, as the last CPU of all does, is assumed.
static int store_online(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    const int cpu = node->index;
    bool on;
    if (vb_parse_bool(text, &on))
        return -EINVAL;
    if (on == machine->online[cpu])
        return 0;
    if (!on && (cpu == 0 || vb_cores_online(machine) == 1))
        return -EBUSY;
    struct vb_policy *policy = vb_policy_of(machine, cpu);
    if (on && !vb_policy_online(machine, policy))
        vb_policy_defaults(machine, policy);
    machine->online[cpu] = on;
    return 0;
}

// "0-3,5"; `index` says of which CPUs: 1 online, 0 offline, 2 all.
static int show_list(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    int length = 0;
    for (int i = 0; i < machine->cpu_count; i++) {
        if (node->index < 2 && machine->online[i] != (node->index == 1))
            continue;
        int last = i;
        while (last + 1 < machine->cpu_count &&
               (node->index == 2 || machine->online[last + 1] == (node->index == 1)))
            last++;
        length += vb_print(text + length, size - (size_t)length, "%s%d", length ? "," : "", i);
        if (last > i)
            length += vb_print(text + length, size - (size_t)length, "-%d", last);
        i = last;
    }
    return length + vb_print(text + length, size - (size_t)length, "\n");
}

const struct vb_type vb_cpu_online = {"cpu-online", 0644, show_online, store_online, NULL};
const struct vb_type vb_cpu_list = {"cpu-list", 0444, show_list, NULL, NULL};

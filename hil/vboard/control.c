// SPDX-License-Identifier: GPL-3.0-or-later
// The folder .tandem: what no real board has.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

// The exact state, a line `name=value` each, SI units; rails with their power and energy.
static int show_truth(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)node;
    int cpu = 0;
    for (int i = 0; i < machine->policy_count; i++)
        if (vb_policy_online(machine, &machine->policies[i]) &&
            machine->policies[i].clock.opp > cpu)
            cpu = machine->policies[i].clock.opp;
    int length = vb_print(text, size,
                          "time_s=%.6f\npower_w=%.6f\nenergy_j=%.6f\ntemperature_c=%.6f\n"
                          "trips=%d\ncpu_hz=%.0f\ngpu_hz=%.0f\nemc_hz=%.0f\n"
                          "cpu_use=%.6f\ngpu_use=%.6f\nemc_use=%.6f\n",
                          machine->now, machine->watts, machine->joules, machine->heat.temperature,
                          machine->heat.trips, machine->board->domain[TDM_CPU]->opps[cpu].hz,
                          vb_hz(&machine->gpu.clock), vb_hz(&machine->emc.clock),
                          machine->use[TDM_CPU], machine->use[TDM_GPU], machine->use[TDM_EMC]);
    for (size_t i = 0; i < machine->board->rail_count; i++)
        length += vb_print(text + length, size - (size_t)length,
                           "rail.%s.power_w=%.6f\nrail.%s.energy_j=%.6f\n",
                           machine->board->rails[i].name, machine->rail_watts[i],
                           machine->board->rails[i].name, machine->rail_joules[i]);
    return length;
}

static int show_fault(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)node;
    return vb_fault_print(&machine->faults, machine->now, text, size);
}

static int store_fault(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    return vb_fault_add(&machine->faults, text, machine->now, NULL) ? -EINVAL : 0;
}

static int show_trace(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)node;
    const struct vb_trace *trace = &machine->trace;
    const size_t length = trace->length < size ? trace->length : size;
    if (length)
        memcpy(text, trace->text + trace->length - length, length);
    return (int)length;
}

// Anything written empties it.
static int store_trace(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node, (void)text;
    machine->trace.length = 0;
    return 0;
}

// Its handles are what works (see fuse.c and folder.c), not its content.
const struct vb_type vb_control_work = {"work", 0666, NULL, NULL, NULL};
const struct vb_type vb_control_truth = {"truth", 0444, show_truth, NULL, NULL};
const struct vb_type vb_control_fault = {"fault", 0644, show_fault, store_fault, NULL};
const struct vb_type vb_control_trace = {"trace", 0644, show_trace, store_trace, NULL};

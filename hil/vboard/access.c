// SPDX-License-Identifier: GPL-3.0-or-later
/** Reading and writing a file of the board, with what goes wrong on request. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/extremes.h"
#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"

// Faults have no power over the folder that makes them.
static bool spared(const struct vb_node *node)
{
    return strncmp(node->path, "/.tandem", 8) == 0;
}

// Sleeps until `until` (s of the machine) without the lock, a little at a time. False: given up.
static bool sleep_until(struct vb_machine *machine, double until, bool (*given_up)(void *context),
                        void *context)
{
    for (;;) {
        const double left = until - vb_time(machine);
        if (!(left > 0))
            return true;
        if (machine->stopping || (given_up && given_up(context)))
            return false;
        const double piece = tdm_smaller(left, 0.02);
        const struct timespec time = {.tv_nsec = (long)(piece * 1e9)};
        pthread_mutex_unlock(&machine->lock);
        nanosleep(&time, NULL);
        pthread_mutex_lock(&machine->lock);
    }
}

// Hangs and is slow as faults want it. 0, or -errno.
static int endure(struct vb_machine *machine, const struct vb_node *node,
                  bool (*given_up)(void *context), void *context)
{
    const char *path = node->path;
    const struct vb_fault *fault = vb_fault_at(&machine->faults, VB_SLOW, path, machine->now);
    if (fault && !sleep_until(machine, vb_time(machine) + fault->delay, given_up, context))
        return -EINTR;
    while (vb_fault_at(&machine->faults, VB_HANG, path, machine->now)) {
        if (!sleep_until(machine, vb_time(machine) + 0.02, given_up, context) || machine->stopping)
            return -EINTR;
        vb_advance(machine);
    }
    return vb_fault_at(&machine->faults, VB_VANISH, path, machine->now) ? -ENODEV : 0;
}

static int read_locked(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size, bool (*given_up)(void *context), void *context)
{
    vb_advance(machine);
    if (!spared(node)) {
        const int result = endure(machine, node, given_up, context);
        if (result)
            return result;
        const struct vb_fault *fault =
            vb_fault_at(&machine->faults, VB_FAIL, node->path, machine->now);
        if (fault && fault->on_read)
            return -fault->code;
    }
    const double takes = node->type->takes ? node->type->takes(machine, node) : 0;
    if (takes > 0 && !sleep_until(machine, vb_time(machine) + takes, given_up, context))
        return -EINTR;
    vb_advance(machine);
    if (!vb_node_present(machine, node))
        return -ENODEV;
    return node->type->show(machine, node, text, size);
}

int vb_read(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size,
            bool (*given_up)(void *context), void *context)
{
    if (!node->type->show)
        return -EACCES;
    pthread_mutex_lock(&machine->lock);
    const int length = read_locked(machine, node, text, size, given_up, context);
    pthread_mutex_unlock(&machine->lock);
    return length;
}

static void remember_override(struct vb_machine *machine, const struct vb_node *node)
{
    struct vb_faults *faults = &machine->faults;
    const struct vb_fault *fault = vb_fault_at(faults, VB_OVERRIDE, node->path, machine->now);
    if (!fault || faults->due_count == VB_FAULTS)
        return;
    struct vb_due *due = &faults->due[faults->due_count++];
    due->at = machine->now + fault->delay;
    snprintf(due->path, sizeof due->path, "%s", node->path);
    snprintf(due->value, sizeof due->value, "%s", fault->value);
}

static int write_locked(struct vb_machine *machine, const struct vb_node *node, const char *text,
                        bool (*given_up)(void *context), void *context)
{
    vb_advance(machine);
    if (!spared(node)) {
        const int result = endure(machine, node, given_up, context);
        if (result)
            return result;
        const struct vb_fault *fault =
            vb_fault_at(&machine->faults, VB_FAIL, node->path, machine->now);
        if (fault && fault->on_write)
            return -fault->code;
    }
    vb_advance(machine);
    if (!vb_node_present(machine, node))
        return -ENODEV;
    const int result = node->type->store(machine, node, text);
    if (result == 0) {
        if (!spared(node))
            remember_override(machine, node);
        vb_retarget(machine);
        vb_flow(machine);
    }
    return result;
}

int vb_write(struct vb_machine *machine, const struct vb_node *node, const char *data, size_t size,
             bool (*given_up)(void *context), void *context)
{
    char text[512];
    if (!node->type->store)
        return -EACCES;
    if (size >= sizeof text)
        return -EINVAL;
    memcpy(text, data, size);
    text[size] = '\0';
    if (size && text[size - 1] == '\n')
        text[size - 1] = '\0';
    pthread_mutex_lock(&machine->lock);
    const int result = write_locked(machine, node, text, given_up, context);
    if (node->type != &vb_control_trace)
        vb_trace_add(&machine->trace, vb_time(machine), node->path, text, result);
    pthread_mutex_unlock(&machine->lock);
    return result;
}

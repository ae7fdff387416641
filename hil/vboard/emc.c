// SPDX-License-Identifier: GPL-3.0-or-later
// The memory's clock: bpmp/debug/clk/emc of T186, T194, T234; the override clock of the Nano.
#include <errno.h>

#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

static int show_hz(double hz, char *text, size_t size)
{
    return vb_print(text, size, "%.0f\n", hz);
}

static int show_now(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(vb_hz(&machine->emc.clock), text, size);
}

// What a lock would hold; rounded up to the table when it comes into force.
static int store_rate(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double hz;
    if (vb_parse_strict(text, &hz))
        return -EINVAL;
    const struct tdm_domain_info *info = machine->emc.clock.info;
    machine->emc.asked = info->opps[vb_opp_above(info, hz)].hz;
    return 0;
}

static int show_asked(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)node;
    return show_hz(machine->emc.asked, text, size);
}

static int show_min(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(machine->emc.clock.info->opps[0].hz, text, size);
}

static int show_max(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(vb_top(&machine->emc.clock), text, size);
}

static int show_lock(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    (void)node;
    return vb_print(text, size, "%d\n", machine->emc.locked);
}

// A lock without a rate holds what there is.
static int store_lock(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double value;
    if (vb_parse_strict(text, &value) || value > 1)
        return -EINVAL;
    if (value > 0 && !machine->emc.locked && !(machine->emc.asked > 0))
        machine->emc.asked = vb_hz(&machine->emc.clock);
    machine->emc.locked = value > 0;
    return 0;
}

static int show_state(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    (void)machine, (void)node;
    return vb_print(text, size, "1\n");
}

// The memory's clock is never off, whatever is written.
static int store_state(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)machine, (void)node;
    double value;
    return vb_parse_strict(text, &value) || value > 1 ? -EINVAL : 0;
}

static int show_cap(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return show_hz(machine->emc.cap, text, size);
}

static int store_cap(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double hz;
    if (vb_parse_strict(text, &hz))
        return -EINVAL;
    machine->emc.cap = hz;
    return 0;
}

static int show_load(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    (void)node;
    return vb_print(text, size, "%.0f\n", machine->use[TDM_EMC] * vb_hz(&machine->emc.clock) / 1e3);
}

const struct vb_type vb_emc_rate = {"emc-rate", 0644, show_now, store_rate, NULL};
const struct vb_type vb_emc_now = {"emc-now", 0444, show_now, NULL, NULL};
const struct vb_type vb_emc_update = {"emc-update", 0644, show_asked, store_rate, NULL};
const struct vb_type vb_emc_min = {"emc-min", 0444, show_min, NULL, NULL};
const struct vb_type vb_emc_max = {"emc-max", 0444, show_max, NULL, NULL};
const struct vb_type vb_emc_lock = {"emc-lock", 0644, show_lock, store_lock, NULL};
const struct vb_type vb_emc_state = {"emc-state", 0644, show_state, store_state, NULL};
const struct vb_type vb_emc_cap = {"emc-cap", 0644, show_cap, store_cap, NULL};
const struct vb_type vb_emc_load = {"emc-load", 0444, show_load, NULL, NULL};

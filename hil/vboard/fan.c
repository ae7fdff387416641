// SPDX-License-Identifier: GPL-3.0-or-later
// The fan: /sys/devices/pwm-fan of JetPack 4, hwmon's pwm1 of later ones. It turns, but no public
// figure says how well it cools: the board's one thermal resistance holds whatever it does.
#include <errno.h>

#include "core/extremes.h"
#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

enum { FULL = 255 };
static const double full_rpm = 6000; // assumed

static int show_target(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    (void)node;
    return vb_print(text, size, "%d\n", machine->fan.target);
}

// JetPack 4 clamps what is too much.
static int store_target(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double value;
    if (vb_parse_strict(text, &value))
        return -EINVAL;
    machine->fan.target = machine->fan.now = (int)tdm_smaller(value, FULL);
    return 0;
}

// pwm-fan.c of the mainline kernel refuses it.
static int store_pwm(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    double value;
    if (vb_parse_strict(text, &value) || value > FULL)
        return -EINVAL;
    return store_target(machine, node, text);
}

static int show_now(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return vb_print(text, size, "%d\n", machine->fan.now);
}

static int show_rpm(struct vb_machine *machine, const struct vb_node *node, char *text, size_t size)
{
    (void)node;
    return vb_print(text, size, "%.0f\n", full_rpm * machine->fan.now / FULL);
}

static int show_control(struct vb_machine *machine, const struct vb_node *node, char *text,
                        size_t size)
{
    (void)node;
    return vb_print(text, size, "%d\n", machine->fan.automatic);
}

static int store_control(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    double value;
    if (vb_parse_strict(text, &value) || value > 1)
        return -EINVAL;
    machine->fan.automatic = value > 0;
    return 0;
}

const struct vb_type vb_fan_target = {"fan", 0644, show_target, store_target, NULL};
const struct vb_type vb_fan_now = {"fan-now", 0444, show_now, NULL, NULL};
const struct vb_type vb_fan_rpm = {"fan-rpm", 0444, show_rpm, NULL, NULL};
const struct vb_type vb_fan_control = {"fan-control", 0644, show_control, store_control, NULL};
const struct vb_type vb_fan_pwm = {"fan", 0644, show_target, store_pwm, NULL};
const struct vb_type vb_fan_enable = {"fan-enable", 0644, show_control, store_control, NULL};

// SPDX-License-Identifier: GPL-3.0-or-later
// What the machine says it is, and files that only keep what is written.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

// `data` is the text; `index` 1: ends with a zero byte, as strings of the device tree do; of a
// list, each does ('|' stands between them).
static int show_constant(struct vb_machine *machine, const struct vb_node *node, char *text,
                         size_t size)
{
    (void)machine;
    if (node->index != 1)
        return vb_print(text, size, "%s\n", (const char *)node->data);
    const int length = vb_print(text, size, "%s", (const char *)node->data);
    for (int i = 0; i < length; i++)
        if (text[i] == '|')
            text[i] = '\0';
    return length + 1;
}

static int show_boot_id(struct vb_machine *machine, const struct vb_node *node, char *text,
                        size_t size)
{
    (void)node;
    return vb_print(text, size, "%s\n", machine->boot_id);
}

// As if it had been up for a minute when it started.
static int show_uptime(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    (void)node;
    return vb_print(text, size, "%.2f %.2f\n", machine->now + 60,
                    (machine->now + 60) * machine->cpu_count);
}

static int show_flag(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    return vb_print(text, size, "%s\n", machine->flags[node->index]);
}

// 0 or 1; `part` 1: "on" or "auto", as power/control.
static int store_flag(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    double value;
    if (node->part == 1 ? strcmp(text, "on") != 0 && strcmp(text, "auto") != 0
                        : vb_parse_strict(text, &value) != 0 || value > 1)
        return -EINVAL;
    snprintf(machine->flags[node->index], sizeof machine->flags[0], "%s", text);
    return 0;
}

const struct vb_type vb_constant = {"constant", 0444, show_constant, NULL, NULL};
const struct vb_type vb_boot_id = {"boot-id", 0444, show_boot_id, NULL, NULL};
const struct vb_type vb_uptime = {"uptime", 0444, show_uptime, NULL, NULL};
const struct vb_type vb_flag = {"flag", 0644, show_flag, store_flag, NULL};

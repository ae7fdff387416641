// SPDX-License-Identifier: GPL-3.0-or-later
// nvpmodel: what a power mode has set when the board starts, and the file that remembers it.
#include <stdio.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

static const struct tdm_mode *default_mode(const struct tdm_board *board)
{
    for (size_t i = 0; i < board->mode_count; i++)
        if (board->modes[i].is_default)
            return &board->modes[i];
    return board->mode_count ? &board->modes[0] : NULL;
}

static const struct tdm_mode *find_mode(const struct tdm_board *board, const char *name,
                                        struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (size_t i = 0; i < board->mode_count; i++) {
        if (strcmp(board->modes[i].name, name) == 0)
            return &board->modes[i];
        tdm_nearest_try(&nearest, board->modes[i].name);
    }
    tdm_fail(error, "the board has no power mode '%s'%s", name, tdm_nearest_hint(&nearest));
    return NULL;
}

// The first ones; but four of a TX2's six are its A57 cores, and 1 and 2 are Denver.
static bool is_online(const struct vb_machine *machine, const struct tdm_mode *mode, int cpu)
{
    if (strcmp(machine->board->name, "tx2") == 0 && mode->cores == 4)
        return cpu != 1 && cpu != 2;
    return cpu < mode->cores;
}

int vb_mode_apply(struct vb_machine *machine, const char *name, struct tdm_error *error)
{
    const struct tdm_board *board = machine->board;
    const struct tdm_mode *mode = name ? find_mode(board, name, error) : default_mode(board);
    if (name && !mode)
        return -1;
    if (!mode)
        return 0;
    snprintf(machine->mode_status, sizeof machine->mode_status, "pmode:%04lld",
             (long long)mode->id);
    for (int i = 0; i < machine->cpu_count; i++)
        machine->online[i] = is_online(machine, mode, i);
    for (int i = 0; i < machine->policy_count; i++) {
        struct vb_policy *policy = &machine->policies[i];
        if (mode->cpu > 0)
            policy->ask_max = mode->cpu;
        if (mode->cpu_min > 0)
            policy->ask_min = mode->cpu_min;
        vb_policy_limit(policy);
    }
    if (mode->gpu > 0)
        machine->gpu.ask_max = mode->gpu;
    machine->emc.cap = mode->emc > 0 ? mode->emc : 0;
    return 0;
}

static int show_status(struct vb_machine *machine, const struct vb_node *node, char *text,
                       size_t size)
{
    (void)node;
    return vb_print(text, size, "%s\n", machine->mode_status);
}

// A plain file: it keeps what it is given.
static int store_status(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    (void)node;
    snprintf(machine->mode_status, sizeof machine->mode_status, "%s", text);
    return 0;
}

const struct vb_type vb_mode_status = {"mode", 0644, show_status, store_status, NULL};

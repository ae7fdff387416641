// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any lines as what is written to a virtual board: the first character of each says whether it is
 * a work, a fault, or a value for one of its files. Time passes between them. Clocks stay in their
 * tables, energy grows, and every file can still be read.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "hil/vboard/machine.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_LINES = 64, MOST_NODES = 1024, MOST_JOBS = 8 };

static double seconds;

static double fuzz_clock(void *context)
{
    (void)context;
    return seconds;
}

struct writable {
    const struct vb_node *nodes[MOST_NODES];
    size_t count;
};

static void collect(void *context, struct vb_node *node)
{
    struct writable *writable = context;
    if (node->type && node->type->store && writable->count < MOST_NODES)
        writable->nodes[writable->count++] = node;
}

static void read_all(void *context, struct vb_node *node)
{
    struct vb_machine *machine = context;
    char text[4096];
    if (node->type && node->type->show && vb_node_present(machine, node)) {
        const int length = node->type->show(machine, node, text, sizeof text);
        assert(length <= (int)sizeof text && length > -4096);
    }
}

static void take_line(struct vb_machine *machine, const struct writable *writable, const char *line)
{
    struct tdm_error error = {0};
    if (line[0] == 'w') {
        int jobs = 0;
        for (const struct vb_job *job = machine->jobs; job; job = job->next)
            jobs++;
        if (jobs < MOST_JOBS && !vb_job_start(machine, line + 1, &error))
            assert(error.message[0]);
    } else if (line[0] == 'f') {
        if (vb_fault_add(&machine->faults, line + 1, machine->now, &error))
            assert(error.message[0]);
    } else if (line[0] && line[1]) { // two characters name the file
        const size_t which = (unsigned char)line[0] * 64u + (unsigned char)line[1];
        const struct vb_node *node = writable->nodes[which % writable->count];
        if (vb_node_present(machine, node) && node->type->store(machine, node, line + 2) == 0)
            vb_retarget(machine);
    }
}

static void check(struct vb_machine *machine, double joules)
{
    for (int i = 0; i < machine->policy_count; i++) {
        const struct vb_policy *policy = &machine->policies[i];
        assert(policy->min <= policy->max);
        assert(policy->clock.opp >= 0 && policy->clock.opp < (int)policy->clock.info->opp_count);
    }
    assert(machine->gpu.clock.opp >= 0 &&
           machine->gpu.clock.opp < (int)machine->gpu.clock.info->opp_count);
    assert(machine->online[0]);
    assert(isfinite(machine->heat.temperature));
    assert(machine->joules > joules);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const boards[][2] = {{"nano", "4"}, {"xavier-nx", "5"}, {"agx-orin", "6"}};
    if (!size)
        return 0;
    const char *const *board = boards[data[0] % 3];
    const struct vb_options options = {.board = board[0],
                                       .jetpack = board[1],
                                       .seed = 1,
                                       .noise = data[0] & 4 ? 1 : 0,
                                       .ambient = NAN,
                                       .warm = NAN,
                                       .boot_id = "fuzz",
                                       .clock = fuzz_clock};
    struct tdm_error error = {0};
    struct vb_machine *machine = vb_machine_new(&options, &error);
    assert(machine);
    struct writable writable = {.count = 0};
    vb_tree_visit(machine->root, collect, &writable);
    size_t at = 1;
    for (int i = 0; i < MOST_LINES && at < size; i++) {
        char line[600];
        size_t length = 0;
        for (; at < size && data[at] != '\n'; at++)
            if (length < sizeof line - 1 && data[at])
                line[length++] = (char)data[at];
        at++;
        line[length] = '\0';
        const double joules = machine->joules;
        take_line(machine, &writable, line);
        seconds += 0.02;
        vb_advance(machine);
        check(machine, joules);
    }
    vb_tree_visit(machine->root, read_all, machine);
    vb_machine_free(machine);
    return 0;
}

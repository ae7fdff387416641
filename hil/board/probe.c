// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/probe.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const tdm_sureness_names[] = {"unknown", "likely", "sure", "given"};

// NVIDIA's part numbers of modules, which the device tree's compatible strings hold, and the names
// in its model. The first row that fits counts. TX2 NX, Nano 2 GB and Orin NX and Nano have no
// board file and fit none: their chips are known boards' chips, their sensors and clocks are not.
static const struct sign {
    const char *part;  // "p3448-0000"; NULL: by the model alone
    const char *model; // NULL: by the part alone
    const char *board;
} signs[] = {
    {"p3448-0000", NULL, "nano"},      {"p3448-0002", NULL, "nano"},
    {"p3310-", NULL, "tx2"},           {"p3668-", NULL, "xavier-nx"},
    {"p2888-", NULL, "agx-xavier"},    {"p3701-", NULL, "agx-orin"},
    {NULL, "Xavier NX", "xavier-nx"},  {NULL, "AGX Xavier", "agx-xavier"},
    {NULL, "AGX Orin", "agx-orin"},    {NULL, "Jetson TX2 Dev", "tx2"},
    {NULL, "Jetson Nano Dev", "nano"},
};

// Bytes of a file as one line: strings that end with zero bytes are parted by blanks, what cannot
// be printed becomes '?'.
static void read_line(const struct tdm_tree *tree, const char *path, char *line, size_t size)
{
    const int length = tdm_tree_read_bytes(tree, path, line, size);
    if (length < 0) {
        line[0] = '\0';
        return;
    }
    size_t end = (size_t)length;
    while (end && (line[end - 1] == '\0' || line[end - 1] == '\n'))
        end--;
    line[end] = '\0';
    for (size_t i = 0; i < end; i++) {
        if (line[i] == '\n') {
            line[i] = '\0';
            break;
        }
        if (line[i] == '\0')
            line[i] = ' ';
        else if ((unsigned char)line[i] > 126 || line[i] < ' ')
            line[i] = '?';
    }
}

static void find_board(struct tdm_probe *probe)
{
    for (size_t i = 0; i < sizeof signs / sizeof *signs; i++) {
        const struct sign *sign = &signs[i];
        const bool fits = sign->part ? strstr(probe->compatible, sign->part) != NULL
                                     : strstr(probe->model, sign->model) != NULL;
        if (!fits)
            continue;
        snprintf(probe->board, sizeof probe->board, "%s", sign->board);
        probe->board_sure = sign->part ? TDM_SURE : TDM_LIKELY;
        return;
    }
}

// "# R32 (release), REVISION: 7.1, GCID: …": L4T 32 is JetPack 4, 34 and 35 are 5, 36 is 6.
static bool from_release(struct tdm_probe *probe, const char *line)
{
    static const char *const jetpacks[] = {"4", NULL, "5", "5", "6"}; // of L4T 32 to 36
    static const char named[] = " (release), REVISION: ";
    if (strncmp(line, "# R", 3) != 0)
        return false;
    char *rest;
    const long major = strtol(line + 3, &rest, 10);
    if (strncmp(rest, named, strlen(named)) != 0)
        return false;
    const char *revision = rest + strlen(named);
    const int length = (int)strspn(revision, "0123456789.");
    if (!length || length > 15)
        return false;
    snprintf(probe->release, sizeof probe->release, "L4T R%ld %.*s", major, length, revision);
    if (major >= 32 && major <= 36 && jetpacks[major - 32]) {
        snprintf(probe->jetpack, sizeof probe->jetpack, "%s", jetpacks[major - 32]);
        probe->jetpack_sure = TDM_SURE;
    }
    return true;
}

static void from_kernel(struct tdm_probe *probe, const char *line)
{
    static const struct {
        const char *kernel, *jetpack;
    } kernels[] = {{"4.9.", "4"}, {"5.10.", "5"}, {"5.15.", "6"}};
    snprintf(probe->release, sizeof probe->release, "%s%.100s", line[0] ? "kernel " : "", line);
    for (size_t i = 0; i < sizeof kernels / sizeof *kernels; i++)
        if (strncmp(line, kernels[i].kernel, strlen(kernels[i].kernel)) == 0) {
            snprintf(probe->jetpack, sizeof probe->jetpack, "%s", kernels[i].jetpack);
            probe->jetpack_sure = TDM_LIKELY;
        }
}

void tdm_probe_look(const struct tdm_tree *tree, struct tdm_probe *probe)
{
    char line[256];
    *probe = (struct tdm_probe){.board_sure = TDM_UNKNOWN};
    read_line(tree, "/proc/device-tree/model", probe->model, sizeof probe->model);
    read_line(tree, "/proc/device-tree/compatible", probe->compatible, sizeof probe->compatible);
    find_board(probe);
    read_line(tree, "/etc/nv_tegra_release", line, sizeof line);
    if (from_release(probe, line))
        return;
    read_line(tree, "/proc/sys/kernel/osrelease", line, sizeof line);
    from_kernel(probe, line);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Thermal zones. All warm zones show the one temperature of the model.
#include <errno.h>
#include <math.h>
#include <string.h>

#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

enum { ZONES = 9 };

// Names as tegrastats prints them; which ones a board has is recalled but for those of the facts.
static const struct {
    const char *board, *jetpack;
    const char *zones[ZONES + 1];
} boards[] = {
    {"nano",
     "4",
     {"AO-therm", "CPU-therm", "GPU-therm", "PLL-therm", "PMIC-Die", "thermal-fan-est"}},
    {"tx2",
     "4",
     {"BCPU-therm", "MCPU-therm", "GPU-therm", "PLL-therm", "AO-therm", "Tboard_tegra",
      "Tdiode_tegra", "PMIC-Die", "thermal-fan-est"}},
    {"agx-orin",
     "6",
     {"cpu-thermal", "gpu-thermal", "cv0-thermal", "cv1-thermal", "cv2-thermal", "soc0-thermal",
      "soc1-thermal", "soc2-thermal", "tj-thermal"}},
    {"agx-orin",
     "5",
     {"CPU-therm", "GPU-therm", "CV0-therm", "CV1-therm", "CV2-therm", "SOC0-therm", "SOC1-therm",
      "SOC2-therm", "tj-therm"}},
    {"", "", {"CPU-therm", "GPU-therm", "AUX-therm", "AO-therm", "PMIC-Die", "thermal-fan-est"}},
};

const char *vb_zone_name(const struct vb_machine *machine, int zone)
{
    size_t i = 0;
    while (boards[i].board[0] && (strcmp(boards[i].board, machine->board->name) != 0 ||
                                  strcmp(boards[i].jetpack, machine->jetpack) != 0))
        i++;
    return zone < ZONES ? boards[i].zones[zone] : NULL;
}

static int show_type(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    return vb_print(text, size, "%s\n", vb_zone_name(machine, node->index));
}

// Zones of blocks without power fail: the accelerators' always, the GPU's while its rail is gated.
// The PMIC's is a constant.
static int show_temp(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    const char *name = vb_zone_name(machine, node->index);
    if (strncasecmp(name, "PMIC", 4) == 0)
        return vb_print(text, size, "50000\n");
    if (strncasecmp(name, "cv", 2) == 0)
        return -EAGAIN;
    if (strncasecmp(name, "gpu", 3) == 0 && vb_gpu_gated(machine))
        return -EAGAIN;
    // soctherm counts in half degrees
    return vb_print(text, size, "%.0f\n", 500 * floor(machine->heat.temperature * 2 + 0.5));
}

const struct vb_type vb_zone_type = {"thermal-type", 0444, show_type, NULL, NULL};
const struct vb_type vb_zone_temp = {"thermal", 0444, show_temp, NULL, NULL};

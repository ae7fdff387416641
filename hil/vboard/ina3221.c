// SPDX-License-Identifier: GPL-3.0-or-later
// The power sensors: three channels each, by iio (JetPack 4) or hwmon (later). A reading is made of
// a voltage in steps of 8 mV and a current in steps that make the rail's quantum.
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hil/vboard/files.h"
#include "hil/vboard/machine.h"
#include "hil/vboard/parse.h"

static const char *const ordinals[VB_CHANNELS] = {"first", "second", "third"};

// "INA3221 7-0040, first channel …" of a rail. -1 if it says something else.
static int place_of(const struct tdm_rail *rail, char address[16])
{
    char word[16];
    if (!rail->sensor || sscanf(rail->sensor, "INA3221 %15[^,], %15s", address, word) != 2)
        return -1;
    for (int i = 0; i < VB_CHANNELS; i++)
        if (strcmp(word, ordinals[i]) == 0)
            return i;
    return -1;
}

static struct vb_sensor *sensor_at(struct vb_machine *machine, const char *address)
{
    struct vb_sensor *sensor = machine->sensors;
    for (int i = 0; i < machine->sensor_count; i++, sensor++)
        if (strcmp(sensor->address, address) == 0)
            return sensor;
    if (machine->sensor_count == VB_SENSORS)
        return NULL;
    machine->sensor_count++;
    snprintf(sensor->address, sizeof sensor->address, "%s", address);
    for (int i = 0; i < VB_CHANNELS; i++) {
        sensor->rail[i] = -1;
        sensor->limit[i][0] = sensor->limit[i][1] = 32760; // as the chip starts: its largest
    }
    return sensor;
}

// Rails whose steps are multiples of 40 mW hang on 5 V (8 mA), the others on 19 V (assumed).
static double supply_of(const struct tdm_rail *rail)
{
    const double steps = rail->quantum / 0.04;
    return fabs(steps - round(steps)) < 0.01 ? 5 : 19;
}

void vb_sensors_find(struct vb_machine *machine)
{
    for (size_t i = 0; i < machine->board->rail_count; i++) {
        char address[16];
        const int channel = place_of(&machine->board->rails[i], address);
        struct vb_sensor *sensor = channel < 0 ? NULL : sensor_at(machine, address);
        if (!sensor)
            continue;
        sensor->rail[channel] = (int)i;
        sensor->supply[channel] = supply_of(&machine->board->rails[i]);
    }
}

static const struct tdm_rail *rail_of(const struct vb_machine *machine, const struct vb_node *node)
{
    const int rail = machine->sensors[node->index].rail[node->part];
    return rail < 0 ? NULL : &machine->board->rails[rail];
}

// W: JetPack 4 converts when asked, later ones keep averages.
static double watts_of(const struct vb_machine *machine, const struct vb_node *node)
{
    const struct vb_sensor *sensor = &machine->sensors[node->index];
    if (sensor->rail[node->part] < 0)
        return 0;
    return vb_modern(machine) ? sensor->mean[node->part]
                              : machine->rail_watts[sensor->rail[node->part]];
}

static double millivolts(const struct vb_machine *machine, const struct vb_node *node)
{
    return 8 * round(machine->sensors[node->index].supply[node->part] * 1e3 / 8);
}

static double milliamperes(struct vb_machine *machine, const struct vb_node *node)
{
    const struct tdm_rail *rail = rail_of(machine, node);
    if (!rail)
        return 0;
    const double volts = machine->sensors[node->index].supply[node->part];
    const double step = rail->quantum / volts;
    // A third of a step of noise makes readings toggle as they do on boards (assumed).
    const double noise = machine->noise / 3 * tdm_random_normal(&machine->random);
    const double steps = round(watts_of(machine, node) / rail->quantum + noise);
    return fmax(0, steps) * step * 1e3;
}

// One conversion of the voltage over the shunt and one of the supply.
static double takes(const struct vb_machine *machine, const struct vb_node *node)
{
    (void)node;
    return vb_modern(machine) ? 0 : 1.1e-3 + 1.1e-3;
}

static int show_label(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    const struct tdm_rail *rail = rail_of(machine, node);
    return vb_print(text, size, "%s\n", rail ? rail->name : "NC");
}

static int show_voltage(struct vb_machine *machine, const struct vb_node *node, char *text,
                        size_t size)
{
    return vb_print(text, size, "%.0f\n", millivolts(machine, node));
}

static int show_current(struct vb_machine *machine, const struct vb_node *node, char *text,
                        size_t size)
{
    return vb_print(text, size, "%.0f\n", milliamperes(machine, node));
}

static int show_power(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size)
{
    const double mw = millivolts(machine, node) * milliamperes(machine, node) / 1e3;
    return vb_print(text, size, "%.0f\n", mw);
}

static int show_limit(struct vb_machine *machine, const struct vb_node *node, char *text,
                      size_t size, int which)
{
    return vb_print(text, size, "%.0f\n", machine->sensors[node->index].limit[node->part][which]);
}

static int store_limit(struct vb_machine *machine, const struct vb_node *node, const char *text,
                       int which)
{
    double value;
    if (vb_parse_strict(text, &value) || value > 1e6)
        return -EINVAL;
    machine->sensors[node->index].limit[node->part][which] = value;
    return 0;
}

static int show_warn(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    return show_limit(machine, node, text, size, 0);
}

static int show_crit(struct vb_machine *machine, const struct vb_node *node, char *text,
                     size_t size)
{
    return show_limit(machine, node, text, size, 1);
}

static int store_warn(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    return store_limit(machine, node, text, 0);
}

static int store_crit(struct vb_machine *machine, const struct vb_node *node, const char *text)
{
    return store_limit(machine, node, text, 1);
}

// ms: how often hwmon's averages are new, or how long iio keeps a reading (not at all).
static int show_interval(struct vb_machine *machine, const struct vb_node *node, char *text,
                         size_t size)
{
    (void)node;
    return vb_print(text, size, "%s\n", vb_modern(machine) ? "422" : "0 ms");
}

const struct vb_type vb_ina_rail = {"power-label", 0444, show_label, NULL, NULL};
const struct vb_type vb_ina_label = {"power-label", 0444, show_label, NULL, NULL};
const struct vb_type vb_ina_voltage = {"power-voltage", 0444, show_voltage, NULL, takes};
const struct vb_type vb_ina_current = {"power-current", 0444, show_current, NULL, takes};
const struct vb_type vb_ina_power = {"power", 0444, show_power, NULL, takes};
const struct vb_type vb_ina_warn = {"power-warn", 0644, show_warn, store_warn, NULL};
const struct vb_type vb_ina_crit = {"power-crit", 0644, show_crit, store_crit, NULL};
const struct vb_type vb_ina_interval = {"power-interval", 0444, show_interval, NULL, NULL};

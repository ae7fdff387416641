// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

enum { MOST_UNITS = 8 };

struct unit {
    const char *name;
    double scale; // SI units in one of these
};

static const struct dimension {
    const char *si;
    const char *example;
    struct unit units[MOST_UNITS]; // from small to large
} dimensions[TDM_DIMENSIONS] = {
    [TDM_PLAIN] = {"1", "0.5", {{NULL, 0}}},
    [TDM_SHARE] = {"1", "20 %", {{"%", 1e-2}}},
    [TDM_TIME] = {"s",
                  "40 ms",
                  {{"ns", 1e-9},
                   {"us", 1e-6},
                   {"ms", 1e-3},
                   {"s", 1},
                   {"min", 60},
                   {"h", 3600},
                   {"d", 86400}}},
    [TDM_FREQUENCY] = {"Hz", "921.6 MHz", {{"Hz", 1}, {"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}}},
    [TDM_RATE] = {"1/s", "2 /s", {{"/h", 1. / 3600}, {"/min", 1. / 60}, {"/s", 1}}},
    [TDM_VOLTAGE] = {"V", "0.9 V", {{"uV", 1e-6}, {"mV", 1e-3}, {"V", 1}}},
    [TDM_POWER] = {"W", "2.5 W", {{"uW", 1e-6}, {"mW", 1e-3}, {"W", 1}, {"kW", 1e3}}},
    [TDM_ENERGY] = {"J", "12.8 J", {{"uJ", 1e-6}, {"mJ", 1e-3}, {"J", 1}, {"kJ", 1e3}}},
    [TDM_SIZE] = {"bytes",
                  "150528 B",
                  {{"B", 1},
                   {"kB", 1e3},
                   {"KiB", 1024},
                   {"MB", 1e6},
                   {"MiB", 1048576},
                   {"GB", 1e9},
                   {"GiB", 1073741824}}},
    [TDM_BANDWIDTH] = {"bytes/s",
                       "8 Mbit/s",
                       {{"bit/s", 0.125},
                        {"B/s", 1},
                        {"kbit/s", 125},
                        {"kB/s", 1e3},
                        {"Mbit/s", 125e3},
                        {"MB/s", 1e6},
                        {"Gbit/s", 125e6},
                        {"GB/s", 1e9}}},
    [TDM_TEMPERATURE] = {"degC", "45 degC", {{"degC", 1}}},
    [TDM_SIGNAL] = {"dBm", "-60 dBm", {{"dBm", 1}}},
    [TDM_COMPUTE] = {"FLOP/s",
                     "29.8 TFLOP/s",
                     {{"MFLOP/s", 1e6}, {"GFLOP/s", 1e9}, {"TFLOP/s", 1e12}}},
    [TDM_RADIO_SLOPE] = {"W/(bytes/s)",
                         "283 mW/(Mbit/s)",
                         {{"mW/(Mbit/s)", 1e-3 / 125e3}, {"W/(Mbit/s)", 1 / 125e3}}},
    [TDM_HEAT_RESISTANCE] = {"K/W", "3 K/W", {{"K/W", 1}}},
    [TDM_HEAT_CAPACITY] = {"J/K", "40 J/K", {{"J/K", 1}}},
    [TDM_PER_KELVIN] = {"1/K", "0.01 /K", {{"/K", 1}}},
};

const char *tdm_dimension_unit(enum tdm_dimension dimension)
{
    return dimensions[dimension].si;
}

const char *tdm_dimension_example(enum tdm_dimension dimension)
{
    return dimensions[dimension].example;
}

const char *tdm_dimension_units(enum tdm_dimension dimension, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    for (const struct unit *u = dimensions[dimension].units;
         u < dimensions[dimension].units + MOST_UNITS && u->name && used < size; u++)
        used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", u->name);
    return text;
}

static const struct unit *find_unit(enum tdm_dimension dimension, const char *name,
                                    struct tdm_nearest *nearest)
{
    for (const struct unit *u = dimensions[dimension].units;
         u < dimensions[dimension].units + MOST_UNITS && u->name; u++) {
        if (strcmp(u->name, name) == 0)
            return u;
        tdm_nearest_try(nearest, u->name);
    }
    return NULL;
}

int tdm_quantity_parse(const char *text, enum tdm_dimension dimension, double *value,
                       struct tdm_error *error)
{
    char *end;
    // strtod would also take hexadecimal, "inf" and "nan", which nobody means in these files.
    const size_t number = strspn(text, "+-0123456789.eE");
    const double x = strtod(text, &end);
    if (end == text || end > text + number || !isfinite(x))
        return tdm_fail(error, "'%.64s' is not a number; write it like '%s'", text,
                        dimensions[dimension].example);
    while (*end == ' ')
        end++;
    if (!*end && (dimension == TDM_PLAIN || dimension == TDM_SHARE)) {
        *value = x;
        return 0;
    }
    if (dimension == TDM_PLAIN)
        return tdm_fail(error, "'%.64s' has a unit, but this is a plain number", text);
    char names[128];
    if (!*end)
        return tdm_fail(error, "'%.64s' has no unit; write it like '%s' (units: %s)", text,
                        dimensions[dimension].example,
                        tdm_dimension_units(dimension, names, sizeof names));
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, end);
    const struct unit *unit = find_unit(dimension, end, &nearest);
    if (!unit)
        return tdm_fail(error, "unknown unit '%.32s'%s; units here: %s", end,
                        tdm_nearest_hint(&nearest),
                        tdm_dimension_units(dimension, names, sizeof names));
    // Dividing keeps decimal prefixes exact: 20 % is 20 / 100, not 20 * 0.01.
    *value = unit->scale < 1 ? x / (1 / unit->scale) : x * unit->scale;
    if (!isfinite(*value))
        return tdm_fail(error, "'%.64s' is too large", text);
    return 0;
}

// The largest unit that leaves at least 1 before the point; odd ones (min, KiB) are only read.
static const struct unit *best_unit(double value, enum tdm_dimension dimension)
{
    static const char *const only_read[] = {"min",  "h",    "d",   "/h",  "/min",
                                            "KiB",  "MiB",  "GiB", "B/s", "kB/s",
                                            "MB/s", "GB/s", "ns",  "uV",  "uJ"};
    const struct unit *best = NULL;
    for (const struct unit *u = dimensions[dimension].units;
         u < dimensions[dimension].units + MOST_UNITS && u->name; u++) {
        bool skip = false;
        for (size_t i = 0; i < sizeof only_read / sizeof *only_read; i++)
            skip |= strcmp(u->name, only_read[i]) == 0;
        if (skip)
            continue;
        if (!best || fabs(value) >= u->scale * 0.9999999)
            best = u;
    }
    return best;
}

char *tdm_quantity_format(double value, enum tdm_dimension dimension, int digits, char *text,
                          size_t size)
{
    const struct unit *unit = best_unit(value, dimension);
    if (value == 0 && unit)
        for (const struct unit *u = dimensions[dimension].units;
             u < dimensions[dimension].units + MOST_UNITS && u->name; u++)
            if (u->scale == 1)
                unit = u;
    if (!unit)
        snprintf(text, size, "%.*g", digits, value);
    else
        snprintf(text, size, "%.*g %s", digits, value / unit->scale, unit->name);
    return text;
}

char *tdm_quantity_range(double least, double most, enum tdm_dimension dimension, int digits,
                         char *text, size_t size)
{
    char low[64], high[64];
    tdm_quantity_format(least, dimension, digits, low, sizeof low);
    tdm_quantity_format(most, dimension, digits, high, sizeof high);
    char *unit = strchr(low, ' ');
    const char *other = strchr(high, ' ');
    if (unit && other && (least == 0 || strcmp(unit, other) == 0))
        *unit = '\0'; // one unit is enough
    snprintf(text, size, "%s to %s", low, high);
    return text;
}

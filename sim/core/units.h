// SPDX-License-Identifier: GPL-3.0-or-later
/** Numbers with units: "921.6 MHz", "40 ms", "8 Mbit/s" in files and tables, SI inside. */
#ifndef TDM_CORE_UNITS_H
#define TDM_CORE_UNITS_H

#include "tandem.h"

/** What a number measures; its SI unit is the inside one. */
enum tdm_dimension {
    TDM_PLAIN,           /**< a bare number, no unit */
    TDM_SHARE,           /**< "20 %" or "0.2"; inside 0.2 */
    TDM_TIME,            /**< s */
    TDM_FREQUENCY,       /**< Hz */
    TDM_RATE,            /**< events per second, "1 /s" */
    TDM_VOLTAGE,         /**< V */
    TDM_POWER,           /**< W */
    TDM_ENERGY,          /**< J */
    TDM_SIZE,            /**< bytes */
    TDM_BANDWIDTH,       /**< bytes/s; "8 Mbit/s" is 1e6 bytes/s */
    TDM_TEMPERATURE,     /**< degC, inside too: only differences and table look-ups use it */
    TDM_SIGNAL,          /**< dBm */
    TDM_COMPUTE,         /**< FLOP/s */
    TDM_RADIO_SLOPE,     /**< W per (byte/s); "mW/(Mbit/s)" in files */
    TDM_HEAT_RESISTANCE, /**< K/W */
    TDM_HEAT_CAPACITY,   /**< J/K */
    TDM_PER_KELVIN,      /**< 1/K */
    TDM_DIMENSIONS
};

/**
 * Reads a finite number and its unit from the whole of `text`. A unit is required except for
 * TDM_PLAIN (forbidden) and TDM_SHARE (optional). On failure returns -1 and fills `error`'s
 * message (no place) with what was wrong and the units that would be right.
 */
int tdm_quantity_parse(const char *text, enum tdm_dimension dimension, double *value,
                       struct tdm_error *error);

/**
 * Writes `value` with the unit that reads best ("921.6 MHz"), with `digits` significant digits
 * (17 keep it to a unit in the last place). Returns `text`.
 */
char *tdm_quantity_format(double value, enum tdm_dimension dimension, int digits, char *text,
                          size_t size);

/** Writes "0 to 95 %", "100 MHz to 1.3 GHz". Returns `text`. */
char *tdm_quantity_range(double least, double most, enum tdm_dimension dimension, int digits,
                         char *text, size_t size);

/** "s", "Hz", "bytes/s": the SI unit, for dataset attributes; "1" for bare numbers. */
const char *tdm_dimension_unit(enum tdm_dimension dimension);

/** "40 ms": an example for documentation. */
const char *tdm_dimension_example(enum tdm_dimension dimension);

/** Every unit that a dimension reads, comma separated, for messages and documentation. */
const char *tdm_dimension_units(enum tdm_dimension dimension, char *text, size_t size);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Power and temperature, sampled by threads: one a chip, one for all temperature zones, so that a
 * sensor that hangs keeps nobody but its neighbours on the chip. Nothing here blocks: who asks gets
 * the last sample and how old it is.
 */
#ifndef TDM_BOARD_SENSORS_H
#define TDM_BOARD_SENSORS_H

#include "hil/board/energy.h"
#include "hil/board/hw.h"

struct tdm_sensors;

struct tdm_sensors_options {
    bool rails, zones; /**< which */
    double period;     /**< s between samples; 0: the board's useful rate (zones: 0.25 s) */
};

enum tdm_sensor_kind { TDM_SENSOR_RAIL, TDM_SENSOR_ZONE };

struct tdm_sensor {
    char name[32]; /**< the rail's label, the zone's type */
    enum tdm_sensor_kind kind;
    bool total;     /**< part of the board's total */
    double quantum; /**< W; 0: not known */
    double period;  /**< s between samples */
};

struct tdm_reading {
    double value; /**< W or degC; NAN: there was none yet */
    double age;   /**< s */
    bool stale;   /**< older than a sensor that works would be, or none */
    int result;   /**< of the last attempt that ended: 0 or -errno */
};

/** s of the clock that samples carry. */
double tdm_sensors_now(void);

/**
 * Begins to sample. NULL with `error`: none of what was asked for is there. The caller stops it.
 */
struct tdm_sensors *tdm_sensors_start(struct tdm_hw *hw, const struct tdm_sensors_options *options,
                                      struct tdm_error *error);

/** Ends it; a thread that hangs in a driver is left behind, and frees what it has when it can. */
void tdm_sensors_stop(struct tdm_sensors *sensors);

size_t tdm_sensors_count(const struct tdm_sensors *sensors);
/** Valid until they are stopped. */
const struct tdm_sensor *tdm_sensors_at(const struct tdm_sensors *sensors, size_t index);

/** Waits until each sensor has been tried, or `seconds` are over. Returns whether each has. */
bool tdm_sensors_wait(const struct tdm_sensors *sensors, double seconds);

struct tdm_reading tdm_sensors_read(const struct tdm_sensors *sensors, size_t index);

/** Energy of one rail between two times of tdm_sensors_now; of the last 4096 samples at most. */
struct tdm_energy tdm_sensors_energy(const struct tdm_sensors *sensors, size_t index, double from,
                                     double to);

/**
 * W of the board: the sum of its total rails. NAN where one is missing or stale. `covers` (may be
 * NULL) becomes which rails these are, or what is missing; valid until they are stopped.
 */
double tdm_sensors_total(const struct tdm_sensors *sensors, const char **covers);

/** Its energy; errors of different rails add up as squares. `joules` NAN where one is missing. */
struct tdm_energy tdm_sensors_total_energy(const struct tdm_sensors *sensors, double from,
                                           double to);

/** degC of the hottest zone that is not stale, NAN where there is none. `name` may be NULL. */
double tdm_sensors_hottest(const struct tdm_sensors *sensors, const char **name);

#endif

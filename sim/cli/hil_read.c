// SPDX-License-Identifier: GPL-3.0-or-later
// tandem hil read: power, energy and temperatures.
#include <math.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/output.h"
#include "core/table.h"
#include "hil/board/sensors.h"

static const double first_patience = 2; // s until each sensor has been tried once

struct span {
    double from, to; // s
};

static bool is_long(const struct span *span)
{
    return span->to > span->from;
}

// Until `to`, or a signal.
static void wait_until(struct span *span)
{
    const struct timespec piece = {.tv_nsec = 20 * 1000 * 1000};
    while (!tdm_hil_signal && tdm_sensors_now() < span->to)
        nanosleep(&piece, NULL);
    if (tdm_hil_signal)
        span->to = tdm_sensors_now();
}

static const char *state_of(const struct tdm_reading *reading)
{
    if (!reading->stale)
        return "";
    return reading->result ? strerror(-reading->result) : "does not answer";
}

static void add_quantity(struct tdm_table *table, double value, enum tdm_dimension dimension,
                         int digits)
{
    char text[64];
    if (isfinite(value))
        tdm_table_add(table, "%s",
                      tdm_quantity_format(value, dimension, digits, text, sizeof text));
    else
        tdm_table_add(table, "-");
}

static void add_energy(struct tdm_table *table, const struct tdm_energy *energy)
{
    add_quantity(table, energy->covered > 0 ? energy->joules / energy->covered : NAN, TDM_POWER, 4);
    add_quantity(table, energy->joules, TDM_ENERGY, 4);
    add_quantity(table, energy->error, TDM_ENERGY, 2);
    add_quantity(table, energy->covered, TDM_TIME, 4);
    tdm_table_add(table, "%zu", energy->samples);
}

static void print_rails(const struct tdm_sensors *sensors, const struct span *span)
{
    static const char *const now[] = {"rail", ">power", "", NULL};
    static const char *const mean[] = {"rail",     ">now",     ">mean", ">energy", ">+-",
                                       ">covered", ">samples", "",      NULL};
    struct tdm_table table;
    const char *covers;
    tdm_table_start(&table, is_long(span) ? mean : now);
    for (size_t i = 0; i < tdm_sensors_count(sensors); i++) {
        const struct tdm_sensor *sensor = tdm_sensors_at(sensors, i);
        if (sensor->kind != TDM_SENSOR_RAIL)
            continue;
        const struct tdm_reading reading = tdm_sensors_read(sensors, i);
        tdm_table_add(&table, "%s", sensor->name);
        add_quantity(&table, reading.stale ? NAN : reading.value, TDM_POWER, 4);
        if (is_long(span)) {
            const struct tdm_energy energy = tdm_sensors_energy(sensors, i, span->from, span->to);
            add_energy(&table, &energy);
        }
        tdm_table_add(&table, "%s", state_of(&reading));
    }
    const double total = tdm_sensors_total(sensors, &covers);
    tdm_table_add(&table, "board");
    add_quantity(&table, total, TDM_POWER, 4);
    if (is_long(span)) {
        const struct tdm_energy energy = tdm_sensors_total_energy(sensors, span->from, span->to);
        add_energy(&table, &energy);
    }
    tdm_table_add(&table, "%s", covers);
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
}

static void print_zones(const struct tdm_sensors *sensors)
{
    struct tdm_table table;
    size_t count = 0;
    tdm_table_start(&table, (const char *const[]){"zone", ">temperature", "", NULL});
    for (size_t i = 0; i < tdm_sensors_count(sensors); i++) {
        const struct tdm_sensor *sensor = tdm_sensors_at(sensors, i);
        if (sensor->kind != TDM_SENSOR_ZONE)
            continue;
        const struct tdm_reading reading = tdm_sensors_read(sensors, i);
        tdm_table_add(&table, "%s", sensor->name);
        if (reading.stale)
            tdm_table_add(&table, "-");
        else
            tdm_table_add(&table, "%.1f degC", reading.value);
        tdm_table_add(&table, "%s", state_of(&reading));
        count++;
    }
    if (count)
        putchar('\n');
    tdm_table_print(&table, count ? stdout : stderr, 0, tdm_terminal_width(stdout));
}

// ---- JSON --------------------------------------------------------------------------------------

static void add_energy_json(json_t *object, const struct tdm_energy *energy)
{
    json_object_set_new(object, "energy_j", tdm_json_number(energy->joules));
    json_object_set_new(object, "error_j", tdm_json_number(energy->error));
    json_object_set_new(object, "covered_s", tdm_json_number(energy->covered));
    json_object_set_new(object, "samples", json_integer((json_int_t)energy->samples));
}

static json_t *sensor_json(const struct tdm_sensors *sensors, size_t i, const struct span *span)
{
    const struct tdm_sensor *sensor = tdm_sensors_at(sensors, i);
    const struct tdm_reading reading = tdm_sensors_read(sensors, i);
    const bool rail = sensor->kind == TDM_SENSOR_RAIL;
    json_t *object =
        json_pack("{s:s, s:o, s:o, s:b}", "name", sensor->name, rail ? "power_w" : "temperature_c",
                  tdm_json_number(reading.stale ? NAN : reading.value), "age_s",
                  tdm_json_number(reading.age), "stale", reading.stale);
    if (rail)
        json_object_set_new(object, "total", json_boolean(sensor->total));
    if (rail && is_long(span)) {
        const struct tdm_energy energy = tdm_sensors_energy(sensors, i, span->from, span->to);
        add_energy_json(object, &energy);
    }
    return object;
}

static int print_json(const struct tdm_sensors *sensors, const struct span *span)
{
    json_t *rails = json_array(), *zones = json_array();
    const char *covers;
    const double total = tdm_sensors_total(sensors, &covers);
    for (size_t i = 0; i < tdm_sensors_count(sensors); i++)
        json_array_append_new(tdm_sensors_at(sensors, i)->kind == TDM_SENSOR_RAIL ? rails : zones,
                              sensor_json(sensors, i, span));
    json_t *object = json_pack("{s:o, s:s, s:o, s:o}", "power_w", tdm_json_number(total), "covers",
                               covers, "rails", rails, "zones", zones);
    if (is_long(span)) {
        const struct tdm_energy energy = tdm_sensors_total_energy(sensors, span->from, span->to);
        add_energy_json(object, &energy);
    }
    return tdm_cli_json(object);
}

// ---- the command -------------------------------------------------------------------------------

static bool all_fresh(const struct tdm_sensors *sensors)
{
    for (size_t i = 0; i < tdm_sensors_count(sensors); i++) {
        const struct tdm_reading reading = tdm_sensors_read(sensors, i);
        if (tdm_sensors_at(sensors, i)->kind == TDM_SENSOR_RAIL && reading.stale)
            return false;
    }
    return isfinite(tdm_sensors_total(sensors, NULL));
}

static int read_sensors(struct tdm_hw *hw, double period, double duration, bool json)
{
    struct tdm_error error = {0};
    const struct tdm_sensors_options which = {.rails = true, .zones = true, .period = period};
    struct tdm_sensors *sensors = tdm_sensors_start(hw, &which, &error);
    if (!sensors)
        return tdm_cli_fail("hil read", &error, TDM_EXIT_FAILED);
    tdm_sensors_wait(sensors, first_patience);
    struct span span = {.from = tdm_sensors_now()};
    span.to = span.from + duration;
    tdm_hil_catch_signals();
    wait_until(&span);
    int code = TDM_EXIT_DONE;
    if (json)
        code = print_json(sensors, &span);
    else {
        print_rails(sensors, &span);
        print_zones(sensors);
    }
    if (code == TDM_EXIT_DONE && !all_fresh(sensors))
        code = TDM_EXIT_FAILED;
    tdm_sensors_stop(sensors);
    return code;
}

int tdm_hil_read(int argc, char **argv)
{
    struct tdm_hil_where where = {0};
    double duration = 0, period = 0;
    bool json = false;
    const struct tdm_option options[] = {
        TDM_HIL_OPTIONS(where),
        {0, "for", "TIME", .quantity = {&duration, TDM_TIME, 0},
         .help = "sample so long, and give means and energies, too"},
        {0, "period", "TIME", .quantity = {&period, TDM_TIME, 1e-3},
         .help = "between samples: the board's useful rate"},
        {0, "json", .flag = &json, .help = "as JSON"},
    };
    const struct tdm_usage usage = {
        "hil read", "",
        "Power by rail, the board's total and what it covers, temperatures. Energies are integrals "
        "of the lines between samples; their error (+-, one standard deviation) is that of the "
        "sensor's steps and of jumps between samples: what comes and goes between two samples is "
        "not in it. 'covered' is shorter than the time asked for where a sensor did not answer; "
        "then, and where a rail of the total is missing, the exit code is 1.",
        options, TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_hw *hw = tdm_hil_open(&where);
    if (!hw)
        return TDM_EXIT_USAGE;
    const int code = read_sensors(hw, period, duration, json);
    tdm_hw_close(hw);
    return code;
}

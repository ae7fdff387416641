// SPDX-License-Identifier: GPL-3.0-or-later
/** Quantities: every unit against its definition, round trips, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/random.h"
#include "core/units.h"

// The definitions of the units, independent of the table that the reader uses.
static const struct {
    enum tdm_dimension dimension;
    const char *text;
    double value;
} readings[] = {
    {TDM_PLAIN, "0.5", 0.5},
    {TDM_PLAIN, "-3e-2", -0.03},
    {TDM_PLAIN, "+7", 7},
    {TDM_SHARE, "20 %", 0.2},
    {TDM_SHARE, "0.2", 0.2},
    {TDM_SHARE, "100%", 1},
    {TDM_TIME, "250 ns", 250e-9},
    {TDM_TIME, "250 us", 250e-6},
    {TDM_TIME, "40 ms", 0.04},
    {TDM_TIME, "1.5 s", 1.5},
    {TDM_TIME, "10 min", 600},
    {TDM_TIME, "2 h", 7200},
    {TDM_TIME, "1 d", 86400},
    {TDM_FREQUENCY, "3 Hz", 3},
    {TDM_FREQUENCY, "3 kHz", 3000},
    {TDM_FREQUENCY, "921.6 MHz", 921600000},
    {TDM_FREQUENCY, "1.3005 GHz", 1300500000},
    {TDM_RATE, "36 /h", 0.01},
    {TDM_RATE, "30 /min", 0.5},
    {TDM_RATE, "2 /s", 2},
    {TDM_VOLTAGE, "742283 uV", 0.742283},
    {TDM_VOLTAGE, "840 mV", 0.84},
    {TDM_VOLTAGE, "0.9 V", 0.9},
    {TDM_POWER, "5 uW", 5e-6},
    {TDM_POWER, "1288.04 mW", 1.28804},
    {TDM_POWER, "2.5 W", 2.5},
    {TDM_POWER, "1.2 kW", 1200},
    {TDM_ENERGY, "5 uJ", 5e-6},
    {TDM_ENERGY, "28 mJ", 0.028},
    {TDM_ENERGY, "12.76 J", 12.76},
    {TDM_ENERGY, "3.6 kJ", 3600},
    {TDM_SIZE, "150528 B", 150528},
    {TDM_SIZE, "4 kB", 4000},
    {TDM_SIZE, "4 KiB", 4096},
    {TDM_SIZE, "4 MB", 4e6},
    {TDM_SIZE, "4 MiB", 4194304},
    {TDM_SIZE, "4 GB", 4e9},
    {TDM_SIZE, "4 GiB", 4294967296},
    {TDM_BANDWIDTH, "8 bit/s", 1},
    {TDM_BANDWIDTH, "8 B/s", 8},
    {TDM_BANDWIDTH, "8 kbit/s", 1000},
    {TDM_BANDWIDTH, "8 kB/s", 8000},
    {TDM_BANDWIDTH, "8 Mbit/s", 1e6},
    {TDM_BANDWIDTH, "8 MB/s", 8e6},
    {TDM_BANDWIDTH, "8 Gbit/s", 1e9},
    {TDM_BANDWIDTH, "25.6 GB/s", 25.6e9},
    {TDM_TEMPERATURE, "-40 degC", -40},
    {TDM_SIGNAL, "-60 dBm", -60},
    {TDM_COMPUTE, "5 MFLOP/s", 5e6},
    {TDM_COMPUTE, "472 GFLOP/s", 472e9},
    {TDM_COMPUTE, "29.8 TFLOP/s", 29.8e12},
    {TDM_RADIO_SLOPE, "438.39 mW/(Mbit/s)", 0.43839 / 125000},
    {TDM_RADIO_SLOPE, "1 W/(Mbit/s)", 1. / 125000},
    {TDM_HEAT_RESISTANCE, "4.5 K/W", 4.5},
    {TDM_HEAT_CAPACITY, "45 J/K", 45},
    {TDM_PER_KELVIN, "0.015 /K", 0.015},
};

static void each_unit_reads_as_defined(void **state)
{
    (void)state;
    bool seen[TDM_DIMENSIONS] = {false};
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        double value = NAN;
        struct tdm_error error = {0};
        if (tdm_quantity_parse(readings[i].text, readings[i].dimension, &value, &error))
            fail_msg("%s: %s", readings[i].text, error.message);
        assert_true(fabs(value - readings[i].value) <= 4e-16 * fabs(readings[i].value));
        seen[readings[i].dimension] = true;
    }
    for (int d = 0; d < TDM_DIMENSIONS; d++)
        assert_true(seen[d]);
}

static void decimal_prefixes_are_exact(void **state)
{
    (void)state;
    double value;
    assert_int_equal(tdm_quantity_parse("20 %", TDM_SHARE, &value, NULL), 0);
    assert_true(value == 0.2);
    assert_int_equal(tdm_quantity_parse("40 ms", TDM_TIME, &value, NULL), 0);
    assert_true(value == 0.04);
    assert_int_equal(tdm_quantity_parse("921.6 MHz", TDM_FREQUENCY, &value, NULL), 0);
    assert_true(value == 921600000);
}

static void refused(const char *text, enum tdm_dimension dimension, const char *message)
{
    double value;
    struct tdm_error error = {0};
    assert_int_equal(tdm_quantity_parse(text, dimension, &value, &error), -1);
    assert_string_equal(error.message, message);
    assert_int_equal(tdm_quantity_parse(text, dimension, &value, NULL), -1);
}

static void what_is_refused(void **state)
{
    (void)state;
    refused("", TDM_TIME, "'' is not a number; write it like '40 ms'");
    refused("ms", TDM_TIME, "'ms' is not a number; write it like '40 ms'");
    refused("nan s", TDM_TIME, "'nan s' is not a number; write it like '40 ms'");
    refused("inf s", TDM_TIME, "'inf s' is not a number; write it like '40 ms'");
    refused("0x10 s", TDM_TIME, "'0x10 s' is not a number; write it like '40 ms'");
    refused("1e999 s", TDM_TIME, "'1e999 s' is not a number; write it like '40 ms'");
    refused("40", TDM_TIME,
            "'40' has no unit; write it like '40 ms' (units: ns, us, ms, s, min, h, d)");
    refused("40 sec", TDM_TIME,
            "unknown unit 'sec' (did you mean 's'?); units here: ns, us, ms, s, min, h, d");
    refused("40 MHZ", TDM_FREQUENCY,
            "unknown unit 'MHZ' (did you mean 'MHz'?); units here: Hz, kHz, MHz, GHz");
    refused("40 parsec/s", TDM_FREQUENCY, "unknown unit 'parsec/s'; units here: Hz, kHz, MHz, GHz");
    refused("8 Mb/s", TDM_BANDWIDTH,
            "unknown unit 'Mb/s' (did you mean 'MB/s'?); units here: bit/s, B/s, kbit/s, kB/s, "
            "Mbit/s, MB/s, Gbit/s, GB/s");
    refused("5 W", TDM_PLAIN, "'5 W' has a unit, but this is a plain number");
    refused("5 ms 3", TDM_TIME,
            "unknown unit 'ms 3' (did you mean 'ms'?); units here: ns, us, ms, s, min, h, d");
    refused("1e308 GHz", TDM_FREQUENCY, "'1e308 GHz' is too large");
}

static void formats_read_well(void **state)
{
    (void)state;
    static const struct {
        double value;
        enum tdm_dimension dimension;
        const char *text;
    } cases[] = {
        {921.6e6, TDM_FREQUENCY, "921.6 MHz"},
        {1.3005e9, TDM_FREQUENCY, "1.3005 GHz"},
        {0.04, TDM_TIME, "40 ms"},
        {600, TDM_TIME, "600 s"},
        {0, TDM_TIME, "0 s"},
        {0, TDM_POWER, "0 W"},
        {0, TDM_SHARE, "0 %"},
        {0.55, TDM_SHARE, "55 %"},
        {1e6, TDM_BANDWIDTH, "8 Mbit/s"},
        {150528, TDM_SIZE, "150.528 kB"},
        {-60, TDM_SIGNAL, "-60 dBm"},
        {472e9, TDM_COMPUTE, "472 GFLOP/s"},
        {0.28317 / 125000, TDM_RADIO_SLOPE, "283.17 mW/(Mbit/s)"},
        {1e-9, TDM_TIME, "0.001 us"},
        {-0.0025, TDM_POWER, "-2.5 mW"},
    };
    char text[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(
            tdm_quantity_format(cases[i].value, cases[i].dimension, 7, text, sizeof text),
            cases[i].text);
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 1, "units", 0);
    for (int d = 0; d < TDM_DIMENSIONS; d++)
        for (int i = 0; i < 20000; i++) {
            const double exponent = 24 * tdm_random_uniform(&random) - 12;
            const double value = (tdm_random_uniform(&random) - 0.5) * pow(10, exponent);
            char text[64], again[64];
            double back = NAN;
            struct tdm_error error = {0};
            tdm_quantity_format(value, (enum tdm_dimension)d, 17, text, sizeof text);
            if (tdm_quantity_parse(text, (enum tdm_dimension)d, &back, &error))
                fail_msg("%s: %s", text, error.message);
            assert_true(fabs(back - value) <= 5e-16 * fabs(value));
            // With the 10 digits of a file, writing what was read changes nothing.
            tdm_quantity_format(value, (enum tdm_dimension)d, 10, text, sizeof text);
            assert_int_equal(tdm_quantity_parse(text, (enum tdm_dimension)d, &back, NULL), 0);
            tdm_quantity_format(back, (enum tdm_dimension)d, 10, again, sizeof again);
            assert_string_equal(text, again);
        }
}

static void the_documentation_is_right(void **state)
{
    (void)state;
    for (int d = 0; d < TDM_DIMENSIONS; d++) {
        double value;
        const char *example = tdm_dimension_example((enum tdm_dimension)d);
        assert_int_equal(tdm_quantity_parse(example, (enum tdm_dimension)d, &value, NULL), 0);
        assert_true(strlen(tdm_dimension_unit((enum tdm_dimension)d)) > 0);
    }
    assert_string_equal(tdm_dimension_unit(TDM_BANDWIDTH), "bytes/s");
    char units[128];
    assert_string_equal(tdm_dimension_units(TDM_POWER, units, sizeof units), "uW, mW, W, kW");
    assert_string_equal(tdm_dimension_units(TDM_PLAIN, units, sizeof units), "");
    char few[8];
    tdm_dimension_units(TDM_POWER, few, sizeof few);
    assert_true(strlen(few) < sizeof few);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_unit_reads_as_defined),
        cmocka_unit_test(decimal_prefixes_are_exact),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(formats_read_well),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(the_documentation_is_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

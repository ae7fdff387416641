// SPDX-License-Identifier: GPL-3.0-or-later
// Rails by label over iio and hwmon, board totals, and sensors that vanish. The plain board's
// channels draw 1, 2, 3 W in their order.
#include "hil/board/sensors.h"

#include <math.h>
#include <time.h>

#include "hil/board/rails.h"
#include "../model/near.h"
#include "plain_board.h"

static void total_of(const char *board, const char *jetpack, const char *covers, double watts)
{
    struct tdm_error error = {0};
    const char *got;
    struct tdm_hw *hw = plain_open(board, jetpack);
    const struct tdm_sensors_options options = {.rails = true, .period = 0.01};
    struct tdm_sensors *sensors = tdm_sensors_start(hw, &options, &error);
    assert_non_null(sensors);
    assert_true(tdm_sensors_wait(sensors, 5));
    assert_near(tdm_sensors_total(sensors, &got), watts, 1e-9);
    assert_string_equal(got, covers);
    tdm_sensors_stop(sensors);
    tdm_hw_close(hw);
    plain_remove(NULL);
}

// The facts' rules: one rail of the whole module, six that add up, three of four.
static void boards_have_their_totals(void **state)
{
    (void)state;
    total_of("nano", "4", "POM_5V_IN", 1);
    total_of("tx2", "4", "VDD_IN", 1);
    total_of("xavier-nx", "4", "VDD_IN", 1);
    total_of("xavier-nx", "5", "VDD_IN", 1);
    total_of("agx-xavier", "5", "GPU+CPU+SOC+CV+VDDRQ+SYS5V", 12);
    total_of("agx-orin", "6", "VDD_GPU_SOC+VDD_CPU_CV+VIN_SYS_5V0", 6);
}

static void not_connected_and_sums_are_no_rails(void **state)
{
    struct tdm_rail_spot rails[TDM_RAILS];
    (void)state;
    struct tdm_hw *hw = plain_open("agx-orin", "6");
    assert_int_equal(tdm_rails_find(hw, rails), 4); // of six channels and two sums
    for (int i = 0; i < 4; i++)
        assert_non_null(rails[i].rail);
    tdm_hw_close(hw);
}

static void labels_count_and_not_numbers(void **state)
{
    struct tdm_rail_spot rails[TDM_RAILS];
    static const char chip[] = "/sys/bus/i2c/drivers/ina3221/7-0040/hwmon/hwmon2";
    char path[128];
    double watts;
    (void)state;
    struct tdm_hw *hw = plain_open("xavier-nx", "5");
    snprintf(path, sizeof path, "%s/in1_label", chip);
    plain_write(path, "VDD_SOC\n");
    snprintf(path, sizeof path, "%s/in3_label", chip);
    plain_write(path, "VDD_IN\n");
    assert_int_equal(tdm_rails_find(hw, rails), 3);
    assert_string_equal(rails[2].label, "VDD_IN");
    assert_true(rails[2].total);
    assert_int_equal(tdm_rail_read(hw, &rails[2], &watts), 0);
    assert_near(watts, 3, 1e-12); // 5 V and 0.6 A
    tdm_hw_close(hw);
}

// A developer kit's carrier is fed beside the module.
static void a_carriers_power_is_added(void **state)
{
    struct tdm_rail_spot rails[TDM_RAILS];
    char text[128];
    double watts;
    (void)state;
    struct tdm_hw *hw = plain_open("tx2", "4");
    size_t count = tdm_rails_find(hw, rails);
    assert_int_equal(count, 6);
    assert_true(tdm_rails_whole(hw, rails, count, text, sizeof text));
    assert_string_equal(text, "VDD_IN");
    plain_write("/sys/bus/i2c/drivers/ina3221x/0-0042/iio:device0/rail_name_0", "VDD_MUX\n");
    count = tdm_rails_find(hw, rails);
    assert_int_equal(count, 7);
    assert_true(tdm_rails_whole(hw, rails, count, text, sizeof text));
    assert_string_equal(text, "VDD_IN+VDD_MUX");
    assert_int_equal(tdm_rail_read(hw, &rails[6], &watts), 0);
    assert_near(watts, 1, 1e-12);
    tdm_hw_close(hw);
}

static void a_total_without_a_rail_is_none(void **state)
{
    struct tdm_rail_spot rails[TDM_RAILS];
    char text[128];
    (void)state;
    struct tdm_hw *hw = plain_open("agx-xavier", "5");
    plain_write("/sys/bus/i2c/drivers/ina3221/1-0041/hwmon/hwmon3/in3_label", "NC\n");
    const size_t count = tdm_rails_find(hw, rails);
    assert_int_equal(count, 5);
    assert_false(tdm_rails_whole(hw, rails, count, text, sizeof text));
    assert_string_equal(text, "the rail SYS5V is missing");
    tdm_hw_close(hw);
}

static void sleep_for(double seconds)
{
    const struct timespec time = {(time_t)seconds, (long)(fmod(seconds, 1) * 1e9)};
    nanosleep(&time, NULL);
}

static void what_vanishes_is_stale_and_comes_back(void **state)
{
    struct tdm_error error = {0};
    static const char power[] = "/sys/bus/i2c/drivers/ina3221x/6-0040/iio:device0/in_power0_input";
    (void)state;
    struct tdm_hw *hw = plain_open("nano", "4");
    const struct tdm_sensors_options options = {.rails = true, .zones = true, .period = 0.01};
    struct tdm_sensors *sensors = tdm_sensors_start(hw, &options, &error);
    assert_non_null(sensors);
    assert_true(tdm_sensors_wait(sensors, 5));
    assert_int_equal(tdm_sensors_count(sensors), 6);
    assert_false(tdm_sensors_read(sensors, 0).stale);
    unlink(plain_path(power));
    sleep_for(0.7);
    assert_true(tdm_sensors_read(sensors, 0).stale);
    assert_int_equal(tdm_sensors_read(sensors, 0).result, -2); // ENOENT
    assert_true(isnan(tdm_sensors_total(sensors, NULL)));
    assert_false(tdm_sensors_read(sensors, 1).stale); // its neighbour goes on
    plain_write(power, "garbage\n");
    sleep_for(0.1);
    assert_true(tdm_sensors_read(sensors, 0).stale);
    plain_write(power, "7000\n");
    for (int i = 0; i < 500 && tdm_sensors_read(sensors, 0).stale; i++)
        sleep_for(0.01);
    assert_near(tdm_sensors_read(sensors, 0).value, 7, 1e-12);
    tdm_sensors_stop(sensors);
    tdm_hw_close(hw);
}

static void energy_of_a_constant_power(void **state)
{
    struct tdm_error error = {0};
    (void)state;
    struct tdm_hw *hw = plain_open("xavier-nx", "5");
    const struct tdm_sensors_options options = {.rails = true, .period = 0.01};
    struct tdm_sensors *sensors = tdm_sensors_start(hw, &options, &error);
    assert_non_null(sensors);
    assert_true(tdm_sensors_wait(sensors, 5));
    const double from = tdm_sensors_now();
    sleep_for(0.5);
    const double to = tdm_sensors_now();
    sleep_for(0.1);
    const struct tdm_energy total = tdm_sensors_total_energy(sensors, from, to);
    assert_near(total.joules, 1 * total.covered, 1e-9);
    assert_true(total.covered > 0.9 * (to - from) && total.covered <= to - from);
    assert_true(total.error > 0 && total.error < 0.01);
    tdm_sensors_stop(sensors);
    tdm_hw_close(hw);
}

static void the_hottest_zone_is_one_that_can_be_read(void **state)
{
    struct tdm_error error = {0};
    const char *name;
    (void)state;
    struct tdm_hw *hw = plain_open("nano", "4");
    plain_write("/sys/devices/virtual/thermal/thermal_zone1/temp", "-256000\n"); // powered off
    const struct tdm_sensors_options options = {.zones = true, .period = 0.01};
    struct tdm_sensors *sensors = tdm_sensors_start(hw, &options, &error);
    assert_non_null(sensors);
    assert_true(tdm_sensors_wait(sensors, 5));
    assert_near(tdm_sensors_hottest(sensors, &name), 50, 1e-9);
    assert_string_equal(name, "PMIC-Die");
    tdm_sensors_stop(sensors);
    tdm_hw_close(hw);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, plain_remove)
    const struct CMUnitTest tests[] = {
        TEST(boards_have_their_totals),       TEST(not_connected_and_sums_are_no_rails),
        TEST(labels_count_and_not_numbers),   TEST(a_carriers_power_is_added),
        TEST(a_total_without_a_rail_is_none), TEST(what_vanishes_is_stale_and_comes_back),
        TEST(energy_of_a_constant_power),     TEST(the_hottest_zone_is_one_that_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Sensors against counting in whole numbers: times are ticks of 1/64 s, periods 8 of them, and
 * powers are in sixteenths of a watt, shown in quarters.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/random.h"
#include "engine/sensor.h"

enum { TICKS = 64, PERIOD = 8 };

static struct tdm_sensor start(double quantum)
{
    struct tdm_rail rail = {.total = true, .period = (double)PERIOD / TICKS, .quantum = quantum};
    const struct tdm_board board = {.rails = &rail, .rail_count = 1};
    struct tdm_sensor sensor;
    tdm_sensor_start(&sensor, &board);
    return sensor;
}

// One look in each period that anything ends in, whether time goes by ticks or by many periods.
static void looks_once_a_period(void **state)
{
    (void)state;
    struct tdm_sensor sensor = start(0);
    struct tdm_random random;
    tdm_random_seed(&random, 1, "ticks", 0);
    assert_true(tdm_sensor_is_due(&sensor, 0));
    tdm_sensor_look(&sensor, 0, 0, 0);
    uint64_t tick = 0, looked = 0, looks = 0;
    for (uint64_t i = 1; i <= 10000; i++) {
        tick += tdm_random_below(&random, i % 7 ? 4 : 40);
        const double now = (double)tick / TICKS;
        const bool due = tdm_sensor_is_due(&sensor, now);
        assert_int_equal(due, tick / PERIOD > looked / PERIOD);
        if (!due)
            continue;
        tdm_sensor_look(&sensor, now, (double)i, 0);
        looked = tick;
        looks++;
        assert_true(tdm_sensor_power(&sensor) == (double)i);
    }
    assert_in_range(looks, 1000, 9000); // both answers came up
}

static void shows_the_nearest_step(void **state)
{
    (void)state;
    struct tdm_sensor sensor = start(0.25);
    for (int sixteenths = 0; sixteenths < 200; sixteenths++) {
        const int millis = 125 * sixteenths - 3000; // eighths of a degree
        tdm_sensor_look(&sensor, sixteenths, sixteenths / 16., millis / 1e3 + 0.0002);
        assert_true(tdm_sensor_power(&sensor) == (sixteenths + 2) / 4 / 4.);
        assert_true(tdm_sensor_temperature(&sensor) == millis / 1e3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looks_once_a_period),
        cmocka_unit_test(shows_the_nearest_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

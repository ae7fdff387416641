// SPDX-License-Identifier: GPL-3.0-or-later
/** The governors' rules, by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "engine/governor.h"

static struct tdm_opp opps[] = {{.hz = 100e6}, {.hz = 200e6}, {.hz = 400e6}, {.hz = 800e6}};
static const struct tdm_domain_info domain = {.opps = opps, .opp_count = 4};

static int next(int governor, int opp, double utilisation)
{
    return tdm_governors[governor]->next(&domain, opp, utilisation);
}

static void performance_and_powersave(void **state)
{
    (void)state;
    for (int opp = 0; opp < 4; opp++) {
        assert_int_equal(next(TDM_GOVERNOR_PERFORMANCE, opp, 0), 3);
        assert_int_equal(next(TDM_GOVERNOR_POWERSAVE, opp, 1), 0);
    }
}

static void schedutil_leaves_a_quarter_of_headroom(void **state)
{
    (void)state;
    // 1.25 u f: at 400 MHz half used, 250 MHz are wanted: 400. At 30 %, 150: 200. At 20 %, 100.
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 2, 0.5), 2);
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 2, 0.3), 1);
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 2, 0.2), 0);
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 2, 0.8), 2);  // 400 exactly
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 2, 0.81), 3); // 405
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 0, 1), 1);    // climbs step by step
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 3, 1), 3);
    assert_int_equal(next(TDM_GOVERNOR_SCHEDUTIL, 3, 0), 0);
}

static void ondemand_jumps(void **state)
{
    (void)state;
    for (int opp = 0; opp < 4; opp++) {
        assert_int_equal(next(TDM_GOVERNOR_ONDEMAND, opp, 0.81), 3);
        assert_int_equal(next(TDM_GOVERNOR_ONDEMAND, opp, 0), 0);
        assert_int_equal(next(TDM_GOVERNOR_ONDEMAND, opp, 0.1), 1); // 100 + 0.1 x 700 = 170
        assert_int_equal(next(TDM_GOVERNOR_ONDEMAND, opp, 0.4), 2); // 380
        assert_int_equal(next(TDM_GOVERNOR_ONDEMAND, opp, 0.5), 3); // 450
    }
}

static void conservative_takes_steps(void **state)
{
    (void)state;
    assert_int_equal(next(TDM_GOVERNOR_CONSERVATIVE, 1, 0.9), 2);
    assert_int_equal(next(TDM_GOVERNOR_CONSERVATIVE, 3, 0.9), 3);
    assert_int_equal(next(TDM_GOVERNOR_CONSERVATIVE, 1, 0.5), 1);
    assert_int_equal(next(TDM_GOVERNOR_CONSERVATIVE, 1, 0.1), 0);
    assert_int_equal(next(TDM_GOVERNOR_CONSERVATIVE, 0, 0.1), 0);
}

static void podgov_steers_to_its_target(void **state)
{
    (void)state;
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 0, 0.95), 3); // above 90 %: the top
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 2, 0.5), 2);  // 50 to 80 %: stays
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 2, 0.8), 2);
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 2, 0.85), 3); // 400 x 0.85 / 0.7 = 486
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 2, 0.35), 1); // 200
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 3, 0.49), 3); // 560: rounded up
    assert_int_equal(next(TDM_GOVERNOR_PODGOV, 3, 0), 0);
}

static void names_are_the_boards_names(void **state)
{
    (void)state;
    for (int g = 0; g < TDM_GOVERNORS; g++)
        if (g == TDM_GOVERNOR_FLOOR)
            assert_null(tdm_governors[g]);
        else
            assert_string_equal(tdm_governors[g]->name, tdm_governor_names[g]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(performance_and_powersave),
        cmocka_unit_test(schedutil_leaves_a_quarter_of_headroom),
        cmocka_unit_test(ondemand_jumps),
        cmocka_unit_test(conservative_takes_steps),
        cmocka_unit_test(podgov_steers_to_its_target),
        cmocka_unit_test(names_are_the_boards_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

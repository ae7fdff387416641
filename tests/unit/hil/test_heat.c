// SPDX-License-Identifier: GPL-3.0-or-later
// The thermal guard's rule on the Xavier NX: trips at 90 and 94 degC, hysteresis 3 K.
#include "hil/board/heat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../model/near.h"

static struct tdm_board *board;

static int load(void **state)
{
    struct tdm_error error;
    (void)state;
    board = tdm_board_load("xavier-nx", &error);
    return board ? 0 : -1;
}

static int drop(void **state)
{
    (void)state;
    tdm_board_free(board);
    return 0;
}

static void holds_5_K_before_each_trip(void **state)
{
    struct tdm_heat heat = tdm_heat_begin(board, NAN);
    double caps[TDM_DOMAINS];
    (void)state;
    assert_false(tdm_heat_step(&heat, 85));
    tdm_heat_caps(&heat, caps);
    assert_true(caps[TDM_CPU] == 0 && caps[TDM_GPU] == 0 && caps[TDM_EMC] == 0);
    assert_true(tdm_heat_step(&heat, 85.5));
    tdm_heat_caps(&heat, caps);
    assert_near(caps[TDM_CPU], 1267.2e6, 1);
    assert_near(caps[TDM_GPU], 701.25e6, 1);
    assert_near(caps[TDM_EMC], 0, 0); // the first trip spares the memory
    assert_true(tdm_heat_step(&heat, 89.5));
    tdm_heat_caps(&heat, caps);
    assert_near(caps[TDM_CPU], 652.8e6, 1);
    assert_near(caps[TDM_EMC], 800e6, 1);
}

static void lets_go_below_the_hysteresis(void **state)
{
    struct tdm_heat heat = tdm_heat_begin(board, NAN);
    (void)state;
    tdm_heat_step(&heat, 200);
    assert_int_equal(heat.level, 2);
    assert_false(tdm_heat_step(&heat, 86.5)); // not yet below 89 - 3
    assert_true(tdm_heat_step(&heat, 85.9));
    assert_int_equal(heat.level, 1);
    assert_false(tdm_heat_step(&heat, NAN)); // nobody knows: nothing changes
    assert_false(tdm_heat_step(&heat, 82.1));
    assert_true(tdm_heat_step(&heat, 81.9)); // below 85 - 3
    assert_int_equal(heat.level, 0);
}

static void follows_a_limit_of_ones_own(void **state)
{
    struct tdm_heat heat = tdm_heat_begin(board, 60);
    (void)state;
    assert_true(tdm_heat_step(&heat, 60.1));
    assert_int_equal(heat.level, 1);
    assert_true(tdm_heat_step(&heat, 64.1)); // the second follows 4 K above, as in the file
    assert_int_equal(heat.level, 2);
    struct tdm_heat none = tdm_heat_begin(board, INFINITY);
    assert_false(tdm_heat_step(&none, 150));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_5_K_before_each_trip),
        cmocka_unit_test(lets_go_below_the_hysteresis),
        cmocka_unit_test(follows_a_limit_of_ones_own),
    };
    return cmocka_run_group_tests(tests, load, drop);
}

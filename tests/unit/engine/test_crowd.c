// SPDX-License-Identifier: GPL-3.0-or-later
/** What a probe sees of a cell: who was there at the last whole second, and the one before. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../model/near.h"
#include "engine/crowd.h"

// 12 bytes/s. Two come within the first second, one leaves in the next.
static void shares_are_those_of_whole_seconds(void **state)
{
    (void)state;
    struct tdm_trace *trace = tdm_trace_constant(12, 99, NAN);
    struct tdm_crowd crowd = {.trace = trace, .direction = TDM_UP};
    tdm_crowd_changes(&crowd, 0.5, 1);
    tdm_crowd_changes(&crowd, 0.7, 1);
    assert_near(tdm_crowd_share(&crowd, 0.9, false), 12, 0); // nobody was there at 0
    assert_near(tdm_crowd_share(&crowd, 1.2, false), 12.0 / 3, 0);
    assert_near(tdm_crowd_share(&crowd, 1.2, true), 12, 0);
    tdm_crowd_changes(&crowd, 1.4, -1);
    assert_near(tdm_crowd_share(&crowd, 1.9, false), 12.0 / 3, 0);
    assert_near(tdm_crowd_share(&crowd, 2.1, false), 12.0 / 2, 0);
    assert_near(tdm_crowd_share(&crowd, 2.1, true), 12.0 / 3, 0);
    // Seconds in which nothing happened.
    assert_near(tdm_crowd_share(&crowd, 9.9, false), 12.0 / 2, 0);
    assert_near(tdm_crowd_share(&crowd, 9.9, true), 12.0 / 2, 0);
    tdm_trace_free(trace);
}

// Rates are those of the seconds, too: 10 until 2 s (1.5 s into the trace at the start), then 20.
static void rates_are_those_of_whole_seconds(void **state)
{
    (void)state;
    const double t[] = {0, 3.5}, down[] = {10, 20};
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){.count = 2, .duration = 100, .t = t, .down = down}, NULL);
    struct tdm_crowd crowd = {.trace = trace, .direction = TDM_DOWN, .offset = 1.5};
    assert_near(tdm_crowd_share(&crowd, 1.9, false), 10, 0);
    assert_near(tdm_crowd_share(&crowd, 2.9, false), 20, 0);
    assert_near(tdm_crowd_share(&crowd, 2.9, true), 10, 0);
    tdm_trace_free(trace);
}

// An inner cell of 30 in an outer one of 12: one within both, two more in the outer one only.
static void the_narrowest_cell_around_counts(void **state)
{
    (void)state;
    struct tdm_trace *wide = tdm_trace_constant(30, 30, NAN);
    struct tdm_trace *narrow = tdm_trace_constant(12, 12, NAN);
    struct tdm_crowd outer = {.trace = narrow}, inner = {.trace = wide, .outer = &outer};
    tdm_crowd_changes(&inner, 0.5, 1);
    assert_near(tdm_crowd_share(&inner, 1.5, false), 12.0 / 2, 0);
    tdm_crowd_changes(&outer, 1.6, 1);
    tdm_crowd_changes(&outer, 1.7, 1);
    assert_near(tdm_crowd_share(&inner, 2, false), 12.0 / 4, 0);
    assert_near(tdm_crowd_share(&inner, 2, true), 12.0 / 2, 0);
    for (int i = 0; i < 11; i++)
        tdm_crowd_changes(&inner, 2.5, 1);
    assert_near(tdm_crowd_share(&inner, 3, false), 12.0 / 15, 1e-15);
    for (int i = 0; i < 12; i++)
        tdm_crowd_changes(&inner, 3.5, -1);
    assert_near(tdm_crowd_share(&inner, 4, false), 12.0 / 3, 0);
    assert_true(isinf(tdm_crowd_share(NULL, 4, false))); // no cell around
    tdm_trace_free(wide);
    tdm_trace_free(narrow);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_are_those_of_whole_seconds),
        cmocka_unit_test(rates_are_those_of_whole_seconds),
        cmocka_unit_test(the_narrowest_cell_around_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#define MBIT 125e3

static void a_value_holds_until_its_time(void **state)
{
    struct tdm_series s;
    const double t[] = {0, 0.5, 2}, down[] = {2 * MBIT, 3 * MBIT, 0};
    (void)state;
    // The first line only says when the trace begins.
    assert_int_equal(read_text(&tdm_format_pensieve, "360.0\t9\n360.5\t2\n362 3\n\n  365\t 0 \r\n",
                               NULL, &s, NULL),
                     0);
    assert_int_equal(s.count, 3);
    assert_values(s.t, t, 3);
    assert_values(s.value[TDM_DOWN], down, 3);
    assert_null(s.value[TDM_UP]);
    assert_true(s.duration == 5);
    assert_true(s.loop);
    tdm_series_clear(&s);
}

static void an_interval_of_no_length_carries_nothing(void **state)
{
    struct tdm_series s;
    const double t[] = {0, 1}, down[] = {2 * MBIT, 4 * MBIT};
    (void)state;
    assert_int_equal(read_text(&tdm_format_pensieve, "0 1\n1 2\n1 3\n2 4\n", NULL, &s, NULL), 0);
    assert_int_equal(s.count, 2);
    assert_values(s.t, t, 2);
    assert_values(s.value[TDM_DOWN], down, 2);
    tdm_series_clear(&s);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_pensieve;
    (void)state;
    assert_refused(f, "0 1\n1\n", 2, "'1' is not a pensieve line; write time and rate");
    assert_refused(f, "0 1\n1 2 3\n", 2, "not a pensieve line");
    assert_refused(f, "0 1\nx 2\n", 2, "the time 'x' is not a number (of s)");
    assert_refused(f, "0 1\n1 nan\n", 2, "the rate 'nan' is not a number (of Mbit/s)");
    assert_refused(f, "0 1\n1 0x10\n", 2, "not a number");
    assert_refused(f, "0 1\n1 1e999\n", 2, "not a number");
    assert_refused(f, "0 1\n1 -2\n", 2, "it must lie between 0 and");
    assert_refused(f, "0 1\n3 2\n2 2\n", 3, "time goes back from 3 s to 2 s");
    assert_refused(f, "1 1\n", 1, "needs two lines");
    assert_refused(f, "", 0, "needs two lines");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_holds_until_its_time),
        cmocka_unit_test(an_interval_of_no_length_carries_nothing),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

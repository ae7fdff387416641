// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

static void a_value_holds_for_the_second_that_ends(void **state)
{
    struct tdm_series s;
    const double t[] = {0, 1, 2}, down[] = {100, 0, 300};
    (void)state;
    assert_int_equal(read_text(&tdm_format_seconds, "1,100\n2,0\r\n4,300", NULL, &s, NULL), 0);
    assert_int_equal(s.count, 3);
    assert_values(s.t, t, 3);
    assert_values(s.value[TDM_DOWN], down, 3);
    assert_true(s.duration == 4 && s.loop);
    tdm_series_clear(&s);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_seconds;
    (void)state;
    assert_refused(f, "1,100\n2 100\n", 2, "'2 100' has no comma");
    assert_refused(f, "1,100\n2,\n", 2, "the rate '' is not a number");
    assert_refused(f, "1,100\n2,-1\n", 2, "must lie between 0");
    assert_refused(f, "2,100\n2,100\n", 2, "second 2 comes after second 2");
    assert_refused(f, "\n", 0, "no samples");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_holds_for_the_second_that_ends),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

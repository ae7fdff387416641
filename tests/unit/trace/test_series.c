// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

static void columns_begin_when_they_are_known(void **state)
{
    struct tdm_series s = {0};
    const double a[] = {NAN, 1, NAN, NAN}, b[] = {2, 3, 0.1, NAN}, up[] = {NAN, 2, NAN},
                 down[] = {1, 3, 1};
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(tdm_series_push(&s, i, i == 1 ? b : a, NULL), 0);
    assert_values(s.value[TDM_UP], up, 3);
    assert_values(s.value[TDM_DOWN], down, 3);
    assert_null(s.value[TDM_COLUMN_SIGNAL]);
    tdm_series_clear(&s);
    assert_null(s.t);
}

static void settles(void **state)
{
    const double unknown[] = {NAN, NAN, NAN, NAN}, known[] = {NAN, 5, NAN, NAN}, held[] = {5, 5, 5};
    struct tdm_series s = {0};
    struct tdm_error error;
    (void)state;
    for (int i = 0; i < 3; i++)
        tdm_series_push(&s, 2 * i, i == 1 ? known : unknown, NULL);
    s.duration = 7;
    assert_int_equal(tdm_series_settle(&s, TDM_UNKNOWN_HOLD, NULL), 0);
    assert_values(s.value[TDM_DOWN], held, 3);
    s.value[TDM_DOWN][0] = s.value[TDM_DOWN][2] = NAN;
    assert_int_equal(tdm_series_settle(&s, TDM_UNKNOWN_DROP, NULL), 0);
    assert_true(s.count == 1 && s.t[0] == 0 && s.duration == 2);
    tdm_series_clear(&s);
    tdm_series_push(&s, 0, unknown, NULL);
    assert_int_equal(tdm_series_settle(&s, TDM_UNKNOWN_HOLD, &error), -1);
    assert_non_null(strstr(error.message, "no sample has a rate"));
    tdm_series_clear(&s);
}

static void there_and_back(void **state)
{
    const double t[] = {0, 1}, down[] = {3, 4}, signal[] = {-60, -70};
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){
            .count = 2, .duration = 9, .loop = true, .t = t, .down = down, .signal = signal},
        NULL);
    struct tdm_series s = {0};
    (void)state;
    assert_int_equal(tdm_series_from(&s, trace, NULL), 0);
    assert_true(tdm_series_end(&s, 0) == 1 && tdm_series_end(&s, 1) == 9);
    struct tdm_trace *back = tdm_series_trace(&s, NULL);
    assert_values(back->way[TDM_UP].rate, down, 2);
    assert_values(back->signal, signal, 2);
    assert_true(back->loop && !back->has[TDM_UP] && !back->rtt && back->duration == 9);
    tdm_trace_free(back);
    tdm_trace_free(trace);
    tdm_series_clear(&s);
}

static void is_bounded(void **state)
{
    struct tdm_series s = {.count = TDM_TRACE_MOST_SAMPLES};
    const double value[] = {1, 1, NAN, NAN};
    struct tdm_error error;
    (void)state;
    assert_int_equal(tdm_series_push(&s, 0, value, &error), -1);
    assert_non_null(strstr(error.message, "10000000 samples"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_begin_when_they_are_known),
        cmocka_unit_test(settles),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

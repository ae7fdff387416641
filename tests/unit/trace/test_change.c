// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "core/random.h"
#include "trace/change.h"

// 100 bytes/s for 2 s, nothing for 1 s, 50 bytes/s for 2 s down; 10, 20, 0 up.
static struct tdm_trace *example(bool loop)
{
    const double t[] = {0, 2, 3}, down[] = {100, 0, 50}, up[] = {10, 20, 0}, rtt[] = {1, 2, 3};
    return tdm_trace_new(
        &(struct tdm_samples){
            .count = 3, .duration = 5, .loop = loop, .t = t, .up = up, .down = down, .rtt = rtt},
        NULL);
}

static void cuts(void **state)
{
    struct tdm_trace *trace = example(true);
    struct tdm_series s = {0};
    struct tdm_error error;
    (void)state;
    const double t[] = {0, 1, 2}, down[] = {0, 50, 50}, all_t[] = {0, 0.5, 2.5, 4.5, 5.5},
                 all[] = {0, 50, 100, 0, 50};
    assert_int_equal(tdm_series_cut(&s, trace, 2, 2, &error), 0);
    assert_int_equal(s.count, 2);
    assert_values(s.t, t, 2);
    assert_values(s.value[TDM_DOWN], down, 2);
    assert_true(s.duration == 2 && s.loop);
    tdm_series_clear(&s);
    assert_int_equal(tdm_series_cut(&s, trace, 2.5, 6, &error), 0); // on into the next turn
    assert_int_equal(s.count, 5);
    assert_values(s.t, all_t, 5);
    assert_values(s.value[TDM_DOWN], all, 5);
    tdm_series_clear(&s);
    assert_int_equal(tdm_series_cut(&s, trace, 3, INFINITY, &error), 0);
    assert_true(s.count == 1 && s.duration == 2);
    tdm_series_clear(&s);
    tdm_trace_free(trace);
    trace = example(false);
    assert_int_equal(tdm_series_cut(&s, trace, 5, INFINITY, &error), -1);
    assert_non_null(strstr(error.message, "the trace lasts 5 s"));
    assert_int_equal(tdm_series_cut(&s, trace, 4, 2, &error), -1);
    assert_non_null(strstr(error.message, "does not loop"));
    tdm_series_clear(&s);
    tdm_trace_free(trace);
}

static void resampling_keeps_the_bytes(void **state)
{
    struct tdm_trace *trace = example(true);
    struct tdm_series s = {0};
    const double t[] = {0, 1.5, 3, 4.5}, down[] = {100, 50. / 1.5, 50, 50},
                 rtt[] = {1, 2.5 / 1.5, 3, 3};
    (void)state;
    assert_int_equal(tdm_series_resample(&s, trace, 1.5, NULL), 0);
    assert_int_equal(s.count, 4);
    assert_values(s.t, t, 4);
    assert_values(s.value[TDM_DOWN], down, 4);
    assert_values(s.value[TDM_COLUMN_RTT], rtt, 4);
    assert_true(s.duration == 5 && s.loop);
    tdm_series_clear(&s);
    struct tdm_error error;
    assert_int_equal(tdm_series_resample(&s, trace, 1e-7, &error), -1);
    assert_non_null(strstr(error.message, "samples"));
    tdm_series_clear(&s);
    tdm_trace_free(trace);
}

static void joins(void **state)
{
    const double t[] = {0, 0.7}, rate[] = {1, 2};
    struct tdm_trace *down = example(true);
    struct tdm_trace *up = tdm_trace_new(
        &(struct tdm_samples){.count = 2, .duration = 1, .loop = true, .t = t, .up = rate}, NULL);
    struct tdm_series s = {0};
    (void)state;
    assert_int_equal(tdm_series_join(&s, up, down, 4, NULL), 0);
    struct tdm_trace *both = tdm_series_trace(&s, NULL);
    assert_non_null(both);
    struct tdm_cursor a = {0}, b = {0}, c = {0};
    struct tdm_random random;
    tdm_random_seed(&random, 1, "test", 0);
    for (int i = 0; i < 1000; i++) {
        const double time = 4 * tdm_random_uniform(&random);
        assert_true(tdm_trace_up_at(both, &a, time) == tdm_trace_up_at(up, &b, time));
        assert_true(tdm_trace_down_at(both, &a, time) == tdm_trace_down_at(down, &c, time));
    }
    assert_true(both->duration == 4 && both->rtt);
    tdm_trace_free(both);
    tdm_trace_free(up);
    tdm_trace_free(down);
    tdm_series_clear(&s);
}

static void outages(void **state)
{
    struct tdm_trace *trace = example(true);
    struct tdm_series s = {0};
    const double held[] = {100, 100, 50}, held_up[] = {10, 20, 20}, raised[] = {100, 7, 50},
                 floor[] = {100, 60, 60};
    (void)state;
    tdm_series_from(&s, trace, NULL);
    assert_int_equal(tdm_series_outage(&s, TDM_OUTAGE_HOLD, 0, NULL), 0);
    assert_values(s.value[TDM_DOWN], held, 3);
    assert_values(s.value[TDM_UP], held_up, 3);
    tdm_series_clear(&s);
    tdm_series_from(&s, trace, NULL);
    assert_int_equal(tdm_series_outage(&s, TDM_OUTAGE_FLOOR, 7, NULL), 0);
    assert_values(s.value[TDM_DOWN], raised, 3);
    tdm_series_floor(&s, 60);
    assert_values(s.value[TDM_DOWN], floor, 3);
    tdm_series_clear(&s);
    tdm_series_from(&s, trace, NULL); // one direction always passes something: nothing is dropped
    assert_int_equal(tdm_series_outage(&s, TDM_OUTAGE_DROP, 0, NULL), 0);
    assert_int_equal(s.count, 3);
    assert_int_equal(tdm_series_only(&s, TDM_DOWN, NULL), 0);
    assert_int_equal(tdm_series_outage(&s, TDM_OUTAGE_DROP, 0, NULL), 0);
    assert_int_equal(s.count, 2);
    assert_true(s.t[1] == 2 && s.duration == 4);
    assert_int_equal(tdm_series_only(&s, TDM_UP, NULL), -1);
    tdm_series_scale(&s, 0);
    assert_int_equal(tdm_series_outage(&s, TDM_OUTAGE_DROP, 0, NULL), -1);
    tdm_series_clear(&s);
    tdm_trace_free(trace);
}

static void scales(void **state)
{
    struct tdm_trace *trace = example(true);
    struct tdm_series s = {0};
    const double twice[] = {200, 0, 100}, mean[] = {50, 0, 25};
    struct tdm_error error;
    (void)state;
    tdm_series_from(&s, trace, NULL);
    tdm_series_scale(&s, 2);
    assert_values(s.value[TDM_DOWN], twice, 3);
    assert_int_equal(tdm_series_scale_to(&s, 30, NULL), 0); // 600 bytes in 5 s are 120 bytes/s
    assert_values(s.value[TDM_DOWN], mean, 3);
    assert_int_equal(tdm_series_set_rtt(&s, 0.5, NULL), 0);
    assert_true(s.value[TDM_COLUMN_RTT][2] == 0.5);
    tdm_series_scale(&s, 0);
    assert_int_equal(tdm_series_scale_to(&s, 30, &error), -1);
    assert_non_null(strstr(error.message, "zero throughout"));
    assert_int_equal(tdm_series_outage(&s, TDM_OUTAGE_HOLD, 0, &error), -1);
    tdm_series_clear(&s);
    tdm_trace_free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts),   cmocka_unit_test(resampling_keeps_the_bytes),
        cmocka_unit_test(joins),  cmocka_unit_test(outages),
        cmocka_unit_test(scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

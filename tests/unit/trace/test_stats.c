// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/stats.h"

static void weighted_by_time(void **state)
{
    // 8 s at 1, 1 s at 0, 1 s at 100; a plain mean of samples would say 33.7.
    const double t[] = {0, 8, 9}, down[] = {1, 0, 100}, rtt[] = {0.1, 0.2, 0.3};
    struct tdm_trace_stats stats;
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){.count = 3, .duration = 10, .t = t, .down = down, .rtt = rtt}, NULL);
    (void)state;
    assert_int_equal(tdm_trace_measure(trace, &stats, NULL), 0);
    const struct tdm_quantiles *q = &stats.way[TDM_DOWN];
    assert_near(q->mean, 10.8, 1e-15);
    assert_true(q->least == 0 && q->p5 == 0 && q->median == 1 && q->p95 == 100 && q->most == 100);
    assert_near(q->zero, 0.1, 1e-15);
    assert_near(stats.rtt.mean, 0.13, 1e-15);
    assert_near(stats.way[TDM_UP].mean, 10.8, 1e-15);
    tdm_trace_free(trace);
}

static void equal_samples(void **state)
{
    double t[100], up[100];
    struct tdm_trace_stats stats;
    (void)state;
    for (int i = 0; i < 100; i++) {
        t[i] = 0.1 * i;
        up[i] = 100 - i; // 1 to 100
    }
    struct tdm_trace *trace =
        tdm_trace_new(&(struct tdm_samples){.count = 100, .duration = 10, .t = t, .up = up}, NULL);
    assert_int_equal(tdm_trace_measure(trace, &stats, NULL), 0);
    const struct tdm_quantiles *q = &stats.way[TDM_UP];
    assert_true(q->p5 == 5 && q->median == 50 && q->p95 == 95 && q->zero == 0);
    assert_near(q->mean, 50.5, 1e-12);
    tdm_trace_free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weighted_by_time),
        cmocka_unit_test(equal_samples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/generate.h"
#include "trace/stats.h"

static struct tdm_trace *generate(const struct tdm_link_class *class, double duration, double step,
                                  uint64_t seed)
{
    struct tdm_series s = {0};
    struct tdm_error error;
    if (tdm_link_generate(&s, class, duration, step, seed, &error) < 0)
        fail_msg("%s", error.message);
    struct tdm_trace *trace = tdm_series_trace(&s, NULL);
    assert_non_null(trace);
    tdm_series_clear(&s);
    return trace;
}

static void the_same_seed_gives_the_same(void **state)
{
    const struct tdm_link_class *class = tdm_link_class_find("lte-walk", NULL);
    struct tdm_trace *a = generate(class, 600, 1, 5), *b = generate(class, 600, 1, 5),
                     *c = generate(class, 600, 1, 6), *d = generate(class, 10.25, 0.5, 5);
    (void)state;
    assert_int_equal(a->count, 600);
    assert_memory_equal(a->way[TDM_UP].rate, b->way[TDM_UP].rate, 600 * sizeof(double));
    assert_memory_equal(a->signal, b->signal, 600 * sizeof(double));
    assert_memory_not_equal(a->way[TDM_UP].rate, c->way[TDM_UP].rate, 600 * sizeof(double));
    assert_true(d->count == 21 && d->duration == 10.25 && d->loop);
    tdm_trace_free(a);
    tdm_trace_free(b);
    tdm_trace_free(c);
    tdm_trace_free(d);
}

// A chain of two states whose long run is known: dwell 6 s and 2 s, so 3/4 and 1/4 of the time.
static void long_run_is_as_calculated(void **state)
{
    const struct tdm_link_class class = {
        .name = "test",
        .states = 2,
        .state = {{"on", 2, 8, 0.4, 6, {0, 1}, -60}, {"off", 0, 0, 0, 2, {1, 0}, -90}},
        .memory = 3,
        .likeness = 0.5,
        .least = 0.01,
        .most = 1000,
        .fading = 2,
        .follows = 0.5,
    };
    struct tdm_trace *trace = generate(&class, 400000, 1, 1);
    struct tdm_trace_stats stats;
    (void)state;
    assert_int_equal(tdm_trace_measure(trace, &stats, NULL), 0);
    assert_near(stats.way[TDM_DOWN].mean, 0.75 * 8 * 125e3, 0.02);
    assert_near(stats.way[TDM_UP].mean, 0.75 * 2 * 125e3, 0.02);
    assert_near(stats.way[TDM_UP].zero, 0.25, 0.03);
    assert_near(stats.signal.mean, -67.5, 0.01);
    // Of the time that it is on, the logarithm has the spread that it was given, the noise the
    // correlation exp(-1/3) from second to second, and up and down are alike by a half.
    double n = 0, sum = 0, square = 0, next = 0, pairs = 0, cross = 0;
    const double *down = trace->way[TDM_DOWN].rate, *up = trace->way[TDM_UP].rate;
    for (size_t i = 0; i + 1 < trace->count; i++) {
        if (down[i] == 0)
            continue;
        const double x = (log(down[i] / 1e6) + 0.08) / 0.4, y = (log(up[i] / 250e3) + 0.08) / 0.4;
        n++;
        sum += x;
        square += x * x;
        cross += x * y;
        if (down[i + 1] > 0) {
            next += x * (log(down[i + 1] / 1e6) + 0.08) / 0.4;
            pairs++;
        }
    }
    assert_true(fabs(sum / n) < 0.02);
    assert_near(square / n, 1, 0.02);
    assert_near(next / pairs, exp(-1. / 3), 0.02);
    assert_near(cross / n, 0.5, 0.04);
    tdm_trace_free(trace);
}

static void refuses(void **state)
{
    struct tdm_series s = {0};
    struct tdm_error error;
    const struct tdm_link_class *class = tdm_link_classes;
    (void)state;
    assert_int_equal(tdm_link_generate(&s, class, 0, 1, 1, &error), -1);
    assert_int_equal(tdm_link_generate(&s, class, 1e12, 1, 1, &error), -1);
    assert_int_equal(tdm_link_generate(&s, class, 10, 0, 1, &error), -1);
    assert_int_equal(tdm_link_generate(&s, class, 1e6, 1e-3, 1, &error), -1);
    assert_non_null(strstr(error.message, "samples"));
    assert_null(tdm_link_class_find("lte-wolk", &error));
    assert_non_null(strstr(error.message, "did you mean 'lte-walk'"));
    tdm_series_clear(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same),
        cmocka_unit_test(long_run_is_as_calculated),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** When requests come: against the laws of each process. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "../model/near.h"
#include "engine/arrivals.h"

static struct tdm_stream stream_of(int arrivals, double rate)
{
    return (struct tdm_stream){
        .arrivals = arrivals, .rate = rate, .until = INFINITY, .inflight = 1};
}

static struct tdm_arrivals start(const struct tdm_stream *stream, uint64_t seed, double *again)
{
    struct tdm_arrivals arrivals;
    tdm_arrivals_start(&arrivals, stream, seed, 0, 0, again);
    return arrivals;
}

static void periodic_is_exact_over_a_million(void **state)
{
    (void)state;
    struct tdm_stream stream = stream_of(TDM_PERIODIC, 30); // 1/30 s is no binary number
    stream.from = 0.25;
    struct tdm_arrivals a = start(&stream, 1, NULL);
    for (int i = 0; i < 1000000; i++)
        if (tdm_arrivals_take(&a) != 0.25 + i / 30.)
            fail_msg("the %dth is late", i);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void poisson_gaps_are_exponential(void **state)
{
    (void)state;
    enum { N = 200000 };
    const double rate = 7;
    const struct tdm_stream stream = stream_of(TDM_POISSON, rate);
    struct tdm_arrivals a = start(&stream, 5, NULL);
    double *gaps = malloc(N * sizeof *gaps), last = 0, sum = 0, squares = 0;
    for (int i = 0; i < N; i++) {
        const double now = tdm_arrivals_take(&a);
        gaps[i] = now - last;
        last = now;
        sum += gaps[i];
        squares += gaps[i] * gaps[i];
    }
    const double mean = sum / N, variance = squares / N - mean * mean;
    assert_near(mean * rate, 1, 5 / sqrt(N));
    assert_near(variance * rate * rate, 1, 5 * sqrt(8. / N)); // the fourth moment of it is 9
    // Kolmogorov-Smirnov: at the 0.1 % level D sqrt(n) stays below 1.95.
    qsort(gaps, N, sizeof *gaps, by_value);
    double d = 0;
    for (int i = 0; i < N; i++) {
        const double f = -expm1(-rate * gaps[i]);
        d = fmax(d, fmax(fabs(f - (double)i / N), fabs((i + 1.) / N - f)));
    }
    assert_true(d * sqrt(N) < 1.95);
    free(gaps);
}

static void poisson_counts_are_poisson(void **state)
{
    (void)state;
    // Variance and mean of the arrivals in windows of 1 s are the same.
    const struct tdm_stream stream = stream_of(TDM_POISSON, 4);
    struct tdm_arrivals a = start(&stream, 9, NULL);
    double sum = 0, squares = 0, now = tdm_arrivals_take(&a);
    enum { N = 40000 };
    for (int i = 0; i < N; i++) {
        int count = 0;
        for (; now < i + 1; now = tdm_arrivals_take(&a))
            count++;
        sum += count;
        squares += (double)count * count;
    }
    const double mean = sum / N, variance = squares / N - mean * mean;
    assert_near(mean, 4, 5 * 2 / sqrt(N));
    assert_near(variance / mean, 1, 5 * sqrt(2. / N));
}

static void seeds_and_streams_differ_and_repeat(void **state)
{
    (void)state;
    const struct tdm_stream stream = stream_of(TDM_POISSON, 1);
    struct tdm_arrivals a = start(&stream, 1, NULL), b = start(&stream, 1, NULL),
                        c = start(&stream, 2, NULL), d;
    tdm_arrivals_start(&d, &stream, 1, 1, 0, NULL);
    int same_seed = 0, other_seed = 0, other_stream = 0;
    for (int i = 0; i < 1000; i++) {
        const double t = tdm_arrivals_take(&a);
        same_seed += t == tdm_arrivals_take(&b);
        other_seed += t == tdm_arrivals_take(&c);
        other_stream += t == tdm_arrivals_take(&d);
    }
    assert_int_equal(same_seed, 1000);
    assert_int_equal(other_seed, 0);
    assert_int_equal(other_stream, 0);
}

static void nothing_comes_from_until_on(void **state)
{
    (void)state;
    struct tdm_stream stream = stream_of(TDM_PERIODIC, 10);
    stream.from = 1;
    stream.until = 2; // [1, 2): ten of them
    struct tdm_arrivals a = start(&stream, 1, NULL);
    for (int i = 0; i < 10; i++)
        assert_near(tdm_arrivals_take(&a), 1 + i / 10., 1e-12);
    assert_true(isinf(a.next));
    stream.count = 3;
    a = start(&stream, 1, NULL);
    for (int i = 0; i < 3; i++)
        assert_true(isfinite(tdm_arrivals_take(&a)));
    assert_true(isinf(a.next));
    stream.until = stream.from;
    assert_true(isinf(start(&stream, 1, NULL).next));
}

static void a_file_is_followed(void **state)
{
    (void)state;
    double times[] = {0, 0.5, 0.5, 3, 3.25, 8, 9};
    struct tdm_stream stream = stream_of(TDM_FILE, NAN);
    stream.times = times;
    stream.time_count = 7;
    struct tdm_arrivals a = start(&stream, 1, NULL);
    for (int i = 0; i < 7; i++)
        assert_true(tdm_arrivals_take(&a) == times[i]);
    assert_true(isinf(a.next));
    // What lies before `from` is passed over, and does not count.
    stream.from = 2;
    stream.count = 3;
    a = start(&stream, 1, NULL);
    for (int i = 3; i < 6; i++)
        assert_true(tdm_arrivals_take(&a) == times[i]);
    assert_true(isinf(a.next));
    stream.from = 10;
    assert_true(isinf(start(&stream, 1, NULL).next));
}

static void a_closed_loop_thinks(void **state)
{
    (void)state;
    struct tdm_stream stream = stream_of(TDM_CLOSED, NAN);
    stream.think = 2;
    stream.from = 1;
    stream.until = 10;
    double again[1];
    struct tdm_arrivals a = start(&stream, 1, again);
    assert_true(tdm_arrivals_take(&a) == 1);
    assert_true(isinf(a.next)); // not before the answer
    tdm_arrivals_answered(&a, 4);
    assert_true(tdm_arrivals_take(&a) == 6);
    tdm_arrivals_answered(&a, 8.5);
    assert_true(isinf(a.next)); // 10.5 is past the end
}

static void nobody_leaves_a_closed_loop(void **state)
{
    (void)state;
    // Three are in it. All are answered before the first comes again: each must.
    struct tdm_stream stream = stream_of(TDM_CLOSED, NAN);
    stream.think = 10;
    stream.inflight = 3;
    double again[3];
    struct tdm_arrivals a = start(&stream, 1, again);
    for (int i = 0; i < 3; i++)
        assert_true(tdm_arrivals_take(&a) == 0);
    assert_true(isinf(a.next));
    for (int i = 0; i < 3; i++)
        tdm_arrivals_answered(&a, 1 + i);
    for (int round = 0; round < 100; round++) {
        const double t = tdm_arrivals_take(&a);
        assert_near(t, 11. * (1 + round / 3) + round % 3, 1e-9);
        tdm_arrivals_answered(&a, t + 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(periodic_is_exact_over_a_million),
        cmocka_unit_test(poisson_gaps_are_exponential),
        cmocka_unit_test(poisson_counts_are_poisson),
        cmocka_unit_test(seeds_and_streams_differ_and_repeat),
        cmocka_unit_test(nothing_comes_from_until_on),
        cmocka_unit_test(a_file_is_followed),
        cmocka_unit_test(a_closed_loop_thinks),
        cmocka_unit_test(nobody_leaves_a_closed_loop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "core/random.h"
#include "trace/trace.h"

enum { MOST = 40 };

// A random trace; some rates are zero, steps are anything from 1 ms to 10 s.
static struct tdm_trace *random_trace(struct tdm_random *random, bool loop)
{
    double t[MOST], up[MOST], down[MOST], now = 0;
    const size_t count = 1 + (size_t)tdm_random_below(random, MOST);
    for (size_t i = 0; i < count; i++) {
        t[i] = now;
        now += pow(10, 4 * tdm_random_uniform(random) - 3);
        up[i] = tdm_random_uniform(random) < 0.3 ? 0 : pow(10, 8 * tdm_random_uniform(random));
        down[i] = tdm_random_uniform(random) < 0.3 ? 0 : 1e6 * tdm_random_uniform(random);
    }
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){
            .count = count, .duration = now, .loop = loop, .t = t, .up = up, .down = down},
        NULL);
    assert_non_null(trace);
    return trace;
}

// The rate and the end of the sample at a time, by walking from the start in long double.
static long double naive_rate(const struct tdm_trace *trace, enum tdm_direction d, long double time,
                              long double *end)
{
    long double turn = 0;
    if (trace->loop)
        turn = floorl(time / trace->duration) * trace->duration;
    size_t i = 0;
    while (i + 1 < trace->count && turn + trace->t[i + 1] <= time)
        i++;
    *end = i + 1 < trace->count ? turn + trace->t[i + 1]
           : trace->loop        ? turn + trace->duration
                                : INFINITY;
    return trace->way[d].rate[i];
}

// Integrates sample by sample until `bytes` have passed or `to` is reached; gives what passed.
static long double naive_walk(const struct tdm_trace *trace, enum tdm_direction d, long double from,
                              long double to, long double bytes, long double *when)
{
    long double passed = 0, end;
    while (from < to) {
        const long double rate = naive_rate(trace, d, from, &end);
        const long double stop = fminl(end, to);
        if (rate > 0 && passed + rate * (stop - from) >= bytes) {
            *when = from + (bytes - passed) / rate;
            return bytes;
        }
        passed += rate > 0 ? rate * (stop - from) : 0;
        if (stop == (long double)INFINITY)
            break;
        from = stop;
    }
    *when = INFINITY;
    return passed;
}

static void agrees_with_a_naive_walk(void **state)
{
    struct tdm_random random;
    tdm_random_seed(&random, 1, "test", 0);
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct tdm_trace *trace = random_trace(&random, round % 2);
        struct tdm_cursor cursor = {0};
        for (int k = 0; k < 10; k++) {
            const enum tdm_direction d = k % 2 ? TDM_UP : TDM_DOWN;
            const double from = 3 * trace->duration * tdm_random_uniform(&random);
            const double to = from + 3 * trace->duration * tdm_random_uniform(&random);
            long double when;
            const double bytes = (double)naive_walk(trace, d, from, to, INFINITY, &when);
            assert_true(fabs(tdm_trace_bytes(trace, d, from, to) - bytes) <=
                        1e-11 * (bytes + trace->way[d].sum[trace->count]));
            const double part = bytes * tdm_random_uniform(&random);
            naive_walk(trace, d, from, from + 10 * trace->duration, part, &when);
            const double finish = tdm_trace_finish(trace, d, &cursor, from, part);
            // In bytes, for at 1 byte/s after 1e9 bytes their rounding is much time.
            const long double error =
                fabsl(finish - when) * naive_rate(trace, d, finish * (1 - 1e-15), &when);
            if (part == 0)
                assert_true(finish == from);
            else
                assert_true(error <= 1e-11 * trace->way[d].sum[trace->count]);
        }
        tdm_trace_free(trace);
    }
}

static void finish_undoes_bytes(void **state)
{
    struct tdm_random random;
    tdm_random_seed(&random, 2, "test", 0);
    (void)state;
    for (int round = 0; round < 20000; round++) {
        struct tdm_trace *trace = random_trace(&random, round % 2);
        struct tdm_cursor cursor = {0}, look = {0};
        const double a = 5 * trace->duration * tdm_random_uniform(&random);
        const double b = a + 5 * trace->duration * tdm_random_uniform(&random);
        const double bytes = tdm_trace_bytes(trace, TDM_UP, a, b);
        const double finish = tdm_trace_finish(trace, TDM_UP, &cursor, a, bytes);
        // Where nothing passes at b, the transfer was over before; then as many bytes have passed.
        if (tdm_trace_up_at(trace, &look, b) > 1e3 && trace->way[TDM_UP].most < 1e6)
            assert_near(finish, b, 1e-7);
        if (bytes > 0)
            assert_near(tdm_trace_bytes(trace, TDM_UP, a, finish), bytes, 1e-8);
        tdm_trace_free(trace);
    }
}

static void bytes_add_up_and_later_starts_finish_later(void **state)
{
    struct tdm_random random;
    tdm_random_seed(&random, 3, "test", 0);
    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct tdm_trace *trace = random_trace(&random, round % 2);
        struct tdm_cursor cursor = {0};
        const double size = pow(10, 9 * tdm_random_uniform(&random));
        double start = 0, before = 0;
        for (int k = 0; k < 20; k++) {
            const double a = start, c = start + trace->duration * tdm_random_uniform(&random);
            const double b = a + (c - a) * tdm_random_uniform(&random);
            assert_near(tdm_trace_bytes(trace, TDM_DOWN, a, b) +
                            tdm_trace_bytes(trace, TDM_DOWN, b, c),
                        tdm_trace_bytes(trace, TDM_DOWN, a, c), 1e-8);
            const double finish = tdm_trace_finish(trace, TDM_DOWN, &cursor, start, size);
            assert_true(finish >= start);
            assert_true(finish >= before * (1 - 1e-12) || before == INFINITY);
            before = finish;
            start += 0.3 * trace->duration * tdm_random_uniform(&random);
        }
        tdm_trace_free(trace);
    }
}

static void a_cursor_may_be_anywhere(void **state)
{
    struct tdm_random random;
    tdm_random_seed(&random, 4, "test", 0);
    (void)state;
    for (int round = 0; round < 1000; round++) {
        struct tdm_trace *trace = random_trace(&random, round % 2);
        struct tdm_cursor cursor = {0};
        for (int k = 0; k < 50; k++) {
            const double time = 4 * trace->duration * tdm_random_uniform(&random);
            struct tdm_cursor fresh = {0};
            long double end;
            const double rate = (double)naive_rate(trace, TDM_UP, time, &end);
            assert_true(tdm_trace_up_at(trace, &cursor, time) == rate);
            assert_true(tdm_trace_up_at(trace, &fresh, time) == rate);
            assert_near(tdm_trace_next(trace, &cursor, time), (double)end, 1e-12);
            const double size = 1e6 * tdm_random_uniform(&random);
            struct tdm_cursor other = {0};
            assert_true(tdm_trace_finish(trace, TDM_DOWN, &cursor, time, size) ==
                        tdm_trace_finish(trace, TDM_DOWN, &other, time, size));
        }
        tdm_trace_free(trace);
    }
}

static struct tdm_trace *make(size_t count, const double *t, const double *down, double duration,
                              bool loop)
{
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){
            .count = count, .duration = duration, .loop = loop, .t = t, .down = down},
        NULL);
    assert_non_null(trace);
    return trace;
}

// 100 bytes/s for 2 s, nothing for 1 s, 50 bytes/s for 2 s: 300 bytes a turn of 5 s.
static const double hand_t[] = {0, 2, 3}, hand_rate[] = {100, 0, 50};

static void hand_calculated_loop(void **state)
{
    struct tdm_trace *trace = make(3, hand_t, hand_rate, 5, true);
    struct tdm_cursor c = {0};
    (void)state;
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 150) == 1.5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 200) == 2); // before the gap, not after
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 225) == 3.5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 2.5, 25) == 3.5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 300) == 5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 400) == 6);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 4, 50) == 5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 4, 150) == 6);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 4, 250) == 7);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 1, 3e9) == 1 + 5e7);
    assert_true(tdm_trace_finish(trace, TDM_UP, &c, 0, 150) == 1.5); // up is the same
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 1, 4) == 150);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 4, 11) == 450);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 0, 5e9) == 3e11);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 1, INFINITY) == INFINITY);
    assert_true(tdm_trace_best(trace, TDM_DOWN, 2.5, 4) == 50);
    assert_true(tdm_trace_best(trace, TDM_DOWN, 2.2, 2.5) == 0);
    assert_true(tdm_trace_best(trace, TDM_DOWN, 4, 5.5) == 100);
    assert_true(tdm_trace_best(trace, TDM_DOWN, 3, INFINITY) == 100);
    assert_false(trace->has[TDM_UP]);
    assert_true(trace->has[TDM_DOWN]);
    tdm_trace_free(trace);
}

static void hand_calculated_once(void **state)
{
    struct tdm_trace *trace = make(3, hand_t, hand_rate, 5, false);
    struct tdm_cursor c = {0};
    (void)state;
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 400) == 7); // 50 bytes/s for ever
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 100, 50) == 101);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 10, 20) == 500);
    assert_true(tdm_trace_best(trace, TDM_DOWN, 2.5, INFINITY) == 50);
    assert_true(tdm_trace_best(trace, TDM_DOWN, 100, 200) == 50);
    assert_true(tdm_trace_next(trace, &c, 4) == INFINITY);
    tdm_trace_free(trace);
    trace = make(2, hand_t, hand_rate, 3, false); // then zero for ever
    c = (struct tdm_cursor){0};
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 200) == 2);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 0, 200.1) == INFINITY);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 9, 1) == INFINITY);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 9, 0) == 9);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, INFINITY, 1) == INFINITY);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 1, INFINITY) == 100);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, 9, INFINITY) == 0);
    tdm_trace_free(trace);
}

static void zero_for_ever(void **state)
{
    const double t = 0, zero = 0;
    (void)state;
    for (int loop = 0; loop < 2; loop++) {
        struct tdm_trace *trace = make(1, &t, &zero, 1, loop);
        struct tdm_cursor c = {0};
        assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 3, 1) == INFINITY);
        assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 3, 0) == 3);
        assert_true(tdm_trace_bytes(trace, TDM_DOWN, 0, 1e6) == 0);
        assert_true(tdm_trace_bytes(trace, TDM_DOWN, 0, INFINITY) == 0);
        tdm_trace_free(trace);
    }
}

static void stays_exact_late(void **state)
{
    struct tdm_trace *trace = make(3, hand_t, hand_rate, 5, true);
    struct tdm_cursor c = {0};
    const double late = 5e9 + 1; // turn 1e9: a double is exact to 1e-6 s here
    (void)state;
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, late, 50) == late + 0.5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, late, 150) == late + 3);
    assert_true(tdm_trace_bytes(trace, TDM_DOWN, late, late + 3) == 150);
    // A thousand transfers one after the other, of a whole turn and a bit, drift by rounding only.
    double now = 0;
    for (int i = 0; i < 1000; i++)
        now = tdm_trace_finish(trace, TDM_DOWN, &c, now, 300.3);
    assert_near(now, tdm_trace_finish(trace, TDM_DOWN, &c, 0, 300300), 1e-12);
    tdm_trace_free(trace);
}

static void constant(void **state)
{
    struct tdm_trace *trace = tdm_trace_constant(1e6, 2e6, 0.02);
    struct tdm_cursor c = {0};
    (void)state;
    assert_true(tdm_trace_finish(trace, TDM_UP, &c, 7, 5e5) == 7.5);
    assert_true(tdm_trace_finish(trace, TDM_DOWN, &c, 7, 5e6) == 9.5);
    assert_true(tdm_trace_rtt_at(trace, &c, 100, 1) == 0.02);
    assert_true(tdm_trace_signal_at(trace, &c, 100, -60) == -60);
    tdm_trace_free(trace);
    trace = tdm_trace_constant(1, 1, NAN);
    assert_true(tdm_trace_rtt_at(trace, &c, 100, 1) == 1);
    tdm_trace_free(trace);
}

static void fills_gaps(void **state)
{
    const double t[] = {0, 1, 2, 3}, rate[] = {1, 1, 1, 1}, rtt[] = {NAN, 0.1, NAN, 0.2},
                 signal[] = {NAN, NAN, NAN, NAN};
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){
            .count = 4, .duration = 4, .t = t, .up = rate, .rtt = rtt, .signal = signal},
        NULL);
    const double wanted[] = {0.1, 0.1, 0.1, 0.2};
    (void)state;
    assert_values(trace->rtt, wanted, 4);
    assert_null(trace->signal);
    tdm_trace_free(trace);
}

static void refuse(struct tdm_samples samples, const char *part)
{
    struct tdm_error error;
    assert_null(tdm_trace_new(&samples, &error));
    if (!strstr(error.message, part))
        fail_msg("'%s' does not say '%s'", error.message, part);
}

static void refuses_what_is_no_trace(void **state)
{
    const double t[] = {0, 1}, late[] = {1, 2}, back[] = {0, 0}, good[] = {1, 2}, bad[] = {1, -1},
                 odd[] = {NAN, 1}, tiny[] = {1e-12, 1}, huge[] = {1e16, 1};
    const struct tdm_samples right = {.count = 2, .duration = 2, .t = t, .up = good};
    struct tdm_samples s;
    (void)state;
    s = right, s.count = 0, refuse(s, "no samples");
    s = right, s.t = late, refuse(s, "must start at 0");
    s = right, s.t = back, refuse(s, "forward");
    s = right, s.duration = 1, refuse(s, "forward");
    s = right, s.duration = NAN, refuse(s, "lasts");
    s = right, s.duration = 1e11, refuse(s, "lasts");
    s = right, s.up = NULL, refuse(s, "neither");
    s = right, s.up = bad, refuse(s, "sample 2: the up rate is -1");
    s = right, s.up = odd, refuse(s, "up rate");
    s = right, s.up = tiny, refuse(s, "up rate");
    s = right, s.down = huge, refuse(s, "down rate");
    s = right, s.rtt = bad, refuse(s, "round-trip");
    s = right, s.signal = huge, refuse(s, "signal");
    s = right, s.count = TDM_TRACE_MOST_SAMPLES + 1, refuse(s, "too many");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_a_naive_walk),
        cmocka_unit_test(finish_undoes_bytes),
        cmocka_unit_test(bytes_add_up_and_later_starts_finish_later),
        cmocka_unit_test(a_cursor_may_be_anywhere),
        cmocka_unit_test(hand_calculated_loop),
        cmocka_unit_test(hand_calculated_once),
        cmocka_unit_test(zero_for_ever),
        cmocka_unit_test(stays_exact_late),
        cmocka_unit_test(constant),
        cmocka_unit_test(fills_gaps),
        cmocka_unit_test(refuses_what_is_no_trace),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

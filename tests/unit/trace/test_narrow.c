// SPDX-License-Identifier: GPL-3.0-or-later
/** What two traces let through, against looking at both. */
#include "trace_test.h"

#include "core/random.h"
#include "trace/narrow.h"

enum { MOST = 20 };

// Steps are of whole 0.1 s, so that some of two traces change at once.
static struct tdm_trace *random_trace(struct tdm_random *random, size_t count, bool loop)
{
    double t[MOST], up[MOST], down[MOST], rtt[MOST], now = 0;
    for (size_t i = 0; i < count; i++) {
        t[i] = now / 10;
        now += 1 + (double)tdm_random_below(random, 40);
        up[i] = tdm_random_uniform(random) < 0.3 ? 0 : 1e6 * tdm_random_uniform(random);
        down[i] = tdm_random_uniform(random) < 0.3 ? 0 : 1e6 * tdm_random_uniform(random);
        rtt[i] = tdm_random_uniform(random);
    }
    struct tdm_trace *trace = tdm_trace_new(&(struct tdm_samples){.count = count,
                                                                  .duration = now / 10,
                                                                  .loop = loop,
                                                                  .t = t,
                                                                  .up = up,
                                                                  .down = down,
                                                                  .rtt = rtt},
                                            NULL);
    assert_non_null(trace);
    return trace;
}

// At some time that is not within rounding of a change.
static void assert_lesser(const struct tdm_trace *got, const struct tdm_trace *own,
                          const struct tdm_trace *limit, double time)
{
    struct tdm_cursor a = {0}, b = {0}, c = {0};
    if (fabs(time * 10 - round(time * 10)) < 1e-3)
        return;
    for (enum tdm_direction way = TDM_UP; way < TDM_DIRECTIONS; way++) {
        const double wanted =
            fmin(tdm_trace_rate_at(own, way, &a, time), tdm_trace_rate_at(limit, way, &b, time));
        assert_near(tdm_trace_rate_at(got, way, &c, time), wanted, 0);
    }
}

static void the_lesser_rate_at_any_time_where_one_is_constant(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 100; seed++) {
        struct tdm_random random;
        tdm_random_seed(&random, seed, "narrow", 1);
        struct tdm_trace *changing =
            random_trace(&random, 2 + tdm_random_below(&random, MOST - 1), seed % 2);
        struct tdm_trace *constant = tdm_trace_constant(4e5, 6e5, 0.25);
        struct tdm_trace *first = tdm_trace_narrower(changing, constant);
        struct tdm_trace *second = tdm_trace_narrower(constant, changing);
        for (int i = 0; i < 200; i++) {
            const double time = 10 * changing->duration * tdm_random_uniform(&random);
            struct tdm_cursor a = {0}, b = {0};
            assert_lesser(first, changing, constant, time);
            assert_lesser(second, constant, changing, time);
            // Round trips are those of the link's own.
            assert_near(tdm_trace_rtt_at(first, &a, time, NAN),
                        tdm_trace_rtt_at(changing, &b, time, NAN), 0);
            assert_near(tdm_trace_rtt_at(second, &(struct tdm_cursor){0}, time, NAN), 0.25, 0);
        }
        tdm_trace_free(changing);
        tdm_trace_free(constant);
        tdm_trace_free(first);
        tdm_trace_free(second);
    }
}

static void for_one_turn_where_both_change(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        struct tdm_random random;
        tdm_random_seed(&random, seed, "narrow", 2);
        struct tdm_trace *own =
            random_trace(&random, 2 + tdm_random_below(&random, MOST - 1), seed & 1);
        struct tdm_trace *limit =
            random_trace(&random, 2 + tdm_random_below(&random, MOST - 1), seed & 2);
        struct tdm_trace *got = tdm_trace_narrower(own, limit);
        assert_non_null(got);
        assert_near(got->duration, own->duration, 0);
        assert_true(got->loop == own->loop);
        for (int i = 0; i < 200; i++)
            assert_lesser(got, own, limit, own->duration * tdm_random_uniform(&random));
        tdm_trace_free(own);
        tdm_trace_free(limit);
        tdm_trace_free(got);
    }
}

static void two_constants_are_one(void **state)
{
    (void)state;
    struct tdm_trace *a = tdm_trace_constant(3, 8, NAN), *b = tdm_trace_constant(5, 2, 7);
    struct tdm_trace *got = tdm_trace_narrower(a, b);
    assert_int_equal(got->count, 1);
    assert_near(got->way[TDM_UP].rate[0], 3, 0);
    assert_near(got->way[TDM_DOWN].rate[0], 2, 0);
    assert_null(got->rtt); // it was not known of the first
    tdm_trace_free(a);
    tdm_trace_free(b);
    tdm_trace_free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lesser_rate_at_any_time_where_one_is_constant),
        cmocka_unit_test(for_one_turn_where_both_change),
        cmocka_unit_test(two_constants_are_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

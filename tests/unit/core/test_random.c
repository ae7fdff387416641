// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Random streams against published answers of their parts and against statistics. Seeds are fixed,
 * so a test that passes once passes always; bounds are five standard errors wide.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "core/random.h"

// xoshiro256++ 1.0 from the state {1, 2, 3, 4}, as its authors' C code prints it.
static void the_generator_is_xoshiro256pp(void **state)
{
    (void)state;
    static const uint64_t published[] = {
        41943041u,
        58720359u,
        3588806011781223u,
        3591011842654386u,
        9228616714210784205u,
        9973669472204895162u,
        14011001112246962877u,
        12406186145184390807u,
        15849039046786891736u,
        10450023813501588000u,
    };
    struct tdm_random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < sizeof published / sizeof *published; i++)
        assert_true(tdm_random_next(&random) == published[i]);
}

// ---- the seeding, written once more ------------------------------------------------------------

static uint64_t split(uint64_t *x)
{
    *x += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = *x;
    z ^= z >> 30;
    z *= UINT64_C(0xBF58476D1CE4E5B9);
    z ^= z >> 27;
    z *= UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static uint64_t fnv1a(const char *text)
{
    uint64_t h = UINT64_C(14695981039346656037);
    while (*text) {
        h ^= (uint8_t)*text++;
        h *= UINT64_C(1099511628211);
    }
    return h;
}

static uint64_t left(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static uint64_t next(uint64_t s[4])
{
    const uint64_t result = left(s[0] + s[3], 23) + s[0], t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = left(s[3], 45);
    return result;
}

static void seeding_is_as_documented(void **state)
{
    (void)state;
    // The parts first: SplitMix64 and FNV-1a have published answers, too.
    uint64_t x = 1234567;
    assert_true(split(&x) == UINT64_C(6457827717110365317));
    assert_true(split(&x) == UINT64_C(3203168211198807973));
    assert_true(split(&x) == UINT64_C(9817491932198370423));
    assert_true(fnv1a("") == UINT64_C(0xcbf29ce484222325));
    assert_true(fnv1a("a") == UINT64_C(0xaf63dc4c8601ec8c));
    assert_true(fnv1a("foobar") == UINT64_C(0x85944171f73967e8));

    static const char *const purposes[] = {"arrivals", "jitter", ""};
    for (uint64_t seed = 0; seed < 5; seed++)
        for (size_t p = 0; p < 3; p++)
            for (uint64_t index = 0; index < 5; index++) {
                struct tdm_random random;
                tdm_random_seed(&random, seed, purposes[p], index);
                uint64_t y = seed;
                y = split(&y) ^ fnv1a(purposes[p]);
                y = split(&y) ^ index;
                uint64_t s[4];
                for (int i = 0; i < 4; i++)
                    s[i] = split(&y);
                for (int i = 0; i < 100; i++)
                    assert_true(tdm_random_next(&random) == next(s));
            }
}

// ---- statistics --------------------------------------------------------------------------------

enum { MANY = 1000000 };

struct moments {
    double mean, variance, skew, kurtosis;
};

static struct moments moments_of(double (*draw)(struct tdm_random *), const char *purpose)
{
    static double values[MANY];
    struct tdm_random random;
    tdm_random_seed(&random, 7, purpose, 0);
    struct moments m = {0};
    for (int i = 0; i < MANY; i++)
        m.mean += (values[i] = draw(&random)) / MANY;
    for (int i = 0; i < MANY; i++) {
        const double d = values[i] - m.mean;
        m.variance += d * d / MANY;
        m.skew += d * d * d / MANY;
        m.kurtosis += d * d * d * d / MANY;
    }
    m.skew /= pow(m.variance, 1.5);
    m.kurtosis /= m.variance * m.variance;
    return m;
}

static void close_to(double value, double wanted, double deviation)
{
    if (!(fabs(value - wanted) <= 5 * deviation / sqrt(MANY)))
        fail_msg("%g is not close to %g", value, wanted);
}

static void uniform_numbers(void **state)
{
    (void)state;
    const struct moments m = moments_of(tdm_random_uniform, "uniform");
    close_to(m.mean, 0.5, sqrt(1. / 12));
    close_to(m.variance, 1. / 12, sqrt(1. / 180));
    struct tdm_random random;
    tdm_random_seed(&random, 8, "uniform", 0);
    enum { BINS = 256 };
    static int bins[BINS];
    double last = 0.5, lagged = 0;
    for (int i = 0; i < MANY; i++) {
        const double u = tdm_random_uniform(&random);
        assert_true(u >= 0 && u < 1);
        bins[(int)(u * BINS)]++;
        lagged += (u - 0.5) * (last - 0.5) * 12 / MANY;
        last = u;
    }
    close_to(lagged, 0, 1);
    double chi = 0;
    for (int i = 0; i < BINS; i++)
        chi += pow(bins[i] - (double)MANY / BINS, 2) / ((double)MANY / BINS);
    // Chi square of 255 degrees: mean 255, variance 510.
    assert_true(fabs(chi - 255) < 5 * sqrt(510));
}

static double exponential(struct tdm_random *random)
{
    return tdm_random_exponential(random, 3);
}

static void exponential_numbers(void **state)
{
    (void)state;
    const struct moments m = moments_of(exponential, "exponential");
    close_to(m.mean, 3, 3);
    close_to(m.variance, 9, 9 * sqrt(8));
    int beyond = 0; // what no memory means: P(x > 6) = exp(-2)
    struct tdm_random random;
    tdm_random_seed(&random, 9, "exponential", 0);
    for (int i = 0; i < MANY; i++) {
        const double x = exponential(&random);
        assert_true(x >= 0 && isfinite(x));
        beyond += x > 6;
    }
    close_to((double)beyond / MANY, exp(-2), sqrt(exp(-2) * (1 - exp(-2))));
}

static void normal_numbers(void **state)
{
    (void)state;
    const struct moments m = moments_of(tdm_random_normal, "normal");
    close_to(m.mean, 0, 1);
    close_to(m.variance, 1, sqrt(2));
    close_to(m.skew, 0, sqrt(6));
    close_to(m.kurtosis, 3, sqrt(24));
    struct tdm_random random;
    tdm_random_seed(&random, 10, "normal", 0);
    int within = 0;
    for (int i = 0; i < MANY; i++)
        within += fabs(tdm_random_normal(&random)) < 1;
    close_to((double)within / MANY, 0.6826894921370859, 0.4655);
}

static void whole_numbers_below(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 11, "below", 0);
    int bins[10] = {0};
    for (int i = 0; i < MANY; i++) {
        const uint64_t k = tdm_random_below(&random, 10);
        assert_true(k < 10);
        bins[k]++;
    }
    for (int k = 0; k < 10; k++)
        close_to((double)bins[k] / MANY, 0.1, 0.3);
    for (int i = 0; i < 100; i++)
        assert_true(tdm_random_below(&random, 1) == 0);
    // Where rejection matters most: 3/4 of the range, so a plain remainder would favour a third.
    const uint64_t n = UINT64_C(3) << 62;
    int low = 0;
    for (int i = 0; i < MANY; i++) {
        const uint64_t k = tdm_random_below(&random, n);
        assert_true(k < n);
        low += k < n / 3;
    }
    close_to((double)low / MANY, 1. / 3, 0.4714);
}

static void streams_are_independent(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed;
        const char *purpose;
        uint64_t index;
    } streams[] = {{1, "a", 0}, {2, "a", 0}, {1, "b", 0}, {1, "a", 1}};
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++) {
            struct tdm_random x, y;
            tdm_random_seed(&x, streams[i].seed, streams[i].purpose, streams[i].index);
            tdm_random_seed(&y, streams[k].seed, streams[k].purpose, streams[k].index);
            double correlation = 0;
            for (int n = 0; n < MANY; n++)
                correlation +=
                    (tdm_random_uniform(&x) - 0.5) * (tdm_random_uniform(&y) - 0.5) * 12 / MANY;
            close_to(correlation, 0, 1);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_is_xoshiro256pp),
        cmocka_unit_test(seeding_is_as_documented),
        cmocka_unit_test(uniform_numbers),
        cmocka_unit_test(exponential_numbers),
        cmocka_unit_test(normal_numbers),
        cmocka_unit_test(whole_numbers_below),
        cmocka_unit_test(streams_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

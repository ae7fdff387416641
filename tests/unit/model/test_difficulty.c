// SPDX-License-Identifier: GPL-3.0-or-later
/** How accuracy depends on difficulty, against draws of what it is said to mean, and by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdbool.h>

#include "core/random.h"
#include "model/difficulty.h"
#include "near.h"

static void by_hand(void **state)
{
    (void)state;
    // A = 1/2: m = 1; A = 3/4: m = 3.
    assert_near(tdm_difficulty_accuracy(0.5, 1, 0.3), 0.7, 1e-15);
    assert_near(tdm_difficulty_accuracy(0.75, 1, 0.5), 0.875, 1e-15);
    assert_near(tdm_difficulty_accuracy(0.75, 0.4, 0.5), 0.6 * 0.75 + 0.4 * 0.875, 1e-15);
    assert_near(tdm_difficulty_right(0.5, 1, 0.5), 0.375, 1e-15);
    assert_near(tdm_difficulty_right(0.75, 1, 0.5), 0.5 - 1. / 64, 1e-15);
    // Networks that are always right, and never.
    assert_near(tdm_difficulty_accuracy(1, 0.5, 0.9), 1, 0);
    assert_near(tdm_difficulty_right(1, 0.5, 0.9), 0.9, 0);
    assert_near(tdm_difficulty_accuracy(0, 1, 0.9), 0, 0);
    assert_near(tdm_difficulty_right(0, 1, 0.9), 0, 0);
    assert_true(isnan(tdm_difficulty_accuracy(NAN, 0.5, 0.5)));
}

static void the_mean_is_the_networks_and_the_integral_is_one(void **state)
{
    (void)state;
    enum { STEPS = 20000 };
    static const double means[] = {0.1, 0.331, 0.7188, 0.8107, 0.99}, told[] = {0, 0.3, 1};
    for (int m = 0; m < 5; m++)
        for (int t = 0; t < 3; t++) {
            double sum = 0;
            for (int i = 0; i < STEPS; i++) {
                sum += tdm_difficulty_accuracy(means[m], told[t], (i + 0.5) / STEPS) / STEPS;
                if (i % 1000 == 999)
                    assert_near(tdm_difficulty_right(means[m], told[t], (i + 1.) / STEPS), sum,
                                2e-6);
            }
            assert_near(tdm_difficulty_right(means[m], told[t], 1), means[m], 1e-12);
        }
}

// Draws ranks, tells the truth of a share of them, and counts right answers by what was told.
static void it_is_what_a_predictor_sees_who_knows_a_share(void **state)
{
    (void)state;
    enum { DRAWS = 400000, BINS = 8 };
    const double mean = 0.7, told = 0.6, m = mean / (1 - mean);
    double count[BINS] = {0}, right[BINS] = {0};
    struct tdm_random random;
    tdm_random_seed(&random, 5, "test", 0);
    for (int i = 0; i < DRAWS; i++) {
        const double rank = tdm_random_uniform(&random);
        const bool knows = tdm_random_uniform(&random) < told;
        const double seen = knows ? rank : tdm_random_uniform(&random);
        count[(int)(seen * BINS)]++;
        right[(int)(seen * BINS)] += tdm_random_uniform(&random) >= pow(rank, m);
    }
    for (int b = 0; b < BINS; b++) {
        const double low = (double)b / BINS, high = (b + 1.) / BINS;
        const double wanted =
            BINS * (tdm_difficulty_right(mean, told, high) - tdm_difficulty_right(mean, told, low));
        assert_near(right[b] / count[b], wanted, 5 * 0.5 / sqrt(count[b]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(the_mean_is_the_networks_and_the_integral_is_one),
        cmocka_unit_test(it_is_what_a_predictor_sees_who_knows_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

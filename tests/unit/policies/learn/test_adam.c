// SPDX-License-Identifier: GPL-3.0-or-later
/** Adam against its paper's algorithm in double precision; clipping; Huber's loss. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "core/random.h"
#include "policies/learn/adam.h"
#include "policies/learn/huber.h"

enum { COUNT = 13 };

static void steps_are_those_of_the_paper(void **state)
{
    (void)state;
    struct tdm_adam adam;
    struct tdm_random random;
    tdm_random_seed(&random, 1, "test", 0);
    assert_int_equal(tdm_adam_open(&adam, COUNT, 0.01, NULL), 0);
    float parameters[COUNT] = {0}, gradient[COUNT];
    double expected[COUNT] = {0}, m[COUNT] = {0}, v[COUNT] = {0};
    for (int t = 1; t <= 200; t++) {
        for (int i = 0; i < COUNT; i++) {
            gradient[i] = (float)(pow(10, i - 9) * (tdm_random_normal(&random) + 0.3));
            const double g = gradient[i];
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            const double mean = m[i] / (1 - pow(0.9, t)), square = v[i] / (1 - pow(0.999, t));
            expected[i] -= 0.01 * mean / (sqrt(square) + 1e-8);
        }
        tdm_adam_step(&adam, parameters, gradient);
        for (int i = 0; i < COUNT; i++)
            assert_true(fabs(parameters[i] - expected[i]) < 2e-6 * t);
    }
    assert_int_equal(adam.steps, 200);
    tdm_adam_close(&adam);
}

// f = sum of a (x - b)^2, badly scaled: Adam gets there all the same.
static void it_finds_the_least_of_a_bowl(void **state)
{
    (void)state;
    struct tdm_adam adam;
    assert_int_equal(tdm_adam_open(&adam, 3, 0.01, NULL), 0);
    float x[3] = {0};
    static const float a[] = {1000, 1, 0.01F}, b[] = {-1, 0.5F, 2};
    for (int t = 0; t < 3000; t++) {
        float gradient[3];
        for (int i = 0; i < 3; i++)
            gradient[i] = 2 * a[i] * (x[i] - b[i]);
        tdm_adam_step(&adam, x, gradient);
    }
    for (int i = 0; i < 3; i++)
        assert_true(fabsf(x[i] - b[i]) < 1e-3F);
    tdm_adam_close(&adam);
}

static void gradients_are_clipped_by_their_norm(void **state)
{
    (void)state;
    float gradient[] = {3, 0, -4};
    assert_true(tdm_gradient_clip(gradient, 3, 6) == 5);
    assert_true(gradient[0] == 3 && gradient[2] == -4);
    assert_true(tdm_gradient_clip(gradient, 3, 1) == 5);
    assert_true(fabsf(gradient[0] - 0.6F) < 1e-7F && fabsf(gradient[2] + 0.8F) < 1e-7F);
    float large[] = {3e38F, -3e38F}; // whose squares are beyond a float
    assert_true(fabs(tdm_gradient_clip(large, 2, 1) / (3e38 * sqrt(2)) - 1) < 1e-6);
    assert_true(fabsf(large[0] - (float)sqrt(0.5)) < 1e-6F);
    float bad[] = {1, NAN};
    assert_true(isnan(tdm_gradient_clip(bad, 2, 1)));
    float endless[] = {1, INFINITY};
    assert_true(isinf(tdm_gradient_clip(endless, 2, 1)));
}

static void huber_is_a_square_and_then_a_line(void **state)
{
    (void)state;
    assert_true(tdm_huber(0.5, 1) == 0.125 && tdm_huber(-0.5, 1) == 0.125);
    assert_true(tdm_huber(3, 1) == 2.5 && tdm_huber(-3, 2) == 4);
    for (double knee = 0.5; knee < 3; knee += 0.7) // no jump at the knee; slopes are differences
        for (double x = -4.03; x < 4; x += 0.1) {
            const double h = 1e-6;
            const double slope = (tdm_huber(x + h, knee) - tdm_huber(x - h, knee)) / (2 * h);
            assert_true(fabs(slope - tdm_huber_slope(x, knee)) < 1e-6);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_are_those_of_the_paper),
        cmocka_unit_test(it_finds_the_least_of_a_bowl),
        cmocka_unit_test(gradients_are_clipped_by_their_norm),
        cmocka_unit_test(huber_is_a_square_and_then_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

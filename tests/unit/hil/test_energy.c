// SPDX-License-Identifier: GPL-3.0-or-later
// Energies against integrals by hand, and their errors against many draws of the errors themselves.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../model/near.h"

#include "core/random.h"
#include "hil/board/energy.h"

static void a_ramp_is_exact(void **state)
{
    // P = 2 + 3 t W: from 0.25 to 2.75 s that is 2 * 2.5 + 1.5 * (2.75^2 - 0.25^2) = 16.25 J.
    const struct tdm_sample samples[] = {{0, 2}, {1, 5}, {1.5, 6.5}, {3, 11}};
    (void)state;
    const struct tdm_energy e = tdm_energy_between(samples, 4, 0.25, 2.75, 0, 10);
    assert_near(e.joules, 16.25, 1e-12);
    assert_near(e.covered, 2.5, 1e-12);
    assert_int_equal(e.samples, 4);
}

static void what_was_not_sampled_is_not_covered(void **state)
{
    const struct tdm_sample samples[] = {{0, 1}, {1, 1}, {6, 1}, {7, 1}};
    (void)state;
    const struct tdm_energy e = tdm_energy_between(samples, 4, -1, 9, 0, 2);
    assert_near(e.joules, 2, 1e-12);
    assert_near(e.covered, 2, 1e-12);
    assert_near(tdm_energy_between(samples, 4, 2, 5, 0, 2).covered, 0, 0);
    assert_near(tdm_energy_between(samples, 1, 0, 1, 0, 2).covered, 0, 0);
    assert_near(tdm_energy_between(NULL, 0, 0, 1, 0, 2).joules, 0, 0);
}

// A constant power in steps of q, for 1 s: all readings are off by the same, sigma = q/sqrt(12) 1
// s. On the step for 0.35 s (three readings and a half), then on another for 0.65 s, with a jump of
// 0.04 W within 0.1 s: sigma^2 = q^2/12 (0.35^2 + 0.65^2) + (0.04 0.1)^2 / 12.
static void steps_of_the_sensor_by_hand(void **state)
{
    struct tdm_sample samples[11];
    (void)state;
    for (int i = 0; i < 11; i++)
        samples[i] = (struct tdm_sample){0.1 * i, 5};
    assert_near(tdm_energy_between(samples, 11, 0, 1, 0.04, 1).error, 0.04 / sqrt(12), 1e-12);
    for (int i = 4; i < 11; i++)
        samples[i].value = 5.04;
    assert_near(tdm_energy_between(samples, 11, 0, 1, 0.04, 1).error,
                0.04 / sqrt(12) * sqrt(0.35 * 0.35 + 0.65 * 0.65 + 0.01), 1e-12);
}

enum { DRAWS = 20000, SAMPLES = 21 };

// Power that jumps from 2 to 5 W at a time that is anywhere within one interval, each reading off
// by up to half a step of 0.4 W.
static void error_is_that_of_many_draws(void **state)
{
    struct tdm_random random;
    double squares = 0, claimed = 0;
    (void)state;
    tdm_random_seed(&random, 7, "steps", 0);
    for (int k = 0; k < DRAWS; k++) {
        struct tdm_sample samples[SAMPLES];
        const double jump = 1 + 0.1 * tdm_random_uniform(&random);
        const double low = 2 + tdm_random_uniform(&random), high = 5 + tdm_random_uniform(&random);
        for (int i = 0; i < SAMPLES; i++) {
            const double time = 0.1 * i + 1e-6, power = time < jump ? low : high;
            samples[i] =
                (struct tdm_sample){time, power + 0.4 * (tdm_random_uniform(&random) - 0.5)};
        }
        const double from = samples[0].time, to = samples[SAMPLES - 1].time;
        const double truth = low * (jump - from) + high * (to - jump);
        const struct tdm_energy e = tdm_energy_between(samples, SAMPLES, from, to, 0.4, 1);
        squares += (e.joules - truth) * (e.joules - truth);
        claimed += e.error * e.error;
    }
    // The readings' own steps look like small jumps, too, so the claim is rather high than low.
    const double ratio = sqrt(claimed / squares);
    assert_true(ratio > 0.98 && ratio < 1.25);
}

// A constant power that nobody knows, as a sensor shows it that has steps of 0.4 W, and noise of
// `noise` of them. How large the claimed error is against the true one.
static double claim_of_constant(double noise)
{
    struct tdm_random random;
    double squares = 0, claimed = 0;
    tdm_random_seed(&random, 7, "constant", 0);
    for (int k = 0; k < DRAWS; k++) {
        struct tdm_sample samples[SAMPLES];
        const double power = 2 + tdm_random_uniform(&random);
        for (int i = 0; i < SAMPLES; i++) {
            const double seen = power / 0.4 + noise * tdm_random_normal(&random);
            samples[i] = (struct tdm_sample){0.1 * i, 0.4 * floor(seen + 0.5)};
        }
        const double last = samples[SAMPLES - 1].time;
        const struct tdm_energy e = tdm_energy_between(samples, SAMPLES, 0, last, 0.4, 1);
        squares += (e.joules - power * last) * (e.joules - power * last);
        claimed += e.error * e.error;
    }
    return sqrt(claimed / squares);
}

static void steps_of_a_constant_power_do_not_average_away(void **state)
{
    (void)state;
    assert_near(claim_of_constant(0), 1, 0.02);
    // Noise shakes readings off their steps: what is claimed is rather too much than too little.
    assert_true(claim_of_constant(0.1) > 0.95);
    assert_true(claim_of_constant(0.5) > 0.95);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ramp_is_exact),
        cmocka_unit_test(what_was_not_sampled_is_not_covered),
        cmocka_unit_test(steps_of_the_sensor_by_hand),
        cmocka_unit_test(error_is_that_of_many_draws),
        cmocka_unit_test(steps_of_a_constant_power_do_not_average_away),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

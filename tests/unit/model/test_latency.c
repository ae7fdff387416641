// SPDX-License-Identifier: GPL-3.0-or-later
/** The latency form: hand calculations, laws, derivatives against differences. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "near.h"

#include <math.h>

#include "core/random.h"
#include "model/latency.h"

static const struct tdm_fit plain = {.overlap = 1, .concurrency = 1};
static const struct tdm_latency no_losses = {.ridge_sharpness = 1};
static const struct tdm_speed giga = {.cpu = 1e9, .gpu = 1e9, .bandwidth = 1e9};

static void soft_max_lies_between_sum_and_larger(void **state)
{
    (void)state;
    assert_near(tdm_soft_max(3, 4, 1), 7, 1e-12);
    assert_near(tdm_soft_max(3, 4, 2), 5, 1e-12);
    assert_near(tdm_soft_max(4, 3, 2), 5, 1e-12);
    assert_near(tdm_soft_max(3, 4, 1000), 4, 1e-3);
    assert_near(tdm_soft_max(0, 4, 3), 4, 1e-12);
    assert_near(tdm_soft_max(0, 0, 3), 0, 0);
    assert_true(isfinite(tdm_soft_max(1e-300, 1e300, 25)));
    assert_near(tdm_soft_max(1e200, 1e200, 25) / 1e200, pow(2, 0.04), 1e-12);
}

static void hand_calculated(void **state)
{
    (void)state;
    struct tdm_fit fit = plain;
    fit.compute = 3e8, fit.traffic = 4e8, fit.overlap = 2; // 0.3 s and 0.4 s: 0.5 s
    fit.serial = 2e8;                                      // + 0.2 s
    fit.fixed = 0.1;                                       // + 0.1 s
    struct tdm_times t = tdm_latency_at(&fit, &no_losses, &giga);
    assert_near(t.device, 0.8, 1e-12);
    assert_near(t.total, 0.8, 1e-12);
    fit.launch = 6e8, fit.concurrency = 2; // 0.6 s beside 0.8 s: 1 s
    fit.host = 5e8;                        // + 0.5 s
    t = tdm_latency_at(&fit, &no_losses, &giga);
    assert_near(t.host, 0.6, 1e-12);
    assert_near(t.total, 1.5, 1e-12);
    assert_near(t.uc, 0.4, 1e-12);
    assert_near(t.ug, 0.8 / 1.5, 1e-12);
    assert_near(t.um, 0.4 / 1.5, 1e-12);
    // A ridge of 1 cycle a byte, added (sharpness 1): 1 s + 1 s a gigabyte.
    struct tdm_fit bytes = plain;
    bytes.bound = 1e9;
    const struct tdm_latency ridge = {.ridge = 1, .ridge_sharpness = 1};
    assert_near(tdm_latency_at(&bytes, &ridge, &giga).total, 2, 1e-12);
    bytes.launch_traffic = 5e8;
    assert_near(tdm_latency_at(&bytes, &ridge, &giga).total, 2.5, 1e-12);
}

static void lost_clocks_do_no_work(void **state)
{
    (void)state;
    struct tdm_fit fit = plain;
    fit.host = 1e9, fit.compute = 1e9, fit.cpu_lost = 0.5e9;
    const struct tdm_latency lossy = {.gpu_lost = 0.2e9, .ridge_sharpness = 1};
    const struct tdm_times t = tdm_latency_at(&fit, &lossy, &giga);
    assert_near(t.total, 1 / 0.5 + 1 / 0.8, 1e-12);
}

static void half_the_clock_is_twice_the_time(void **state)
{
    (void)state;
    struct tdm_fit fit = plain;
    fit.compute = 7e8, fit.overlap = 3, fit.concurrency = 4;
    const struct tdm_speed half = {.cpu = 1e9, .gpu = 0.5e9, .bandwidth = 1e9};
    assert_near(tdm_latency_at(&fit, &no_losses, &half).total /
                    tdm_latency_at(&fit, &no_losses, &giga).total,
                2, 1e-12);
}

static double *coefficient(struct tdm_fit *fit, struct tdm_latency *shared, struct tdm_speed *speed,
                           int term)
{
    double *const all[TDM_L_TERMS] = {&fit->launch,     &fit->launch_traffic,
                                      &fit->host,       &fit->compute,
                                      &fit->serial,     &fit->traffic,
                                      &fit->bound,      &fit->fixed,
                                      &fit->overlap,    &fit->concurrency,
                                      &fit->cpu_lost,   &shared->gpu_lost,
                                      &shared->ridge,   &shared->ridge_sharpness,
                                      &speed->bandwidth};
    return all[term];
}

static double between(struct tdm_random *random, double low, double high)
{
    return low + (high - low) * tdm_random_uniform(random);
}

static void draw(struct tdm_random *random, struct tdm_fit *fit, struct tdm_latency *shared,
                 struct tdm_speed *speed)
{
    *fit = (struct tdm_fit){0};
    for (int term = 0; term < TDM_L_OWN; term++)
        *coefficient(fit, shared, speed, term) = between(random, 1e7, 1e9);
    fit->fixed = between(random, 0, 0.1);
    fit->overlap = between(random, 1.1, 8);
    fit->concurrency = between(random, 1.1, 20);
    fit->cpu_lost = between(random, 0, 2e8);
    *shared = (struct tdm_latency){.gpu_lost = between(random, 0, 2e8),
                                   .ridge = between(random, 0.01, 3),
                                   .ridge_sharpness = between(random, 1.1, 15)};
    *speed = (struct tdm_speed){.cpu = between(random, 3e8, 2e9),
                                .gpu = between(random, 3e8, 2e9),
                                .bandwidth = between(random, 3e8, 2e9)};
}

static void slopes_are_the_derivatives(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 1, "slopes", 0);
    for (int n = 0; n < 200; n++) {
        struct tdm_fit fit;
        struct tdm_latency shared;
        struct tdm_speed speed;
        double slopes[TDM_L_TERMS];
        draw(&random, &fit, &shared, &speed);
        const double total = tdm_latency_slopes(&fit, &shared, &speed, slopes).total;
        for (int term = 0; term < TDM_L_TERMS; term++) {
            double *value = coefficient(&fit, &shared, &speed, term);
            const double at = *value, step = 1e-5 * at;
            *value = at + step;
            const double up = tdm_latency_at(&fit, &shared, &speed).total;
            *value = at - step;
            const double down = tdm_latency_at(&fit, &shared, &speed).total;
            *value = at;
            const double tolerance = 1e-6 * total + 1e-4 * fabs(slopes[term] * at);
            assert_near((up - down) / (2 * step) * at, slopes[term] * at, tolerance);
        }
    }
}

static void no_clock_makes_it_slower(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 2, "monotone", 0);
    for (int n = 0; n < 500; n++) {
        struct tdm_fit fit;
        struct tdm_latency shared;
        struct tdm_speed speed;
        draw(&random, &fit, &shared, &speed);
        const double before = tdm_latency_at(&fit, &shared, &speed).total;
        for (int clock = 0; clock < 3; clock++) {
            struct tdm_speed faster = speed;
            *(double *[]){&faster.cpu, &faster.gpu, &faster.bandwidth}[clock] *= 1.1;
            assert_true(tdm_latency_at(&fit, &shared, &faster).total <= before);
        }
    }
}

static void co_runners_leave_a_share(void **state)
{
    (void)state;
    struct tdm_fit fit = plain;
    fit.compute = 8e8;
    const struct tdm_latency lossy = {.gpu_lost = 0.2e9, .ridge_sharpness = 1};
    const struct tdm_load half = {.gpu = 0.5}, all = {.gpu = 1, .memory = 1};
    struct tdm_speed left = tdm_speed_under(&lossy, &giga, &half);
    assert_near(tdm_latency_at(&fit, &lossy, &left).total, 2, 1e-12);
    left = tdm_speed_under(&lossy, &giga, &all);
    assert_true(isfinite(tdm_latency_at(&fit, &lossy, &left).total));
    const struct tdm_load none = {0};
    left = tdm_speed_under(&lossy, &giga, &none);
    assert_near(left.gpu, giga.gpu, 1e-3);
    assert_near(left.bandwidth, giga.bandwidth, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(soft_max_lies_between_sum_and_larger),
        cmocka_unit_test(hand_calculated),
        cmocka_unit_test(lost_clocks_do_no_work),
        cmocka_unit_test(half_the_clock_is_twice_the_time),
        cmocka_unit_test(slopes_are_the_derivatives),
        cmocka_unit_test(no_clock_makes_it_slower),
        cmocka_unit_test(co_runners_leave_a_share),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** The power form: hand calculations, causes, idle, co-runners, leakage. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "near.h"

#include <math.h>

#include "model/power.h"
#include "small_board.h"

static const struct tdm_power set = {
    .fixed = 1,
    .leakage = 0.25,
    .cpu_clock = 0.5,
    .cpu_busy = 4,
    .gpu_clock = 0.4,
    .gpu_busy = 2,
    .memory_busy = 3,
    .memory_exponent = 0.5,
    .memory_voltage = 0.5,
};
static const struct tdm_fit fit = {
    .gpu_energy = 0.2, .cpu_energy = 0.1, .memory_energy = 0.4, .cpu_spin = 1};
static const struct tdm_times half_second = {
    .total = 0.5, .host = 0.2, .device = 0.4, .uc = 0.4, .ug = 0.8};
static const struct tdm_supply supply = {
    .cpu = 0.5, .gpu = 0.8, .emc = 0.25, .vc = 1.2, .vg = 1.5, .memory_idle = 0.3};

static void hand_calculated(void **state)
{
    (void)state;
    const struct tdm_watts run =
        tdm_power_run(&fit, &set, &supply, &half_second, &tdm_conditions_calibrated);
    const double cv = 1.44, gv = 2.25;
    assert_near(run.fixed, 1, 1e-12);
    assert_near(run.leakage, 0.25 * gv, 1e-12);
    assert_near(run.cpu, 0.5 * cv * (0.5 + 1 * 0.6) + 0.1 / 0.5 * cv, 1e-12);
    assert_near(run.gpu, 0.8 * gv * (0.4 + 2 * 0.8) + 0.2 / 0.5 * gv, 1e-12);
    assert_near(run.memory, 0.3 + 0.4 / 0.5 * 0.5 * (1 + 0.5 * 1.25), 1e-12);
    assert_near(tdm_watts_sum(&run), run.fixed + run.leakage + run.cpu + run.gpu + run.memory,
                1e-12);
}

static void idle_is_the_same_with_nothing_running(void **state)
{
    (void)state;
    const struct tdm_watts idle = tdm_power_idle(&set, &supply, &tdm_conditions_calibrated);
    assert_near(idle.cpu, 0.5 * 1.44 * 0.5, 1e-12);
    assert_near(idle.gpu, 0.8 * 2.25 * 0.4, 1e-12);
    assert_near(idle.memory, 0.3, 1e-12);
    const struct tdm_fit nothing = {0};
    const struct tdm_times still = {.total = 1};
    const struct tdm_watts run =
        tdm_power_run(&nothing, &set, &supply, &still, &tdm_conditions_calibrated);
    assert_near(tdm_watts_sum(&run), tdm_watts_sum(&idle), 1e-12);
}

static void fewer_cores_and_heat(void **state)
{
    (void)state;
    struct tdm_conditions conditions = tdm_conditions_calibrated;
    conditions.cores = 0.5;
    conditions.leakage_factor = 2;
    const struct tdm_watts idle = tdm_power_idle(&set, &supply, &conditions);
    assert_near(idle.cpu, 0.5 * 0.5 * 1.44 * 0.5, 1e-12);
    assert_near(idle.leakage, 2 * 0.25 * 2.25, 1e-12);
    assert_near(idle.gpu, 0.8 * 2.25 * 0.4, 1e-12);
}

static void co_runners_add_their_share(void **state)
{
    (void)state;
    struct tdm_conditions conditions = tdm_conditions_calibrated;
    conditions.load = (struct tdm_load){.cpu = 0.25, .gpu = 0.5, .memory = 0.1};
    const struct tdm_watts idle = tdm_power_idle(&set, &supply, &conditions);
    assert_near(idle.cpu, 0.5 * 1.44 * (0.5 + 4 * 0.25), 1e-12);
    assert_near(idle.gpu, 0.8 * 2.25 * (0.4 + 2 * 0.5), 1e-12);
    assert_near(idle.memory, 0.3 + 3 * 0.1 * 0.25 * 1.625, 1e-12);
    // The run keeps the GPU 80 % busy: the co-runners find no more than 20 %.
    const struct tdm_watts run = tdm_power_run(&fit, &set, &supply, &half_second, &conditions);
    assert_near(run.gpu, 0.8 * 2.25 * (0.4 + 2 * 1) + 0.2 / 0.5 * 2.25, 1e-12);
}

static void boards_give_supply_and_speed(void **state)
{
    (void)state;
    struct tdm_board board = small_board();
    double v[5] = {1, 1, 1.1, 1.2, 1.4}, idle[4] = {0, 0.2, 0.5, 1}, bandwidth[4] = {1, 2, 3, 4};
    struct tdm_power power = set;
    power.cpu_v = (struct tdm_list){v, 4};
    power.gpu_v = (struct tdm_list){v, 5};
    power.memory_idle = (struct tdm_list){idle, 4};
    const struct tdm_latency latency = {.bandwidth = {bandwidth, 4}};
    const struct tdm_opps opps = {{1, 4, 2}};
    const struct tdm_supply at = tdm_supply_at(&board, &power, opps);
    assert_near(at.cpu, 0.5, 1e-12);
    assert_near(at.gpu, 1, 1e-12);
    assert_near(at.emc, 0.75, 1e-12);
    assert_near(at.vc, 1, 0);
    assert_near(at.vg, 1.4, 0);
    assert_near(at.memory_idle, 0.5, 0);
    const struct tdm_speed speed = tdm_speed_at(&board, &latency, opps);
    assert_near(speed.cpu, 1e9, 0);
    assert_near(speed.gpu, 1e9, 0);
    assert_near(speed.bandwidth, 3, 0);
    assert_near(tdm_board_leakage(&board, 45), 1, 0);
    assert_near(tdm_board_leakage(&board, 95), exp(1), 1e-12);
    tdm_arena_free(board.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hand_calculated),
        cmocka_unit_test(idle_is_the_same_with_nothing_running),
        cmocka_unit_test(fewer_cores_and_heat),
        cmocka_unit_test(co_runners_add_their_share),
        cmocka_unit_test(boards_give_supply_and_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

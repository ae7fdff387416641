// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A virtual board on a clock of the test's own: time of works, heat, energy, settling and
 * throttling against closed forms and the model's own functions.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hil/vboard/machine.h"

static double seconds; // of the clock

static double test_clock(void *context)
{
    (void)context;
    return seconds;
}

static struct vb_machine *start(const char *board, const char *physics, double warm)
{
    const struct vb_options options = {.board = board,
                                       .mode = NULL,
                                       .physics = physics,
                                       .seed = 1,
                                       .noise = 0,
                                       .ambient = 25,
                                       .warm = warm,
                                       .boot_id = "test",
                                       .clock = test_clock};
    struct tdm_error error = {0};
    seconds = 100; // it need not begin at zero
    struct vb_machine *machine = vb_machine_new(&options, &error);
    if (!machine)
        fail_msg("%s", error.message);
    return machine;
}

static void put(struct vb_machine *machine, const char *path, const char *value)
{
    const struct vb_node *node = vb_tree_find(machine->root, path);
    assert_non_null(node);
    assert_int_equal(vb_write(machine, node, value, strlen(value), NULL, NULL), 0);
}

static void wait(struct vb_machine *machine, double duration)
{
    seconds += duration;
    vb_advance(machine);
}

#define GPU "/sys/devices/17000000.gv11b/devfreq/17000000.gv11b/"
#define CPU "/sys/devices/system/cpu/cpufreq/policy"

// Every clock fixed: the GPU's as written, the CPU's at the top, all cores on, memory by the floor.
static void pin(struct vb_machine *machine, const char *gpu)
{
    char path[128];
    for (int i = 1; i < machine->cpu_count; i++) {
        snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/online", i);
        put(machine, path, "1");
    }
    for (int i = 0; i < machine->policy_count; i++) {
        snprintf(path, sizeof path, CPU "%d/scaling_max_freq", machine->policies[i].first);
        put(machine, path, "9999999");
        snprintf(path, sizeof path, CPU "%d/scaling_governor", machine->policies[i].first);
        put(machine, path, "performance");
    }
    put(machine, GPU "max_freq", "0");
    put(machine, GPU "min_freq", "0");
    put(machine, GPU "min_freq", gpu);
    put(machine, GPU "max_freq", gpu);
    put(machine, "/sys/kernel/nvpmodel_emc_cap/emc_iso_cap", "0");
    wait(machine, 0.1);
}

static struct tdm_opps opps_of(const struct vb_machine *machine)
{
    return (struct tdm_opps){{(int)machine->board->domain[TDM_CPU]->opp_count - 1,
                              machine->gpu.clock.opp, machine->emc.clock.opp}};
}

// What the board's file says of Inception-v3, by the model's own functions.
static double model_time(const struct vb_machine *machine)
{
    const struct tdm_fit *fit = tdm_fit_find(machine->board, "inception-v3", "infer", "fp32", 1);
    assert_non_null(fit);
    const struct tdm_speed speed = tdm_speed_at(machine->board, fit->latency, opps_of(machine));
    return tdm_latency_at(fit, fit->latency, &speed).total;
}

static void test_work_takes_what_the_model_says(void **state)
{
    (void)state;
    struct vb_machine *machine = start("xavier-nx", "model", NAN);
    struct tdm_error error = {0};
    pin(machine, "1109250000");
    const double whole = model_time(machine);
    struct vb_job *job = vb_job_start(machine, "dnn=inception-v3 share=0.25", &error);
    assert_non_null(job);
    wait(machine, 0.25 * whole * 0.999);
    assert_false(job->done);
    wait(machine, 1);
    assert_true(job->done);
    assert_true(fabs(job->took - 0.25 * whole) < 1e-8);
    vb_job_end(machine, job);
    vb_machine_free(machine);
}

static void test_a_clock_that_changes_in_the_middle(void **state)
{
    (void)state;
    struct vb_machine *machine = start("xavier-nx", "model", NAN);
    struct tdm_error error = {0};
    pin(machine, "510000000");
    const double slow = model_time(machine);
    pin(machine, "1109250000");
    const double fast = model_time(machine);
    assert_true(fast < 0.8 * slow);
    struct vb_job *job = vb_job_start(machine, "dnn=inception-v3", &error);
    wait(machine, fast / 4);
    put(machine, GPU "min_freq", "0");
    put(machine, GPU "max_freq", "510000000");
    put(machine, GPU "min_freq", "510000000");
    wait(machine, 1);
    // Until the clock has settled (5 ms), of which 0.1 ms stall, it goes on as before.
    const double done = (fast / 4 + 5e-3 - 0.1e-3) / fast;
    const double expected = fast / 4 + 5e-3 + (1 - done) * slow;
    assert_true(fabs(job->took - expected) < 1e-6);
    vb_job_end(machine, job);
    vb_machine_free(machine);
}

static void test_clocks_settle_in_their_time(void **state)
{
    (void)state;
    static const struct {
        const char *file, *value;
        int domain;
        double settle;
    } knobs[] = {{CPU "0/scaling_max_freq", "1190400", TDM_CPU, 1e-3},
                 {GPU "max_freq", "510000000", TDM_GPU, 5e-3},
                 {"/sys/kernel/nvpmodel_emc_cap/emc_iso_cap", "800000000", TDM_EMC, 8e-3}};
    for (size_t i = 0; i < TDM_COUNT(knobs); i++) {
        struct vb_machine *machine = start("xavier-nx", "model", NAN);
        pin(machine, "1109250000");
        const struct vb_clock *clocks[] = {&machine->policies[0].clock, &machine->gpu.clock,
                                           &machine->emc.clock};
        const struct vb_clock *clock = clocks[knobs[i].domain];
        const int before = clock->opp;
        if (knobs[i].domain == TDM_GPU)
            put(machine, GPU "min_freq", "0");
        put(machine, knobs[i].file, knobs[i].value);
        wait(machine, knobs[i].settle - 1e-5);
        assert_int_equal(clock->opp, before);
        wait(machine, 2e-5);
        assert_true(clock->opp < before);
        assert_int_equal(clock->opp, clock->goal);
        vb_machine_free(machine);
    }
}

// Heat with leakage that does not grow (the RC alone) is an exponential; with it, the balance
// where it ends is where resistance times power is the difference to the air around.
static void test_warms_up_as_an_rc(void **state)
{
    (void)state;
    struct vb_machine *machine = start("xavier-nx", "model", NAN);
    pin(machine, "1109250000");
    const struct tdm_thermal *thermal = &machine->board->thermals[0];
    const double tau = thermal->resistance * thermal->capacity;
    const double from = machine->heat.temperature;
    const double before = machine->watts;
    wait(machine, tau / 10);
    // Power hardly changes meanwhile: between the closed forms of the powers at both ends.
    const double least = from + (25 + thermal->resistance * before - from) * -expm1(-0.1);
    const double most = from + (25 + thermal->resistance * machine->watts - from) * -expm1(-0.1);
    assert_true(machine->heat.temperature >= least - 1e-9);
    assert_true(machine->heat.temperature <= most + 1e-9);
    assert_true(most - least < 0.05 * (most - from));
    wait(machine, 40 * tau);
    const double balance = 25 + thermal->resistance * machine->watts;
    assert_true(fabs(machine->heat.temperature - balance) < 1e-3);
    vb_machine_free(machine);
}

static void test_energy_is_the_integral_of_power(void **state)
{
    (void)state;
    struct vb_machine *machine = start("xavier-nx", "model", NAN);
    struct tdm_error error = {0};
    pin(machine, "1109250000");
    const double began = machine->joules;
    double sum = 0;
    struct vb_job *job = vb_job_start(machine, "dnn=inception-v3", &error);
    for (int i = 0; i < 2000; i++) { // by the midpoint rule over 1 s
        wait(machine, 0.25e-3);
        sum += machine->watts * 0.5e-3;
        wait(machine, 0.25e-3);
    }
    assert_true(job->done);
    assert_true(fabs(sum / (machine->joules - began) - 1) < 1e-3);
    double total = 0; // of the rails that make it up
    for (size_t i = 0; i < machine->board->rail_count; i++)
        total += machine->board->rails[i].total ? machine->rail_joules[i] : 0;
    assert_true(fabs(total - machine->joules) < 1e-9 * total);
    vb_job_end(machine, job);
    vb_machine_free(machine);
}

// Sensor readings, added up by the trapezoid, against the exact energy.
static void test_sensors_add_up_to_the_energy(void **state)
{
    (void)state;
    struct vb_machine *machine = start("xavier-nx", "model", NAN);
    pin(machine, "1109250000");
    wait(machine, 1);
    const struct vb_sensor *sensor = &machine->sensors[0];
    assert_int_equal(sensor->rail[0], 0); // VDD_IN
    const struct vb_node *node = vb_tree_find(
        machine->root, "/sys/bus/i2c/drivers/ina3221x/7-0040/iio:device0/in_current0_input");
    assert_non_null(node);
    const double began = machine->joules;
    double sum = 0, last = NAN;
    for (int i = 0; i <= 100; i++) { // idle: 100 ms apart, 10 s
        char text[64] = "";
        assert_true(node->type->show(machine, node, text, sizeof text) > 0);
        double milliamperes;
        assert_int_equal(sscanf(text, "%lf", &milliamperes), 1);
        const double watts = milliamperes * 5 / 1e3;
        sum += i ? (watts + last) / 2 * 0.1 : 0;
        last = watts;
        if (i < 100)
            wait(machine, 0.1);
    }
    // Half a quantum (40 mW) of the 10 s at most, and what the milliamperes are rounded by.
    assert_true(fabs(sum - (machine->joules - began)) < 10 * (0.02 + 0.0025));
    vb_machine_free(machine);
}

// The Xavier NX's trips: above 90 degC GPU 701.25 MHz, above 94 also 408; back 3 K below.
static void test_heat_throttles(void **state)
{
    (void)state;
    struct vb_machine *machine = start("xavier-nx", "model", 89.9);
    pin(machine, "1109250000");
    assert_true(vb_hz(&machine->gpu.clock) == 1109250000);
    machine->heat.ambient = 91;
    wait(machine, 10);
    assert_true(machine->heat.temperature > 90 && machine->heat.temperature < 94);
    assert_true(fabs(vb_hz(&machine->gpu.clock) - 701250000) < 1);
    assert_true(fabs(vb_hz(&machine->policies[0].clock) - 1267200000) < 1);
    machine->heat.ambient = 60;
    wait(machine, 1); // still above 87
    assert_true(machine->heat.temperature > 87);
    assert_true(fabs(vb_hz(&machine->gpu.clock) - 701250000) < 1);
    wait(machine, 60);
    assert_true(machine->heat.temperature < 87);
    assert_true(fabs(vb_hz(&machine->gpu.clock) - 1109250000) < 1);
    vb_machine_free(machine);
}

// Additive: halving one clock adds exactly that clock's part once more, whatever the others are.
static void test_other_is_additive(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_board *board = tdm_board_load("xavier-nx", &error);
    struct vb_physics *physics = vb_physics_open("other", board, 1, &error);
    struct vb_request request;
    assert_int_equal(vb_request_parse("dnn=resnet50", &request, &error), 0);
    const struct vb_task *task = physics->type->task(physics, &request, &error);
    assert_non_null(task);
    double differences[2];
    for (int k = 0; k < 2; k++) { // at the lowest and at the top clock of the memory
        struct vb_setting setting = {.cores = 1, .leakage = 1, .now = -1};
        setting.opps.at[TDM_EMC] = k ? (int)board->domain[TDM_EMC]->opp_count - 1 : 0;
        struct vb_effect slow, fast;
        physics->type->run(physics, task, &setting, &slow);
        setting.opps.at[TDM_GPU] = (int)board->domain[TDM_GPU]->opp_count - 1;
        physics->type->run(physics, task, &setting, &fast);
        differences[k] = slow.time - fast.time;
        assert_true(fast.time > 0 && slow.time > fast.time);
        assert_true(tdm_watts_sum(&fast.watts) > 0);
    }
    assert_true(fabs(differences[0] / differences[1] - 1) < 1e-9);
    physics->type->free(physics);
    tdm_board_free(board);
}

// A grid that follows a power law is planar in the logarithms: exact everywhere inside it.
static void test_grid_is_exact_for_power_laws(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_board *board = tdm_board_load("xavier-nx", &error);
    const char *path = "vboard-power-law.csv";
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("board,dnn,mode,precision,batch,power_rails,cpu_hz,gpu_hz,emc_hz,latency_s,period_s,"
          "power_w,energy_j\n",
          file);
    static const int cpus[] = {4, 12, 20, 24}, gpus[] = {1, 4, 8, 14}, emcs[] = {2, 5, 7};
    for (int c = 0; c < 4; c++)
        for (int g = 0; g < 4; g++)
            for (int m = 0; m < 3; m++) {
                const double fc = board->domain[TDM_CPU]->opps[cpus[c]].hz;
                const double fg = board->domain[TDM_GPU]->opps[gpus[g]].hz;
                const double fm = board->domain[TDM_EMC]->opps[emcs[m]].hz;
                const double t =
                    0.05 * pow(fc / 1e9, -0.2) * pow(fg / 1e9, -0.6) * pow(fm / 1e9, -0.1);
                const double p = 8 * pow(fc / 1e9, 0.1) * pow(fg / 1e9, 0.5) * pow(fm / 1e9, 0.2);
                fprintf(file,
                        "xavier-nx,resnet50,infer,fp32,1,VDD_IN,%.0f,%.0f,%.0f,%.12g,,%.12g,\n", fc,
                        fg, fm, t, p);
            }
    fclose(file);
    char name[64];
    snprintf(name, sizeof name, "grid:%s", path);
    struct vb_physics *physics = vb_physics_open(name, board, 1, &error);
    if (!physics)
        fail_msg("%s", error.message);
    struct vb_request request;
    vb_request_parse("dnn=resnet50", &request, &error);
    const struct vb_task *task = physics->type->task(physics, &request, &error);
    assert_non_null(task);
    static const int tries[][3] = {{4, 1, 2}, {12, 8, 5}, {15, 6, 3}, {22, 11, 6}, {24, 14, 7}};
    for (size_t i = 0; i < TDM_COUNT(tries); i++) {
        struct vb_setting setting = {.cores = 1, .leakage = 1};
        memcpy(setting.opps.at, tries[i], sizeof tries[i]);
        struct vb_effect effect;
        physics->type->run(physics, task, &setting, &effect);
        const double fc = board->domain[TDM_CPU]->opps[tries[i][0]].hz / 1e9;
        const double fg = board->domain[TDM_GPU]->opps[tries[i][1]].hz / 1e9;
        const double fm = board->domain[TDM_EMC]->opps[tries[i][2]].hz / 1e9;
        const double t = 0.05 * pow(fc, -0.2) * pow(fg, -0.6) * pow(fm, -0.1);
        const double p = 8 * pow(fc, 0.1) * pow(fg, 0.5) * pow(fm, 0.2);
        assert_true(fabs(effect.time / t - 1) < 1e-4);
        assert_true(fabs(tdm_watts_sum(&effect.watts) / p - 1) < 1e-4);
    }
    // Outside of it clocks are clamped.
    struct vb_setting low = {.cores = 1, .leakage = 1}, edge = low;
    memcpy(edge.opps.at, (int[]){4, 1, 2}, sizeof edge.opps.at);
    struct vb_effect outside, inside;
    physics->type->run(physics, task, &low, &outside);
    physics->type->run(physics, task, &edge, &inside);
    assert_true(outside.time == inside.time);
    assert_null(physics->type->task(physics, &(struct vb_request){.dnn = "vgg19"}, &error));
    physics->type->free(physics);
    tdm_board_free(board);
    remove(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_work_takes_what_the_model_says),
        cmocka_unit_test(test_a_clock_that_changes_in_the_middle),
        cmocka_unit_test(test_clocks_settle_in_their_time),
        cmocka_unit_test(test_warms_up_as_an_rc),
        cmocka_unit_test(test_energy_is_the_integral_of_power),
        cmocka_unit_test(test_sensors_add_up_to_the_energy),
        cmocka_unit_test(test_heat_throttles),
        cmocka_unit_test(test_other_is_additive),
        cmocka_unit_test(test_grid_is_exact_for_power_laws),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

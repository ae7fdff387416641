// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A physics of another form than the simulator's, so that what is calibrated and validated on it is
 * not checked against itself. Nothing in it is fitted; all constants are assumed:
 *
 *     T = F / (a f_gpu) + Q / (b f_emc) + K / (c f_cpu) + d        additive, no overlap
 *     P = p0 + sum of p_x (f_x / top)^3 (rest_x + use_x) + leakage   cubic in the clocks
 *
 * with `a` 45 % of the data sheet's FLOP a cycle, `b` 70 % of the bandwidth a cycle, `c` one kernel
 * in 20,000 CPU cycles, d = 0.5 ms; F twice as fast in fp16, three times as much in training.
 * Bursts of interference, 0.1 to 0.4 s long and 4 s apart on average, make work take 30 % longer.
 * Its sink is worse than the board's file says by 15 %, and 40 % heavier.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/extremes.h"
#include "core/random.h"
#include "hil/vboard/physics.h"
#include "model/dnn.h"

static const double gpu_efficiency = 0.45, memory_efficiency = 0.7, kernel_cycles = 20e3;
static const double fixed_time = 0.5e-3, burst_gap = 4, burst_slow = 1.3;
// Shares of pmax: fixed, cpu, gpu, memory at their tops and busy, leakage.
static const double share_fixed = 0.15, share_cpu = 0.2, share_gpu = 0.4, share_memory = 0.2,
                    share_leakage = 0.05;
static const double rest_cpu = 0.15, rest_gpu = 0.1, rest_memory = 0.35;

enum { MOST_TASKS = 256 };

struct vb_task {
    struct vb_request request;
    double gpu, memory, cpu; // s at the top clocks
};

struct other {
    struct vb_physics base;
    struct tdm_thermal thermal;
    struct tdm_random random;
    double burst_start, burst_end; // s
    struct vb_task *tasks[MOST_TASKS];
    int task_count;
};

static double top_of(const struct tdm_board *board, int domain)
{
    const struct tdm_domain_info *info = board->domain[domain];
    return info->opps[info->opp_count - 1].hz;
}

static double over_top(const struct tdm_board *board, const struct vb_setting *setting, int domain)
{
    return board->domain[domain]->opps[setting->opps.at[domain]].hz / top_of(board, domain);
}

static void next_burst(struct other *other)
{
    other->burst_start = other->burst_end + tdm_random_exponential(&other->random, burst_gap);
    other->burst_end = other->burst_start + 0.1 + 0.3 * tdm_random_uniform(&other->random);
}

static struct vb_physics *other_open(const struct tdm_board *board, const char *argument,
                                     uint64_t seed, struct tdm_error *error)
{
    struct other *other = argument || !board->thermal_count ? NULL : calloc(1, sizeof *other);
    if (!other) {
        tdm_fail(error, "the physics 'other' takes no argument, and a board with a thermal model");
        return NULL;
    }
    other->thermal = board->thermals[0];
    other->thermal.resistance *= 1.15;
    other->thermal.capacity *= 1.4;
    other->base = (struct vb_physics){&vb_physics_other, board, &other->thermal};
    tdm_random_seed(&other->random, seed, "vboard bursts", 0);
    next_burst(other);
    return &other->base;
}

static void other_free(struct vb_physics *physics)
{
    struct other *other = (struct other *)physics;
    for (int i = 0; i < other->task_count; i++)
        free(other->tasks[i]);
    free(other);
}

static int estimate(const struct tdm_board *board, const struct vb_request *request,
                    struct vb_task *task, struct tdm_error *error)
{
    const struct tdm_processor *processor = tdm_board_processor(board, request->processor);
    if (!processor)
        return tdm_fail(error, "the board has no processor '%s'", request->processor);
    struct tdm_dnn *dnn = tdm_dnn_load(request->dnn, error);
    if (!dnn)
        return -1;
    const struct tdm_domain_info *emc = board->domain[TDM_EMC];
    const double bandwidth = emc->opps[emc->opp_count - 1].bandwidth;
    const double much = (strcmp(request->mode, "train") == 0 ? 3 : 1) * request->batch;
    const double narrow = strcmp(request->precision, "fp16") == 0 ? 0.5 : 1;
    const double compute = much * narrow * dnn->flop / (gpu_efficiency * processor->peak);
    const bool on_cpu = strcmp(request->processor, "cpu") == 0;
    task->gpu = on_cpu ? 0 : compute;
    task->memory = much * narrow * dnn->bytes / (memory_efficiency * bandwidth);
    task->cpu = dnn->kernels * kernel_cycles / top_of(board, TDM_CPU) + (on_cpu ? compute : 0);
    tdm_dnn_free(dnn);
    return 0;
}

static const struct vb_task *other_task(struct vb_physics *physics,
                                        const struct vb_request *request, struct tdm_error *error)
{
    struct other *other = (struct other *)physics;
    for (int i = 0; i < other->task_count; i++) {
        const struct vb_request *known = &other->tasks[i]->request;
        if (strcmp(known->dnn, request->dnn) == 0 && strcmp(known->mode, request->mode) == 0 &&
            strcmp(known->precision, request->precision) == 0 && known->batch == request->batch &&
            strcmp(known->processor, request->processor) == 0)
            return other->tasks[i];
    }
    struct vb_task *task = calloc(1, sizeof *task);
    if (other->task_count == MOST_TASKS || !task)
        tdm_fail(error, "more than %d kinds of work", MOST_TASKS);
    else if (estimate(physics->board, request, task, error) == 0) {
        task->request = *request;
        return other->tasks[other->task_count++] = task;
    }
    free(task);
    return NULL;
}

static double cube(double x)
{
    return x * x * x;
}

static void watts_at(const struct vb_physics *physics, const struct vb_setting *setting,
                     const double use[TDM_DOMAINS], struct tdm_watts *watts)
{
    const struct tdm_board *board = physics->board;
    const double p = board->pmax;
    const double c = cube(over_top(board, setting, TDM_CPU));
    const double g = cube(over_top(board, setting, TDM_GPU));
    const double m = cube(over_top(board, setting, TDM_EMC));
    *watts = (struct tdm_watts){
        .fixed = share_fixed * p,
        .cpu = share_cpu * p * c * (rest_cpu * setting->cores + use[TDM_CPU] + setting->cpu_busy),
        .gpu = share_gpu * p * g * (rest_gpu + use[TDM_GPU]),
        .memory = share_memory * p * m * (rest_memory + use[TDM_EMC]),
        .leakage = share_leakage * p * setting->leakage};
}

static void other_run(struct vb_physics *physics, const struct vb_task *task,
                      const struct vb_setting *setting, struct vb_effect *effect)
{
    const struct other *other = (const struct other *)physics;
    const struct tdm_board *board = physics->board;
    const bool on_cpu = task->gpu == 0;
    const double tc = task->cpu / over_top(board, setting, TDM_CPU) / (on_cpu ? setting->cores : 1);
    const double tg = task->gpu / over_top(board, setting, TDM_GPU);
    const double tm = task->memory / over_top(board, setting, TDM_EMC);
    const bool burst = setting->now >= other->burst_start && setting->now < other->burst_end;
    const double total = tc + tg + tm + fixed_time;
    *effect = (struct vb_effect){.time = total * (burst ? burst_slow : 1)};
    effect->uc = on_cpu ? 1 : tc / total;
    effect->ug = on_cpu ? 0 : (tg + tm) / total; // a GPU that waits for memory is busy
    effect->um = tm / total;
    // Of the GPU's power, what waits for memory draws half; one thread's launches one core.
    const double cores = (double)board->domain[TDM_CPU]->cores;
    const double use[TDM_DOMAINS] = {on_cpu ? setting->cores : effect->uc / cores,
                                     on_cpu ? 0 : (tg + tm / 2) / total, effect->um};
    watts_at(physics, setting, use, &effect->watts);
}

static void other_idle(struct vb_physics *physics, const struct vb_setting *setting,
                       struct tdm_watts *watts)
{
    const double use[TDM_DOMAINS] = {0, 0, 0};
    watts_at(physics, setting, use, watts);
}

static double other_until(struct vb_physics *physics, double now)
{
    struct other *other = (struct other *)physics;
    while (now >= other->burst_end)
        next_burst(other);
    return now < other->burst_start ? other->burst_start : other->burst_end;
}

const struct vb_physics_type vb_physics_other = {
    "other",    "additive latency with bursts, cubic power: not the simulator's form",
    other_open, other_free,
    other_task, other_run,
    other_idle, other_until};

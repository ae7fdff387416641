// SPDX-License-Identifier: GPL-3.0-or-later
/** The simulator's own model: the fits of the board's file. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "hil/vboard/physics.h"
#include "model/dnn.h"

enum { MOST_TASKS = 256 };

struct vb_task {
    struct vb_request request;
    struct tdm_fit fit;
    double gap; // W of total rails that the fit does not cover
    bool on_cpu;
};

struct model {
    struct vb_physics base;
    const struct tdm_power *rest; // what idles
    double rest_gap;
    struct vb_task *tasks[MOST_TASKS];
    int task_count;
};

// ---- what the members share
// ----------------------------------------------------------------------

// A processor other than the gpu by its own coefficients, as model/costs.c has it.
static void own_fit(const struct tdm_processor *processor, const struct tdm_dnn *dnn,
                    struct tdm_fit *fit)
{
    struct tdm_fit own = {.latency = fit->latency,
                          .power = fit->power,
                          .overlap = 4,
                          .concurrency = 4,
                          .traffic = dnn->bytes / processor->bandwidth};
    *(processor->domain == TDM_GPU ? &own.compute : &own.launch) = dnn->flop / processor->flop;
    *fit = own;
}

// The measured fit, or the default in units of one FLOP, one byte and one kernel.
static const struct tdm_fit *find_fit(const struct tdm_board *board,
                                      const struct vb_request *request, bool *unit)
{
    const struct tdm_fit *fit =
        tdm_fit_find(board, request->dnn, request->mode, request->precision, request->batch);
    *unit = !fit || !fit->power;
    if (!*unit)
        return fit;
    fit = tdm_fit_find(board, TDM_FIT_DEFAULT, request->mode, request->precision, request->batch);
    return fit && fit->power ? fit : NULL;
}

int vb_model_fit(const struct tdm_board *board, const struct vb_request *request,
                 struct tdm_fit *fit, struct tdm_error *error)
{
    const struct tdm_processor *processor = tdm_board_processor(board, request->processor);
    bool unit;
    const struct tdm_fit *found = find_fit(board, request, &unit);
    const bool gpu = strcmp(request->processor, "gpu") == 0;
    if (!processor)
        return tdm_fail(error, "the board has no processor '%s'", request->processor);
    if (!found)
        return tdm_fail(error, "the board has no fit for %s/%s/%s/%d, and no default for it",
                        request->dnn, request->mode, request->precision, request->batch);
    *fit = *found;
    if (!unit && gpu)
        return 0;
    struct tdm_dnn *dnn = tdm_dnn_load(request->dnn, error);
    if (!dnn)
        return -1;
    if (gpu)
        tdm_fit_scale(found, dnn->flop, dnn->bytes, dnn->kernels, fit);
    else
        own_fit(processor, dnn, fit);
    tdm_dnn_free(dnn);
    return 0;
}

void vb_model_idle(const struct tdm_board *board, const struct tdm_power *power,
                   const struct vb_setting *setting, struct tdm_watts *watts)
{
    const struct tdm_supply supply = tdm_supply_at(board, power, setting->opps);
    const struct tdm_conditions conditions = {.cores = setting->cores,
                                              .leakage_factor = setting->leakage,
                                              .load = {.cpu = setting->cpu_busy}};
    *watts = tdm_power_idle(power, &supply, &conditions);
}

void vb_model_run(const struct tdm_board *board, const struct tdm_fit *fit, bool on_cpu,
                  const struct vb_setting *setting, struct vb_effect *effect)
{
    struct tdm_speed speed = tdm_speed_at(board, fit->latency, setting->opps);
    if (on_cpu)
        speed.cpu *= setting->cores; // its coefficients are those of all cores
    const struct tdm_times times = tdm_latency_at(fit, fit->latency, &speed);
    const struct tdm_supply supply = tdm_supply_at(board, fit->power, setting->opps);
    const struct tdm_conditions conditions = {.cores = setting->cores,
                                              .leakage_factor = setting->leakage,
                                              .load = {.cpu = setting->cpu_busy}};
    *effect = (struct vb_effect){
        times.total, on_cpu ? 1 : times.uc, on_cpu ? 0 : times.ug, times.um, {0}};
    if (on_cpu) {
        struct vb_setting busy = *setting;
        busy.cpu_busy = setting->cores;
        vb_model_idle(board, fit->power, &busy, &effect->watts);
    } else
        effect->watts = tdm_power_run(fit, fit->power, &supply, &times, &conditions);
}

// ---- the member
// ----------------------------------------------------------------------------------

static void model_free(struct vb_physics *physics)
{
    struct model *model = (struct model *)physics;
    for (int i = 0; i < model->task_count; i++)
        free(model->tasks[i]);
    free(model);
}

static struct vb_physics *model_open(const struct tdm_board *board, const char *argument,
                                     uint64_t seed, struct tdm_error *error)
{
    (void)seed;
    if (argument)
        tdm_fail(error, "the physics 'model' takes no argument");
    else if (!board->power_count || !board->thermal_count)
        tdm_fail(error, "the board '%s' has no model of its power and heat", board->name);
    else {
        struct model *model = calloc(1, sizeof *model);
        if (model) {
            model->base = (struct vb_physics){&vb_physics_model, board, &board->thermals[0]};
            model->rest = &board->powers[0];
            model->rest_gap = tdm_board_rails_gap(board, model->rest->rails, NULL);
            return &model->base;
        }
        tdm_fail(error, "out of memory");
    }
    return NULL;
}

static const struct vb_task *model_task(struct vb_physics *physics,
                                        const struct vb_request *request, struct tdm_error *error)
{
    struct model *model = (struct model *)physics;
    struct vb_request key = *request;
    key.share = 1;
    for (int i = 0; i < model->task_count; i++) {
        const struct vb_request *other = &model->tasks[i]->request;
        if (strcmp(other->dnn, key.dnn) == 0 && strcmp(other->mode, key.mode) == 0 &&
            strcmp(other->precision, key.precision) == 0 && other->batch == key.batch &&
            strcmp(other->processor, key.processor) == 0)
            return model->tasks[i];
    }
    struct vb_task *task = calloc(1, sizeof *task);
    if (model->task_count == MOST_TASKS || !task)
        tdm_fail(error, "more than %d kinds of work", MOST_TASKS);
    else if (vb_model_fit(physics->board, &key, &task->fit, error) == 0) {
        task->request = key;
        task->on_cpu = strcmp(key.processor, "cpu") == 0;
        task->gap = tdm_board_rails_gap(physics->board, task->fit.power->rails, NULL);
        return model->tasks[model->task_count++] = task;
    }
    free(task);
    return NULL;
}

static void model_run(struct vb_physics *physics, const struct vb_task *task,
                      const struct vb_setting *setting, struct vb_effect *effect)
{
    vb_model_run(physics->board, &task->fit, task->on_cpu, setting, effect);
    effect->watts.fixed += task->gap;
}

static void model_idle(struct vb_physics *physics, const struct vb_setting *setting,
                       struct tdm_watts *watts)
{
    const struct model *model = (const struct model *)physics;
    vb_model_idle(physics->board, model->rest, setting, watts);
    watts->fixed += model->rest_gap;
}

const struct vb_physics_type vb_physics_model = {
    "model",    "the simulator's own forms and the fits of the board's file",
    model_open, model_free,
    model_task, model_run,
    model_idle, NULL};

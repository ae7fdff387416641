// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Work that takes as long as the model says at the clocks in force: for boards and networks without
 * a runtime. It sleeps, so what the sensors show meanwhile is the board's rest.
 */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "hil/agent/executor.h"
#include "model/dnn.h"
#include "model/latency.h"
#include "model/power.h"

struct emulated {
    struct tdm_executor base;
    struct tdm_hw *hw;
};

static struct tdm_executor *emulated_open(const struct tdm_executor_setup *setup,
                                          struct tdm_error *error)
{
    struct emulated *e = calloc(1, sizeof *e);
    if (!e) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    *e = (struct emulated){{.type = &tdm_executor_emulated}, setup->hw};
    return &e->base;
}

static void emulated_close(struct tdm_executor *executor)
{
    free(executor);
}

// The OPP of the board's file that is nearest to what is in force; the top one where nobody knows.
static int opp_now(const struct emulated *e, enum tdm_domain domain)
{
    static const char *const knobs[TDM_DOMAINS] = {"cpu-now", "gpu-now", "emc-rate"};
    const struct tdm_domain_info *info = tdm_hw_board(e->hw)->domain[domain];
    double hz;
    int nearest = (int)info->opp_count - 1;
    if (tdm_hw_first(e->hw, knobs[domain], &hz))
        return nearest;
    for (int i = 0; i < (int)info->opp_count; i++)
        if (fabs(info->opps[i].hz - hz) < fabs(info->opps[nearest].hz - hz))
            nearest = i;
    return nearest;
}

// The measured fit, or the board's default for what the network's file says of it.
static int find_fit(const struct tdm_board *board, const struct tdm_vwork_job *work,
                    struct tdm_fit *fit, struct tdm_error *error)
{
    const char *mode = work->mode ? work->mode : "infer";
    const char *precision = work->precision ? work->precision : "fp32";
    const int batch = work->batch ? work->batch : 1;
    const struct tdm_fit *found = tdm_fit_find(board, work->dnn, mode, precision, batch);
    if (found) {
        *fit = *found;
        return 0;
    }
    found = tdm_fit_find(board, TDM_FIT_DEFAULT, mode, precision, batch);
    if (!found)
        return tdm_fail(error, "the board has no fit for %s/%s/%s/%d, and no default for it",
                        work->dnn, mode, precision, batch);
    struct tdm_dnn *dnn = tdm_dnn_load(work->dnn, error);
    if (!dnn)
        return -1;
    tdm_fit_scale(found, dnn->flop, dnn->bytes, dnn->kernels, fit);
    tdm_dnn_free(dnn);
    return 0;
}

static int time_of(const struct emulated *e, const struct tdm_vwork_job *work, double *seconds,
                   struct tdm_error *error)
{
    const struct tdm_board *board = tdm_hw_board(e->hw);
    struct tdm_opps opps;
    struct tdm_fit fit;
    for (int d = 0; d < TDM_DOMAINS; d++)
        opps.at[d] = opp_now(e, (enum tdm_domain)d);
    if (!work->dnn) {
        const struct tdm_domain_info *cpu = board->domain[TDM_CPU];
        *seconds =
            work->cpu_time * cpu->opps[cpu->opp_count - 1].hz / cpu->opps[opps.at[TDM_CPU]].hz;
        return 0;
    }
    if (work->processor && strcmp(work->processor, "gpu") != 0)
        return tdm_fail(error, "only the gpu is emulated, not '%.32s'", work->processor);
    if (find_fit(board, work, &fit, error))
        return -1;
    const struct tdm_speed speed = tdm_speed_at(board, fit.latency, opps);
    *seconds = work->share * tdm_latency_at(&fit, fit.latency, &speed).total;
    return 0;
}

static int emulated_run(struct tdm_executor *executor, const struct tdm_vwork_job *work,
                        double *seconds, struct tdm_error *error)
{
    double took;
    if (time_of((struct emulated *)(void *)executor, work, &took, error))
        return -1;
    struct timespec left = {(time_t)took, (long)(1e9 * (took - floor(took)))};
    while (nanosleep(&left, &left) && errno == EINTR)
        if (executor->stop && atomic_load(executor->stop))
            return tdm_fail(error, "it was given up");
    if (seconds)
        *seconds = took;
    return 0;
}

const struct tdm_executor_type tdm_executor_emulated = {
    .name = "emulated",
    .summary = "sleeps for as long as the board's model says at the clocks in force",
    .open = emulated_open,
    .close = emulated_close,
    .run = emulated_run};

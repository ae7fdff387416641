// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Real inference on this machine, by ONNX Runtime: extractor and local part of the network that
 * stands beside its file. A share of a network is no stage of it: only all of it can be run, and
 * plans that share the work go through tdm_inferrer.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/error.h"
#include "hil/agent/executor.h"
#include "hil/board/sensors.h"

struct onnx {
    struct tdm_executor base;
    struct tdm_networks *networks;
    uint64_t picture;
};

static struct tdm_executor *onnx_open(const struct tdm_executor_setup *setup,
                                      struct tdm_error *error)
{
    struct onnx *o = calloc(1, sizeof *o);
    if (!o) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    *o = (struct onnx){{.type = &tdm_executor_onnx}, setup->networks, 0};
    return &o->base;
}

static void onnx_close(struct tdm_executor *executor)
{
    free(executor);
}

static double thread_time(void)
{
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int check_work(const struct tdm_vwork_job *work, struct tdm_error *error)
{
    if (work->processor && strcmp(work->processor, "gpu") != 0 &&
        strcmp(work->processor, "cpu") != 0)
        return tdm_fail(error, "real inference runs where --provider says, not on '%.32s'",
                        work->processor);
    if (work->batch > 1)
        return tdm_fail(error, "real inference runs one request at a time, no batch of %d",
                        work->batch);
    if (work->mode && strcmp(work->mode, "infer") != 0)
        return tdm_fail(error, "real inference cannot '%.32s'", work->mode);
    if (work->share < 1)
        return tdm_fail(error,
                        "%.3g of '%.64s' is no stage that can really be run: all of it, or a whole "
                        "plan under 'live:'",
                        work->share, work->dnn);
    return 0;
}

static int run_network(struct onnx *o, const char *dnn, struct tdm_error *error)
{
    int label;
    struct tdm_split *split = tdm_networks_split(o->networks, dnn, error);
    const uint8_t *picture =
        split ? tdm_networks_picture(o->networks, split, o->picture++, &label, error) : NULL;
    if (!picture || tdm_split_extract(split, picture, error))
        return -1;
    tdm_split_choose(split, 0);
    return tdm_split_local(split, error);
}

static int onnx_run(struct tdm_executor *executor, const struct tdm_vwork_job *work,
                    double *seconds, struct tdm_error *error)
{
    const double from = tdm_sensors_now(), used = thread_time();
    if (work->dnn) {
        if (check_work(work, error) ||
            run_network((struct onnx *)(void *)executor, work->dnn, error))
            return -1;
    } else {
        while (thread_time() - used < work->cpu_time) // keeps a core busy: that is the work
            if (executor->stop && atomic_load(executor->stop))
                return tdm_fail(error, "it was given up");
    }
    if (seconds)
        *seconds = tdm_sensors_now() - from;
    return 0;
}

const struct tdm_executor_type tdm_executor_onnx = {
    .name = "onnx",
    .summary = "ONNX Runtime really computes networks whose stages stand here",
    .computes = true,
    .asked = true,
    .open = onnx_open,
    .close = onnx_close,
    .run = onnx_run};

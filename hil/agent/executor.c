// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/executor.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

const struct tdm_executor_type *const tdm_executor_types[] = {
    &tdm_executor_vboard, &tdm_executor_onnx, &tdm_executor_emulated, NULL};

struct tdm_executor *tdm_executor_open(const char *name, const struct tdm_executor_setup *setup,
                                       struct tdm_error *error)
{
    struct tdm_nearest nearest;
    error->message[0] = '\0';
    if (name)
        tdm_nearest_start(&nearest, name);
    for (const struct tdm_executor_type *const *type = tdm_executor_types; *type; type++) {
        if (name && strcmp(name, (*type)->name) != 0) {
            tdm_nearest_try(&nearest, (*type)->name);
            continue;
        }
        if (!name && (*type)->asked)
            continue;
        struct tdm_executor *executor = (*type)->open(setup, error);
        if (executor)
            return executor;
        if (name && !error->message[0])
            tdm_fail(error, "the executor '%s' has nothing to run on here", name);
        if (error->message[0])
            return NULL;
    }
    if (name)
        tdm_fail(error, "there is no executor '%.64s'%s", name, tdm_nearest_hint(&nearest));
    else
        tdm_fail(error, "no executor can run here");
    return NULL;
}

// ---- a virtual board ---------------------------------------------------------------------------

struct vboard {
    struct tdm_executor base;
    const char *root;
    struct tdm_vwork *work; // NULL: to be opened anew
};

static struct tdm_executor *vboard_open(const struct tdm_executor_setup *setup,
                                        struct tdm_error *error)
{
    struct tdm_vwork *work = tdm_vwork_open(setup->root);
    if (!work)
        return NULL;
    struct vboard *v = calloc(1, sizeof *v);
    if (!v) {
        tdm_vwork_close(work);
        tdm_fail(error, "out of memory");
        return NULL;
    }
    *v = (struct vboard){{.type = &tdm_executor_vboard}, setup->root, work};
    return &v->base;
}

static void vboard_close(struct tdm_executor *executor)
{
    struct vboard *v = (struct vboard *)(void *)executor;
    tdm_vwork_close(v->work);
    free(v);
}

static int vboard_run(struct tdm_executor *executor, const struct tdm_vwork_job *work,
                      double *seconds, struct tdm_error *error)
{
    struct vboard *v = (struct vboard *)(void *)executor;
    if (!v->work)
        v->work = tdm_vwork_open(v->root);
    if (!v->work)
        return tdm_fail(error, "the virtual board has gone away");
    tdm_vwork_heed(v->work, executor->stop);
    const int status = tdm_vwork_run(v->work, work, seconds, error);
    if (status) { // an answer that comes late would be taken for the next one's
        tdm_vwork_close(v->work);
        v->work = NULL;
    }
    return status;
}

const struct tdm_executor_type tdm_executor_vboard = {
    .name = "vboard",
    .summary = "a virtual board (tandem-vboard) does it, in its own time",
    .open = vboard_open,
    .close = vboard_close,
    .run = vboard_run};

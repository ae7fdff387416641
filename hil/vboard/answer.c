// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdio.h>
#include <string.h>

#include "hil/vboard/serve.h"

static bool reported(struct vb_machine *machine, struct vb_job *job, char *answer, size_t size,
                     bool (*given_up)(void *context), void *context)
{
    const bool done = vb_job_wait(machine, job, given_up, context);
    if (done)
        snprintf(answer, size, "seconds=%.9f\n", job->took);
    else
        snprintf(answer, size, "error=given up\n");
    return done;
}

void vb_answer(struct vb_machine *machine, const char *line, char *answer, size_t size,
               bool (*given_up)(void *context), void *context)
{
    struct tdm_error error = {0};
    pthread_mutex_lock(&machine->lock);
    struct vb_job *job = vb_job_start(machine, line, &error);
    if (!job)
        snprintf(answer, size, "error=%.400s\n", error.message);
    else {
        reported(machine, job, answer, size, given_up, context);
        vb_job_end(machine, job);
    }
    pthread_mutex_unlock(&machine->lock);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Works that an executor reports, and waiting for them. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/extremes.h"
#include "core/units.h"
#include "hil/vboard/machine.h"

// Of single works: the noise floor of measured latencies is 0.1 to 0.2 % (facts, E.7).
static const double latency_jitter = 0.002;
// How often a sleeper looks whether it is still wanted, s.
static const double patience = 0.05;

struct vb_job *vb_job_start(struct vb_machine *machine, const char *line, struct tdm_error *error)
{
    struct vb_job *job = calloc(1, sizeof *job);
    if (!job) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    struct vb_request *request = &job->request;
    if (vb_request_parse(line, request, error))
        goto failed;
    job->domain = TDM_CPU;
    job->left = request->cpu_time;
    if (!request->cpu_only) {
        job->task = machine->physics->type->task(machine->physics, request, error);
        if (!job->task)
            goto failed;
        job->domain = strcmp(request->processor, "cpu") == 0 ? TDM_CPU : TDM_GPU;
        job->left = request->share;
    }
    vb_advance(machine);
    job->factor = exp(machine->noise * latency_jitter * tdm_random_normal(&machine->random));
    job->started = machine->now;
    job->done = !(job->left > 0);
    job->next = machine->jobs;
    machine->jobs = job;
    machine->gpu.idle_since = INFINITY;
    pthread_cond_broadcast(&machine->changed); // the others are slower from now on
    return job;
failed:
    free(job);
    return NULL;
}

void vb_job_end(struct vb_machine *machine, struct vb_job *job)
{
    struct vb_job **at = &machine->jobs;
    while (*at && *at != job)
        at = &(*at)->next;
    if (*at)
        *at = job->next;
    free(job);
    pthread_cond_broadcast(&machine->changed);
}

static struct timespec moment(double seconds)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    const double whole = floor(seconds);
    now.tv_sec += (time_t)whole;
    now.tv_nsec += (long)((seconds - whole) * 1e9);
    if (now.tv_nsec >= 1000000000) {
        now.tv_nsec -= 1000000000;
        now.tv_sec++;
    }
    return now;
}

bool vb_job_wait(struct vb_machine *machine, struct vb_job *job, bool (*given_up)(void *context),
                 void *context)
{
    for (;;) {
        vb_advance(machine);
        if (job->done)
            return true;
        if (machine->stopping || (given_up && given_up(context)))
            return false;
        const double rate = vb_job_rate(machine, job);
        double left = rate > 0 ? job->left / rate : patience;
        // What changes by itself may change the pace.
        left = tdm_smaller(left, tdm_larger(1e-4, vb_next_event(machine) - machine->now));
        const struct timespec until = moment(tdm_smaller(left + 2e-6, patience));
        pthread_cond_timedwait(&machine->changed, &machine->lock, &until);
    }
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/board/timely.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// Owned by both, the thread and who waits for it; who leaves last frees it.
struct job {
    pthread_mutex_t lock;
    pthread_cond_t over;
    int owners;
    bool done;
    struct tdm_hw *hw;
    struct tdm_spot spot;
    bool put; // else: read
    char text[TDM_KNOB_TEXT];
    int result;
};

static void leave(struct job *job)
{
    pthread_mutex_lock(&job->lock);
    const bool last = --job->owners == 0;
    pthread_mutex_unlock(&job->lock);
    if (!last)
        return;
    tdm_hw_close(job->hw);
    pthread_cond_destroy(&job->over);
    pthread_mutex_destroy(&job->lock);
    free(job);
}

static void *work(void *context)
{
    struct job *job = context;
    char text[TDM_KNOB_TEXT];
    memcpy(text, job->text, sizeof text);
    const int result = job->put ? tdm_hw_put(job->hw, &job->spot, text)
                                : tdm_hw_text(job->hw, &job->spot, text, sizeof text);
    pthread_mutex_lock(&job->lock);
    memcpy(job->text, text, sizeof text);
    job->result = result;
    job->done = true;
    pthread_cond_signal(&job->over);
    pthread_mutex_unlock(&job->lock);
    leave(job);
    return NULL;
}

static struct job *job_new(struct tdm_hw *hw, const struct tdm_spot *spot)
{
    struct job *job = calloc(1, sizeof *job);
    if (!job)
        return NULL;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&job->over, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&job->lock, NULL);
    job->owners = 2;
    job->hw = tdm_hw_share(hw);
    job->spot = *spot;
    return job;
}

static struct timespec after(double seconds)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    const double whole = floor(seconds);
    time.tv_sec += (time_t)whole;
    time.tv_nsec += (long)((seconds - whole) * 1e9);
    if (time.tv_nsec >= 1000000000) {
        time.tv_sec++;
        time.tv_nsec -= 1000000000;
    }
    return time;
}

// Has a thread do it, and waits. `text`: what was read; may be NULL.
static int run(struct job *job, char *text, double seconds)
{
    pthread_t thread;
    const struct timespec end = after(seconds);
    const int failed = pthread_create(&thread, NULL, work, job);
    if (failed) {
        job->owners = 1;
        leave(job);
        return -failed;
    }
    pthread_detach(thread);
    pthread_mutex_lock(&job->lock);
    int waited = 0;
    while (!job->done && !waited)
        waited = pthread_cond_timedwait(&job->over, &job->lock, &end);
    const int result = job->done ? job->result : -ETIMEDOUT;
    if (job->done && text)
        memcpy(text, job->text, TDM_KNOB_TEXT);
    pthread_mutex_unlock(&job->lock);
    leave(job);
    return result;
}

int tdm_timely_put(struct tdm_hw *hw, const struct tdm_spot *spot, const char *text, double seconds)
{
    if (strlen(text) >= TDM_KNOB_TEXT)
        return -EINVAL;
    struct job *job = job_new(hw, spot);
    if (!job)
        return -ENOMEM;
    job->put = true;
    snprintf(job->text, sizeof job->text, "%s", text);
    return run(job, NULL, seconds);
}

int tdm_timely_text(struct tdm_hw *hw, const struct tdm_spot *spot, char text[TDM_KNOB_TEXT],
                    double seconds)
{
    struct job *job = job_new(hw, spot);
    return job ? run(job, text, seconds) : -ENOMEM;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/keeper.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>

enum state { IDLE, TAKE, PUT_BACK, DONE, ENDING };

struct tdm_keeper {
    struct tdm_hw *hw;
    struct tdm_worker *worker;
    int ready; // eventfd
    pthread_t thread;
    pthread_mutex_t lock; // of what follows
    pthread_cond_t changed;
    enum state state;
    struct tdm_hold_options options;
    struct tdm_hold *hold; // to be put back
    struct tdm_kept kept;
};

static void carry_out(struct tdm_keeper *k, enum state job, struct tdm_kept *kept)
{
    *kept = (struct tdm_kept){0};
    if (job == TAKE) {
        kept->hold = tdm_hold_start(k->hw, &k->options, &kept->error);
        return;
    }
    tdm_worker_let_go(k->worker);
    kept->wrong = tdm_hold_end(k->hold);
}

static void *work(void *context)
{
    struct tdm_keeper *k = context;
    pthread_mutex_lock(&k->lock);
    while (k->state != ENDING) {
        if (k->state != TAKE && k->state != PUT_BACK) {
            pthread_cond_wait(&k->changed, &k->lock);
            continue;
        }
        const enum state job = k->state;
        pthread_mutex_unlock(&k->lock);
        struct tdm_kept kept;
        carry_out(k, job, &kept);
        pthread_mutex_lock(&k->lock);
        k->kept = kept;
        k->state = DONE;
        eventfd_write(k->ready, 1);
        pthread_cond_broadcast(&k->changed);
    }
    pthread_mutex_unlock(&k->lock);
    return NULL;
}

struct tdm_keeper *tdm_keeper_start(struct tdm_hw *hw, struct tdm_worker *worker, int ready)
{
    struct tdm_keeper *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    *k = (struct tdm_keeper){.hw = hw, .worker = worker, .ready = ready};
    pthread_mutex_init(&k->lock, NULL);
    pthread_cond_init(&k->changed, NULL);
    if (pthread_create(&k->thread, NULL, work, k) == 0)
        return k;
    free(k);
    return NULL;
}

void tdm_keeper_stop(struct tdm_keeper *k)
{
    if (!k)
        return;
    pthread_mutex_lock(&k->lock);
    assert(k->state == IDLE);
    k->state = ENDING;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
    pthread_join(k->thread, NULL);
    pthread_mutex_destroy(&k->lock);
    pthread_cond_destroy(&k->changed);
    free(k);
}

static void give(struct tdm_keeper *k, enum state job)
{
    assert(k->state == IDLE);
    k->state = job;
    pthread_cond_broadcast(&k->changed);
}

void tdm_keeper_take(struct tdm_keeper *k, const struct tdm_hold_options *options)
{
    pthread_mutex_lock(&k->lock);
    k->options = *options;
    give(k, TAKE);
    pthread_mutex_unlock(&k->lock);
}

void tdm_keeper_put_back(struct tdm_keeper *k, struct tdm_hold *hold)
{
    pthread_mutex_lock(&k->lock);
    k->hold = hold;
    give(k, PUT_BACK);
    pthread_mutex_unlock(&k->lock);
}

bool tdm_keeper_done(struct tdm_keeper *k, bool wait, struct tdm_kept *kept)
{
    pthread_mutex_lock(&k->lock);
    while (wait && (k->state == TAKE || k->state == PUT_BACK))
        pthread_cond_wait(&k->changed, &k->lock);
    const bool done = k->state == DONE;
    if (done) {
        *kept = k->kept;
        k->state = IDLE;
    }
    pthread_mutex_unlock(&k->lock);
    return done;
}

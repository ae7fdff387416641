// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/shares.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

static double rate(const struct tdm_shares *s)
{
    return (double)s->count <= s->slots ? 1 : s->slots / (double)s->count;
}

static double next_outage(const struct tdm_shares *s)
{
    if (!s->where || s->outage >= s->where->outage_count)
        return INFINITY;
    const struct tdm_scenario_outage *outage = s->where->outages[s->outage];
    return s->away ? outage->until : outage->from;
}

static double next_done(const struct tdm_shares *s)
{
    if (!s->count || s->away)
        return INFINITY;
    return s->now + fmax(0, s->heap[0].finish - s->virtual_now) / rate(s);
}

static void sift_down(struct tdm_shares *s, size_t place, struct tdm_share share)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= s->count)
            break;
        if (child + 1 < s->count && s->heap[child + 1].finish < s->heap[child].finish)
            child++;
        if (s->heap[child].finish >= share.finish)
            break;
        s->heap[place] = s->heap[child];
        place = child;
    }
    s->heap[place] = share;
}

static void follow(struct tdm_shares *s, double now)
{
    if (s->count && !s->away)
        s->virtual_now += (now - s->now) * rate(s);
    s->now = now;
}

// What was done is lost: everybody begins anew when it is back.
static void begin_anew(struct tdm_shares *s)
{
    for (size_t i = 0; i < s->count; i++)
        s->heap[i].finish = s->virtual_now + s->heap[i].service;
    for (size_t i = s->count / 2; i-- > 0;)
        sift_down(s, i, s->heap[i]);
}

// It goes away or comes back.
static void change(struct tdm_shares *s)
{
    if (s->away)
        s->outage++;
    else
        begin_anew(s);
    s->away = !s->away;
}

void tdm_shares_end(struct tdm_shares *shares)
{
    free(shares->heap);
    *shares = (struct tdm_shares){0};
}

double tdm_shares_next(const struct tdm_shares *s)
{
    return s->count ? fmin(next_done(s), next_outage(s)) : INFINITY;
}

double tdm_shares_done(struct tdm_shares *s, double now, size_t place)
{
    follow(s, now);
    return fmax(0, s->heap[place].service - fmax(0, s->heap[place].finish - s->virtual_now));
}

void tdm_shares_enter(struct tdm_shares *s, double now, double service, void *whom)
{
    while (next_outage(s) <= now) { // only while nobody was in it, or just now
        follow(s, next_outage(s));
        change(s);
    }
    follow(s, now);
    if (s->count == s->room) {
        s->room = s->room ? 2 * s->room : 16;
        s->heap = realloc(s->heap, s->room * sizeof *s->heap);
        assert(s->heap && "who is in a server fits into memory");
    }
    const struct tdm_share share = {s->virtual_now + service, service, whom};
    size_t place = s->count++;
    for (; place > 0 && share.finish < s->heap[(place - 1) / 2].finish; place = (place - 1) / 2)
        s->heap[place] = s->heap[(place - 1) / 2];
    s->heap[place] = share;
}

void *tdm_shares_step(struct tdm_shares *s)
{
    assert(s->count && "somebody is in it");
    const double done = next_done(s), outage = next_outage(s);
    if (outage < done) {
        follow(s, outage);
        change(s);
        return NULL;
    }
    follow(s, done);
    const struct tdm_share first = s->heap[0];
    s->virtual_now = first.finish; // without what rounding left over
    s->count--;
    if (s->count)
        sift_down(s, 0, s->heap[s->count]);
    return first.whom;
}

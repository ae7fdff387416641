// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/narrow.h"

#include <math.h>
#include <stdlib.h>

// Samples in the making: five arrays in one piece of memory.
struct samples {
    size_t count, room;
    double *t, *up, *down, *rtt, *signal;
};

static int open_samples(struct samples *s, size_t room)
{
    *s = (struct samples){.room = room};
    double *memory = malloc(5 * room * sizeof *memory);
    if (!memory)
        return -1;
    s->t = memory;
    s->up = memory + room;
    s->down = memory + 2 * room;
    s->rtt = memory + 3 * room;
    s->signal = memory + 4 * room;
    return 0;
}

// How often `other` changes within a turn of `turn`.
static size_t changes(const struct tdm_trace *turn, const struct tdm_trace *other)
{
    if (other->count < 2)
        return 0;
    const double turns = other->loop ? ceil(turn->duration / other->duration) + 1 : 1;
    const double count = turns * (double)other->count;
    return count < (double)TDM_TRACE_MOST_SAMPLES ? (size_t)count : TDM_TRACE_MOST_SAMPLES;
}

// From `time` on, as `other` is at `at`.
static void add(struct samples *s, const struct tdm_trace *turn, size_t index,
                const struct tdm_trace *other, struct tdm_cursor *cursor, double time, double at)
{
    const size_t i = s->count++;
    s->t[i] = time;
    s->up[i] = fmin(turn->way[TDM_UP].rate[index], tdm_trace_up_at(other, cursor, at));
    s->down[i] = fmin(turn->way[TDM_DOWN].rate[index], tdm_trace_down_at(other, cursor, at));
}

static void tell_rest(struct samples *s, const struct tdm_trace *own)
{
    struct tdm_cursor cursor = {0};
    for (size_t i = 0; i < s->count; i++) {
        s->rtt[i] = tdm_trace_rtt_at(own, &cursor, s->t[i], NAN);
        s->signal[i] = tdm_trace_signal_at(own, &cursor, s->t[i], NAN);
    }
}

// Where the two change within rounding of each other, they change at once.
static void merge(struct samples *s, const struct tdm_trace *turn, const struct tdm_trace *other)
{
    const double least = 2 * TDM_TRACE_LEAST_STEP; // of a sample, with room for rounding
    struct tdm_cursor cursor = {0};
    for (size_t i = 0; i < turn->count; i++) {
        const double end = i + 1 < turn->count ? turn->t[i + 1] : turn->duration;
        for (double time = turn->t[i]; time < end && s->count < s->room;) {
            double at = time, next = tdm_trace_next(other, &cursor, at);
            while (next - time < least && next < end) {
                at = next;
                next = tdm_trace_next(other, &cursor, at);
            }
            add(s, turn, i, other, &cursor, time, at);
            if (end - next < least)
                break;
            time = next;
        }
    }
}

struct tdm_trace *tdm_trace_narrower(const struct tdm_trace *own, const struct tdm_trace *limit)
{
    const struct tdm_trace *turn = own->count > 1 ? own : limit;
    const struct tdm_trace *other = turn == own ? limit : own;
    struct samples s;
    if (open_samples(&s, turn->count + changes(turn, other) + 1))
        return NULL;
    merge(&s, turn, other);
    tell_rest(&s, own);
    const struct tdm_samples samples = {.count = s.count,
                                        .duration = turn->duration,
                                        .loop = turn->loop,
                                        .t = s.t,
                                        .up = s.up,
                                        .down = s.down,
                                        .rtt = own->rtt ? s.rtt : NULL,
                                        .signal = own->signal ? s.signal : NULL};
    struct tdm_trace *trace = tdm_trace_new(&samples, NULL);
    free(s.t);
    return trace;
}

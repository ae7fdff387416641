// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/arrivals.h"

#include <math.h>

static void come_again(struct tdm_arrivals *a, double time)
{
    const size_t room = (size_t)a->stream->inflight, place = a->again_first + a->again_count++;
    a->again[place < room ? place : place - room] = time;
}

static double closed_after(struct tdm_arrivals *a, double last)
{
    (void)last;
    if (!a->again_count)
        return INFINITY;
    const double time = a->again[a->again_first];
    if (++a->again_first == (size_t)a->stream->inflight)
        a->again_first = 0;
    a->again_count--;
    return time;
}

// A closed loop begins with as many requests as may be in service at once; each answer brings one.
static double closed_first(struct tdm_arrivals *a)
{
    for (int64_t i = 0; i < a->stream->inflight; i++)
        come_again(a, a->from);
    return closed_after(a, 0);
}

// By multiplication, so that rounding does not add up over a long run.
static double periodic_after(struct tdm_arrivals *a, double last)
{
    (void)last;
    return a->stream->from + (double)(a->place + a->count) / a->stream->rate;
}

static double periodic_first(struct tdm_arrivals *a)
{
    a->place = (size_t)ceil((a->from - a->stream->from) * a->stream->rate);
    return periodic_after(a, 0);
}

static void draw_gaps(struct tdm_arrivals *a)
{
    const double mean = 1 / a->stream->rate;
    for (size_t i = 0; i < TDM_GAPS; i++)
        a->gaps[i] = tdm_random_exponential(&a->random, mean);
    a->gap = 0;
}

static double poisson_after(struct tdm_arrivals *a, double last)
{
    if (a->gap == TDM_GAPS)
        draw_gaps(a);
    return last + a->gaps[a->gap++];
}

static double poisson_first(struct tdm_arrivals *a)
{
    return poisson_after(a, a->from);
}

static double file_after(struct tdm_arrivals *a, double last)
{
    (void)last;
    return a->place < a->stream->time_count ? a->stream->times[a->place++] : INFINITY;
}

// A file may begin earlier than the stream.
static double file_first(struct tdm_arrivals *a)
{
    double first = file_after(a, 0);
    while (first < a->from)
        first = file_after(a, first);
    return first;
}

const struct tdm_arrival_type tdm_arrival_types[] = {
    [TDM_CLOSED] = {"closed", "the next comes when one is answered", closed_first, closed_after},
    [TDM_PERIODIC] = {"periodic", "at a fixed rate", periodic_first, periodic_after},
    [TDM_POISSON] = {"poisson", "at random, at a mean rate", poisson_first, poisson_after},
    [TDM_FILE] = {"file", "at the times of a file", file_first, file_after},
};

static double within(const struct tdm_arrivals *a, double time)
{
    const struct tdm_stream *stream = a->stream;
    const bool enough = stream->count > 0 && a->count >= (uint64_t)stream->count;
    return time < stream->until && !enough ? time : INFINITY;
}

void tdm_arrivals_start(struct tdm_arrivals *a, const struct tdm_stream *stream, uint64_t seed,
                        uint64_t index, double begin, double *again)
{
    *a = (struct tdm_arrivals){.type = &tdm_arrival_types[stream->arrivals], .stream = stream};
    a->from = begin > 0 ? fmax(begin, stream->from) : stream->from; // which may lie before a run
    a->gap = TDM_GAPS;
    a->again = again;
    tdm_random_seed(&a->random, seed, "arrivals", index);
    a->next = within(a, a->type->first(a));
}

double tdm_arrivals_take(struct tdm_arrivals *a)
{
    const double taken = a->next;
    a->count++;
    a->next = within(a, a->type->after(a, taken));
    return taken;
}

void tdm_arrivals_answered(struct tdm_arrivals *a, double time)
{
    if (a->stream->arrivals != TDM_CLOSED)
        return;
    come_again(a, time + a->stream->think);
    if (isinf(a->next))
        a->next = within(a, closed_after(a, time));
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/passage.h"

#include <math.h>

double tdm_cold_start(double bytes, double rtt, double rate)
{
    double window = 10 * 1460, extra = 2 * rtt;
    while (bytes > window && window < rate * rtt) {
        extra += rtt - window / rate; // the sender idles for the rest of the round trip
        bytes -= window;
        window *= 2;
    }
    return extra;
}

static double rtt_at(const struct tdm_way *way, struct tdm_cursor *cursor, double now)
{
    return tdm_trace_rtt_at(way->link->series, cursor, way->link->offset + now, way->link->rtt);
}

static void send_up(struct tdm_way *way, double now, struct tdm_passage *p)
{
    const struct tdm_scenario_link *link = way->link;
    const double offset = link->offset;
    double start = fmax(now, way->up_free);
    start += tdm_radio_delay(&way->radio, start);
    p->up_start = p->up_end = start;
    p->signal = NAN;
    if (isinf(start)) // behind something that never gets through
        return;
    p->signal = tdm_trace_signal_at(link->series, &way->up, offset + start, NAN);
    const double rtt = rtt_at(way, &way->up, start);
    double first = start;
    if (link->cold)
        first +=
            tdm_cold_start(p->sent, rtt, tdm_trace_up_at(link->series, &way->up, offset + start));
    const double sent = tdm_trace_finish(link->series, TDM_UP, &way->up, offset + first, p->sent);
    way->up_free = sent - offset;
    p->up_end = way->up_free + rtt / 2;
    double bytes = p->sent, end = way->up_free;
    if (isinf(sent)) { // it goes on trying until the run ends
        end = fmax(start, way->radio.until);
        bytes = tdm_trace_bytes(link->series, TDM_UP, offset + start, offset + end);
    }
    p->radio_up = tdm_radio_transfer(&way->radio, TDM_UP, start, end, bytes, p->signal);
}

static void serve(struct tdm_slots *slots, struct tdm_passage *p, bool look_ahead)
{
    size_t first = 0;
    for (size_t i = 1; i < slots->count; i++)
        if (slots->free_at[i] < slots->free_at[first])
            first = i;
    p->serve_start = fmax(p->up_end, slots->free_at[first]);
    p->serve_end = p->serve_start + p->service;
    const struct tdm_server *server = slots->server;
    p->server_energy = p->service * (server->busy - server->idle) / (double)slots->count;
    if (look_ahead || isinf(p->serve_end))
        return;
    slots->free_at[first] = p->serve_end;
    slots->energy += p->server_energy;
}

void tdm_way_send(struct tdm_way *way, double now, struct tdm_passage *p, bool look_ahead)
{
    send_up(way, now, p);
    serve(way->slots, p, look_ahead);
    p->down_start = p->serve_end;
    p->down_first = p->down_end = INFINITY;
    if (isinf(p->serve_end))
        return;
    const double rtt = rtt_at(way, &way->down, p->serve_end);
    const double offset = way->link->offset;
    p->down_first = p->serve_end + rtt / 2;
    p->down_end = tdm_trace_finish(way->link->series, TDM_DOWN, &way->down, offset + p->serve_end,
                                   p->received) -
                  offset + rtt / 2;
}

double tdm_way_receive(struct tdm_way *way, const struct tdm_passage *p)
{
    const struct tdm_radio *radio = way->radio.radio;
    if (!radio)
        return 0;
    const double waited = fmax(0, p->down_first - way->radio.last);
    const double waiting = fmin(waited, radio->tail_time) * radio->tail_power;
    const double joules = tdm_radio_transfer(&way->radio, TDM_DOWN, p->down_first, p->down_end,
                                             p->received, p->signal);
    return waiting + joules + tdm_radio_tail(radio);
}

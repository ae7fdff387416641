// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/passage.h"

#include <math.h>
#include <stdlib.h>

#include "core/extremes.h"

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

static double share_of(double share)
{
    return share > 0 ? share : 1;
}

// What takes as long at all of it as `amount` does at a share. Usually there is none to divide by.
static double stretched(double amount, double share)
{
    return share > 0 ? amount / share : amount;
}

static double rtt_at(const struct tdm_way *way, struct tdm_cursor *cursor, double now)
{
    return tdm_trace_rtt_at(way->link->series, cursor, way->link->offset + now, way->link->rtt);
}

double tdm_way_half_trip(struct tdm_way *way, struct tdm_cursor *cursor, double now)
{
    return rtt_at(way, cursor, now) / 2;
}

// ---- up ----------------------------------------------------------------------------------------

double tdm_way_begin_up(struct tdm_way *way, double now, struct tdm_passage *p)
{
    const struct tdm_scenario_link *link = way->link;
    const double offset = link->offset;
    double start = tdm_larger(now, way->up_free);
    start += tdm_radio_delay(&way->radio, start);
    p->up_start = p->up_end = start;
    p->signal = NAN;
    if (isinf(start)) // behind something that never gets through
        return start;
    p->signal = tdm_trace_signal_at(link->series, &way->up, offset + start, NAN);
    p->radio_up = tdm_radio_begin(&way->radio, start);
    if (!link->cold)
        return start;
    const double rtt = rtt_at(way, &way->up, start);
    const double rate = tdm_trace_up_at(link->series, &way->up, offset + start);
    return start + tdm_cold_start(p->sent, rtt, rate * share_of(p->link_share));
}

double tdm_way_alone_up(struct tdm_way *way, double first, const struct tdm_passage *p)
{
    const double offset = way->link->offset;
    const double bytes = stretched(p->sent, p->link_share); // that the whole link would send
    return tdm_trace_finish(way->link->series, TDM_UP, &way->up, offset + first, bytes) - offset;
}

void tdm_way_end_up(struct tdm_way *way, double sent, double there, struct tdm_passage *p)
{
    const struct tdm_scenario_link *link = way->link;
    way->up_free = sent;
    p->up_end = there;
    double bytes = p->sent, end = sent;
    if (isinf(sent)) { // it goes on trying until the run ends
        end = tdm_larger(p->up_start, way->radio.until);
        bytes =
            share_of(p->link_share) *
            tdm_trace_bytes(link->series, TDM_UP, link->offset + p->up_start, link->offset + end);
    }
    p->radio_up += tdm_radio_end(&way->radio, TDM_UP, p->up_start, end, bytes, p->signal);
}

static void send_up(struct tdm_way *way, double now, struct tdm_passage *p)
{
    const double first = tdm_way_begin_up(way, now, p);
    if (isinf(first))
        return;
    const double half = rtt_at(way, &way->up, p->up_start) / 2;
    const double sent = tdm_way_alone_up(way, first, p);
    tdm_way_end_up(way, sent, sent + half, p);
}

// ---- the server --------------------------------------------------------------------------------

// When work that was begun at `start` is done. An outage that comes before loses it: it begins
// anew when the server is back.
static double done_at(const struct tdm_slots *slots, double *start, double service)
{
    const struct tdm_scenario_server *where = slots->where;
    for (size_t i = 0; where && i < where->outage_count; i++) {
        const struct tdm_scenario_outage *outage = where->outages[i];
        if (*start + service <= outage->from)
            break;
        *start = tdm_larger(*start, outage->until);
    }
    return *start + service;
}

double tdm_slots_joules(const struct tdm_slots *slots, double service)
{
    return service * (slots->server->busy - slots->server->idle) / (double)slots->count;
}

int tdm_slots_start(struct tdm_slots *slots, const struct tdm_scenario_server *where)
{
    slots->server = where->server;
    slots->where = where;
    slots->count = (size_t)(where->slots ? where->slots : where->server->slots);
    slots->free_at = calloc(slots->count, sizeof *slots->free_at);
    return slots->free_at ? 0 : -1;
}

void tdm_slots_serve(struct tdm_slots *slots, struct tdm_passage *p, bool look_ahead)
{
    size_t first = 0;
    for (size_t i = 1; i < slots->count; i++)
        if (slots->free_at[i] < slots->free_at[first])
            first = i;
    p->serve_start = tdm_larger(p->up_end, slots->free_at[first]);
    p->serve_end = done_at(slots, &p->serve_start, stretched(p->service, p->server_share));
    p->server_energy = tdm_slots_joules(slots, p->service);
    if (look_ahead || isinf(p->up_end))
        return;
    slots->free_at[first] = p->serve_end;
}

// ---- down --------------------------------------------------------------------------------------

// The share of a server's work that it does before the run ends.
static double share_before(const struct tdm_passage *p, double end)
{
    if (p->serve_end <= end)
        return 1;
    return p->serve_start < end ? (end - p->serve_start) / (p->serve_end - p->serve_start) : 0;
}

void tdm_way_begin_down(struct tdm_way *way, struct tdm_passage *p)
{
    p->down_start = p->serve_end;
    p->down_first = p->down_end = INFINITY;
    if (isinf(p->serve_end))
        return;
    way->server_energy += p->server_energy * share_before(p, way->radio.until);
    p->down_first = p->serve_end + rtt_at(way, &way->down, p->serve_end) / 2;
}

double tdm_way_alone_down(struct tdm_way *way, const struct tdm_passage *p)
{
    if (isinf(p->serve_end))
        return INFINITY;
    const double offset = way->link->offset;
    const double rtt = 2 * (p->down_first - p->down_start);
    const double bytes = stretched(p->received, p->link_share);
    return tdm_trace_finish(way->link->series, TDM_DOWN, &way->down, offset + p->serve_end, bytes) -
           offset + rtt / 2;
}

void tdm_way_send(struct tdm_way *way, double now, struct tdm_passage *p, bool look_ahead)
{
    send_up(way, now, p);
    tdm_slots_serve(way->slots, p, look_ahead);
    tdm_way_begin_down(way, p);
    p->down_end = tdm_way_alone_down(way, p);
}

double tdm_way_receive(struct tdm_way *way, const struct tdm_passage *p)
{
    const struct tdm_radio *radio = way->radio.radio;
    if (!radio)
        return 0;
    const double waited = tdm_larger(0, p->down_first - way->radio.last);
    const double waiting = tdm_smaller(waited, radio->tail_time) * radio->tail_power;
    const double joules = tdm_radio_transfer(&way->radio, TDM_DOWN, p->down_first, p->down_end,
                                             p->received, p->signal);
    return waiting + joules + tdm_radio_tail(radio);
}

void tdm_way_break_off(struct tdm_way *way, enum tdm_direction direction, double start,
                       double bytes, const struct tdm_passage *p)
{
    const double end = tdm_larger(start, way->radio.until); // its promotion may have begun before
    if (direction == TDM_UP)
        tdm_radio_end(&way->radio, direction, start, end, bytes, p->signal);
    else
        tdm_radio_transfer(&way->radio, direction, start, end, bytes, p->signal);
}

void tdm_way_receive_some(struct tdm_way *way, const struct tdm_passage *p)
{
    const struct tdm_scenario_link *link = way->link;
    const double end = way->radio.until;
    if (p->down_first >= end)
        return;
    if (isfinite(p->down_end))
        tdm_radio_transfer(&way->radio, TDM_DOWN, p->down_first, p->down_end, p->received,
                           p->signal);
    else
        tdm_way_break_off(way, TDM_DOWN, p->down_first,
                          share_of(p->link_share) * tdm_trace_bytes(link->series, TDM_DOWN,
                                                                    link->offset + p->down_first,
                                                                    link->offset + end),
                          p);
}

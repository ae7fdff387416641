// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The engine in which boards contend: for cells, for servers, for a platform's links. What nobody
 * shares is integrated in closed form, as in the analytic engine; transfers that share a link are
 * flows in SimGrid; servers' queues are followed here. Time goes from date to date of three
 * calendars: the units' (decisions and answers), the agenda (what is on the way) and SimGrid's
 * (ends of flows), which is let on no further than the next date of the others, and may lag behind
 * them by as much as it takes until anything comes of a flow's end.
 *
 * What a board sends is a journey: up the link, through the server, down again. It ends by telling
 * the board's unit.
 */
#include "engine/contention_parts.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/platform.h"

// ---- journeys ----------------------------------------------------------------------------------

static struct tdm_journey *new_journey(struct tdm_contention *c)
{
    struct tdm_journey *j = c->free;
    if (j)
        c->free = j->next;
    else
        j = malloc(sizeof *j);
    assert(j && "what is on the way fits into memory");
    j->next = NULL;
    j->on_air = false;
    j->before = NULL;
    j->after = c->under_way;
    if (c->under_way)
        c->under_way->before = j;
    c->under_way = j;
    return j;
}

static void free_journey(struct tdm_contention *c, struct tdm_journey *j)
{
    if (j->before)
        j->before->after = j->after;
    else
        c->under_way = j->after;
    if (j->after)
        j->after->before = j->before;
    j->next = c->free;
    c->free = j;
}

static double half_trip(const struct tdm_contention *c, struct tdm_journey *j,
                        struct tdm_cursor *cursor, double now)
{
    // Where shares go by round trips, SimGrid's flow has had the latency already.
    if (tdm_network_by_latency(c->network, j->link))
        return 0;
    return tdm_way_half_trip(j->way, cursor, now);
}

static void begin_flow(struct tdm_contention *c, struct tdm_journey *j,
                       enum tdm_direction direction, double bytes)
{
    j->direction = direction;
    j->on_air = true;
    j->begun = c->now;
    if (tdm_network_by_latency(c->network, j->link) && j->way->link->series->rtt)
        tdm_network_set_latency(
            c->network, j->link,
            tdm_way_half_trip(j->way, direction == TDM_UP ? &j->way->up : &j->way->down, c->now));
    tdm_network_send(c->network, tdm_network_lane(c->network, j->link, direction), c->now, bytes,
                     &j->flow);
}

static void arrive(struct tdm_contention *c, struct tdm_journey *j)
{
    tdm_unit_arrived(c->base.units[j->board], j->number, &j->passage);
    tdm_roster_update(&c->roster, (size_t)j->board);
    free_journey(c, j);
}

// The server is done: the way back.
static void come_back(struct tdm_contention *c, struct tdm_journey *j)
{
    tdm_way_begin_down(j->way, &j->passage);
    if (isinf(j->passage.serve_end)) { // a server that never comes back
        free_journey(c, j);
    } else if (tdm_network_lane(c->network, j->link, TDM_DOWN)->shared) {
        tdm_agenda_add(&c->agenda, j->passage.serve_end, TDM_SEND_BACK, j);
    } else {
        j->passage.down_end = tdm_way_alone_down(j->way, &j->passage);
        arrive(c, j);
    }
}

static void reach_server(struct tdm_contention *c, struct tdm_journey *j)
{
    const int server = j->way->link->server;
    if (c->slots[server].server->discipline == TDM_SHARES) {
        j->passage.serve_start = c->now;
        tdm_shares_enter(&c->shares[server], c->now, j->passage.service, j);
        return;
    }
    tdm_slots_serve(&c->slots[server], &j->passage, false);
    come_back(c, j);
}

// A server that shares itself is done with one of those in it.
static void finish_share(struct tdm_contention *c, int server)
{
    struct tdm_journey *j = tdm_shares_step(&c->shares[server]);
    if (!j)
        return;
    struct tdm_slots *slots = &c->slots[server];
    j->passage.serve_end = c->now;
    j->passage.server_energy = tdm_slots_joules(slots, j->passage.service);
    come_back(c, j);
}

static void sent_up(struct tdm_contention *c, struct tdm_journey *j, double sent, double there)
{
    tdm_way_end_up(j->way, sent, there, &j->passage);
    if (isfinite(there))
        tdm_agenda_add(&c->agenda, there, TDM_REACH_SERVER, j);
    else
        free_journey(c, j); // it never gets through
}

// Its board may have it ready only after the uplink is free.
static void start_up(struct tdm_contention *c, struct tdm_journey *j)
{
    const double first = tdm_way_begin_up(j->way, fmax(c->now, j->ready), &j->passage);
    if (isinf(first)) { // behind something that never gets through
        free_journey(c, j);
        return;
    }
    if (tdm_network_lane(c->network, j->link, TDM_UP)->shared) {
        c->uplinks[j->link].busy = true;
        j->direction = TDM_UP;
        j->on_air = true; // awake, and where it opens a connection, opening it
        j->begun = INFINITY;
        tdm_agenda_add(&c->agenda, first, TDM_SEND, j);
        return;
    }
    const double half = tdm_way_half_trip(j->way, &j->way->up, j->passage.up_start);
    const double sent = tdm_way_alone_up(j->way, first, &j->passage);
    sent_up(c, j, sent, sent + half);
}

static void free_uplink(struct tdm_contention *c, int link)
{
    struct tdm_uplink *uplink = &c->uplinks[link];
    struct tdm_journey *next = uplink->first;
    uplink->busy = false;
    if (!next)
        return;
    uplink->first = next->next;
    start_up(c, next);
}

static void end_flow(struct tdm_contention *c, struct tdm_journey *j)
{
    j->on_air = false;
    tdm_network_ended(c->network, tdm_network_lane(c->network, j->link, j->direction), c->now);
    if (j->direction == TDM_UP) {
        const double half = half_trip(c, j, &j->way->up, j->passage.up_start);
        sent_up(c, j, c->now, c->now + half);
        free_uplink(c, j->link);
    } else {
        j->passage.down_end = c->now + half_trip(c, j, &j->way->down, j->passage.down_start);
        arrive(c, j);
    }
}

// The seam to the story of a request.
void tdm_contention_start_remote(struct tdm_remote *remote, int board, struct tdm_way *way,
                                 uint64_t number, double now, const struct tdm_passage *passage)
{
    struct tdm_contention *c =
        (struct tdm_contention *)(void *)((char *)remote - offsetof(struct tdm_contention, remote));
    struct tdm_journey *j = new_journey(c);
    j->board = board;
    j->way = way;
    j->link = c->base.scenario->boards[board].links[way - c->base.units[board]->ways];
    j->number = number;
    j->ready = now;
    j->passage = *passage;
    struct tdm_uplink *uplink = &c->uplinks[j->link];
    if (!uplink->busy) {
        start_up(c, j);
        return;
    }
    if (uplink->first)
        uplink->last->next = j;
    else
        uplink->first = j;
    uplink->last = j;
}

// ---- SimGrid's hosts ---------------------------------------------------------------------------

struct change_of_clock {
    int host, pstate;
};

struct work {
    int board;
    double time, load;
};

static void *remember(const void *what, size_t size)
{
    void *copy = malloc(size);
    assert(copy && "what is to come fits into memory");
    return memcpy(copy, what, size);
}

static void tell_clock(struct tdm_contention *c, int board, int domain,
                       const struct tdm_piece *piece)
{
    const int host = tdm_network_board(c->network, board, (enum tdm_domain)domain);
    const struct tdm_domain_info *info = c->base.units[board]->board->domain[domain];
    if (host < 0 || piece->opp[domain] == c->opp[board][domain])
        return;
    c->opp[board][domain] = piece->opp[domain];
    const struct change_of_clock change = {host, (int)info->opp_count - 1 - piece->opp[domain]};
    tdm_agenda_add(&c->agenda, fmax(c->now, piece->start), TDM_CLOCK,
                   remember(&change, sizeof change));
}

// How busy its hosts are while a board does this, 0 to 1: fully while layers run; packing,
// thinking, another network before, and a share of the channels, ask for a part of the watts (what
// draws more than the stream's network does, as a share with its launches closer together may, is
// more than SimGrid can say).
static double load_of(const struct tdm_contention *c, int board, const struct tdm_piece *piece)
{
    const struct tdm_unit *unit = c->base.units[board];
    switch (piece->stage) {
    case TDM_HEAD:
        return 1;
    case TDM_LOCAL:
    case TDM_PACKING:
    case TDM_THINKING:
    case TDM_BEFORE: {
        const double idle = tdm_platform_watts(unit, piece->opp, false);
        const double busy = tdm_platform_watts(unit, piece->opp, true);
        const double load = (tdm_watts_sum(&piece->watts) - idle) / (busy - idle);
        return load > 0 ? fmin(load, 1) : 0; // none, too, where nothing is drawn
    }
    default:
        return 0;
    }
}

// A stretch of constant power of a board is known before its time has come, but for those in which
// it rests: they are known once it is known until when, and SimGrid is told so late.
void tdm_contention_hear_piece(struct tdm_listener *listener, int board,
                               const struct tdm_piece *piece)
{
    struct tdm_contention *c =
        (struct tdm_contention *)(void *)((char *)listener -
                                          offsetof(struct tdm_contention, listener));
    tell_clock(c, board, TDM_CPU, piece);
    tell_clock(c, board, TDM_GPU, piece);
    const double load = c->energy ? load_of(c, board, piece) : 0;
    if (load <= 0)
        return;
    const struct work work = {board, piece->end - piece->start, load};
    tdm_agenda_add(&c->agenda, piece->start, TDM_WORK, remember(&work, sizeof work));
}

// What the clocks are before anybody changes them.
static void tell_first_clocks(struct tdm_contention *c)
{
    for (size_t i = 0; i < c->base.unit_count; i++) {
        struct tdm_driver *driver = c->base.units[i]->driver;
        struct tdm_readings readings;
        driver->type->read(driver, &readings);
        struct tdm_piece piece = {.start = 0};
        memcpy(piece.opp, readings.opp, sizeof piece.opp);
        tell_clock(c, (int)i, TDM_CPU, &piece);
        tell_clock(c, (int)i, TDM_GPU, &piece);
    }
}

static void change_clock(struct change_of_clock *change)
{
    tdm_simgrid_set_pstate(change->host, change->pstate);
    free(change);
}

static void begin_work(const struct tdm_contention *c, struct work *work)
{
    for (int domain = 0; domain < 2; domain++) {
        const int host = tdm_network_board(c->network, work->board, (enum tdm_domain)domain);
        if (host >= 0)
            tdm_simgrid_work(host, work->time, work->load);
    }
    free(work);
}

// ---- time --------------------------------------------------------------------------------------

// Up to when the ends of flows must be known before something happens at `date`. Whatever comes of
// one reaches the server, or the board, half a round trip later; but probes count who is in a cell
// at whole seconds. What gives orders to SimGrid does so at its very date.
static double enough_for(const struct tdm_contention *c, double date, bool gives_orders)
{
    return gives_orders ? date : fmax(date - c->lookahead, floor(date));
}

static void happen(struct tdm_contention *c, const struct tdm_date *date)
{
    struct tdm_journey *j = date->whom;
    switch ((enum tdm_what)date->what) {
    case TDM_SEND:
        begin_flow(c, j, TDM_UP, j->passage.sent);
        break;
    case TDM_REACH_SERVER:
        reach_server(c, j);
        break;
    case TDM_SEND_BACK:
        begin_flow(c, j, TDM_DOWN, j->passage.received);
        break;
    case TDM_CHANGE:
        tdm_network_change(c->network, date->whom, c->now);
        break;
    case TDM_CLOCK:
        change_clock(date->whom);
        break;
    case TDM_WORK:
        begin_work(c, date->whom);
        break;
    }
}

// The server that shares itself and has something to happen first; INFINITY: none has.
static double next_share(const struct tdm_contention *c, int *server)
{
    double next = INFINITY;
    for (size_t i = 0; i < c->base.scenario->server_count; i++) {
        const double here = c->shares[i].count ? tdm_shares_next(&c->shares[i]) : INFINITY;
        if (here < next) {
            next = here;
            *server = (int)i;
        }
    }
    return next;
}

// Counts what the radio did for somebody who is in the middle of a transfer when the run ends.
static void break_off(struct tdm_contention *c, struct tdm_journey *j)
{
    if (!j->on_air)
        return;
    const double start = j->direction == TDM_UP ? j->passage.up_start : j->passage.down_first;
    double bytes = 0;
    if (j->begun < c->now)
        bytes = fmin(j->flow.bytes,
                     tdm_network_carried(c->network, j->link, j->direction, j->begun, c->now));
    tdm_way_break_off(j->way, j->direction, start, bytes, &j->passage);
}

// Counts what a server that shares itself has done for those who are still in it.
static void close_shares(struct tdm_contention *c, size_t server)
{
    struct tdm_shares *shares = &c->shares[server];
    for (size_t i = 0; i < shares->count; i++) {
        struct tdm_journey *j = shares->heap[i].whom;
        j->way->server_energy +=
            tdm_slots_joules(&c->slots[server], tdm_shares_done(shares, c->now, i));
    }
}

// Closes the books.
static void stop(struct tdm_contention *c)
{
    if (c->stopped)
        return;
    c->stopped = true;
    for (struct tdm_journey *j = c->under_way; j; j = j->after)
        break_off(c, j);
    for (size_t i = 0; i < c->base.scenario->server_count; i++)
        close_shares(c, i);
    for (size_t i = 0; i < c->base.unit_count; i++)
        tdm_unit_stop(c->base.units[i], c->base.scenario->duration);
}

// Lets time pass up to the next date of any calendar. False once the run is over; true with `unit`
// where a unit is next.
static bool pass(struct tdm_contention *c, const struct tdm_roster_entry **unit)
{
    const double end = c->base.scenario->duration;
    int server = -1;
    const struct tdm_roster_entry *first = tdm_roster_first(&c->roster);
    const double share = next_share(c, &server), dated = tdm_agenda_next(&c->agenda);
    const double next = fmin(fmin(share, dated), fmin(first->when, end));
    const bool gives_orders =
        next >= end || (dated <= next && c->agenda.heap[0].what != TDM_REACH_SERVER);
    const double enough = enough_for(c, next, gives_orders);
    struct tdm_simgrid_flow *flow = tdm_simgrid_advance(c->now, enough, next);
    *unit = NULL;
    if (flow) { // before what has happened since, perhaps, but nothing that has hangs on it
        c->now = c->known = fmin(fmax(c->known, flow->ended), next);
        end_flow(c, (struct tdm_journey *)(void *)flow);
        return true;
    }
    c->known = fmax(c->known, enough);
    c->now = next;
    if (share <= next) { // who is done leaves before others come
        finish_share(c, server);
        return true;
    }
    if (dated <= next) {
        const struct tdm_date date = tdm_agenda_take(&c->agenda);
        happen(c, &date);
        return true;
    }
    *unit = first;
    return first->when <= end && first->what != TDM_NEXT_NOTHING;
}

static bool contention_next(struct tdm_engine *engine, struct tdm_event *event)
{
    struct tdm_contention *c = tdm_contention_of(engine);
    if (!c->started) {
        c->started = true;
        if (tdm_network_start(c->network, &c->failed)) {
            engine->failed = &c->failed;
            return false;
        }
        if (c->energy)
            tell_first_clocks(c);
    }
    if (engine->failed || c->stopped || (c->deciding && c->deciding->driver->failed))
        return false;
    const struct tdm_roster_entry *first;
    while (pass(c, &first)) {
        if (!first)
            continue;
        const size_t index = first->unit;
        struct tdm_unit *unit = engine->units[index];
        const bool told = tdm_unit_step(unit, first->what, event);
        if (told && event->kind == TDM_DECISION)
            c->deciding = unit;
        else
            tdm_roster_update(&c->roster, index);
        if (told)
            return true;
    }
    stop(c);
    return false;
}

// Here boards get what their contention leaves them.
static bool has_shares(const struct tdm_plan *plan)
{
    return plan->xi > 0 && (plan->link_share > 0 || plan->server_share > 0);
}

static void contention_decide(struct tdm_engine *engine, const struct tdm_plan *plan)
{
    struct tdm_contention *c = tdm_contention_of(engine);
    if (has_shares(plan)) {
        tdm_fail(&c->failed, "the policy allots shares of links and servers, which only "
                             "'analytic:' knows; run it with --engine analytic:");
        engine->failed = &c->failed;
        return;
    }
    tdm_unit_decide(c->deciding, plan);
    tdm_roster_update(&c->roster, (size_t)c->deciding->index);
}

double tdm_contention_joules(struct tdm_engine *engine, int board)
{
    struct tdm_contention *c = tdm_contention_of(engine);
    assert(engine->type == &tdm_contention_engine && c->energy);
    double sum = 0;
    for (int domain = 0; domain < 2; domain++) {
        const int host = tdm_network_board(c->network, board, (enum tdm_domain)domain);
        if (host >= 0)
            sum += tdm_simgrid_joules(host, c->now);
    }
    return sum;
}

const struct tdm_engine_type tdm_contention_engine = {
    .scheme = "simgrid",
    .summary = "discrete events: boards contend for links and servers, by SimGrid's rules",
    .once = true,
    .open = tdm_contention_open,
    .next = contention_next,
    .decide = contention_decide,
    .free = tdm_contention_free};

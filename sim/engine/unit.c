// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/unit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/extremes.h"

// ---- queues ------------------------------------------------------------------------------------

// Those who could be in service already do not count as waiting. A closed loop brings no more than
// that, and what it lost would come again at once, for ever.
static bool is_full(const struct tdm_unit *unit, const struct tdm_queue *queue)
{
    const struct tdm_stream *stream = queue->stream;
    if (stream->queue < 0 || stream->arrivals == TDM_CLOSED)
        return false;
    const int64_t spare = stream->inflight - (int64_t)unit->serving;
    return (int64_t)queue->count >= stream->queue + (spare > 0 ? spare : 0);
}

// The i-th that waits. The room is a power of two.
static struct tdm_waiting *waiting_at(const struct tdm_queue *queue, size_t i)
{
    return &queue->waiting[(queue->head + i) & (queue->room - 1)];
}

static void push(struct tdm_queue *queue, struct tdm_waiting request)
{
    if (queue->count == queue->room) {
        const size_t room = queue->room ? 2 * queue->room : 4;
        struct tdm_waiting *waiting = malloc(room * sizeof *waiting);
        assert(waiting && "a queue of waiting requests fits into memory");
        for (size_t i = 0; i < queue->count; i++)
            waiting[i] = *waiting_at(queue, i);
        free(queue->waiting);
        queue->waiting = waiting;
        queue->head = 0;
        queue->room = room;
    }
    *waiting_at(queue, queue->count++) = request;
}

// The queue that the next request comes to.
static struct tdm_queue *next_arrival(const struct tdm_unit *unit)
{
    struct tdm_queue *first = &unit->queues[0];
    for (size_t i = 1; i < unit->queue_count; i++)
        if (unit->queues[i].arrivals.next < first->arrivals.next)
            first = &unit->queues[i];
    return first;
}

static struct tdm_waiting arrive(struct tdm_unit *unit, struct tdm_queue *queue)
{
    queue->arrived++;
    return (struct tdm_waiting){tdm_arrivals_take(&queue->arrivals), unit->requests++};
}

// Lets everything that arrives by `time` wait, in order; the first to find its queue full, and
// those after it, are left to an overflow.
static void admit(struct tdm_unit *unit, double time)
{
    for (;;) {
        struct tdm_queue *queue = next_arrival(unit);
        if (!(queue->arrivals.next <= time) || isinf(queue->arrivals.next) || is_full(unit, queue))
            return;
        push(queue, arrive(unit, queue));
    }
}

static double oldest(const struct tdm_queue *queue)
{
    return queue->count ? queue->waiting[queue->head].arrival : queue->arrivals.next;
}

static double later(double a, double b)
{
    return a > b ? a : b;
}

static struct tdm_waiting take_oldest(struct tdm_unit *unit, struct tdm_queue *queue)
{
    if (!queue->count && unit->queue_count > 1)
        admit(unit, queue->arrivals.next); // so that those before it are numbered before it
    if (!queue->count)
        return arrive(unit, queue);
    const struct tdm_waiting request = queue->waiting[queue->head];
    queue->head = (queue->head + 1) & (queue->room - 1);
    queue->count--;
    return request;
}

static struct tdm_queue *first_of_several(const struct tdm_unit *unit)
{
    struct tdm_queue *first = NULL;
    for (size_t i = 0; i < unit->queue_count; i++) {
        struct tdm_queue *queue = &unit->queues[i];
        if ((int64_t)unit->serving >= queue->stream->inflight)
            continue;
        if (!first || oldest(queue) < oldest(first))
            first = queue;
    }
    return first;
}

// The queue whose oldest request came first, among those that may start one now.
static inline struct tdm_queue *first_queue(const struct tdm_unit *unit)
{
    if (unit->serving == unit->room)
        return NULL;
    return unit->queue_count == 1 ? unit->queues : first_of_several(unit);
}

static struct tdm_request *first_answer(const struct tdm_unit *unit)
{
    struct tdm_request *first = unit->served;
    for (size_t i = 1; i < unit->serving; i++)
        if (unit->served[i].answer < first->answer)
            first = &unit->served[i];
    return unit->serving ? first : NULL;
}

// Whether somebody in service is answered nobody knows when.
static bool awaits_anything(const struct tdm_unit *unit)
{
    for (size_t i = 0; i < unit->serving; i++)
        if (isinf(unit->served[i].answer))
            return true;
    return false;
}

// What happens next if nobody overflows a queue before.
static inline double next_but_overflow(const struct tdm_unit *unit, enum tdm_next *what)
{
    const double end = unit->scenario->duration;
    const struct tdm_queue *queue = first_queue(unit);
    const struct tdm_request *answer = first_answer(unit);
    const double start = queue ? later(oldest(queue), unit->driver->now) : INFINITY;
    if (answer && answer->answer <= start && answer->answer <= end) {
        *what = TDM_NEXT_ANSWER;
        return answer->answer;
    }
    *what = start < end ? TDM_NEXT_START : TDM_NEXT_NOTHING; // nothing starts once it is over
    return start < end ? start : INFINITY;
}

double tdm_unit_next(const struct tdm_unit *unit, enum tdm_next *what)
{
    const double next = next_but_overflow(unit, what);
    if (!unit->limited)
        return next;
    const struct tdm_queue *queue = next_arrival(unit);
    if (!(queue->arrivals.next < next) || queue->arrivals.next >= unit->scenario->duration)
        return next;
    if (is_full(unit, queue))
        *what = TDM_NEXT_OVERFLOW;
    else if (isinf(next) || awaits_anything(unit))
        *what = TDM_NEXT_ADMIT;
    else
        return next;
    return queue->arrivals.next;
}

// Queues fill up between events, so that each request that finds a full one is seen in time.
static void fill_queues(struct tdm_unit *unit)
{
    enum tdm_next what;
    if (!unit->limited)
        return;
    const double next = next_but_overflow(unit, &what);
    if (next < INFINITY && !awaits_anything(unit)) // else one by one: an answer may come before
        admit(unit, nextafter(next, 0));           // those that come before it
}

// ---- steps -------------------------------------------------------------------------------------

// What it takes is shared by the requests in service.
static void rest_until(struct tdm_unit *unit, double time)
{
    struct tdm_segment segment;
    unit->driver->type->rest(unit->driver, time, &segment);
    tdm_watts_add(&unit->energy, &segment.energy, 1);
    const double share = tdm_watts_sum(&segment.energy) / (double)unit->serving;
    for (size_t i = 0; i < unit->serving; i++)
        unit->served[i].energy += share;
}

// Rests, unless time has come that far already.
static inline void rest(struct tdm_unit *unit, double time)
{
    if (time > unit->driver->now)
        rest_until(unit, time);
}

static void drop(struct tdm_unit *unit, struct tdm_queue *queue, struct tdm_waiting request,
                 double time)
{
    queue->dropped++;
    *unit->outcome = (struct tdm_outcome){.board = unit->index,
                                          .stream = queue->index,
                                          .request = request.number,
                                          .plan = unit->last,
                                          .arrival = request.arrival,
                                          .start = time,
                                          .answer = INFINITY,
                                          .latency = INFINITY,
                                          .waited = time - request.arrival,
                                          .accuracy = NAN,
                                          .difficulty = NAN,
                                          .bandwidth = NAN,
                                          .late = true,
                                          .dropped = true};
    tdm_arrivals_answered(&queue->arrivals, time);
}

static void answer(struct tdm_unit *unit)
{
    struct tdm_request *request = first_answer(unit);
    rest(unit, request->answer);
    struct tdm_queue *queue = &unit->queues[request->queue];
    tdm_request_finish(request->site, request, unit->index, unit->outcome);
    tdm_arrivals_answered(&queue->arrivals, request->answer);
    queue->served++;
    const struct tdm_request *last = &unit->served[--unit->serving];
    if (request != last)
        *request = *last;
}

static void overflow(struct tdm_unit *unit)
{
    struct tdm_queue *queue = next_arrival(unit);
    const struct tdm_waiting request = arrive(unit, queue);
    drop(unit, queue, request, request.arrival);
}

static void probe(struct tdm_way *way, double now)
{
    const struct tdm_trace *trace = way->link->series;
    const double second = floor(now);
    const double last = way->link->offset + later(0, second - 1);
    const double before = later(way->link->offset, last - 1);
    const double earlier = tdm_trace_up_at(trace, &way->probe, before);
    const double latest = tdm_trace_up_at(trace, &way->probe, last);
    way->probes.bandwidth = tdm_smaller(latest, tdm_crowd_share(way->crowd, now, false));
    way->probes.trend =
        way->probes.bandwidth - tdm_smaller(earlier, tdm_crowd_share(way->crowd, now, true));
    way->probes.until = second + 1;
}

void tdm_unit_see(struct tdm_unit *unit, size_t index, struct tdm_view *view)
{
    if (unit->seen) {
        *view = unit->seen[index];
        return;
    }
    struct tdm_way *way = &unit->ways[index];
    const struct tdm_trace *trace = way->link->series;
    const double now = unit->driver->now, at = way->link->offset + now;
    if (now >= way->probes.until)
        probe(way, now);
    view->bandwidth = way->probes.bandwidth;
    view->trend = way->probes.trend;
    const bool varies = trace->rtt || trace->signal;
    const size_t i = varies ? tdm_trace_index(trace, &way->up, at) : 0;
    view->rtt = trace->rtt ? trace->rtt[i] : way->link->rtt;
    view->signal = trace->signal ? trace->signal[i] : NAN;
}

void tdm_unit_see_at(const struct tdm_unit *unit, size_t index, double now, struct tdm_view *view)
{
    struct tdm_way way = unit->ways[index]; // so that the board's own probes stay as they are
    const struct tdm_scenario_link *link = way.link;
    probe(&way, now);
    view->bandwidth = way.probes.bandwidth;
    view->trend = way.probes.trend;
    view->rtt = tdm_trace_rtt_at(link->series, &way.up, link->offset + now, link->rtt);
    view->signal = tdm_trace_signal_at(link->series, &way.up, link->offset + now, NAN);
}

static void fill_link(struct tdm_unit *unit, struct tdm_state *state)
{
    struct tdm_view view = {NAN, NAN, NAN, NAN};
    state->link = unit->way_count ? 0 : -1;
    if (unit->way_count)
        tdm_unit_see(unit, 0, &view);
    state->bandwidth = view.bandwidth;
    state->trend = view.trend;
    state->rtt = view.rtt;
    state->signal = view.signal;
}

static void fill_state(struct tdm_unit *unit, const struct tdm_queue *queue,
                       const struct tdm_request *request)
{
    struct tdm_state *state = &unit->state;
    const struct tdm_stream *stream = queue->stream;
    struct tdm_readings readings;
    unit->driver->type->read(unit->driver, &readings);
    state->board = unit->index;
    state->stream = queue->index;
    state->request = request->number;
    state->now = unit->driver->now;
    state->arrival = request->arrival;
    state->deadline = stream->deadline;
    state->queued = 0;
    for (size_t i = 0; i < unit->queue_count; i++)
        state->queued += unit->queues[i].count;
    state->rate = stream->arrivals == TDM_CLOSED ? NAN : stream->rate;
    fill_link(unit, state);
    state->temperature = readings.temperature;
    state->power = readings.power;
    memcpy(state->load, readings.load, sizeof state->load);
    memcpy(state->opp, readings.opp, sizeof state->opp);
    state->difficulty = request->difficulty;
    state->last = unit->last;
    state->unit = unit;
}

// Puts the next request into service. False if it was dropped instead.
static bool start(struct tdm_unit *unit)
{
    struct tdm_queue *queue = first_queue(unit);
    const double time = later(oldest(queue), unit->driver->now);
    const struct tdm_waiting next = take_oldest(unit, queue);
    if (queue->stream->drop == TDM_DROP_LATE && time > next.arrival + queue->stream->deadline) {
        drop(unit, queue, next, time);
        return false;
    }
    rest(unit, time);
    struct tdm_request *request = &unit->served[unit->serving++];
    admit(unit, time);
    // The rest is filled as the story goes; clearing it all would cost more than telling it.
    request->queue = (int)(queue - unit->queues);
    request->number = next.number;
    request->arrival = next.arrival;
    request->start = time;
    request->answer = INFINITY;
    request->energy = 0;
    tdm_unit_luck(unit, request->number, &request->jitter, &request->service);
    request->difficulty = tdm_unit_difficulty(unit, queue->stream, request->number);
    unit->deciding = request;
    fill_state(unit, queue, request);
    request->bandwidth = unit->state.bandwidth;
    return true;
}

bool tdm_unit_step(struct tdm_unit *unit, enum tdm_next what, struct tdm_event *event)
{
    assert(!unit->deciding && "a decision is answered before the next event");
    *event = (struct tdm_event){TDM_OUTCOME, &unit->state, unit->outcome};
    if (what == TDM_NEXT_ANSWER) {
        answer(unit);
    } else if (what == TDM_NEXT_OVERFLOW) {
        overflow(unit);
    } else if (what == TDM_NEXT_ADMIT) {
        struct tdm_queue *queue = next_arrival(unit);
        push(queue, arrive(unit, queue));
        return false;
    } else if (start(unit)) {
        event->kind = TDM_DECISION;
        return true;
    }
    fill_queues(unit);
    return true;
}

// Of the version that the board runs before what the plan is about.
static struct tdm_costs *first_costs(const struct tdm_queue *queue, const struct tdm_plan *plan)
{
    return plan->first ? queue->versions[plan->first].costs : NULL;
}

void tdm_unit_decide(struct tdm_unit *unit, const struct tdm_plan *plan)
{
    struct tdm_request *request = unit->deciding;
    assert(request && "a plan answers a decision event");
    const struct tdm_queue *queue = &unit->queues[request->queue];
    assert(plan->xi == 0 || (size_t)plan->link < unit->way_count);
    assert(plan->version >= 0 && plan->version < queue->stream->version_count);
    assert(plan->exit == 0 || tdm_levels_has_exit(queue->levels, plan->version, plan->exit));
    assert(plan->first >= 0 && plan->first < queue->stream->version_count);
    request->plan = *plan;
    unit->pieces.request = (int64_t)request->number;
    request->site = &tdm_queue_until(queue, plan->version, plan->exit)->site;
    request->first_costs = first_costs(queue, plan);
    tdm_request_begin(request->site, request);
    unit->last = request->plan;
    unit->deciding = NULL;
    fill_queues(unit);
}

void tdm_unit_arrived(struct tdm_unit *unit, uint64_t number, const struct tdm_passage *passage)
{
    size_t i = 0;
    while (i < unit->serving && unit->served[i].number != number)
        i++;
    assert(i < unit->serving && "what comes back belongs to a request in service");
    tdm_request_arrived(&unit->served[i], passage);
    fill_queues(unit);
}

// ---- looking ahead -----------------------------------------------------------------------------

void tdm_unit_foresee(struct tdm_unit *unit, const struct tdm_plan *plan,
                      struct tdm_outcome *outcome)
{
    assert(unit->deciding && "looking ahead is for decisions");
    unit->scratch = unit->driver->type->copy(unit->driver, unit->scratch);
    struct tdm_request request = *unit->deciding;
    const struct tdm_queue *queue = &unit->queues[request.queue];
    struct tdm_site site = tdm_queue_until(queue, plan->version, plan->exit)->site;
    site.driver = unit->scratch;
    site.meter = NULL;
    site.remote = NULL;
    request.plan = *plan;
    request.first_costs = first_costs(queue, plan);
    struct tdm_way way;
    if (plan->xi > 0) {
        way = unit->ways[plan->link];
        way.radio.pieces = NULL;
        site.ways = &way - plan->link; // only this one is used
    }
    tdm_request_begin(&site, &request);
    if (isfinite(request.answer) && request.answer > site.driver->now) {
        struct tdm_segment segment;
        site.driver->type->rest(site.driver, request.answer, &segment);
        request.energy += tdm_watts_sum(&segment.energy);
    }
    tdm_request_finish(&site, &request, unit->index, outcome);
}

// ---- the end -----------------------------------------------------------------------------------

void tdm_unit_stop(struct tdm_unit *unit, double end)
{
    rest(unit, end);
    admit(unit, unit->scenario->duration);
    for (size_t i = 0; i < unit->serving; i++) {
        const struct tdm_request *request = &unit->served[i];
        if (request->sends)
            tdm_way_receive_some(&unit->ways[request->plan.link], &request->passage);
    }
    for (size_t i = 0; i < unit->way_count; i++)
        tdm_radio_stop(&unit->ways[i].radio, fmax(end, unit->driver->now));
}

uint64_t tdm_unit_unanswered(const struct tdm_unit *unit)
{
    uint64_t sum = unit->serving;
    for (size_t i = 0; i < unit->queue_count; i++)
        sum += unit->queues[i].count;
    return sum;
}

uint64_t tdm_unit_overdue(const struct tdm_unit *unit)
{
    const double end = unit->scenario->duration;
    uint64_t sum = 0;
    for (size_t i = 0; i < unit->serving; i++) {
        const struct tdm_request *request = &unit->served[i];
        sum += request->arrival + unit->queues[request->queue].stream->deadline < end;
    }
    for (size_t i = 0; i < unit->queue_count; i++) {
        const struct tdm_queue *queue = &unit->queues[i];
        for (size_t j = 0; j < queue->count; j++)
            sum += waiting_at(queue, j)->arrival + queue->stream->deadline < end;
    }
    return sum;
}

double tdm_unit_radio_energy(const struct tdm_unit *unit)
{
    double sum = 0;
    for (size_t i = 0; i < unit->way_count; i++)
        sum += unit->ways[i].radio.energy;
    return sum;
}

struct tdm_queue *tdm_unit_queue(const struct tdm_unit *unit, int stream)
{
    for (size_t i = 0; i < unit->queue_count; i++)
        if (unit->queues[i].index == stream)
            return &unit->queues[i];
    return NULL;
}

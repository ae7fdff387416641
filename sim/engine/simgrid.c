// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/simgrid_parts.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/exec.h>
#include <simgrid/host.h>
#include <simgrid/link.h>
#include <simgrid/mailbox.h>
#include <simgrid/plugins/energy.h>
#include <simgrid/semaphore.h>
#include <simgrid/version.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine/agenda.h"
#include "engine/handover.h"

enum { SIDE_STACK = 8 << 20 };    // bytes; SimGrid's own part reads the platform on it
static const double huge = 1e22;  // bytes/s: more than any link, in any unit
static const double retry = 0.1;  // s from a failure to the next attempt
static const double nearly_0 = 1; // SimGrid's bytes/s during an outage: some 1e-6 bytes/s

enum job { WAIT, CARRY, SLEEP };

struct berth; // where flows end

// An actor of the pool. It carries flows to one berth, each through its own mailbox.
struct worker {
    struct berth *berth;
    sg_sem_t wake;
    sg_sem_t adopted;
    sg_mailbox_t mailbox;
    char name[24];
    sg_host_t host; // where it stands
    enum job job;
    struct tdm_simgrid_flow *flow;
    double until;        // s, of sleep
    struct worker *next; // idle, or to be adopted
};

// A host that flows lead to, with an actor there that mailboxes name as their receiver: only then
// does a transfer begin without anybody's asking for it.
struct berth {
    int host;
    sg_sem_t called;
    struct worker *newcomers;
    struct worker *idle;
};

enum order_kind { RATE, LATENCY, PSTATE, WORK, JOULES };

struct order {
    enum order_kind kind;
    int whom;
    double value;
    double load; // of WORK
};

static struct network {
    bool started;
    const struct tdm_simgrid_setup *setup;
    struct tdm_handover *handover;
    double now, until; // s, as of the caller
    double target;     // s: the date that SimGrid itself stops at
    double reached;    // s: up to here it has been let on, and all that ended is known
    struct tdm_simgrid_flow *first, *last; // to be started
    struct order *orders;
    size_t order_done, order_count, order_room;
    struct tdm_simgrid_flow *ended;
    size_t active;              // flows under way
    double joules;              // what the plug-in said when it was asked
    bool asked;                 // and has not answered yet
    bool raised;                // are rates, since somebody starts a flow
    struct tdm_agenda sleepers; // the dates that somebody sleeps until
    struct berth **berths;      // by host
    size_t worker_count;

    sg_host_t *hosts;
    size_t host_count, host_room;
    sg_link_t *links;
    double *rates; // of each link, in SimGrid's bytes/s
    size_t link_count, link_room;
} net;

static void *grow(void *items, size_t count, size_t *room, size_t size)
{
    if (count < *room)
        return items;
    *room = *room ? 2 * *room : 64;
    items = realloc(items, *room * size);
    assert(items && "what the network holds fits into memory");
    return items;
}

// ---- workers -----------------------------------------------------------------------------------

static void worker_main(int argc, char **argv);

static void *pointer_of(char **argv)
{
    return (void *)(uintptr_t)strtoull(argv[1], NULL, 16); // actors take texts
}

static void create_actor(const char *name, sg_host_t host, void (*code)(int, char **), void *whom)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIxPTR, (uintptr_t)whom);
    char *argv[] = {(char *)name, text, NULL};
    sg_actor_create(name, host, code, 2, argv);
}

// Stands at a berth and lends its name.
static void receiver_main(int argc, char **argv)
{
    (void)argc;
    struct berth *berth = pointer_of(argv);
    for (;;) {
        sg_sem_acquire(berth->called);
        struct worker *worker = berth->newcomers;
        berth->newcomers = worker->next;
        sg_mailbox_set_receiver(worker->name);
        sg_sem_release(worker->adopted);
    }
}

static struct berth *berth_at(int host)
{
    if (!net.berths)
        net.berths = calloc(net.host_count, sizeof(struct berth *));
    assert(net.berths && "berths fit into memory");
    if (net.berths[host])
        return net.berths[host];
    struct berth *berth = calloc(1, sizeof *berth);
    assert(berth && "a berth fits into memory");
    berth->host = host;
    berth->called = sg_sem_init(0);
    net.berths[host] = berth;
    create_actor("receiver", net.hosts[host], receiver_main, berth);
    return berth;
}

static void give(struct berth *berth, enum job job, struct tdm_simgrid_flow *flow, double until)
{
    struct worker *worker = berth->idle;
    const bool fresh = worker == NULL;
    if (fresh) {
        worker = calloc(1, sizeof *worker);
        assert(worker && "a worker fits into memory");
        worker->berth = berth;
        worker->wake = sg_sem_init(0);
        worker->host = net.hosts[berth->host];
        snprintf(worker->name, sizeof worker->name, "w%zu", net.worker_count++);
    } else {
        berth->idle = worker->next;
    }
    worker->job = job;
    worker->flow = flow;
    worker->until = until;
    if (fresh)
        create_actor(worker->name, worker->host, worker_main, worker);
    else
        sg_sem_release(worker->wake);
}

// ---- orders ------------------------------------------------------------------------------------

static void work_main(int argc, char **argv)
{
    (void)argc;
    sg_exec_t work = sg_actor_exec_init(strtod(argv[1], NULL));
    sg_exec_set_bound(work, strtod(argv[2], NULL));
    sg_exec_wait(work);
}

// By an actor of its own: those who carry flows move from host to host, and SimGrid moves what they
// have begun with them.
static void work_on(sg_host_t host, const struct order *order)
{
    const double rate = order->load * sg_host_get_speed(host);
    char flop[32], bound[32]; // in full: actors take texts
    snprintf(flop, sizeof flop, "%a", order->value * rate);
    snprintf(bound, sizeof bound, "%a", rate);
    char *argv[] = {(char *)"work", flop, bound, NULL};
    sg_actor_create("work", host, work_main, 3, argv);
}

static void carry_out(const struct order *order)
{
    switch (order->kind) {
    case RATE:
        net.rates[order->whom] = order->value;
        sg_link_set_bandwidth(net.links[order->whom], order->value);
        break;
    case LATENCY:
        sg_link_set_latency(net.links[order->whom], order->value);
        break;
    case PSTATE:
        sg_host_set_pstate(net.hosts[order->whom], (unsigned long)order->value);
        break;
    case WORK:
        work_on(net.hosts[order->whom], order);
        break;
    case JOULES:
        net.asked = true;
        net.joules = sg_host_get_consumed_energy(net.hosts[order->whom]);
        net.asked = false;
        break;
    }
}

// SimGrid's clock lags behind the caller's only while no flow is under way, but for rounding.
static double lag(void)
{
    const double lag = net.now - simgrid_get_clock();
    return lag > 1e-15 * net.now ? lag : 0;
}

// Others may get control in the middle, since calls into SimGrid let those run who are ready at the
// same date: so everything is taken off its list before it is done, and what they bring for a later
// date is left to them.
static void carry_out_all(void)
{
    while (net.order_done < net.order_count && lag() <= 0) {
        const struct order order = net.orders[net.order_done++];
        carry_out(&order);
    }
}

static bool has_orders(void)
{
    return net.order_done < net.order_count || net.first;
}

static bool is_due(void)
{
    return has_orders() && lag() <= 0;
}

static struct tdm_simgrid_flow *next_flow(void)
{
    struct tdm_simgrid_flow *flow = is_due() ? net.first : NULL;
    if (flow)
        net.first = flow->next;
    return flow;
}

// The job of whoever has control; what it cannot do itself goes to others.
static void take_orders(struct worker *worker)
{
    while (has_orders() && lag() > 0) // others may bring new ones meanwhile
        sg_actor_sleep_for(lag());
    carry_out_all();
    worker->job = WAIT;
    struct tdm_simgrid_flow *flow;
    while ((flow = next_flow()) != NULL) {
        if (worker->job == WAIT && worker->berth->host == flow->to) {
            worker->job = CARRY;
            worker->flow = flow;
        } else {
            give(berth_at(flow->to), CARRY, flow, 0);
        }
    }
    if (net.target <= net.until || tdm_agenda_next(&net.sleepers) <= net.until)
        return;
    tdm_agenda_add(&net.sleepers, net.until, 0, NULL);
    if (worker->job == CARRY) {
        give(worker->berth, SLEEP, NULL, net.until);
    } else {
        worker->job = SLEEP;
        worker->until = net.until;
    }
}

// ---- jobs --------------------------------------------------------------------------------------

static sg_comm_t put(const struct worker *worker)
{
    return sg_mailbox_put_async(worker->mailbox, worker->flow,
                                (long)ceil(worker->flow->bytes * net.setup->unit));
}

static sg_comm_t put_on_own(const struct worker *worker)
{
    const struct tdm_simgrid_flow *flow = worker->flow;
    for (int i = 0; i < flow->changing_count; i++)
        sg_link_set_bandwidth(net.links[flow->changing[i]], huge);
    sg_comm_t comm = put(worker);
    for (int i = 0; i < flow->changing_count; i++)
        sg_link_set_bandwidth(net.links[flow->changing[i]], net.rates[flow->changing[i]]);
    return comm;
}

// A user's links change by themselves, nobody knows which.
static sg_comm_t put_on_users(const struct worker *worker)
{
    int count;
    sg_link_t *links = tdm_simgrid_route(worker->host, net.hosts[worker->flow->to], &count);
    double *rates = calloc((size_t)count + 1, sizeof *rates);
    assert(rates && "the rates of a route fit into memory");
    for (int i = 0; i < count; i++) {
        rates[i] = sg_link_get_bandwidth(links[i]);
        sg_link_set_bandwidth(links[i], huge);
    }
    sg_comm_t comm = put(worker);
    for (int i = count - 1; i >= 0; i--) // a link may be on the way twice
        sg_link_set_bandwidth(links[i], rates[i]);
    free(rates);
    free(links);
    return comm;
}

// A flow in flight is bounded for good by the rates at its start. So where they may change they are
// raised, it starts, and they are set back, all at one date and by one actor; others who start
// theirs then wait.
static sg_comm_t start_flow(const struct worker *worker)
{
    while (net.raised)
        sg_actor_yield();
    net.raised = true;
    sg_comm_t comm = net.setup->is_path ? put_on_users(worker) : put_on_own(worker);
    net.raised = false;
    return comm;
}

// What was sent is in the mailbox, there or failed, until somebody takes it.
static void forget(sg_mailbox_t mailbox)
{
    void *flow = NULL;
    sg_comm_wait(sg_mailbox_get_async(mailbox, &flow));
}

static void carry(struct worker *worker)
{
    const sg_host_t from = net.hosts[worker->flow->from];
    if (worker->host != from)
        sg_actor_set_host(sg_actor_self(), from);
    worker->host = from;
    // A link of a user's platform may be off: what is lost starts anew.
    while (sg_comm_wait(start_flow(worker)) != SG_OK) {
        forget(worker->mailbox);
        sg_actor_sleep_for(retry);
    }
    forget(worker->mailbox);
    worker->flow->ended = simgrid_get_clock();
    net.ended = worker->flow;
    net.active--;
    tdm_handover_back(net.handover);
}

// Hands over once the caller's date has come; by then it may have asked for a later one. Who has
// its orders may wake after this one at the same date: then they come first.
static void sleep_until(struct worker *worker)
{
    const double time = worker->until - simgrid_get_clock();
    if (time > 0)
        sg_actor_sleep_for(time);
    tdm_agenda_take(&net.sleepers); // whoever wakes is the first of them
    while (net.asked)
        sg_actor_yield(); // the answer lets others run, and the caller waits for it
    if (worker->until >= net.until && !is_due())
        tdm_handover_back(net.handover);
}

static void worker_main(int argc, char **argv)
{
    (void)argc;
    struct worker *worker = pointer_of(argv);
    worker->mailbox = sg_mailbox_by_name(worker->name);
    worker->adopted = sg_sem_init(0);
    worker->next = worker->berth->newcomers;
    worker->berth->newcomers = worker;
    sg_sem_release(worker->berth->called);
    sg_sem_acquire(worker->adopted);
    for (;;) {
        switch (worker->job) {
        case CARRY:
            carry(worker);
            take_orders(worker);
            break;
        case SLEEP:
            sleep_until(worker);
            take_orders(worker);
            break;
        case WAIT:
            worker->next = worker->berth->idle;
            worker->berth->idle = worker;
            sg_sem_acquire(worker->wake);
            break;
        }
    }
}

// ---- the side of its own -----------------------------------------------------------------------

// Stopping at a date takes SimGrid 4 time in proportion to the hosts: there a worker sleeps until
// it.
enum { BY_DATES = SIMGRID_VERSION_MAJOR < 4 };

// SimGrid adds up time. A step that is longer than all before it may end an ulp behind `date`, and
// the process with it where somebody is ready then; shorter ones are exact.
static void run_until(double date)
{
    double clock;
    while ((clock = simgrid_get_clock()) > 0 && 2 * clock < date)
        simgrid_run_until(2 * clock);
    if (clock < date || (clock <= date && net.setup->energy)) // the plug-in wants to be asked
        simgrid_run_until(date);
}

// SimGrid stops at the caller's dates by itself, and its stack takes the orders then. Only where
// a flow's end brings a nearer date, a worker sleeps until that one.
static void run_by_dates(void)
{
    for (;;) {
        while (has_orders() && lag() > 0)
            run_until(net.now);
        carry_out_all();
        struct tdm_simgrid_flow *flow;
        while ((flow = next_flow()) != NULL)
            give(berth_at(flow->to), CARRY, flow, 0);
        net.target = net.until;
        run_until(net.until); // may stop up to 1e-5 s before it: then once more
        if (simgrid_get_clock() >= net.until)
            tdm_handover_back(net.handover);
    }
}

static void side_main(void *context)
{
    (void)context;
    tdm_simgrid_initialise(net.setup->energy, net.setup->many);
    tdm_simgrid_load(net.setup);
    tdm_handover_back(net.handover);
    if (BY_DATES)
        run_by_dates();
    net.target = INFINITY;
    tdm_agenda_add(&net.sleepers, 0, 0, NULL);
    give(berth_at(0), SLEEP, NULL, 0);
    simgrid_run();
    abort(); // workers never end
}

int tdm_simgrid_start(const struct tdm_simgrid_setup *setup, struct tdm_error *error)
{
    assert(!net.started && "SimGrid is started once");
    net.handover = tdm_handover_new(side_main, NULL, SIDE_STACK);
    if (!net.handover)
        return tdm_fail(error, "out of memory");
    net.started = true;
    net.setup = setup;
    tdm_handover_go(net.handover);
    return 0;
}

int tdm_simgrid_host(const char *name)
{
    sg_host_t host = sg_host_by_name(name);
    assert(host && "a host of the platform is asked for");
    net.hosts = grow(net.hosts, net.host_count, &net.host_room, sizeof(sg_host_t));
    net.hosts[net.host_count] = host;
    return (int)net.host_count++;
}

int tdm_simgrid_link(const char *name)
{
    sg_link_t link = sg_link_by_name(name);
    assert(link && "a link of the platform is asked for");
    if (net.link_count == net.link_room)
        net.rates = realloc(net.rates, (net.link_room ? 2 * net.link_room : 64) * sizeof(double));
    net.links = grow(net.links, net.link_count, &net.link_room, sizeof(sg_link_t));
    assert(net.rates && "what the network holds fits into memory");
    net.links[net.link_count] = link;
    net.rates[net.link_count] = sg_link_get_bandwidth(link);
    return (int)net.link_count++;
}

static struct order *enter(enum order_kind kind, int whom, double value)
{
    if (net.order_done == net.order_count)
        net.order_done = net.order_count = 0;
    net.orders = grow(net.orders, net.order_count, &net.order_room, sizeof *net.orders);
    struct order *order = &net.orders[net.order_count++];
    *order = (struct order){kind, whom, value, 1};
    return order;
}

void tdm_simgrid_send(struct tdm_simgrid_flow *flow)
{
    flow->next = NULL;
    if (net.first)
        net.last->next = flow;
    else
        net.first = flow;
    net.last = flow;
    net.active++;
}

static double scale(double rate)
{
    const double scaled = rate * net.setup->unit;
    return scaled < nearly_0 ? nearly_0 : scaled;
}

void tdm_simgrid_set_rate(int link, double rate)
{
    enter(RATE, link, scale(rate));
}

void tdm_simgrid_note_rate(int link, double rate)
{
    net.rates[link] = scale(rate);
}

void tdm_simgrid_set_latency(int link, double latency)
{
    enter(LATENCY, link, latency);
}

void tdm_simgrid_set_pstate(int host, int pstate)
{
    enter(PSTATE, host, pstate);
}

void tdm_simgrid_work(int host, double time, double load)
{
    enter(WORK, host, time)->load = load;
}

struct tdm_simgrid_flow *tdm_simgrid_advance(double now, double enough, double until)
{
    if (!has_orders() && (!net.active || enough <= net.reached))
        return NULL; // nothing that time could change (the clock may lag), or nothing new
    net.now = now;
    net.until = until;
    net.ended = NULL;
    tdm_handover_go(net.handover);
    net.reached = net.ended ? -1 : until;
    return net.ended;
}

double tdm_simgrid_joules(int host, double now)
{
    enter(JOULES, host, 0);
    struct tdm_simgrid_flow *ended = tdm_simgrid_advance(now, now, now);
    assert(!ended && "all flows that end by now have been seen");
    (void)ended;
    return net.joules;
}

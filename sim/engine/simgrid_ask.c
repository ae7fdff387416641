// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/simgrid_ask.h"

#include <math.h>
#include <simgrid/actor.h>
#include <simgrid/comm.h>
#include <simgrid/engine.h>
#include <simgrid/host.h>
#include <simgrid/mailbox.h>
#include <stdlib.h>

#include "core/error.h"
#include "engine/simgrid_parts.h"

enum { MANY = 1000 };               // routes
static const double most = 1e14;    // bytes/s of a route
static const double for_ever = 1e9; // s beyond the end

struct way {
    sg_host_t from, to;
    struct tdm_simgrid_sample last;
};

static const struct tdm_simgrid_question *asked;
static struct way *ways;

// The first host to go off, in the middle of a run that needs it.
static struct {
    const char *host; // NULL: none
    double when;
} lost;

static void complain_of_loss(const char *host, double when)
{
    fprintf(stderr,
            "the host '%s' of this platform goes off at %.9g s, which a board or a server cannot: "
            "leave its state_file out (an <outage> says when a server is away)\n",
            host, when);
}

static void note_loss(int failed, void *host)
{
    if (failed && !lost.host) {
        lost.host = sg_host_get_name(host);
        lost.when = simgrid_get_clock();
    }
}

// ---- a byte over each route --------------------------------------------------------------------

static struct way *way_of(char **argv)
{
    return &ways[strtoul(argv[1], NULL, 10)];
}

static void stand_by(sg_host_t host)
{
    sg_actor_on_exit(note_loss, (void *)host);
    sg_actor_sleep_for(asked->until + for_ever);
}

static void sender_main(int argc, char **argv)
{
    (void)argc;
    struct way *way = way_of(argv);
    // A link that is off lets it fail: there is a time for each.
    sg_comm_wait(sg_mailbox_put_async(sg_mailbox_by_name(argv[1]), way, 1));
    stand_by(way->from);
}

static void receiver_main(int argc, char **argv)
{
    (void)argc;
    struct way *way = way_of(argv);
    void *byte = NULL;
    sg_comm_wait(sg_mailbox_get_async(sg_mailbox_by_name(argv[1]), &byte));
    stand_by(way->to);
}

static void send_a_byte(size_t route)
{
    char name[24];
    snprintf(name, sizeof name, "%zu", route);
    char *argv[] = {name, name, NULL};
    sg_actor_create(name, ways[route].to, receiver_main, 2, argv);
    sg_actor_create(name, ways[route].from, sender_main, 2, argv);
}

// ---- routes ------------------------------------------------------------------------------------

static int find_hosts(void)
{
    for (size_t i = 0; i < asked->count; i++) {
        const struct tdm_simgrid_route *route = &asked->routes[i];
        ways[i].from = sg_host_by_name(route->from);
        ways[i].to = sg_host_by_name(route->to);
        if (!ways[i].from || !ways[i].to) {
            fprintf(stderr, "this platform has no host '%s'\n",
                    ways[i].from ? route->to : route->from);
            return -1;
        }
    }
    return 0;
}

static int check(const struct tdm_simgrid_route *route, const struct tdm_simgrid_sample *sample)
{
    const double bandwidth = sample->bandwidth, latency = sample->latency;
    if (bandwidth == -1)
        fprintf(stderr, "no route of this platform leads from '%s' to '%s'\n", route->from,
                route->to);
    else if (!(bandwidth > 0 && bandwidth <= most))
        fprintf(stderr,
                "the route from '%s' to '%s' carries %g bytes/s at %.9g s, which is not above 0 "
                "and up to %g%s\n",
                route->from, route->to, bandwidth, sample->when, most,
                bandwidth == 0 ? " (a link that is off has a state_file)" : "");
    else if (!(latency >= 0 && isfinite(latency)))
        fprintf(stderr, "the route from '%s' to '%s' has a latency of %g s\n", route->from,
                route->to, latency);
    else
        return 0;
    return -1;
}

// What the routes are like now, as far as it is news.
static int look(double now)
{
    for (size_t i = 0; i < asked->count; i++) {
        struct way *way = &ways[i];
        *asked->asking = i;
        struct tdm_simgrid_sample sample = {
            .route = i,
            .when = now,
            .bandwidth = sg_host_get_route_bandwidth(way->from, way->to), // -1: it has no links
            .latency = sg_host_get_route_latency(way->from, way->to)};
        if (sample.bandwidth == -1 && sample.latency > 0) // between coordinates
            sample.bandwidth = most;
        if (now > 0 && sample.bandwidth == way->last.bandwidth &&
            sample.latency == way->last.latency)
            continue;
        if (check(&asked->routes[i], &sample))
            return -1;
        way->last = sample;
        if (fwrite(&sample, sizeof sample, 1, asked->samples) != 1)
            return -1;
    }
    *asked->asking = asked->count;
    return 0;
}

static int watch(void)
{
    if (look(0))
        return -1;
    for (size_t i = 0; i < asked->count; i++) {
        const sg_host_t off = !sg_host_is_on(ways[i].from) ? ways[i].from
                              : !sg_host_is_on(ways[i].to) ? ways[i].to
                                                           : NULL;
        if (off) {
            complain_of_loss(sg_host_get_name(off), 0);
            return -1;
        }
        send_a_byte(i);
    }
    for (size_t k = 1; asked->step > 0 && (double)k * asked->step < asked->until; k++) {
        simgrid_run_until((double)k * asked->step);
        if (lost.host || look((double)k * asked->step))
            break;
    }
    if (*asked->asking == asked->count && !lost.host)
        simgrid_run_until(asked->until);
    if (lost.host)
        complain_of_loss(lost.host, lost.when);
    return lost.host || *asked->asking < asked->count ? -1 : 0;
}

int tdm_simgrid_ask(const struct tdm_simgrid_question *question)
{
    asked = question;
    ways = calloc(question->count + 1, sizeof *ways);
    if (!ways)
        return -1;
    *question->asking = question->count;
    tdm_simgrid_initialise(false, question->count > MANY);
    simgrid_load_platform(question->path);
    if (find_hosts())
        return -1;
    simgrid_run_until(0); // routes are known from then on, and what profiles begin with
    return watch() || fflush(question->samples) ? -1 : 0;
}

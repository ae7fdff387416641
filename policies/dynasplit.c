// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * DynaSplit (arXiv 2410.23881): offline, the Pareto set of all plans over cut and clocks in energy,
 * latency and accuracy; online, the first of them by energy that is fast enough. See dynasplit.md.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/dynasplit_front.h"
#include "policies/policy.h"
#include "trace/stats.h"

// Where the network is looked at, the rates that fronts are made for: eight an octave.
enum { RATES_AN_OCTAVE = 8, RATES = 24 * RATES_AN_OCTAVE };
static const double least_rate = 100; // bytes/s; below that, nothing is sent

// What a stream knows beforehand. A fleet's streams that are alike share one.
struct offline {
    double bandwidth, rtt; // bytes/s, s: of the network that it is about
    struct tdm_settings settings;
    struct tdm_front alone, usual, *seen[RATES]; // by network; made when first asked for
};

struct dynasplit {
    bool all;                 // energy is the server's, too
    bool looks;               // at the network, at every decision
    double bandwidth;         // bytes/s, in place of the link's median; 0: the median
    struct offline **offline; // by stream
    struct tdm_arena *arena;
};

// ---- opening -----------------------------------------------------------------------------------

static int set(struct dynasplit *own, const char *item, struct tdm_error *error)
{
    static const char network[] = "network=";
    struct tdm_error why = {0};
    const char *rate = item + strlen(network);
    if (strcmp(item, "energy=all") == 0)
        own->all = true;
    else if (strcmp(item, "energy=board") == 0)
        own->all = false;
    else if (strcmp(item, "network=seen") == 0)
        own->looks = true;
    else if (strncmp(item, network, strlen(network)) != 0 ||
             tdm_quantity_parse(rate, TDM_BANDWIDTH, &own->bandwidth, &why) || own->bandwidth <= 0)
        return tdm_fail(error,
                        "the policy 'dynasplit' knows energy=board, energy=all, network=seen and "
                        "network=RATE (\"8 Mbit/s\"), with ';' between them; not '%.32s'",
                        item);
    return 0;
}

static int read_argument(struct dynasplit *own, const char *argument, struct tdm_error *error)
{
    char *text = strdup(argument), *rest = NULL;
    int status = text ? 0 : tdm_fail(error, "out of memory");
    for (char *item = text ? strtok_r(text, ";", &rest) : NULL; item && status == 0;
         item = strtok_r(NULL, ";", &rest))
        status = set(own, item, error);
    free(text);
    return status;
}

// The stream whose tables serve this one, too: the same of the first board of its fleet.
static size_t like(const struct tdm_scenario *scenario, size_t stream)
{
    const struct tdm_scenario_board *board = &scenario->boards[scenario->streams[stream].board];
    if (board->twin < 0)
        return stream;
    int at = 0;
    while ((size_t)board->streams[at] != stream)
        at++;
    return (size_t)scenario->boards[board->twin].streams[at];
}

static int check_energy(const struct dynasplit *own, const struct tdm_scenario_server *where,
                        struct tdm_error *error)
{
    if (!own->all || !isnan(where->server->busy - where->server->idle))
        return 0;
    return tdm_fail(error, "energy=all needs the server's power, and '%.64s' says none",
                    where->server->name);
}

// What somebody who profiles a board would find on its link: what it carries half the time.
static int measure(const struct dynasplit *own, const struct tdm_scenario_link *link,
                   struct offline *offline, struct tdm_error *error)
{
    struct tdm_trace_stats stats;
    if (tdm_trace_measure(link->series, &stats, error))
        return -1;
    offline->bandwidth = own->bandwidth > 0 ? own->bandwidth : stats.way[TDM_UP].median;
    offline->rtt = link->series->rtt ? stats.rtt.median : link->rtt;
    if (isnan(offline->rtt))
        offline->rtt = 0;
    return 0;
}

static int prepare(struct dynasplit *own, const struct tdm_scenario *scenario, size_t stream,
                   struct tdm_error *error)
{
    const size_t twin = like(scenario, stream);
    if (twin != stream && own->offline[twin]) {
        own->offline[stream] = own->offline[twin];
        return 0;
    }
    struct offline *offline = tdm_arena_alloc(own->arena, sizeof *offline);
    if (!offline)
        return tdm_fail(error, "out of memory");
    own->offline[stream] = offline;
    const struct tdm_scenario_board *board = &scenario->boards[scenario->streams[stream].board];
    if (!board->link_count)
        return 0;
    const struct tdm_scenario_link *link = &scenario->links[board->links[0]];
    return check_energy(own, &scenario->servers[link->server], error) ||
                   measure(own, link, offline, error)
               ? -1
               : 0;
}

static void close_dynasplit(struct tdm_policy *policy)
{
    struct dynasplit *own = policy->own;
    tdm_arena_free(own->arena);
    free(own);
}

static int open_dynasplit(struct tdm_policy *policy, const char *argument, uint64_t seed,
                          struct tdm_error *error)
{
    (void)seed;
    const struct tdm_scenario *scenario = policy->scenario;
    struct dynasplit *own = calloc(1, sizeof *own);
    if (!own)
        return tdm_fail(error, "out of memory");
    policy->own = own;
    own->arena = tdm_arena_new((size_t)4 << 30);
    if (own->arena)
        own->offline =
            tdm_arena_alloc(own->arena, scenario->stream_count * sizeof(struct offline *));
    int status =
        own->offline ? read_argument(own, argument, error) : tdm_fail(error, "out of memory");
    for (size_t i = 0; status == 0 && i < scenario->stream_count; i++)
        status = prepare(own, scenario, i, error);
    if (status)
        close_dynasplit(policy);
    return status;
}

// ---- deciding ----------------------------------------------------------------------------------

static const struct tdm_front *make(const struct dynasplit *own, struct offline *offline,
                                    const struct tdm_state *state, double bandwidth,
                                    struct tdm_front *front)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_network network = {
        .link = bandwidth > 0 ? state->link : -1, .bandwidth = bandwidth, .rtt = offline->rtt};
    int status = 0;
    if (!offline->settings.count)
        status = tdm_settings_make(&offline->settings, queue, own->arena);
    if (status == 0 && !front->count)
        status = tdm_front_make(front, &offline->settings, state->unit, queue, &network, own->all,
                                own->arena);
    assert(status == 0 && "the plans of a scenario fit into memory");
    (void)status; // where asserts are off
    return front;
}

// By the last of the rates that is not above what was seen.
static const struct tdm_front *front_seen(const struct dynasplit *own, struct offline *offline,
                                          const struct tdm_state *state)
{
    if (state->link < 0 || !(state->bandwidth >= least_rate))
        return make(own, offline, state, 0, &offline->alone);
    const double octaves = log2(state->bandwidth / least_rate);
    const int rate = (int)fmin(octaves * RATES_AN_OCTAVE, RATES - 1);
    struct tdm_front **front = &offline->seen[rate];
    if (!*front)
        *front = tdm_arena_alloc(own->arena, sizeof **front);
    assert(*front && "the plans of a scenario fit into memory");
    return make(own, offline, state, least_rate * exp2((double)rate / RATES_AN_OCTAVE), *front);
}

static void decide(struct tdm_policy *policy, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct dynasplit *own = policy->own;
    struct offline *offline = own->offline[state->stream];
    const struct tdm_front *front =
        own->looks ? front_seen(own, offline, state)
                   : make(own, offline, state, offline->bandwidth, &offline->usual);
    const double left = state->deadline - (state->now - state->arrival);
    const struct tdm_trade *choice = tdm_front_pick(front, left);
    const struct tdm_setting *s = &offline->settings.items[choice->index];
    tdm_plan_local(state, plan);
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan->opp[d] = s->opp[d];
    plan->processor = s->processor;
    if (s->point < plan->point)
        tdm_plan_send(plan, &(struct tdm_network){.link = state->link}, s->point, s->bits);
}

const struct tdm_policy_type tdm_policy_dynasplit = {
    .name = "dynasplit",
    .summary = "of the best plans over cut and clocks, the least energy that meets the deadline",
    .help = "dynasplit[:energy=all][;network=seen|RATE]\n"
            "Beforehand, the Pareto set of all cuts, clocks and bits that the scenario frees, in "
            "predicted energy, latency and accuracy; then for each request the first of it by "
            "energy that is answered within what is left of the deadline, else the fastest.\n"
            "  energy=all    counts the server's energy, too (energy=board: what the board pays)\n"
            "  network=RATE  what is done beforehand is for this bandwidth (\"8 Mbit/s\"); unless "
            "said, for the median of the board's first link\n"
            "  network=seen  is done for many bandwidths, and the last probe chooses\n"
            "arXiv 2410.23881, which searches by NSGA-III and knows one network; here all plans "
            "are tried.",
    .open = open_dynasplit,
    .decide = decide,
    .close = close_dynasplit,
};

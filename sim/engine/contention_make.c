// SPDX-License-Identifier: GPL-3.0-or-later
/* Opening a contention engine: units, servers, the network between them; and its end. */
#include "engine/contention_parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine/platform_routes.h"

static void free_journeys(struct tdm_journey *first, bool under_way)
{
    for (struct tdm_journey *j = first, *next; j; j = next) {
        next = under_way ? j->after : j->next;
        free(j);
    }
}

void tdm_contention_free(struct tdm_engine *engine)
{
    struct tdm_contention *c = tdm_contention_of(engine);
    const size_t servers = engine->scenario->server_count;
    tdm_roster_end(&c->roster);
    for (size_t i = engine->unit_count; i-- > 0;) // whoever borrows tables goes first
        tdm_unit_free(engine->units[i]);
    for (size_t i = 0; i < servers && c->slots && c->shares; i++) {
        free(c->slots[i].free_at);
        tdm_shares_end(&c->shares[i]);
    }
    while (c->agenda.count) {
        const struct tdm_date date = tdm_agenda_take(&c->agenda);
        if (tdm_contention_owns(&date))
            free(date.whom);
    }
    tdm_agenda_end(&c->agenda);
    free_journeys(c->under_way, true);
    free_journeys(c->free, false);
    tdm_network_free(c->network);
    free(c->slots);
    free(c->shares);
    free(c->routed);
    free(c->uplinks);
    free(c->opp);
    free(engine->units);
    free(c);
}

static int make_servers(struct tdm_contention *c)
{
    const struct tdm_scenario *scenario = c->base.scenario;
    c->slots = calloc(scenario->server_count + 1, sizeof *c->slots);
    c->shares = calloc(scenario->server_count + 1, sizeof *c->shares);
    for (size_t i = 0; c->slots && c->shares && i < scenario->server_count; i++) {
        const struct tdm_scenario_server *where = &scenario->servers[i];
        if (tdm_slots_start(&c->slots[i], where))
            return -1;
        c->shares[i].where = where;
        c->shares[i].slots = (double)c->slots[i].count;
    }
    return c->slots && c->shares ? 0 : -1;
}

static int make_units(struct tdm_contention *c, bool recorded, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = c->base.scenario;
    c->base.units = calloc(scenario->board_count, sizeof(struct tdm_unit *));
    if (!c->base.units)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < scenario->board_count; i++) {
        const int twin = scenario->boards[i].twin;
        const struct tdm_unit_setup setup = {
            .seed = c->base.seed,
            .slots = c->slots,
            .recorded = recorded,
            .peers = c->base.units,
            .outcome = &c->base.outcome,
            .listener = &c->listener,
            .remote = &c->remote,
            .twin = twin >= 0 && (size_t)twin < i ? c->base.units[twin] : NULL};
        c->base.units[i] = tdm_unit_new(scenario, (int)i, &setup, error);
        if (!c->base.units[i])
            return -1;
        c->base.unit_count++;
    }
    return 0;
}

// What the ways that lead through a platform carry alone.
static int find_routes(struct tdm_contention *c, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = c->base.scenario;
    if (!scenario->platform_count)
        return 0;
    c->routed = calloc(scenario->link_count + 1, sizeof *c->routed);
    return c->routed ? tdm_platform_routes(scenario, c->routed, error)
                     : tdm_fail(error, "out of memory");
}

static void lead_ways(struct tdm_contention *c)
{
    const struct tdm_scenario *scenario = c->base.scenario;
    for (size_t b = 0; b < c->base.unit_count; b++) {
        struct tdm_unit *unit = c->base.units[b];
        for (size_t w = 0; w < unit->way_count; w++) {
            const int link = scenario->boards[b].links[w];
            if (scenario->links[link].routed)
                unit->ways[w].link = &c->routed[link];
            unit->ways[w].crowd = tdm_network_crowd(c->network, link);
        }
    }
}

static double least_rtt(const struct tdm_scenario_link *link)
{
    const struct tdm_trace *series = link->series;
    double least = series->rtt ? INFINITY : link->rtt;
    for (size_t i = 0; series->rtt && i < series->count; i++)
        least = fmin(least, series->rtt[i]);
    return least;
}

// Half the shortest round trip of all flows. None where a flow has it in it, where a board has
// several requests on the way (their decisions depend on the uplink at that moment), and where
// the plug-in is asked in between.
static double find_lookahead(const struct tdm_contention *c)
{
    const struct tdm_scenario *scenario = c->base.scenario;
    const struct tdm_trace *last = NULL;
    double least = INFINITY;
    if (c->energy)
        return 0;
    for (size_t i = 0; i < scenario->stream_count; i++)
        if (scenario->streams[i].inflight > 1)
            return 0;
    for (size_t i = 0; i < scenario->link_count; i++) {
        const struct tdm_scenario_link *link =
            c->routed && scenario->links[i].routed ? &c->routed[i] : &scenario->links[i];
        if (tdm_network_by_latency(c->network, (int)i))
            return 0;
        if (last && link->series == last && last->rtt)
            continue; // a fleet's: as the one before
        last = link->series;
        least = fmin(least, least_rtt(link));
    }
    return isfinite(least) ? least / 2 : 0;
}

static int check(const struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->link_count; i++) {
        const struct tdm_scenario_link *link = &scenario->links[i];
        if (link->cell >= 0 && scenario->platform_count)
            return tdm_fail_at(error, scenario->path, link->place.line, link->place.column,
                               "a <cell> and a <platform> do not go together: the platform's links "
                               "are what is shared");
    }
    return 0;
}

static int make(struct tdm_contention *c, bool recorded, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = c->base.scenario;
    if (check(scenario, error) || find_routes(c, error))
        return -1;
    if (make_servers(c))
        return tdm_fail(error, "out of memory");
    if (make_units(c, recorded, error))
        return -1;
    const struct tdm_network_setup setup = {.scenario = scenario,
                                            .units = c->base.units,
                                            .agenda = &c->agenda,
                                            .change = TDM_CHANGE,
                                            .all = c->all,
                                            .energy = c->energy};
    c->network = tdm_network_new(&setup, error);
    c->uplinks = calloc(scenario->link_count + 1, sizeof *c->uplinks);
    c->opp = malloc((scenario->board_count + 1) * sizeof *c->opp);
    if (!c->network)
        return -1;
    if (!c->uplinks || !c->opp || tdm_roster_start(&c->roster, c->base.units, c->base.unit_count))
        return tdm_fail(error, "out of memory");
    memset(c->opp, -1, scenario->board_count * sizeof *c->opp); // whatever they are, they are news
    lead_ways(c);
    c->lookahead = find_lookahead(c);
    return 0;
}

static int read_options(struct tdm_contention *c, const char *rest, struct tdm_error *error)
{
    c->all = strcmp(rest, "flows") == 0;
    c->energy = strcmp(rest, "energy") == 0;
    if (rest[0] && !c->all && !c->energy)
        return tdm_fail(error,
                        "'simgrid:%.64s' is not known; 'simgrid:', 'simgrid:flows' (every "
                        "transfer is a flow) and 'simgrid:energy' (with its energy plug-in) "
                        "are",
                        rest);
    return 0;
}

struct tdm_engine *tdm_contention_open(const char *rest, const struct tdm_scenario *scenario,
                                       uint64_t seed, bool recorded, struct tdm_error *error)
{
    if (tdm_network_check_unused(error))
        return NULL;
    struct tdm_contention *c = calloc(1, sizeof *c);
    if (!c) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    c->base =
        (struct tdm_engine){.type = &tdm_contention_engine, .scenario = scenario, .seed = seed};
    c->remote.start = tdm_contention_start_remote;
    c->listener.piece = tdm_contention_hear_piece;
    if (read_options(c, rest, error) || make(c, recorded, error)) {
        tdm_contention_free(&c->base);
        return NULL;
    }
    return &c->base;
}

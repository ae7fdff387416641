// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/platform_routes.h"

#include <stdlib.h>

#include "core/error.h"
#include "engine/platform_try.h"
#include "model/parts.h"

enum { PATIENCE = 60 }; // s that SimGrid may take over a file

// Which routes to ask for: two a link, up and down.
static size_t list_routes(const struct tdm_scenario *scenario, struct tdm_simgrid_route *routes)
{
    size_t count = 0;
    for (size_t i = 0; i < scenario->link_count; i++) {
        const struct tdm_scenario_link *link = &scenario->links[i];
        const char *board = scenario->boards[link->board].host;
        const char *server = scenario->servers[link->server].host;
        if (!link->routed)
            continue;
        routes[count++] = (struct tdm_simgrid_route){board, server};
        routes[count++] = (struct tdm_simgrid_route){server, board};
    }
    return count;
}

static int by_route(const void *a, const void *b)
{
    const struct tdm_simgrid_sample *x = a, *y = b;
    if (x->route != y->route)
        return x->route < y->route ? -1 : 1;
    return (x->when > y->when) - (x->when < y->when);
}

// Both directions of a link over time. Each has a sample at 0 s.
struct both_ways {
    double *t, *up, *down, *rtt;
    size_t count;
};

static void merge(const struct tdm_simgrid_sample *up, size_t ups,
                  const struct tdm_simgrid_sample *down, size_t downs, struct both_ways *both)
{
    size_t i = 0, j = 0;
    both->count = 0;
    for (double now = 0;; both->count++) {
        both->t[both->count] = now;
        both->up[both->count] = up[i].bandwidth;
        both->down[both->count] = down[j].bandwidth;
        both->rtt[both->count] = up[i].latency + down[j].latency;
        const bool more_up = i + 1 < ups, more_down = j + 1 < downs;
        if (!more_up && !more_down)
            break;
        now = !more_down || (more_up && up[i + 1].when < down[j + 1].when) ? up[i + 1].when
                                                                           : down[j + 1].when;
        i += more_up && up[i + 1].when <= now;
        j += more_down && down[j + 1].when <= now;
    }
    both->count++;
}

static const struct tdm_trace *make_series(struct tdm_parts *parts, const struct both_ways *both,
                                           struct tdm_error *error)
{
    const struct tdm_samples samples = {.count = both->count,
                                        .duration = both->t[both->count - 1] + 1,
                                        .t = both->t,
                                        .up = both->up,
                                        .down = both->down,
                                        .rtt = both->rtt};
    return tdm_parts_samples(parts, &samples, error);
}

static size_t count_of(const struct tdm_simgrid_sample *samples, size_t count)
{
    size_t n = 0;
    while (n < count && samples[n].route == samples->route)
        n++;
    return n;
}

static int fill_links(const struct tdm_scenario *scenario, struct tdm_platform_trial *trial,
                      struct tdm_scenario_link *links, struct tdm_error *error)
{
    const struct tdm_simgrid_sample *next = trial->samples;
    size_t left = trial->sample_count;
    double *room = malloc((4 * left + 1) * sizeof *room);
    if (!room)
        return tdm_fail(error, "out of memory");
    struct both_ways both = {room, room + left, room + 2 * left, room + 3 * left, 0};
    qsort(trial->samples, left, sizeof *trial->samples, by_route);
    int status = 0;
    for (size_t i = 0; status == 0 && i < scenario->link_count; i++) {
        if (!scenario->links[i].routed)
            continue;
        const size_t ups = count_of(next, left), downs = count_of(next + ups, left - ups);
        merge(next, ups, next + ups, downs, &both);
        next += ups + downs;
        left -= ups + downs;
        links[i] = scenario->links[i];
        links[i].rtt = both.rtt[0];
        links[i].series = make_series(scenario->parts, &both, error);
        status = links[i].series ? 0 : -1;
    }
    free(room);
    return status;
}

int tdm_platform_routes(const struct tdm_scenario *scenario, struct tdm_scenario_link *links,
                        struct tdm_error *error)
{
    struct tdm_simgrid_route *routes = calloc(2 * scenario->link_count + 1, sizeof *routes);
    if (!routes)
        return tdm_fail(error, "out of memory");
    struct tdm_platform_trial trial = {.path = scenario->platforms[0].path,
                                       .routes = routes,
                                       .count = list_routes(scenario, routes),
                                       .until = scenario->duration,
                                       .patience = PATIENCE};
    int status = tdm_platform_try(&trial, error);
    if (status == 0)
        status = fill_links(scenario, &trial, links, error);
    free(trial.samples);
    free(routes);
    return status;
}

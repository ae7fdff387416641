// SPDX-License-Identifier: GPL-3.0-or-later
/* Links of a scenario and the cells that they share: where they lead, and what they carry. */
#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/parts.h"
#include "model/scenario_parts.h"

// What links and cells say of their rates.
struct rates {
    struct tdm_place place;
    const char *what; // "link" or "cell", for messages
    const char *trace;
    double bandwidth, up, down, floor;
};

static bool has_rates(const struct rates *r)
{
    return r->trace || !isnan(r->bandwidth) || !isnan(r->up) || !isnan(r->down);
}

// NULL with `error`. A direction that is not limited has the largest rate there is.
static const struct tdm_trace *read_rates(const struct tdm_scenario *scenario,
                                          const struct rates *r, struct tdm_error *error)
{
    const bool constant = !isnan(r->bandwidth) || !isnan(r->up) || !isnan(r->down);
    struct tdm_error why = {0};
    const struct tdm_trace *series;
    if (r->trace && constant) {
        tdm_scenario_fail(scenario, r->place, error,
                          "a %s has either a trace or a constant bandwidth%s", r->what, "");
        return NULL;
    }
    if (r->trace) {
        series = tdm_parts_trace(scenario->parts, r->trace, r->floor, &why);
    } else {
        double up = isnan(r->up) ? r->bandwidth : r->up;
        double down = isnan(r->down) ? r->bandwidth : r->down;
        up = isnan(up) ? TDM_TRACE_MOST_RATE : fmax(up, r->floor);
        down = isnan(down) ? TDM_TRACE_MOST_RATE : fmax(down, r->floor);
        series = tdm_parts_constant(scenario->parts, up, down, &why);
    }
    if (!series)
        tdm_scenario_fail_part(scenario, r->place, &why, error);
    return series;
}

// ---- cells -------------------------------------------------------------------------------------

static int find_cell(const struct tdm_scenario *scenario, const char *id, struct tdm_place place,
                     struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, id);
    for (size_t i = 0; i < scenario->cell_count; i++) {
        if (strcmp(scenario->cells[i].id, id) == 0)
            return (int)i;
        tdm_nearest_try(&nearest, scenario->cells[i].id);
    }
    return tdm_scenario_fail(scenario, place, error, "no <cell> has the id '%.64s'%s", id,
                             tdm_nearest_hint(&nearest));
}

static int resolve_cell_rates(const struct tdm_scenario *scenario, struct tdm_scenario_cell *cell,
                              struct tdm_error *error)
{
    const struct rates rates = {cell->place, "cell",     cell->trace, cell->bandwidth,
                                cell->up,    cell->down, cell->floor};
    if (!has_rates(&rates))
        return tdm_scenario_fail(scenario, cell->place, error,
                                 "the cell '%.64s' needs a trace, a bandwidth, up or down%s",
                                 cell->id, "");
    cell->series = read_rates(scenario, &rates, error);
    if (!cell->series)
        return -1;
    const bool both = cell->trace || !isnan(cell->bandwidth);
    cell->limits[TDM_UP] = both || !isnan(cell->up);
    cell->limits[TDM_DOWN] = both || !isnan(cell->down);
    if (cell->duplex == TDM_HALF_DUPLEX && !both)
        return tdm_scenario_fail(
            scenario, cell->place, error,
            "the two directions of '%.64s' share one medium (duplex=\"half\"): "
            "give it one bandwidth or a trace, not up or down%s",
            cell->id, "");
    return 0;
}

static int resolve_parent(const struct tdm_scenario *scenario, struct tdm_scenario_cell *cell,
                          struct tdm_error *error)
{
    cell->parent = -1;
    if (!cell->inside)
        return 0;
    cell->parent = find_cell(scenario, cell->inside, cell->place, error);
    if (cell->parent < 0)
        return -1;
    const struct tdm_scenario_cell *parent = &scenario->cells[cell->parent];
    if (parent >= cell)
        return tdm_scenario_fail(scenario, cell->place, error,
                                 "the cell '%.64s' stands before the one that it is inside of, or "
                                 "in itself; describe the outer one first%s",
                                 cell->id, "");
    if (parent->boards)
        return tdm_scenario_fail(scenario, cell->place, error,
                                 "'%.64s' has room for a number of links; only a cell that takes "
                                 "any number (no 'boards') has others inside%s",
                                 parent->id, "");
    cell->depth = parent->depth + 1;
    if (cell->depth > TDM_CELLS_DEEP)
        return tdm_scenario_fail(
            scenario, cell->place, error,
            "'%.64s' is the 17th of cells that stand inside each other; 16 are "
            "the most%s",
            cell->id, "");
    if (parent->fairness != cell->fairness)
        return tdm_scenario_fail(scenario, cell->place, error,
                                 "'%.64s' and the cell around it share by the same fairness%s",
                                 cell->id, "");
    return 0;
}

int tdm_scenario_resolve_cells(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->cell_count; i++)
        if (resolve_parent(scenario, &scenario->cells[i], error) ||
            resolve_cell_rates(scenario, &scenario->cells[i], error))
            return -1;
    return 0;
}

void tdm_scenario_fill_cells(struct tdm_scenario *scenario)
{
    for (size_t i = 0; i < scenario->link_count; i++) {
        struct tdm_scenario_link *link = &scenario->links[i];
        if (link->cell < 0)
            continue;
        struct tdm_scenario_cell *cell = &scenario->cells[link->cell];
        link->copy = cell->boards ? cell->members / (size_t)cell->boards : 0;
        cell->members++;
        cell->copies = link->copy + 1;
    }
    for (size_t i = scenario->cell_count; i-- > 0;) { // inner cells stand behind outer ones
        const struct tdm_scenario_cell *cell = &scenario->cells[i];
        if (cell->parent >= 0 && cell->members) {
            struct tdm_scenario_cell *parent = &scenario->cells[cell->parent];
            parent->members += cell->members;
            parent->copies = 1;
        }
    }
}

// ---- links -------------------------------------------------------------------------------------

// Narrows what a link carries alone to what the cells around it let through.
static int narrow(const struct tdm_scenario *scenario, struct tdm_scenario_link *link,
                  struct tdm_error *error)
{
    link->series = link->access;
    int changing = link->access && link->access->count > 1;
    if (link->cell >= 0 && !(link->access && link->access->count > 1))
        link->offset = scenario->cells[link->cell].offset; // the cell's rates are what changes
    for (int i = link->cell; i >= 0; i = scenario->cells[i].parent) {
        const struct tdm_trace *limit = scenario->cells[i].series;
        changing += limit->count > 1;
        link->series =
            link->series ? tdm_parts_narrower(scenario->parts, link->series, limit) : limit;
        if (!link->series)
            return tdm_fail(error, "out of memory");
    }
    link->mixed = changing > 1;
    const struct tdm_trace *series = link->series;
    for (int way = 0; way < TDM_DIRECTIONS; way++)
        if (!series || series->way[way].most >= TDM_TRACE_MOST_RATE)
            return tdm_scenario_fail(scenario, link->place, error,
                                     "nothing limits what this link carries %s: give it a rate of "
                                     "its own, or its cell one%s",
                                     way == TDM_UP ? "up" : "down", "");
    return 0;
}

// Shares by round trips need round trips.
static int check_fairness(const struct tdm_scenario *scenario, const struct tdm_scenario_link *link,
                          struct tdm_error *error)
{
    if (link->cell < 0 || scenario->cells[link->cell].fairness != TDM_RTT_SHARES)
        return 0;
    const struct tdm_trace *series = link->series;
    double least = series->rtt ? INFINITY : link->rtt;
    for (size_t i = 0; series->rtt && i < series->count; i++)
        least = fmin(least, series->rtt[i]);
    if (least > 0)
        return 0;
    return tdm_scenario_fail(scenario, link->place, error,
                             "the cell '%.64s' shares by round trips, and this link's is 0 s: give "
                             "it an rtt, or the cell fairness=\"equal\"%s",
                             link->cell_id, "");
}

static int resolve_rates(const struct tdm_scenario *scenario, struct tdm_scenario_link *link,
                         struct tdm_error *error)
{
    const struct rates rates = {link->place, "link",     link->trace, link->bandwidth,
                                link->up,    link->down, link->floor};
    const bool hosts = scenario->boards[link->board].host && scenario->servers[link->server].host;
    if (!has_rates(&rates) && link->cell < 0 && hosts) {
        link->routed = true;
        return 0;
    }
    const bool half = isnan(link->bandwidth) && isnan(link->up) != isnan(link->down);
    if (link->cell < 0 && (!has_rates(&rates) || (half && !link->trace)))
        return tdm_scenario_fail(
            scenario, link->place, error,
            "a link needs a trace, a bandwidth, or both up and down%s%s",
            scenario->platform_count ? "; between hosts of the <platform>, none of these" : "", "");
    if (has_rates(&rates)) {
        link->access = read_rates(scenario, &rates, error);
        if (!link->access)
            return -1;
    }
    return narrow(scenario, link, error) || check_fairness(scenario, link, error) ? -1 : 0;
}

int tdm_scenario_resolve_link(struct tdm_scenario *scenario, struct tdm_scenario_link *link,
                              struct tdm_error *error)
{
    if (strcmp(link->from, link->to) == 0)
        return tdm_scenario_fail(scenario, link->place, error, "the link joins '%.64s' to itself%s",
                                 link->from, "");
    link->server = tdm_scenario_find_server(scenario, link->to, link->place, error);
    if (link->server < 0)
        return -1;
    link->cell = -1;
    if (link->cell_id) {
        link->cell = find_cell(scenario, link->cell_id, link->place, error);
        if (link->cell < 0)
            return -1;
    }
    if (resolve_rates(scenario, link, error))
        return -1;
    struct tdm_error why = {0};
    if (link->radio_name) {
        link->radio = tdm_parts_radio(scenario->parts, link->radio_name, &why);
        if (!link->radio)
            return tdm_scenario_fail_part(scenario, link->place, &why, error);
    }
    return 0;
}

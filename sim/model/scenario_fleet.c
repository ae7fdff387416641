// SPDX-License-Identifier: GPL-3.0-or-later
/* Fleets: what a <fleet> says once becomes boards, links and streams of the scenario, many times.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "model/scenario_parts.h"

// Spread over [0, 1): any number of first members lies evenly (the golden ratio's multiples).
static double spread(size_t k)
{
    const double x = 0.6180339887498949 * (double)k;
    return x - floor(x);
}

// The name that a fleet's elements give their board.
static int check_name(const struct tdm_scenario *scenario, const struct tdm_scenario_fleet *fleet,
                      struct tdm_place place, const char *name, struct tdm_error *error)
{
    const char *id = fleet->boards[0].id;
    if (name == NULL || strcmp(name, id) == 0)
        return 0;
    return tdm_scenario_fail(
        scenario, place, error,
        "this fleet's board is '%.64s', and nothing else stands in a <fleet>%s", id, "");
}

static bool is_member(const char *id, const char *fleet)
{
    const size_t length = strlen(fleet);
    return strncmp(id, fleet, length) == 0 && id[length] == '-' &&
           id[length + 1 + strspn(id + length + 1, "0123456789")] == '\0';
}

// ID-1, ID-2, …: nobody else may be called so.
static int check_ids(const struct tdm_scenario *scenario, const struct tdm_scenario_fleet *fleet,
                     struct tdm_error *error)
{
    const struct tdm_scenario_board *board = &fleet->boards[0];
    for (size_t i = 0; i < scenario->own_boards; i++)
        if (is_member(scenario->boards[i].id, board->id))
            return tdm_scenario_fail(scenario, board->place, error,
                                     "the board '%.64s' is called like one of this fleet%s",
                                     scenario->boards[i].id, "");
    for (size_t i = 0; i < scenario->server_count; i++)
        if (is_member(scenario->servers[i].id, board->id))
            return tdm_scenario_fail(scenario, board->place, error,
                                     "the server '%.64s' is called like one of this fleet%s",
                                     scenario->servers[i].id, "");
    for (const struct tdm_scenario_fleet *other = scenario->fleets; other < fleet; other++)
        if (strcmp(other->boards[0].id, board->id) == 0)
            return tdm_scenario_fail(scenario, board->place, error,
                                     "another fleet has the board '%.64s'%s", board->id, "");
    return 0;
}

// ---- room --------------------------------------------------------------------------------------

// Moves an array to where `more` of its items find room.
static int make_room(struct tdm_scenario *scenario, void **items, size_t count, size_t more,
                     size_t size)
{
    void *room = tdm_arena_alloc(scenario->arena, (count + more + 1) * size);
    if (!room)
        return -1;
    if (count)
        memcpy(room, *items, count * size);
    *items = room;
    return 0;
}

static int make_rooms(struct tdm_scenario *scenario, struct tdm_error *error)
{
    size_t boards = 0, links = 0, streams = 0, loads = 0;
    for (size_t i = 0; i < scenario->fleet_count; i++) {
        const struct tdm_scenario_fleet *fleet = &scenario->fleets[i];
        const size_t count = (size_t)fleet->count;
        boards += count;
        links += count * fleet->link_count;
        streams += count * fleet->stream_count;
        loads += fleet->load_count;
    }
    if (make_room(scenario, (void **)&scenario->boards, scenario->board_count, boards,
                  sizeof *scenario->boards) ||
        make_room(scenario, (void **)&scenario->links, scenario->link_count, links,
                  sizeof *scenario->links) ||
        make_room(scenario, (void **)&scenario->streams, scenario->stream_count, streams,
                  sizeof *scenario->streams) ||
        make_room(scenario, (void **)&scenario->loads, scenario->load_count, loads,
                  sizeof *scenario->loads))
        return tdm_scenario_fail(scenario, scenario->fleets[0].place, error,
                                 "more boards than memory holds%s%s", "", "");
    return 0;
}

// ---- members -----------------------------------------------------------------------------------

static int add_boards(struct tdm_scenario *scenario, const struct tdm_scenario_fleet *fleet,
                      struct tdm_error *error)
{
    const int first = (int)scenario->board_count;
    for (size_t k = 0; k < (size_t)fleet->count; k++) {
        struct tdm_scenario_board *board = &scenario->boards[scenario->board_count];
        char id[160];
        snprintf(id, sizeof id, "%s-%zu", fleet->boards[0].id, k + 1);
        *board = fleet->boards[0];
        board->id = tdm_arena_strdup(scenario->arena, id);
        board->twin = first;
        board->knobs = fleet->knob_count ? fleet->knobs : NULL;
        if (!board->id)
            return tdm_fail(error, "out of memory");
        scenario->board_count++;
    }
    return 0;
}

static void add_link(struct tdm_scenario *scenario, const struct tdm_scenario_fleet *fleet,
                     const struct tdm_scenario_link *pattern, int board, size_t k)
{
    struct tdm_scenario_link *link = &scenario->links[scenario->link_count++];
    *link = *pattern;
    link->board = board;
    link->from = scenario->boards[board].id;
    if (link->access && link->access->count > 1)
        link->offset +=
            isnan(fleet->shift) ? spread(k) * link->access->duration : (double)k * fleet->shift;
}

static void add_stream(struct tdm_scenario *scenario, const struct tdm_stream *pattern, int board,
                       size_t k)
{
    struct tdm_stream *stream = &scenario->streams[scenario->stream_count++];
    *stream = *pattern;
    stream->board = board;
    stream->board_id = scenario->boards[board].id;
    if (stream->arrivals == TDM_PERIODIC)
        stream->from += spread(k) / stream->rate;
    else if (stream->arrivals == TDM_CLOSED)
        stream->from += spread(k); // over a second: they do not start as one
}

static int resolve_patterns(struct tdm_scenario *scenario, struct tdm_scenario_fleet *fleet,
                            int first, struct tdm_error *error)
{
    for (size_t i = 0; i < fleet->link_count; i++) {
        struct tdm_scenario_link *link = &fleet->links[i];
        link->board = first;
        if (check_name(scenario, fleet, link->place, link->from, error) ||
            tdm_scenario_resolve_link(scenario, link, error))
            return -1;
    }
    for (size_t i = 0; i < fleet->stream_count; i++) {
        struct tdm_stream *stream = &fleet->streams[i];
        stream->board = first;
        if (check_name(scenario, fleet, stream->place, stream->board_id, error) ||
            tdm_scenario_resolve_stream(scenario, stream, error))
            return -1;
    }
    if (fleet->knob_count)
        return check_name(scenario, fleet, fleet->knobs->place, fleet->knobs->board_id, error);
    return 0;
}

// All of them run the same beside their networks, so it stands there once, with the first.
static int add_loads(struct tdm_scenario *scenario, struct tdm_scenario_fleet *fleet, int first,
                     struct tdm_error *error)
{
    for (size_t i = 0; i < fleet->load_count; i++) {
        struct tdm_scenario_load *load = &fleet->loads[i];
        load->board = first;
        if (check_name(scenario, fleet, load->place, load->board_id, error) ||
            tdm_scenario_check_load(scenario, load, error))
            return -1;
        scenario->loads[scenario->load_count++] = *load;
    }
    return 0;
}

static int expand(struct tdm_scenario *scenario, struct tdm_scenario_fleet *fleet,
                  struct tdm_error *error)
{
    const int first = (int)scenario->board_count;
    if (tdm_scenario_resolve_board(scenario, &fleet->boards[0], error) ||
        check_ids(scenario, fleet, error) || add_boards(scenario, fleet, error) ||
        resolve_patterns(scenario, fleet, first, error) || add_loads(scenario, fleet, first, error))
        return -1;
    for (size_t k = 0; k < (size_t)fleet->count; k++) {
        for (size_t i = 0; i < fleet->link_count; i++)
            add_link(scenario, fleet, &fleet->links[i], first + (int)k, k);
        for (size_t i = 0; i < fleet->stream_count; i++)
            add_stream(scenario, &fleet->streams[i], first + (int)k, k);
    }
    return 0;
}

int tdm_scenario_expand_fleets(struct tdm_scenario *scenario, struct tdm_error *error)
{
    if (!scenario->fleet_count)
        return 0;
    if (make_rooms(scenario, error))
        return -1;
    for (size_t i = 0; i < scenario->fleet_count; i++)
        if (expand(scenario, &scenario->fleets[i], error))
            return -1;
    return 0;
}

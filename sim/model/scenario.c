// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/scenario.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/library.h"
#include "model/levels.h"
#include "model/parts.h"
#include "model/scenario_parts.h"
#include "trace/lines.h"

enum {
    MOST_MEMORY = 512 * 1024 * 1024, // of one scenario, its text included
    MOST_PATH = 64 * 1024,
};

int tdm_scenario_fail(const struct tdm_scenario *scenario, struct tdm_place place,
                      struct tdm_error *error, const char *format, const char *name,
                      const char *hint)
{
    char message[256];
    snprintf(message, sizeof message, format, name, hint);
    return tdm_fail_at(error, scenario->path, place.line, place.column, "%s", message);
}

int tdm_scenario_fail_part(const struct tdm_scenario *scenario, struct tdm_place place,
                           const struct tdm_error *why, struct tdm_error *error)
{
    if (why->file[0]) {
        if (error)
            *error = *why;
        return -1;
    }
    return tdm_fail_at(error, scenario->path, place.line, place.column, "%s", why->message);
}

static int find_board(const struct tdm_scenario *scenario, const char *id, struct tdm_place place,
                      struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, id);
    for (size_t i = 0; i < scenario->board_count; i++) {
        if (strcmp(scenario->boards[i].id, id) == 0)
            return (int)i;
        tdm_nearest_try(&nearest, scenario->boards[i].id);
    }
    return tdm_scenario_fail(scenario, place, error, "no <board> has the id '%.64s'%s", id,
                             tdm_nearest_hint(&nearest));
}

int tdm_scenario_find_server(const struct tdm_scenario *scenario, const char *id,
                             struct tdm_place place, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, id);
    for (size_t i = 0; i < scenario->server_count; i++) {
        if (strcmp(scenario->servers[i].id, id) == 0)
            return (int)i;
        tdm_nearest_try(&nearest, scenario->servers[i].id);
    }
    return tdm_scenario_fail(scenario, place, error, "no <server> has the id '%.64s'%s", id,
                             tdm_nearest_hint(&nearest));
}

static int check_host(const struct tdm_scenario *scenario, const char *host, struct tdm_place place,
                      struct tdm_error *error)
{
    if (!host || scenario->platform_count)
        return 0;
    return tdm_scenario_fail(scenario, place, error, "the host '%.64s' belongs to no <platform>%s",
                             host, "");
}

int tdm_scenario_resolve_board(struct tdm_scenario *scenario, struct tdm_scenario_board *board,
                               struct tdm_error *error)
{
    struct tdm_error why = {0};
    board->board = tdm_parts_board(scenario->parts, board->type, &why);
    if (!board->board)
        return tdm_scenario_fail_part(scenario, board->place, &why, error);
    return check_host(scenario, board->host, board->place, error);
}

static int resolve_nodes(struct tdm_scenario *scenario, struct tdm_error *error)
{
    struct tdm_error why = {0};
    for (size_t i = 0; i < scenario->board_count; i++) {
        scenario->boards[i].twin = -1;
        if (tdm_scenario_resolve_board(scenario, &scenario->boards[i], error))
            return -1;
    }
    for (size_t i = 0; i < scenario->server_count; i++) {
        struct tdm_scenario_server *s = &scenario->servers[i];
        s->server = tdm_parts_server(scenario->parts, s->type, &why);
        if (!s->server)
            return tdm_scenario_fail_part(scenario, s->place, &why, error);
        if (check_host(scenario, s->host, s->place, error))
            return -1;
        for (size_t j = 0; j < scenario->board_count; j++)
            if (strcmp(scenario->boards[j].id, s->id) == 0)
                return tdm_scenario_fail(scenario, s->place, error,
                                         "the id '%.64s' is a board's already%s", s->id, "");
    }
    return 0;
}

static int resolve_streams(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->stream_count; i++) {
        struct tdm_stream *stream = &scenario->streams[i];
        stream->board = find_board(scenario, stream->board_id, stream->place, error);
        if (stream->board < 0 || tdm_scenario_resolve_stream(scenario, stream, error))
            return -1;
    }
    return 0;
}

static int resolve_links(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->link_count; i++) {
        struct tdm_scenario_link *link = &scenario->links[i];
        link->board = find_board(scenario, link->from, link->place, error);
        if (link->board < 0 || tdm_scenario_resolve_link(scenario, link, error))
            return -1;
    }
    return 0;
}

static int check_knobs(const struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->knob_count; i++) {
        const struct tdm_scenario_knobs *knobs = &scenario->knobs[i];
        if (knobs->board_id && find_board(scenario, knobs->board_id, knobs->place, error) < 0)
            return -1;
        for (size_t j = 0; j < i; j++) {
            const char *other = scenario->knobs[j].board_id;
            if (knobs->board_id && other ? strcmp(knobs->board_id, other) == 0
                                         : knobs->board_id == other)
                return tdm_scenario_fail(scenario, knobs->place, error,
                                         "the knobs of %s are there twice%s",
                                         knobs->board_id ? knobs->board_id : "every board", "");
        }
    }
    return 0;
}

int tdm_scenario_check_load(const struct tdm_scenario *scenario, struct tdm_scenario_load *load,
                            struct tdm_error *error)
{
    if (isnan(load->until))
        load->until = INFINITY;
    if (load->until <= load->from)
        return tdm_scenario_fail(scenario, load->place, error,
                                 "a load ends after it begins ('until' after 'from')%s%s", "", "");
    return 0;
}

static int resolve_loads(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->load_count; i++) {
        struct tdm_scenario_load *load = &scenario->loads[i];
        load->board = find_board(scenario, load->board_id, load->place, error);
        if (load->board < 0 || tdm_scenario_check_load(scenario, load, error))
            return -1;
    }
    return 0;
}

static int compare_outages(const void *a, const void *b)
{
    const struct tdm_scenario_outage *const *x = a, *const *y = b;
    return ((*x)->from > (*y)->from) - ((*x)->from < (*y)->from);
}

static int resolve_outages(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->outage_count; i++) {
        struct tdm_scenario_outage *outage = &scenario->outages[i];
        const int index =
            tdm_scenario_find_server(scenario, outage->server_id, outage->place, error);
        if (index < 0)
            return -1;
        if (isnan(outage->until))
            outage->until = INFINITY;
        if (outage->until <= outage->from)
            return tdm_scenario_fail(scenario, outage->place, error,
                                     "an outage ends after it begins ('until' after 'from')%s%s",
                                     "", "");
        struct tdm_scenario_server *server = &scenario->servers[index];
        const struct tdm_scenario_outage **slot = tdm_arena_push(
            scenario->arena, (void **)&server->outages, &server->outage_count, sizeof *slot);
        if (!slot)
            return tdm_fail(error, "out of memory");
        *slot = outage;
    }
    for (size_t i = 0; i < scenario->server_count; i++) {
        struct tdm_scenario_server *server = &scenario->servers[i];
        if (server->outage_count)
            qsort(server->outages, server->outage_count, sizeof(void *), compare_outages);
        for (size_t j = 1; j < server->outage_count; j++)
            if (server->outages[j]->from < server->outages[j - 1]->until)
                return tdm_scenario_fail(scenario, server->outages[j]->place, error,
                                         "two outages of '%.64s' overlap%s", server->id, "");
    }
    return 0;
}

// ---- whose is what -----------------------------------------------------------------------------

static void choose_knobs(struct tdm_scenario *scenario)
{
    const struct tdm_scenario_knobs *for_all = NULL;
    for (size_t i = 0; i < scenario->knob_count; i++)
        if (!scenario->knobs[i].board_id)
            for_all = &scenario->knobs[i];
    for (size_t b = 0; b < scenario->board_count; b++) {
        struct tdm_scenario_board *board = &scenario->boards[b];
        for (size_t i = 0; i < scenario->knob_count && !board->knobs; i++)
            if (scenario->knobs[i].board_id && strcmp(scenario->knobs[i].board_id, board->id) == 0)
                board->knobs = &scenario->knobs[i];
        if (!board->knobs)
            board->knobs = for_all;
    }
}

// Gives each board its links and streams: counts, then places.
static int index_boards(struct tdm_scenario *scenario)
{
    int *items = tdm_arena_alloc(
        scenario->arena, (scenario->link_count + scenario->stream_count + 1) * sizeof *items);
    if (!items)
        return -1;
    for (size_t i = 0; i < scenario->link_count; i++)
        scenario->boards[scenario->links[i].board].link_count++;
    for (size_t i = 0; i < scenario->stream_count; i++)
        scenario->boards[scenario->streams[i].board].stream_count++;
    for (size_t b = 0; b < scenario->board_count; b++) {
        struct tdm_scenario_board *board = &scenario->boards[b];
        board->links = items;
        board->streams = items + board->link_count;
        items += board->link_count + board->stream_count;
        board->link_count = board->stream_count = 0;
    }
    for (size_t i = 0; i < scenario->link_count; i++) {
        struct tdm_scenario_board *board = &scenario->boards[scenario->links[i].board];
        ((int *)board->links)[board->link_count++] = (int)i;
    }
    for (size_t i = 0; i < scenario->stream_count; i++) {
        struct tdm_scenario_board *board = &scenario->boards[scenario->streams[i].board];
        ((int *)board->streams)[board->stream_count++] = (int)i;
    }
    return 0;
}

static int check_boards(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t b = 0; b < scenario->board_count; b++) {
        const struct tdm_scenario_board *board = &scenario->boards[b];
        for (int i = 0; i < board->link_count; i++) {
            const struct tdm_scenario_link *link = &scenario->links[board->links[i]];
            scenario->servers[link->server].boards++;
            for (int j = 0; j < i; j++)
                if (scenario->links[board->links[j]].server == link->server)
                    return tdm_scenario_fail(scenario, link->place, error,
                                             "a second link between '%.64s' and the same server%s",
                                             link->from, "");
        }
        if (!board->stream_count)
            return tdm_scenario_fail(scenario, board->place, error,
                                     "no <stream> arrives at the board '%.64s'%s", board->id, "");
    }
    return 0;
}

static int resolve_platform(struct tdm_scenario *scenario, struct tdm_error *error)
{
    if (!scenario->platform_count)
        return 0;
    struct tdm_scenario_platform *platform = &scenario->platforms[0];
    platform->path = tdm_library_beside(scenario->path, platform->file, scenario->arena);
    return platform->path ? 0 : tdm_fail(error, "out of memory");
}

static int resolve(struct tdm_scenario *scenario, struct tdm_error *error)
{
    scenario->own_boards = scenario->board_count;
    scenario->own_links = scenario->link_count;
    scenario->own_streams = scenario->stream_count;
    if (resolve_platform(scenario, error) || resolve_nodes(scenario, error) ||
        tdm_scenario_resolve_cells(scenario, error) || resolve_links(scenario, error) ||
        resolve_streams(scenario, error) || resolve_loads(scenario, error) ||
        resolve_outages(scenario, error) || check_knobs(scenario, error) ||
        tdm_scenario_expand_fleets(scenario, error))
        return -1;
    if (!scenario->board_count)
        return tdm_scenario_fail(scenario, scenario->place, error,
                                 "a scenario has a <board> or a <fleet>%s%s", "", "");
    choose_knobs(scenario);
    if (index_boards(scenario))
        return tdm_fail(error, "out of memory");
    tdm_scenario_fill_cells(scenario);
    scenario->eta = scenario->objective_count ? scenario->objectives[0].eta : 0.5;
    return check_boards(scenario, error) || tdm_levels_check(scenario, error) ? -1 : 0;
}

static struct tdm_scenario *read_text(const char *text, size_t length, const char *path,
                                      struct tdm_arena *arena, struct tdm_error *error)
{
    struct tdm_scenario *scenario =
        tdm_schema_read_text(&tdm_scenario_schema, text, length, path, arena, error);
    if (!scenario)
        return NULL;
    scenario->arena = arena;
    scenario->path = tdm_arena_strdup(arena, path);
    scenario->text = tdm_arena_strndup(arena, text, length);
    scenario->text_length = length;
    if (scenario->path && scenario->text)
        return scenario;
    tdm_fail(error, "out of memory");
    return NULL;
}

struct tdm_scenario *tdm_scenario_of_text(const char *text, size_t length, const char *path,
                                          struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_MEMORY);
    struct tdm_scenario *scenario = arena ? read_text(text, length, path, arena, error) : NULL;
    if (!arena)
        tdm_fail(error, "out of memory");
    if (!scenario) {
        tdm_arena_free(arena);
        return NULL;
    }
    scenario->parts = tdm_parts_new(scenario->path);
    const int status = scenario->parts ? 0 : tdm_fail(error, "out of memory");
    if (status || resolve(scenario, error)) {
        tdm_scenario_free(scenario);
        return NULL;
    }
    return scenario;
}

struct tdm_scenario *tdm_scenario_load(const char *name_or_path, struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(MOST_PATH);
    const char *path = arena ? tdm_library_find("scenarios", name_or_path, arena, error) : NULL;
    size_t length;
    char *text = path ? tdm_file_read(path, &length, error) : NULL;
    struct tdm_scenario *scenario = text ? tdm_scenario_of_text(text, length, path, error) : NULL;
    if (!arena)
        tdm_fail(error, "out of memory");
    free(text);
    tdm_arena_free(arena);
    return scenario;
}

void tdm_scenario_free(struct tdm_scenario *scenario)
{
    if (!scenario)
        return;
    tdm_parts_free(scenario->parts);
    tdm_arena_free(scenario->arena);
}

bool tdm_scenario_is_shared(const struct tdm_scenario *scenario)
{
    for (size_t i = 0; i < scenario->server_count; i++)
        if (scenario->servers[i].boards > 1)
            return true;
    for (size_t i = 0; i < scenario->cell_count; i++)
        if (scenario->cells[i].members > 1)
            return true;
    for (size_t i = 0; i < scenario->link_count; i++) {
        const struct tdm_scenario_link *link = &scenario->links[i];
        const struct tdm_scenario_board *board = &scenario->boards[link->board];
        if (link->routed || link->mixed)
            return true;
        if (scenario->servers[link->server].server->discipline != TDM_SHARES)
            continue;
        for (int j = 0; j < board->stream_count; j++)
            if (scenario->streams[board->streams[j]].inflight > 1)
                return true;
    }
    return false;
}

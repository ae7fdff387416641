// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/network.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/error.h"
#include "engine/platform.h"

#define MOST_MEMORY ((size_t)8 << 30)
enum { MANY = 100 };                // boards
static const double unit = 1048576; // SimGrid counts whole bytes; so fine are ours

// A link whose rate follows a trace while somebody uses it.
struct tdm_pipe {
    const struct tdm_trace *trace;
    enum tdm_direction direction;
    double offset;
    struct tdm_cursor cursor;
    int link;
    unsigned users;
    bool dated; // its next change stands in the agenda
};

// One copy of a cell.
struct medium {
    struct tdm_crowd crowd[TDM_DIRECTIONS]; // half duplex uses the first
    struct tdm_pipe *pipe[TDM_DIRECTIONS];  // NULL where it does not change or does not limit
};

struct tdm_network {
    struct tdm_network_setup setup;
    struct tdm_simgrid_setup simgrid;
    struct tdm_arena *arena;
    struct tdm_lane *lanes; // two a link
    struct medium **media;  // by cell, one a copy
    int *boards;            // hosts, two a board: its CPU (-1: none) and itself
    int *servers;           // hosts, two a server: itself, and where answers go
    char *platform;
};

static void *allocate(struct tdm_network *n, size_t count, size_t size)
{
    return tdm_arena_alloc(n->arena, (count + 1) * size);
}

// ---- layout ------------------------------------------------------------------------------------

static bool changes(const struct tdm_trace *trace, enum tdm_direction direction)
{
    return trace && (trace->count > 1 || trace->way[direction].rate[0] <= 0);
}

static struct tdm_pipe *make_pipe(struct tdm_network *n, const struct tdm_trace *trace,
                                  enum tdm_direction direction, double offset)
{
    struct tdm_pipe *pipe = allocate(n, 1, sizeof *pipe);
    if (pipe)
        *pipe =
            (struct tdm_pipe){.trace = trace, .direction = direction, .offset = offset, .link = -1};
    return pipe;
}

// Where one medium carries both directions, they meet in one crowd.
static struct tdm_crowd *crowd_of(const struct tdm_network *n, int cell, size_t copy,
                                  enum tdm_direction way)
{
    if (cell < 0)
        return NULL;
    const bool half = n->setup.scenario->cells[cell].duplex == TDM_HALF_DUPLEX;
    return &n->media[cell][copy].crowd[half ? TDM_UP : way];
}

static int make_medium(struct tdm_network *n, int index, size_t copy)
{
    const struct tdm_scenario_cell *cell = &n->setup.scenario->cells[index];
    struct medium *medium = &n->media[index][copy];
    for (enum tdm_direction way = TDM_UP; way < TDM_DIRECTIONS; way++) {
        medium->crowd[way] = (struct tdm_crowd){.trace = cell->series,
                                                .direction = way,
                                                .offset = cell->offset,
                                                .outer = crowd_of(n, cell->parent, 0, way)};
        if (way == TDM_DOWN && cell->duplex == TDM_HALF_DUPLEX) {
            medium->pipe[way] = medium->pipe[TDM_UP];
        } else if (cell->limits[way] && changes(cell->series, way)) {
            medium->pipe[way] = make_pipe(n, cell->series, way, cell->offset);
            if (!medium->pipe[way])
                return -1;
        }
    }
    return 0;
}

static int make_media(struct tdm_network *n)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    n->media = allocate(n, scenario->cell_count, sizeof(struct medium *));
    if (!n->media)
        return -1;
    for (size_t i = 0; i < scenario->cell_count; i++) {
        const size_t copies = scenario->cells[i].copies;
        n->media[i] = allocate(n, copies, sizeof *n->media[i]);
        if (!n->media[i])
            return -1;
        for (size_t copy = 0; copy < copies; copy++)
            if (make_medium(n, (int)i, copy))
                return -1;
    }
    return 0;
}

static int make_lane(struct tdm_network *n, size_t index, enum tdm_direction way)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    const struct tdm_scenario_link *link = &scenario->links[index];
    struct tdm_lane *lane = &n->lanes[2 * index + (size_t)way];
    *lane = (struct tdm_lane){
        .shared = n->setup.all || tdm_platform_is_shared(scenario, index, way), .access = -1};
    if (!lane->shared)
        return 0;
    struct tdm_pipe *pipes[1 + 1 + TDM_CELLS_DEEP];
    if (changes(link->access, way)) {
        pipes[lane->pipe_count] = make_pipe(n, link->access, way, link->offset);
        if (!pipes[lane->pipe_count++])
            return -1;
    }
    size_t copy = link->copy;
    for (int c = link->cell; c >= 0; c = scenario->cells[c].parent) {
        struct medium *medium = &n->media[c][copy];
        if (c == link->cell)
            lane->crowd = crowd_of(n, c, copy, way);
        if (medium->pipe[way])
            pipes[lane->pipe_count++] = medium->pipe[way];
        copy = 0;
    }
    if (!lane->pipe_count)
        return 0;
    lane->pipes = allocate(n, (size_t)lane->pipe_count, sizeof(struct tdm_pipe *));
    lane->links = allocate(n, (size_t)lane->pipe_count, sizeof *lane->links);
    if (!lane->pipes || !lane->links)
        return -1;
    memcpy(lane->pipes, pipes, (size_t)lane->pipe_count * sizeof *pipes);
    return 0;
}

static int make_lanes(struct tdm_network *n)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    n->lanes = allocate(n, 2 * scenario->link_count, sizeof *n->lanes);
    n->boards = allocate(n, 2 * scenario->board_count, sizeof *n->boards);
    n->servers = allocate(n, 2 * scenario->server_count, sizeof *n->servers);
    if (!n->lanes || !n->boards || !n->servers)
        return -1;
    for (size_t i = 0; i < scenario->link_count; i++)
        if (make_lane(n, i, TDM_UP) || make_lane(n, i, TDM_DOWN))
            return -1;
    return 0;
}

struct tdm_network *tdm_network_new(const struct tdm_network_setup *setup, struct tdm_error *error)
{
    struct tdm_network *n = calloc(1, sizeof *n);
    if (n)
        n->arena = tdm_arena_new(MOST_MEMORY);
    if (!n || !n->arena) {
        free(n);
        tdm_fail(error, "out of memory");
        return NULL;
    }
    n->setup = *setup;
    if (make_media(n) || make_lanes(n)) {
        tdm_network_free(n);
        tdm_fail(error, "out of memory");
        return NULL;
    }
    return n;
}

void tdm_network_free(struct tdm_network *network)
{
    if (!network)
        return;
    free(network->platform);
    tdm_arena_free(network->arena);
    free(network);
}

// ---- SimGrid -----------------------------------------------------------------------------------

static int write_platform(struct tdm_network *n, struct tdm_error *error)
{
    size_t size = 0;
    FILE *out = open_memstream(&n->platform, &size);
    if (!out)
        return tdm_fail(error, "out of memory");
    const struct tdm_platform_form form = {.unit = unit, .lean = true, .all = n->setup.all};
    tdm_platform_write(n->setup.scenario, n->setup.units, &form, out);
    return fclose(out) == 0 ? 0 : tdm_fail(error, "out of memory");
}

// Where the flows of a link begin and end, and the links of its own rates.
static void find_ends(struct tdm_network *n, size_t index)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    const struct tdm_scenario_link *link = &scenario->links[index];
    const bool own = !scenario->platform_count;
    const int board = n->boards[2 * link->board + TDM_GPU];
    const int *server = &n->servers[2 * link->server];
    struct tdm_lane *lanes = &n->lanes[2 * index];
    char name[TDM_PLATFORM_NAME];
    lanes[TDM_UP].from = board;
    lanes[TDM_UP].to = server[TDM_UP];
    lanes[TDM_DOWN].from = own ? board : server[TDM_UP];
    lanes[TDM_DOWN].to = own ? server[TDM_DOWN] : board;
    for (enum tdm_direction way = TDM_UP; way < TDM_DIRECTIONS && own; way++)
        if (lanes[way].shared && tdm_platform_has_access(scenario, index))
            lanes[way].access = tdm_simgrid_link(tdm_platform_access(scenario, index, way, name));
}

static void find_links(struct tdm_network *n)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    char name[TDM_PLATFORM_NAME];
    for (size_t i = 0; i < scenario->cell_count; i++)
        for (size_t copy = 0; copy < scenario->cells[i].copies; copy++)
            for (enum tdm_direction way = TDM_UP; way < TDM_DIRECTIONS; way++) {
                struct tdm_pipe *pipe = n->media[i][copy].pipe[way];
                if (pipe && pipe->link < 0)
                    pipe->link =
                        tdm_simgrid_link(tdm_platform_cell(scenario, (int)i, copy, way, name));
            }
    for (size_t i = 0; i < 2 * scenario->link_count; i++) {
        struct tdm_lane *lane = &n->lanes[i];
        for (int p = 0; p < lane->pipe_count; p++) {
            if (lane->pipes[p]->link < 0)
                lane->pipes[p]->link = lane->access;
            lane->links[p] = lane->pipes[p]->link;
        }
    }
}

// In our own platform the way down ends at a pretended host beside the server, so that one receiver
// a server is enough; a user's platform has a real way back.
static void find_hosts(struct tdm_network *n)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    const bool own = !scenario->platform_count;
    char name[TDM_PLATFORM_NAME];
    for (size_t i = 0; i < scenario->board_count; i++) {
        const struct tdm_scenario_board *board = &scenario->boards[i];
        const char *host = own ? board->id : board->host;
        n->boards[2 * i + TDM_CPU] = -1;
        n->boards[2 * i + TDM_GPU] = host ? tdm_simgrid_host(host) : -1;
        if (own && tdm_platform_has_cpu(scenario, (int)i))
            n->boards[2 * i + TDM_CPU] = tdm_simgrid_host(tdm_platform_cpu(scenario, (int)i, name));
    }
    for (size_t i = 0; i < scenario->server_count; i++) {
        const char *host = own ? scenario->servers[i].id : scenario->servers[i].host;
        n->servers[2 * i + TDM_UP] = host ? tdm_simgrid_host(host) : -1;
        n->servers[2 * i + TDM_DOWN] =
            own ? tdm_simgrid_host(tdm_platform_down(scenario, (int)i, name)) : -1;
    }
}

static bool simgrid_is_used; // in this process, which has one

int tdm_network_check_unused(struct tdm_error *error)
{
    if (!simgrid_is_used)
        return 0;
    return tdm_fail(error, "SimGrid runs once a process, and this process has had its run: let "
                           "each run have a process of its own, as 'tandem compare' does");
}

// It would answer to signals in the program's place from then on.
static int start_simgrid(struct tdm_network *n, struct tdm_error *error)
{
    static const int signals[] = {SIGINT, SIGSEGV, SIGBUS};
    enum { SIGNALS = sizeof signals / sizeof *signals };
    struct sigaction actions[SIGNALS];
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], NULL, &actions[i]);
    simgrid_is_used = true;
    const int status = tdm_simgrid_start(&n->simgrid, error);
    for (int i = 0; i < SIGNALS; i++)
        sigaction(signals[i], &actions[i], NULL);
    return status;
}

int tdm_network_start(struct tdm_network *n, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = n->setup.scenario;
    const bool own = !scenario->platform_count;
    if (tdm_network_check_unused(error) || (own && write_platform(n, error)))
        return -1;
    n->simgrid = (struct tdm_simgrid_setup){
        .platform = own ? n->platform : scenario->platforms[0].path,
        .is_path = !own,
        .unit = own ? unit : 1,
        .energy = n->setup.energy,
        .many = scenario->board_count > MANY,
    };
    if (start_simgrid(n, error))
        return -1;
    free(n->platform);
    n->platform = NULL;
    find_hosts(n);
    for (size_t i = 0; i < scenario->link_count; i++)
        find_ends(n, i);
    find_links(n);
    return 0;
}

// ---- in use ------------------------------------------------------------------------------------

struct tdm_lane *tdm_network_lane(const struct tdm_network *network, int link,
                                  enum tdm_direction direction)
{
    return &network->lanes[2 * link + (int)direction];
}

bool tdm_network_by_latency(const struct tdm_network *network, int link)
{
    const struct tdm_scenario *scenario = network->setup.scenario;
    return scenario->links[link].routed || tdm_platform_by_rtt(scenario, (size_t)link);
}

void tdm_network_set_latency(struct tdm_network *network, int link, double latency)
{
    for (int way = 0; way < TDM_DIRECTIONS; way++) {
        const int access = network->lanes[2 * link + way].access;
        if (access >= 0)
            tdm_simgrid_set_latency(access, latency);
    }
}

struct tdm_crowd *tdm_network_crowd(const struct tdm_network *network, int link)
{
    return network->lanes[2 * link].crowd;
}

int tdm_network_board(const struct tdm_network *network, int board, enum tdm_domain domain)
{
    if (network->setup.scenario->platform_count)
        return -1; // its hosts have clocks of their own
    return network->boards[2 * board + (int)domain];
}

static double rate_of(struct tdm_pipe *pipe, double now)
{
    return tdm_trace_rate_at(pipe->trace, pipe->direction, &pipe->cursor, pipe->offset + now);
}

static void date_next(struct tdm_network *n, struct tdm_pipe *pipe, double now)
{
    const double next =
        tdm_trace_next(pipe->trace, &pipe->cursor, pipe->offset + now) - pipe->offset;
    if (isinf(next))
        return;
    // Where rounding puts the change a little too early, it would come again and again.
    tdm_agenda_add(n->setup.agenda, fmax(next, nextafter(now, INFINITY)), n->setup.change, pipe);
    pipe->dated = true;
}

void tdm_network_change(struct tdm_network *n, struct tdm_pipe *pipe, double now)
{
    pipe->dated = false;
    if (!pipe->users)
        return;
    tdm_simgrid_set_rate(pipe->link, rate_of(pipe, now));
    date_next(n, pipe, now);
}

// Somebody begins to use it.
static void open_pipe(struct tdm_network *n, struct tdm_pipe *pipe, double now)
{
    if (pipe->users++)
        return;
    tdm_simgrid_note_rate(pipe->link, rate_of(pipe, now));
    if (!pipe->dated)
        date_next(n, pipe, now);
}

void tdm_network_send(struct tdm_network *n, struct tdm_lane *lane, double now, double bytes,
                      struct tdm_simgrid_flow *flow)
{
    for (int i = 0; i < lane->pipe_count; i++)
        open_pipe(n, lane->pipes[i], now);
    tdm_crowd_changes(lane->crowd, now, 1);
    flow->from = lane->from;
    flow->to = lane->to;
    flow->bytes = bytes;
    flow->changing = lane->links;
    flow->changing_count = lane->pipe_count;
    tdm_simgrid_send(flow);
}

double tdm_network_carried(const struct tdm_network *n, int link, enum tdm_direction direction,
                           double from, double until)
{
    const struct tdm_scenario_link *l = &n->setup.scenario->links[link];
    double bytes = INFINITY;
    if (l->access)
        bytes = tdm_trace_bytes(l->access, direction, l->offset + from, l->offset + until);
    struct tdm_crowd *crowd = tdm_network_lane(n, link, direction)->crowd;
    for (; crowd; crowd = crowd->outer) {
        const double all = tdm_trace_bytes(crowd->trace, crowd->direction, crowd->offset + from,
                                           crowd->offset + until);
        bytes = fmin(bytes, crowd->now ? all / crowd->now : all);
    }
    return bytes;
}

void tdm_network_ended(struct tdm_network *n, struct tdm_lane *lane, double now)
{
    (void)n;
    for (int i = 0; i < lane->pipe_count; i++)
        lane->pipes[i]->users--;
    tdm_crowd_changes(lane->crowd, now, -1);
}

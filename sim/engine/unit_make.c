// SPDX-License-Identifier: GPL-3.0-or-later
/* Units from scenarios: their situations, ways, queues and tables; and what is drawn for them. */
#include "engine/unit.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/error.h"

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

// The times at which the co-runners of a board change, from 0 on.
static int find_load_changes(struct tdm_unit *unit)
{
    const struct tdm_scenario *scenario = unit->scenario;
    double *times = tdm_arena_alloc(unit->arena, (2 * scenario->load_count + 1) * sizeof *times);
    if (!times)
        return -1;
    size_t count = 1; // times[0] = 0
    for (size_t i = 0; i < scenario->load_count; i++) {
        const struct tdm_scenario_load *load = &scenario->loads[i];
        if (load->board != unit->index)
            continue;
        times[count++] = load->from;
        if (isfinite(load->until))
            times[count++] = load->until;
    }
    qsort(times, count, sizeof *times, compare_doubles);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++)
        if (times[i] > times[kept - 1])
            times[kept++] = times[i];
    unit->setup.load_from = times;
    unit->setup.load_count = kept;
    return 0;
}

static struct tdm_load load_at(const struct tdm_unit *unit, double time)
{
    struct tdm_load sum = {0};
    for (size_t i = 0; i < unit->scenario->load_count; i++) {
        const struct tdm_scenario_load *load = &unit->scenario->loads[i];
        if (load->board != unit->index || time < load->from || time >= load->until)
            continue;
        sum.cpu = fmin(0.95, sum.cpu + load->cpu);
        sum.gpu = fmin(0.95, sum.gpu + load->gpu);
        sum.memory = fmin(0.95, sum.memory + load->emc);
    }
    return sum;
}

// All cores first, then what the power modes leave online.
static int find_cores(struct tdm_unit *unit)
{
    const struct tdm_board *board = unit->board;
    int *cores = tdm_arena_alloc(unit->arena, (board->mode_count + 1) * sizeof *cores);
    if (!cores)
        return -1;
    size_t count = 1;
    cores[0] = (int)board->domain[TDM_CPU]->cores;
    for (size_t i = 0; i < board->mode_count; i++) {
        bool known = false;
        for (size_t j = 0; j < count; j++)
            known |= cores[j] == (int)board->modes[i].cores;
        if (!known)
            cores[count++] = (int)board->modes[i].cores;
    }
    unit->setup.cores = cores;
    unit->setup.core_count = count;
    return 0;
}

// Loads that are alike share their situations, one a number of cores.
static int find_load_kind(struct tdm_driver_setup *setup, struct tdm_load load)
{
    const size_t kinds = setup->situation_count / setup->core_count;
    for (size_t k = 0; k < kinds; k++) {
        const struct tdm_load *known = &setup->situations[k * setup->core_count].load;
        if (known->cpu == load.cpu && known->gpu == load.gpu && known->memory == load.memory)
            return (int)k;
    }
    for (size_t c = 0; c < setup->core_count; c++)
        setup->situations[setup->situation_count++] = (struct tdm_situation){load, setup->cores[c]};
    return (int)kinds;
}

static int find_situations(struct tdm_unit *unit)
{
    struct tdm_driver_setup *setup = &unit->setup;
    if (find_load_changes(unit) || find_cores(unit))
        return -1;
    setup->load_kind = tdm_arena_alloc(unit->arena, setup->load_count * sizeof(int));
    setup->situations = tdm_arena_alloc(unit->arena, setup->load_count * setup->core_count *
                                                         sizeof *setup->situations);
    if (!setup->load_kind || !setup->situations)
        return -1;
    for (size_t i = 0; i < setup->load_count; i++)
        setup->load_kind[i] = find_load_kind(setup, load_at(unit, setup->load_from[i]));
    return 0;
}

static int make_ways(struct tdm_unit *unit, struct tdm_slots *slots, bool recorded)
{
    const struct tdm_scenario *scenario = unit->scenario;
    const struct tdm_scenario_board *where = &scenario->boards[unit->index];
    const size_t count = (size_t)where->link_count;
    unit->ways = tdm_arena_alloc(unit->arena, count * sizeof *unit->ways);
    if (recorded)
        unit->radio_pieces = tdm_arena_alloc(unit->arena, (count + 1) * sizeof *unit->radio_pieces);
    if (!unit->ways || (recorded && !unit->radio_pieces))
        return -1;
    for (size_t i = 0; i < count; i++) {
        const struct tdm_scenario_link *link = &scenario->links[where->links[i]];
        struct tdm_way *way = &unit->ways[unit->way_count];
        *way = (struct tdm_way){.link = link, .slots = &slots[link->server]};
        way->radio.radio = link->radio;
        way->radio.last = -INFINITY;
        way->radio.until = scenario->duration;
        way->radio.pieces = recorded ? &unit->radio_pieces[unit->way_count] : NULL;
        unit->way_count++;
    }
    return 0;
}

static int fill_compute(struct tdm_unit *unit, struct tdm_queue_version *version)
{
    const struct tdm_dnn *dnn = version->costs->dnn;
    const int points = version->costs->point_count;
    double *compute =
        tdm_arena_alloc(unit->arena, (unit->way_count * (size_t)points + 1) * sizeof *compute);
    if (!compute)
        return -1;
    version->compute = compute;
    for (size_t w = 0; w < unit->way_count; w++) {
        const struct tdm_server *server = unit->ways[w].slots->server;
        for (int p = 0; p < points; p++)
            compute[(int)w * points + p] =
                tdm_server_time(server, dnn, tdm_point_layers(dnn, p), 1) - server->overhead;
    }
    return 0;
}

// How many there are places for; not all of them need be freed.
static size_t exits_of(const struct tdm_queue_version *version)
{
    return version->exits ? version->costs->dnn->exit_count : 0;
}

// Copies a twin's tables of a version, whole and left early.
static int copy_version(struct tdm_unit *unit, const struct tdm_queue_version *from,
                        struct tdm_queue_version *to)
{
    *to = (struct tdm_queue_version){.costs = from->costs, .compute = from->compute};
    const size_t exits = exits_of(from);
    to->exits = exits ? tdm_arena_alloc(unit->arena, exits * sizeof *to->exits) : NULL;
    for (size_t e = 0; to->exits && e < exits; e++)
        to->exits[e] = (struct tdm_queue_version){.costs = from->exits[e].costs,
                                                  .compute = from->exits[e].compute};
    return !exits || to->exits ? 0 : -1;
}

static int make_costs(struct tdm_unit *unit, struct tdm_queue_version *version,
                      const struct tdm_version *what, const struct tdm_levels *levels)
{
    version->costs = tdm_costs_new(unit->board, what, levels, unit->setup.situations,
                                   unit->setup.situation_count);
    return version->costs ? fill_compute(unit, version) : -1;
}

// Only those that are freed have tables.
static int make_exits(struct tdm_unit *unit, const struct tdm_queue *queue, int v)
{
    struct tdm_queue_version *version = &queue->versions[v];
    const struct tdm_levels *levels = queue->levels;
    const struct tdm_version *what = &queue->stream->versions[v];
    if (levels->exit_count[v] < 2)
        return 0;
    version->exits = tdm_arena_alloc(unit->arena, what->dnn->exit_count * sizeof *version->exits);
    if (!version->exits)
        return -1;
    for (int i = 1; i < levels->exit_count[v]; i++) {
        const int leaves = levels->exit[v][i];
        struct tdm_version left = *what;
        left.dnn = tdm_dnn_until(what->dnn, leaves);
        struct tdm_queue_version *until = tdm_queue_until(queue, v, leaves);
        if (make_costs(unit, until, &left, levels))
            return -1;
        until->costs->whole = version->costs;
    }
    return 0;
}

// What a stream may do and what that costs; the twin's, where there is one.
static int make_tables(struct tdm_unit *unit, struct tdm_queue *queue, struct tdm_error *error)
{
    if (unit->twin) {
        const struct tdm_queue *like = &unit->twin->queues[queue - unit->queues];
        queue->levels = like->levels;
        for (int v = 0; v < queue->stream->version_count; v++)
            if (copy_version(unit, &like->versions[v], &queue->versions[v]))
                return tdm_fail(error, "out of memory");
        return 0;
    }
    struct tdm_levels *levels = tdm_arena_alloc(unit->arena, sizeof *levels);
    if (!levels)
        return tdm_fail(error, "out of memory");
    queue->levels = levels;
    if (tdm_levels_read(levels, unit->scenario, queue->stream, unit->arena, error))
        return -1;
    for (int v = 0; v < queue->stream->version_count; v++)
        if (make_costs(unit, &queue->versions[v], &queue->stream->versions[v], levels) ||
            make_exits(unit, queue, v))
            return tdm_fail(error, "out of memory");
    return 0;
}

static int make_queue(struct tdm_unit *unit, int stream, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = unit->scenario;
    struct tdm_queue *queue = &unit->queues[unit->queue_count++];
    queue->stream = &scenario->streams[stream];
    queue->index = stream;
    queue->versions = tdm_arena_alloc(unit->arena, (size_t)queue->stream->version_count *
                                                       sizeof *queue->versions);
    if (!queue->versions)
        return tdm_fail(error, "out of memory");
    if (make_tables(unit, queue, error))
        return -1;
    queue->costs = queue->versions[0].costs;
    queue->compute = queue->versions[0].compute;
    double *again = NULL;
    if (queue->stream->arrivals == TDM_CLOSED) {
        again = tdm_arena_alloc(unit->arena, (size_t)queue->stream->inflight * sizeof *again);
        if (!again)
            return tdm_fail(error, "out of memory");
    }
    tdm_arrivals_start(&queue->arrivals, queue->stream, unit->seed, (uint64_t)stream, 0, again);
    unit->limited |= queue->stream->queue >= 0;
    if (queue->stream->inflight > (int64_t)unit->room)
        unit->room = (size_t)queue->stream->inflight;
    return 0;
}

static int make_queues(struct tdm_unit *unit, struct tdm_error *error)
{
    const struct tdm_scenario_board *where = &unit->scenario->boards[unit->index];
    unit->queues = tdm_arena_alloc(unit->arena, (size_t)where->stream_count * sizeof *unit->queues);
    if (!unit->queues)
        return tdm_fail(error, "out of memory");
    for (int i = 0; i < where->stream_count; i++)
        if (make_queue(unit, where->streams[i], error))
            return -1;
    unit->served = tdm_arena_alloc(unit->arena, unit->room * sizeof *unit->served);
    return unit->served ? 0 : tdm_fail(error, "out of memory");
}

static bool has_random_service(const struct tdm_unit *unit)
{
    for (size_t i = 0; i < unit->way_count; i++)
        if (unit->ways[i].slots->server->service == TDM_EXPONENTIAL_SERVICE)
            return true;
    return false;
}

static void first_plan(struct tdm_unit *unit)
{
    unit->last = (struct tdm_plan){.opp = {TDM_GOVERNED, TDM_GOVERNED, TDM_GOVERNED},
                                   .cap = {-1, -1, -1},
                                   .governor = -1,
                                   .bits = 32,
                                   .point = unit->queues[0].costs->point_count - 1};
}

static void make_site(struct tdm_unit *unit, const struct tdm_queue *queue,
                      struct tdm_queue_version *version, struct tdm_remote *remote)
{
    version->site = (struct tdm_site){.scenario = unit->scenario,
                                      .stream = queue->stream,
                                      .costs = version->costs,
                                      .driver = unit->driver,
                                      .ways = unit->ways,
                                      .compute = version->compute,
                                      .remote = remote,
                                      .meter = &unit->energy};
}

static void make_sites(struct tdm_unit *unit, struct tdm_remote *remote)
{
    for (size_t i = 0; i < unit->queue_count; i++) {
        struct tdm_queue *queue = &unit->queues[i];
        for (int v = 0; v < queue->stream->version_count; v++) {
            make_site(unit, queue, &queue->versions[v], remote);
            for (size_t e = 0; e < exits_of(&queue->versions[v]); e++)
                make_site(unit, queue, &queue->versions[v].exits[e], remote);
        }
    }
}

// What a driver has against its URI is reported where the scenario names it.
static int open_driver(struct tdm_unit *unit, struct tdm_error *error)
{
    const struct tdm_scenario_board *where = &unit->scenario->boards[unit->index];
    struct tdm_error why = {0};
    unit->driver = tdm_driver_open(where->driver, &unit->setup, &why);
    if (unit->driver)
        return 0;
    if (!why.file[0])
        return tdm_fail_at(error, unit->scenario->path, where->place.line, where->place.column,
                           "%s", why.message);
    if (error)
        *error = why;
    return -1;
}

static int make(struct tdm_unit *unit, const struct tdm_unit_setup *setup, struct tdm_error *error)
{
    if (unit->twin)
        unit->setup = unit->twin->setup; // situations and cores are the same
    else if (find_situations(unit))
        return tdm_fail(error, "out of memory");
    if (make_ways(unit, setup->slots, setup->recorded))
        return tdm_fail(error, "out of memory");
    if (make_queues(unit, error))
        return -1;
    first_plan(unit);
    unit->lucky = (unit->scenario->boards[unit->index].jitter && unit->board->jitter > 0) ||
                  has_random_service(unit);
    unit->setup.scenario = unit->scenario;
    unit->setup.board = unit->index;
    unit->setup.costs = unit->queues[0].costs;
    unit->pieces = (struct tdm_pieces){
        .kept = setup->recorded, .request = -1, .listener = setup->listener, .board = unit->index};
    unit->setup.pieces = setup->recorded || setup->listener ? &unit->pieces : NULL;
    unit->setup.seed = unit->seed;
    unit->setup.live = setup->live;
    unit->seen = setup->seen;
    if (open_driver(unit, error))
        return -1;
    make_sites(unit, setup->remote);
    return 0;
}

struct tdm_unit *tdm_unit_new(const struct tdm_scenario *scenario, int board,
                              const struct tdm_unit_setup *setup, struct tdm_error *error)
{
    struct tdm_unit *unit = calloc(1, sizeof *unit);
    if (unit)
        unit->arena = tdm_arena_new((size_t)1 << 30);
    if (!unit || !unit->arena) {
        free(unit);
        tdm_fail(error, "out of memory");
        return NULL;
    }
    unit->index = board;
    unit->scenario = scenario;
    unit->board = scenario->boards[board].board;
    unit->seed = setup->seed;
    unit->twin = setup->twin;
    unit->peers = setup->peers;
    unit->outcome = setup->outcome;
    if (make(unit, setup, error)) {
        tdm_unit_free(unit);
        return NULL;
    }
    return unit;
}

static void restart_way(struct tdm_way *way)
{
    const struct tdm_radio_meter radio = {
        .radio = way->radio.radio, .last = -INFINITY, .until = way->radio.until};
    *way = (struct tdm_way){
        .link = way->link, .slots = way->slots, .crowd = way->crowd, .radio = radio};
}

void tdm_unit_restart(struct tdm_unit *unit, uint64_t seed, double begin)
{
    assert(!unit->setup.pieces && "what is recorded runs once");
    unit->seed = unit->setup.seed = seed;
    unit->requests = unit->serving = 0;
    unit->deciding = NULL;
    unit->energy = (struct tdm_watts){0};
    first_plan(unit);
    for (size_t i = 0; i < unit->way_count; i++)
        restart_way(&unit->ways[i]);
    for (size_t i = 0; i < unit->queue_count; i++) {
        struct tdm_queue *queue = &unit->queues[i];
        queue->head = queue->count = 0;
        queue->arrived = queue->served = queue->dropped = 0;
        tdm_arrivals_start(&queue->arrivals, queue->stream, seed, (uint64_t)queue->index, begin,
                           queue->arrivals.again);
    }
    unit->driver->type->restart(unit->driver, begin);
}

void tdm_unit_free(struct tdm_unit *unit)
{
    if (!unit)
        return;
    if (unit->driver)
        unit->driver->type->close(unit->driver);
    if (unit->scratch)
        unit->scratch->type->close(unit->scratch);
    for (size_t i = 0; i < unit->queue_count; i++) {
        const struct tdm_queue *queue = &unit->queues[i];
        for (int v = 0; !unit->twin && queue->versions && v < queue->stream->version_count; v++) {
            for (size_t e = 0; e < exits_of(&queue->versions[v]); e++)
                tdm_costs_free(queue->versions[v].exits[e].costs);
            tdm_costs_free(queue->versions[v].costs);
        }
        free(queue->waiting);
    }
    for (size_t i = 0; unit->radio_pieces && i < unit->way_count; i++)
        free(unit->radio_pieces[i].items);
    free(unit->pieces.items);
    tdm_arena_free(unit->arena);
    free(unit);
}

void tdm_unit_luck(const struct tdm_unit *unit, uint64_t number, double *jitter, double *service)
{
    *jitter = *service = 1;
    if (!unit->lucky)
        return;
    const uint64_t luck = ((uint64_t)unit->index << 40) + number;
    struct tdm_random random;
    if (unit->scenario->boards[unit->index].jitter && unit->board->jitter > 0) {
        tdm_random_seed(&random, unit->seed, "jitter", luck);
        *jitter = exp(unit->board->jitter * tdm_random_normal(&random));
    }
    if (has_random_service(unit)) {
        tdm_random_seed(&random, unit->seed, "service", luck);
        *service = tdm_random_exponential(&random, 1);
    }
}

double tdm_unit_difficulty(const struct tdm_unit *unit, const struct tdm_stream *stream,
                           uint64_t number)
{
    if (stream->difficulty <= 0)
        return NAN;
    struct tdm_random random;
    tdm_random_seed(&random, unit->seed, "difficulty", ((uint64_t)unit->index << 40) + number);
    return tdm_random_uniform(&random);
}

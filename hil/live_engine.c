// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "hil/board/sensors.h"
#include "hil/hardware.h"

struct live {
    struct tdm_engine base;
    struct tdm_live live;
    struct tdm_remote remote;
    struct tdm_slots *slots;   // of the servers; nobody waits for them here
    struct tdm_view *seen;     // by link of the board
    struct tdm_unit *units[1]; // the board
    bool stopped;
};

static const struct tdm_engine_type live_engine;

static struct live *live_of(struct tdm_engine *engine)
{
    return (struct live *)(void *)engine;
}

double tdm_live_now(const struct tdm_live *live)
{
    return isnan(live->began) ? 0 : tdm_sensors_now() - live->began;
}

// ---- what links are seen to do -----------------------------------------------------------------

// What the trip was beyond the server's part and one round trip is what the bytes took.
static void learn(struct live *l, size_t way, const struct tdm_inference *told)
{
    struct tdm_view *view = &l->seen[way];
    const double rtt = isfinite(told->rtt) ? told->rtt : view->rtt;
    const double sending = told->trip - told->queued - told->ran - rtt;
    view->rtt = rtt;
    if (!(sending > 0))
        return; // too little was sent to tell
    const double bandwidth = told->sent / sending;
    view->trend = bandwidth - view->bandwidth;
    view->bandwidth = bandwidth;
}

// The features have gone and the answer has come, while the head was told.
static void start_remote(struct tdm_remote *remote, int board, struct tdm_way *way, uint64_t number,
                         double now, const struct tdm_passage *asked)
{
    struct live *l = (struct live *)(void *)((char *)remote - offsetof(struct live, remote));
    struct tdm_unit *unit = l->units[0];
    const struct tdm_inference *told = &tdm_hardware_of(unit->driver)->live.told;
    const double back = isfinite(told->rtt) ? fmin(told->rtt / 2, told->trip / 2) : 0;
    struct tdm_passage passage = *asked;
    (void)board, (void)number; // there is one board, and one request in service
    passage.sent = told->sent;
    passage.received = told->received;
    passage.up_start = now;
    passage.up_end = now + told->trip - told->queued - told->ran - back;
    passage.serve_start = passage.up_end + told->queued;
    passage.serve_end = passage.serve_start + told->ran;
    passage.down_start = passage.serve_end;
    passage.down_first = passage.down_end = now + told->trip;
    passage.service = told->ran;
    passage.radio_up = 0;
    passage.server_energy = NAN;
    passage.signal = NAN;
    if (!unit->driver->failed)
        learn(l, (size_t)(way - unit->ways), told);
    tdm_request_arrived(&unit->served[0], &passage);
}

// ---- opening and closing -----------------------------------------------------------------------

static void live_free(struct tdm_engine *engine)
{
    struct live *l = live_of(engine);
    if (l->units[0])
        tdm_unit_free(l->units[0]);
    for (size_t i = 0; l->slots && i < engine->scenario->server_count; i++)
        free(l->slots[i].free_at);
    free(l->slots);
    free(l->seen);
    free(l);
}

static int refuse(const struct tdm_scenario *scenario, struct tdm_error *error)
{
    const struct tdm_scenario_board *board = &scenario->boards[0];
    if (scenario->board_count != 1)
        return tdm_fail_at(error, scenario->path, 0, 0,
                           "'live:' runs one board, and the scenario has %zu",
                           scenario->board_count);
    if (strncmp(board->driver, "tcp:", 4) != 0 && strncmp(board->driver, "ipc:", 4) != 0)
        return tdm_fail_at(
            error, scenario->path, board->place.line, board->place.column,
            "'live:' needs a board behind a tandem-agent: driver=\"tcp://HOST:PORT\"");
    for (size_t i = 0; i < scenario->stream_count; i++)
        if (scenario->streams[i].inflight != 1)
            return tdm_fail_at(error, scenario->path, scenario->streams[i].place.line,
                               scenario->streams[i].place.column,
                               "'live:' has a board carry out one plan at a time");
    return 0;
}

static int make_slots(struct live *l)
{
    const struct tdm_scenario *scenario = l->base.scenario;
    l->slots = calloc(scenario->server_count + 1, sizeof *l->slots);
    for (size_t i = 0; l->slots && i < scenario->server_count; i++)
        if (tdm_slots_start(&l->slots[i], &scenario->servers[i]))
            return -1;
    return l->slots ? 0 : -1;
}

// Until something is sent, a link is what the scenario says that it is at its start.
static void expect_links(struct live *l)
{
    struct tdm_unit *unit = l->units[0];
    for (size_t i = 0; i < unit->way_count; i++) {
        tdm_unit_see_at(unit, i, 0, &l->seen[i]);
        l->seen[i].trend = 0;
        unit->ways[i].radio.radio = NULL;
    }
}

static int make(struct live *l, bool recorded, struct tdm_error *error)
{
    const struct tdm_scenario *scenario = l->base.scenario;
    if (refuse(scenario, error))
        return -1;
    l->seen = calloc(scenario->link_count + 1, sizeof *l->seen);
    if (!l->seen || make_slots(l))
        return tdm_fail(error, "out of memory");
    const struct tdm_unit_setup setup = {.seed = l->base.seed,
                                         .slots = l->slots,
                                         .recorded = recorded,
                                         .peers = l->units,
                                         .outcome = &l->base.outcome,
                                         .remote = &l->remote,
                                         .live = &l->live,
                                         .seen = l->seen};
    l->base.units = l->units;
    l->units[0] = tdm_unit_new(scenario, 0, &setup, error);
    if (!l->units[0])
        return -1;
    l->base.unit_count = 1;
    expect_links(l);
    return 0;
}

static struct tdm_engine *live_open(const char *rest, const struct tdm_scenario *scenario,
                                    uint64_t seed, bool recorded, struct tdm_error *error)
{
    if (rest[0]) {
        tdm_fail(error, "the live engine takes nothing after 'live:'");
        return NULL;
    }
    struct live *l = calloc(1, sizeof *l);
    if (!l) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    l->base = (struct tdm_engine){.type = &live_engine, .scenario = scenario, .seed = seed};
    l->live.began = NAN;
    l->remote.start = start_remote;
    if (make(l, recorded, error)) {
        live_free(&l->base);
        return NULL;
    }
    return &l->base;
}

// ---- events ------------------------------------------------------------------------------------

// Between requests the run's time is the real one.
static void catch_up(struct live *l)
{
    struct tdm_unit *unit = l->units[0];
    struct tdm_segment segment;
    const double end = fmin(tdm_live_now(&l->live), unit->scenario->duration);
    if (unit->serving || end <= unit->driver->now)
        return;
    unit->driver->type->rest(unit->driver, end, &segment);
    tdm_watts_add(&unit->energy, &segment.energy, 1);
}

static bool live_next(struct tdm_engine *engine, struct tdm_event *event)
{
    struct live *l = live_of(engine);
    struct tdm_unit *unit = l->units[0];
    enum tdm_next what;
    if (isnan(l->live.began))
        l->live.began = tdm_sensors_now();
    for (;;) {
        if (unit->driver->failed)
            return false;
        catch_up(l);
        tdm_unit_next(unit, &what);
        if (what == TDM_NEXT_NOTHING)
            break;
        if (tdm_unit_step(unit, what, event))
            return !unit->driver->failed;
    }
    if (!l->stopped)
        tdm_unit_stop(unit, engine->scenario->duration);
    l->stopped = true;
    return false;
}

static void live_decide(struct tdm_engine *engine, const struct tdm_plan *plan)
{
    tdm_unit_decide(live_of(engine)->units[0], plan);
}

void tdm_live_tell(const struct tdm_engine *engine, FILE *out)
{
    if (engine->type != &live_engine)
        return;
    const struct tdm_live *live = &((const struct live *)(const void *)engine)->live;
    if (live->labelled)
        fprintf(out, "live: %llu of %llu labelled pictures answered right (%.1f %%)\n",
                (unsigned long long)live->right, (unsigned long long)live->labelled,
                100.0 * (double)live->right / (double)live->labelled);
    if (live->cold)
        fprintf(out, "live: %llu requests had to connect first, %.1f ms each\n",
                (unsigned long long)live->cold, 1e3 * live->connecting / (double)live->cold);
}

static const struct tdm_engine_type live_engine = {
    .scheme = "live",
    .summary = "by the real clock: whole plans on a real board, features over real links",
    .open = live_open,
    .next = live_next,
    .decide = live_decide,
    .free = live_free};

void tdm_live_engine_add(void)
{
    tdm_engine_add(&live_engine);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * The replay driver: a board as a record tells of it. The k-th request with some plan and dnn gets
 * what the k-th such request of the record got: stages as long and as hungry as then, and in
 * between the power that the board rested at. Where requests come at the very times of the record,
 * everything is as it was, to the last bit; at other times (another link, say) the stages move, and
 * a rest that lasts longer goes on at its last power. When the takes of a plan are used up, they
 * are used again from the first.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/arena.h"
#include "core/error.h"
#include "engine/driver.h"
#include "engine/replay_tape.h"
#include "engine/sensor.h"
#include "model/library.h"

struct replay {
    struct tdm_driver base;
    const struct tdm_driver_setup *setup;
    const struct tdm_board *board;
    struct tdm_tape *tape;
    char *path;
    size_t *used;     // takes used so far, by group
    size_t unplanned; // the same of those without a plan
    struct tdm_plan plan;
    const struct tdm_take *thinking; // the take that has begun with thinking

    size_t at, end; // the next piece of the take, and where it ends
    double shift;   // s from the record's time to ours, of a piece that has begun
    bool begun;
    const struct tdm_piece *rest; // what the board rested at last; NULL: it never did

    const struct tdm_piece *now; // the last piece played
    struct tdm_sensor sensor;
    struct tdm_readings first; // before any piece
    struct tdm_error error;
};

static struct replay *replay_of(struct tdm_driver *driver)
{
    return (struct replay *)(void *)driver;
}

// ---- playing pieces ----------------------------------------------------------------------------

// A piece says how warm the board was when it began; the next one, how warm when it ended.
static double temperature_after(const struct replay *r, const struct tdm_piece *piece)
{
    const bool last = piece + 1 == r->tape->pieces + r->tape->piece_count;
    return piece[last ? 0 : 1].temperature;
}

static void play(struct replay *r, const struct tdm_piece *piece, double end, int stage,
                 struct tdm_segment *segment)
{
    if (r->setup->pieces) {
        struct tdm_piece copy = *piece;
        copy.start = r->base.now;
        copy.end = end;
        copy.stage = stage;
        tdm_pieces_add(r->setup->pieces, &copy);
    }
    tdm_watts_add(&segment->energy, &piece->watts, end - r->base.now);
    r->base.now = segment->end = end;
    r->now = piece;
    if (tdm_sensor_is_due(&r->sensor, end))
        tdm_sensor_look(&r->sensor, end, tdm_watts_sum(&piece->watts), temperature_after(r, piece));
}

static void begin(const struct replay *r, struct tdm_segment *segment)
{
    *segment = (struct tdm_segment){.start = r->base.now, .end = r->base.now};
}

static void fail(struct replay *r, const char *why, const char *more)
{
    if (r->base.failed)
        return;
    tdm_fail_at(&r->error, r->path, 0, 0, "%s%s", why, more);
    r->base.failed = &r->error;
}

// All pieces of a stage, one after the other. Returns how many there are.
static size_t play_stage(struct replay *r, int stage, struct tdm_segment *segment)
{
    const struct tdm_piece *pieces = r->tape->pieces;
    size_t from = r->at;
    while (from < r->end && pieces[from].stage != stage && pieces[from].stage != TDM_RESTING)
        from++;
    size_t to = from;
    if (to < r->end && pieces[to].stage == stage) {
        const double shift = r->base.now - pieces[from].start;
        for (; to < r->end && pieces[to].stage == stage; to++)
            play(r, &pieces[to], pieces[to].end + shift, stage, segment);
        r->at = to;
    }
    r->begun = false;
    return to - from;
}

// ---- takes -------------------------------------------------------------------------------------

static void start_take(struct replay *r, const struct tdm_take *take)
{
    r->at = take->first;
    r->end = take->first + take->count;
    r->begun = false;
}

static const struct tdm_take *next_take(struct replay *r, const struct tdm_plan *plan,
                                        const char *dnn)
{
    const struct tdm_tape *tape = r->tape;
    // In step with the record, a request that was never answered is known by its time alone.
    while (r->unplanned < tape->unplanned_count &&
           tape->pieces[tape->unplanned[r->unplanned].first].start < r->base.now)
        r->unplanned++;
    if (r->unplanned < tape->unplanned_count &&
        tape->pieces[tape->unplanned[r->unplanned].first].start == r->base.now)
        return &tape->unplanned[r->unplanned++];
    const struct tdm_take *takes;
    size_t count;
    const int64_t group = tdm_tape_find(tape, plan, dnn, &takes, &count);
    return group < 0 ? NULL : &takes[r->used[group]++ % count];
}

static void describe(const struct replay *r, const struct tdm_plan *plan, char *text, size_t size)
{
    static const char *const names[TDM_CLOCKS] = {"CPU", "GPU", "memory"};
    int used = 0;
    for (int d = 0; d < TDM_CLOCKS; d++) {
        const int opp = plan->opp[d];
        used += opp < 0 ? snprintf(text + used, size - (size_t)used, "%s governed, ", names[d])
                        : snprintf(text + used, size - (size_t)used, "%s %g MHz, ", names[d],
                                   r->board->domain[d]->opps[opp].hz / 1e6);
    }
    snprintf(text + used, size - (size_t)used, "%s, point %d, xi %g%s",
             r->board->processors[plan->processor].name, plan->point, plan->xi,
             plan->thinking > 0 ? ", after thinking" : "");
}

static const struct tdm_take *find_take(struct replay *r, const struct tdm_plan *plan,
                                        const char *dnn)
{
    r->plan = *plan;
    const struct tdm_take *take = next_take(r, plan, dnn);
    if (take) {
        start_take(r, take);
        return take;
    }
    char what[256];
    describe(r, plan, what, sizeof what);
    fail(r, "the record has no answer to a plan, as no request of it had the same: ", what);
    return NULL;
}

static void replay_set_clocks(struct tdm_driver *driver, const struct tdm_costs *costs,
                              const struct tdm_plan *plan, struct tdm_segment *segment)
{
    struct replay *r = replay_of(driver);
    begin(r, segment);
    const struct tdm_take *take = r->thinking;
    if (!take)
        take = find_take(r, plan, costs->dnn->name);
    r->thinking = NULL;
    if (take)
        play_stage(r, TDM_SWITCHING, segment);
}

static void replay_run(struct tdm_driver *driver, const struct tdm_stage *stage,
                       struct tdm_segment *segment)
{
    struct replay *r = replay_of(driver);
    begin(r, segment);
    if (r->base.failed)
        return;
    if (stage->kind == TDM_THINKING) {
        r->thinking = find_take(r, stage->plan, stage->costs->dnn->name);
        if (!r->thinking)
            return;
    }
    const size_t played = play_stage(r, (int)stage->kind, segment);
    if (stage->kind == TDM_PACKING && stage->bytes > 0 && !played)
        fail(r, "the record has a request that packed nothing, and one like it packs: ",
             "its stream has another input form");
}

// ---- rest --------------------------------------------------------------------------------------

// The piece to rest at: the take's own, one after the other; then the last one for as long as need
// be. Where a take has no rest at all, that of another must do.
static const struct tdm_piece *resting(struct replay *r)
{
    const struct tdm_piece *pieces = r->tape->pieces;
    while (r->at < r->end && pieces[r->at].stage != TDM_RESTING)
        r->at++; // stages that nobody asked for
    if (r->at < r->end) {
        if (!r->begun)
            r->shift = r->base.now - pieces[r->at].start;
        r->begun = true;
        r->rest = &pieces[r->at];
        return r->rest;
    }
    for (size_t i = 0; !r->rest && i < r->tape->piece_count; i++)
        if (pieces[i].stage == TDM_RESTING)
            r->rest = &pieces[i];
    return r->rest;
}

static void replay_rest(struct tdm_driver *driver, double until, struct tdm_segment *segment)
{
    struct replay *r = replay_of(driver);
    begin(r, segment);
    while (r->base.now < until && !r->base.failed) {
        const struct tdm_piece *piece = resting(r);
        if (!piece) {
            fail(r, "in the record the board never rests: nobody knows at what power", "");
            break;
        }
        // The last one of a take lasts as long as need be.
        const bool more = r->at + 1 < r->end;
        const double end = more ? fmin(until, piece->end + r->shift) : until;
        if (end > r->base.now)
            play(r, piece, end, TDM_RESTING, segment);
        if (r->at < r->end && piece->end + r->shift <= end) {
            r->at++;
            r->begun = false;
        }
    }
    if (r->base.failed && until > r->base.now)
        r->base.now = segment->end = until;
}

// ---- the rest of the driver --------------------------------------------------------------------

static void show(const struct replay *r, struct tdm_readings *readings)
{
    const struct tdm_driver_setup *setup = r->setup;
    const struct tdm_thermal *thermal = &r->board->thermals[0];
    *readings = r->first;
    readings->temperature = tdm_sensor_temperature(&r->sensor);
    readings->power = tdm_sensor_power(&r->sensor);
    if (r->now) {
        memcpy(readings->opp, r->now->opp, sizeof readings->opp);
        readings->throttled = setup->scenario->boards[setup->board].thermal &&
                              thermal->trip_count &&
                              temperature_after(r, r->now) > thermal->trips[0].above - 2;
    }
    size_t load = 0;
    while (load + 1 < setup->load_count && setup->load_from[load + 1] <= r->base.now)
        load++;
    const struct tdm_load *use = &setup->situations[load * setup->core_count].load;
    const double shares[TDM_CLOCKS] = {use->cpu, use->gpu, use->memory};
    memcpy(readings->load, shares, sizeof shares);
}

static void replay_read(struct tdm_driver *driver, struct tdm_readings *readings)
{
    show(replay_of(driver), readings);
}

// A record cannot tell what would have been: a model can.
static struct tdm_driver *replay_copy(const struct tdm_driver *driver, struct tdm_driver *scratch)
{
    const struct replay *r = (const struct replay *)(const void *)driver;
    struct tdm_readings readings;
    show(r, &readings);
    return tdm_model_twin(r->setup, r->base.now, &readings, &r->plan, scratch);
}

static void replay_close(struct tdm_driver *driver)
{
    struct replay *r = replay_of(driver);
    tdm_tape_free(r->tape);
    free(r->used);
    free(r->path);
    free(r);
}

// "FILE" or "FILE#BOARD", the file as seen from the scenario's if it is there.
static int find_file(struct replay *r, const char *rest, const char **id, struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    const char *split = strrchr(rest, '#');
    const char *path = arena ? tdm_arena_strdup(arena, rest) : NULL;
    if (path && split && access(path, F_OK) != 0) {
        *id = split + 1;
        path = tdm_arena_strndup(arena, rest, (size_t)(split - rest));
    }
    const bool named = path && path[0];
    if (named)
        path = tdm_library_beside(r->setup->scenario->path, path, arena);
    r->path = path ? strdup(path) : NULL;
    tdm_arena_free(arena);
    if (!r->path)
        return tdm_fail(error, "out of memory");
    return named ? 0 : tdm_fail(error, "a replay needs a record, as in 'replay:run.h5'");
}

static int load(struct replay *r, const char *rest, struct tdm_error *error)
{
    const struct tdm_scenario_board *where = &r->setup->scenario->boards[r->setup->board];
    const char *id = where->id;
    if (find_file(r, rest, &id, error))
        return -1;
    r->tape = tdm_tape_load(r->path, id, where->board, error);
    if (!r->tape)
        return -1;
    r->used = calloc(r->tape->group_count + 1, sizeof *r->used);
    return r->used ? 0 : tdm_fail(error, "out of memory");
}

// What a board shows before anything happens is not in a record, but how warm it was; of the rest a
// model knows.
static int look_first(struct replay *r, struct tdm_error *error)
{
    struct tdm_driver *model = tdm_model_driver.open("", r->setup, error);
    if (!model)
        return -1;
    tdm_model_driver.read(model, &r->first);
    tdm_model_driver.close(model);
    if (r->tape->piece_count)
        r->first.temperature = r->tape->pieces[0].temperature;
    tdm_sensor_start(&r->sensor, r->board);
    tdm_sensor_look(&r->sensor, 0, r->first.power, r->first.temperature);
    return 0;
}

static struct tdm_driver *replay_open(const char *rest, const struct tdm_driver_setup *setup,
                                      struct tdm_error *error)
{
    struct replay *r = calloc(1, sizeof *r);
    if (!r) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    r->base.type = &tdm_replay_driver;
    r->setup = setup;
    r->board = setup->scenario->boards[setup->board].board;
    r->plan = (struct tdm_plan){
        .opp = {TDM_GOVERNED, TDM_GOVERNED, TDM_GOVERNED}, .cap = {-1, -1, -1}, .governor = -1};
    if (load(r, rest, error) || look_first(r, error)) {
        replay_close(&r->base);
        return NULL;
    }
    start_take(r, &(struct tdm_take){.request = -1, .count = r->tape->lead_in});
    return &r->base;
}

const struct tdm_driver_type tdm_replay_driver = {.scheme = "replay",
                                                  .summary = "a board as a record tells of it",
                                                  .open = replay_open,
                                                  .close = replay_close,
                                                  .set_clocks = replay_set_clocks,
                                                  .run = replay_run,
                                                  .rest = replay_rest,
                                                  .read = replay_read,
                                                  .copy = replay_copy};

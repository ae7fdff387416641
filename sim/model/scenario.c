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
#include "trace/lines.h"

#define MOST_REQUESTS 1e9 // of a stream
enum {
    MOST_MEMORY = 512 * 1024 * 1024, // of one scenario, its text included
    MOST_PATH = 64 * 1024,
};

static int fail_at(const struct tdm_scenario *scenario, struct tdm_place place,
                   struct tdm_error *error, const char *format, const char *name, const char *hint)
{
    char message[256];
    snprintf(message, sizeof message, format, name, hint);
    return tdm_fail_at(error, scenario->path, place.line, place.column, "%s", message);
}

// An error in a part that a scenario names is reported where the part has it, else here.
static int fail_part(const struct tdm_scenario *scenario, struct tdm_place place,
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
    return fail_at(scenario, place, error, "no <board> has the id '%.64s'%s", id,
                   tdm_nearest_hint(&nearest));
}

static int find_server(const struct tdm_scenario *scenario, const char *id, struct tdm_place place,
                       struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, id);
    for (size_t i = 0; i < scenario->server_count; i++) {
        if (strcmp(scenario->servers[i].id, id) == 0)
            return (int)i;
        tdm_nearest_try(&nearest, scenario->servers[i].id);
    }
    return fail_at(scenario, place, error, "no <server> has the id '%.64s'%s", id,
                   tdm_nearest_hint(&nearest));
}

static int resolve_nodes(struct tdm_scenario *scenario, struct tdm_error *error)
{
    struct tdm_error why = {0};
    for (size_t i = 0; i < scenario->board_count; i++) {
        struct tdm_scenario_board *b = &scenario->boards[i];
        b->board = tdm_parts_board(scenario->parts, b->type, &why);
        if (!b->board)
            return fail_part(scenario, b->place, &why, error);
    }
    for (size_t i = 0; i < scenario->server_count; i++) {
        struct tdm_scenario_server *s = &scenario->servers[i];
        s->server = tdm_parts_server(scenario->parts, s->type, &why);
        if (!s->server)
            return fail_part(scenario, s->place, &why, error);
        for (size_t j = 0; j < scenario->board_count; j++)
            if (strcmp(scenario->boards[j].id, s->id) == 0)
                return fail_at(scenario, s->place, error, "the id '%.64s' is a board's already%s",
                               s->id, "");
    }
    return 0;
}

static int resolve_rates(const struct tdm_scenario *scenario, struct tdm_scenario_link *link,
                         struct tdm_error *error)
{
    const bool constant = !isnan(link->bandwidth) || !isnan(link->up) || !isnan(link->down);
    if (link->trace && constant)
        return fail_at(scenario, link->place, error,
                       "a link has either a trace or a constant bandwidth%s%s", "", "");
    if (link->trace) {
        struct tdm_error why = {0};
        link->series = tdm_parts_trace(scenario->parts, link->trace, link->floor, &why);
        return link->series ? 0 : fail_part(scenario, link->place, &why, error);
    }
    const double up = isnan(link->up) ? link->bandwidth : link->up;
    const double down = isnan(link->down) ? link->bandwidth : link->down;
    if (isnan(up) || isnan(down))
        return fail_at(scenario, link->place, error,
                       "a link needs a trace, a bandwidth, or both up and down%s%s", "", "");
    struct tdm_error why = {0};
    link->series =
        tdm_parts_constant(scenario->parts, fmax(up, link->floor), fmax(down, link->floor), &why);
    return link->series ? 0 : fail_part(scenario, link->place, &why, error);
}

static int resolve_links(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->link_count; i++) {
        struct tdm_scenario_link *link = &scenario->links[i];
        if (strcmp(link->from, link->to) == 0)
            return fail_at(scenario, link->place, error, "the link joins '%.64s' to itself%s",
                           link->from, "");
        link->board = find_board(scenario, link->from, link->place, error);
        if (link->board < 0)
            return -1;
        link->server = find_server(scenario, link->to, link->place, error);
        if (link->server < 0)
            return -1;
        for (size_t j = 0; j < i; j++)
            if (scenario->links[j].board == link->board &&
                scenario->links[j].server == link->server)
                return fail_at(scenario, link->place, error,
                               "a second link between '%.64s' and the same server%s", link->from,
                               "");
        if (resolve_rates(scenario, link, error))
            return -1;
        struct tdm_error why = {0};
        if (link->radio_name) {
            link->radio = tdm_parts_radio(scenario->parts, link->radio_name, &why);
            if (!link->radio)
                return fail_part(scenario, link->place, &why, error);
        }
    }
    return 0;
}

// A precision is asked for by name, so another one is no answer.
static int fail_precision(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                          struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[stream->board].board;
    const char *dnn = stream->dnn->name;
    char known[128] = "";
    for (size_t i = 0; i < board->fit_count; i++) {
        const struct tdm_fit *fit = &board->fits[i];
        if (strcmp(fit->dnn, dnn) == 0 && strcmp(fit->mode, "infer") == 0 && fit->batch == 1)
            snprintf(known + strlen(known), sizeof known - strlen(known), " %.32s", fit->precision);
    }
    return tdm_fail_at(error, scenario->path, stream->place.line, stream->place.column,
                       "the board '%.64s' has no fit of '%.64s' in '%.32s'; measured in:%s. "
                       "Without a precision, any fit or the board's default serves",
                       board->name, dnn, stream->precision, known[0] ? known : " none");
}

// The fit of the pair, else the board's default scaled to the dnn; power from the default where
// only latency was measured.
static int resolve_fit(const struct tdm_scenario *scenario, struct tdm_stream *stream,
                       struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[stream->board].board;
    const struct tdm_dnn *dnn = stream->dnn;
    const struct tdm_fit *fit = tdm_fit_find(board, dnn->name, "infer", stream->precision, 1);
    if (!fit && stream->precision)
        return fail_precision(scenario, stream, error);
    const struct tdm_fit *unit = tdm_fit_find(board, TDM_FIT_DEFAULT, "infer", NULL, 1);
    if (!unit)
        unit = tdm_fit_find(board, TDM_FIT_DEFAULT, NULL, NULL, 0);
    struct tdm_fit scaled;
    if (unit)
        tdm_fit_scale(unit, dnn->flop, dnn->bytes, dnn->kernels, &scaled);
    if (!fit && !unit)
        return fail_at(scenario, stream->place, error,
                       "the board has neither a fit of '%.64s' nor a default; run 'tandem "
                       "calibrate' on measurements of it%s",
                       dnn->name, "");
    stream->scaled = fit == NULL;
    stream->fit = fit ? *fit : scaled;
    if (!stream->fit.power && unit && unit->power) {
        stream->fit.power = unit->power;
        stream->fit.gpu_energy = scaled.gpu_energy;
        stream->fit.cpu_energy = scaled.cpu_energy;
        stream->fit.memory_energy = scaled.memory_energy;
        stream->fit.cpu_spin = scaled.cpu_spin;
    }
    if (!stream->fit.power)
        return fail_at(scenario, stream->place, error,
                       "the board's power was never measured: no <power> for '%.64s'%s", dnn->name,
                       "");
    return 0;
}

static int read_times(const struct tdm_scenario *scenario, struct tdm_stream *stream,
                      struct tdm_error *error)
{
    const char *path = tdm_library_beside(scenario->path, stream->file, scenario->arena);
    FILE *file = path ? fopen(path, "re") : NULL;
    if (!file)
        return tdm_fail_errno(error, path ? path : stream->file, "cannot open");
    char *line = NULL;
    size_t size = 0;
    int status = 0;
    for (long n = 1; status == 0 && getline(&line, &size, file) >= 0; n++) {
        char *end;
        const double t = strtod(line, &end);
        const size_t rest = strspn(end, " \t\r\n");
        if (line[0] == '#' || (end == line && !line[strspn(line, " \t\r\n")]))
            continue;
        const double last = stream->time_count ? stream->times[stream->time_count - 1] : 0;
        if (end == line || end[rest] || !isfinite(t) || t < last) {
            status = tdm_fail_at(error, path, n, 1,
                                 "an arrival is one time in s a line, not before the last");
            break;
        }
        double *slot = tdm_arena_push(scenario->arena, (void **)&stream->times, &stream->time_count,
                                      sizeof *slot);
        if (!slot)
            status = tdm_fail_at(error, path, n, 0, "too many arrivals to hold");
        else
            *slot = t;
    }
    free(line);
    fclose(file);
    if (status == 0 && stream->time_count == 0)
        return tdm_fail_at(error, path, 0, 0, "no arrivals");
    return status;
}

static int check_arrivals(const struct tdm_scenario *scenario, struct tdm_stream *stream,
                          struct tdm_error *error)
{
    const bool timed = stream->arrivals == TDM_PERIODIC || stream->arrivals == TDM_POISSON;
    const char *name = tdm_arrival_names[stream->arrivals];
    if (timed && isnan(stream->rate))
        return fail_at(scenario, stream->place, error, "%s arrivals need a rate%s", name, "");
    if (!timed && !isnan(stream->rate))
        return fail_at(scenario, stream->place, error,
                       "%s arrivals have no rate; write arrivals=\"poisson\" or \"periodic\"%s",
                       name, "");
    if ((stream->arrivals == TDM_FILE) != (stream->file != NULL))
        return fail_at(scenario, stream->place, error,
                       "a file goes with arrivals=\"file\", and only with it%s%s", "", "");
    if (stream->think > 0 && stream->arrivals != TDM_CLOSED)
        return fail_at(scenario, stream->place, error,
                       "only a closed loop thinks; %s arrivals do not wait for answers%s", name,
                       "");
    if (stream->until <= stream->from)
        return fail_at(scenario, stream->place, error,
                       "a stream ends after it begins ('until' after 'from')%s%s", "", "");
    if (stream->drop == TDM_DROP_LATE && isnan(stream->deadline))
        return fail_at(scenario, stream->place, error, "drop=\"late\" needs a deadline%s%s", "",
                       "");
    if (isnan(stream->deadline))
        stream->deadline = INFINITY;
    if (isnan(stream->until) || stream->until > scenario->duration)
        stream->until = scenario->duration;
    const double expected = timed ? stream->rate * (stream->until - stream->from) : 0;
    if (expected > MOST_REQUESTS && !(stream->count > 0 && (double)stream->count <= MOST_REQUESTS))
        return fail_at(scenario, stream->place, error,
                       "more than a thousand million requests would arrive; lower the rate, or say "
                       "a count%s%s",
                       "", "");
    return stream->file ? read_times(scenario, stream, error) : 0;
}

static int resolve_streams(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->stream_count; i++) {
        struct tdm_stream *stream = &scenario->streams[i];
        struct tdm_error why = {0};
        stream->board = find_board(scenario, stream->board_id, stream->place, error);
        if (stream->board < 0)
            return -1;
        stream->dnn = tdm_parts_dnn(scenario->parts, stream->dnn_name, &why);
        if (!stream->dnn)
            return fail_part(scenario, stream->place, &why, error);
        if (resolve_fit(scenario, stream, error) || check_arrivals(scenario, stream, error))
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
                return fail_at(scenario, knobs->place, error, "the knobs of %s are there twice%s",
                               knobs->board_id ? knobs->board_id : "every board", "");
        }
    }
    return 0;
}

static int resolve_rest(struct tdm_scenario *scenario, struct tdm_error *error)
{
    for (size_t i = 0; i < scenario->load_count; i++) {
        struct tdm_scenario_load *load = &scenario->loads[i];
        load->board = find_board(scenario, load->board_id, load->place, error);
        if (load->board < 0)
            return -1;
        if (isnan(load->until))
            load->until = INFINITY;
        if (load->until <= load->from)
            return fail_at(scenario, load->place, error,
                           "a load ends after it begins ('until' after 'from')%s%s", "", "");
    }
    if (check_knobs(scenario, error))
        return -1;
    scenario->eta = scenario->objective_count ? scenario->objectives[0].eta : 0.5;
    return tdm_levels_check(scenario, error);
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
    int status = scenario->parts ? 0 : tdm_fail(error, "out of memory");
    if (status || resolve_nodes(scenario, error) || resolve_links(scenario, error) ||
        resolve_streams(scenario, error) || resolve_rest(scenario, error)) {
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

const struct tdm_scenario_knobs *tdm_scenario_knobs(const struct tdm_scenario *scenario, int board)
{
    const struct tdm_scenario_knobs *for_all = NULL;
    for (size_t i = 0; i < scenario->knob_count; i++) {
        const struct tdm_scenario_knobs *knobs = &scenario->knobs[i];
        if (!knobs->board_id)
            for_all = knobs;
        else if (strcmp(knobs->board_id, scenario->boards[board].id) == 0)
            return knobs;
    }
    return for_all;
}

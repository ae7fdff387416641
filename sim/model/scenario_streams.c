// SPDX-License-Identifier: GPL-3.0-or-later
/* Streams of a scenario: which fit of the board they have, and when their requests arrive. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "model/library.h"
#include "model/parts.h"
#include "model/scenario_parts.h"

#define MOST_REQUESTS 1e9 // of a stream

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
        return tdm_scenario_fail(
            scenario, stream->place, error,
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
        return tdm_scenario_fail(scenario, stream->place, error,
                                 "the board's power was never measured: no <power> for '%.64s'%s",
                                 dnn->name, "");
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
        return tdm_scenario_fail(scenario, stream->place, error, "%s arrivals need a rate%s", name,
                                 "");
    if (!timed && !isnan(stream->rate))
        return tdm_scenario_fail(
            scenario, stream->place, error,
            "%s arrivals have no rate; write arrivals=\"poisson\" or \"periodic\"%s", name, "");
    if ((stream->arrivals == TDM_FILE) != (stream->file != NULL))
        return tdm_scenario_fail(scenario, stream->place, error,
                                 "a file goes with arrivals=\"file\", and only with it%s%s", "",
                                 "");
    if (stream->think > 0 && stream->arrivals != TDM_CLOSED)
        return tdm_scenario_fail(scenario, stream->place, error,
                                 "only a closed loop thinks; %s arrivals do not wait for answers%s",
                                 name, "");
    if (stream->until <= stream->from)
        return tdm_scenario_fail(scenario, stream->place, error,
                                 "a stream ends after it begins ('until' after 'from')%s%s", "",
                                 "");
    if (stream->drop == TDM_DROP_LATE && isnan(stream->deadline))
        return tdm_scenario_fail(scenario, stream->place, error,
                                 "drop=\"late\" needs a deadline%s%s", "", "");
    if (isnan(stream->deadline))
        stream->deadline = INFINITY;
    if (isnan(stream->until) || stream->until > scenario->duration)
        stream->until = scenario->duration;
    const double expected = timed ? stream->rate * (stream->until - stream->from) : 0;
    if (expected > MOST_REQUESTS && !(stream->count > 0 && (double)stream->count <= MOST_REQUESTS))
        return tdm_scenario_fail(
            scenario, stream->place, error,
            "more than a thousand million requests would arrive; lower the rate, or say "
            "a count%s%s",
            "", "");
    return stream->file ? read_times(scenario, stream, error) : 0;
}

int tdm_scenario_resolve_stream(struct tdm_scenario *scenario, struct tdm_stream *stream,
                                struct tdm_error *error)
{
    struct tdm_error why = {0};
    stream->dnn = tdm_parts_dnn(scenario->parts, stream->dnn_name, &why);
    if (!stream->dnn)
        return tdm_scenario_fail_part(scenario, stream->place, &why, error);
    return resolve_fit(scenario, stream, error) || check_arrivals(scenario, stream, error) ? -1 : 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* Streams of a scenario: which fit of the board they have, and when their requests arrive. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/library.h"
#include "model/parts.h"
#include "model/scenario_parts.h"

#define MOST_REQUESTS 1e9 // of a stream

// A precision is asked for by name, so another one is no answer.
static int fail_precision(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                          const char *dnn, struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[stream->board].board;
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
static int resolve_fit(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                       struct tdm_version *version, struct tdm_error *error)
{
    const struct tdm_board *board = scenario->boards[stream->board].board;
    const struct tdm_dnn *dnn = version->dnn;
    const struct tdm_fit *fit = tdm_fit_find(board, dnn->name, "infer", stream->precision, 1);
    if (!fit && stream->precision)
        return fail_precision(scenario, stream, dnn->name, error);
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
    version->scaled = fit == NULL;
    version->fit = fit ? *fit : scaled;
    if (!version->fit.power && unit && unit->power) {
        version->fit.power = unit->power;
        version->fit.gpu_energy = scaled.gpu_energy;
        version->fit.cpu_energy = scaled.cpu_energy;
        version->fit.memory_energy = scaled.memory_energy;
        version->fit.cpu_spin = scaled.cpu_spin;
    }
    if (!version->fit.power)
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

static int resolve_version(struct tdm_scenario *scenario, const struct tdm_stream *stream,
                           const char *name, struct tdm_version *version, struct tdm_error *error)
{
    struct tdm_error why = {0};
    version->dnn = tdm_parts_dnn(scenario->parts, name, &why);
    if (!version->dnn)
        return tdm_scenario_fail_part(scenario, stream->place, &why, error);
    return resolve_fit(scenario, stream, version, error);
}

static int fail_twice(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                      const char *name, struct tdm_error *error)
{
    return tdm_scenario_fail(scenario, stream->place, error, "the version '%.64s' is there twice%s",
                             name, "");
}

static int resolve_versions(struct tdm_scenario *scenario, struct tdm_stream *stream,
                            struct tdm_error *error)
{
    struct tdm_version versions[TDM_MOST_VERSIONS];
    const char *rest = stream->others ? stream->others : "";
    char name[256] = "";
    int count = 0;
    do {
        if (count == TDM_MOST_VERSIONS)
            return tdm_scenario_fail(scenario, stream->place, error,
                                     "a stream has at most 16 versions, its dnn among them%s%s", "",
                                     "");
        const char *path = count ? name : stream->dnn_name;
        if (resolve_version(scenario, stream, path, &versions[count], error))
            return -1;
        for (int i = 0; i < count; i++)
            if (strcmp(versions[i].dnn->name, versions[count].dnn->name) == 0)
                return fail_twice(scenario, stream, versions[i].dnn->name, error);
        count++;
    } while (tdm_text_item(&rest, name, sizeof name));
    const size_t size = (size_t)count * sizeof *versions;
    struct tdm_version *kept = tdm_arena_alloc(scenario->arena, size);
    if (!kept)
        return tdm_fail(error, "out of memory");
    memcpy(kept, versions, size);
    stream->versions = kept;
    stream->version_count = count;
    stream->dnn = kept->dnn;
    stream->fit = kept->fit;
    return 0;
}

int tdm_scenario_resolve_stream(struct tdm_scenario *scenario, struct tdm_stream *stream,
                                struct tdm_error *error)
{
    return resolve_versions(scenario, stream, error) || check_arrivals(scenario, stream, error) ? -1
                                                                                                : 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/hash.h"
#include "core/partial.h"
#include "engine/record_board.h"

enum {
    MOST_ROWS = 4096,         // that a table keeps back
    LEAST_ROWS = 64,          // where there are very many boards
    ROWS_OF_ALL = 256 * 1024, // that all boards together keep back
    DRAIN = 256,              // pieces that a board may gather
};

struct tdm_record {
    const struct tdm_engine *engine;
    struct tdm_partial partial;
    struct tdm_h5 *file;
    struct tdm_record_table *requests;
    struct tdm_record_board **boards;
};

int64_t tdm_record_key(const char *name)
{
    return (int64_t)(tdm_hash_bytes(TDM_HASH_START, name, strlen(name)) >> 1);
}

// ---- opening -----------------------------------------------------------------------------------

static int describe_run(struct tdm_record *record, const struct tdm_record_about *about,
                        struct tdm_error *error)
{
    const struct tdm_engine *engine = record->engine;
    const struct tdm_scenario *scenario = engine->scenario;
    char hdf5[32];
    const struct {
        const char *name, *value;
    } texts[] = {
        {"format", TDM_RECORD_FORMAT},
        {"scenario", scenario->text},
        {"scenario_name", scenario->name},
        {"engine", engine->type->scheme},
        {"policy", about->policy ? about->policy : ""},
        {"command_line", about->command_line ? about->command_line : ""},
        {"tandem_version", tdm_version()},
        {"hdf5_version", tdm_h5_version(hdf5, sizeof hdf5)},
    };
    int status = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts && status == 0; i++)
        status = tdm_h5_put_text(record->file, "/", texts[i].name, texts[i].value, error);
    if (status ||
        tdm_h5_put_integer(record->file, "/", "schema_version", TDM_RECORD_VERSION, error) ||
        tdm_h5_put_integer(record->file, "/", "seed", (int64_t)engine->seed, error))
        return -1;
    return 0;
}

static int describe_varied(struct tdm_record *record, const struct tdm_record_varied *varied,
                           struct tdm_error *error)
{
    char name[TDM_H5_NAME], path[TDM_H5_NAME + sizeof "/sweep/"];
    snprintf(path, sizeof path, "/sweep/%s", tdm_h5_name(varied->name, name));
    if (tdm_h5_group(record->file, path, error) ||
        tdm_h5_put_text(record->file, path, "value", varied->value, error) ||
        tdm_h5_put_double(record->file, path, "number", varied->number, error) ||
        tdm_h5_put_text(record->file, path, "units", varied->units, error) ||
        tdm_h5_put_text(record->file, path, "set", varied->set, error))
        return -1;
    return 0;
}

static int describe_sweep(struct tdm_record *record, const struct tdm_record_sweep *sweep,
                          struct tdm_error *error)
{
    if (tdm_h5_group(record->file, "/sweep", error) ||
        tdm_h5_put_text(record->file, "/sweep", "grid", sweep->grid, error) ||
        (sweep->title && tdm_h5_put_text(record->file, "/sweep", "title", sweep->title, error)) ||
        tdm_h5_put_integer(record->file, "/sweep", "task", sweep->task, error))
        return -1;
    for (size_t i = 0; i < sweep->varied_count; i++)
        if (describe_varied(record, &sweep->varied[i], error))
            return -1;
    return 0;
}

// The other networks that its requests may be answered by.
static int describe_versions(struct tdm_record *record, const struct tdm_stream *stream,
                             const char *path, struct tdm_error *error)
{
    for (int v = 1; v < stream->version_count; v++) {
        const char *dnn = stream->versions[v].dnn->name;
        char name[32], key[32];
        snprintf(name, sizeof name, "dnn_%d", v);
        snprintf(key, sizeof key, "dnn_key_%d", v);
        if (tdm_h5_put_text(record->file, path, name, dnn, error) ||
            tdm_h5_put_integer(record->file, path, key, tdm_record_key(dnn), error))
            return -1;
    }
    return 0;
}

static int describe_stream(struct tdm_record *record, size_t index, struct tdm_error *error)
{
    const struct tdm_stream *stream = &record->engine->scenario->streams[index];
    char path[64];
    snprintf(path, sizeof path, "/streams/%zu", index);
    if (tdm_h5_group(record->file, path, error) ||
        tdm_h5_put_text(record->file, path, "board", stream->board_id, error) ||
        tdm_h5_put_text(record->file, path, "dnn", stream->dnn->name, error) ||
        tdm_h5_put_integer(record->file, path, "dnn_key", tdm_record_key(stream->dnn->name),
                           error) ||
        tdm_h5_put_text(record->file, path, "precision", stream->fit.precision, error) ||
        tdm_h5_put_text(record->file, path, "input",
                        stream->input == TDM_RAW ? "raw" : "compressed", error) ||
        tdm_h5_put_double(record->file, path, "deadline", stream->deadline, error))
        return -1;
    return describe_versions(record, stream, path, error);
}

static int open_boards(struct tdm_record *record, struct tdm_error *error)
{
    const struct tdm_engine *engine = record->engine;
    size_t rows = ROWS_OF_ALL / (engine->unit_count + 1);
    rows = rows > MOST_ROWS ? MOST_ROWS : rows < LEAST_ROWS ? LEAST_ROWS : rows;
    record->boards = calloc(engine->unit_count + 1, sizeof(struct tdm_record_board *));
    if (!record->boards)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < engine->unit_count; i++) {
        record->boards[i] = tdm_record_board_open(record->file, engine->units[i], rows, error);
        if (!record->boards[i])
            return -1;
    }
    return 0;
}

static int begin(struct tdm_record *record, const char *path, const struct tdm_record_about *about,
                 struct tdm_error *error)
{
    if (tdm_partial_open(&record->partial, path, error))
        return -1;
    record->file = tdm_h5_create(record->partial.fd, path, error);
    if (!record->file || describe_run(record, about, error))
        return -1;
    size_t columns = 0;
    while (tdm_record_requests[columns].name)
        columns++;
    record->requests = tdm_record_table_open(record->file, "/requests", tdm_record_requests,
                                             columns, MOST_ROWS, error);
    if (!record->requests)
        return -1;
    for (size_t i = 0; i < record->engine->scenario->stream_count; i++)
        if (describe_stream(record, i, error))
            return -1;
    if (about->sweep && describe_sweep(record, about->sweep, error))
        return -1;
    return open_boards(record, error);
}

struct tdm_record *tdm_record_open(const char *path, const struct tdm_engine *engine,
                                   const struct tdm_record_about *about, struct tdm_error *error)
{
    struct tdm_record *record = calloc(1, sizeof *record);
    if (!record) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    record->engine = engine;
    record->partial.fd = -1;
    if (begin(record, path, about, error) == 0)
        return record;
    tdm_record_abandon(record);
    return NULL;
}

// ---- filling -----------------------------------------------------------------------------------

static double hz(const struct tdm_domain_info *domain, int opp)
{
    return opp >= 0 ? domain->opps[opp].hz : 0;
}

int tdm_record_outcome(struct tdm_record *record, const struct tdm_outcome *outcome,
                       struct tdm_error *error)
{
    const struct tdm_unit *unit = record->engine->units[outcome->board];
    const struct tdm_plan *plan = &outcome->plan;
    struct tdm_record_request row = {.outcome = *outcome};
    for (int d = 0; d < TDM_CLOCKS; d++) {
        row.clock[d] = hz(unit->board->domain[d], plan->opp[d]);
        row.cap[d] = hz(unit->board->domain[d], plan->cap[d]);
    }
    if (tdm_record_table_add(record->requests, &row, error))
        return -1;
    if (unit->pieces.count < DRAIN)
        return 0;
    return tdm_record_board_drain(record->boards[outcome->board], error);
}

// ---- the end -----------------------------------------------------------------------------------

int tdm_record_figure(struct tdm_record *record, const char *key, double value,
                      struct tdm_error *error)
{
    if (tdm_h5_group(record->file, "/summary", error))
        return -1;
    return tdm_h5_put_double(record->file, "/summary", key, value, error);
}

static int write_rest(struct tdm_record *record, struct tdm_error *error)
{
    for (size_t i = 0; i < record->engine->unit_count; i++)
        if (tdm_record_board_finish(record->boards[i], record->engine, error))
            return -1;
    return tdm_record_table_finish(record->requests, error);
}

// Closes the file, and frees all but the partial file.
static int close_file(struct tdm_record *record, struct tdm_error *error)
{
    for (size_t i = 0; record->boards && i < record->engine->unit_count; i++)
        tdm_record_board_free(record->boards[i]);
    free(record->boards);
    tdm_record_table_free(record->requests);
    return tdm_h5_close(record->file, error);
}

int tdm_record_finish(struct tdm_record *record, struct tdm_error *error)
{
    int status = write_rest(record, error);
    if (close_file(record, status ? NULL : error))
        status = -1;
    if (status == 0)
        status = tdm_partial_commit(&record->partial, error);
    else
        tdm_partial_abandon(&record->partial);
    free(record);
    return status;
}

void tdm_record_abandon(struct tdm_record *record)
{
    if (!record)
        return;
    close_file(record, NULL);
    tdm_partial_abandon(&record->partial);
    free(record);
}

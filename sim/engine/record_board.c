// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/record_board.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "engine/record.h"

enum { LONGEST_PATH = 32 + 2 * TDM_H5_NAME };

struct tdm_record_board {
    struct tdm_h5 *file;
    struct tdm_unit *unit;
    char path[32 + TDM_H5_NAME]; // "/boards/ID"
    struct tdm_record_table *power, *rails;
    struct tdm_record_table **radios; // one a way
    struct tdm_record_column *rail_columns;
    char *rail_names; // as in paths, TDM_H5_NAME bytes each
    double *rail_watts;
};

static size_t column_count(const struct tdm_record_column *columns)
{
    size_t count = 0;
    while (columns[count].name)
        count++;
    return count;
}

// ---- opening -----------------------------------------------------------------------------------

static int open_rails(struct tdm_record_board *b, size_t rows, struct tdm_error *error)
{
    const size_t count = b->unit->board->rail_count;
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "%s/rails", b->path);
    b->rail_columns = calloc(count + 1, sizeof *b->rail_columns);
    b->rail_names = calloc(count + 1, TDM_H5_NAME);
    b->rail_watts = calloc(count + 1, sizeof *b->rail_watts);
    if (!b->rail_columns || !b->rail_names || !b->rail_watts)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < count; i++)
        b->rail_columns[i] = (struct tdm_record_column){
            tdm_h5_name(b->unit->board->rails[i].name, b->rail_names + i * TDM_H5_NAME),
            TDM_H5_DOUBLE, i * sizeof(double), "W",
            "of the rail, over the stretches of ../power: its shares of the causes"};
    b->rails = tdm_record_table_open(b->file, path, b->rail_columns, count, rows, error);
    return b->rails ? 0 : -1;
}

static int open_radios(struct tdm_record_board *b, size_t rows, struct tdm_error *error)
{
    const struct tdm_unit *unit = b->unit;
    b->radios = calloc(unit->way_count + 1, sizeof(struct tdm_record_table *));
    if (!b->radios)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < unit->way_count; i++) {
        const struct tdm_scenario_link *link = unit->ways[i].link;
        char path[LONGEST_PATH];
        snprintf(path, sizeof path, "%s/radio/%zu", b->path, i);
        b->radios[i] = tdm_record_table_open(b->file, path, tdm_record_radio,
                                             column_count(tdm_record_radio), rows, error);
        if (!b->radios[i] || tdm_h5_put_text(b->file, path, "server", link->to, error) ||
            tdm_h5_put_text(b->file, path, "radio", link->radio_name ? link->radio_name : "",
                            error))
            return -1;
    }
    return 0;
}

// "gpu,cpu": names cannot hold a comma.
static int put_names(struct tdm_record_board *b, const char *attribute, size_t count,
                     const char *(*name)(const struct tdm_unit *unit, size_t i),
                     struct tdm_error *error)
{
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += strlen(name(b->unit, i)) + 1;
    char *text = malloc(size), *end = text;
    if (!text)
        return tdm_fail(error, "out of memory");
    *text = '\0';
    for (size_t i = 0; i < count; i++)
        end += snprintf(end, size - (size_t)(end - text), "%s%s", i ? "," : "", name(b->unit, i));
    const int status = tdm_h5_put_text(b->file, b->path, attribute, text, error);
    free(text);
    return status;
}

static const char *processor_name(const struct tdm_unit *unit, size_t i)
{
    return unit->board->processors[i].name;
}

static const char *link_name(const struct tdm_unit *unit, size_t i)
{
    return unit->ways[i].link->to;
}

static int describe(struct tdm_record_board *b, struct tdm_error *error)
{
    const struct tdm_unit *unit = b->unit;
    const struct tdm_scenario_board *where = &unit->scenario->boards[unit->index];
    if (tdm_h5_put_integer(b->file, b->path, "index", unit->index, error) ||
        tdm_h5_put_text(b->file, b->path, "type", unit->board->name, error) ||
        tdm_h5_put_integer(b->file, b->path, "type_key", tdm_record_key(unit->board->name),
                           error) ||
        tdm_h5_put_text(b->file, b->path, "driver", where->driver, error) ||
        put_names(b, "processors", unit->board->processor_count, processor_name, error) ||
        put_names(b, "links", unit->way_count, link_name, error))
        return -1;
    return 0;
}

struct tdm_record_board *tdm_record_board_open(struct tdm_h5 *file, struct tdm_unit *unit,
                                               size_t rows, struct tdm_error *error)
{
    struct tdm_record_board *b = calloc(1, sizeof *b);
    if (!b) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    b->file = file;
    b->unit = unit;
    char name[TDM_H5_NAME], path[LONGEST_PATH];
    snprintf(b->path, sizeof b->path, "/boards/%s",
             tdm_h5_name(unit->scenario->boards[unit->index].id, name));
    snprintf(path, sizeof path, "%s/power", b->path);
    b->power = tdm_record_table_open(file, path, tdm_record_power, column_count(tdm_record_power),
                                     rows, error);
    if (b->power && open_rails(b, rows, error) == 0 && open_radios(b, rows, error) == 0 &&
        describe(b, error) == 0)
        return b;
    tdm_record_board_free(b);
    return NULL;
}

void tdm_record_board_free(struct tdm_record_board *b)
{
    if (!b)
        return;
    for (size_t i = 0; b->radios && i < b->unit->way_count; i++)
        tdm_record_table_free(b->radios[i]);
    tdm_record_table_free(b->power);
    tdm_record_table_free(b->rails);
    free(b->radios);
    free(b->rail_columns);
    free(b->rail_names);
    free(b->rail_watts);
    free(b);
}

// ---- filling -----------------------------------------------------------------------------------

static int add_piece(struct tdm_record_board *b, const struct tdm_piece *piece,
                     struct tdm_error *error)
{
    const struct tdm_board *board = b->unit->board;
    const struct tdm_watts *watts = &piece->watts;
    struct tdm_record_piece row = {.piece = *piece};
    for (int d = 0; d < TDM_CLOCKS; d++)
        row.clock[d] = board->domain[d]->opps[piece->opp[d]].hz;
    for (size_t i = 0; i < board->rail_count; i++) {
        const struct tdm_rail *rail = &board->rails[i];
        b->rail_watts[i] = rail->share_cpu * watts->cpu + rail->share_gpu * watts->gpu +
                           rail->share_emc * watts->memory +
                           rail->share_rest * (watts->fixed + watts->leakage);
    }
    if (tdm_record_table_add(b->power, &row, error))
        return -1;
    return tdm_record_table_add(b->rails, b->rail_watts, error);
}

int tdm_record_board_drain(struct tdm_record_board *b, struct tdm_error *error)
{
    struct tdm_unit *unit = b->unit;
    for (size_t i = 0; i < unit->pieces.count; i++)
        if (add_piece(b, &unit->pieces.items[i], error))
            return -1;
    bool lost = unit->pieces.lost;
    unit->pieces.count = 0;
    for (size_t w = 0; w < unit->way_count; w++) {
        struct tdm_radio_pieces *pieces = &unit->radio_pieces[w];
        for (size_t i = 0; i < pieces->count; i++)
            if (tdm_record_table_add(b->radios[w], &pieces->items[i], error))
                return -1;
        lost |= pieces->lost;
        pieces->count = 0;
    }
    return lost ? tdm_fail(error, "out of memory: the record would have gaps") : 0;
}

static int put_total(struct tdm_record_board *b, const char *name, double value,
                     struct tdm_error *error)
{
    return tdm_h5_put_double(b->file, b->path, name, value, error);
}

static int put_totals(struct tdm_record_board *b, const struct tdm_board_totals *totals,
                      struct tdm_error *error)
{
    const struct {
        const char *name;
        double value;
    } numbers[] = {
        {"end", totals->end},
        {"energy", tdm_watts_sum(&totals->energy)},
        {"energy_fixed", totals->energy.fixed},
        {"energy_cpu", totals->energy.cpu},
        {"energy_gpu", totals->energy.gpu},
        {"energy_memory", totals->energy.memory},
        {"energy_leakage", totals->energy.leakage},
        {"radio_energy", totals->radio_energy},
        {"server_energy", totals->server_energy},
    };
    const struct {
        const char *name;
        uint64_t value;
    } counts[] = {
        {"arrived", totals->arrived},
        {"served", totals->served},
        {"dropped", totals->dropped},
        {"unanswered", totals->unanswered},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (put_total(b, numbers[i].name, numbers[i].value, error))
            return -1;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (tdm_h5_put_integer(b->file, b->path, counts[i].name, (int64_t)counts[i].value, error))
            return -1;
    return 0;
}

int tdm_record_board_finish(struct tdm_record_board *b, const struct tdm_engine *engine,
                            struct tdm_error *error)
{
    if (tdm_record_board_drain(b, error) || tdm_record_table_finish(b->power, error) ||
        tdm_record_table_finish(b->rails, error))
        return -1;
    for (size_t i = 0; i < b->unit->way_count; i++)
        if (tdm_record_table_finish(b->radios[i], error))
            return -1;
    struct tdm_board_totals totals;
    tdm_engine_totals(engine, b->unit->index, &totals);
    return put_totals(b, &totals, error);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/driver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"

const char *const tdm_stage_names[] = {"head",    "local",    "packing", "switching",
                                       "resting", "thinking", "first",   NULL};

const struct tdm_driver_type *tdm_driver_types[TDM_MOST_DRIVERS + 1] = {&tdm_model_driver,
                                                                        &tdm_replay_driver};

void tdm_driver_add(const struct tdm_driver_type *type)
{
    int i = 0;
    while (tdm_driver_types[i] && tdm_driver_types[i] != type)
        i++;
    assert(i < TDM_MOST_DRIVERS && "there is room for all drivers");
    tdm_driver_types[i] = type;
}

struct tdm_driver *tdm_driver_open(const char *uri, const struct tdm_driver_setup *setup,
                                   struct tdm_error *error)
{
    const size_t length = strcspn(uri, ":");
    char scheme[32];
    snprintf(scheme, sizeof scheme, "%.*s", (int)length, uri);
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, scheme);
    for (const struct tdm_driver_type **type = tdm_driver_types; *type; type++) {
        if (strcmp((*type)->scheme, scheme) == 0 && uri[length] == ':')
            return (*type)->open(uri + length + 1, setup, error);
        tdm_nearest_try(&nearest, (*type)->scheme);
    }
    tdm_fail(error, "'%.64s' names no driver, as in 'model:' or 'replay:run.h5'%s", uri,
             tdm_nearest_hint(&nearest));
    return NULL;
}

void tdm_pieces_add(struct tdm_pieces *pieces, const struct tdm_piece *piece)
{
    if (pieces->listener)
        pieces->listener->piece(pieces->listener, pieces->board, piece);
    if (!pieces->kept)
        return;
    if (pieces->count == pieces->room) {
        const size_t room = pieces->room ? 2 * pieces->room : 1024;
        struct tdm_piece *items = realloc(pieces->items, room * sizeof *items);
        if (!items) {
            pieces->lost = true;
            return;
        }
        pieces->items = items;
        pieces->room = room;
    }
    pieces->items[pieces->count] = *piece;
    pieces->items[pieces->count++].request = pieces->request;
}

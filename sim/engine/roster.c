// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/roster.h"

#include <math.h>
#include <stdlib.h>

static bool comes_before(const struct tdm_roster_entry *a, const struct tdm_roster_entry *b)
{
    return a->when < b->when || (a->when == b->when && a->unit < b->unit);
}

static void put(struct tdm_roster *roster, size_t place, struct tdm_roster_entry entry)
{
    roster->heap[place] = entry;
    roster->place[entry.unit] = (uint32_t)place;
}

static size_t rise(struct tdm_roster *roster, size_t place, const struct tdm_roster_entry *entry)
{
    while (place > 0 && comes_before(entry, &roster->heap[(place - 1) / 2])) {
        put(roster, place, roster->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    return place;
}

static size_t sink(struct tdm_roster *roster, size_t place, const struct tdm_roster_entry *entry)
{
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= roster->count)
            return place;
        if (child + 1 < roster->count &&
            comes_before(&roster->heap[child + 1], &roster->heap[child]))
            child++;
        if (!comes_before(&roster->heap[child], entry))
            return place;
        put(roster, place, roster->heap[child]);
        place = child;
    }
}

int tdm_roster_start(struct tdm_roster *roster, struct tdm_unit **units, size_t count)
{
    *roster = (struct tdm_roster){.units = units, .count = count};
    roster->heap = malloc(count * sizeof *roster->heap);
    roster->place = malloc(count * sizeof *roster->place);
    if (!roster->heap || !roster->place)
        return -1;
    tdm_roster_restart(roster);
    return 0;
}

void tdm_roster_restart(struct tdm_roster *roster)
{
    for (size_t i = 0; i < roster->count; i++)
        put(roster, i, (struct tdm_roster_entry){-INFINITY, (uint32_t)i, TDM_NEXT_NOTHING});
    for (size_t i = 0; i < roster->count; i++)
        tdm_roster_update(roster, i);
}

void tdm_roster_end(struct tdm_roster *roster)
{
    free(roster->heap);
    free(roster->place);
    *roster = (struct tdm_roster){0};
}

void tdm_roster_move(struct tdm_roster *roster, const struct tdm_roster_entry *entry)
{
    const size_t place = rise(roster, roster->place[entry->unit], entry);
    put(roster, sink(roster, place, entry), *entry);
}

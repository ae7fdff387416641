// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine/agenda.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static bool comes_before(const struct tdm_date *a, const struct tdm_date *b)
{
    return a->when < b->when || (a->when == b->when && a->order < b->order);
}

void tdm_agenda_end(struct tdm_agenda *agenda)
{
    free(agenda->heap);
    *agenda = (struct tdm_agenda){0};
}

void tdm_agenda_add(struct tdm_agenda *agenda, double when, int what, void *whom)
{
    if (agenda->count == agenda->room) {
        agenda->room = agenda->room ? 2 * agenda->room : 64;
        agenda->heap = realloc(agenda->heap, agenda->room * sizeof *agenda->heap);
        assert(agenda->heap && "an agenda fits into memory");
    }
    const struct tdm_date date = {when, agenda->entered++, what, whom};
    size_t place = agenda->count++;
    while (place > 0 && comes_before(&date, &agenda->heap[(place - 1) / 2])) {
        agenda->heap[place] = agenda->heap[(place - 1) / 2];
        place = (place - 1) / 2;
    }
    agenda->heap[place] = date;
}

double tdm_agenda_next(const struct tdm_agenda *agenda)
{
    return agenda->count ? agenda->heap[0].when : INFINITY;
}

struct tdm_date tdm_agenda_take(struct tdm_agenda *agenda)
{
    assert(agenda->count && "something is due");
    const struct tdm_date first = agenda->heap[0];
    const struct tdm_date last = agenda->heap[--agenda->count];
    size_t place = 0;
    for (;;) {
        size_t child = 2 * place + 1;
        if (child >= agenda->count)
            break;
        if (child + 1 < agenda->count &&
            comes_before(&agenda->heap[child + 1], &agenda->heap[child]))
            child++;
        if (!comes_before(&agenda->heap[child], &last))
            break;
        agenda->heap[place] = agenda->heap[child];
        place = child;
    }
    agenda->heap[place] = last;
    return first;
}

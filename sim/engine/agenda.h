// SPDX-License-Identifier: GPL-3.0-or-later
/** What an engine has to do at which time: a heap of dates. At equal dates, first in, first out. */
#ifndef TDM_ENGINE_AGENDA_H
#define TDM_ENGINE_AGENDA_H

#include <stddef.h>
#include <stdint.h>

struct tdm_date {
    double when; /**< s */
    uint64_t order;
    int what;   /**< the engine's own */
    void *whom; /**< the engine's own */
};

struct tdm_agenda {
    struct tdm_date *heap;
    size_t count, room;
    uint64_t entered; /**< so far */
};

void tdm_agenda_end(struct tdm_agenda *agenda);

/** Grows as needed; memory running out is fatal (asserted), as it is for waiting requests. */
void tdm_agenda_add(struct tdm_agenda *agenda, double when, int what, void *whom);

/** When the first of them is due; INFINITY: there is none. */
double tdm_agenda_next(const struct tdm_agenda *agenda);

/** Takes the first of them, which must be there. */
struct tdm_date tdm_agenda_take(struct tdm_agenda *agenda);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** The units of a run in the order of what they do next: a heap that each unit has a place in. */
#ifndef TDM_ENGINE_ROSTER_H
#define TDM_ENGINE_ROSTER_H

#include "engine/unit.h"

struct tdm_roster_entry {
    double when; /**< s */
    uint32_t unit;
    enum tdm_next what;
};

struct tdm_roster {
    struct tdm_unit **units;
    size_t count;
    struct tdm_roster_entry *heap;
    uint32_t *place; /**< of each unit in the heap */
};

/** Over `count` units, which stay the caller's. -1 if there is no memory. */
int tdm_roster_start(struct tdm_roster *roster, struct tdm_unit **units, size_t count);
/** Anew, once all units have restarted. */
void tdm_roster_restart(struct tdm_roster *roster);
void tdm_roster_end(struct tdm_roster *roster);

/** Out of line part of the function below: among others. */
void tdm_roster_move(struct tdm_roster *roster, const struct tdm_roster_entry *entry);

/** Looks again when a unit does something next; after anything has happened to it. */
static inline void tdm_roster_update(struct tdm_roster *roster, size_t unit)
{
    enum tdm_next what;
    const double when = tdm_unit_next(roster->units[unit], &what);
    if (roster->count > 1) {
        tdm_roster_move(roster, &(struct tdm_roster_entry){when, (uint32_t)unit, what});
    } else {
        roster->heap[0].when = when;
        roster->heap[0].what = what;
    }
}

/** Who is next: among several at the same time, the one with the lowest index. */
static inline const struct tdm_roster_entry *tdm_roster_first(const struct tdm_roster *roster)
{
    return &roster->heap[0];
}

#endif

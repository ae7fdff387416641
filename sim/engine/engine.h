// SPDX-License-Identifier: GPL-3.0-or-later
/** How time passes: the family of engines behind the pull interface of tandem.h. */
#ifndef TDM_ENGINE_ENGINE_H
#define TDM_ENGINE_ENGINE_H

#include "engine/unit.h"

/** What came of a run, for one board. */
struct tdm_board_totals {
    double end;              /**< s: the end of the run, or of the stage that was running then */
    struct tdm_watts energy; /**< J of the board, by cause */
    double radio_energy;     /**< J, tails that really happened included */
    double server_energy;    /**< J above idle that its requests took */
    uint64_t arrived, served, dropped, unanswered;
    uint64_t overdue; /**< of the unanswered: past their deadline */
};

struct tdm_engine {
    const struct tdm_engine_type *type;
    const struct tdm_scenario *scenario;
    uint64_t seed;
    struct tdm_unit **units;
    size_t unit_count;
    struct tdm_outcome outcome;     /**< the last event's */
    const struct tdm_error *failed; /**< it cannot go on, and why; NULL: all is well */
};

struct tdm_engine_type {
    const char *scheme;
    const char *summary;
    bool once; /**< one run a process: a run that others follow takes a process of its own */
    struct tdm_engine *(*open)(const char *rest, const struct tdm_scenario *scenario, uint64_t seed,
                               bool recorded, struct tdm_error *error);
    bool (*next)(struct tdm_engine *engine, struct tdm_event *event);
    void (*decide)(struct tdm_engine *engine, const struct tdm_plan *plan);
    void (*free)(struct tdm_engine *engine);
    void (*restart)(struct tdm_engine *engine, double begin); /**< with its seed; NULL: no */
    /** As `open` without a rest, with the tables of another; NULL: it cannot share them. */
    struct tdm_engine *(*twin)(const struct tdm_engine *like, uint64_t seed,
                               struct tdm_error *error);
};

enum { TDM_MOST_ENGINES = 4 };

/** The engines: those of this floor, then those of floors above; ends with NULL. */
extern const struct tdm_engine_type *tdm_engine_types[TDM_MOST_ENGINES + 1];
extern const struct tdm_engine_type tdm_analytic_engine, tdm_contention_engine;

/** Hands down an engine from a floor above, when the program starts; one that is there is fine. */
void tdm_engine_add(const struct tdm_engine_type *type);

/** The type that a URI names, or NULL with `error`; `rest` is what follows its colon. */
const struct tdm_engine_type *tdm_engine_type_of(const char *uri, const char **rest,
                                                 struct tdm_error *error);

/** The engine for a scenario where nobody names one: "simgrid:" where anything is shared. */
const char *tdm_engine_usual(const struct tdm_scenario *scenario);

/**
 * J that SimGrid's energy plug-in counts for a board up to now; only of "simgrid:energy". They are
 * the driver's where the board neither heats nor stalls at switching, nothing else runs on it, its
 * CPU is at the top clock and its memory where the floor table says, from the first plan on, and
 * for the network of its first stream. A host's pstates know one clock alone.
 */
double tdm_contention_joules(struct tdm_engine *engine, int board);

/** tdm_engine_open, and with `recorded` the boards keep what records need. */
struct tdm_engine *tdm_engine_open_recorded(const char *uri, const struct tdm_scenario *scenario,
                                            uint64_t seed, bool recorded, struct tdm_error *error);

/**
 * Another engine over the scenario of `like`, whose tables of costs it uses where it can: `like`
 * outlives it, and both belong to one thread. NULL with `error`; the caller frees it.
 */
struct tdm_engine *tdm_engine_twin(const char *uri, const struct tdm_engine *like, uint64_t seed,
                                   struct tdm_error *error);

/**
 * Another run of the same engine, as if it had just been opened with `seed`, but for its tables. It
 * may begin in the middle, `begin` s after the scenario does: with what the traces and loads are
 * then, but boards as they are at the start. False where it or a driver cannot: then open another.
 * Not of one that is recorded.
 */
bool tdm_engine_restart(struct tdm_engine *engine, uint64_t seed, double begin);
bool tdm_engine_can_restart(const struct tdm_engine *engine);

/** After the last event: what the run came to on a board. tdm_engine_check counts it up. */
void tdm_engine_totals(const struct tdm_engine *engine, int board, struct tdm_board_totals *totals);

#endif

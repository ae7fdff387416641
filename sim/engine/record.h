// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The record of a run: one HDF5 file with everything that happened. It is written while the run
 * goes on, in bounded memory, and appears under its name only when it is whole.
 *
 *     /                     attributes: format, schema_version, scenario (the text that was read),
 *                           scenario_name, engine, policy, seed, command_line, tandem_version,
 *                           hdf5_version
 *     /requests/COLUMN      one row an outcome, in the order of the answers
 *     /streams/N            attributes: board, dnn, dnn_key, precision, input, deadline
 *     /boards/ID            attributes: index, type, type_key, driver, processors, links, and the
 *                           totals
 *     /boards/ID/power/…    stretches of constant power: when, W by cause, temperature, clocks
 *     /boards/ID/rails/RAIL W of each rail over the same stretches
 *     /boards/ID/radio/N/…  stretches of constant power of the radio of link N
 *     /summary              attributes: the figures of the run, as `tandem run --json` has them
 *     /sweep                of a run in a sweep; attributes: grid, title, task
 *     /sweep/NAME           attributes: value, number, units, set of what the sweep varies
 *
 * Each array has the attributes `units` and `description`. The same inputs and seed give the same
 * bytes in every array.
 */
#ifndef TDM_ENGINE_RECORD_H
#define TDM_ENGINE_RECORD_H

#include "engine/engine.h"
#include "engine/record_table.h"

#define TDM_RECORD_FORMAT "tandem record"
enum { TDM_RECORD_VERSION = 2 };

/** A name as a number (FNV-1a), for programs that read a record. */
int64_t tdm_record_key(const char *name);

/** An attribute that a sweep varies, and what it is in this run. */
struct tdm_record_varied {
    const char *name;
    const char *value; /**< as written */
    double number;     /**< SI; NAN: no number */
    const char *units; /**< of `number`; "" for none */
    const char *set;   /**< path of the attribute in the scenario */
};

/** Which run of which sweep it is. */
struct tdm_record_sweep {
    const char *grid, *title; /**< the title may be NULL */
    int64_t task;             /**< from 1 */
    const struct tdm_record_varied *varied;
    size_t varied_count;
};

/** What the engine does not know of the run. Copied; NULL: not told. */
struct tdm_record_about {
    const char *policy;       /**< as people write it: "fixed", "dvfo=p.h5" */
    const char *command_line; /**< an attribute and nothing more */
    const struct tdm_record_sweep *sweep;
};

struct tdm_record;

/**
 * Begins the record of a run that has not begun. The engine must have been opened recorded, and
 * outlive the record. NULL with `error`; else the caller finishes or abandons it.
 */
struct tdm_record *tdm_record_open(const char *path, const struct tdm_engine *engine,
                                   const struct tdm_record_about *about, struct tdm_error *error);

/** Adds an outcome, at once when the engine hands it out. After -1 the record can be abandoned. */
int tdm_record_outcome(struct tdm_record *record, const struct tdm_outcome *outcome,
                       struct tdm_error *error);

/** A figure of the whole run: an attribute of /summary. After the engine's last event. */
int tdm_record_figure(struct tdm_record *record, const char *key, double value,
                      struct tdm_error *error);

/**
 * After the engine's last event: writes the rest and the totals, syncs and renames. Frees the
 * record in any case; -1 with `error`, and no file left, if something went wrong.
 */
int tdm_record_finish(struct tdm_record *record, struct tdm_error *error);

/** Removes what was written and frees the record. NULL is fine. */
void tdm_record_abandon(struct tdm_record *record);

/** The columns of /requests, /boards/ID/power and /boards/ID/radio/N, each ending with a NULL name.
 */
extern const struct tdm_record_column tdm_record_requests[], tdm_record_power[], tdm_record_radio[];

/** What goes into one row of /requests. */
struct tdm_record_request {
    struct tdm_outcome outcome;
    double clock[TDM_CLOCKS]; /**< Hz that the plan locks; 0: governed */
    double cap[TDM_CLOCKS];   /**< Hz at most where governed; 0: no cap */
};

/** What goes into one row of /boards/ID/power. */
struct tdm_record_piece {
    struct tdm_piece piece;
    double clock[TDM_CLOCKS]; /**< Hz in force */
};

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The decision process of a scenario: what is observed, what an action is, when it takes effect and
 * what it is worth. Environments let others act in it; learned policies act in it themselves, so
 * that both see and do the same.
 *
 * Thinking. Blocking: a request waits for its decision. Concurrent ("thinking while moving", Xiao
 * et al., ICLR 2020): while a request runs, the next one is decided on, and begins no earlier than
 * that is done; the first of a run is served by the board alone at its top clocks. What a core
 * draws while it thinks beside a request is not counted.
 */
#ifndef TDM_ENV_PROCESS_H
#define TDM_ENV_PROCESS_H

#include "env/action.h"
#include "env/coordinator.h"
#include "env/observe.h"
#include "env/reward.h"

struct tdm_process;

/**
 * Reads what the scenario says of its environment. NULL with `error`; the caller frees it, before
 * the scenario.
 */
struct tdm_process *tdm_process_new(const struct tdm_scenario *scenario, struct tdm_error *error);
void tdm_process_free(struct tdm_process *process);

const struct tdm_actions *tdm_process_actions(const struct tdm_process *process);
/** The scenario's <environment>, or what holds where it has none. */
const struct tdm_scenario_environment *tdm_process_environment(const struct tdm_process *process);
/** Entries of an observation; and which of tdm_entries they are. */
size_t tdm_process_sees(const struct tdm_process *process);
const int *tdm_process_entries(const struct tdm_process *process);

/** Where the <environment> has a period: who decides for all boards then; else NULL. */
struct tdm_coordinator *tdm_process_coordinator(const struct tdm_process *process);

/** Whoever decides needs no time for it, whatever the board's file says. */
void tdm_process_think_free(struct tdm_process *process);

/** Forgets the boards' last actions: a run begins. */
void tdm_process_restart(struct tdm_process *process);

/** Writes tdm_process_sees floats. */
void tdm_process_observe(struct tdm_process *process, const struct tdm_state *state,
                         float *observation);

/**
 * Takes the decision on `state`, a level for each free knob; `plan` is what the board does now,
 * which concurrent thinking decided on before.
 */
void tdm_process_act(struct tdm_process *process, const struct tdm_state *state,
                     const int32_t *action, struct tdm_plan *plan);

/** What an outcome is worth; `unit` is its board. */
double tdm_process_reward(struct tdm_process *process, struct tdm_unit *unit,
                          const struct tdm_outcome *outcome);

/** … and what it is worth that others waited `seconds` in all while it was served. */
double tdm_process_burden(struct tdm_process *process, const struct tdm_unit *unit, int stream,
                          double seconds);
/** Whether that is anything at all. */
bool tdm_process_has_burden(const struct tdm_process *process);

/** Another reward than the scenario's; it has to exist. */
void tdm_process_set_reward(struct tdm_process *process, const char *name);
/** The same, unless the scenario says which one it wants. */
void tdm_process_prefer_reward(struct tdm_process *process, const char *name);

/**
 * The exponent of the discount from a request to the next one of its board: 1, or t_AS / H where
 * thinking is concurrent, `length` being H, the request's length in s; at most 1.
 */
double tdm_process_exponent(const struct tdm_process *process, const struct tdm_unit *unit,
                            double length);

/** What usual is for the stream, once its first state was observed. */
const struct tdm_reference *tdm_process_reference(const struct tdm_process *process, int stream);

#endif

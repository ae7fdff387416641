// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Observations: what a policy sees of a state, as a vector. Each entry has a unit, and a range that
 * is scaled to [-1, 1], linearly or by logarithm; what lies outside is clipped, what is not known
 * is 0. `tandem help environment` prints the table.
 */
#ifndef TDM_ENV_OBSERVE_H
#define TDM_ENV_OBSERVE_H

#include "env/action.h"

struct tdm_entry {
    const char *name, *unit;
    double low, high; /**< become -1 and 1 */
    bool by_logarithm;
    const char *what; /**< one sentence */
};

enum tdm_entry_index {
    TDM_SEES_ETA,
    TDM_SEES_LOAD,
    TDM_SEES_QUEUED,
    TDM_SEES_SLACK,
    TDM_SEES_BANDWIDTH,
    TDM_SEES_TREND,
    TDM_SEES_RTT,
    TDM_SEES_SIGNAL,
    TDM_SEES_BANDWIDTH_2,
    TDM_SEES_RTT_2,
    TDM_SEES_SIGNAL_2,
    TDM_SEES_TEMPERATURE,
    TDM_SEES_POWER,
    TDM_SEES_RUNNERS, /**< co-runners by domain */
    TDM_SEES_CLOCKS = TDM_SEES_RUNNERS + TDM_CLOCKS,
    TDM_SEES_FLOP = TDM_SEES_CLOCKS + TDM_CLOCKS,
    TDM_SEES_TRAFFIC,
    TDM_SEES_INPUT,
    TDM_SEES_REFERENCE,
    TDM_SEES_LOSS,                         /**< of accuracy, at four shares sent */
    TDM_SEES_PREVIOUS = TDM_SEES_LOSS + 4, /**< the previous action, by knob up to the link */
    TDM_SEES_THINKING = TDM_SEES_PREVIOUS + TDM_KNOB_VERSION,
    TDM_SEES_CONVOLUTIONS, /**< layers of the dnn by kind */
    TDM_SEES_DENSE,
    TDM_SEES_RECURRENT,
    TDM_USUAL_ENTRIES,                    /**< the rest are seen only where they can differ */
    TDM_SEES_VERSION = TDM_USUAL_ENTRIES, /**< of the previous action */
    TDM_SEES_WEIGHT,     /**< of the stream; this and the crowds, a coordinator's */
    TDM_SEES_LINK_CROWD, /**< the others' claims (coordinator.h) */
    TDM_SEES_SERVER_CROWD,
    TDM_SEES_EXIT, /**< of the previous action; after the others, whose numbers are in files */
    TDM_ENTRIES
};
extern const struct tdm_entry tdm_entries[TDM_ENTRIES];

/** A value scaled as its entry says. */
float tdm_entry_scale(const struct tdm_entry *entry, double value);
/** The other way. */
double tdm_entry_value(const struct tdm_entry *entry, double scaled);

/** The board alone at its top free clocks, cool and with nothing else running: what is usual. */
struct tdm_reference {
    double time, energy; /**< s and J of a request */
    double cost;         /**< J: eta energy + (1 - eta) Pmax time */
};
void tdm_reference_of(const struct tdm_scenario *scenario, struct tdm_queue *queue,
                      struct tdm_reference *reference);

/** What a stream's observations have in common, and what is costly to scale and changes rarely. */
struct tdm_observer {
    bool ready;
    struct tdm_reference reference;
    double clock[TDM_CLOCKS];  /**< Hz, the highest */
    float common[TDM_ENTRIES]; /**< what does not change is filled in */
    double rates[2], rtts[2];  /**< the last seen, as in `common` */
};

/** Fills in what does not change for the stream that `state` is of. */
void tdm_observer_start(struct tdm_observer *observer, const struct tdm_state *state);

/**
 * Writes TDM_ENTRIES floats. `previous` holds the levels of the last action, one a free knob, or is
 * NULL before the first; `thinking` is the time of a decision, s.
 */
void tdm_observer_see(struct tdm_observer *observer, const struct tdm_state *state,
                      const struct tdm_actions *actions, const int32_t *previous, double thinking,
                      float *entries);

#endif

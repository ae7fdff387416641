// SPDX-License-Identifier: GPL-3.0-or-later
/** What `run` and `compare` share: one policy over one scenario with one seed, and its figures. */
#ifndef TDM_CLI_SIMULATE_H
#define TDM_CLI_SIMULATE_H

#include "engine/engine.h"
#include "policies/policy.h"

struct tdm_record_sweep;

/** Figures of one run, or of several added up. Sums are over answered requests. */
struct tdm_figures {
    uint64_t requests, late, sent_any, dropped, unanswered, overdue, arrived;
    double cost, energy, latency, waited; /**< sums */
    double sent, received;                /**< bytes, sums */
    double accuracy;                      /**< sum over the requests that have one */
    uint64_t accuracies;
    double bound;                      /**< J, sum of the lower bounds; NAN: not asked for */
    double board_energy, radio_energy; /**< J of the boards over the run */
    double server_energy;              /**< J that the requests took; NAN: not known */
    double *latencies;                 /**< s, one a request, sorted by tdm_figures_percentile */
    size_t count, room;
    bool sorted;
};

struct tdm_simulation {
    const struct tdm_scenario *scenario;
    const char *engine; /**< URI */
    const char *policy; /**< name and argument */
    uint64_t seed;
    bool bound; /**< count the lower bound, too */
    bool progress;
    const char *record;  /**< path, or NULL; then the figures are of this run alone */
    const char *command; /**< line, for the record */
    const struct tdm_record_sweep *sweep; /**< for the record, or NULL */
};

/** Runs it and adds to `figures` (start with {0}; free with tdm_figures_free). -1 with `error`. */
int tdm_simulate(const struct tdm_simulation *simulation, struct tdm_figures *figures,
                 struct tdm_error *error);

void tdm_figures_free(struct tdm_figures *figures);

/** Adds one's counts and sums to another's; the latencies are left alone. */
void tdm_figures_add(struct tdm_figures *sum, const struct tdm_figures *figures);

/** s below which the share `p` (0 to 1) of the latencies lies, interpolated; NAN for none. */
double tdm_figures_percentile(struct tdm_figures *figures, double p);

/** Half the width of the 95 % interval of the mean of `n` values (Student's t); NAN for one. */
double tdm_interval(const double *values, size_t n);

#endif

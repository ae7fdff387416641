// SPDX-License-Identifier: GPL-3.0-or-later
/** Figures as people and programs read them: means over requests, percentiles, shares. */
#ifndef TDM_CLI_SUMMARY_H
#define TDM_CLI_SUMMARY_H

#include <jansson.h>

#include "cli/simulate.h"

/** Means are over answered requests; NAN where there is none. J, s, bytes, shares 0 to 1. */
struct tdm_summary {
    double requests, dropped, unanswered; /**< counts over all seeds */
    double cost, energy, latency, p50, p95, p99, waited;
    double misses;    /**< share late, dropped, or unanswered past its deadline */
    double offloaded; /**< share that sent anything */
    double accuracy, sent, received, bound;
    double board_energy, radio_energy, server_energy; /**< J a run */
};

/** The key of each number in JSON, records and merged files, and where it is; ends with NULL. */
struct tdm_summary_key {
    const char *key;
    size_t offset; /**< of a double in struct tdm_summary */
    bool count;    /**< a whole number */
};
extern const struct tdm_summary_key tdm_summary_keys[];
double tdm_summary_value(const struct tdm_summary *summary, const struct tdm_summary_key *key);

/** Of figures that `runs` runs were added to. */
void tdm_summarise(struct tdm_figures *figures, size_t runs, struct tdm_summary *summary);

/** An object with the keys of `tandem help json`; NAN becomes null. The caller owns it. */
json_t *tdm_summary_json(const char *policy, const struct tdm_summary *summary);

/** Opens and closes what a simulation names: -1 with `error` where something is not to be had. */
int tdm_check_simulation(const struct tdm_simulation *simulation, struct tdm_error *error);

/** Says on standard error where boards would contend for a server and the engine lets them not. */
void tdm_explain_sharing(const struct tdm_scenario *scenario, const char *engine);

/** Says on standard error why requests were left unanswered, if more than 1 % were. */
void tdm_explain_unanswered(const struct tdm_scenario *scenario, const char *policy,
                            const struct tdm_figures *figures);

/** The largest --seed: that and the seeds after it fit where records and JSON keep them. */
#define TDM_SEED_MOST (UINT64_C(1) << 50)

/** The commands, for main.c's table. */
int tdm_cli_run(int argc, char **argv);
int tdm_cli_compare(int argc, char **argv);

#endif

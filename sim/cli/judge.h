// SPDX-License-Identifier: GPL-3.0-or-later
/** What `compare` and `eval` share: a policy over several seeds, and how sure its figures are. */
#ifndef TDM_CLI_JUDGE_H
#define TDM_CLI_JUDGE_H

#include "cli/summary.h"
#include "core/table.h"

enum { TDM_JUDGE_SEEDS = 1000 };

struct tdm_judged {
    const char *policy;
    struct tdm_figures figures;
    struct tdm_summary summary;
    double cost_interval, energy_interval, latency_interval; /**< over the seeds' means; or NAN */
};

/**
 * Runs `simulation` with its seed and those after it, `seeds` in all. -1 with `error`. In either
 * case the caller frees judged->figures.
 */
int tdm_judge(struct tdm_judged *judged, const struct tdm_simulation *simulation, size_t seeds,
              struct tdm_error *error);

/** Whether more than one in a hundred requests had no answer; then figures flatter. */
bool tdm_judged_leaves_out(const struct tdm_judged *judged);
/** Says so below a table whose rows are marked with a '*'. */
void tdm_judge_explain_mark(void);

/** A cell "±0.01"; empty for NAN. */
void tdm_table_add_interval(struct tdm_table *table, double half);

/** The policy's figures with their intervals, and its cost over the oracle's. The caller owns it.
 */
json_t *tdm_judged_json(const struct tdm_judged *judged, const struct tdm_judged *oracle);

/** The command, for main.c's table. */
int tdm_cli_eval(int argc, char **argv);

#endif

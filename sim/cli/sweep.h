// SPDX-License-Identifier: GPL-3.0-or-later
/** `tandem sweep` and `tandem merge`: what their files share. */
#ifndef TDM_CLI_SWEEP_H
#define TDM_CLI_SWEEP_H

#include "model/grid.h"

struct tdm_sweep {
    const struct tdm_grid *grid;
    const char *engine;
    const char *folder; /**< of the records; NULL: none was named */
    const char *line;   /**< how people named the grid, for the records' command line */
    int64_t *keys;      /**< one a task */
    size_t at_once;     /**< tasks */
};

/** True where the task's record is there. */
bool tdm_sweep_is_done(const struct tdm_sweep *sweep, size_t task);

/** Prints every task; an exit code. */
int tdm_sweep_list(const struct tdm_sweep *sweep, bool json);

/**
 * Tries the scenario, the policy and the engine of each task that is not done, then runs those
 * tasks, each in a process of its own. An exit code; what went wrong is said.
 */
int tdm_sweep_run(const struct tdm_sweep *sweep);

/** The same with one task, which runs in this process. */
int tdm_sweep_run_task(const struct tdm_sweep *sweep, size_t task);

/** The commands, for main.c's table. */
int tdm_cli_sweep(int argc, char **argv);
int tdm_cli_merge(int argc, char **argv);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** A simulation in a process of its own, for engines that have one run a process. */
#ifndef TDM_CLI_APART_H
#define TDM_CLI_APART_H

#include "cli/simulate.h"

typedef int (*tdm_simulate_function)(const struct tdm_simulation *simulation,
                                     struct tdm_figures *figures, struct tdm_error *error);

/**
 * Lets `simulate` run in a child that ends with this process, and adds what it found to `figures`.
 * -1 with `error`: the child's, or how it ended.
 */
int tdm_simulate_apart(tdm_simulate_function simulate, const struct tdm_simulation *simulation,
                       struct tdm_figures *figures, struct tdm_error *error);

#endif

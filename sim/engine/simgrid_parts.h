// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files that know SimGrid share. */
#ifndef TDM_ENGINE_SIMGRID_PARTS_H
#define TDM_ENGINE_SIMGRID_PARTS_H

#include "engine/simgrid.h"

/** Starts SimGrid with the rules that all go by; signals stay the process's. */
void tdm_simgrid_initialise(bool energy, bool many);

/** Gives links without a latency the smallest that SimGrid sees. */
void tdm_simgrid_add_latencies(void);

/** Reads the platform. */
void tdm_simgrid_load(const struct tdm_simgrid_setup *setup);

#endif

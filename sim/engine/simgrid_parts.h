// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files that know SimGrid share. */
#ifndef TDM_ENGINE_SIMGRID_PARTS_H
#define TDM_ENGINE_SIMGRID_PARTS_H

#include <simgrid/forward.h>

#include "engine/simgrid.h"

/** Starts SimGrid with the rules that all go by; signals stay the process's. */
void tdm_simgrid_initialise(bool energy, bool many);

/** The links between two hosts; their number into `count`. The caller frees it. */
sg_link_t *tdm_simgrid_route(sg_host_t from, sg_host_t to, int *count);

/** Reads the platform. */
void tdm_simgrid_load(const struct tdm_simgrid_setup *setup);

#endif

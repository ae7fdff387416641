// SPDX-License-Identifier: GPL-3.0-or-later
/** Trying a user's platform file before it is needed: SimGrid ends a process that it disappoints.
 */
#ifndef TDM_ENGINE_PLATFORM_TRY_H
#define TDM_ENGINE_PLATFORM_TRY_H

#include "engine/simgrid.h"

/**
 * Loads a platform file in a process of its own and fills the routes in. -1 with `error` saying
 * what SimGrid said: a file that it refuses, a host or a route that is not there.
 */
int tdm_platform_try(const char *path, struct tdm_simgrid_route *routes, size_t count,
                     struct tdm_error *error);

#endif

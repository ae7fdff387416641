// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Trying a user's platform file before it is needed: SimGrid ends a process that it disappoints,
 * and may take for ever.
 */
#ifndef TDM_ENGINE_PLATFORM_TRY_H
#define TDM_ENGINE_PLATFORM_TRY_H

#include "engine/simgrid_ask.h"

struct tdm_error;

struct tdm_platform_trial {
    const char *path;
    const struct tdm_simgrid_route *routes;
    size_t count;
    double until; /**< s: the end of the run */
    int patience; /**< s that SimGrid may take */

    struct tdm_simgrid_sample *samples; /**< the answer, by date and then by route; to be freed */
    size_t sample_count;
};

/**
 * Loads a platform file in a process of its own and asks what the routes are like. -1 with `error`
 * saying what SimGrid said: a file that it refuses, a host or a route that is not there.
 */
int tdm_platform_try(struct tdm_platform_trial *trial, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Links that lead through a user's platform, as that has them. */
#ifndef TDM_ENGINE_PLATFORM_ROUTES_H
#define TDM_ENGINE_PLATFORM_ROUTES_H

#include "model/scenario.h"

/**
 * Tries the scenario's platform and fills in links[i] for each link i that leads through it: the
 * rates and the round trip of its route, as looked at once a second where the file has profiles.
 * `links` has a place for each link of the scenario.
 */
int tdm_platform_routes(const struct tdm_scenario *scenario, struct tdm_scenario_link *links,
                        struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What SimGrid makes of a user's platform file. It ends a process that it disappoints, so this is
 * asked in a process of its own (platform_try.h).
 */
#ifndef TDM_ENGINE_SIMGRID_ASK_H
#define TDM_ENGINE_SIMGRID_ASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** A way between two hosts, by their names. */
struct tdm_simgrid_route {
    const char *from, *to;
};

/** What a route is like from a date on. */
struct tdm_simgrid_sample {
    size_t route;
    double when;      /**< s */
    double bandwidth; /**< bytes/s of its narrowest link */
    double latency;   /**< s, one way */
};

struct tdm_simgrid_question {
    const char *path;
    const struct tdm_simgrid_route *routes;
    size_t count;
    double until;   /**< s: how long the hosts have to last */
    double step;    /**< s: how often to look whether a route is another; 0: once, at 0 s */
    FILE *samples;  /**< where they go, by date and then by route; a route's first at 0 s */
    size_t *asking; /**< the route that is asked for, for whoever finds us dead; `count`: none */
};

/**
 * Loads the file, tries every route with a byte, and writes what the routes are like. -1 if it is
 * no use: then what is wrong stands on standard error, unless SimGrid has ended the process before.
 */
int tdm_simgrid_ask(const struct tdm_simgrid_question *question);

#endif

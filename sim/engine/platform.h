// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A scenario as a SimGrid platform. A board is a host whose pstates are the GPU's OPPs, the fastest
 * first, each with the speed of its first network in FLOP/s and the watts at rest and at work;
 * outside of fleets "ID@cpu" beside it has the CPU's, and the two share the board's watts. A
 * server is a host with a core a slot. A route from board to server leads over the link's own rates
 * and the cells that it shares.
 */
#ifndef TDM_ENGINE_PLATFORM_H
#define TDM_ENGINE_PLATFORM_H

#include <stdio.h>

#include "engine/unit.h"

enum { TDM_PLATFORM_NAME = 300 }; // two names, and what tells them from others

struct tdm_platform_form {
    double unit; /**< by which rates are scaled */
    bool lean;   /**< for our own engine: only the ways that are shared, and each server with a
                      second host, NAME@down, that stands for the way back */
    bool all;    /**< lean, but with every way */
};

/** Writes it. `units` are the scenario's boards: their tables say what work costs. */
void tdm_platform_write(const struct tdm_scenario *scenario, struct tdm_unit *const *units,
                        const struct tdm_platform_form *form, FILE *out);

/**
 * W that the hosts of a board draw together at these clocks, at rest or at work on its first
 * network. That is what the board draws while its CPU is at the top clock, its
 * memory where the floor table says, nothing else runs, and it is at its reference temperature.
 */
double tdm_platform_watts(const struct tdm_unit *unit, const int opp[TDM_CLOCKS], bool busy);

/** Whether the CPU of a board has a host of its own. */
bool tdm_platform_has_cpu(const struct tdm_scenario *scenario, int board);

/** Names in the platform, with an @, which no id has; each returns `name`, which takes
 * TDM_PLATFORM_NAME bytes. */
const char *tdm_platform_cpu(const struct tdm_scenario *scenario, int board, char *name);
const char *tdm_platform_down(const struct tdm_scenario *scenario, int server, char *name);
/** The link of one direction of a link's own rates. */
const char *tdm_platform_access(const struct tdm_scenario *scenario, size_t link,
                                enum tdm_direction direction, char *name);
/** The link of one direction of one copy of a cell; one for both where it is half duplex. */
const char *tdm_platform_cell(const struct tdm_scenario *scenario, int cell, size_t copy,
                              enum tdm_direction direction, char *name);

/** Whether a link has rates (or a latency that shares go by) of its own in the platform. */
bool tdm_platform_has_access(const struct tdm_scenario *scenario, size_t link);

/** Whether others are on the way of one direction of a link, or only flows follow its rates. */
bool tdm_platform_is_shared(const struct tdm_scenario *scenario, size_t link,
                            enum tdm_direction direction);

/** How a link shares: by round trips only where its cell says so. */
static inline bool tdm_platform_by_rtt(const struct tdm_scenario *scenario, size_t link)
{
    const int cell = scenario->links[link].cell;
    return cell >= 0 && scenario->cells[cell].fairness == TDM_RTT_SHARES;
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The levels that a scenario frees on one board for one stream: what a policy may choose from.
 * Each list holds what goes into the plan's field of the same name.
 */
#ifndef TDM_MODEL_LEVELS_H
#define TDM_MODEL_LEVELS_H

#include "model/scenario.h"

enum { TDM_MOST_LEVELS = 64, TDM_MOST_POINTS = 4096 };

struct tdm_levels {
    int opp[TDM_CLOCKS][TDM_MOST_LEVELS]; /**< rising; one TDM_GOVERNED where left to the board */
    int opp_count[TDM_CLOCKS];
    int processor[8];
    int processor_count;
    int version[TDM_MOST_VERSIONS]; /**< rising; the first is 0, the stream's own dnn */
    int version_count;
    int exit[TDM_MOST_VERSIONS][TDM_MOST_EXITS + 1]; /**< of each version that is freed, by version:
                                                        rising; the first is 0, at none */
    int exit_count[TDM_MOST_VERSIONS];
    int *point; /**< of the stream's own dnn: version_point[0] */
    int point_count;
    int *version_point[TDM_MOST_VERSIONS]; /**< cuts of each version that is freed, by
                                              version: rising; without the last (all on the board),
                                              which is always possible */
    int version_points[TDM_MOST_VERSIONS]; /**< how many; who leaves at an exit has those that lie
                                              before it (tdm_levels_points) */
    double xi[TDM_MOST_LEVELS];            /**< rising, without 0, which is always possible */
    int xi_count;
    int bits[3];
    int bits_count;
    int link_count; /**< of the board; links are numbered in the scenario's order */
};

/** Whether an exit of a version is freed, at none among them. */
bool tdm_levels_has_exit(const struct tdm_levels *levels, int version, int leaves);

/** Cuts that a version has which ends after `cuts` of its own: the first so many. */
static inline int tdm_levels_points(const struct tdm_levels *levels, int version, int cuts)
{
    int count = levels->version_points[version];
    while (count && levels->version_point[version][count - 1] > cuts)
        count--;
    return count;
}

/** Fills `levels` for a stream; memory from `arena`. -1 with `error` for what cannot be. */
int tdm_levels_read(struct tdm_levels *levels, const struct tdm_scenario *scenario,
                    const struct tdm_stream *stream, struct tdm_arena *arena,
                    struct tdm_error *error);

/** Tries every stream's levels. */
int tdm_levels_check(const struct tdm_scenario *scenario, struct tdm_error *error);

#endif

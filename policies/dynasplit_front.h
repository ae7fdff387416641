// SPDX-License-Identifier: GPL-3.0-or-later
/** DynaSplit's offline phase: every plan that a scenario frees, and those of them that are best. */
#ifndef TDM_POLICIES_DYNASPLIT_FRONT_H
#define TDM_POLICIES_DYNASPLIT_FRONT_H

#include "policies/pareto.h"
#include "policies/predict.h"

/** A processor, its clocks and a cut. The cut beyond the last layer: nothing is sent. */
struct tdm_setting {
    int opp[TDM_CLOCKS]; /**< as a plan says it */
    int processor, point, bits;
    struct tdm_work work;
};

/**
 * Of every processor, cut and number of bits, the clocks that may be best over some network: no
 * others of the same cut take as little time, energy and idle power.
 */
struct tdm_settings {
    struct tdm_setting *items;
    size_t count;
};

/** Plans that nothing beats in energy, latency and accuracy at once, over one network. */
struct tdm_front {
    struct tdm_trade *items; /**< J, s, -accuracy, and the index of the setting; by rising J */
    size_t count;
    size_t fastest; /**< place of the least s */
};

/** Lists them for a stream's queue, memory from `arena`. -1 if there is none. */
int tdm_settings_make(struct tdm_settings *settings, const struct tdm_queue *queue,
                      struct tdm_arena *arena);

/**
 * The best over a network; where it has no link, of those that send nothing. `all`: energy is the
 * server's, too. Memory from `arena`; -1 if there is none.
 */
int tdm_front_make(struct tdm_front *front, const struct tdm_settings *settings,
                   const struct tdm_unit *unit, const struct tdm_queue *queue,
                   const struct tdm_network *network, bool all, struct tdm_arena *arena);

/** The first by energy whose latency is at most `allowed` (s), else the fastest. */
const struct tdm_trade *tdm_front_pick(const struct tdm_front *front, double allowed);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * One choice for each of several streams that share links and servers, such that the sum of their
 * utilities is the most, each at the best shares (env/coordinator.h): the sum of the values less
 * the square of each link's and each server's sum of claims.
 */
#ifndef TDM_POLICIES_ALLOTMENT_H
#define TDM_POLICIES_ALLOTMENT_H

#include "env/coordinator.h"

/** What a stream may choose from. */
struct tdm_options {
    const struct tdm_claim *claims;
    int count;        /**< at least 1 */
    int link, server; /**< streams of the same number share; -1: has none, and claims nothing */
};

struct tdm_allotment;

/** For `count` streams over links and servers of numbers below those given. NULL: no memory. */
struct tdm_allotment *tdm_allotment_new(size_t count, size_t links, size_t servers);
void tdm_allotment_free(struct tdm_allotment *allotment);

/**
 * Fills `choice`, which holds what was chosen before. All combinations are tried where there are at
 * most 20,000; else, from what was chosen before and from what each would choose alone, ever better
 * choices of one stream and of two at once, until there are none. Returns the utility.
 */
double tdm_allotment_best(struct tdm_allotment *allotment, const struct tdm_options *options,
                          int *choice);

/** The utility of a choice. */
double tdm_allotment_worth(struct tdm_allotment *allotment, const struct tdm_options *options,
                           const int *choice);

#endif

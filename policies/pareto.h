// SPDX-License-Identifier: GPL-3.0-or-later
/** Choices that trade one good for another: which are worth a look, and one way to take one. */
#ifndef TDM_POLICIES_PARETO_H
#define TDM_POLICIES_PARETO_H

#include <stddef.h>

enum { TDM_TRADES = 3 };

struct tdm_trade {
    double cost[TDM_TRADES]; /**< less is better; a good is negated, what is not used is 0 */
    int index;               /**< the caller's */
};

/**
 * Moves those to the front that no other is as good as in everything and better than in something,
 * by rising cost[0], and returns their number; of those that are equal in everything, the one of
 * the lowest index stays. No cost may be NAN.
 */
size_t tdm_pareto(struct tdm_trade *items, size_t count);

/**
 * TOPSIS (Hwang and Yoon, 1981): the place of the item with the largest d- / (d+ + d-), d+ being
 * its distance from the best of every cost, d- that from the worst, each cost divided by the root
 * of the sum of its squares and multiplied by its weight. The first of those that are equal;
 * `count` is above 0.
 */
size_t tdm_topsis(const struct tdm_trade *items, size_t count, const double weight[TDM_TRADES]);

#endif

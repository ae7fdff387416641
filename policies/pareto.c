// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/pareto.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

// ---- the Pareto set ----------------------------------------------------------------------------

static int by_costs(const void *a, const void *b)
{
    const struct tdm_trade *x = a, *y = b;
    for (int k = 0; k < TDM_TRADES; k++)
        if (x->cost[k] != y->cost[k])
            return x->cost[k] < y->cost[k] ? -1 : 1;
    return (x->index > y->index) - (x->index < y->index);
}

static bool covers(const struct tdm_trade *a, const struct tdm_trade *b)
{
    for (int k = 0; k < TDM_TRADES; k++)
        if (a->cost[k] > b->cost[k])
            return false;
    return true;
}

size_t tdm_pareto(struct tdm_trade *items, size_t count)
{
    qsort(items, count, sizeof *items, by_costs);
    size_t kept = 0;
    // Whatever covers an item stands before it.
    for (size_t i = 0; i < count; i++) {
        size_t k = 0;
        while (k < kept && !covers(&items[k], &items[i]))
            k++;
        if (k == kept)
            items[kept++] = items[i];
    }
    return kept;
}

// ---- TOPSIS ------------------------------------------------------------------------------------

// What the costs are measured by, and their extremes, all as they stand in the items.
struct scale {
    double factor[TDM_TRADES]; // weight over the root of the sum of squares
    double best[TDM_TRADES], worst[TDM_TRADES];
};

static struct scale measure(const struct tdm_trade *items, size_t count,
                            const double weight[TDM_TRADES])
{
    struct scale scale;
    for (int k = 0; k < TDM_TRADES; k++) {
        double squares = 0;
        scale.best[k] = INFINITY;
        scale.worst[k] = -INFINITY;
        for (size_t i = 0; i < count; i++) {
            const double cost = items[i].cost[k];
            squares += cost * cost;
            scale.best[k] = fmin(scale.best[k], cost);
            scale.worst[k] = fmax(scale.worst[k], cost);
        }
        scale.factor[k] = squares > 0 ? weight[k] / sqrt(squares) : 0;
    }
    return scale;
}

static double distance(const struct scale *scale, const double from[TDM_TRADES],
                       const double to[TDM_TRADES])
{
    double squares = 0;
    for (int k = 0; k < TDM_TRADES; k++) {
        const double d = scale->factor[k] * (from[k] - to[k]);
        squares += d * d;
    }
    return sqrt(squares);
}

// Where all are alike in what counts, each is the best.
static double closeness_of(const struct scale *scale, const struct tdm_trade *item)
{
    const double best = distance(scale, item->cost, scale->best);
    const double worst = distance(scale, item->cost, scale->worst);
    return best + worst > 0 ? worst / (best + worst) : 1;
}

size_t tdm_topsis(const struct tdm_trade *items, size_t count, const double weight[TDM_TRADES])
{
    const struct scale scale = measure(items, count, weight);
    size_t best = 0;
    double most = -1;
    for (size_t i = 0; i < count; i++) {
        const double close = closeness_of(&scale, &items[i]);
        if (close > most) {
            most = close;
            best = i;
        }
    }
    return best;
}

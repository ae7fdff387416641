// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/allotment.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_COMBINATIONS = 20000 };

struct tdm_allotment {
    size_t count, links, servers;
    double *link, *server; // sums of claims
    double worth;          // of what `choice` holds while it is looked for
    int *choice, *best;
};

struct tdm_allotment *tdm_allotment_new(size_t count, size_t links, size_t servers)
{
    struct tdm_allotment *a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    *a = (struct tdm_allotment){.count = count, .links = links, .servers = servers};
    a->link = calloc(links + 1, sizeof *a->link);
    a->server = calloc(servers + 1, sizeof *a->server);
    a->choice = calloc(count + 1, sizeof *a->choice);
    a->best = calloc(count + 1, sizeof *a->best);
    if (a->link && a->server && a->choice && a->best)
        return a;
    tdm_allotment_free(a);
    return NULL;
}

void tdm_allotment_free(struct tdm_allotment *allotment)
{
    if (!allotment)
        return;
    free(allotment->link);
    free(allotment->server);
    free(allotment->choice);
    free(allotment->best);
    free(allotment);
}

// ---- one choice --------------------------------------------------------------------------------

static double raise(double *sum, double by)
{
    const double before = *sum;
    *sum += by;
    return before * before - *sum * *sum;
}

static void change(struct tdm_allotment *a, const struct tdm_options *o, size_t stream, int to)
{
    const struct tdm_claim *now = &o[stream].claims[a->choice[stream]];
    const struct tdm_claim *then = &o[stream].claims[to];
    a->worth += then->value - now->value;
    if (o[stream].link >= 0)
        a->worth += raise(&a->link[o[stream].link], then->link - now->link);
    if (o[stream].server >= 0)
        a->worth += raise(&a->server[o[stream].server], then->server - now->server);
    a->choice[stream] = to;
}

static void start(struct tdm_allotment *a, const struct tdm_options *o, const int *choice)
{
    memset(a->link, 0, a->links * sizeof *a->link);
    memset(a->server, 0, a->servers * sizeof *a->server);
    a->worth = 0;
    for (size_t i = 0; i < a->count; i++) {
        const struct tdm_claim *c = &o[i].claims[choice[i]];
        a->choice[i] = choice[i];
        a->worth += c->value;
        if (o[i].link >= 0)
            a->worth += raise(&a->link[o[i].link], c->link);
        if (o[i].server >= 0)
            a->worth += raise(&a->server[o[i].server], c->server);
    }
}

double tdm_allotment_worth(struct tdm_allotment *allotment, const struct tdm_options *options,
                           const int *choice)
{
    start(allotment, options, choice);
    return allotment->worth;
}

// ---- all of them -------------------------------------------------------------------------------

static bool are_few(const struct tdm_allotment *a, const struct tdm_options *o)
{
    double combinations = 1;
    for (size_t i = 0; i < a->count; i++)
        combinations *= o[i].count;
    return combinations <= MOST_COMBINATIONS;
}

// The next of all combinations, as an odometer counts; false after the last.
static bool count_up(struct tdm_allotment *a, const struct tdm_options *o)
{
    for (size_t i = 0; i < a->count; i++) {
        if (a->choice[i] + 1 < o[i].count) {
            change(a, o, i, a->choice[i] + 1);
            return true;
        }
        change(a, o, i, 0);
    }
    return false;
}

static double try_all(struct tdm_allotment *a, const struct tdm_options *o, int *choice)
{
    memset(a->best, 0, a->count * sizeof *a->best);
    start(a, o, a->best);
    double best = a->worth;
    while (count_up(a, o))
        if (a->worth > best) {
            best = a->worth;
            memcpy(a->best, a->choice, a->count * sizeof *a->best);
        }
    memcpy(choice, a->best, a->count * sizeof *choice);
    return tdm_allotment_worth(a, o, choice);
}

// ---- better and better -------------------------------------------------------------------------

static const double slack = 1e-12; // a change is better only by more than rounding

// The best for one stream while the others stay.
static bool better_one(struct tdm_allotment *a, const struct tdm_options *o, size_t stream)
{
    const int before = a->choice[stream];
    const double worth = a->worth;
    double most = worth + slack;
    int best = before;
    for (int c = 0; c < o[stream].count; c++) {
        change(a, o, stream, c);
        if (a->worth > most) {
            most = a->worth;
            best = c;
        }
    }
    change(a, o, stream, best);
    return best != before;
}

// Any choice of one stream, with the best of another to it.
static bool better_two(struct tdm_allotment *a, const struct tdm_options *o, size_t i, size_t j)
{
    const int first = a->choice[i], second = a->choice[j];
    const double worth = a->worth;
    for (int c = 0; c < o[i].count; c++) {
        change(a, o, i, c);
        better_one(a, o, j);
        if (a->worth > worth + slack)
            return true;
        change(a, o, j, second);
    }
    change(a, o, i, first);
    return false;
}

static bool better_pairs(struct tdm_allotment *a, const struct tdm_options *o)
{
    bool better = false;
    for (size_t i = 0; i < a->count; i++)
        for (size_t j = 0; j < a->count; j++)
            better |= i != j && better_two(a, o, i, j);
    return better;
}

static void climb(struct tdm_allotment *a, const struct tdm_options *o)
{
    bool better = true;
    while (better) {
        better = false;
        for (size_t i = 0; i < a->count; i++)
            better |= better_one(a, o, i);
        if (!better)
            better = better_pairs(a, o);
    }
}

static double alone(const struct tdm_claim *c)
{
    return c->value - c->link * c->link - c->server * c->server;
}

static void choose_alone(struct tdm_allotment *a, const struct tdm_options *o)
{
    for (size_t i = 0; i < a->count; i++) {
        a->best[i] = 0;
        for (int c = 1; c < o[i].count; c++)
            if (alone(&o[i].claims[c]) > alone(&o[i].claims[a->best[i]]))
                a->best[i] = c;
    }
}

double tdm_allotment_best(struct tdm_allotment *allotment, const struct tdm_options *options,
                          int *choice)
{
    struct tdm_allotment *a = allotment;
    if (are_few(a, options))
        return try_all(a, options, choice);
    choose_alone(a, options);
    start(a, options, choice);
    climb(a, options);
    const double before = a->worth;
    memcpy(choice, a->choice, a->count * sizeof *choice);
    start(a, options, a->best);
    climb(a, options);
    if (a->worth > before)
        memcpy(choice, a->choice, a->count * sizeof *choice);
    return tdm_allotment_worth(a, options, choice);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** What search.c and search_plans.c share. */
#ifndef TDM_POLICIES_SEARCH_PARTS_H
#define TDM_POLICIES_SEARCH_PARTS_H

#include <math.h>

#include "policies/search.h"

// One set of clocks: what the board's own part costs at least.
struct tdm_candidate {
    double cost;    // J: eta E + (1 - eta) Pmax T of the head; for xi < 1 the local energy, too
    double leakage; // J of that at the reference temperature, in cost: what the cost leaves out
    double idle;    // W at rest
    double packing; // J of cost a byte that is packed
    short opp[TDM_CLOCKS]; // as a plan says it
};

// Plans that run the same layers on the same processor, over all clocks, by rising cost.
struct tdm_family {
    const struct tdm_queue_version *of; // costs and compute
    int version, exit, processor, point;
    double xi;
    double settling; // share of the head that may be over before the plan's clocks settle
    struct tdm_candidate *candidates;
    size_t count;
};

// A family, and how what it sends is sent.
struct tdm_group {
    const struct tdm_family *family;
    int bits, link;
    double bytes, received, service, least_rtt, least_factor;
    double packed;  // bytes that the CPU handles before they are sent
    double resting; // s that the board rests at least
    double rest;    // J at least beyond the candidate's cost, at the least idle power
    double bound;   // J: the least that any plan of it costs
};

// What a link can do for a request at best.
struct tdm_reach {
    double up, down; // bytes/s, the fastest
    double around;   // J of cost that any transfer has
};

struct tdm_search {
    struct tdm_unit *unit;
    struct tdm_queue *queue;
    bool everything;
    struct tdm_levels levels; // of the queue, or everything
    struct tdm_family *families;
    size_t family_count;
    struct tdm_group *groups;
    size_t group_count;
    struct tdm_group **order; // those worth a look, by rising bound
    size_t ordered;
    struct tdm_reach *reaches; // by link
    struct tdm_least *leasts;  // of everything: by load kind
    double idle;               // W, the least at rest
    double most;               // W, while it is not hot enough to trip
    double coolest, warmest;   // factors on leakage: the least, and at the first trip
    double settling;           // s until the clocks of a plan are in force
    double packs;              // bytes/s that are packed at most
    double cool;               // factor on leakage until an answer is of no use, at least
    uint64_t plans, decisions;
    bool certain; // candidates cost at least what they say: no heat, no co-runner comes between
    int situation;
    struct tdm_plan last;
    bool decided;
    double *scratch; // by family
    struct tdm_arena *arena;
};

// The least over all clocks, for a bound under one kind of load.
struct tdm_least {
    double *cost; // J, by family; NULL: not weighed yet
    double idle;  // W
};

static inline double tdm_search_eta(const struct tdm_search *s)
{
    return s->unit->scenario->eta;
}

/** J that a second costs. */
static inline double tdm_search_second(const struct tdm_search *s)
{
    return (1 - tdm_search_eta(s)) * s->unit->board->pmax;
}

static inline double tdm_search_ambient(const struct tdm_unit *unit)
{
    const struct tdm_scenario_board *where = &unit->scenario->boards[unit->index];
    return isnan(where->ambient) ? unit->board->thermals[0].ambient : where->ambient;
}

/** Weighs a family under the present situation; minds what s->idle and s->most say so far. */
void tdm_search_weigh(struct tdm_search *s, struct tdm_family *f);

#endif

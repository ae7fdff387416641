// SPDX-License-Identifier: GPL-3.0-or-later
#include <stdlib.h>
#include <string.h>

#include "policies/search_parts.h"

// Rounding must not make a bound look worse than the plan that it bounds.
static const double slack = 1 - 1e-9;

// ---- searching ---------------------------------------------------------------------------------

static size_t load_at(const struct tdm_search *s, double time)
{
    const struct tdm_driver_setup *setup = &s->unit->setup;
    size_t low = 0, high = setup->load_count;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (setup->load_from[middle] <= time)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// Where several requests are in service they share what the board draws at rest.
static bool is_alone(const struct tdm_search *s)
{
    return s->unit->room == 1;
}

// What is certain of a candidate's cost for a request whose stage times are scaled by `jitter`.
static double trust(const struct tdm_search *s, const struct tdm_family *f, double jitter)
{
    return s->certain ? jitter * fmax(0, 1 - f->settling / jitter) : 0;
}

static void fill(struct tdm_search *s, int situation)
{
    s->situation = situation;
    s->idle = INFINITY;
    s->most = s->packs = 0;
    for (size_t i = 0; i < s->family_count; i++)
        tdm_search_weigh(s, &s->families[i]);
}

// Co-runners change what stages cost, so the families are weighed again when they do.
static void meet_situation(struct tdm_search *s, double time)
{
    const struct tdm_driver_setup *setup = &s->unit->setup;
    const int situation = setup->load_kind[load_at(s, time)] * (int)setup->core_count;
    if (situation != s->situation)
        fill(s, situation);
}

// The share of a difference in temperature that is left after some seconds.
static double left_after(const struct tdm_thermal *thermal, double seconds)
{
    const double tau = thermal->resistance * thermal->capacity;
    return tau > 0 ? exp(-seconds / tau) : 0;
}

// Whether heat may cap a clock by `until`, at the worst.
static bool may_trip(const struct tdm_search *s, const struct tdm_readings *readings, double now,
                     double until)
{
    const struct tdm_thermal *thermal = &s->unit->board->thermals[0];
    if (!s->unit->scenario->boards[s->unit->index].thermal || !thermal->trip_count)
        return false;
    const double is = fmax(readings->temperature, readings->heat);
    const double goal = tdm_search_ambient(s->unit) + thermal->resistance * s->most;
    const double hottest = goal > is ? goal + (is - goal) * left_after(thermal, until - now) : is;
    return readings->throttled || hottest >= thermal->trips[0].above - 1e-6;
}

// The factor on leakage that holds at least until then.
static double cool_until(const struct tdm_search *s, const struct tdm_readings *readings,
                         double now, double until)
{
    const struct tdm_thermal *thermal = &s->unit->board->thermals[0];
    if (!s->unit->scenario->boards[s->unit->index].thermal)
        return 1;
    const double ambient = tdm_search_ambient(s->unit), is = readings->heat;
    const double left = left_after(thermal, until - now);
    const double least = is > ambient ? ambient + (is - ambient) * left : is;
    return fmax(s->coolest, tdm_board_leakage(s->unit->board, least));
}

// What a link's radio takes for certain around a transfer that starts at `now` or later: the tail,
// and the promotion if it sleeps already.
static double around(const struct tdm_search *s, const struct tdm_way *way, double now)
{
    const struct tdm_radio *radio = way->radio.radio;
    if (!radio)
        return 0;
    double cost = tdm_search_eta(s) * tdm_radio_tail(radio);
    if (now - way->radio.last > radio->tail_time)
        cost += radio->promotion_time *
                (tdm_search_eta(s) * radio->promotion_power + tdm_search_second(s));
    return cost;
}

// What the board draws whatever it does.
static double fixed_watts(const struct tdm_search *s)
{
    double least = INFINITY;
    for (int v = 0; v < s->levels.version_count; v++) {
        const struct tdm_costs *costs = s->queue->versions[s->levels.version[v]].costs;
        least = fmin(least, costs->fit.power->fixed + costs->gap);
    }
    return least;
}

// The least that a group adds to its candidate's cost; what is in reach is known by link.
static double rest_at_least(const struct tdm_search *s, struct tdm_group *g, double service)
{
    const struct tdm_way *way = &s->unit->ways[g->link];
    const struct tdm_reach *reach = &s->reaches[g->link];
    const struct tdm_radio *radio = way->radio.radio;
    if (!(reach->up > 0 && reach->down > 0))
        return INFINITY;
    const double sending = g->bytes / reach->up, receiving = g->received / reach->down;
    const struct tdm_server *server = way->slots->server;
    const double luck = server->service == TDM_EXPONENTIAL_SERVICE ? service : 1;
    const double serving = luck * (g->service + server->overhead);
    const double away = sending + receiving + g->least_rtt + serving;
    double energy = 0;
    if (radio)
        energy += g->least_factor * (radio->up * g->bytes + radio->down * g->received +
                                     (is_alone(s) ? radio->base * (sending + receiving) : 0));
    // While the board computes its share, that is paid already; at rest it draws something.
    g->resting = g->family->xi == 1 && is_alone(s) ? fmax(0, away - s->settling) : 0;
    energy += (s->certain ? s->idle : fixed_watts(s)) * g->resting;
    return reach->around + tdm_search_eta(s) * energy + tdm_search_second(s) * away;
}

// The fastest that each link gets while an answer is of any use.
static void find_reaches(struct tdm_search *s, double now, double until)
{
    for (size_t i = 0; i < s->unit->way_count; i++) {
        const struct tdm_scenario_link *link = s->unit->ways[i].link;
        const double from = link->offset + now, to = link->offset + until;
        s->reaches[i].up = tdm_trace_best(link->series, TDM_UP, from, to);
        s->reaches[i].down = tdm_trace_best(link->series, TDM_DOWN, from, to);
        s->reaches[i].around = s->everything ? 0 : around(s, &s->unit->ways[i], now);
    }
}

static int by_bound(const void *a, const void *b)
{
    const struct tdm_group *x = *(struct tdm_group *const *)a, *y = *(struct tdm_group *const *)b;
    return (x->bound > y->bound) - (x->bound < y->bound);
}

// Bounds the groups that send, and puts those below `best` in order.
// `leasts` are costs by family, in place of the candidates'.
static void bound_groups(struct tdm_search *s, double now, double until, double jitter,
                         double service, const double *leasts, double best)
{
    find_reaches(s, now, until);
    s->ordered = 0;
    for (size_t i = 0; i < s->group_count; i++) {
        struct tdm_group *g = &s->groups[i];
        if (g->family->xi == 0)
            continue;
        g->rest = rest_at_least(s, g, service);
        g->bound = g->rest + (leasts ? jitter * leasts[g->family - s->families]
                                     : trust(s, g->family, jitter) * g->family->candidates[0].cost);
        if (slack * g->bound < best)
            s->order[s->ordered++] = g;
    }
    qsort(s->order, s->ordered, sizeof(struct tdm_group *), by_bound);
}

// How late an answer may come before its time alone costs as much as `cost`, and what the board
// draws until then whatever it does.
static double latest(const struct tdm_search *s, double now, double cost)
{
    const double watts = s->everything ? 0 : fixed_watts(s) / (double)s->unit->room;
    const double rate = tdm_search_second(s) + tdm_search_eta(s) * watts;
    return rate > 0 ? now + fmax(0, cost) / rate : INFINITY;
}

static void plan_of(const struct tdm_group *g, const struct tdm_candidate *c, struct tdm_plan *plan)
{
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan->opp[d] = c->opp[d];
    plan->version = g->family->version;
    plan->exit = g->family->exit;
    plan->processor = g->family->processor;
    plan->point = g->family->point;
    plan->xi = g->family->xi;
    plan->bits = g->bits;
    plan->link = g->link;
}

static void try(struct tdm_search *s, const struct tdm_plan *plan, struct tdm_plan *best,
                double *best_cost)
{
    struct tdm_outcome outcome;
    tdm_unit_foresee(s->unit, plan, &outcome);
    s->plans++;
    if (outcome.cost >= *best_cost)
        return;
    *best_cost = outcome.cost;
    *best = *plan;
}

// Something to begin with: the plan before, and the most promising ones of all on the board.
static double begin(struct tdm_search *s, struct tdm_plan *best)
{
    double cost = INFINITY;
    struct tdm_plan plan = {.cap = {-1, -1, -1}, .governor = -1, .bits = 32};
    *best = plan;
    if (s->decided)
        try(s, &s->last, best, &cost);
    for (size_t i = 0; i < s->group_count; i++)
        if (s->groups[i].family->xi == 0) {
            plan_of(&s->groups[i], &s->groups[i].family->candidates[0], &plan);
            try(s, &plan, best, &cost);
        }
    return cost;
}

// What a candidate costs at least beyond what its place in the order says: leakage at this warmth,
// rest at its own clocks rather than the best, packing.
static double own_share(const struct tdm_search *s, const struct tdm_group *g,
                        const struct tdm_candidate *c, double certain)
{
    if (!s->certain)
        return 0;
    const double packed = fmax(0, g->packed - s->settling * s->packs); // the rest at other clocks
    return certain * (s->cool - s->coolest) * c->leakage + packed * c->packing +
           tdm_search_eta(s) * g->resting * (c->idle - s->idle);
}

static void search_group(struct tdm_search *s, const struct tdm_group *g, double jitter,
                         double spent, struct tdm_plan *best, double *best_cost)
{
    struct tdm_plan plan = *best;
    const double certain = trust(s, g->family, jitter);
    for (size_t i = 0; i < g->family->count; i++) {
        const struct tdm_candidate *c = &g->family->candidates[i];
        const double least = certain * c->cost + g->rest + spent;
        if (slack * least >= *best_cost)
            return;
        if (slack * (least + own_share(s, g, c, certain)) >= *best_cost)
            continue;
        plan_of(g, c, &plan);
        try(s, &plan, best, best_cost);
    }
}

void tdm_search_best(struct tdm_search *s, const struct tdm_state *state, struct tdm_plan *plan)
{
    meet_situation(s, state->now);
    s->decisions++;
    struct tdm_readings readings;
    s->unit->driver->type->read(s->unit->driver, &readings);
    const struct tdm_request *request = s->unit->deciding;
    const double spent = tdm_search_second(s) * (state->now - state->arrival);
    double best = begin(s, plan);
    const double until = latest(s, state->now, best - spent);
    s->certain =
        !may_trip(s, &readings, state->now, until) && load_at(s, state->now) == load_at(s, until);
    s->cool = cool_until(s, &readings, state->now, until);
    // All on the board first (the first groups): its cost says how far ahead the link matters.
    for (size_t i = 0; i < s->group_count; i++)
        if (s->groups[i].family->xi == 0) {
            s->groups[i].rest = 0;
            search_group(s, &s->groups[i], request->jitter, spent, plan, &best);
        }
    bound_groups(s, state->now, latest(s, state->now, best - spent), request->jitter,
                 request->service, NULL, best - spent);
    for (size_t i = 0; i < s->ordered; i++) {
        if (slack * (s->order[i]->bound + spent) >= best)
            break;
        search_group(s, s->order[i], request->jitter, spent, plan, &best);
    }
    s->last = *plan;
    s->decided = true;
}

// ---- bounds ------------------------------------------------------------------------------------

// The cores online with which the board draws least.
static int fewest_cores(const struct tdm_search *s)
{
    const struct tdm_driver_setup *setup = &s->unit->setup;
    int fewest = 0;
    for (size_t i = 1; i < setup->core_count; i++)
        if (setup->cores[i] < setup->cores[fewest])
            fewest = (int)i;
    return fewest;
}

// The least of each family under a kind of load. With the fewest cores the board draws least; what
// runs on the cores themselves has all of them.
static const struct tdm_least *leasts_under(struct tdm_search *s, int kind)
{
    struct tdm_least *least = &s->leasts[kind];
    const int situation = kind * (int)s->unit->setup.core_count;
    if (least->cost)
        return least;
    least->cost = tdm_arena_alloc(s->arena, s->family_count * sizeof *least->cost);
    if (!least->cost)
        return NULL;
    const struct tdm_processor *processors = s->unit->board->processors;
    s->idle = INFINITY;
    for (size_t i = 0; i < s->family_count; i++) {
        struct tdm_family *f = &s->families[i];
        const bool gpu = strcmp(processors[f->processor].name, "gpu") == 0;
        s->situation = situation + (gpu ? fewest_cores(s) : 0);
        tdm_search_weigh(s, f);
        least->cost[i] = f->candidates[0].cost;
    }
    least->idle = s->idle;
    return least;
}

static double least_local(const struct tdm_search *s, const double *leasts)
{
    double least = INFINITY;
    for (size_t i = 0; i < s->family_count; i++)
        if (s->families[i].xi == 0)
            least = fmin(least, leasts[i]);
    return least;
}

// Joins in what holds under the loads that come until `until`; `scratch` has room for all families.
static const double *join_leasts(struct tdm_search *s, double from, double until, double *scratch)
{
    const struct tdm_driver_setup *setup = &s->unit->setup;
    const size_t first = load_at(s, from), last = load_at(s, until);
    const struct tdm_least *least = leasts_under(s, setup->load_kind[first]);
    if (!least)
        return NULL;
    s->idle = least->idle;
    if (first == last)
        return least->cost;
    memcpy(scratch, least->cost, s->family_count * sizeof *scratch);
    for (size_t load = first + 1; load <= last; load++) {
        const double idle = s->idle;
        least = leasts_under(s, setup->load_kind[load]);
        if (!least)
            return NULL;
        s->idle = fmin(idle, least->idle);
        for (size_t i = 0; i < s->family_count; i++)
            scratch[i] = fmin(scratch[i], least->cost[i]);
    }
    return scratch;
}

double tdm_search_bound(struct tdm_search *s, double arrival, double jitter, double service)
{
    s->certain = true;
    const double *now = join_leasts(s, arrival, arrival, s->scratch);
    if (!now)
        return 0;
    const double until = latest(s, arrival, jitter * least_local(s, now));
    const double *leasts = join_leasts(s, arrival, until, s->scratch);
    if (!leasts)
        return 0;
    const double best = jitter * least_local(s, leasts);
    bound_groups(s, arrival, until, jitter, service, leasts, best);
    return slack * (s->ordered ? fmin(best, s->order[0]->bound) : best);
}

void tdm_search_effort(const struct tdm_search *s, uint64_t *plans, uint64_t *decisions)
{
    *plans = s->plans;
    *decisions = s->decisions;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* The plans that a search looks at: made once, weighed anew when the co-runners change. */
#include <stdlib.h>
#include <string.h>

#include "policies/clocks.h"
#include "policies/search_parts.h"

// ---- families ----------------------------------------------------------------------------------

static double least_watts(const struct tdm_search *s, const struct tdm_watts *watts)
{
    return watts->fixed + watts->cpu + watts->gpu + watts->memory + s->coolest * watts->leakage;
}

// A plan may leave cpu or gpu to a governor: then it costs at least what the best clock costs.
static void spread(const struct tdm_search *s, int domain, int asked, int *from, int *to)
{
    const int top = (int)s->unit->board->domain[domain]->opp_count - 1;
    *from = asked == TDM_GOVERNED ? 0 : asked;
    *to = asked == TDM_GOVERNED ? top : asked;
}

static double most_watts(const struct tdm_search *s, const struct tdm_watts *watts)
{
    return watts->fixed + watts->cpu + watts->gpu + watts->memory + s->warmest * watts->leakage;
}

// What a candidate costs at least at one set of clocks, joined into what is there.
static void weigh(struct tdm_search *s, const struct tdm_family *f, const int opp[TDM_CLOCKS],
                  struct tdm_candidate *c, double *head, double *local)
{
    const struct tdm_cell *cell = tdm_costs_at(f->of->costs, s->situation, f->processor, opp);
    const bool sends = f->xi > 0;
    const double time = sends ? cell->head[f->point] : cell->time;
    *head =
        fmin(*head, time * (tdm_search_eta(s) * least_watts(s, &cell->run) + tdm_search_second(s)));
    s->most = fmax(s->most, most_watts(s, &cell->run));
    s->most = fmax(s->most, most_watts(s, &cell->packing));
    if (sends && f->xi < 1) {
        const struct tdm_part *part = &cell->parts[tdm_costs_part(f->of->costs, f->xi)];
        *local =
            fmin(*local, part->beyond[f->point] * tdm_search_eta(s) * least_watts(s, &part->watts));
        s->most = fmax(s->most, most_watts(s, &part->watts));
    }
    const double pace = tdm_search_eta(s) * least_watts(s, &cell->packing) + tdm_search_second(s);
    s->packs = fmax(s->packs, cell->pack_rate);
    c->packing = fmin(c->packing, pace / cell->pack_rate);
    c->leakage = fmin(c->leakage, tdm_search_eta(s) * time * cell->run.leakage);
    c->idle = fmin(c->idle, least_watts(s, &cell->idle));
    s->idle = fmin(s->idle, c->idle);
}

// A governor may run the head at one clock and the local part at another: each has its own least.
static struct tdm_candidate weigh_all(struct tdm_search *s, const struct tdm_family *f,
                                      const int asked[TDM_CLOCKS])
{
    double head = INFINITY, local = INFINITY;
    struct tdm_candidate c = {.leakage = INFINITY,
                              .idle = INFINITY,
                              .packing = INFINITY,
                              .opp = {(short)asked[0], (short)asked[1], (short)asked[2]}};
    int from[2], to[2], opp[TDM_CLOCKS];
    spread(s, TDM_CPU, asked[0], &from[0], &to[0]);
    spread(s, TDM_GPU, asked[1], &from[1], &to[1]);
    const struct tdm_board *board = s->unit->board;
    for (opp[0] = from[0]; opp[0] <= to[0]; opp[0]++)
        for (opp[1] = from[1]; opp[1] <= to[1]; opp[1]++) {
            opp[2] = asked[2];
            if (asked[2] == TDM_GOVERNED)
                opp[2] = tdm_board_floor(board, board->domain[TDM_GPU]->opps[opp[1]].hz);
            weigh(s, f, opp, &c, &head, &local);
        }
    c.cost = isinf(local) ? head : head + local;
    return c;
}

// A stage begins at the clocks that are in force until the plan's have settled, and may get along
// a little cheaper than at the plan's own: that much of it, at the top clocks.
static double settling_share(struct tdm_search *s, const struct tdm_family *f)
{
    if (s->settling == 0)
        return 0;
    int top[TDM_CLOCKS];
    for (int d = 0; d < TDM_CLOCKS; d++)
        top[d] = (int)s->unit->board->domain[d]->opp_count - 1;
    const struct tdm_cell *cell = tdm_costs_at(f->of->costs, s->situation, f->processor, top);
    const double fastest = f->xi > 0 ? cell->head[f->point] : cell->time;
    return fastest > 0 ? s->settling / fastest : INFINITY;
}

static int by_cost(const void *a, const void *b)
{
    const struct tdm_candidate *x = a, *y = b;
    return (x->cost > y->cost) - (x->cost < y->cost);
}

void tdm_search_weigh(struct tdm_search *s, struct tdm_family *f)
{
    f->settling = settling_share(s, f);
    const struct tdm_levels *levels = &s->levels;
    size_t n = 0;
    int at[TDM_CLOCKS], asked[TDM_CLOCKS];
    for (at[0] = 0; at[0] < levels->opp_count[0]; at[0]++)
        for (at[1] = 0; at[1] < levels->opp_count[1]; at[1]++)
            for (at[2] = 0; at[2] < levels->opp_count[2]; at[2]++) {
                for (int d = 0; d < TDM_CLOCKS; d++)
                    asked[d] = levels->opp[d][at[d]];
                const struct tdm_candidate c = weigh_all(s, f, asked);
                if (!s->everything)
                    f->candidates[n++] = c;
                else if (n == 0 || c.cost < f->candidates[0].cost)
                    f->candidates[0] = c, n = 1; // a bound asks for the least only
            }
    qsort(f->candidates, n, sizeof *f->candidates, by_cost);
    f->count = n;
}

static int add_family(struct tdm_search *s, struct tdm_family family)
{
    struct tdm_family *f =
        tdm_arena_push(s->arena, (void **)&s->families, &s->family_count, sizeof *f);
    size_t combinations = 1;
    for (int d = 0; d < TDM_CLOCKS && !s->everything; d++)
        combinations *= (size_t)s->levels.opp_count[d];
    if (!f)
        return -1;
    *f = family;
    f->of = tdm_queue_until(s->queue, f->version, f->exit);
    f->candidates = tdm_arena_alloc(s->arena, combinations * sizeof *f->candidates);
    return f->candidates ? 0 : -1;
}

// Whether leaving a network there is good enough for the stream.
static bool is_right_enough(const struct tdm_search *s, const struct tdm_family *f, int bits)
{
    const double needed = s->queue->stream->accuracy;
    const struct tdm_dnn *dnn = tdm_queue_until(s->queue, f->version, f->exit)->costs->dnn;
    return !f->exit || s->everything || !(needed > 0) ||
           tdm_dnn_accuracy(dnn, f->xi, f->point > 0 ? bits : 32) >= needed;
}

static int add_version(struct tdm_search *s, int version, int leaves, int processor)
{
    const struct tdm_levels *levels = &s->levels;
    const int *points = levels->version_point[version];
    const int last = tdm_queue_until(s->queue, version, leaves)->costs->point_count - 1;
    struct tdm_family f = {
        .version = version, .exit = leaves, .processor = processor, .point = last};
    if (is_right_enough(s, &f, 32) && add_family(s, f))
        return -1;
    for (int i = 0; i < tdm_levels_points(levels, version, last - 1); i++)
        for (int x = 0; x < levels->xi_count; x++) {
            f.point = points[i];
            f.xi = levels->xi[x];
            // Before the first layer there are no channels to share.
            if ((f.point > 0 || f.xi == 1) && add_family(s, f))
                return -1;
        }
    return 0;
}

static int add_exits(struct tdm_search *s, int version, int processor)
{
    for (int e = 0; e < s->levels.exit_count[version]; e++)
        if (add_version(s, version, s->levels.exit[version][e], processor))
            return -1;
    return 0;
}

static int add_families(struct tdm_search *s)
{
    const struct tdm_levels *levels = &s->levels;
    for (int v = 0; v < levels->version_count; v++)
        for (int p = 0; p < levels->processor_count; p++)
            if (add_exits(s, levels->version[v], levels->processor[p]))
                return -1;
    return 0;
}

// ---- groups ------------------------------------------------------------------------------------

static double least_rtt(const struct tdm_scenario_link *link)
{
    if (!link->series->rtt)
        return link->rtt;
    double least = INFINITY;
    for (size_t i = 0; i < link->series->count; i++)
        least = fmin(least, link->series->rtt[i]);
    return least;
}

static double least_factor(const struct tdm_radio *radio)
{
    double least = 1;
    for (size_t i = 0; radio && i < radio->signal_count; i++)
        least = fmin(least, radio->signals[i].factor);
    return least;
}

static int add_group(struct tdm_search *s, const struct tdm_family *f, int bits, int link)
{
    struct tdm_group *g = tdm_arena_push(s->arena, (void **)&s->groups, &s->group_count, sizeof *g);
    if (!g)
        return -1;
    const struct tdm_dnn *dnn = f->of->costs->dnn;
    *g = (struct tdm_group){.family = f, .bits = bits, .link = link};
    if (f->xi == 0)
        return 0;
    const int points = f->of->costs->point_count;
    g->bytes = tdm_point_bytes(dnn, f->point, s->queue->stream->input);
    if (f->point > 0 && bits < 32)
        g->packed = f->xi * g->bytes;
    else if (f->point == 0 && s->queue->stream->input == TDM_COMPRESSED)
        g->packed = dnn->raw;
    if (f->point > 0)
        g->bytes *= f->xi * bits / 32;
    g->received = dnn->layers[dnn->layer_count - 1].out;
    g->service = f->xi * f->of->compute[link * points + f->point];
    g->least_rtt = least_rtt(s->unit->ways[link].link);
    g->least_factor = least_factor(s->unit->ways[link].radio.radio);
    return 0;
}

static int add_groups(struct tdm_search *s)
{
    const struct tdm_levels *levels = &s->levels;
    for (size_t i = 0; i < s->family_count; i++) {
        const struct tdm_family *f = &s->families[i];
        if (f->xi == 0) {
            if (add_group(s, f, 32, 0))
                return -1;
            continue;
        }
        for (int link = 0; link < levels->link_count; link++)
            for (int b = 0; b < (f->point ? levels->bits_count : 1); b++)
                if (is_right_enough(s, f, levels->bits[b]) &&
                    add_group(s, f, levels->bits[b], link))
                    return -1;
    }
    s->scratch = tdm_arena_alloc(s->arena, s->family_count * sizeof *s->scratch);
    s->order = tdm_arena_alloc(s->arena, s->group_count * sizeof *s->order);
    s->reaches = tdm_arena_alloc(s->arena, (s->unit->way_count + 1) * sizeof *s->reaches);
    return s->order && s->reaches && s->scratch ? 0 : -1;
}

// ---- making one --------------------------------------------------------------------------------

// What any policy may do, whatever the scenario frees; shares are the scenario's.
static int free_everything(struct tdm_search *s)
{
    const struct tdm_board *board = s->unit->board;
    for (int d = 0; d < TDM_CLOCKS; d++) {
        s->levels.opp_count[d] = (int)board->domain[d]->opp_count;
        for (int i = 0; i < s->levels.opp_count[d]; i++)
            s->levels.opp[d][i] = i;
    }
    s->levels.processor_count = 0;
    for (size_t i = 0; i < board->processor_count && i < 8; i++)
        s->levels.processor[s->levels.processor_count++] = (int)i;
    s->levels.version_count = s->queue->stream->version_count;
    for (int v = 0; v < s->levels.version_count; v++) {
        const int cuts = s->queue->versions[v].costs->point_count - 2;
        int *points = tdm_arena_alloc(s->arena, ((size_t)cuts + 1) * sizeof *points);
        if (!points)
            return -1;
        for (int i = 0; i <= cuts; i++)
            points[i] = i;
        s->levels.version[v] = v;
        if (!s->levels.exit_count[v])
            s->levels.exit_count[v] = 1; // whole; its exits are not free
        s->levels.version_point[v] = points;
        s->levels.version_points[v] = s->levels.link_count ? cuts + 1 : 0;
    }
    const int shares = s->levels.xi_count;
    if (shares < TDM_MOST_LEVELS && (shares == 0 || s->levels.xi[shares - 1] < 1))
        s->levels.xi[s->levels.xi_count++] = 1;
    s->levels.bits_count = 1;
    s->levels.bits[0] = 8; // the fewest bytes; that packing takes time is no part of a bound
    return 0;
}

static void find_leakage(struct tdm_search *s)
{
    const struct tdm_scenario_board *where = &s->unit->scenario->boards[s->unit->index];
    const struct tdm_thermal *thermal = &s->unit->board->thermals[0];
    s->coolest = s->warmest = 1;
    if (!where->thermal)
        return;
    double least = tdm_search_ambient(s->unit);
    if (!isnan(where->start))
        least = fmin(least, where->start);
    s->coolest = exp(thermal->leakage * (least - thermal->reference));
    if (thermal->trip_count)
        s->warmest = exp(thermal->leakage * (thermal->trips[0].above - thermal->reference));
}

static void find_settling(struct tdm_search *s)
{
    const struct tdm_board *board = s->unit->board;
    if (s->everything || !s->unit->scenario->boards[s->unit->index].switching)
        return;
    for (int d = 0; d < TDM_CLOCKS; d++)
        s->settling = fmax(s->settling, board->domain[d]->stall + board->domain[d]->settle);
}

struct tdm_search *tdm_search_new(struct tdm_unit *unit, struct tdm_queue *queue, bool everything)
{
    struct tdm_search *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->arena = tdm_arena_new((size_t)4 << 30);
    s->unit = unit;
    s->queue = queue;
    s->everything = everything;
    s->levels = *queue->levels;
    find_leakage(s);
    find_settling(s);
    const size_t kinds = unit->setup.situation_count / unit->setup.core_count;
    if (s->arena)
        s->leasts = tdm_arena_alloc(s->arena, kinds * sizeof *s->leasts);
    if (!s->leasts || (everything && free_everything(s)) || add_families(s) || add_groups(s)) {
        tdm_search_free(s);
        return NULL;
    }
    s->situation = -1;
    return s;
}

void tdm_search_free(struct tdm_search *s)
{
    if (!s)
        return;
    tdm_arena_free(s->arena);
    free(s);
}

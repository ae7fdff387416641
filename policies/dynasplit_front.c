// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/dynasplit_front.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "policies/clocks.h"

// ---- settings ----------------------------------------------------------------------------------

struct listing {
    struct tdm_settings *settings;
    const struct tdm_queue *queue;
    struct tdm_arena *arena;
    struct tdm_trade *trades; // one a combination of clocks; index counts the combinations
};

static int last_point(const struct tdm_queue *queue)
{
    return queue->costs->point_count - 1;
}

static struct tdm_work work_of(const struct tdm_queue *queue, int processor, int point, int bits,
                               const int opp[TDM_CLOCKS])
{
    const struct tdm_cell *cell = tdm_costs_at(queue->costs, 0, processor, opp);
    return point == last_point(queue) ? tdm_predict_local(cell)
                                      : tdm_predict_head(queue, cell, point, bits);
}

static size_t combinations(const struct tdm_levels *levels)
{
    size_t product = 1;
    for (int d = 0; d < TDM_CLOCKS; d++)
        product *= (size_t)levels->opp_count[d];
    return product;
}

// The combination of clocks that a walk comes to after `index` others.
static void clocks_at(const struct tdm_levels *levels, int index, int opp[TDM_CLOCKS])
{
    for (int d = TDM_CLOCKS - 1; d >= 0; d--) {
        opp[d] = levels->opp[d][index % levels->opp_count[d]];
        index /= levels->opp_count[d];
    }
}

// Whatever a network does to a cut, it does to all clocks alike but for the power at rest.
static int add_cut(const struct listing *l, int processor, int point, int bits)
{
    struct tdm_clock_walk walk = tdm_clock_walk(l->queue);
    size_t count = 0;
    for (int opp[TDM_CLOCKS]; tdm_clock_next(&walk, opp); count++) {
        const struct tdm_work work = work_of(l->queue, processor, point, bits, opp);
        l->trades[count] = (struct tdm_trade){{work.energy, work.time, work.idle}, (int)count};
    }
    count = tdm_pareto(l->trades, count);
    for (size_t i = 0; i < count; i++) {
        struct tdm_setting *s =
            tdm_arena_push(l->arena, (void **)&l->settings->items, &l->settings->count, sizeof *s);
        if (!s)
            return -1;
        const double *cost = l->trades[i].cost;
        *s = (struct tdm_setting){.processor = processor,
                                  .point = point,
                                  .bits = bits,
                                  .work = {.energy = cost[0], .time = cost[1], .idle = cost[2]}};
        clocks_at(l->queue->levels, l->trades[i].index, s->opp);
    }
    return 0;
}

static int add_processor(const struct listing *l, int processor)
{
    const struct tdm_levels *levels = l->queue->levels;
    if (add_cut(l, processor, last_point(l->queue), 32))
        return -1;
    for (int i = 0; tdm_predict_may_send(levels) && i < levels->point_count; i++) {
        const int point = levels->point[i];
        // The input goes as it is, whatever the bits.
        for (int b = 0; b < (point > 0 ? levels->bits_count : 1); b++)
            if (add_cut(l, processor, point, levels->bits[b]))
                return -1;
    }
    return 0;
}

int tdm_settings_make(struct tdm_settings *settings, const struct tdm_queue *queue,
                      struct tdm_arena *arena)
{
    const struct tdm_levels *levels = queue->levels;
    *settings = (struct tdm_settings){0};
    struct listing l = {settings, queue, arena,
                        malloc(combinations(levels) * sizeof(struct tdm_trade))};
    int status = l.trades ? 0 : -1;
    for (int p = 0; status == 0 && p < levels->processor_count; p++)
        status = add_processor(&l, levels->processor[p]);
    free(l.trades);
    return status;
}

// ---- the front ---------------------------------------------------------------------------------

static double accuracy_of(const struct tdm_queue *queue, const struct tdm_setting *s)
{
    const bool sends = s->point < last_point(queue);
    const int bits = s->point > 0 ? s->bits : 32;
    const double accuracy = tdm_costs_accuracy(queue->costs, sends ? 1 : 0, bits);
    return isnan(accuracy) ? 0 : accuracy; // known of none
}

static struct tdm_trade trade_of(const struct tdm_setting *s, const struct tdm_unit *unit,
                                 const struct tdm_queue *queue, const struct tdm_network *network,
                                 bool all)
{
    struct tdm_away away = {0};
    if (s->point < last_point(queue))
        away = tdm_predict_away(unit, queue, network, s->point, s->bits);
    const struct tdm_prediction p = tdm_predict_sum(&s->work, &away);
    return (struct tdm_trade){
        .cost = {p.energy + (all ? p.server : 0), p.time, -accuracy_of(queue, s)}};
}

static void find_fastest(struct tdm_front *front)
{
    front->fastest = 0;
    for (size_t i = 1; i < front->count; i++)
        if (front->items[i].cost[1] < front->items[front->fastest].cost[1])
            front->fastest = i;
}

int tdm_front_make(struct tdm_front *front, const struct tdm_settings *settings,
                   const struct tdm_unit *unit, const struct tdm_queue *queue,
                   const struct tdm_network *network, bool all, struct tdm_arena *arena)
{
    struct tdm_trade *trades = malloc(settings->count * sizeof *trades);
    if (!trades)
        return -1;
    size_t count = 0;
    for (size_t i = 0; i < settings->count; i++) {
        if (network->link < 0 && settings->items[i].point < last_point(queue))
            continue;
        trades[count] = trade_of(&settings->items[i], unit, queue, network, all);
        trades[count++].index = (int)i;
    }
    front->count = tdm_pareto(trades, count);
    front->items = tdm_arena_alloc(arena, front->count * sizeof *front->items);
    if (front->items)
        memcpy(front->items, trades, front->count * sizeof *trades);
    free(trades);
    if (!front->items)
        return -1;
    find_fastest(front);
    return 0;
}

const struct tdm_trade *tdm_front_pick(const struct tdm_front *front, double allowed)
{
    for (size_t i = 0; i < front->count; i++)
        if (front->items[i].cost[1] <= allowed)
            return &front->items[i];
    return &front->items[front->fastest];
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/costs.h"

#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_MEMORY = 2000 }; // MiB of cells
enum { CACHE_LINE = 64 };    // bytes

// ---- one cell ----------------------------------------------------------------------------------

struct filling {
    struct tdm_costs *costs;
    const struct tdm_situation *situation;
    const struct tdm_processor *processor;
    struct tdm_opps opps;
    struct tdm_speed alone;
    struct tdm_speed speed; // that co-runners leave
    struct tdm_supply supply;
    struct tdm_conditions quiet; // no co-runners but on the CPU
};

static bool is_gpu(const struct tdm_processor *processor)
{
    return strcmp(processor->name, "gpu") == 0;
}

static double clock_of(const struct filling *f, int domain)
{
    return f->costs->board->domain[domain]->opps[f->opps.at[domain]].hz;
}

// Of all of the CPU: what a processor other than the gpu takes, as far as co-runners leave it.
static double cpu_taken(const struct filling *f)
{
    const double online =
        (double)f->situation->cores / (double)f->costs->board->domain[TDM_CPU]->cores;
    if (f->processor->domain != TDM_CPU)
        return 0;
    const double free = fmax(0, online - f->situation->load.cpu);
    return fmin(free, f->processor->utilisation * online);
}

// Of what its coefficients promise: the CPU is slower with cores offline or taken by co-runners.
static double speed_left(const struct filling *f)
{
    const double wanted = f->processor->utilisation;
    const bool cpu = f->processor->domain == TDM_CPU && wanted > 0;
    return cpu ? fmax(0.01, cpu_taken(f) / wanted) : 1;
}

// A fit for a processor other than the gpu: its FLOP and bytes by its own coefficients.
static struct tdm_fit own_fit(const struct filling *f)
{
    const struct tdm_dnn *dnn = tdm_dnn_whole(f->costs->dnn);
    struct tdm_fit fit = {.latency = f->costs->fit.latency,
                          .power = f->costs->fit.power,
                          .overlap = 4,
                          .concurrency = 4,
                          .traffic = dnn->bytes / f->processor->bandwidth};
    const double cycles = dnn->flop / (f->processor->flop * speed_left(f));
    *(f->processor->domain == TDM_GPU ? &fit.compute : &fit.launch) = cycles;
    return fit;
}

static struct tdm_fit whole_fit(const struct filling *f)
{
    return is_gpu(f->processor) ? f->costs->fit : own_fit(f);
}

// The same work when only some of the compute, the traffic and the launches of it are left.
static struct tdm_fit scaled(const struct tdm_fit *whole, double flop, double bytes, double kernels)
{
    struct tdm_fit part;
    tdm_fit_scale(whole, flop, bytes, kernels, &part);
    return part;
}

static double shape_time(const struct filling *f, const struct tdm_fit *whole,
                         const struct tdm_shape *shape, double share)
{
    if (shape->flop == 0 && shape->bytes == 0 && shape->kernels == 0)
        return 0;
    // On the other processors compute stands where the gpu has launches.
    const double host = is_gpu(f->processor) ? shape->kernels : shape->flop * share;
    const struct tdm_fit part = scaled(whole, shape->flop * share, shape->bytes * share, host);
    return tdm_latency_at(&part, whole->latency, &f->speed).total;
}

// Weighs every layer with `share` of its channels. Returns the sum over the whole network.
static double weigh(const struct filling *f, const struct tdm_fit *whole, double share)
{
    struct tdm_costs *costs = f->costs;
    for (size_t i = 0; i < costs->shape_count; i++)
        costs->shapes[i].time = shape_time(f, whole, &costs->shapes[i], share);
    double sum = 0;
    for (size_t i = 0; i < costs->calibrated_count; i++)
        sum += costs->shapes[costs->calibrated[i]].time;
    return sum;
}

// Seconds from each point to the end by the weights in hand; a unit of weight is worth `worth`
// seconds, so that the whole network takes what was calibrated.
static double *times_beyond(const struct filling *f, double worth)
{
    const struct tdm_costs *costs = f->costs;
    double *beyond = tdm_arena_alloc(costs->arena, (size_t)costs->point_count * sizeof *beyond);
    if (!beyond)
        return NULL;
    size_t layer = costs->dnn->layer_count;
    double sum = 0;
    for (int point = costs->point_count - 1; point >= 0; point--) {
        while (layer > tdm_point_layers(costs->dnn, point))
            sum += costs->shapes[costs->shape_of[--layer]].time;
        beyond[point] = sum * worth;
    }
    return beyond;
}

// What co-runners draw while they have the share `gpu` of the GPU and of the memory bandwidth what
// the scenario says: on the GPU as much as this board's network, which is assumed.
static void add_co_runners(const struct filling *f, double gpu, struct tdm_watts *watts)
{
    const struct tdm_fit *fit = &f->costs->fit;
    const struct tdm_times times = tdm_latency_at(fit, fit->latency, &f->alone);
    const struct tdm_watts busy = tdm_power_run(fit, fit->power, &f->supply, &times, &f->quiet);
    const struct tdm_watts idle = tdm_power_idle(fit->power, &f->supply, &f->quiet);
    struct tdm_conditions loaded = f->quiet;
    loaded.load.memory = f->situation->load.memory;
    const struct tdm_watts moving = tdm_power_idle(fit->power, &f->supply, &loaded);
    const double share = times.ug > 0 ? gpu / times.ug : 0;
    watts->gpu += share * (busy.gpu - idle.gpu);
    watts->memory += share * (busy.memory - idle.memory) + moving.memory - idle.memory;
}

// At rest, with the share `cpu` of the cores at work.
static struct tdm_watts watts_at_rest(const struct filling *f, double cpu)
{
    struct tdm_conditions conditions = f->quiet;
    conditions.load.cpu = cpu;
    struct tdm_watts watts = tdm_power_idle(f->costs->fit.power, &f->supply, &conditions);
    add_co_runners(f, f->situation->load.gpu, &watts);
    return watts;
}

// While a fit runs. Co-runners stretch its time, but not what it does: it has the GPU for as long
// as it would alone, and they have what is left.
static struct tdm_watts watts_of(const struct filling *f, const struct tdm_fit *fit)
{
    const struct tdm_load *load = &f->situation->load;
    struct tdm_times times = tdm_latency_at(fit, fit->latency, &f->speed);
    if (!is_gpu(f->processor)) {
        struct tdm_conditions conditions = f->quiet;
        const double gpu = f->processor->domain == TDM_GPU ? f->processor->utilisation : 0;
        conditions.load.cpu = load->cpu + cpu_taken(f);
        conditions.load.gpu = gpu;
        conditions.load.memory = fmin(1 - load->memory, times.um * f->processor->bandwidth);
        struct tdm_watts watts = tdm_power_idle(fit->power, &f->supply, &conditions);
        add_co_runners(f, fmin(load->gpu, 1 - gpu), &watts);
        return watts;
    }
    const struct tdm_times alone = tdm_latency_at(fit, fit->latency, &f->alone);
    times.ug = alone.ug * alone.total / times.total;
    struct tdm_watts watts = tdm_power_run(fit, fit->power, &f->supply, &times, &f->quiet);
    add_co_runners(f, fmin(load->gpu, 1 - times.ug), &watts);
    return watts;
}

static void add_gap(const struct tdm_costs *costs, struct tdm_watts *watts)
{
    watts->fixed += costs->gap;
}

// The whole network takes `time`.
static const struct tdm_part *make_parts(const struct filling *f, const struct tdm_fit *whole,
                                         double time)
{
    const struct tdm_costs *costs = f->costs;
    struct tdm_part *parts =
        tdm_arena_alloc(costs->arena, ((size_t)costs->part_count + 1) * sizeof *parts);
    double worth = 0;
    for (int i = 0; parts && i < costs->part_count; i++) {
        const double share = costs->part_share[i], weight = weigh(f, whole, share);
        if (i == 0) // which keeps all channels
            worth = time / weight;
        const bool gpu = is_gpu(f->processor);
        const struct tdm_fit part = scaled(whole, share, share, gpu ? 1 : share);
        parts[i] = (struct tdm_part){share, times_beyond(f, worth), watts_of(f, &part)};
        add_gap(costs, &parts[i].watts);
        if (!parts[i].beyond)
            return NULL;
    }
    return parts;
}

static double without_leakage(const struct tdm_watts *watts)
{
    return watts->fixed + watts->cpu + watts->gpu + watts->memory;
}

static int fill_cell(const struct filling *f, struct tdm_cell *cell)
{
    struct tdm_costs *costs = f->costs;
    const struct tdm_fit whole = whole_fit(f);
    const struct tdm_times times = tdm_latency_at(&whole, whole.latency, &f->speed);
    cell->time = times.total;
    const bool gpu = is_gpu(f->processor);
    cell->uc = gpu ? times.uc : f->processor->domain == TDM_CPU;
    cell->ug = f->processor->domain == TDM_GPU ? times.ug : 0;
    cell->um = times.um;
    const double core = 1. / (double)costs->board->domain[TDM_CPU]->cores;
    cell->run = watts_of(f, &whole);
    cell->idle = watts_at_rest(f, f->situation->load.cpu);
    cell->packing = watts_at_rest(f, fmin(1, f->situation->load.cpu + core));
    cell->pack_rate = costs->board->pack * clock_of(f, TDM_CPU);
    add_gap(costs, &cell->run);
    add_gap(costs, &cell->idle);
    add_gap(costs, &cell->packing);
    cell->run_sum = without_leakage(&cell->run);
    cell->idle_sum = without_leakage(&cell->idle);
    cell->packing_sum = without_leakage(&cell->packing);
    const struct tdm_part *parts = make_parts(f, &whole, cell->time);
    if (!parts)
        return -1;
    if (costs->dnn->whole)
        cell->time = parts[0].beyond[0];                     // of what is left of it
    for (int point = 1; point < costs->point_count; point++) // the first part keeps all channels
        cell->head[point] = cell->time - parts[0].beyond[point];
    cell->parts = parts;
    return 0;
}

// Rows are made when the first of their cells is asked for: not as large as tables by all clocks,
// of which few may be used, and with no pointer to follow between a row and its cells.
static struct tdm_cell *make_place(struct tdm_costs *costs, int situation, int processor,
                                   const int opp[TDM_CLOCKS])
{
    unsigned char **row = &costs->rows[tdm_costs_row(costs, situation, processor, opp)];
    if (!*row) {
        unsigned char *memory =
            tdm_arena_alloc(costs->arena, costs->emc_count * costs->cell_size + CACHE_LINE);
        if (!memory)
            return NULL;
        *row = memory + (CACHE_LINE - (uintptr_t)memory % CACHE_LINE);
    }
    return (struct tdm_cell *)(void *)(*row + (size_t)opp[TDM_EMC] * costs->cell_size);
}

const struct tdm_cell *tdm_costs_fill(struct tdm_costs *costs, int situation, int processor,
                                      const int opp[TDM_CLOCKS])
{
    const struct tdm_board *board = costs->board;
    const struct tdm_fit *fit = &costs->fit;
    struct filling f = {.costs = costs,
                        .situation = &costs->situations[situation],
                        .processor = &board->processors[processor],
                        .opps = {{opp[0], opp[1], opp[2]}}};
    const double cores = (double)board->domain[TDM_CPU]->cores;
    f.alone = tdm_speed_at(board, fit->latency, f.opps);
    f.speed = tdm_speed_under(fit->latency, &f.alone, &f.situation->load);
    f.supply = tdm_supply_at(board, fit->power, f.opps);
    f.quiet = (struct tdm_conditions){.cores = (double)f.situation->cores / cores,
                                      .leakage_factor = 1,
                                      .load = {.cpu = f.situation->load.cpu}};
    const double free = (double)f.situation->cores - cores * f.situation->load.cpu;
    if (is_gpu(f.processor)) // launches come from one thread, and it gets one core at most
        f.speed.cpu = fit->cpu_lost + (f.speed.cpu - fit->cpu_lost) * fmin(1, fmax(free, 0.05));
    struct tdm_cell *cell = make_place(costs, situation, processor, opp);
    return cell && !fill_cell(&f, cell) ? cell : NULL;
}

// ---- shapes ------------------------------------------------------------------------------------

static struct tdm_shape shape_of(const struct tdm_dnn *dnn, const struct tdm_layer *layer)
{
    return (struct tdm_shape){2 * (double)layer->macs / dnn->flop,
                              (layer->weights + layer->in + layer->out) / dnn->bytes,
                              (double)layer->kernels / dnn->kernels, 0};
}

// By layer of `dnn`, as shares of the whole; NULL if there is no memory.
static int *add_shapes(struct tdm_costs *costs, const struct tdm_dnn *dnn)
{
    int *shapes = tdm_arena_alloc(costs->arena, dnn->layer_count * sizeof *shapes);
    if (!shapes)
        return NULL;
    for (size_t i = 0; i < dnn->layer_count; i++) {
        const struct tdm_shape shape = shape_of(tdm_dnn_whole(dnn), &dnn->layers[i]);
        size_t s = 0;
        while (s < costs->shape_count &&
               (costs->shapes[s].flop != shape.flop || costs->shapes[s].bytes != shape.bytes ||
                costs->shapes[s].kernels != shape.kernels))
            s++;
        if (s == costs->shape_count)
            costs->shapes[costs->shape_count++] = shape;
        shapes[i] = (int)s;
    }
    return shapes;
}

static int find_shapes(struct tdm_costs *costs)
{
    const struct tdm_dnn *dnn = costs->dnn, *whole = tdm_dnn_whole(dnn);
    const size_t most = whole->layer_count + (whole == dnn ? 0 : dnn->layer_count);
    costs->shapes = tdm_arena_alloc(costs->arena, most * sizeof *costs->shapes);
    costs->shape_of = costs->shapes ? add_shapes(costs, dnn) : NULL;
    costs->calibrated = costs->shapes && whole != dnn ? add_shapes(costs, whole) : costs->shape_of;
    costs->calibrated_count = whole->layer_count;
    return costs->shape_of && costs->calibrated ? 0 : -1;
}

// ---- the table ---------------------------------------------------------------------------------

struct tdm_costs *tdm_costs_new(const struct tdm_board *board, const struct tdm_version *version,
                                const struct tdm_levels *levels,
                                const struct tdm_situation *situations, size_t situation_count)
{
    struct tdm_costs *costs = calloc(1, sizeof *costs);
    if (!costs)
        return NULL;
    costs->board = board;
    costs->dnn = version->dnn;
    costs->fit = version->fit;
    costs->point_count = (int)version->dnn->cut_count + 2;
    costs->part_share[costs->part_count++] = 1; // nothing sent: all of the channels stay
    for (int i = 0; i < levels->xi_count; i++)
        if (levels->xi[i] < 1)
            costs->part_share[costs->part_count++] = 1 - levels->xi[i];
    costs->gap = tdm_board_rails_gap(board, version->fit.power->rails, NULL);
    for (size_t i = 0; i < TDM_COUNT(costs->accuracy); i++)
        costs->accuracy[i].xi = NAN; // nothing asked for yet
    costs->situation_count = situation_count;
    costs->processor_count = board->processor_count;
    costs->cpu_count = board->domain[TDM_CPU]->opp_count;
    costs->gpu_count = board->domain[TDM_GPU]->opp_count;
    costs->emc_count = board->domain[TDM_EMC]->opp_count;
    const size_t bytes =
        sizeof(struct tdm_cell) + (size_t)costs->point_count * sizeof(double) + CACHE_LINE - 1;
    costs->cell_size = bytes / CACHE_LINE * CACHE_LINE;
    costs->arena = tdm_arena_new((size_t)MOST_MEMORY << 20);
    costs->rows =
        calloc(situation_count * costs->processor_count * costs->cpu_count * costs->gpu_count,
               sizeof *costs->rows);
    costs->situations = malloc(situation_count * sizeof *costs->situations);
    if (!costs->arena || !costs->rows || !costs->situations || find_shapes(costs)) {
        tdm_costs_free(costs);
        return NULL;
    }
    memcpy(costs->situations, situations, situation_count * sizeof *situations);
    return costs;
}

void tdm_costs_free(struct tdm_costs *costs)
{
    if (!costs)
        return;
    tdm_arena_free(costs->arena);
    free(costs->rows);
    free(costs->situations);
    free(costs);
}

int tdm_costs_part(const struct tdm_costs *costs, double xi)
{
    if (xi >= 1)
        return -1;
    for (int i = 0; i < costs->part_count; i++)
        if (fabs(costs->part_share[i] - (1 - xi)) < 1e-9)
            return i;
    assert(false && "a plan's xi is one of the scenario's levels");
    return 0;
}

double tdm_point_bytes(const struct tdm_dnn *dnn, int point, int input)
{
    if (point == 0)
        return input == TDM_RAW ? dnn->raw : dnn->compressed;
    return (size_t)point <= dnn->cut_count ? dnn->cuts[point - 1].bytes : 0;
}

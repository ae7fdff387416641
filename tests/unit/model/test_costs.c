// SPDX-License-Identifier: GPL-3.0-or-later
/** Stages against the calibrated whole, on every shipped board and dnn, and by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"
#include "model/costs.h"
#include "model/library.h"

static const struct tdm_situation alone = {.cores = 4};

// The fit of a pair, as scenarios find it.
static bool fit_of(const struct tdm_board *board, const struct tdm_dnn *dnn, struct tdm_fit *fit)
{
    const struct tdm_fit *own = tdm_fit_find(board, dnn->name, "infer", NULL, 1);
    const struct tdm_fit *unit = tdm_fit_find(board, TDM_FIT_DEFAULT, "infer", NULL, 1);
    if (own)
        *fit = *own;
    else if (unit)
        tdm_fit_scale(unit, dnn->flop, dnn->bytes, dnn->kernels, fit);
    return (own || unit) && fit->power;
}

struct names {
    char items[64][64];
    int count;
};

static void add(void *context, const char *name)
{
    struct names *names = context;
    snprintf(names->items[names->count++ % 64], 64, "%s", name);
}

// About every fourth OPP of a domain; each other one meets those of the other domains.
static int between(const struct tdm_domain_info *domain, int opp)
{
    const int step = (int)(domain->opp_count - 1) / 4;
    return step > 1 && opp % step != 0;
}

static void check_cell(struct tdm_costs *costs, int processor, const int opp[TDM_CLOCKS])
{
    const struct tdm_cell *cell = tdm_costs_at(costs, 0, processor, opp);
    const int last = costs->point_count - 1;
    assert_true(cell->time > 0);
    assert_near(cell->head[0], 0, 0);
    assert_near(cell->head[last], cell->time, 1e-9 * cell->time);
    for (int p = 0; p <= last; p++) {
        const double beyond = cell->parts[0].beyond[p]; // of all channels: the rest
        assert_near(cell->head[p] + beyond, cell->time, 1e-9 * cell->time);
        if (p)
            assert_true(cell->head[p] >= cell->head[p - 1]);
        for (int i = 1; i < costs->part_count; i++) { // shares fall from part to part
            assert_true(cell->parts[i].beyond[p] <= cell->parts[i - 1].beyond[p]);
            assert_true(cell->parts[i].beyond[p] >= 0);
        }
    }
    assert_near(tdm_watts_sum(&cell->parts[0].watts), tdm_watts_sum(&cell->run), 1e-12);
    assert_true(tdm_watts_sum(&cell->run) > tdm_watts_sum(&cell->idle));
}

// Leaving costs what the whole costs up to the exit, and the branch on top: at every setting, and
// however it is cut.
static void check_exit_cell(struct tdm_costs *whole, struct tdm_costs *leaves, int processor,
                            const int opp[TDM_CLOCKS])
{
    check_cell(leaves, processor, opp);
    const struct tdm_cell *all = tdm_costs_at(whole, 0, processor, opp);
    const struct tdm_cell *some = tdm_costs_at(leaves, 0, processor, opp);
    const int there = leaves->point_count - 2; // the cut that the exit hangs at
    for (int p = 0; p <= there; p++)
        assert_near(some->head[p], all->head[p], 1e-9 * all->time);
    assert_true(some->time > some->head[there]);
    assert_near(tdm_watts_sum(&some->run), tdm_watts_sum(&all->run), 1e-12);
    assert_near(tdm_watts_sum(&some->idle), tdm_watts_sum(&all->idle), 1e-12);
    for (int i = 0; i < leaves->part_count; i++)
        assert_near(tdm_watts_sum(&some->parts[i].watts), tdm_watts_sum(&all->parts[i].watts),
                    1e-12);
}

static void check_pair(const struct tdm_board *board, const struct tdm_dnn *dnn)
{
    struct tdm_version version = {.dnn = dnn};
    if (!fit_of(board, dnn, &version.fit))
        return;
    const struct tdm_levels levels = {.xi = {0.1, 0.5, 0.9, 1}, .xi_count = 4};
    const struct tdm_situation all = {.cores = (int)board->domain[TDM_CPU]->cores};
    struct tdm_costs *costs = tdm_costs_new(board, &version, &levels, &all, 1);
    assert_non_null(costs);
    const struct tdm_domain_info *const *d = board->domain;
    for (int p = 0; p < (int)board->processor_count; p++)
        for (int c = 0; c < (int)d[0]->opp_count; c++)
            for (int g = 0; g < (int)d[1]->opp_count; g++)
                for (int m = 0; m < (int)d[2]->opp_count; m++)
                    if (between(d[0], c) + between(d[1], g) + between(d[2], m) <= 1)
                        check_cell(costs, p, (int[]){c, g, m});
    // The whole is what the calibrated form says.
    const int top[] = {(int)d[0]->opp_count - 1, (int)d[1]->opp_count - 1,
                       (int)d[2]->opp_count - 1};
    const struct tdm_speed speed =
        tdm_speed_at(board, version.fit.latency, (struct tdm_opps){{top[0], top[1], top[2]}});
    const double whole = tdm_latency_at(&version.fit, version.fit.latency, &speed).total;
    const int gpu = (int)(tdm_board_processor(board, "gpu") - board->processors);
    assert_near(tdm_costs_at(costs, 0, gpu, top)->time, whole, 1e-15 * whole);
    for (int e = 1; e <= (int)dnn->exit_count; e++) {
        const struct tdm_version leaving = {.dnn = tdm_dnn_until(dnn, e), .fit = version.fit};
        struct tdm_costs *leaves = tdm_costs_new(board, &leaving, &levels, &all, 1);
        assert_non_null(leaves);
        for (int p = 0; p < (int)board->processor_count; p++)
            for (int c = 0; c < (int)d[0]->opp_count; c++)
                for (int g = 0; g < (int)d[1]->opp_count; g++)
                    for (int m = 0; m < (int)d[2]->opp_count; m++)
                        check_exit_cell(costs, leaves, p, (int[]){c, g, m});
        tdm_costs_free(leaves);
    }
    tdm_costs_free(costs);
}

static void head_and_rest_are_the_calibrated_whole(void **state)
{
    (void)state;
    struct names boards = {.count = 0}, dnns = {.count = 0};
    tdm_library_list("boards", add, &boards);
    tdm_library_list("dnns", add, &dnns);
    int pairs = 0;
    for (int b = 0; b < boards.count; b++) {
        struct tdm_board *board = tdm_board_load(boards.items[b], NULL);
        assert_non_null(board);
        for (int n = 0; n < dnns.count && board->fit_count; n++) {
            struct tdm_dnn *dnn = tdm_dnn_load(dnns.items[n], NULL);
            assert_non_null(dnn);
            check_pair(board, dnn);
            tdm_dnn_free(dnn);
            pairs++;
        }
        tdm_board_free(board);
    }
    if (!pairs)
        skip();
}

// The toy's tables with a text of replacements applied to the board.
struct toy {
    struct tdm_board *board;
    struct tdm_dnn *dnn;
    struct tdm_version version;
    struct tdm_costs *costs;
};

static struct toy toy_of(const struct world *w, const struct tdm_levels *levels,
                         const struct tdm_situation *situations, size_t count)
{
    struct toy t = {.board = NULL};
    char path[256];
    struct tdm_error error = {0};
    world_path(w, "toy.xml", path);
    t.board = tdm_board_load(path, &error);
    world_path(w, "net.xml", path);
    t.dnn = t.board ? tdm_dnn_load(path, &error) : NULL;
    if (!t.dnn)
        fail_msg("%s: %s", error.file, error.message);
    t.version.dnn = t.dnn;
    assert_true(fit_of(t.board, t.dnn, &t.version.fit));
    t.costs = tdm_costs_new(t.board, &t.version, levels, situations, count);
    return t;
}

static void toy_end(struct toy *t)
{
    tdm_costs_free(t->costs);
    tdm_dnn_free(t->dnn);
    tdm_board_free(t->board);
}

static void every_cut_of_the_toy(void **state)
{
    const struct tdm_levels levels = {.xi = {0.25, 0.5, 1}, .xi_count = 3};
    struct toy t = toy_of(*state, &levels, &alone, 1);
    for (int c = 0; c < 3; c++)
        for (int g = 0; g < 4; g++)
            for (int m = 0; m < 3; m++)
                for (int p = 0; p < 2; p++)
                    check_cell(t.costs, p, (int[]){c, g, m});
    toy_end(&t);
}

#define FIT_OLD \
    "launch=\"4e6\" launch-traffic=\"1 MB\" host=\"1e6\" compute=\"2e7\" serial=\"2e6\" " \
    "traffic=\"100 MB\" bound=\"40 MB\" fixed=\"1 ms\""

static void compute_bound_work_takes_twice_as_long_at_half_the_clock(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "gpu-lost=\"20 MHz\"", "gpu-lost=\"0 Hz\"", FIT_OLD,
                "launch=\"0\" launch-traffic=\"0 B\" host=\"0\" compute=\"2e7\" serial=\"2e6\" "
                "traffic=\"0 B\" bound=\"0 B\" fixed=\"0 s\"",
                NULL);
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    struct toy t = toy_of(w, &levels, &alone, 1);
    for (int c = 0; c < 3; c++)
        for (int m = 0; m < 3; m++)
            for (int g = 0; g + 1 < 4; g++) { // each GPU clock is twice the one before
                const struct tdm_cell *slow = tdm_costs_at(t.costs, 0, 0, (int[]){c, g, m});
                const struct tdm_cell *fast = tdm_costs_at(t.costs, 0, 0, (int[]){c, g + 1, m});
                assert_near(slow->time, 2 * fast->time, 1e-12);
                for (int p = 0; p < t.costs->point_count; p++)
                    assert_near(slow->head[p], 2 * fast->head[p], 1e-12);
            }
    // 22e6 cycles; by MACs 10, 30, 50 and 10 % of them, the rest of the layers takes nothing.
    const struct tdm_cell *cell = tdm_costs_at(t.costs, 0, 0, (int[]){0, 0, 0});
    static const double share[] = {0, 0.1, 0.1, 0.4, 0.4, 0.9, 1};
    for (int p = 0; p < 7; p++)
        assert_near(cell->head[p], 0.22 * share[p], 1e-12);
    toy_end(&t);
    world_write(w, "toy.xml", world_board, NULL);
}

static void a_vanishing_share_leaves_launches_and_fixed_costs(void **state)
{
    const struct world *w = *state;
    // With fixed costs and launches only, no share saves anything; their sum is by kernels.
    world_write(w, "toy.xml", world_board, FIT_OLD,
                "launch=\"4e6\" launch-traffic=\"0 B\" host=\"1e6\" compute=\"0\" serial=\"0\" "
                "traffic=\"0 B\" bound=\"0 B\" fixed=\"6 ms\"",
                NULL);
    const struct tdm_levels levels = {.xi = {0.5, 0.999999999, 1}, .xi_count = 3};
    struct toy t = toy_of(w, &levels, &alone, 1);
    const struct tdm_cell *cell = tdm_costs_at(t.costs, 0, 0, (int[]){1, 1, 1});
    // 4e6 cycles at 950 MHz beside 6 ms, then 1e6 cycles; the exponent is 4.
    const double host = 4e6 / 950e6;
    assert_near(cell->time, pow(pow(host, 4) + pow(6e-3, 4), 0.25) + 1e6 / 950e6, 1e-12);
    static const double left[] = {6, 5, 5, 3, 2, 1, 0}; // kernels of six
    for (int p = 0; p < 7; p++)
        for (int i = 0; i < 3; i++)
            assert_near(cell->parts[i].beyond[p], cell->time * left[p] / 6, 1e-12);
    toy_end(&t);
    // In the ordinary fit a vanishing share still takes what launches and fixed costs take.
    world_write(w, "toy.xml", world_board, NULL);
    t = toy_of(w, &levels, &alone, 1);
    cell = tdm_costs_at(t.costs, 0, 0, (int[]){1, 1, 1});
    double fixed = 0, all = 0; // layer by layer, by the form
    static const double flop[] = {0.1, 0, 0.3, 0, 0.5, 0.1}, kernels[] = {1, 0, 2, 1, 1, 1},
                        bytes[] = {1.1e6, 0, 0.8e6, 0.3e6, 1.15e6, 4.054e6};
    const double c = 950e6, g = 180e6, bw = 8e9;
    for (int i = 0; i < 6; i++) {
        const double k = kernels[i] / 6, b = bytes[i] / 7.404e6;
        const double h = k * 4e6 / c + k * 1e6 / bw;
        const double kernel = pow(pow(flop[i] * 2e7 / g, 3) + pow(b * 100e6 / bw, 3), 1. / 3);
        const double byte = pow(pow(1 / bw, 6) + pow(0.01 / g, 6), 1. / 6);
        const double device = flop[i] * 2e6 / g + kernel + b * 40e6 * byte + k * 1e-3;
        all += pow(pow(h, 4) + pow(device, 4), 0.25) + k * 1e6 / c;
        fixed += pow(pow(h, 4) + pow(k * 1e-3, 4), 0.25) + k * 1e6 / c;
    }
    assert_near(cell->parts[2].beyond[0], fixed * cell->time / all, 1e-8);
    toy_end(&t);
}

static void power_by_hand(void **state)
{
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    const struct tdm_situation situations[] = {alone, {.load = {0.5, 0.25, 0.5}, .cores = 2}};
    struct toy t = toy_of(*state, &levels, situations, 2);
    const int opp[] = {1, 2, 1}; // 1 GHz, 400 MHz at 1.1, 800 MHz
    const struct tdm_cell *cell = tdm_costs_at(t.costs, 0, 0, opp);
    // Idle: 0.5 + 0.5 x 0.2 + 0.5 x 1.21 x 0.15 + 0.1 + 1.21 x 0.1.
    assert_near(cell->idle.fixed, 0.5, 1e-12);
    assert_near(cell->idle.cpu, 0.1, 1e-12);
    assert_near(cell->idle.gpu, 0.09075, 1e-12);
    assert_near(cell->idle.memory, 0.1, 1e-12);
    assert_near(cell->idle.leakage, 0.121, 1e-12);
    const double T = cell->time;
    assert_near(cell->run.cpu, 0.1 + 0.5 * 0.3 * (1 - cell->uc) + 0.05 / T, 1e-12);
    assert_near(cell->run.gpu, 0.09075 + 0.5 * 1.21 * 0.5 * cell->ug + 0.1 * 1.21 / T, 1e-12);
    assert_near(cell->run.memory, 0.1 + 0.06 / T * pow(0.5, 0.4) * (1 + 0.3 * 0.21), 1e-12);
    assert_near(cell->run.leakage, 0.121, 1e-12);
    // One of four cores packs.
    assert_near(cell->packing.cpu, 0.5 * (0.2 + 0.8 / 4), 1e-12);
    assert_near(cell->pack_rate, 0.5e9, 1e-3);
    // Under load, with half of the cores: half of the clocks' power, half of the busy cores'.
    const struct tdm_cell *shared = tdm_costs_at(t.costs, 1, 0, opp);
    assert_near(shared->idle.cpu, 0.5 * (0.2 * 0.5 + 0.8 * 0.5), 1e-12);
    // Co-runners have a quarter of the GPU, and draw there what the network does while it has it.
    const double gpu = (cell->run.gpu - 0.09075) / cell->ug;
    const double memory = (cell->run.memory - 0.1) / cell->ug;
    const double moving = 1 * 0.5 * 0.5 * (1 + 0.3 * 0.21);
    assert_near(shared->idle.gpu, 0.09075 + 0.25 * gpu, 1e-12);
    assert_near(shared->idle.memory, 0.1 + 0.25 * memory + moving, 1e-12);
    assert_true(shared->time > cell->time);
    // The network does no more than alone, in more time; both together cannot be more than busy.
    const double own = cell->ug * cell->time / shared->time;
    const double theirs = fmin(0.25, 1 - own);
    assert_near(shared->run.gpu, 0.09075 + (own + theirs) * gpu, 1e-12);
    const double joules = (cell->run.memory - 0.1) * cell->time;
    assert_near(shared->run.memory, 0.1 + joules / shared->time + theirs * memory + moving, 1e-12);
    toy_end(&t);
}

// More work on the GPU is never less power; and launches wait once less than a core is free.
static void co_runners_cost_power_and_time(void **state)
{
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    const struct tdm_situation situations[] = {alone,
                                               {.load = {.gpu = 0.5}, .cores = 4},
                                               {.load = {.gpu = 0.95}, .cores = 4},
                                               {.load = {.cpu = 0.5}, .cores = 4},
                                               {.load = {.cpu = 0.9}, .cores = 4}};
    struct toy t = toy_of(*state, &levels, situations, 5);
    const int opp[] = {0, 2, 1};
    const struct tdm_cell *cells[5];
    for (int i = 0; i < 5; i++)
        cells[i] = tdm_costs_at(t.costs, i, 0, opp);
    for (int i = 1; i < 3; i++) {
        assert_true(cells[i]->run.gpu >= cells[0]->run.gpu * (1 - 1e-12));
        assert_true(cells[i]->run.memory >= cells[0]->run.memory * (1 - 1e-12));
        assert_true(cells[i]->idle_sum > cells[i - 1]->idle_sum);
        assert_true(cells[i]->run_sum > cells[i]->idle_sum);
    }
    assert_near(cells[3]->time, cells[0]->time, 1e-12);  // two cores are free
    assert_true(cells[4]->time > 1.01 * cells[0]->time); // 0.4 of one is
    toy_end(&t);
}

static void uncovered_rails_add_what_they_draw_idle(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "<thermal",
                "<rail name=\"SOC\" covers=\"rest\" total=\"yes\" idle=\"700 mW\" source=\"s\"/>"
                "<thermal",
                NULL);
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    struct toy t = toy_of(w, &levels, &alone, 1);
    const struct tdm_cell *cell = tdm_costs_at(t.costs, 0, 0, (int[]){1, 2, 1});
    assert_near(cell->idle.fixed, 1.2, 1e-12);
    assert_near(cell->run.fixed, 1.2, 1e-12);
    assert_near(cell->packing.fixed, 1.2, 1e-12);
    assert_near(cell->parts[0].watts.fixed, 1.2, 1e-12);
    toy_end(&t);
    world_write(w, "toy.xml", world_board, NULL);
}

static void sixty_four_shares(void **state)
{
    struct tdm_levels levels = {.xi_count = TDM_MOST_LEVELS};
    for (int i = 0; i < TDM_MOST_LEVELS; i++)
        levels.xi[i] = (i + 1) / 100.;
    struct toy t = toy_of(*state, &levels, &alone, 1);
    for (int i = 0; i < TDM_MOST_LEVELS; i++)
        assert_near(t.costs->part_share[tdm_costs_part(t.costs, levels.xi[i])], 1 - levels.xi[i],
                    1e-9);
    assert_int_equal(tdm_costs_part(t.costs, 1), -1);
    assert_int_equal(tdm_costs_part(t.costs, 0), 0);
    check_cell(t.costs, 0, (int[]){1, 1, 1});
    toy_end(&t);
}

static void points(void **state)
{
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    struct toy t = toy_of(*state, &levels, &alone, 1);
    static const size_t layers[] = {0, 1, 2, 3, 4, 5, 6};
    static const double bytes[] = {20000, 400000, 400000, 200000, 100000, 50000, 0};
    for (int p = 0; p < 7; p++) {
        assert_int_equal(tdm_point_layers(t.dnn, p), layers[p]);
        assert_near(tdm_point_bytes(t.dnn, p, TDM_COMPRESSED), bytes[p], 0);
    }
    assert_near(tdm_point_bytes(t.dnn, 0, TDM_RAW), 100000, 0);
    toy_end(&t);
}

static void a_processor_of_the_gpus_clock(void **state)
{
    const struct world *w = *state;
    // An accelerator at the GPU's clock: 50 FLOP a cycle, all of the bandwidth.
    world_write(w, "toy.xml", world_board, "<latency",
                "<processor name=\"dla\" domain=\"gpu\" flop=\"50\" utilisation=\"40 %\" "
                "source=\"s\"/><latency",
                "gpu-lost=\"20 MHz\"", "gpu-lost=\"0 Hz\"", NULL);
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    struct toy t = toy_of(w, &levels, &alone, 1);
    const struct tdm_cell *slow = tdm_costs_at(t.costs, 0, 2, (int[]){0, 0, 2});
    const struct tdm_cell *fast = tdm_costs_at(t.costs, 0, 2, (int[]){2, 1, 2});
    const double compute = 200e6 / 50 / 100e6, traffic = 7.404e6 / 16e9;
    assert_near(slow->time, pow(pow(compute, 4) + pow(traffic, 4), 0.25), 1e-9);
    assert_near(fast->time, slow->time / 2, 1e-6);
    // It keeps 40 % of what a busy GPU takes, and no cores.
    assert_near(slow->run.gpu - slow->idle.gpu, 0.125 * 0.5 * 0.4, 1e-12);
    assert_near(slow->run.cpu, slow->idle.cpu, 1e-12);
    toy_end(&t);
    world_write(w, "toy.xml", world_board, NULL);
}

// Where all that counts is compute, time goes by MACs: of 220 ms at the lowest clock for 100 MMAC,
// 40 lie before either exit, and 2 or 6 in its branch.
static void leaving_early_by_hand(void **state)
{
    const struct world *w = *state;
    world_write(w, "toy.xml", world_board, "gpu-lost=\"20 MHz\"", "gpu-lost=\"0 Hz\"", FIT_OLD,
                "launch=\"0\" launch-traffic=\"0 B\" host=\"0\" compute=\"2e7\" serial=\"2e6\" "
                "traffic=\"0 B\" bound=\"0 B\" fixed=\"0 s\"",
                NULL);
    world_write(w, "net.xml", world_dnn, "<accuracy", WORLD_EXITS "<accuracy", NULL);
    const struct tdm_levels levels = {.xi = {1}, .xi_count = 1};
    struct toy t = toy_of(w, &levels, &alone, 1);
    static const double macs[] = {42, 46};
    for (int e = 1; e <= 2; e++) {
        const struct tdm_version leaving = {.dnn = tdm_dnn_until(t.dnn, e), .fit = t.version.fit};
        struct tdm_costs *leaves = tdm_costs_new(t.board, &leaving, &levels, &alone, 1);
        const struct tdm_cell *cell = tdm_costs_at(leaves, 0, 0, (int[]){0, 0, 0});
        assert_int_equal(leaves->point_count, e + 4);
        assert_near(cell->time, 0.22 * macs[e - 1] / 100, 1e-12);
        assert_near(cell->head[3], 0.22 * 0.4, 1e-12);
        assert_near(cell->parts[0].beyond[1], 0.22 * (macs[e - 1] - 10) / 100, 1e-12);
        // On the CPU all counts: its 8 FLOP a cycle at 500 MHz, and half of the memory's 4 GB/s.
        const struct tdm_cell *cpu = tdm_costs_at(leaves, 0, 1, (int[]){0, 0, 0});
        const struct tdm_cell *all = tdm_costs_at(t.costs, 0, 1, (int[]){0, 0, 0});
        assert_near(cpu->head[3], all->head[3], 1e-12);
        assert_near(cpu->head[1], all->head[1], 1e-12);
        tdm_costs_free(leaves);
    }
    toy_end(&t);
    world_write(w, "toy.xml", world_board, NULL);
    world_write(w, "net.xml", world_dnn, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_and_rest_are_the_calibrated_whole),
        cmocka_unit_test(every_cut_of_the_toy),
        cmocka_unit_test(compute_bound_work_takes_twice_as_long_at_half_the_clock),
        cmocka_unit_test(a_vanishing_share_leaves_launches_and_fixed_costs),
        cmocka_unit_test(leaving_early_by_hand),
        cmocka_unit_test(power_by_hand),
        cmocka_unit_test(co_runners_cost_power_and_time),
        cmocka_unit_test(uncovered_rails_add_what_they_draw_idle),
        cmocka_unit_test(sixty_four_shares),
        cmocka_unit_test(points),
        cmocka_unit_test(a_processor_of_the_gpus_clock),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

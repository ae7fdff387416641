// SPDX-License-Identifier: GPL-3.0-or-later
/** A small board for tests: 4 CPU, 5 GPU and 4 memory OPPs, one total rail and one beside it. */
#ifndef TESTS_SMALL_BOARD_H
#define TESTS_SMALL_BOARD_H

#include <math.h>
#include <string.h>

#include "model/board.h"

static struct tdm_opp small_cpu[] = {{.hz = 500e6, .v = 1, .volts = NAN},
                                     {.hz = 1000e6, .v = 1, .volts = NAN},
                                     {.hz = 1500e6, .v = 1.2, .volts = NAN},
                                     {.hz = 2000e6, .v = 1.4, .volts = NAN}};
static struct tdm_opp small_gpu[] = {{.hz = 100e6, .v = 1, .volts = NAN},
                                     {.hz = 300e6, .v = 1, .volts = NAN},
                                     {.hz = 500e6, .v = 1.1, .volts = NAN},
                                     {.hz = 700e6, .v = 1.25, .volts = NAN},
                                     {.hz = 1000e6, .v = 1.45, .volts = NAN}};
static struct tdm_opp small_emc[] = {{.hz = 400e6, .bandwidth = 8e9},
                                     {.hz = 800e6, .bandwidth = 16e9, .idle = 0.2},
                                     {.hz = 1200e6, .bandwidth = 24e9, .idle = 0.5},
                                     {.hz = 1600e6, .bandwidth = 32e9, .idle = 1}};
static struct tdm_domain_info small_domains[TDM_DOMAINS] = {
    {.domain = TDM_CPU, .cores = 4, .opps = small_cpu, .opp_count = 4},
    {.domain = TDM_GPU, .cores = 1, .opps = small_gpu, .opp_count = 5},
    {.domain = TDM_EMC, .cores = 1, .opps = small_emc, .opp_count = 4}};
static struct tdm_floor small_floors[] = {{.gpu = 100e6, .emc = 400e6},
                                          {.gpu = 500e6, .emc = 1200e6}};
static struct tdm_rail small_rails[] = {{.name = "IN", .total = true, .idle = 1},
                                        {.name = "GPU", .idle = 0.2}};
static struct tdm_thermal small_thermal = {.reference = 45, .leakage = 0.02};

/** With an arena of its own, which the caller frees. */
static inline struct tdm_board small_board(void)
{
    struct tdm_board board = {
        .name = "small",
        .title = "a small board",
        .pmax = 10,
        .domains = small_domains,
        .domain_count = TDM_DOMAINS,
        .floors = small_floors,
        .floor_count = 2,
        .rails = small_rails,
        .rail_count = 2,
        .thermals = &small_thermal,
        .thermal_count = 1,
        .path = "small.xml",
        .arena = tdm_arena_new(16 << 20),
    };
    for (int d = 0; d < TDM_DOMAINS; d++)
        board.domain[d] = &small_domains[d];
    return board;
}

#endif

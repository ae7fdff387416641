// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A fleet as one would write it at first with SimGrid alone: an actor a board, one star zone, every
 * transfer and every service an activity.
 */
#ifndef TESTS_BENCH_NAIVE_FLEET_H
#define TESTS_BENCH_NAIVE_FLEET_H

#include "trace/trace.h"

struct naive_fleet {
    int boards, cell;              /**< how many, and how many share one link */
    double cell_rate;              /**< bytes/s */
    const struct tdm_trace *trace; /**< of each board's own link, board after board further on */
    const double *offsets;         /**< s, of each board in it */
    double head;                   /**< s of a request that stays on the board */
    double part;                   /**< s of the board's part of one that is sent */
    double sent, received;         /**< bytes */
    double rtt, service;           /**< s */
    int slots;
    long requests; /**< to run */
};

/** Runs it in this process, which is good for nothing else afterwards. Returns CPU s of the run. */
double naive_fleet_run(const struct naive_fleet *fleet);

#endif

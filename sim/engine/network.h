// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The network of a scenario as flows in SimGrid: which transfers share anything, over which links
 * they go, and how these follow their traces while somebody uses them.
 */
#ifndef TDM_ENGINE_NETWORK_H
#define TDM_ENGINE_NETWORK_H

#include "engine/agenda.h"
#include "engine/simgrid.h"
#include "engine/unit.h"

struct tdm_pipe;

/** One direction of a link: the way of its flows. */
struct tdm_lane {
    bool shared;             /**< others are on the way: its transfers are flows */
    int from, to;            /**< hosts */
    int access;              /**< link of its own rates; -1: none */
    struct tdm_pipe **pipes; /**< those on the way whose rates change */
    int *links;              /**< and their links */
    int pipe_count;
    struct tdm_crowd *crowd; /**< of the innermost cell; NULL: it is in none */
};

struct tdm_network_setup {
    const struct tdm_scenario *scenario;
    struct tdm_unit *const *units;
    struct tdm_agenda *agenda;
    int change; /**< what the agenda calls a pipe that changes: tdm_network_change */
    bool all;   /**< every transfer is a flow, also where nobody else is on the way */
    bool energy;
};

struct tdm_network;

/** Lays it out; SimGrid does not run yet. NULL with `error`. */
struct tdm_network *tdm_network_new(const struct tdm_network_setup *setup, struct tdm_error *error);
void tdm_network_free(struct tdm_network *network);

/** -1 with `error` where SimGrid has been started in this process. */
int tdm_network_check_unused(struct tdm_error *error);

/** Starts SimGrid: once a process. */
int tdm_network_start(struct tdm_network *network, struct tdm_error *error);

struct tdm_lane *tdm_network_lane(const struct tdm_network *network, int link,
                                  enum tdm_direction direction);

/** The cells around a link, as probes see them; NULL: none. */
struct tdm_crowd *tdm_network_crowd(const struct tdm_network *network, int link);

/** Whether flows of a link have its latency in them. */
bool tdm_network_by_latency(const struct tdm_network *network, int link);

/** What one way of a link takes from now on, s, where flows have it in them. */
void tdm_network_set_latency(struct tdm_network *network, int link, double latency);

/** Starts a transfer at `now` over a shared lane. */
void tdm_network_send(struct tdm_network *network, struct tdm_lane *lane, double now, double bytes,
                      struct tdm_simgrid_flow *flow);
/** It has ended at `now`. */
void tdm_network_ended(struct tdm_network *network, struct tdm_lane *lane, double now);
/**
 * Bytes that somebody on a lane can have sent from `from` until `until`, if the shares were fair
 * and those who are in its cells then were all the time: SimGrid does not say.
 */
double tdm_network_carried(const struct tdm_network *network, int link,
                           enum tdm_direction direction, double from, double until);
/** The date of a pipe's change has come. */
void tdm_network_change(struct tdm_network *network, struct tdm_pipe *pipe, double now);

/** The host whose clock a board's domain is: cpu, where it has one of its own, or gpu; -1: none. */
int tdm_network_board(const struct tdm_network *network, int board, enum tdm_domain domain);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of the contention engine share. */
#ifndef TDM_ENGINE_CONTENTION_PARTS_H
#define TDM_ENGINE_CONTENTION_PARTS_H

#include "engine/engine.h"
#include "engine/network.h"
#include "engine/roster.h"
#include "engine/shares.h"

/** What the agenda calls its dates. */
enum tdm_what {
    TDM_SEND,         /**< a journey's first byte leaves */
    TDM_REACH_SERVER, /**< its last byte is at the server */
    TDM_SEND_BACK,    /**< the answer's first byte leaves */
    TDM_CHANGE,       /**< a link's rate changes */
    TDM_CLOCK,        /**< a board's clock changes */
    TDM_WORK,         /**< a board begins a stretch of work, for the plug-in */
};

/** What a board has sent, from its first byte on the uplink to the last of the answer. */
struct tdm_journey {
    struct tdm_simgrid_flow flow; // first: the flow that SimGrid hands back is the journey
    int board;
    struct tdm_way *way;
    int link; // of the scenario
    uint64_t number;
    double ready;                 // s, when the board has it ready to be sent
    enum tdm_direction direction; // of the flow that is under way
    bool on_air;                  // its radio is on for it
    double begun;                 // s, when its flow began; INFINITY: not yet
    struct tdm_passage passage;
    struct tdm_journey *next;           // waiting for the uplink, or free
    struct tdm_journey *before, *after; // of all that are under way
};

/** The uplink of a board's link: first come, first served. */
struct tdm_uplink {
    bool busy;
    struct tdm_journey *first, *last;
};

/** The engine. */
struct tdm_contention {
    struct tdm_engine base;
    struct tdm_remote remote;
    struct tdm_listener listener;
    bool all, energy;                 // flows everywhere; SimGrid's energy plug-in
    struct tdm_slots *slots;          // by server
    struct tdm_shares *shares;        // by server
    struct tdm_scenario_link *routed; // links through a platform, as it has them; by link, or NULL
    struct tdm_uplink *uplinks;       // by link
    struct tdm_network *network;
    struct tdm_roster roster;
    struct tdm_agenda agenda;
    int (*opp)[TDM_CLOCKS]; // of each board: as SimGrid will have been told
    struct tdm_journey *free, *under_way;
    double now;
    double known;     // s: all flows that end by then have been seen
    double lookahead; // s: what comes of a flow's end is that much later at least
    struct tdm_unit *deciding;
    bool started, stopped;
    struct tdm_error failed;
};

/** What takes its own memory in the agenda: freed when its date has come. */
static inline bool tdm_contention_owns(const struct tdm_date *date)
{
    return date->what == TDM_CLOCK || date->what == TDM_WORK;
}

/** The seams that a new engine is given, and its end. */
void tdm_contention_start_remote(struct tdm_remote *remote, int board, struct tdm_way *way,
                                 uint64_t number, double now, const struct tdm_passage *passage);
void tdm_contention_hear_piece(struct tdm_listener *listener, int board,
                               const struct tdm_piece *piece);
struct tdm_engine *tdm_contention_open(const char *rest, const struct tdm_scenario *scenario,
                                       uint64_t seed, bool recorded, struct tdm_error *error);
void tdm_contention_free(struct tdm_engine *engine);

static inline struct tdm_contention *tdm_contention_of(struct tdm_engine *engine)
{
    return (struct tdm_contention *)(void *)engine;
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What happens to what a board sends, in closed form: up the link, through the server's queue and
 * slots, down again. Exact where only this board uses the link; the uplink and the slots are first
 * come, first served among its own requests.
 */
#ifndef TDM_ENGINE_PASSAGE_H
#define TDM_ENGINE_PASSAGE_H

#include "engine/crowd.h"
#include "engine/radio_meter.h"
#include "model/scenario.h"

/** The slots of a server: when each is free again. */
struct tdm_slots {
    const struct tdm_server *server;
    const struct tdm_scenario_server *where; /**< its outages */
    size_t count;
    double *free_at; /**< s, `count` of them */
};

/** A scenario's server, free at 0. -1 without memory; the caller frees `free_at`. */
int tdm_slots_start(struct tdm_slots *slots, const struct tdm_scenario_server *where);

/** What the probes of a link saw that go out every second: the last is up to two seconds old. */
struct tdm_probes {
    double until;     /**< s, when there will be news */
    double bandwidth; /**< bytes/s up, as the last one saw */
    double trend;     /**< change from the one before */
};

/** A link as its board uses it. Plain memory: a copy looks ahead. */
struct tdm_way {
    const struct tdm_scenario_link *link;
    struct tdm_slots *slots;
    struct tdm_cursor up, down, probe;
    struct tdm_probes probes;
    struct tdm_radio_meter radio;
    double up_free;          /**< s, when the uplink is free */
    double server_energy;    /**< J above idle that its server took for it so far */
    struct tdm_crowd *crowd; /**< who else is in its cell; NULL: nobody knows of any */
};

/** What is sent, and what became of it. */
struct tdm_passage {
    double sent, received; /**< bytes */
    double service;        /**< s on the server, alone */
    double link_share;     /**< of the link's rates that it gets; 0: all */
    double server_share;   /**< of the server's speed that it gets; 0: all */
    double up_start, up_end;
    double serve_start, serve_end;
    double down_start, down_end; /**< INFINITY where the link never lets it through */
    double down_first;           /**< its first byte is at the board: down_start and half an rtt */
    double signal;               /**< dBm when it was sent */
    double radio_up;             /**< J of the radio for sending, promotion included */
    double server_energy;        /**< J; NAN where the server's power is not known */
};

/**
 * Sends at `now`; `passage` says what and gets its times. Counts the uplink in the radio's meter
 * (the downlink is counted by tdm_way_receive, when it happens). With `look_ahead`, the slots are
 * left as they are.
 */
void tdm_way_send(struct tdm_way *way, double now, struct tdm_passage *passage, bool look_ahead);

// The same in its parts, for those who carry it otherwise.

/** Starts sending at `now`, or when the uplink is free. Returns when the first byte leaves. */
double tdm_way_begin_up(struct tdm_way *way, double now, struct tdm_passage *passage);
/** Where nobody else sends: when the last byte that began at `first` has left. */
double tdm_way_alone_up(struct tdm_way *way, double first, const struct tdm_passage *passage);
/** The last byte left at `sent` (INFINITY: never), and the server has it at `there`. */
void tdm_way_end_up(struct tdm_way *way, double sent, double there, struct tdm_passage *passage);
/** Waits for a slot from passage->up_end on, and is served. */
void tdm_slots_serve(struct tdm_slots *slots, struct tdm_passage *passage, bool look_ahead);
/** J above idle of a server for work that it did in `service` s. */
double tdm_slots_joules(const struct tdm_slots *slots, double service);
/** Starts the answer at passage->serve_end, and counts what the server took. */
void tdm_way_begin_down(struct tdm_way *way, struct tdm_passage *passage);
/** Where nobody else receives: when the last byte of it is at the board. */
double tdm_way_alone_down(struct tdm_way *way, const struct tdm_passage *passage);

/** Half a round trip at `now`, s. */
double tdm_way_half_trip(struct tdm_way *way, struct tdm_cursor *cursor, double now);

/** Counts the downlink. Returns its J: the wait for it, the transfer, and a full tail. */
double tdm_way_receive(struct tdm_way *way, const struct tdm_passage *passage);

/** The run ends before a request is done: counts what has been received for it by then. */
void tdm_way_receive_some(struct tdm_way *way, const struct tdm_passage *passage);
/** The run ends in the middle of a transfer that began at `start` and has come to `bytes`. */
void tdm_way_break_off(struct tdm_way *way, enum tdm_direction direction, double start,
                       double bytes, const struct tdm_passage *passage);

/**
 * Seconds beyond latency and rate that opening a connection costs: two round trips of handshakes
 * (TCP and TLS 1.3) and slow start from ten segments of 1460 bytes, the window doubling every
 * round trip until it fills the rate.
 */
double tdm_cold_start(double bytes, double rtt, double rate);

#endif

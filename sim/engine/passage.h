// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What happens to what a board sends, in closed form: up the link, through the server's queue and
 * slots, down again. Exact where only this board uses the link; the uplink and the slots are first
 * come, first served among its own requests.
 */
#ifndef TDM_ENGINE_PASSAGE_H
#define TDM_ENGINE_PASSAGE_H

#include "engine/radio_meter.h"
#include "model/scenario.h"

/** The slots of a server: when each is free again. */
struct tdm_slots {
    const struct tdm_server *server;
    size_t count;
    double *free_at; /**< s, `count` of them */
    double energy;   /**< J above idle, served so far */
};

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
    double up_free; /**< s, when the uplink is free */
};

/** What is sent, and what became of it. */
struct tdm_passage {
    double sent, received; /**< bytes */
    double service;        /**< s on the server, alone */
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

/** Counts the downlink. Returns its J: the wait for it, the transfer, and a full tail. */
double tdm_way_receive(struct tdm_way *way, const struct tdm_passage *passage);

/**
 * Seconds beyond latency and rate that opening a connection costs: two round trips of handshakes
 * (TCP and TLS 1.3) and slow start from ten segments of 1460 bytes, the window doubling every
 * round trip until it fills the rate.
 */
double tdm_cold_start(double bytes, double rtt, double rate);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The board that an agent stands on, and who controls it: orders in, answers out. Knows nothing of
 * sockets. What takes time is done by a thread of its own, one order at a time; a descriptor tells
 * when an answer of it is due.
 */
#ifndef TDM_AGENT_STATION_H
#define TDM_AGENT_STATION_H

#include "hil/agent/executor.h"
#include "hil/agent/servers.h"
#include "hil/board/hold.h"
#include "hil/wire/order.h"

enum { TDM_CLIENT_ID = 256 /* bytes */ };

/** Who asks: a session, and ZeroMQ's identity of the connection that the answer goes to. */
struct tdm_client {
    uint64_t session;
    size_t size;
    uint8_t id[TDM_CLIENT_ID];
};

struct tdm_station_options {
    struct tdm_hold_options hold; /**< its lease is the one for those who name none */
    const char *executor;         /**< NULL: the first that there is */
    struct tdm_networks_options networks;
    const struct tdm_cloud_keys *cloud; /**< for servers that let in only whom they know; or NULL */
    struct tdm_saying saying;
};

struct tdm_station;

/** `hw`, `root` and what the options point to must live as long. NULL with `error`: no executor, no
 * memory. The caller closes it. */
struct tdm_station *tdm_station_open(struct tdm_hw *hw, const char *root,
                                     const struct tdm_station_options *options,
                                     struct tdm_error *error);
/** Waits for what is under way, and puts the board back. Returns how many knobs are not. */
int tdm_station_close(struct tdm_station *station);

/**
 * An order of a client. True: `answer` is filled, send it. False: it is under way, and
 * tdm_station_done will bring the answer.
 */
bool tdm_station_take(struct tdm_station *station, const struct tdm_client *client,
                      const struct tdm_order *order, struct tdm_answer *answer);

/** Readable once an answer is there. */
int tdm_station_descriptor(const struct tdm_station *station);
/** True: `answer` is for `client` (of size 0: for nobody); ask again until it is false. */
bool tdm_station_done(struct tdm_station *station, struct tdm_client *client,
                      struct tdm_answer *answer);

/** The session that has the board or is about to; 0: none. */
uint64_t tdm_station_holder(const struct tdm_station *station);

/** s until tdm_station_check is to be called; INFINITY: never. */
double tdm_station_due(const struct tdm_station *station);
/** Takes the board from somebody whose lease is over; gives up work that is not wanted any more. */
void tdm_station_check(struct tdm_station *station);

#endif

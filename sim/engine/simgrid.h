// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * SimGrid as a network of flows: transfers that share links, and hosts whose clocks follow the
 * boards'. Only simgrid*.c know SimGrid; its C API as far as 3.32 and 4.0 have it alike.
 *
 * SimGrid lives once a process and its clock never returns, so there is one network a process, and
 * it lasts until the process ends. It runs on a stack of its own and hands over whenever a flow has
 * ended or a date is reached; between two calls its clock stands still.
 *
 * Flows are carried by a pool of actors. Whoever of them has control when the caller goes on takes
 * the new orders: it carries a flow, sleeps until the next date, or waits to be needed; if there is
 * more to do than it can, it wakes others.
 */
#ifndef TDM_ENGINE_SIMGRID_H
#define TDM_ENGINE_SIMGRID_H

#include <stdbool.h>
#include <stddef.h>

#include "tandem.h"

/** A transfer. Plain memory of the caller's, in use from tdm_simgrid_send until it has ended. */
struct tdm_simgrid_flow {
    int from, to;        /**< hosts */
    double bytes;        /**< rounded up to tdm_simgrid_setup's unit */
    const int *changing; /**< links on its way whose rates change while it runs */
    int changing_count;
    double ended; /**< s, SimGrid's clock when it was through */

    struct tdm_simgrid_flow *next;
};

struct tdm_simgrid_setup {
    const char *platform; /**< text of the platform, or its path where it is a user's file */
    bool is_path;
    double unit; /**< SimGrid's bytes in one byte: the platform's rates are scaled by it */
    bool energy; /**< with SimGrid's energy plug-in for hosts */
    bool many;   /**< hosts, so that memory is short */
};

/** SimGrid's version, "3.32". */
const char *tdm_simgrid_version(void);

/** Starts it. -1 with `error` where there has been one in this process before. */
int tdm_simgrid_start(const struct tdm_simgrid_setup *setup, struct tdm_error *error);

/** A number for what is called so, which must be there (asserted). Ask once: each call is a new
 * one. */
int tdm_simgrid_host(const char *name);
int tdm_simgrid_link(const char *name);

// Orders. They are carried out at the date that the next tdm_simgrid_advance calls `now`.

/** Starts a flow. */
void tdm_simgrid_send(struct tdm_simgrid_flow *flow);
/** Sets a link's rate, bytes/s; zero (an outage) becomes next to nothing. */
void tdm_simgrid_set_rate(int link, double rate);
/** The same for a link that nobody uses: whoever does next sets it (it is `changing` for them). */
void tdm_simgrid_note_rate(int link, double rate);
/** Sets a link's latency, s. */
void tdm_simgrid_set_latency(int link, double latency);
/** Sets a host's clock. */
void tdm_simgrid_set_pstate(int host, int pstate);
/** Keeps a host busy for `time` s at its clock from now on, with this share (0 to 1) of it. */
void tdm_simgrid_work(int host, double time, double load);

/**
 * Lets time pass from `now` (the caller's clock) until `until`, or until a flow ends before that,
 * which is returned. NULL: none does. Who gives no orders before he asks again, and can do with
 * what ends by `enough`, is often spared the way to SimGrid and back.
 */
struct tdm_simgrid_flow *tdm_simgrid_advance(double now, double enough, double until);

/** J that the plug-in counted for a host up to `now`. */
double tdm_simgrid_joules(int host, double now);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A board behind an agent (`tandem-agent`): the host's side of hil/wire/wire.proto. Calls block,
 * and each has a deadline. Between calls a thread keeps the lease, for as long as the process
 * lives. One thread at a time uses a connection.
 */
#ifndef TDM_CLIENT_AGENT_H
#define TDM_CLIENT_AGENT_H

#include "hil/wire/order.h"

struct tdm_agent;

struct tdm_agent_options {
    const char *key;   /**< our pair of keys, of `tandem hil keys`; NULL: no encryption */
    const char *agent; /**< the agent's public key, with `key` */
    const char *who;   /**< told to others who want the board; NULL: user@host */
    double deadline;   /**< s for an answer, beyond what the call itself takes; 0: 5 s */
};

/**
 * Connects to `tcp://HOST:PORT` or `ipc:///PATH`. NULL with `error`: nobody answers there, it
 * speaks another version, or does not know our key. The caller closes it.
 */
struct tdm_agent *tdm_agent_open(const char *uri, const struct tdm_agent_options *options,
                                 struct tdm_error *error);
/** Releases the board, if it was taken (best effort), and disconnects; NULL is fine. */
void tdm_agent_close(struct tdm_agent *agent);

/** Valid until it is closed. */
const struct tdm_agent_welcome *tdm_agent_welcome(const struct tdm_agent *agent);

/*
 * All of these: 0, or -1 with `error`: refused by the agent (its reason), no answer in time, or the
 * board is not ours any more (the lease was lost: it is as it was before).
 */

/** Takes the board, so that clocks may be set and work be run. `lease` s; 0: the agent's. */
int tdm_agent_take(struct tdm_agent *agent, double lease, struct tdm_error *error);
/** Puts it back as it was, and waits until it is. `wrong` (may be NULL): knobs that are not. */
int tdm_agent_release(struct tdm_agent *agent, int *wrong, struct tdm_error *error);

/** The lease begins anew. Between calls that happens by itself. */
int tdm_agent_renew(struct tdm_agent *agent, struct tdm_error *error);

/**
 * Sets clocks. `seconds` (may be NULL) is what that took on the board, settling included. With
 * `hurry` it does not wait until the sensors show nothing older.
 */
int tdm_agent_set(struct tdm_agent *agent, const struct tdm_setting *setting, bool hurry,
                  struct tdm_report *report, double *seconds, struct tdm_error *error);
/** Whether what was set last still holds. */
int tdm_agent_look(struct tdm_agent *agent, struct tdm_report *report, struct tdm_error *error);

/** Runs work once. `most` s: given up beyond it. */
int tdm_agent_run(struct tdm_agent *agent, const struct tdm_vwork_job *work, double most,
                  struct tdm_agent_segment *segment, struct tdm_error *error);
/**
 * Carries out a whole plan for one request, of the work's network; its `share` and `cpu_time` mean
 * nothing. `most` s: given up beyond it.
 */
int tdm_agent_infer(struct tdm_agent *agent, const struct tdm_vwork_job *work,
                    const struct tdm_infer *infer, double most, struct tdm_inference *inference,
                    struct tdm_agent_segment *segment, struct tdm_error *error);
/** Nothing runs for `seconds`. */
int tdm_agent_rest(struct tdm_agent *agent, double seconds, struct tdm_agent_segment *segment,
                   struct tdm_error *error);
int tdm_agent_read(struct tdm_agent *agent, struct tdm_agent_readings *readings,
                   struct tdm_error *error);

#endif

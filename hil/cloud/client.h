// SPDX-License-Identifier: GPL-3.0-or-later
/** A board's connection to tandem-cloud: features go there, logits come back. One thread at a time.
 */
#ifndef TDM_CLOUD_CLIENT_H
#define TDM_CLOUD_CLIENT_H

#include "hil/inference/remote.h"
#include "hil/keys/keys.h"

struct tdm_cloud;

/** For a server that lets in only whom it knows. */
struct tdm_cloud_keys {
    struct tdm_keys own;
    char server[TDM_KEY_TEXT]; /**< its public key */
};

/** What came back. `logits` is valid until the next call. */
struct tdm_cloud_answer {
    uint64_t number;
    const float *logits; /**< tdm_cloud_classes of them */
    int batch;           /**< requests that ran together */
    double queued, ran;  /**< s, on the server */
};

/**
 * Connects to a server (`keys` NULL: to one that asks for none) and asks what its network takes;
 * waits at most `timeout` s for that. The caller closes it. NULL with `error`: nobody answers, as
 * nobody does to a stranger, or the server has no such network.
 */
struct tdm_cloud *tdm_cloud_open(const char *uri, const char *network,
                                 const struct tdm_cloud_keys *keys, double timeout,
                                 struct tdm_error *error);
void tdm_cloud_close(struct tdm_cloud *cloud);

struct tdm_features tdm_cloud_takes(const struct tdm_cloud *cloud);
int tdm_cloud_classes(const struct tdm_cloud *cloud);
/** s that a small message took to the server and back once the connection stood: of three, the
 * fastest. */
double tdm_cloud_rtt(const struct tdm_cloud *cloud);
int tdm_cloud_share(const struct tdm_cloud *cloud); /**< asks that may wait there at a time */

/**
 * Sends a packet, whose answer is wanted if it starts within `budget` s of its arrival (0: in any
 * case). Returns its number, or 0 with `error`.
 */
uint64_t tdm_cloud_send(struct tdm_cloud *cloud, struct tdm_packet packet, double budget,
                        struct tdm_error *error);

/**
 * Waits at most `timeout` s for the next answer, whichever it is of. 1: it is there; 0: none came;
 * -1 with `error`: one was refused (`answer->number` says which), or what came is no reply.
 */
int tdm_cloud_wait(struct tdm_cloud *cloud, double timeout, struct tdm_cloud_answer *answer,
                   struct tdm_error *error);

#endif

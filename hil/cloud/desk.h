// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Where asks are taken, wait and are answered, without a network or a clock of its own: messages
 * come in and go out as bytes. Asks for one network that wait together run together (a batch): as
 * soon as `batch` are there, or the first has waited `patience`, or one has waited half its budget.
 *
 * Nothing that a client sends ends it, grows without bound, or holds up other clients for longer
 * than its share of the queue takes to run.
 */
#ifndef TDM_CLOUD_DESK_H
#define TDM_CLOUD_DESK_H

#include "hil/inference/remote.h"

enum {
    TDM_DESK_VERSION = 1,
    TDM_DESK_NETWORKS = 16,
    TDM_DESK_NAME = 64,   /**< bytes of a network's name, its '\0' included */
    TDM_DESK_CLIENT = 64, /**< bytes of a client's identity, at most */
};

/** A network that can be run; tdm_remote behind it, or something else in tests. */
struct tdm_desk_network {
    char name[TDM_DESK_NAME];
    struct tdm_features takes;
    int classes;
    int (*put)(void *context, int index, struct tdm_packet packet, struct tdm_error *error);
    int (*run)(void *context, int count, float *logits, struct tdm_error *error);
    void *context; /**< the caller's; lives longer than the desk */
};

struct tdm_desk_options {
    int batch;             /**< asks that run together, at most */
    double patience;       /**< s that the first of a batch waits for others */
    int clients;           /**< that may have asks waiting at a time */
    int queue;             /**< asks that wait, of all clients */
    int share;             /**< of these, of one client */
    size_t bytes;          /**< of features that wait, of all clients */
    double (*clock)(void); /**< s, to measure how long a batch runs; NULL: it is not measured */
};

/** One message to one client. */
typedef void tdm_desk_send(void *context, const uint8_t *client, size_t client_size,
                           const uint8_t *bytes, size_t size);

struct tdm_desk_counts {
    uint64_t answered, refused, malformed, batches; /**< malformed ones are refused, too */
};

struct tdm_desk;

/** The caller frees it. NULL: out of memory. */
struct tdm_desk *tdm_desk_new(const struct tdm_desk_options *options, tdm_desk_send *send,
                              void *context);
void tdm_desk_free(struct tdm_desk *desk);

/** -1 with `error`: too many, a name that is none or is there already. */
int tdm_desk_add(struct tdm_desk *desk, const struct tdm_desk_network *network,
                 struct tdm_error *error);

/** Bytes of the largest message that makes sense; larger ones are refused. */
size_t tdm_desk_largest(const struct tdm_desk *desk);

/** Takes a message that came at `now` (s). Refusals and descriptions are sent at once. */
void tdm_desk_take(struct tdm_desk *desk, const uint8_t *client, size_t client_size,
                   const uint8_t *bytes, size_t size, double now);

/** When the next batch is due, s; INFINITY: nobody waits. */
double tdm_desk_due(const struct tdm_desk *desk);

/** Runs the batch that is due first, if one is at `now`, and sends its answers. */
void tdm_desk_run(struct tdm_desk *desk, double now);

struct tdm_desk_counts tdm_desk_counts(const struct tdm_desk *desk);

#endif

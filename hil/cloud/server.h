// SPDX-License-Identifier: GPL-3.0-or-later
/** The desk on a ZeroMQ ROUTER: one thread that receives, waits, runs and replies. */
#ifndef TDM_CLOUD_SERVER_H
#define TDM_CLOUD_SERVER_H

#include "hil/cloud/desk.h"
#include "hil/keys/keys.h"

struct tdm_server;

/** The caller closes it. NULL with `error`. */
struct tdm_server *tdm_server_open(const struct tdm_desk_options *options, struct tdm_error *error);
void tdm_server_close(struct tdm_server *server);

/** Networks are added to it before the server listens. */
struct tdm_desk *tdm_server_desk(struct tdm_server *server);

/**
 * Lets in only clients that `known` names, and speaks with `keys` as its own; both are the caller's
 * and live longer. Called before it listens. -1 with `error`.
 */
int tdm_server_guard(struct tdm_server *server, const struct tdm_keys *keys,
                     const struct tdm_known *known, struct tdm_error *error);

/**
 * Listens at "tcp://ADDRESS:PORT" ("*": any) or "ipc://PATH"; where it is not guarded, at a
 * loopback address only. -1 with `error`: another machine could reach it, or the place cannot be
 * had.
 */
int tdm_server_listen(struct tdm_server *server, const char *uri, struct tdm_error *error);

/** Where it listens, the port filled in. */
const char *tdm_server_uri(const struct tdm_server *server);

/** Connections that were turned away for want of a key that is known. */
uint64_t tdm_server_strangers(const struct tdm_server *server);

/** Serves until the descriptor `stop` can be read. -1 with `error`. */
int tdm_server_run(struct tdm_server *server, int stop, struct tdm_error *error);

#endif

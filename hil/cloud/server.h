// SPDX-License-Identifier: GPL-3.0-or-later
/** The desk on a ZeroMQ ROUTER: one thread that receives, waits, runs and replies. */
#ifndef TDM_CLOUD_SERVER_H
#define TDM_CLOUD_SERVER_H

#include "hil/cloud/desk.h"

struct tdm_server;

/** The caller closes it. NULL with `error`. */
struct tdm_server *tdm_server_open(const struct tdm_desk_options *options, struct tdm_error *error);
void tdm_server_close(struct tdm_server *server);

/** Networks are added to it before the server listens. */
struct tdm_desk *tdm_server_desk(struct tdm_server *server);

/**
 * Listens at "tcp://127.0.0.1:PORT" (loopback only; "*": any free port) or "ipc://PATH". -1 with
 * `error`: another machine could reach it, or the place cannot be had.
 */
int tdm_server_listen(struct tdm_server *server, const char *uri, struct tdm_error *error);

/** Where it listens, the port filled in. */
const char *tdm_server_uri(const struct tdm_server *server);

/** Serves until the descriptor `stop` can be read. -1 with `error`. */
int tdm_server_run(struct tdm_server *server, int stop, struct tdm_error *error);

#endif

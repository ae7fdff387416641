// SPDX-License-Identifier: GPL-3.0-or-later
/** The agent's socket: requests to the station, its answers back. */
#ifndef TDM_AGENT_SERVER_H
#define TDM_AGENT_SERVER_H

#include "hil/agent/station.h"
#include "hil/keys/keys.h"

struct tdm_agent_server;

/**
 * Listens at `uris` (count of them). Without keys (`keys` and `known` NULL) only where nobody from
 * outside can come: loopback, or a Unix socket, which is for its owner alone. -1 in the error case
 * is NULL with `error`. The station lives as long. The caller closes it.
 */
struct tdm_agent_server *
tdm_agent_server_open(struct tdm_station *station, const struct tdm_keys *keys,
                      const struct tdm_known *known, const char *const *uris, int count,
                      const struct tdm_saying *saying, struct tdm_error *error);
void tdm_agent_server_close(struct tdm_agent_server *server);

/** Where it listens, by index: a port * has become a number. */
const char *tdm_agent_server_uri(const struct tdm_agent_server *server, int index);

/** Serves until `stop` is readable. -1 with `error`. */
int tdm_agent_server_run(struct tdm_agent_server *server, int stop, struct tdm_error *error);

#endif

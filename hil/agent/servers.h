// SPDX-License-Identifier: GPL-3.0-or-later
/** Warm connections from this board to tandem-cloud, by address and network. One thread. */
#ifndef TDM_AGENT_SERVERS_H
#define TDM_AGENT_SERVERS_H

#include "hil/cloud/client.h"

struct tdm_servers;

/** `keys` NULL: of servers that ask for none; they live longer. The caller frees it; NULL: memory.
 */
struct tdm_servers *tdm_servers_new(const struct tdm_cloud_keys *keys);
void tdm_servers_free(struct tdm_servers *servers);

/**
 * A connection, made where there is none yet: then `cold` is how long that took, else 0 (s). Waits
 * `patience` s at most. NULL with `error`; else it lives until it is dropped.
 */
struct tdm_cloud *tdm_servers_reach(struct tdm_servers *servers, const char *uri,
                                    const char *network, double patience, double *cold,
                                    struct tdm_error *error);

/** Of a connection on which something went wrong: the next one is made anew. */
void tdm_servers_drop(struct tdm_servers *servers, struct tdm_cloud *cloud);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/servers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/board/sensors.h"
#include "hil/wire/order.h"

enum { MOST = 8 };

struct server {
    char uri[TDM_AGENT_URI], network[TDM_AGENT_NAME];
    struct tdm_cloud *cloud; // NULL: a free place
};

struct tdm_servers {
    const struct tdm_cloud_keys *keys;
    struct server all[MOST];
    int next; // the place that is used again when all are taken
};

struct tdm_servers *tdm_servers_new(const struct tdm_cloud_keys *keys)
{
    struct tdm_servers *servers = calloc(1, sizeof *servers);
    if (servers)
        servers->keys = keys;
    return servers;
}

void tdm_servers_free(struct tdm_servers *servers)
{
    for (int i = 0; servers && i < MOST; i++)
        tdm_cloud_close(servers->all[i].cloud);
    free(servers);
}

static struct server *find(struct tdm_servers *servers, const char *uri, const char *network)
{
    for (int i = 0; i < MOST; i++) {
        struct server *server = &servers->all[i];
        if (server->cloud && strcmp(server->uri, uri) == 0 && strcmp(server->network, network) == 0)
            return server;
    }
    return NULL;
}

static struct server *make_place(struct tdm_servers *servers)
{
    for (int i = 0; i < MOST; i++)
        if (!servers->all[i].cloud)
            return &servers->all[i];
    struct server *server = &servers->all[servers->next];
    servers->next = (servers->next + 1) % MOST;
    tdm_cloud_close(server->cloud);
    server->cloud = NULL;
    return server;
}

struct tdm_cloud *tdm_servers_reach(struct tdm_servers *servers, const char *uri,
                                    const char *network, double patience, double *cold,
                                    struct tdm_error *error)
{
    struct server *server = find(servers, uri, network);
    *cold = 0;
    if (server)
        return server->cloud;
    server = make_place(servers);
    const double begin = tdm_sensors_now();
    server->cloud = tdm_cloud_open(uri, network, servers->keys, patience, error);
    *cold = tdm_sensors_now() - begin;
    snprintf(server->uri, sizeof server->uri, "%s", uri);
    snprintf(server->network, sizeof server->network, "%s", network);
    return server->cloud;
}

void tdm_servers_drop(struct tdm_servers *servers, struct tdm_cloud *cloud)
{
    for (int i = 0; i < MOST; i++)
        if (servers->all[i].cloud == cloud)
            servers->all[i].cloud = NULL;
    tdm_cloud_close(cloud);
}

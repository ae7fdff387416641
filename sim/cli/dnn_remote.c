// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/dnn_remote.h"

#include <string.h>

#ifdef TANDEM_CLOUD
#include "hil/cloud/client.h"

static const double patience = 10; // s for any reply

static int open_there(struct tdm_elsewhere *elsewhere, const char *folder,
                      const struct tdm_elsewhere_server *server, struct tdm_error *error)
{
    const char *slash = strrchr(folder, '/');
    struct tdm_cloud_keys keys;
    if (!server->key != !server->server_key)
        return tdm_fail(error, "--key and --server-key go together");
    if (server->key && (tdm_keys_read(&keys.own, server->key, error) ||
                        tdm_keys_read_public(keys.server, server->server_key, error)))
        return -1;
    elsewhere->there = tdm_cloud_open(server->uri, slash ? slash + 1 : folder,
                                      server->key ? &keys : NULL, patience, error);
    return elsewhere->there ? 0 : -1;
}

static int run_there(struct tdm_elsewhere *elsewhere, struct tdm_packet packet, float *logits,
                     struct tdm_error *error)
{
    struct tdm_cloud_answer answer;
    const uint64_t number = tdm_cloud_send(elsewhere->there, packet, 0, error);
    if (!number)
        return -1;
    const int came = tdm_cloud_wait(elsewhere->there, patience, &answer, error);
    if (came == 0)
        return tdm_fail(error, "the server does not answer any more");
    if (came < 0 || answer.number != number)
        return came < 0 ? -1 : tdm_fail(error, "the server answered another request");
    const size_t classes = (size_t)tdm_cloud_classes(elsewhere->there);
    memcpy(logits, answer.logits, classes * sizeof *logits);
    return 0;
}
#else
static int open_there(struct tdm_elsewhere *elsewhere, const char *folder,
                      const struct tdm_elsewhere_server *server, struct tdm_error *error)
{
    (void)elsewhere;
    (void)folder;
    return tdm_fail(error, "%.64s: this program was built without ZeroMQ and protobuf-c",
                    server->uri);
}
#endif

int tdm_elsewhere_open(struct tdm_elsewhere *elsewhere, struct tdm_runtime *runtime,
                       const char *folder, const struct tdm_session_options *options,
                       const struct tdm_elsewhere_server *server, struct tdm_error *error)
{
    *elsewhere = (struct tdm_elsewhere){0};
    if (server->uri)
        return open_there(elsewhere, folder, server, error);
    elsewhere->here = tdm_remote_open(runtime, folder, options, 1, error);
    return elsewhere->here ? 0 : -1;
}

void tdm_elsewhere_close(struct tdm_elsewhere *elsewhere)
{
    tdm_remote_close(elsewhere->here);
#ifdef TANDEM_CLOUD
    tdm_cloud_close(elsewhere->there);
#endif
}

struct tdm_features tdm_elsewhere_takes(const struct tdm_elsewhere *elsewhere)
{
#ifdef TANDEM_CLOUD
    if (elsewhere->there)
        return tdm_cloud_takes(elsewhere->there);
#endif
    return tdm_remote_takes(elsewhere->here);
}

int tdm_elsewhere_classes(const struct tdm_elsewhere *elsewhere)
{
#ifdef TANDEM_CLOUD
    if (elsewhere->there)
        return tdm_cloud_classes(elsewhere->there);
#endif
    return tdm_remote_classes(elsewhere->here);
}

int tdm_elsewhere_run(struct tdm_elsewhere *elsewhere, struct tdm_packet packet, float *logits,
                      struct tdm_error *error)
{
#ifdef TANDEM_CLOUD
    if (elsewhere->there)
        return run_there(elsewhere, packet, logits, error);
#endif
    return tdm_remote_put(elsewhere->here, 0, packet, error) ||
                   tdm_remote_run(elsewhere->here, 1, logits, error)
               ? -1
               : 0;
}

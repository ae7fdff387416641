// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/remote.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "hil/inference/part.h"

struct tdm_remote {
    struct tdm_session *session;
    struct tdm_features takes;
    int classes, most;
    float *features; // of `most` requests
};

static int start(struct tdm_remote *remote, struct tdm_runtime *runtime, const char *folder,
                 const struct tdm_session_options *options, struct tdm_error *error)
{
    char path[256];
    if (tdm_part_path(folder, "remote", path, sizeof path, error))
        return -1;
    remote->session = tdm_session_open(runtime, path, options, error);
    if (!remote->session ||
        tdm_part_check(remote->session, path, &remote->takes, &remote->classes, error))
        return -1;
    if (remote->most > 1 && !tdm_session_batches(remote->session))
        return tdm_fail_at(error, path, 0, 0, "takes one request at a time: its batch is fixed");
    const size_t values = (size_t)remote->takes.channels * (size_t)remote->takes.plane;
    remote->features = calloc((size_t)remote->most * values, sizeof *remote->features);
    return remote->features ? 0 : tdm_fail(error, "out of memory");
}

struct tdm_remote *tdm_remote_open(struct tdm_runtime *runtime, const char *folder,
                                   const struct tdm_session_options *options, int most,
                                   struct tdm_error *error)
{
    struct tdm_remote *remote = calloc(1, sizeof *remote);
    assert(most >= 1);
    if (!remote) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    remote->most = most;
    if (start(remote, runtime, folder, options, error)) {
        tdm_remote_close(remote);
        return NULL;
    }
    return remote;
}

void tdm_remote_close(struct tdm_remote *remote)
{
    if (!remote)
        return;
    tdm_session_close(remote->session);
    free(remote->features);
    free(remote);
}

struct tdm_features tdm_remote_takes(const struct tdm_remote *remote)
{
    return remote->takes;
}

int tdm_remote_classes(const struct tdm_remote *remote)
{
    return remote->classes;
}

const char *tdm_remote_ran(const struct tdm_remote *remote)
{
    return tdm_session_ran(remote->session);
}

int tdm_remote_put(struct tdm_remote *remote, int index, struct tdm_packet packet,
                   struct tdm_error *error)
{
    assert(index >= 0 && index < remote->most);
    const size_t values = (size_t)remote->takes.channels * (size_t)remote->takes.plane;
    return tdm_features_unpack(packet.data, packet.bytes, remote->takes,
                               remote->features + (size_t)index * values, error);
}

int tdm_remote_run(struct tdm_remote *remote, int count, float *logits, struct tdm_error *error)
{
    assert(count >= 1 && count <= remote->most);
    const void *inputs[] = {remote->features};
    void *outputs[] = {logits};
    return tdm_session_run(remote->session, count, inputs, outputs, error);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Where the remote part of a split network runs: in this process, or at a tandem-cloud. */
#ifndef TDM_CLI_DNN_REMOTE_H
#define TDM_CLI_DNN_REMOTE_H

#include "hil/inference/remote.h"

/** A server, and the files of the keys that it asks for; `uri` NULL: this process. */
struct tdm_elsewhere_server {
    const char *uri, *key, *server_key;
};

struct tdm_elsewhere {
    struct tdm_remote *here;
    struct tdm_cloud *there; /**< or this one */
};

/**
 * Opens FOLDER/remote.onnx, or, with a server, the network called as the folder there. The
 * caller closes it, also after -1 with `error`.
 */
int tdm_elsewhere_open(struct tdm_elsewhere *elsewhere, struct tdm_runtime *runtime,
                       const char *folder, const struct tdm_session_options *options,
                       const struct tdm_elsewhere_server *server, struct tdm_error *error);
void tdm_elsewhere_close(struct tdm_elsewhere *elsewhere);

struct tdm_features tdm_elsewhere_takes(const struct tdm_elsewhere *elsewhere);
int tdm_elsewhere_classes(const struct tdm_elsewhere *elsewhere);

/** One request. -1 with `error`. */
int tdm_elsewhere_run(struct tdm_elsewhere *elsewhere, struct tdm_packet packet, float *logits,
                      struct tdm_error *error);

#endif

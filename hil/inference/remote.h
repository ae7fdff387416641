// SPDX-License-Identifier: GPL-3.0-or-later
/** The remote part of a network that is split as DVFO does it: packets of features to logits. */
#ifndef TDM_INFERENCE_REMOTE_H
#define TDM_INFERENCE_REMOTE_H

#include "hil/inference/features.h"
#include "hil/inference/session.h"

struct tdm_remote;

struct tdm_packet {
    const uint8_t *data;
    size_t bytes;
};

/**
 * Opens FOLDER/remote.onnx, which takes at most `most` requests at a time. The caller closes it.
 * NULL with `error`: the session's, or it is not of one input (batch, channels, …) and one output
 * (batch, classes) of float32.
 */
struct tdm_remote *tdm_remote_open(struct tdm_runtime *runtime, const char *folder,
                                   const struct tdm_session_options *options, int most,
                                   struct tdm_error *error);
void tdm_remote_close(struct tdm_remote *remote);

struct tdm_features tdm_remote_takes(const struct tdm_remote *remote);
int tdm_remote_classes(const struct tdm_remote *remote);
const char *tdm_remote_ran(const struct tdm_remote *remote); /**< tdm_session_ran */

/** Unpacks a packet into place `index` of the next batch. -1 with `error`: tdm_features_unpack's.
 */
int tdm_remote_put(struct tdm_remote *remote, int index, struct tdm_packet packet,
                   struct tdm_error *error);

/** Runs places 0 to `count` - 1; `logits` holds `count` times tdm_remote_classes. */
int tdm_remote_run(struct tdm_remote *remote, int count, float *logits, struct tdm_error *error);

#endif

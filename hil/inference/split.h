// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The board's side of a network that is split as DVFO does it, a request at a time:
 *
 *     extract     extractor.onnx: image -> features, importance (of channels), exit (if it has one)
 *     choose      which channels are sent: the least important ones
 *     pack        these -> a packet, for tdm_remote or a server
 *     local       the other channels, zeros for those -> local.onnx -> logits
 *     fuse        lambda local + (1 - lambda) remote; where one saw no channel, the other's logits
 */
#ifndef TDM_INFERENCE_SPLIT_H
#define TDM_INFERENCE_SPLIT_H

#include "hil/inference/remote.h"

struct tdm_split;

/**
 * Opens FOLDER/extractor.onnx and local.onnx. The caller closes it. NULL with `error`: a session's,
 * or one of them does not have the inputs and outputs above.
 */
struct tdm_split *tdm_split_open(struct tdm_runtime *runtime, const char *folder,
                                 const struct tdm_session_options *options,
                                 struct tdm_error *error);
void tdm_split_close(struct tdm_split *split);

size_t tdm_split_image_bytes(const struct tdm_split *split);
struct tdm_features tdm_split_features(const struct tdm_split *split);
int tdm_split_classes(const struct tdm_split *split);
const char *tdm_split_ran(const struct tdm_split *split); /**< tdm_session_ran of the extractor */

/** Begins a request. `image` is of uint8. */
int tdm_split_extract(struct tdm_split *split, const uint8_t *image, struct tdm_error *error);

/** Logits of the early exit of the request, valid until the next; NULL: the network has none. */
const float *tdm_split_exit(const struct tdm_split *split);

/** A number a channel, of the request, valid until the next. */
const float *tdm_split_importance(const struct tdm_split *split);

/** Chooses which channels are sent. */
void tdm_split_choose(struct tdm_split *split, double xi);

/** The channels to send, valid until the next call; `bytes` 0: none are. */
struct tdm_packet tdm_split_pack(struct tdm_split *split, int bits);

/** Runs the local part on the channels that are not sent, if there are any. */
int tdm_split_local(struct tdm_split *split, struct tdm_error *error);

/** The answer; `remote` holds tdm_split_classes logits, or NULL where nothing was sent. */
void tdm_split_fuse(const struct tdm_split *split, double lambda, const float *remote,
                    float *answer);

/** Index of the largest of `count` logits, the first of equals. */
int tdm_top_class(const float *logits, int count);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The networks whose stages stand on this board, and the pictures that they are shown. What is
 * opened stays open; ONNX Runtime is loaded when the first network is asked for. One thread.
 */
#ifndef TDM_AGENT_NETWORKS_H
#define TDM_AGENT_NETWORKS_H

#include "hil/inference/split.h"

struct tdm_networks_options {
    enum tdm_provider provider;
    int threads;          /**< 0: one */
    const char *pictures; /**< a folder for tdm_labelled_read; NULL: pictures are noise */
    const char *part;     /**< of them: "test" */
};

struct tdm_networks;

/** The caller frees it. NULL with `error`: no such pictures, no memory. */
struct tdm_networks *tdm_networks_new(const struct tdm_networks_options *options,
                                      struct tdm_error *error);
void tdm_networks_free(struct tdm_networks *networks);

/**
 * The split network of a name of `tandem dnn list`, from the folder beside its file; NULL with
 * `error`. It lives as long as `networks`.
 */
struct tdm_split *tdm_networks_split(struct tdm_networks *networks, const char *name,
                                     struct tdm_error *error);

/**
 * Picture `number`, modulo how many there are, for `split`; valid until the next call. `label` is
 * -1 where it has none: noise. NULL with `error`: pictures of another size.
 */
const uint8_t *tdm_networks_picture(struct tdm_networks *networks, const struct tdm_split *split,
                                    uint64_t number, int *label, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Labelled pictures in MNIST's form, IDX: PREFIX-images.idx and PREFIX-labels.idx, of bytes. */
#ifndef TDM_INFERENCE_LABELLED_H
#define TDM_INFERENCE_LABELLED_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

struct tdm_labelled {
    size_t count, bytes; /**< pictures, and bytes of each */
    uint8_t *images, *labels;
};

/** Reads "DIR/PART-images.idx" and "DIR/PART-labels.idx". -1 with `error`. */
int tdm_labelled_read(struct tdm_labelled *labelled, const char *folder, const char *part,
                      struct tdm_error *error);
void tdm_labelled_free(struct tdm_labelled *labelled);

/**
 * The bytes behind an IDX header of `rank` axes (of bytes), and the first axis' length in `count`.
 * NULL with `error`, whose file is `path`: another type or rank, or not as long as it says.
 */
const uint8_t *tdm_idx_check(const uint8_t *file, size_t size, int rank, const char *path,
                             size_t *count, struct tdm_error *error);

#endif

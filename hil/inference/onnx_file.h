// SPDX-License-Identifier: GPL-3.0-or-later
/** An ONNX file as bytes: whether it is one, and whole, before a runtime reads it. */
#ifndef TDM_INFERENCE_ONNX_FILE_H
#define TDM_INFERENCE_ONNX_FILE_H

#include <stddef.h>

#include "core/error.h"

enum { TDM_ONNX_LARGEST = 512 << 20 }; /**< bytes of a file that is read */

/** Reads and checks `path`. The caller frees the bytes. NULL with `error`. */
void *tdm_onnx_read(const char *path, size_t *size, struct tdm_error *error);

/**
 * 0 where the bytes have the outer form of an ONNX model that ends where they end and keeps its
 * weights in itself. -1 with `error`, whose file is `path`.
 */
int tdm_onnx_check(const void *bytes, size_t size, const char *path, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * ONNX Runtime, loaded when the program runs: a distribution's library, the one of a package for
 * Node.js or Python, or one that was built for a Jetson's GPU. Versions 1.11 and later.
 */
#ifndef TDM_INFERENCE_RUNTIME_H
#define TDM_INFERENCE_RUNTIME_H

#include "core/error.h"

struct tdm_runtime;

/**
 * Loads the library at `path`; NULL: at $TANDEM_ONNXRUNTIME, else where the loader finds it, else
 * where `bootstrap` has put it. The caller closes it, after its sessions. NULL with `error`.
 */
struct tdm_runtime *tdm_runtime_open(const char *path, struct tdm_error *error);
void tdm_runtime_close(struct tdm_runtime *runtime);

/** What was loaded, and its version ("1.21.1"); valid as long as the runtime. */
const char *tdm_runtime_path(const struct tdm_runtime *runtime);
const char *tdm_runtime_version(const struct tdm_runtime *runtime);

#endif

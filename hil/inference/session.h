// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A model that runs: one ONNX file, its inputs and outputs, on one execution provider. What the
 * file and the runtime say of themselves is checked and bounded before it is used.
 */
#ifndef TDM_INFERENCE_SESSION_H
#define TDM_INFERENCE_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hil/inference/runtime.h"

enum {
    TDM_PORTS = 16,                /**< inputs, or outputs, of a model */
    TDM_RANK = 8,                  /**< axes of a tensor */
    TDM_LARGEST_TENSOR = 64 << 20, /**< elements of a tensor, all requests of a batch together */
};

enum tdm_tensor_type { TDM_FLOAT32, TDM_UINT8, TDM_INT8 };

enum tdm_provider { TDM_ON_CPU, TDM_ON_CUDA, TDM_ON_TENSORRT };

/** An input or an output. */
struct tdm_port {
    char name[128];
    enum tdm_tensor_type type;
    int rank;
    int64_t shape[TDM_RANK]; /**< -1: the batch, which only the first axis can be */
};

struct tdm_session_options {
    enum tdm_provider provider; /**< TensorRT takes CUDA along for what it cannot do itself */
    int threads;                /**< 0: one. They never spin when they wait. */
    bool trial;                 /**< run zeros once even on the CPU, to see what ran where */
};

struct tdm_session;

/** "cpu", "cuda", "tensorrt", and back; -1 with `error` for any other name. */
const char *tdm_provider_name(enum tdm_provider provider);
int tdm_provider_find(const char *name, enum tdm_provider *provider, struct tdm_error *error);

/**
 * Opens an ONNX file. The caller closes it, before the runtime. NULL with `error`: no such file,
 * not ONNX, cut off, inputs or outputs of other types or with other open axes than the batch, or
 * the provider is not to be had.
 */
struct tdm_session *tdm_session_open(struct tdm_runtime *runtime, const char *path,
                                     const struct tdm_session_options *options,
                                     struct tdm_error *error);
void tdm_session_close(struct tdm_session *session);

/** Valid as long as the session. */
const struct tdm_port *tdm_session_inputs(const struct tdm_session *session, size_t *count);
const struct tdm_port *tdm_session_outputs(const struct tdm_session *session, size_t *count);

/**
 * What ran where, seen in a run of zeros: "CPUExecutionProvider 12" or "CUDAExecutionProvider 40,
 * CPUExecutionProvider 2" (kernels). A runtime lists providers that it does not have, and hands to
 * the CPU what another cannot do; this is what it did. Without a trial: "cpu", no other being
 * there.
 */
const char *tdm_session_ran(const struct tdm_session *session);

/** Elements and bytes of a port's buffer for `batch` requests; 0 where that is beyond the limits.
 */
size_t tdm_port_elements(const struct tdm_port *port, int64_t batch);
size_t tdm_port_bytes(const struct tdm_port *port, int64_t batch);

/** True where inputs and outputs have the batch as an open axis; else `batch` is 1. */
bool tdm_session_batches(const struct tdm_session *session);

/**
 * Runs `batch` requests: inputs and outputs in the session's order, each a buffer of
 * tdm_port_bytes. Distinct threads may run one session. -1 with `error`.
 */
int tdm_session_run(struct tdm_session *session, int64_t batch, const void *const *inputs,
                    void *const *outputs, struct tdm_error *error);

#endif

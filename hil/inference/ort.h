// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What we use of ONNX Runtime's C interface, in our own words: Debian 12 and boards have no header
 * of it. It is a table of functions that only ever grows at its end, so that a slot's number holds
 * for every later version; the numbers stand in ort.c, which alone knows them.
 */
#ifndef TDM_INFERENCE_ORT_H
#define TDM_INFERENCE_ORT_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

typedef struct ort_status ort_status; // NULL: all is well
typedef struct ort_env ort_env;
typedef struct ort_options ort_options;
typedef struct ort_session ort_session;
typedef struct ort_value ort_value;
typedef struct ort_type ort_type;
typedef struct ort_shape ort_shape;
typedef struct ort_memory ort_memory;
typedef struct ort_allocator ort_allocator;
typedef struct ort_cuda ort_cuda;
typedef struct ort_tensorrt ort_tensorrt;

enum {
    ORT_LOG_FATAL = 4, // whatever is wrong comes back as a status, too
    ORT_DEVICE_ALLOCATOR = 0,
    ORT_DEFAULT_MEMORY = 0,
    ORT_FLOAT32 = 1, // ONNX's own numbers of the types
    ORT_UINT8 = 2,
    ORT_INT8 = 3,
};

struct ort {
    const char *(*error_message)(const ort_status *);
    ort_status *(*create_env)(int level, const char *name, ort_env **);
    ort_status *(*create_session)(const ort_env *, const void *model, size_t size,
                                  const ort_options *, ort_session **);
    ort_status *(*run)(ort_session *, const void *run_options, const char *const *input_names,
                       const ort_value *const *inputs, size_t input_count,
                       const char *const *output_names, size_t output_count, ort_value **outputs);
    ort_status *(*create_options)(ort_options **);
    ort_status *(*enable_profiling)(ort_options *, const char *path_prefix);
    ort_status *(*set_threads)(ort_options *, int count);
    ort_status *(*input_count)(const ort_session *, size_t *);
    ort_status *(*output_count)(const ort_session *, size_t *);
    ort_status *(*input_type)(const ort_session *, size_t, ort_type **);
    ort_status *(*output_type)(const ort_session *, size_t, ort_type **);
    ort_status *(*input_name)(const ort_session *, size_t, ort_allocator *, char **);
    ort_status *(*output_name)(const ort_session *, size_t, ort_allocator *, char **);
    ort_status *(*create_tensor)(const ort_memory *, void *data, size_t bytes, const int64_t *shape,
                                 size_t rank, int type, ort_value **);
    ort_status *(*tensor_shape)(const ort_type *, const ort_shape **); // NULL: not a tensor
    ort_status *(*element_type)(const ort_shape *, int *);
    ort_status *(*rank)(const ort_shape *, size_t *);
    ort_status *(*dimensions)(const ort_shape *, int64_t *, size_t);
    ort_status *(*create_memory)(int allocator, int memory, ort_memory **);
    ort_status *(*free_text)(ort_allocator *, void *);
    ort_status *(*allocator)(ort_allocator **);
    ort_status *(*end_profiling)(ort_session *, ort_allocator *, char **path);
    ort_status *(*set_entry)(ort_options *, const char *key, const char *value);
    ort_status *(*create_tensorrt)(ort_tensorrt **);
    ort_status *(*add_tensorrt)(ort_options *, const ort_tensorrt *);
    ort_status *(*create_cuda)(ort_cuda **);
    ort_status *(*add_cuda)(ort_options *, const ort_cuda *);
    void (*release_env)(ort_env *);
    void (*release_status)(ort_status *);
    void (*release_memory)(ort_memory *);
    void (*release_session)(ort_session *);
    void (*release_value)(ort_value *);
    void (*release_type)(ort_type *);
    void (*release_options)(ort_options *);
    void (*release_tensorrt)(ort_tensorrt *);
    void (*release_cuda)(ort_cuda *);
};

struct tdm_runtime {
    void *library; // of dlopen
    struct ort ort;
    ort_env *env;
    ort_memory *memory; // where the caller's buffers are: the CPU's
    ort_allocator *texts;
    char path[256], version[32];
};

/** 0, or -1 with `error` ("what: " and the status in one line), the status released. */
int tdm_ort_check(const struct ort *ort, ort_status *status, const char *file, const char *what,
                  struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/ort.h"

#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/inference/runtime.h"

// Version 1.N of the library has interface N and all before it. The youngest slot below is of 11.
enum { OLDEST = 11, NEWEST_ASKED = 21 };

typedef void (*function)(void);

static const struct {
    unsigned slot;
    size_t at; // where it goes in `struct ort`
} slots[] = {
    {2, offsetof(struct ort, error_message)},
    {3, offsetof(struct ort, create_env)},
    {8, offsetof(struct ort, create_session)},
    {9, offsetof(struct ort, run)},
    {10, offsetof(struct ort, create_options)},
    {14, offsetof(struct ort, enable_profiling)},
    {24, offsetof(struct ort, set_threads)},
    {30, offsetof(struct ort, input_count)},
    {31, offsetof(struct ort, output_count)},
    {33, offsetof(struct ort, input_type)},
    {34, offsetof(struct ort, output_type)},
    {36, offsetof(struct ort, input_name)},
    {37, offsetof(struct ort, output_name)},
    {49, offsetof(struct ort, create_tensor)},
    {55, offsetof(struct ort, tensor_shape)},
    {60, offsetof(struct ort, element_type)},
    {61, offsetof(struct ort, rank)},
    {62, offsetof(struct ort, dimensions)},
    {69, offsetof(struct ort, create_memory)},
    {76, offsetof(struct ort, free_text)},
    {78, offsetof(struct ort, allocator)},
    {92, offsetof(struct ort, release_env)},
    {93, offsetof(struct ort, release_status)},
    {94, offsetof(struct ort, release_memory)},
    {95, offsetof(struct ort, release_session)},
    {96, offsetof(struct ort, release_value)},
    {98, offsetof(struct ort, release_type)},
    {100, offsetof(struct ort, release_options)},
    {110, offsetof(struct ort, end_profiling)},
    {130, offsetof(struct ort, set_entry)},
    {170, offsetof(struct ort, add_tensorrt)},
    {171, offsetof(struct ort, create_tensorrt)},
    {174, offsetof(struct ort, release_tensorrt)},
    {204, offsetof(struct ort, add_cuda)},
    {205, offsetof(struct ort, create_cuda)},
    {208, offsetof(struct ort, release_cuda)},
};

struct entry { // what the library's one symbol answers with
    const function *(*table)(uint32_t interface);
    const char *(*version)(void);
};

int tdm_ort_check(const struct ort *ort, ort_status *status, const char *file, const char *what,
                  struct tdm_error *error)
{
    char text[400];
    if (!status)
        return 0;
    snprintf(text, sizeof text, "%s", ort->error_message(status));
    ort->release_status(status);
    for (char *c = text; *c; c++) // names in it come from files
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = *c == '\n' ? ' ' : '?';
    return tdm_fail_at(error, file, 0, 0, "%s: %s", what, text);
}

// The interface to ask of a library of this version; 0: none that we know.
static uint32_t interface_of(const char *version)
{
    char *end;
    if (strncmp(version, "1.", 2) != 0)
        return 0;
    const unsigned long minor = strtoul(version + 2, &end, 10);
    if (*end != '.' || minor < OLDEST)
        return 0;
    return minor < NEWEST_ASKED ? (uint32_t)minor : NEWEST_ASKED;
}

static int take_slots(struct tdm_runtime *runtime, struct tdm_error *error)
{
    const struct entry *(*enter)(void);
    function found;
    *(void **)&found = dlsym(runtime->library, "OrtGetApiBase");
    if (!found)
        return tdm_fail_at(error, runtime->path, 0, 0, "is not ONNX Runtime");
    memcpy(&enter, &found, sizeof enter);
    const struct entry *entry = enter();
    snprintf(runtime->version, sizeof runtime->version, "%s", entry->version());
    const uint32_t interface = interface_of(runtime->version);
    if (!interface)
        return tdm_fail_at(error, runtime->path, 0, 0,
                           "is ONNX Runtime %s; it takes 1.%d or a later 1.x", runtime->version,
                           OLDEST);
    const function *table = entry->table(interface);
    if (!table)
        return tdm_fail_at(error, runtime->path, 0, 0,
                           "says that it is ONNX Runtime %s, but lacks interface %u",
                           runtime->version, interface);
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++)
        memcpy((char *)&runtime->ort + slots[i].at, &table[slots[i].slot], sizeof(function));
    return 0;
}

static int start(struct tdm_runtime *runtime, struct tdm_error *error)
{
    const struct ort *ort = &runtime->ort;
    const char *path = runtime->path;
    if (take_slots(runtime, error))
        return -1;
    if (tdm_ort_check(ort, ort->create_env(ORT_LOG_FATAL, "tandem", &runtime->env), path,
                      "does not start", error))
        return -1;
    if (tdm_ort_check(
            ort, ort->create_memory(ORT_DEVICE_ALLOCATOR, ORT_DEFAULT_MEMORY, &runtime->memory),
            path, "does not start", error))
        return -1;
    return tdm_ort_check(ort, ort->allocator(&runtime->texts), path, "does not start", error);
}

static void *load(const char *path, char *found, size_t size)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (library)
        snprintf(found, size, "%s", path);
    return library;
}

static int find(struct tdm_runtime *runtime, const char *path, struct tdm_error *error)
{
    static const char *const places[] = {"libonnxruntime.so.1.21", "libonnxruntime.so.1",
                                         "libonnxruntime.so",
                                         TANDEM_SOURCE_DIR "/build/onnxruntime/libonnxruntime.so"};
    const char *named = path ? path : getenv("TANDEM_ONNXRUNTIME");
    if (named && *named) {
        runtime->library = load(named, runtime->path, sizeof runtime->path);
        if (runtime->library)
            return 0;
        const char *why = dlerror();
        return tdm_fail(error, "ONNX Runtime cannot be loaded: %s", why ? why : named);
    }
    for (size_t i = 0; i < sizeof places / sizeof *places && !runtime->library; i++)
        runtime->library = load(places[i], runtime->path, sizeof runtime->path);
    if (runtime->library)
        return 0;
    return tdm_fail(error, "there is no ONNX Runtime here (libonnxruntime.so.1): './bootstrap "
                           "inference' gets one, TANDEM_ONNXRUNTIME names another");
}

struct tdm_runtime *tdm_runtime_open(const char *path, struct tdm_error *error)
{
    struct tdm_runtime *runtime = calloc(1, sizeof *runtime);
    if (!runtime) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    if (find(runtime, path, error) || start(runtime, error)) {
        tdm_runtime_close(runtime);
        return NULL;
    }
    return runtime;
}

// The library stays loaded: its threads and its own exit handlers do not survive dlclose.
void tdm_runtime_close(struct tdm_runtime *runtime)
{
    if (!runtime)
        return;
    if (runtime->memory)
        runtime->ort.release_memory(runtime->memory);
    if (runtime->env)
        runtime->ort.release_env(runtime->env);
    free(runtime);
}

const char *tdm_runtime_path(const struct tdm_runtime *runtime)
{
    return runtime->path;
}

const char *tdm_runtime_version(const struct tdm_runtime *runtime)
{
    return runtime->version;
}

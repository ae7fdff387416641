// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/session.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "hil/inference/mute.h"
#include "hil/inference/onnx_file.h"
#include "hil/inference/ort.h"
#include "hil/inference/ports.h"
#include "hil/inference/trial.h"

struct tdm_session {
    struct tdm_runtime *runtime;
    ort_session *session;
    struct tdm_ports inputs, outputs;
    bool batches;
    char path[256], ran[TDM_TRIAL_TEXT];
};

// ---- providers ---------------------------------------------------------------------------------

static const char *const provider_names[] = {
    [TDM_ON_CPU] = "cpu", [TDM_ON_CUDA] = "cuda", [TDM_ON_TENSORRT] = "tensorrt"};

const char *tdm_provider_name(enum tdm_provider provider)
{
    return provider_names[provider];
}

int tdm_provider_find(const char *name, enum tdm_provider *provider, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (int i = 0; i <= TDM_ON_TENSORRT; i++) {
        if (strcmp(name, provider_names[i]) == 0) {
            *provider = (enum tdm_provider)i;
            return 0;
        }
        tdm_nearest_try(&nearest, provider_names[i]);
    }
    return tdm_fail(error,
                    "no execution provider is called '%.64s'%s; there are cpu, cuda and "
                    "tensorrt",
                    name, tdm_nearest_hint(&nearest));
}

static int add_cuda(const struct tdm_session *session, ort_options *options,
                    struct tdm_error *error)
{
    const struct ort *ort = &session->runtime->ort;
    ort_cuda *cuda = NULL;
    const char *path = session->runtime->path;
    if (tdm_ort_check(ort, ort->create_cuda(&cuda), path, "has no CUDA", error))
        return -1;
    const int result = tdm_ort_check(ort, ort->add_cuda(options, cuda), path, "has no CUDA", error);
    ort->release_cuda(cuda);
    return result;
}

static int add_tensorrt(const struct tdm_session *session, ort_options *options,
                        struct tdm_error *error)
{
    const struct ort *ort = &session->runtime->ort;
    ort_tensorrt *tensorrt = NULL;
    const char *path = session->runtime->path;
    if (tdm_ort_check(ort, ort->create_tensorrt(&tensorrt), path, "has no TensorRT", error))
        return -1;
    const int result =
        tdm_ort_check(ort, ort->add_tensorrt(options, tensorrt), path, "has no TensorRT", error);
    ort->release_tensorrt(tensorrt);
    return result;
}

// ---- opening -----------------------------------------------------------------------------------

static int set_options(const struct tdm_session *session, ort_options *options,
                       const struct tdm_session_options *asked, const char *profile,
                       struct tdm_error *error)
{
    const struct ort *ort = &session->runtime->ort;
    const char *path = session->runtime->path;
    if (tdm_ort_check(ort, ort->set_threads(options, asked->threads > 0 ? asked->threads : 1), path,
                      "takes no number of threads", error))
        return -1;
    // Idle threads that spin cost others their time, and the board its energy.
    if (tdm_ort_check(ort, ort->set_entry(options, "session.intra_op.allow_spinning", "0"), path,
                      "cannot let threads rest", error))
        return -1;
    if (profile && tdm_ort_check(ort, ort->enable_profiling(options, profile), path,
                                 "cannot watch a trial", error))
        return -1;
    if (asked->provider == TDM_ON_TENSORRT && add_tensorrt(session, options, error))
        return -1;
    return asked->provider == TDM_ON_CPU ? 0 : add_cuda(session, options, error);
}

// The first session of the process is the noisy one.
static ort_status *create(struct tdm_session *session, const void *model, size_t size,
                          const ort_options *options)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static bool noisy = true;
    const struct tdm_runtime *runtime = session->runtime;
    pthread_mutex_lock(&lock);
    struct tdm_mute mute = {-1, -1};
    if (noisy)
        mute = tdm_mute_start();
    ort_status *status =
        runtime->ort.create_session(runtime->env, model, size, options, &session->session);
    tdm_mute_end(&mute);
    noisy = false;
    pthread_mutex_unlock(&lock);
    return status;
}

static int load(struct tdm_session *session, const struct tdm_session_options *asked,
                const char *profile, struct tdm_error *error)
{
    const struct ort *ort = &session->runtime->ort;
    ort_options *options = NULL;
    size_t size;
    void *model = tdm_onnx_read(session->path, &size, error);
    if (!model)
        return -1;
    int result =
        tdm_ort_check(ort, ort->create_options(&options), session->path, "cannot be opened", error);
    if (!result)
        result = set_options(session, options, asked, profile, error);
    if (!result)
        result = tdm_ort_check(ort, create(session, model, size, options), session->path,
                               "the runtime refuses it", error);
    if (options)
        ort->release_options(options);
    free(model);
    return result;
}

static bool open_axis(const struct tdm_ports *ports)
{
    for (size_t i = 0; i < ports->count; i++)
        if (ports->port[i].rank < 1 || ports->port[i].shape[0] != -1)
            return false;
    return true;
}

static int describe(struct tdm_session *session, struct tdm_error *error)
{
    if (tdm_ports_read(&session->inputs, session->runtime, session->session, TDM_INPUT,
                       session->path, error) ||
        tdm_ports_read(&session->outputs, session->runtime, session->session, TDM_OUTPUT,
                       session->path, error))
        return -1;
    session->batches = open_axis(&session->inputs) && open_axis(&session->outputs);
    return 0;
}

static int run_zeros(struct tdm_session *session, struct tdm_error *error)
{
    void *inputs[TDM_PORTS] = {0}, *outputs[TDM_PORTS] = {0};
    const void *given[TDM_PORTS] = {0};
    bool enough = true;
    for (size_t i = 0; i < session->inputs.count; i++) {
        given[i] = inputs[i] = calloc(1, tdm_port_bytes(&session->inputs.port[i], 1));
        enough = enough && inputs[i];
    }
    for (size_t i = 0; i < session->outputs.count; i++) {
        outputs[i] = malloc(tdm_port_bytes(&session->outputs.port[i], 1));
        enough = enough && outputs[i];
    }
    const int result = enough ? tdm_session_run(session, 1, given, outputs, error)
                              : tdm_fail_at(error, session->path, 0, 0, "out of memory");
    for (size_t i = 0; i < TDM_PORTS; i++) {
        free(inputs[i]);
        free(outputs[i]);
    }
    return result;
}

static int open_with_trial(struct tdm_session *session, const struct tdm_session_options *asked,
                           struct tdm_error *error)
{
    struct tdm_trial trial = {{0}, {0}};
    if (tdm_trial_start(&trial, error))
        return -1;
    int result = load(session, asked, trial.prefix, error);
    if (!result)
        result = describe(session, error);
    if (!result)
        result = run_zeros(session, error);
    if (!result)
        result = tdm_trial_read(session->runtime, session->session, session->ran, error);
    tdm_trial_end(&trial);
    return result;
}

struct tdm_session *tdm_session_open(struct tdm_runtime *runtime, const char *path,
                                     const struct tdm_session_options *options,
                                     struct tdm_error *error)
{
    static const struct tdm_session_options plain = {0};
    const struct tdm_session_options *asked = options ? options : &plain;
    struct tdm_session *session = calloc(1, sizeof *session);
    if (!session) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    session->runtime = runtime;
    snprintf(session->path, sizeof session->path, "%s", path);
    snprintf(session->ran, sizeof session->ran, "cpu");
    const bool trial = asked->trial || asked->provider != TDM_ON_CPU;
    if (strlen(path) >= sizeof session->path)
        tdm_fail(error, "the path '%.64s…' is longer than %zu characters", path,
                 sizeof session->path - 1);
    else if (trial ? !open_with_trial(session, asked, error)
                   : !load(session, asked, NULL, error) && !describe(session, error))
        return session;
    tdm_session_close(session);
    return NULL;
}

void tdm_session_close(struct tdm_session *session)
{
    if (!session)
        return;
    if (session->session)
        session->runtime->ort.release_session(session->session);
    free(session);
}

// ---- asking and running ------------------------------------------------------------------------

const struct tdm_port *tdm_session_inputs(const struct tdm_session *session, size_t *count)
{
    *count = session->inputs.count;
    return session->inputs.port;
}

const struct tdm_port *tdm_session_outputs(const struct tdm_session *session, size_t *count)
{
    *count = session->outputs.count;
    return session->outputs.port;
}

const char *tdm_session_ran(const struct tdm_session *session)
{
    return session->ran;
}

bool tdm_session_batches(const struct tdm_session *session)
{
    return session->batches;
}

// A view of the caller's buffers, nothing is copied.
static int wrap(const struct tdm_session *session, const struct tdm_ports *ports, int64_t batch,
                void *const *buffers, ort_value **values, struct tdm_error *error)
{
    static const int onnx[] = {
        [TDM_FLOAT32] = ORT_FLOAT32, [TDM_UINT8] = ORT_UINT8, [TDM_INT8] = ORT_INT8};
    const struct tdm_runtime *runtime = session->runtime;
    for (size_t i = 0; i < ports->count; i++) {
        const struct tdm_port *port = &ports->port[i];
        const size_t bytes = tdm_port_bytes(port, batch);
        int64_t shape[TDM_RANK];
        if (!bytes)
            return tdm_fail_at(error, session->path, 0, 0,
                               "a batch of %lld is more than '%.64s' may hold", (long long)batch,
                               port->name);
        for (int axis = 0; axis < port->rank; axis++)
            shape[axis] = port->shape[axis] == -1 ? batch : port->shape[axis];
        if (tdm_ort_check(&runtime->ort,
                          runtime->ort.create_tensor(runtime->memory, buffers[i], bytes, shape,
                                                     (size_t)port->rank, onnx[port->type],
                                                     &values[i]),
                          session->path, "a tensor cannot be made", error))
            return -1;
    }
    return 0;
}

int tdm_session_run(struct tdm_session *session, int64_t batch, const void *const *inputs,
                    void *const *outputs, struct tdm_error *error)
{
    const struct ort *ort = &session->runtime->ort;
    ort_value *given[TDM_PORTS] = {0}, *asked[TDM_PORTS] = {0};
    if (batch < 1 || (batch > 1 && !session->batches))
        return tdm_fail_at(error, session->path, 0, 0, "takes no batch of %lld: its batch is 1",
                           (long long)batch);
    // The runtime reads inputs only, but its function is declared for both.
    int result = wrap(session, &session->inputs, batch, (void *const *)inputs, given, error);
    if (!result)
        result = wrap(session, &session->outputs, batch, outputs, asked, error);
    if (!result)
        result = tdm_ort_check(ort,
                               ort->run(session->session, NULL, session->inputs.names,
                                        (const ort_value *const *)given, session->inputs.count,
                                        session->outputs.names, session->outputs.count, asked),
                               session->path, "does not run", error);
    for (size_t i = 0; i < TDM_PORTS; i++) {
        if (given[i])
            ort->release_value(given[i]);
        if (asked[i])
            ort->release_value(asked[i]);
    }
    return result;
}

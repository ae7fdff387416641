// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/split.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/inference/part.h"

struct tdm_split {
    struct tdm_session *extractor, *local;
    size_t image_bytes;
    struct tdm_features size;
    int classes, sent;
    bool away[TDM_CHANNELS];
    void *outputs[TDM_PORTS]; // of the extractor; three of them are:
    float *features, *importance, *exit;
    float *kept, *logits; // what the local part sees and says
    uint8_t *packet;
};

// ---- opening -----------------------------------------------------------------------------------

static int check_image(struct tdm_split *split, const char *path, struct tdm_error *error)
{
    size_t count;
    const struct tdm_port *image = tdm_session_inputs(split->extractor, &count);
    if (count != 1 || image->type != TDM_UINT8 || image->shape[0] > 1)
        return tdm_fail_at(error, path, 0, 0,
                           "is no extractor: its one input must be an image of uint8");
    split->image_bytes = tdm_port_bytes(image, 1);
    return 0;
}

// Buffers for all outputs; those that we know by name are checked and kept.
static int take_outputs(struct tdm_split *split, const char *path, struct tdm_error *error)
{
    size_t count;
    const struct tdm_port *port = tdm_session_outputs(split->extractor, &count);
    int channels = 0, exits = 0;
    for (size_t i = 0; i < count; i++) {
        split->outputs[i] = calloc(1, tdm_port_bytes(&port[i], 1));
        if (!split->outputs[i])
            return tdm_fail(error, "out of memory");
        if (strcmp(port[i].name, "features") == 0 && tdm_part_features(&port[i], &split->size))
            split->features = split->outputs[i];
        if (strcmp(port[i].name, "importance") == 0 && (channels = tdm_part_vector(&port[i])))
            split->importance = split->outputs[i];
        if (strcmp(port[i].name, "exit") == 0 && (exits = tdm_part_vector(&port[i])))
            split->exit = split->outputs[i];
    }
    if (!split->features || !split->importance || channels != split->size.channels)
        return tdm_fail_at(error, path, 0, 0,
                           "is no extractor: it must have the outputs 'features' (batch, channels, "
                           "…) and 'importance' (batch, channels) of float32");
    if (split->exit && exits != split->classes)
        return tdm_fail_at(error, path, 0, 0, "its exit knows %d classes, the local part %d", exits,
                           split->classes);
    return 0;
}

static int open_local(struct tdm_split *split, struct tdm_runtime *runtime, const char *folder,
                      const struct tdm_session_options *options, struct tdm_features *takes,
                      struct tdm_error *error)
{
    char path[256];
    if (tdm_part_path(folder, "local", path, sizeof path, error))
        return -1;
    split->local = tdm_session_open(runtime, path, options, error);
    return split->local ? tdm_part_check(split->local, path, takes, &split->classes, error) : -1;
}

static int start(struct tdm_split *split, struct tdm_runtime *runtime, const char *folder,
                 const struct tdm_session_options *options, struct tdm_error *error)
{
    char path[256];
    struct tdm_features takes;
    if (tdm_part_path(folder, "extractor", path, sizeof path, error))
        return -1;
    split->extractor = tdm_session_open(runtime, path, options, error);
    if (!split->extractor || open_local(split, runtime, folder, options, &takes, error) ||
        check_image(split, path, error) || take_outputs(split, path, error))
        return -1;
    if (takes.channels != split->size.channels || takes.plane != split->size.plane)
        return tdm_fail_at(error, path, 0, 0,
                           "gives features of %d x %d values, the local part takes %d x %d",
                           split->size.channels, split->size.plane, takes.channels, takes.plane);
    const size_t values = (size_t)takes.channels * (size_t)takes.plane;
    split->kept = calloc(values, sizeof *split->kept);
    split->logits = calloc((size_t)split->classes, sizeof *split->logits);
    split->packet = malloc(tdm_packet_bytes(split->size, takes.channels, 32));
    return split->kept && split->logits && split->packet ? 0 : tdm_fail(error, "out of memory");
}

struct tdm_split *tdm_split_open(struct tdm_runtime *runtime, const char *folder,
                                 const struct tdm_session_options *options, struct tdm_error *error)
{
    struct tdm_split *split = calloc(1, sizeof *split);
    if (!split) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    if (start(split, runtime, folder, options, error)) {
        tdm_split_close(split);
        return NULL;
    }
    return split;
}

void tdm_split_close(struct tdm_split *split)
{
    if (!split)
        return;
    tdm_session_close(split->extractor);
    tdm_session_close(split->local);
    for (size_t i = 0; i < TDM_PORTS; i++)
        free(split->outputs[i]);
    free(split->kept);
    free(split->logits);
    free(split->packet);
    free(split);
}

size_t tdm_split_image_bytes(const struct tdm_split *split)
{
    return split->image_bytes;
}

struct tdm_features tdm_split_features(const struct tdm_split *split)
{
    return split->size;
}

int tdm_split_classes(const struct tdm_split *split)
{
    return split->classes;
}

const char *tdm_split_ran(const struct tdm_split *split)
{
    return tdm_session_ran(split->extractor);
}

// ---- a request ---------------------------------------------------------------------------------

int tdm_split_extract(struct tdm_split *split, const uint8_t *image, struct tdm_error *error)
{
    const void *inputs[] = {image};
    if (tdm_session_run(split->extractor, 1, inputs, split->outputs, error))
        return -1;
    const size_t values = (size_t)split->size.channels * (size_t)split->size.plane;
    for (size_t i = 0; i < values; i++)
        if (!isfinite(split->features[i]))
            return tdm_fail(error, "the extractor's features are not finite");
    split->sent = -1;
    return 0;
}

const float *tdm_split_exit(const struct tdm_split *split)
{
    return split->exit;
}

const float *tdm_split_importance(const struct tdm_split *split)
{
    return split->importance;
}

void tdm_split_choose(struct tdm_split *split, double xi)
{
    split->sent = tdm_features_sent(split->size.channels, xi);
    tdm_features_choose(split->importance, split->size.channels, split->sent, split->away);
}

int tdm_split_local(struct tdm_split *split, struct tdm_error *error)
{
    const size_t plane = (size_t)split->size.plane;
    assert(split->sent >= 0);
    if (split->sent == split->size.channels)
        return 0;
    for (int c = 0; c < split->size.channels; c++) {
        float *kept = split->kept + (size_t)c * plane;
        if (split->away[c])
            memset(kept, 0, plane * sizeof *kept);
        else
            memcpy(kept, split->features + (size_t)c * plane, plane * sizeof *kept);
    }
    const void *inputs[] = {split->kept};
    void *outputs[] = {split->logits};
    return tdm_session_run(split->local, 1, inputs, outputs, error);
}

struct tdm_packet tdm_split_pack(struct tdm_split *split, int bits)
{
    assert(split->sent >= 0);
    if (split->sent == 0)
        return (struct tdm_packet){split->packet, 0};
    const size_t bytes =
        tdm_features_pack(split->features, split->size, split->away, bits, split->packet);
    return (struct tdm_packet){split->packet, bytes};
}

void tdm_split_fuse(const struct tdm_split *split, double lambda, const float *remote,
                    float *answer)
{
    assert(split->sent >= 0 && (remote || split->sent == 0));
    double near = lambda;
    if (split->sent == 0)
        near = 1;
    if (split->sent == split->size.channels)
        near = 0;
    for (int i = 0; i < split->classes; i++) {
        const double local = near > 0 ? near * (double)split->logits[i] : 0;
        answer[i] = (float)(local + (near < 1 ? (1 - near) * (double)remote[i] : 0));
    }
}

int tdm_top_class(const float *logits, int count)
{
    int top = 0;
    for (int i = 1; i < count; i++)
        if (logits[i] > logits[top])
            top = i;
    return top;
}

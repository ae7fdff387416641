// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/part.h"

#include <stdio.h>

int tdm_part_path(const char *folder, const char *name, char *path, size_t size,
                  struct tdm_error *error)
{
    if ((size_t)snprintf(path, size, "%s/%s.onnx", folder, name) >= size)
        return tdm_fail(error, "the folder's name '%.64s…' is too long", folder);
    return 0;
}

bool tdm_part_features(const struct tdm_port *port, struct tdm_features *size)
{
    const size_t elements = tdm_port_elements(port, 1);
    if (port->type != TDM_FLOAT32 || port->rank < 3 || !elements || elements > TDM_FEATURES ||
        port->shape[1] > TDM_CHANNELS || port->shape[0] > 1)
        return false;
    size->channels = (int)port->shape[1];
    size->plane = (int)(elements / (size_t)port->shape[1]);
    return tdm_features_fit(*size);
}

int tdm_part_vector(const struct tdm_port *port)
{
    const size_t elements = tdm_port_elements(port, 1);
    if (port->type != TDM_FLOAT32 || port->rank != 2 || port->shape[0] > 1 ||
        elements > TDM_CLASSES)
        return 0;
    return (int)elements;
}

int tdm_part_check(const struct tdm_session *session, const char *path, struct tdm_features *takes,
                   int *classes, struct tdm_error *error)
{
    size_t input_count, output_count;
    const struct tdm_port *inputs = tdm_session_inputs(session, &input_count);
    const struct tdm_port *outputs = tdm_session_outputs(session, &output_count);
    if (input_count != 1 || !tdm_part_features(&inputs[0], takes))
        return tdm_fail_at(error, path, 0, 0,
                           "is no part of a split network: its one input must be features, "
                           "(batch, channels, …) of float32");
    *classes = output_count == 1 ? tdm_part_vector(&outputs[0]) : 0;
    if (!*classes)
        return tdm_fail_at(error, path, 0, 0,
                           "is no part of a split network: its one output must be (batch, "
                           "classes) of float32");
    return 0;
}

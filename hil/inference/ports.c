// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/ports.h"

#include <stdio.h>
#include <string.h>

static const char *const ways[] = {[TDM_INPUT] = "input", [TDM_OUTPUT] = "output"};

// ONNX's number of a type, and ours.
static const struct {
    int onnx;
    enum tdm_tensor_type type;
} types[] = {{ORT_FLOAT32, TDM_FLOAT32}, {ORT_UINT8, TDM_UINT8}, {ORT_INT8, TDM_INT8}};

struct reader {
    struct tdm_runtime *runtime;
    const ort_session *session;
    enum tdm_way way;
    const char *path;
    struct tdm_error *error;
};

static int check(const struct reader *reader, ort_status *status)
{
    return tdm_ort_check(&reader->runtime->ort, status, reader->path, "cannot be described",
                         reader->error);
}

static int refuse(const struct reader *reader, const struct tdm_port *port, const char *why)
{
    return tdm_fail_at(reader->error, reader->path, 0, 0, "%s '%.64s' %s", ways[reader->way],
                       port->name, why);
}

static int read_name(const struct reader *reader, size_t index, struct tdm_port *port)
{
    const struct ort *ort = &reader->runtime->ort;
    ort_allocator *texts = reader->runtime->texts;
    char *name = NULL;
    if (check(reader, reader->way == TDM_INPUT
                          ? ort->input_name(reader->session, index, texts, &name)
                          : ort->output_name(reader->session, index, texts, &name)))
        return -1;
    const size_t length = strlen(name);
    const int fits = length && length < sizeof port->name;
    if (fits)
        memcpy(port->name, name, length + 1);
    const int freed = check(reader, ort->free_text(texts, name));
    return freed  ? -1
           : fits ? 0
                  : tdm_fail_at(reader->error, reader->path, 0, 0,
                                "an %s's name has %zu characters; 1 to %zu are read",
                                ways[reader->way], length, sizeof port->name - 1);
}

static int find_type(const struct reader *reader, int onnx, struct tdm_port *port)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (types[i].onnx == onnx) {
            port->type = types[i].type;
            return 0;
        }
    return refuse(reader, port, "is of another type than float32, uint8 or int8");
}

static int check_axes(const struct reader *reader, const struct tdm_port *port)
{
    for (int axis = 0; axis < port->rank; axis++) {
        if (port->shape[axis] == -1 && axis > 0)
            return refuse(reader, port, "leaves another axis open than the first (the batch)");
        if (port->shape[axis] < 1 && port->shape[axis] != -1)
            return refuse(reader, port, "is empty");
    }
    if (!tdm_port_elements(port, 1))
        return refuse(reader, port, "has more than 67108864 elements");
    return 0;
}

static int read_shape(const struct reader *reader, const ort_shape *shape, struct tdm_port *port)
{
    const struct ort *ort = &reader->runtime->ort;
    int onnx = 0;
    size_t rank = 0;
    if (check(reader, ort->element_type(shape, &onnx)) || find_type(reader, onnx, port) ||
        check(reader, ort->rank(shape, &rank)))
        return -1;
    if (rank > TDM_RANK)
        return refuse(reader, port, "has more than 8 axes");
    port->rank = (int)rank;
    if (rank && check(reader, ort->dimensions(shape, port->shape, rank)))
        return -1;
    return check_axes(reader, port);
}

static int read_port(const struct reader *reader, size_t index, struct tdm_port *port)
{
    const struct ort *ort = &reader->runtime->ort;
    const ort_shape *shape = NULL;
    ort_type *type = NULL;
    if (read_name(reader, index, port) ||
        check(reader, reader->way == TDM_INPUT ? ort->input_type(reader->session, index, &type)
                                               : ort->output_type(reader->session, index, &type)))
        return -1;
    int result = check(reader, ort->tensor_shape(type, &shape));
    if (!result)
        result = shape ? read_shape(reader, shape, port) : refuse(reader, port, "is not a tensor");
    ort->release_type(type);
    return result;
}

int tdm_ports_read(struct tdm_ports *ports, struct tdm_runtime *runtime, const ort_session *session,
                   enum tdm_way way, const char *path, struct tdm_error *error)
{
    const struct reader reader = {runtime, session, way, path, error};
    const struct ort *ort = &runtime->ort;
    if (check(&reader, way == TDM_INPUT ? ort->input_count(session, &ports->count)
                                        : ort->output_count(session, &ports->count)))
        return -1;
    if (ports->count < 1 || ports->count > TDM_PORTS)
        return tdm_fail_at(error, path, 0, 0, "has %zu %ss; 1 to %d are supported", ports->count,
                           ways[way], TDM_PORTS);
    for (size_t i = 0; i < ports->count; i++) {
        if (read_port(&reader, i, &ports->port[i]))
            return -1;
        ports->names[i] = ports->port[i].name;
    }
    return 0;
}

// ---- sizes -------------------------------------------------------------------------------------

size_t tdm_port_elements(const struct tdm_port *port, int64_t batch)
{
    size_t elements = 1;
    for (int axis = 0; axis < port->rank; axis++) {
        const int64_t length = port->shape[axis] == -1 ? batch : port->shape[axis];
        if (length < 1 || length > TDM_LARGEST_TENSOR ||
            elements > (size_t)TDM_LARGEST_TENSOR / (size_t)length)
            return 0;
        elements *= (size_t)length;
    }
    return elements;
}

size_t tdm_port_bytes(const struct tdm_port *port, int64_t batch)
{
    return tdm_port_elements(port, batch) * (port->type == TDM_FLOAT32 ? sizeof(float) : 1);
}

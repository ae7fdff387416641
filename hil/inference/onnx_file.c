// SPDX-License-Identifier: GPL-3.0-or-later
// A model holds ir_version
// (1, a number) and one graph (7), the graph its nodes (1) and initializers (5), an initializer
// where its data are (14; 1: in another file).
#include "hil/inference/onnx_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "hil/inference/wire_form.h"

enum { MODEL_VERSION = 1, MODEL_GRAPH = 7, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, LOCATION = 14 };

static const char *initializer_fault(struct tdm_wire tensor)
{
    struct tdm_wire_field field;
    while (tensor.at < tensor.end) {
        if (!tdm_wire_next(&tensor, &field))
            return "an initializer is malformed";
        if (field.number == LOCATION && field.value == 1)
            return "keeps weights in another file; save it with all of them in itself";
    }
    return NULL;
}

static const char *graph_fault(struct tdm_wire graph)
{
    struct tdm_wire_field field;
    size_t nodes = 0;
    while (graph.at < graph.end) {
        if (!tdm_wire_next(&graph, &field))
            return "its graph is malformed or cut off";
        if (field.form == TDM_BYTES && field.number == GRAPH_NODE)
            nodes++;
        if (field.form == TDM_BYTES && field.number == GRAPH_INITIALIZER) {
            const char *fault = initializer_fault(field.inside);
            if (fault)
                return fault;
        }
    }
    return nodes ? NULL : "its graph has no node";
}

int tdm_onnx_check(const void *bytes, size_t size, const char *path, struct tdm_error *error)
{
    struct tdm_wire model = {bytes, (const uint8_t *)bytes + size};
    struct tdm_wire_field field;
    const char *fault = NULL;
    bool version = false;
    int graphs = 0;
    while (model.at < model.end) {
        if (!tdm_wire_next(&model, &field))
            return tdm_fail_at(error, path, 0, 0,
                               version ? "is an ONNX model that is malformed or cut off"
                                       : "is not an ONNX model");
        if (field.number == MODEL_VERSION && field.form == TDM_VARINT)
            version = true;
        if (field.number == MODEL_GRAPH && field.form == TDM_BYTES && graphs++ == 0)
            fault = graph_fault(field.inside);
    }
    if (!version || graphs > 1)
        return tdm_fail_at(error, path, 0, 0, "is not an ONNX model");
    if (fault)
        return tdm_fail_at(error, path, 0, 0, "%s", fault);
    return graphs ? 0 : tdm_fail_at(error, path, 0, 0, "is an ONNX model without a graph");
}

static void *read_all(FILE *file, const char *path, size_t *size, struct tdm_error *error)
{
    struct stat stat;
    if (fstat(fileno(file), &stat)) {
        tdm_fail_errno(error, path, "cannot be read");
        return NULL;
    }
    if (!S_ISREG(stat.st_mode) || stat.st_size > TDM_ONNX_LARGEST || stat.st_size == 0) {
        tdm_fail_at(error, path, 0, 0, "is not an ONNX model: %s",
                    !S_ISREG(stat.st_mode) ? "it is no file"
                    : stat.st_size         ? "it is larger than 512 MiB"
                                           : "it is empty");
        return NULL;
    }
    *size = (size_t)stat.st_size;
    void *bytes = malloc(*size);
    if (bytes && fread(bytes, 1, *size, file) == *size)
        return bytes;
    tdm_fail_at(error, path, 0, 0, bytes ? "cannot be read to its end" : "out of memory");
    free(bytes);
    return NULL;
}

void *tdm_onnx_read(const char *path, size_t *size, struct tdm_error *error)
{
    FILE *file = fopen(path, "rbe");
    if (!file) {
        tdm_fail_errno(error, path, "cannot be read");
        return NULL;
    }
    void *bytes = read_all(file, path, size, error);
    fclose(file);
    if (bytes && tdm_onnx_check(bytes, *size, path, error)) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

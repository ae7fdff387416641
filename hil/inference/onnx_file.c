// SPDX-License-Identifier: GPL-3.0-or-later
// Protobuf's wire form: fields of a key (number * 8 + form) and a value. A model holds ir_version
// (1, a number) and one graph (7), the graph its nodes (1) and initializers (5), an initializer
// where its data are (14; 1: in another file).
#include "hil/inference/onnx_file.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { VARINT, FIXED64, MESSAGE, FIXED32 = 5 };
enum { MODEL_VERSION = 1, MODEL_GRAPH = 7, GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, LOCATION = 14 };

struct bytes {
    const unsigned char *at, *end;
};

struct field {
    uint64_t number, value;
    int form;
    struct bytes inside; // of a MESSAGE
};

static bool varint(struct bytes *bytes, uint64_t *value)
{
    *value = 0;
    for (int shift = 0; shift < 64 && bytes->at < bytes->end; shift += 7) {
        const unsigned char byte = *bytes->at++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            return true;
    }
    return false;
}

static bool next_field(struct bytes *bytes, struct field *field)
{
    uint64_t key, size = 0;
    if (!varint(bytes, &key))
        return false;
    field->number = key >> 3;
    field->form = (int)(key & 7);
    field->value = 0;
    if (field->form == VARINT)
        return field->number && varint(bytes, &field->value);
    if (field->form == MESSAGE && !varint(bytes, &size))
        return false;
    if (field->form == FIXED32 || field->form == FIXED64)
        size = field->form == FIXED32 ? 4 : 8;
    else if (field->form != MESSAGE)
        return false;
    if (!field->number || size > (size_t)(bytes->end - bytes->at))
        return false;
    field->inside = (struct bytes){bytes->at, bytes->at + size};
    bytes->at += size;
    return true;
}

static const char *initializer_fault(struct bytes tensor)
{
    struct field field;
    while (tensor.at < tensor.end) {
        if (!next_field(&tensor, &field))
            return "an initializer is malformed";
        if (field.number == LOCATION && field.value == 1)
            return "keeps weights in another file; save it with all of them in itself";
    }
    return NULL;
}

static const char *graph_fault(struct bytes graph)
{
    struct field field;
    size_t nodes = 0;
    while (graph.at < graph.end) {
        if (!next_field(&graph, &field))
            return "its graph is malformed or cut off";
        if (field.form == MESSAGE && field.number == GRAPH_NODE)
            nodes++;
        if (field.form == MESSAGE && field.number == GRAPH_INITIALIZER) {
            const char *fault = initializer_fault(field.inside);
            if (fault)
                return fault;
        }
    }
    return nodes ? NULL : "its graph has no node";
}

int tdm_onnx_check(const void *bytes, size_t size, const char *path, struct tdm_error *error)
{
    struct bytes model = {bytes, (const unsigned char *)bytes + size};
    struct field field;
    const char *fault = NULL;
    bool version = false;
    int graphs = 0;
    while (model.at < model.end) {
        if (!next_field(&model, &field))
            return tdm_fail_at(error, path, 0, 0,
                               version ? "is an ONNX model that is malformed or cut off"
                                       : "is not an ONNX model");
        if (field.number == MODEL_VERSION && field.form == VARINT)
            version = true;
        if (field.number == MODEL_GRAPH && field.form == MESSAGE && graphs++ == 0)
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

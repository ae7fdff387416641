// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/parts.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "model/library.h"
#include "trace/format.h"
#include "trace/narrow.h"

enum part_kind { BOARD, SERVER, RADIO, DNN, TRACE, PART_KINDS };

struct part {
    struct part *next;
    enum part_kind kind;
    char *reference;
    double floor; // of traces
    void *object;
};

struct tdm_parts {
    struct part *first;
    struct tdm_arena *arena;
    const char *base;
};

static void *load_board(const char *reference, struct tdm_error *error)
{
    return tdm_board_load(reference, error);
}
static void *load_server(const char *reference, struct tdm_error *error)
{
    return tdm_server_load(reference, error);
}
static void *load_radio(const char *reference, struct tdm_error *error)
{
    return tdm_radio_load(reference, error);
}
static void *load_dnn(const char *reference, struct tdm_error *error)
{
    return tdm_dnn_load(reference, error);
}
static void free_board(void *object)
{
    tdm_board_free(object);
}
static void free_server(void *object)
{
    tdm_server_free(object);
}
static void free_radio(void *object)
{
    tdm_radio_free(object);
}
static void free_dnn(void *object)
{
    tdm_dnn_free(object);
}
static void free_trace(void *object)
{
    tdm_trace_free(object);
}

static const struct {
    void *(*load)(const char *reference, struct tdm_error *error);
    void (*free)(void *object);
} kinds[PART_KINDS] = {
    [BOARD] = {load_board, free_board}, [SERVER] = {load_server, free_server},
    [RADIO] = {load_radio, free_radio}, [DNN] = {load_dnn, free_dnn},
    [TRACE] = {NULL, free_trace},
};

struct tdm_parts *tdm_parts_new(const char *base)
{
    struct tdm_parts *parts = calloc(1, sizeof *parts);
    if (!parts)
        return NULL;
    parts->arena = tdm_arena_new(16 * 1024 * 1024);
    parts->base = parts->arena ? tdm_arena_strdup(parts->arena, base) : NULL;
    if (parts->base)
        return parts;
    tdm_parts_free(parts);
    return NULL;
}

void tdm_parts_free(struct tdm_parts *parts)
{
    if (!parts)
        return;
    for (struct part *part = parts->first; part; part = part->next)
        kinds[part->kind].free(part->object);
    tdm_arena_free(parts->arena);
    free(parts);
}

static const struct part *find(const struct tdm_parts *parts, enum part_kind kind,
                               const char *reference, double floor)
{
    for (const struct part *part = parts->first; part; part = part->next)
        if (part->kind == kind && part->floor == floor && strcmp(part->reference, reference) == 0)
            return part;
    return NULL;
}

// Takes `object` over, also where it fails.
static void *keep(struct tdm_parts *parts, enum part_kind kind, const char *reference, double floor,
                  void *object)
{
    struct part *part = tdm_arena_alloc(parts->arena, sizeof *part);
    char *copy = tdm_arena_strdup(parts->arena, reference);
    if (!part || !copy) {
        kinds[kind].free(object);
        return NULL;
    }
    *part = (struct part){parts->first, kind, copy, floor, object};
    parts->first = part;
    return object;
}

static const void *get(struct tdm_parts *parts, enum part_kind kind, const char *reference,
                       struct tdm_error *error)
{
    const struct part *known = find(parts, kind, reference, 0);
    if (known)
        return known->object;
    const char *path = tdm_library_beside(parts->base, reference, parts->arena);
    void *object = kinds[kind].load(path ? path : reference, error);
    return object ? keep(parts, kind, reference, 0, object) : NULL;
}

const struct tdm_board *tdm_parts_board(struct tdm_parts *parts, const char *reference,
                                        struct tdm_error *error)
{
    return get(parts, BOARD, reference, error);
}

const struct tdm_server *tdm_parts_server(struct tdm_parts *parts, const char *reference,
                                          struct tdm_error *error)
{
    return get(parts, SERVER, reference, error);
}

const struct tdm_radio *tdm_parts_radio(struct tdm_parts *parts, const char *reference,
                                        struct tdm_error *error)
{
    return get(parts, RADIO, reference, error);
}

const struct tdm_dnn *tdm_parts_dnn(struct tdm_parts *parts, const char *reference,
                                    struct tdm_error *error)
{
    return get(parts, DNN, reference, error);
}

static struct tdm_trace *load_trace(const char *path, double floor, struct tdm_error *error)
{
    struct tdm_series series = {0};
    struct tdm_trace *trace = NULL;
    if (tdm_series_load(&series, path, NULL, NULL, NULL, error) == 0) {
        for (int way = 0; way < TDM_DIRECTIONS; way++)
            for (size_t i = 0; series.value[way] && i < series.count; i++)
                if (series.value[way][i] < floor)
                    series.value[way][i] = floor;
        trace = tdm_series_trace(&series, error);
    }
    tdm_series_clear(&series);
    return trace;
}

const struct tdm_trace *tdm_parts_trace(struct tdm_parts *parts, const char *reference,
                                        double floor, struct tdm_error *error)
{
    const struct part *known = find(parts, TRACE, reference, floor);
    if (known)
        return known->object;
    const char *path = tdm_library_trace(parts->base, reference, parts->arena, error);
    struct tdm_trace *trace = path ? load_trace(path, floor, error) : NULL;
    return trace ? keep(parts, TRACE, reference, floor, trace) : NULL;
}

const struct tdm_trace *tdm_parts_samples(struct tdm_parts *parts,
                                          const struct tdm_samples *samples,
                                          struct tdm_error *error)
{
    struct tdm_trace *trace = tdm_trace_new(samples, error);
    return trace ? keep(parts, TRACE, "(samples)", -1, trace) : NULL;
}

const struct tdm_trace *tdm_parts_constant(struct tdm_parts *parts, double up, double down,
                                           struct tdm_error *error)
{
    const double zero = 0;
    const struct tdm_samples samples = {
        .count = 1, .duration = 1, .t = &zero, .up = &up, .down = &down};
    return tdm_parts_samples(parts, &samples, error);
}

const struct tdm_trace *tdm_parts_narrower(struct tdm_parts *parts, const struct tdm_trace *own,
                                           const struct tdm_trace *limit)
{
    char reference[64]; // no file's: the floor is -1
    snprintf(reference, sizeof reference, "(narrower) %p %p", (const void *)own,
             (const void *)limit);
    const struct part *known = find(parts, TRACE, reference, -1);
    if (known)
        return known->object;
    struct tdm_trace *trace = tdm_trace_narrower(own, limit);
    return trace ? keep(parts, TRACE, reference, -1, trace) : NULL;
}

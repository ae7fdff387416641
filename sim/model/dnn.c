// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/dnn.h"

#include <math.h>
#include <string.h>

#include "core/error.h"
#include "core/text.h"
#include "model/library.h"

#define AT(type, field) offsetof(struct type, field)

static const struct tdm_attribute layer_attributes[] = {
    {"name", TDM_NAME, AT(tdm_layer, name), "unique in the network", .required = true},
    {"op", TDM_NAME, AT(tdm_layer, op), "operator, as ONNX calls it", .required = true},
    {"macs", TDM_INTEGER, AT(tdm_layer, macs), "multiply-accumulates", .required = true, .min = 0,
     .max = 1e15},
    {"weights", TDM_QUANTITY, AT(tdm_layer, weights), "parameters, fp32", .required = true,
     .dimension = TDM_SIZE, .min = 0, .max = 1e12},
    {"in", TDM_QUANTITY, AT(tdm_layer, in), "activations read, fp32", .required = true,
     .dimension = TDM_SIZE, .min = 0, .max = 1e12},
    {"out", TDM_QUANTITY, AT(tdm_layer, out), "activations written, fp32", .required = true,
     .dimension = TDM_SIZE, .min = 0, .max = 1e12},
    {"kernels", TDM_INTEGER, AT(tdm_layer, kernels), "launches", .required = true, .min = 0,
     .max = 1e6},
};
static const struct tdm_element layer_element = {.name = "layer",
                                                 .help = "one layer, in topological order",
                                                 .size = sizeof(struct tdm_layer),
                                                 .attributes = layer_attributes,
                                                 .attribute_count = TDM_COUNT(layer_attributes),
                                                 TDM_CHILDREN(tdm_dnn, layers, layer_count),
                                                 .at_least = 1,
                                                 .key = "name"};

static const struct tdm_attribute cut_attributes[] = {
    {"after", TDM_NAME, AT(tdm_cut, after), "the last layer before the cut", .required = true},
    {"bytes", TDM_QUANTITY, AT(tdm_cut, bytes), "of the one tensor that crosses, fp32",
     .required = true, .dimension = TDM_SIZE, .min = 1, .max = 1e12},
    {"channels", TDM_INTEGER, AT(tdm_cut, channels), "of that tensor", .required = true, .min = 1,
     .max = 1e9},
};
static const struct tdm_element cut_element = {.name = "cut",
                                               .help = "a point where one tensor crosses",
                                               .size = sizeof(struct tdm_cut),
                                               .attributes = cut_attributes,
                                               .attribute_count = TDM_COUNT(cut_attributes),
                                               TDM_CHILDREN(tdm_dnn, cuts, cut_count),
                                               .key = "after"};

static const struct tdm_element branch_element = {.name = "layer",
                                                  .help = "one layer of the branch, in order",
                                                  .size = sizeof(struct tdm_layer),
                                                  .attributes = layer_attributes,
                                                  .attribute_count = TDM_COUNT(layer_attributes),
                                                  TDM_CHILDREN(tdm_early_exit, layers, layer_count),
                                                  .at_least = 1,
                                                  .key = "name"};
static const struct tdm_element *const exit_children[] = {&branch_element, NULL};
static const struct tdm_attribute exit_attributes[] = {
    {"name", TDM_NAME, AT(tdm_early_exit, name), "what plans call it", .required = true},
    {"after", TDM_NAME, AT(tdm_early_exit, after), "the cut whose tensor its branch answers from",
     .required = true},
};
static const struct tdm_element exit_element = {
    .name = "exit",
    .help = "a branch that answers early, in place of the layers beyond a cut",
    .size = sizeof(struct tdm_early_exit),
    .attributes = exit_attributes,
    .attribute_count = TDM_COUNT(exit_attributes),
    .children = exit_children,
    TDM_CHILDREN(tdm_dnn, exits, exit_count),
    .at_most = TDM_MOST_EXITS,
    .key = "name"};

static const struct tdm_attribute accuracy_attributes[] = {
    {"value", TDM_QUANTITY, AT(tdm_accuracy, value), "share of right answers", .required = true,
     .dimension = TDM_SHARE, .min = 0, .max = 1},
    {"version", TDM_NAME, AT(tdm_accuracy, version), "of this version of the network"},
    {"exit", TDM_NAME, AT(tdm_accuracy, exit), "when it leaves at this exit; none: at none"},
    {"bits", TDM_INTEGER, AT(tdm_accuracy, bits), "of each value that is sent", .min = 0,
     .max = 32},
    {"xi", TDM_QUANTITY, AT(tdm_accuracy, xi), "when this share of the channels is sent",
     .dimension = TDM_SHARE, .min = 0, .max = 1},
    {"lambda", TDM_QUANTITY, AT(tdm_accuracy, lambda),
     "weight of the board's answer; plans fuse evenly, 50 %", .dimension = TDM_SHARE, .min = 0,
     .max = 1},
    {"source", TDM_NAME, AT(tdm_accuracy, source), "id of its <source>", .required = true},
};
static const struct tdm_element accuracy_element = {
    .name = "accuracy",
    .help = "what is known of the network's accuracy",
    .size = sizeof(struct tdm_accuracy),
    .attributes = accuracy_attributes,
    .attribute_count = TDM_COUNT(accuracy_attributes),
    TDM_CHILDREN(tdm_dnn, accuracies, accuracy_count),
    .at_most = 10000};

static const struct tdm_attribute dnn_attributes[] = {
    {"name", TDM_NAME, AT(tdm_dnn, name), "what scenarios call it", .required = true},
    {"title", TDM_TEXT, AT(tdm_dnn, title), "for people", .required = true},
    {"input", TDM_TEXT, AT(tdm_dnn, input), "shape of the input", .required = true},
    {"raw", TDM_QUANTITY, AT(tdm_dnn, raw), "the input as 8-bit pixels", .required = true,
     .dimension = TDM_SIZE, .min = 1, .max = 1e12},
    {"compressed", TDM_QUANTITY, AT(tdm_dnn, compressed), "the input compressed", .required = true,
     .dimension = TDM_SIZE, .min = 1, .max = 1e12},
};
static const struct tdm_element source_element = TDM_SOURCE_ELEMENT(tdm_dnn);
static const struct tdm_element *const dnn_children[] = {
    &source_element, &layer_element, &cut_element, &exit_element, &accuracy_element, NULL};
const struct tdm_element tdm_dnn_schema = {.name = "dnn",
                                           .help = "a network",
                                           .size = sizeof(struct tdm_dnn),
                                           .attributes = dnn_attributes,
                                           .attribute_count = TDM_COUNT(dnn_attributes),
                                           .children = dnn_children};

static int no_such_layer(const struct tdm_dnn *dnn, const struct tdm_cut *cut,
                         struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, cut->after);
    for (size_t i = 0; i < dnn->layer_count; i++)
        tdm_nearest_try(&nearest, dnn->layers[i].name);
    return tdm_fail_at(error, dnn->path, cut->place.line, cut->place.column,
                       "no layer is called '%.64s'%s", cut->after, tdm_nearest_hint(&nearest));
}

static int place_cut(const struct tdm_dnn *dnn, struct tdm_cut *cut, struct tdm_error *error)
{
    for (size_t i = 0; i < dnn->layer_count && !cut->layers; i++)
        if (strcmp(dnn->layers[i].name, cut->after) == 0)
            cut->layers = i + 1;
    if (!cut->layers)
        return no_such_layer(dnn, cut, error);
    if (cut > dnn->cuts && cut->layers <= cut[-1].layers)
        return tdm_fail_at(error, dnn->path, cut->place.line, cut->place.column,
                           "cuts are sorted by depth; '%.64s' lies before the one above",
                           cut->after);
    return 0;
}

static void add_totals(struct tdm_dnn *dnn)
{
    for (size_t i = 0; i < dnn->layer_count; i++) {
        const struct tdm_layer *layer = &dnn->layers[i];
        dnn->flop += 2 * (double)layer->macs;
        dnn->bytes += layer->weights + layer->in + layer->out;
        dnn->kernels += (double)layer->kernels;
    }
}

// ---- exits -------------------------------------------------------------------------------------

// Cuts up to the one that the exit hangs at, that one included; 0: there is no such.
static size_t cuts_until(const struct tdm_dnn *dnn, const struct tdm_early_exit *e)
{
    for (size_t i = 0; i < dnn->cut_count; i++)
        if (strcmp(dnn->cuts[i].after, e->after) == 0)
            return i + 1;
    return 0;
}

static int no_such_cut(const struct tdm_dnn *dnn, const struct tdm_early_exit *e,
                       struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, e->after);
    for (size_t i = 0; i < dnn->cut_count; i++)
        tdm_nearest_try(&nearest, dnn->cuts[i].after);
    return tdm_fail_at(error, dnn->path, e->place.line, e->place.column,
                       "an exit hangs at a cut, and there is none after '%.64s'%s", e->after,
                       tdm_nearest_hint(&nearest));
}

// The layers up to the exit, then its branch's.
static int take_exit(const struct tdm_dnn *dnn, struct tdm_early_exit *e, struct tdm_error *error)
{
    const size_t cuts = cuts_until(dnn, e);
    if (!cuts)
        return no_such_cut(dnn, e, error);
    if (e > dnn->exits && cuts <= e[-1].taken->cut_count)
        return tdm_fail_at(error, dnn->path, e->place.line, e->place.column,
                           "exits are sorted by depth; '%.64s' does not lie beyond the one above",
                           e->name);
    const size_t before = dnn->cuts[cuts - 1].layers;
    struct tdm_dnn *taken = tdm_arena_alloc(dnn->arena, sizeof *taken);
    struct tdm_layer *layers =
        tdm_arena_alloc(dnn->arena, (before + e->layer_count) * sizeof *layers);
    if (!taken || !layers)
        return tdm_fail(error, "out of memory");
    memcpy(layers, dnn->layers, before * sizeof *layers);
    memcpy(layers + before, e->layers, e->layer_count * sizeof *layers);
    *taken = *dnn;
    taken->layers = layers;
    taken->layer_count = before + e->layer_count;
    taken->cut_count = cuts;
    taken->exits = NULL;
    taken->exit_count = 0;
    taken->whole = dnn;
    taken->exit = e->name;
    taken->flop = taken->bytes = taken->kernels = 0;
    add_totals(taken);
    e->taken = taken;
    return 0;
}

static int take_exits(const struct tdm_dnn *dnn, struct tdm_error *error)
{
    for (size_t i = 0; i < dnn->exit_count; i++)
        if (take_exit(dnn, &dnn->exits[i], error))
            return -1;
    return 0;
}

// Where a network has no exits, its rows of them are for people.
static int check_exit(const struct tdm_dnn *dnn, const struct tdm_accuracy *row,
                      struct tdm_error *error)
{
    if (!row->exit || !dnn->exit_count)
        return 0;
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, row->exit);
    for (size_t i = 0; i < dnn->exit_count; i++) {
        if (strcmp(dnn->exits[i].name, row->exit) == 0)
            return 0;
        tdm_nearest_try(&nearest, dnn->exits[i].name);
    }
    return tdm_fail_at(error, dnn->path, row->place.line, row->place.column,
                       "no exit is called '%.64s'%s", row->exit, tdm_nearest_hint(&nearest));
}

// ---- checking and loading ----------------------------------------------------------------------

static int check_dnn(struct tdm_dnn *dnn, struct tdm_error *error)
{
    add_totals(dnn);
    if (dnn->flop <= 0 || dnn->bytes <= 0 || dnn->kernels <= 0)
        return tdm_fail_at(error, dnn->path, dnn->place.line, dnn->place.column,
                           "the layers together need MACs, bytes and kernels above zero");
    for (size_t i = 0; i < dnn->cut_count; i++)
        if (place_cut(dnn, &dnn->cuts[i], error))
            return -1;
    for (size_t i = 0; i < dnn->accuracy_count; i++)
        if (tdm_source_check(dnn->sources, dnn->source_count, dnn->accuracies[i].source, dnn->path,
                             dnn->accuracies[i].place, error) ||
            check_exit(dnn, &dnn->accuracies[i], error))
            return -1;
    return take_exits(dnn, error);
}

struct tdm_dnn *tdm_dnn_load(const char *name_or_path, struct tdm_error *error)
{
    struct tdm_arena *arena;
    struct tdm_dnn *dnn = tdm_library_load("dnns", name_or_path, &tdm_dnn_schema, &arena, error);
    if (!dnn)
        return NULL;
    dnn->arena = arena;
    dnn->path = tdm_library_path("dnns", name_or_path, arena);
    if (check_dnn(dnn, error)) {
        tdm_dnn_free(dnn);
        return NULL;
    }
    return dnn;
}

void tdm_dnn_free(struct tdm_dnn *dnn)
{
    if (dnn)
        tdm_arena_free(dnn->arena);
}

// ---- accuracy ----------------------------------------------------------------------------------

static bool same_exit(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

// How many of the conditions a row names; -1 where it contradicts one.
static int match(const struct tdm_dnn *dnn, const struct tdm_accuracy *row, int bits)
{
    if (row->version || !same_exit(row->exit, dnn->exit) ||
        (!isnan(row->lambda) && row->lambda != TDM_EVEN_FUSION))
        return -1;
    if (row->bits && row->bits != bits)
        return -1;
    return row->bits != 0;
}

double tdm_dnn_accuracy(const struct tdm_dnn *dnn, double xi, int bits)
{
    if (xi == 0)
        bits = 32; // nothing is sent, so nothing is rounded
    int best = -1;
    double flat = NAN;
    const struct tdm_accuracy *below = NULL, *above = NULL;
    for (size_t i = 0; i < dnn->accuracy_count; i++) {
        const struct tdm_accuracy *row = &dnn->accuracies[i];
        const int fits = match(dnn, row, bits);
        if (fits < 0)
            continue;
        if (isnan(row->xi)) {
            if (fits > best) {
                best = fits;
                flat = row->value;
            }
            continue;
        }
        if (row->xi <= xi && (!below || row->xi > below->xi))
            below = row;
        if (row->xi >= xi && (!above || row->xi < above->xi))
            above = row;
    }
    if (below && above && above->xi > below->xi)
        return below->value +
               (above->value - below->value) * (xi - below->xi) / (above->xi - below->xi);
    if (below && above)
        return below->value;
    return flat;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// tandem dnn: the networks, their layers and where they can be cut.
#include "model/dnn.h"

#include <inttypes.h>
#include <math.h>

#include "cli/command.h"
#include "cli/dnn_measure.h"
#include "cli/kind.h"

enum { LAYERS, CUTS };

static struct tdm_sources sources_of(const struct tdm_dnn *dnn)
{
    return (struct tdm_sources){dnn->sources, dnn->source_count};
}

static double weights_of(const struct tdm_dnn *dnn)
{
    double weights = 0;
    for (size_t i = 0; i < dnn->layer_count; i++)
        weights += dnn->layers[i].weights;
    return weights;
}

// ---- list --------------------------------------------------------------------------------------

static const char *const list_titles[] = {"name",          "network",     ">GMAC",   ">weights",
                                          ">raw input",    ">compressed", ">layers", ">cuts",
                                          ">top accuracy", NULL};

// The best that is known: the network as it was published.
static double best_accuracy(const struct tdm_dnn *dnn)
{
    double best = NAN;
    for (size_t i = 0; i < dnn->accuracy_count; i++)
        best = fmax(best, dnn->accuracies[i].value);
    return best;
}

static void list_row(const void *object, struct tdm_table *table)
{
    const struct tdm_dnn *dnn = object;
    tdm_table_add(table, "%s", dnn->name);
    tdm_table_add(table, "%s", dnn->title);
    tdm_table_add(table, "%.3f", dnn->flop / 2e9);
    tdm_table_add(table, "%.1f MB", weights_of(dnn) / 1e6);
    tdm_table_add(table, "%.*f kB", dnn->raw < 10e3, dnn->raw / 1e3);
    tdm_table_add(table, "%.*f kB", dnn->compressed < 10e3, dnn->compressed / 1e3);
    tdm_table_add(table, "%zu", dnn->layer_count);
    tdm_table_add(table, "%zu", dnn->cut_count);
    if (isnan(best_accuracy(dnn)))
        tdm_table_add(table, "-");
    else
        tdm_table_add(table, "%.2f %%", 100 * best_accuracy(dnn));
}

static json_t *list_json(const void *object)
{
    const struct tdm_dnn *dnn = object;
    const double best = best_accuracy(dnn);
    return json_pack("{s:s, s:s, s:f, s:f, s:f, s:f, s:i, s:i, s:o, s:s}", "name", dnn->name,
                     "title", dnn->title, "macs", dnn->flop / 2, "weights_bytes", weights_of(dnn),
                     "raw_bytes", dnn->raw, "compressed_bytes", dnn->compressed, "layers",
                     (int)dnn->layer_count, "cuts", (int)dnn->cut_count, "accuracy",
                     isnan(best) ? json_null() : json_real(best), "file", dnn->path);
}

// ---- show --------------------------------------------------------------------------------------

static void show_totals(const struct tdm_dnn *dnn, FILE *stream)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", ">", "", NULL});
    tdm_table_add(&table, "input");
    tdm_table_add(&table, "%s", dnn->input);
    tdm_table_add(&table, "%.4g kB raw (8-bit), %.4g kB compressed", dnn->raw / 1e3,
                  dnn->compressed / 1e3);
    tdm_table_add(&table, "compute");
    tdm_table_add(&table, "%.4g GMAC", dnn->flop / 2e9);
    tdm_table_add(&table, "%.4g GFLOP", dnn->flop / 1e9);
    tdm_table_add(&table, "weights");
    tdm_table_add(&table, "%.4g MB", weights_of(dnn) / 1e6);
    tdm_table_add(&table, "fp32");
    tdm_table_add(&table, "memory traffic");
    tdm_table_add(&table, "%.4g MB", dnn->bytes / 1e6);
    tdm_table_add(&table, "weights, inputs and outputs of all layers, fp32");
    tdm_table_add(&table, "kernels");
    tdm_table_add(&table, "%.0f", dnn->kernels);
    if (dnn->exit_count)
        tdm_table_add(&table, "%zu layers, %zu cuts, %zu exit%s", dnn->layer_count, dnn->cut_count,
                      dnn->exit_count, dnn->exit_count == 1 ? "" : "s");
    else
        tdm_table_add(&table, "%zu layers, %zu cuts", dnn->layer_count, dnn->cut_count);
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

// "8 bits, xi 50 %", or "as published" for a row without conditions.
static void condition(const struct tdm_accuracy *a, char *text, size_t size)
{
    size_t used = 0;
    text[0] = '\0';
    if (a->version)
        used += (size_t)snprintf(text + used, size - used, "version %.60s, ", a->version);
    if (a->exit)
        used += (size_t)snprintf(text + used, size - used, "exit %.60s, ", a->exit);
    if (a->bits)
        used += (size_t)snprintf(text + used, size - used, "%" PRId64 " bits sent, ", a->bits);
    if (!isnan(a->xi))
        used += (size_t)snprintf(text + used, size - used, "%.4g %% sent, ", 100 * a->xi);
    if (!isnan(a->lambda))
        used += (size_t)snprintf(text + used, size - used, "lambda %.4g %%, ", 100 * a->lambda);
    if (used)
        text[used - 2] = '\0';
    else
        snprintf(text, size, "any");
}

static void show_accuracy(const struct tdm_dnn *dnn, FILE *stream)
{
    struct tdm_table table;
    char text[256];
    tdm_describe_heading(stream, "Accuracy");
    if (!dnn->accuracy_count) {
        fputs("  nothing is known\n", stream);
        return;
    }
    tdm_table_start(&table, (const char *const[]){">value", "when", "=source", NULL});
    for (size_t i = 0; i < dnn->accuracy_count; i++) {
        const struct tdm_accuracy *a = &dnn->accuracies[i];
        condition(a, text, sizeof text);
        tdm_table_add(&table, "%.2f %%", 100 * a->value);
        tdm_table_add(&table, "%s", text);
        tdm_table_add(&table, "%s",
                      tdm_describe_source(sources_of(dnn), text, sizeof text, a->source, NULL));
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static double flop_of(const struct tdm_layer *layers, size_t count)
{
    double flop = 0;
    for (size_t i = 0; i < count; i++)
        flop += 2 * (double)layers[i].macs;
    return flop;
}

static void show_exits(const struct tdm_dnn *dnn, FILE *stream)
{
    struct tdm_table table;
    if (!dnn->exit_count)
        return;
    tdm_describe_heading(stream, "Exits (and the share of the compute that leaving there takes)");
    tdm_table_start(&table, (const char *const[]){"name", ">compute", ">in the branch",
                                                  ">its layers", ">accuracy", "after", NULL});
    for (size_t i = 0; i < dnn->exit_count; i++) {
        const struct tdm_early_exit *e = &dnn->exits[i];
        const double accuracy = tdm_dnn_accuracy(e->taken, 0, 32);
        tdm_table_add(&table, "%s", e->name);
        tdm_table_add(&table, "%.1f %%", 100 * e->taken->flop / dnn->flop);
        tdm_table_add(&table, "%.1f %%", 100 * flop_of(e->layers, e->layer_count) / dnn->flop);
        tdm_table_add(&table, "%zu", e->layer_count);
        if (isnan(accuracy))
            tdm_table_add(&table, "-");
        else
            tdm_table_add(&table, "%.2f %%", 100 * accuracy);
        tdm_table_add(&table, "%s", e->after);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_layers(const struct tdm_dnn *dnn, FILE *stream)
{
    struct tdm_table table;
    tdm_describe_heading(stream, "Layers (sizes in kB, fp32)");
    tdm_table_start(&table, (const char *const[]){">", "operator", ">MMAC", ">weights", ">in",
                                                  ">out", ">kernels", "layer", NULL});
    for (size_t i = 0; i < dnn->layer_count; i++) {
        const struct tdm_layer *layer = &dnn->layers[i];
        tdm_table_add(&table, "%zu", i + 1);
        tdm_table_add(&table, "%s", layer->op);
        tdm_table_add(&table, "%.3f", (double)layer->macs / 1e6);
        tdm_table_add(&table, "%.1f", layer->weights / 1e3);
        tdm_table_add(&table, "%.1f", layer->in / 1e3);
        tdm_table_add(&table, "%.1f", layer->out / 1e3);
        tdm_table_add(&table, "%" PRId64, layer->kernels);
        tdm_table_add(&table, "%s", layer->name);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show_cuts(const struct tdm_dnn *dnn, FILE *stream)
{
    struct tdm_table table;
    double before = 0;
    size_t at = 0;
    tdm_describe_heading(stream, "Cuts (what crosses, and the share of the compute before it)");
    tdm_table_start(&table,
                    (const char *const[]){">", ">fp32", ">8 bits", ">channels", ">layers before",
                                          ">compute before", "after", NULL});
    for (size_t i = 0; i < dnn->cut_count; i++) {
        const struct tdm_cut *cut = &dnn->cuts[i];
        for (; at < cut->layers; at++)
            before += 2 * (double)dnn->layers[at].macs;
        tdm_table_add(&table, "%zu", i + 1);
        tdm_table_add(&table, "%.1f kB", cut->bytes / 1e3);
        tdm_table_add(&table, "%.1f kB", cut->bytes / 4e3);
        tdm_table_add(&table, "%" PRId64, cut->channels);
        tdm_table_add(&table, "%zu", cut->layers);
        tdm_table_add(&table, "%.1f %%", 100 * before / dnn->flop);
        tdm_table_add(&table, "%s", cut->after);
    }
    tdm_table_print(&table, stream, 2, tdm_terminal_width(stream));
}

static void show(const void *object, const bool *flags, FILE *stream)
{
    const struct tdm_dnn *dnn = object;
    fprintf(stream, "%s: %s\n%s\n\n", dnn->name, dnn->title, dnn->path);
    show_totals(dnn, stream);
    show_accuracy(dnn, stream);
    show_exits(dnn, stream);
    if (flags[LAYERS])
        show_layers(dnn, stream);
    if (flags[CUTS])
        show_cuts(dnn, stream);
    tdm_describe_sources(sources_of(dnn), stream);
}

// ---- the command -------------------------------------------------------------------------------

static void *load(const char *reference, struct tdm_error *error)
{
    return tdm_dnn_load(reference, error);
}

static void drop(void *object)
{
    tdm_dnn_free(object);
}

static const char *path_of(const void *object)
{
    return ((const struct tdm_dnn *)object)->path;
}

static const struct tdm_kind_command measure = {
    "measure", "NAME|FILE --data DIR [OPTION…]",
    "Runs a network's stages on labelled pictures: the accuracy of each way to split it.",
    tdm_dnn_measure};

const struct tdm_kind tdm_dnn_kind = {
    .name = "dnn",
    .folder = "dnns",
    .listed = "The networks: compute, sizes, layers and cuts.",
    .shown = "A network's totals and accuracy, and its layers and cuts.",
    .flags = {[LAYERS] = "layers", [CUTS] = "cuts"},
    .flag_help = {[LAYERS] = "the table of its layers",
                  [CUTS] = "where one tensor crosses, and how large it is"},
    .more = &measure,
    .schema = &tdm_dnn_schema,
    .titles = list_titles,
    .load = load,
    .free = drop,
    .path = path_of,
    .row = list_row,
    .summary = list_json,
    .show = show,
};

int tdm_cli_dnn(int argc, char **argv)
{
    return tdm_kind_run(&tdm_dnn_kind, argc, argv);
}

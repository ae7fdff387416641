// SPDX-License-Identifier: GPL-3.0-or-later
// Every picture runs as on a board: extracted, scored, split, packed, unpacked, fused.
#include "cli/dnn_measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/dnn_remote.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/progress.h"
#include "core/table.h"
#include "core/text.h"
#include "hil/inference/labelled.h"
#include "hil/inference/part.h"
#include "hil/inference/split.h"
#include "model/library.h"

enum { LIST = 32, ROWS = 2048 };

struct list {
    size_t count;
    double values[LIST];
};

// How often it was right when pictures ran in this way; NAN, 0: not part of it.
struct row {
    bool exit;
    double xi, lambda;
    int bits;
    size_t right;
};

struct measuring {
    const char *reference, *data, *part, *provider;
    struct tdm_elsewhere_server cloud;
    uint64_t count, threads;
    bool json;
    struct list xi, bits, lambda;
    struct tdm_session_options options;
    char folder[256];

    struct tdm_labelled labelled;
    struct tdm_runtime *runtime;
    struct tdm_split *split;
    struct tdm_elsewhere remote;
    size_t row_count;
    struct row rows[ROWS];
};

// ---- lists -------------------------------------------------------------------------------------

static int take_list(struct list *list, const char *text, enum tdm_dimension dimension,
                     double least, double most, struct tdm_error *error)
{
    char item[64];
    list->count = 0;
    while (tdm_text_item(&text, item, sizeof item)) {
        double *value = &list->values[list->count];
        if (list->count == LIST)
            return tdm_fail(error, "more than %d values", LIST);
        if (tdm_quantity_parse(item, dimension, value, error))
            return -1;
        if (*value < least || *value > most)
            return tdm_fail(error, "'%s' is not within %g to %g", item, least, most);
        list->count++;
    }
    return list->count ? 0 : tdm_fail(error, "a list of values is needed");
}

static int take_shares(void *into, char *text, struct tdm_error *error)
{
    return take_list(into, text, TDM_SHARE, 0, 1, error);
}

static int take_bits(void *into, char *text, struct tdm_error *error)
{
    struct list *list = into;
    if (take_list(list, text, TDM_PLAIN, 1, 32, error))
        return -1;
    for (size_t i = 0; i < list->count; i++)
        if (list->values[i] != floor(list->values[i]) || !tdm_bits_fit((int)list->values[i]))
            return tdm_fail(error, "bits are whole: 1 to 16, or 32");
    return 0;
}

// ---- rows --------------------------------------------------------------------------------------

static struct row *add_row(struct measuring *m, struct row row)
{
    if (m->row_count < ROWS)
        m->rows[m->row_count++] = row;
    return &m->rows[m->row_count - 1];
}

// The rows in the order in which a picture goes through them.
static void make_rows(struct measuring *m)
{
    if (tdm_split_exit(m->split))
        add_row(m, (struct row){.exit = true, .xi = 0, .lambda = NAN});
    const int channels = tdm_split_features(m->split).channels;
    for (size_t x = 0; x < m->xi.count; x++) {
        const double xi = m->xi.values[x];
        const int sent = tdm_features_sent(channels, xi);
        if (sent == 0) {
            add_row(m, (struct row){.xi = xi, .lambda = NAN});
            continue;
        }
        for (size_t b = 0; b < m->bits.count; b++) {
            const struct row row = {.xi = xi, .lambda = NAN, .bits = (int)m->bits.values[b]};
            if (sent == channels)
                add_row(m, row);
            for (size_t l = 0; l < m->lambda.count && sent < channels; l++)
                add_row(m, row)->lambda = m->lambda.values[l];
        }
    }
}

static int run_picture(struct measuring *m, const uint8_t *image, int label,
                       struct tdm_error *error)
{
    float remote[TDM_CLASSES], answer[TDM_CLASSES];
    const int classes = tdm_split_classes(m->split);
    double xi = NAN;
    int bits = 0;
    if (tdm_split_extract(m->split, image, error))
        return -1;
    for (struct row *row = m->rows; row < m->rows + m->row_count; row++) {
        if (row->exit) {
            row->right += tdm_top_class(tdm_split_exit(m->split), classes) == label;
            continue;
        }
        if (row->xi != xi) { // not NAN, so the first one, too
            xi = row->xi;
            bits = 0;
            tdm_split_choose(m->split, xi);
            if (tdm_split_local(m->split, error))
                return -1;
        }
        if (row->bits != bits) {
            bits = row->bits;
            if (bits &&
                tdm_elsewhere_run(&m->remote, tdm_split_pack(m->split, bits), remote, error))
                return -1;
        }
        tdm_split_fuse(m->split, row->lambda, bits ? remote : NULL, answer);
        row->right += tdm_top_class(answer, classes) == label;
    }
    return 0;
}

static int run_all(struct measuring *m, struct tdm_error *error)
{
    struct tdm_progress progress;
    int result = 0;
    tdm_progress_start(&progress, "measuring", "pictures", (double)m->labelled.count);
    for (size_t i = 0; i < m->labelled.count && !result; i++) {
        result = run_picture(m, m->labelled.images + i * m->labelled.bytes, m->labelled.labels[i],
                             error);
        tdm_progress_update(&progress, (double)(i + 1));
    }
    tdm_progress_end(&progress);
    return result;
}

// ---- output ------------------------------------------------------------------------------------

static void add_share(struct tdm_table *table, double share)
{
    if (isnan(share))
        tdm_table_add(table, "-");
    else
        tdm_table_add(table, "%.4g %%", 100 * share);
}

static void print_rows(const struct measuring *m)
{
    struct tdm_table table;
    printf("%s: %zu pictures, ONNX Runtime %s, %s\n", m->folder, m->labelled.count,
           tdm_runtime_version(m->runtime), tdm_split_ran(m->split));
    tdm_table_start(&table,
                    (const char *const[]){">accuracy", ">sent", ">bits", ">lambda", "", NULL});
    for (const struct row *row = m->rows; row < m->rows + m->row_count; row++) {
        tdm_table_add(&table, "%.2f %%", 100 * (double)row->right / (double)m->labelled.count);
        add_share(&table, row->xi);
        if (row->bits)
            tdm_table_add(&table, "%d", row->bits);
        else
            tdm_table_add(&table, "-");
        add_share(&table, row->lambda);
        tdm_table_add(&table, "%s", row->exit ? "early exit" : "");
    }
    tdm_table_print(&table, stdout, 2, tdm_terminal_width(stdout));
}

static int print_json(const struct measuring *m)
{
    json_t *rows = json_array();
    for (const struct row *row = m->rows; row < m->rows + m->row_count; row++)
        json_array_append_new(rows,
                              json_pack("{s:o, s:o, s:o, s:o, s:i}", "exit",
                                        row->exit ? json_string("early") : json_null(), "xi",
                                        tdm_json_number(row->xi), "bits",
                                        row->bits ? json_integer(row->bits) : json_null(), "lambda",
                                        tdm_json_number(row->lambda), "right", (int)row->right));
    return tdm_cli_json(json_pack("{s:s, s:s, s:s, s:i, s:o}", "stages", m->folder, "runtime",
                                  tdm_runtime_version(m->runtime), "ran", tdm_split_ran(m->split),
                                  "pictures", (int)m->labelled.count, "rows", rows));
}

// ---- the command -------------------------------------------------------------------------------

static int open_all(struct measuring *m, struct tdm_error *error)
{
    if (tdm_library_stages(m->reference, m->folder, sizeof m->folder, error) ||
        tdm_labelled_read(&m->labelled, m->data, m->part, error))
        return -1;
    if (m->count && m->count < m->labelled.count)
        m->labelled.count = m->count;
    if (tdm_provider_find(m->provider, &m->options.provider, error))
        return -1;
    m->options.threads = (int)m->threads;
    m->options.trial = true;
    m->runtime = tdm_runtime_open(NULL, error);
    if (m->runtime)
        m->split = tdm_split_open(m->runtime, m->folder, &m->options, error);
    if (!m->split ||
        tdm_elsewhere_open(&m->remote, m->runtime, m->folder, &m->options, &m->cloud, error))
        return -1;
    const struct tdm_features gives = tdm_split_features(m->split);
    const struct tdm_features takes = tdm_elsewhere_takes(&m->remote);
    if (gives.channels != takes.channels || gives.plane != takes.plane ||
        tdm_split_classes(m->split) != tdm_elsewhere_classes(&m->remote))
        return tdm_fail_at(error, m->folder, 0, 0, "local and remote part are of two networks");
    if (tdm_split_image_bytes(m->split) != m->labelled.bytes)
        return tdm_fail_at(error, m->data, 0, 0, "has pictures of %zu bytes, the network takes %zu",
                           m->labelled.bytes, tdm_split_image_bytes(m->split));
    return 0;
}

static int measure(struct measuring *m)
{
    struct tdm_error error = {0};
    int code = TDM_EXIT_DONE;
    if (open_all(m, &error)) {
        code = tdm_cli_fail("dnn measure", &error, TDM_EXIT_USAGE);
    } else {
        make_rows(m);
        if (run_all(m, &error))
            code = tdm_cli_fail("dnn measure", &error, TDM_EXIT_FAILED);
        else if (m->json)
            code = print_json(m);
        else
            print_rows(m);
    }
    tdm_elsewhere_close(&m->remote);
    tdm_split_close(m->split);
    tdm_runtime_close(m->runtime);
    tdm_labelled_free(&m->labelled);
    return code;
}

static int read_options(struct measuring *m, int argc, char **argv)
{
    const struct tdm_option options[] = {
        {.name = "data",
         .argument = "DIR",
         .help = "the pictures: PART-images.idx and PART-labels.idx, as './bootstrap inference' "
                 "puts them into build/digits",
         .required = true,
         .text = &m->data},
        {.name = "part", .argument = "PART", .help = "which of them (test)", .text = &m->part},
        {.name = "count", .argument = "N", .help = "only the first N", .whole = {&m->count, 1, 0}},
        {.name = "xi",
         .argument = "LIST",
         .help = "shares of the channels that are sent (0 %, 25 %, 50 %, 75 %, 100 %)",
         .take = take_shares,
         .into = &m->xi},
        {.name = "bits",
         .argument = "LIST",
         .help = "of each value that is sent: 1 to 16, or 32 (32, 16, 8, 4, 2)",
         .take = take_bits,
         .into = &m->bits},
        {.name = "lambda",
         .argument = "LIST",
         .help = "weights of the board's answer (25 %, 50 %, 75 %)",
         .take = take_shares,
         .into = &m->lambda},
        {.name = "provider",
         .argument = "P",
         .help = "what it runs on: cpu, cuda or tensorrt (cpu)",
         .text = &m->provider},
        {.name = "threads",
         .argument = "N",
         .help = "of a stage (1)",
         .whole = {&m->threads, 1, 256}},
        {.name = "cloud",
         .argument = "URI",
         .help = "have the remote part run by the tandem-cloud there, tcp://HOST:PORT",
         .text = &m->cloud.uri},
        {.name = "key",
         .argument = "FILE",
         .help = "our pair of keys, where that server asks for one (tandem hil keys)",
         .text = &m->cloud.key},
        {.name = "server-key",
         .argument = "FILE",
         .help = "the server's public key",
         .text = &m->cloud.server_key},
        {.name = "json", .help = "for programs", .flag = &m->json},
    };
    const struct tdm_usage usage = {
        "dnn measure", "NAME|FILE",
        "Runs the stages that stand in the folder NAME beside a network's file (extractor.onnx, "
        "local.onnx, remote.onnx) on labelled pictures, each as a request: its channels scored, "
        "the share xi of least importance quantised and packed, both parts run, their answers "
        "fused. Says how often the answer was right.",
        options, TDM_COUNT(options)};
    return tdm_options_read(&usage, argc, argv, &m->reference, 1, 1);
}

int tdm_dnn_measure(int argc, char **argv)
{
    struct measuring *m = calloc(1, sizeof *m);
    if (!m)
        return TDM_EXIT_FAILED;
    m->part = "test";
    m->provider = "cpu";
    m->threads = 1;
    m->xi = (struct list){5, {0, 0.25, 0.5, 0.75, 1}};
    m->bits = (struct list){5, {32, 16, 8, 4, 2}};
    m->lambda = (struct list){3, {0.25, 0.5, 0.75}};
    const int operands = read_options(m, argc, argv);
    const int code = operands < 0 ? tdm_options_exit(operands) : measure(m);
    free(m);
    return code;
}

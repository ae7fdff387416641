// SPDX-License-Identifier: GPL-3.0-or-later
// tandem calibrate: measured rows in, a board file with fitted coefficients out.
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/score.h"
#include "core/error.h"
#include "core/schema.h"
#include "model/calibrate.h"
#include "model/dnn.h"
#include "model/library.h"

struct arguments {
    const char *board, *data, *output, *source;
    uint64_t folds, seed;
    bool uncrossed, fresh, json;
};

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'b', "board", "NAME|FILE", .text = &a->board, .required = true,
         .help = "the board, by name or file"},
        {'d', "data", "FILES", .text = &a->data, .required = true, .help = TDM_DATA_HELP},
        {'o', "output", "FILE", .text = &a->output, .required = true,
         .help = "the board with its fits; '-' is standard output"},
        {0, "source", "TEXT", .text = &a->source,
         .help = "where the data are from, for the file's sources"},
        {0, "folds", "N", .whole = {&a->folds, 2, 20},
         .help = "of the cross-validation, 2 to 20; 5 by default"},
        {0, "no-cv", .flag = &a->uncrossed, .help = "no cross-validation"},
        {0, "seed", "N", .whole = {.value = &a->seed}, .help = "of the folds; 1 by default"},
        {0, "fresh", .flag = &a->fresh,
         .help = "forget the fits that the board has; else they stay, and serve as prior unless "
                 "they are replaced"},
        {0, "json", .flag = &a->json, .help = "the report as JSON (tandem help json)"},
    };
    const struct tdm_usage usage = {"calibrate", "",
                                    "Fits the board's latency and power to measured rows and "
                                    "writes a complete board file.",
                                    options, TDM_COUNT(options)};
    *a = (struct arguments){.folds = 5, .seed = 1};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (a->uncrossed)
        a->folds = 0;
    return count;
}

// ---- the report --------------------------------------------------------------------------------

static void print_table(const struct tdm_calibration *c)
{
    tdm_score_header(stdout);
    for (size_t f = 0; f < tdm_calibration_count(c); f++) {
        const struct tdm_fit_report *report = tdm_calibration_report(c, f);
        char key[512];
        tdm_fit_key(report->fit, key, sizeof key);
        tdm_score_print(stdout, key, "fit", &report->fitted);
        if (report->crossed.rows)
            tdm_score_print(stdout, "", "cv", &report->crossed);
    }
    tdm_score_print(stdout, "all", "fit", tdm_calibration_fitted(c));
    if (tdm_calibration_crossed(c)->rows)
        tdm_score_print(stdout, "", "cv", tdm_calibration_crossed(c));
    for (size_t f = 0; f < tdm_calibration_count(c); f++) {
        const struct tdm_fit_report *report = tdm_calibration_report(c, f);
        if (report->kept_prior)
            printf("%s: the data do not determine %s: these keep the board's prior\n",
                   report->fit->dnn, report->kept_prior);
    }
}

static json_t *split_names(const char *text)
{
    json_t *names = json_array();
    while (text && *text) {
        const size_t length = strcspn(text, ",");
        json_array_append_new(names, json_stringn(text, length));
        text += length;
        text += strspn(text, ", ");
    }
    return names;
}

static json_t *fit_json(const struct tdm_fit_report *report)
{
    json_t *fit = tdm_score_json(&report->fitted);
    json_object_set_new(fit, "cv", tdm_score_json_or_null(&report->crossed));
    json_object_set_new(fit, "dnn", json_string(report->fit->dnn));
    json_object_set_new(fit, "mode", json_string(report->fit->mode));
    json_object_set_new(fit, "precision", json_string(report->fit->precision));
    json_object_set_new(fit, "batch", json_integer(report->fit->batch));
    json_object_set_new(fit, "power_rails",
                        report->rails ? json_string(report->rails) : json_null());
    json_object_set_new(fit, "kept_prior", split_names(report->kept_prior));
    json_object_set_new(fit, "cpu_clock_assumed", json_boolean(report->cpu_assumed));
    return fit;
}

/** by_dnn holds the dnn's name, or its whole key where two fits have the name. */
static json_t *by_dnn(const struct tdm_calibration *c)
{
    json_t *all = json_object();
    const size_t count = tdm_calibration_count(c);
    for (size_t f = 0; f < count; f++) {
        const struct tdm_fit_report *report = tdm_calibration_report(c, f);
        bool twice = false;
        for (size_t g = 0; g < count; g++)
            twice = twice ||
                    (g != f && !strcmp(tdm_calibration_report(c, g)->fit->dnn, report->fit->dnn));
        char key[512];
        json_object_set_new(all,
                            twice ? tdm_fit_key(report->fit, key, sizeof key) : report->fit->dnn,
                            fit_json(report));
    }
    return all;
}

static int print_json(const struct tdm_calibration *c, const struct tdm_board *board,
                      const struct tdm_measurements *rows)
{
    json_t *root = tdm_score_json(tdm_calibration_fitted(c));
    json_object_set_new(root, "cv", tdm_score_json_or_null(tdm_calibration_crossed(c)));
    json_object_set_new(root, "board", json_string(board->name));
    const size_t left_out = rows->left_out + tdm_calibration_left_out(c);
    json_object_set_new(root, "left_out", json_integer((json_int_t)left_out));
    json_object_set_new(root, "seconds", json_real(tdm_calibration_seconds(c)));
    json_object_set_new(root, "by_dnn", by_dnn(c));
    return tdm_cli_json(root);
}

// ---- the file ----------------------------------------------------------------------------------

/** Today, or the day of SOURCE_DATE_EPOCH, which makes builds reproducible. */
static void day(char *text, size_t size)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");
    const time_t now = epoch ? (time_t)strtoll(epoch, NULL, 10) : time(NULL);
    struct tm utc;
    gmtime_r(&now, &utc);
    strftime(text, size, "%Y-%m-%d", &utc);
}

/** Layer tables of the dnns that were fitted; others are opaque. */
static size_t find_workloads(const struct tdm_calibration *c, struct tdm_workload *workloads)
{
    size_t count = 0;
    for (size_t f = 0; f < tdm_calibration_count(c); f++) {
        const char *name = tdm_calibration_report(c, f)->fit->dnn;
        struct tdm_error ignored = {0};
        struct tdm_dnn *dnn = strchr(name, '/') ? NULL : tdm_dnn_load(name, &ignored);
        if (!dnn)
            continue;
        workloads[count++] = (struct tdm_workload){
            .dnn = name, .flop = dnn->flop, .bytes = dnn->bytes, .kernels = dnn->kernels};
        tdm_dnn_free(dnn);
    }
    return count;
}

static int write_and_close(const struct tdm_board *board, FILE *stream, bool sync)
{
    tdm_board_write(board, stream);
    const bool bad = fflush(stream) || ferror(stream) || (sync && fsync(fileno(stream)));
    return fclose(stream) || bad ? -1 : 0;
}

/** Writes beside the file and renames, so that a file that is there is whole. */
static int write_board(const struct tdm_board *board, const char *path, struct tdm_error *error)
{
    struct stat is;
    char part[4096];
    // A device or a pipe is written to, never replaced.
    const bool direct = stat(path, &is) == 0 && !S_ISREG(is.st_mode);
    if (snprintf(part, sizeof part, "%s", path) >= (int)sizeof part - 32)
        return tdm_fail(error, "the path '%.64s...' is too long", path);
    if (!direct)
        snprintf(part + strlen(part), 32, ".part-%ld", (long)getpid());
    FILE *stream = fopen(part, "w");
    if (!stream)
        return tdm_fail_errno(error, path, "cannot write");
    if (write_and_close(board, stream, !direct) || (!direct && rename(part, path))) {
        tdm_fail_errno(error, path, "cannot write");
        if (!direct)
            unlink(part);
        return -1;
    }
    return 0;
}

static int write_output(const struct tdm_board *board, const char *path, struct tdm_error *error)
{
    if (strcmp(path, "-"))
        return write_board(board, path, error);
    tdm_board_write(board, stdout);
    return fflush(stdout) || ferror(stdout) ? tdm_fail_errno(error, "standard output", "write") : 0;
}

static int apply(const struct tdm_calibration *c, struct tdm_board *board,
                 const struct tdm_measurements *rows, const struct arguments *a,
                 struct tdm_error *error)
{
    char data[1024] = "", date[32];
    for (int i = 0; i < rows->file_count; i++)
        snprintf(data + strlen(data), sizeof data - strlen(data), "%s%s", i ? ", " : "",
                 rows->files[i]);
    if (a->source)
        snprintf(data + strlen(data), sizeof data - strlen(data), " (%s)", a->source);
    day(date, sizeof date);
    struct tdm_workload *workloads = calloc(tdm_calibration_count(c) + 1, sizeof *workloads);
    if (!workloads)
        return tdm_fail(error, "out of memory");
    const size_t count = find_workloads(c, workloads);
    const int result = tdm_calibration_apply(c, board, data, date, workloads, count, error);
    free(workloads);
    return result ? -1 : write_output(board, a->output, error);
}

// ---- the command -------------------------------------------------------------------------------

static int run(struct tdm_board *board, struct tdm_measurements *rows, const struct arguments *a)
{
    struct tdm_error error = {0};
    if (tdm_measurements_load_all(rows, a->data, &tdm_cli_notes, &error) ||
        tdm_measurements_place(rows, board, &tdm_cli_notes, &error))
        return tdm_cli_fail("calibrate", &error, TDM_EXIT_USAGE);
    tdm_measurements_merge(rows, &tdm_cli_notes);
    const struct tdm_calibrate_options options = {
        .folds = (int)a->folds, .seed = a->seed, .fresh = a->fresh, .notes = &tdm_cli_notes};
    struct tdm_calibration *c = tdm_calibrate(board, rows, &options, &error);
    if (!c)
        return tdm_cli_fail("calibrate", &error, TDM_EXIT_USAGE);
    int code = TDM_EXIT_DONE;
    if (apply(c, board, rows, a, &error))
        code = tdm_cli_fail("calibrate", &error, TDM_EXIT_FAILED);
    else if (a->json && strcmp(a->output, "-"))
        code = print_json(c, board, rows);
    else if (strcmp(a->output, "-"))
        print_table(c);
    tdm_calibration_free(c);
    return code;
}

int tdm_cli_calibrate(int argc, char **argv)
{
    struct arguments a;
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_error error = {0};
    struct tdm_board *board = tdm_board_load(a.board, &error);
    if (!board)
        return tdm_cli_fail("calibrate", &error, TDM_EXIT_USAGE);
    struct tdm_measurements rows = {0};
    const int code = run(board, &rows, &a);
    tdm_measurements_free(&rows);
    tdm_board_free(board);
    return code;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// tandem predict: how far a board's fits are from measured rows.
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/score.h"
#include "core/error.h"
#include "core/schema.h"
#include "core/text.h"
#include "model/board.h"

struct arguments {
    const char *board, *data, *output;
    bool json;
};

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'b', "board", "NAME|FILE", .text = &a->board, .required = true,
         .help = "the board, by name or file"},
        {'d', "data", "FILES", .text = &a->data, .required = true, .help = TDM_DATA_HELP},
        {'o', "output", "FILE", .text = &a->output, .help = "each row with its prediction, as CSV"},
        {0, "json", .flag = &a->json,
         .help = "the errors in percent as JSON: overall, by_dnn and by_fit (tandem help json)"},
    };
    const struct tdm_usage usage = {"predict", "",
                                    "Compares what a calibrated board predicts with measured rows.",
                                    options, TDM_COUNT(options)};
    *a = (struct arguments){0};
    return tdm_options_read(&usage, argc, argv, NULL, 0, 0);
}

// ---- predictions -------------------------------------------------------------------------------

struct work {
    const struct tdm_board *board;
    struct tdm_measurements rows;
    struct tdm_prediction *predictions; // of each row
    const struct tdm_fit **fits;        // of each row
    bool *chosen;
};

/** The fit of a row, NULL with `error` naming the nearest. */
static const struct tdm_fit *find_fit(const struct work *w, const struct tdm_row *row,
                                      struct tdm_error *error)
{
    const struct tdm_fit *fit =
        tdm_fit_find(w->board, row->dnn, row->mode, row->precision, row->batch);
    if (fit)
        return fit;
    char wanted[512], key[512];
    snprintf(wanted, sizeof wanted, "%s/%s/%s/%" PRId64, row->dnn, row->mode, row->precision,
             row->batch);
    const struct tdm_fit *best = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < w->board->fit_count; i++) {
        const struct tdm_fit *other = &w->board->fits[i];
        // The dnn counts most: another mode of the same one is nearer than any other.
        const size_t distance = 100 * tdm_text_distance(other->dnn, row->dnn) +
                                tdm_text_distance(tdm_fit_key(other, key, sizeof key), wanted);
        if (strcmp(other->dnn, TDM_FIT_DEFAULT) && distance < least) {
            least = distance;
            best = other;
        }
    }
    tdm_fail_at(error, w->rows.files[row->file], row->line, 0,
                "the board '%s' has no fit for %.200s%s%.200s%s; 'tandem calibrate' makes one",
                w->board->name, wanted, best ? " (the nearest is " : "",
                best ? tdm_fit_key(best, key, sizeof key) : "", best ? ")" : "");
    return NULL;
}

/** Finds the rows' fits; rows without one are left out. -1 with `error`: no row has one. */
static int find_fits(struct work *w, struct tdm_error *error)
{
    size_t kept = 0;
    struct tdm_teller teller;
    tdm_teller_start(&teller, &tdm_cli_notes);
    for (size_t i = 0; i < w->rows.count; i++) {
        struct tdm_error why = {0}, what;
        const struct tdm_row row = w->rows.rows[i];
        const struct tdm_fit *fit = find_fit(w, &row, &why);
        if (fit) {
            w->fits[kept] = fit;
            w->rows.rows[kept++] = row;
            continue;
        }
        if (!*error->message)
            *error = why;
        tdm_fail_at(&what, why.file, why.line, 0, "left out: %.480s", why.message);
        tdm_teller_say(&teller, &what);
    }
    tdm_teller_end(&teller);
    w->rows.left_out += w->rows.count - kept;
    w->rows.count = kept;
    return kept ? 0 : -1;
}

static int predict_all(struct work *w, struct tdm_error *error)
{
    const size_t n = w->rows.count;
    w->predictions = calloc(n, sizeof *w->predictions);
    w->fits = calloc(n, sizeof *w->fits);
    w->chosen = calloc(n, sizeof *w->chosen);
    if (!w->predictions || !w->fits || !w->chosen)
        return tdm_fail(error, "out of memory");
    if (find_fits(w, error))
        return -1;
    for (size_t i = 0; i < w->rows.count; i++) {
        const struct tdm_row *row = &w->rows.rows[i];
        const struct tdm_fit *fit = w->fits[i];
        w->predictions[i] = tdm_predict(w->board, fit, row);
        if (*row->rails && fit->power && strcmp(row->rails, fit->power->rails))
            return tdm_fail_at(error, w->rows.files[row->file], row->line, 0,
                               "the row's power covers '%s', that of the fit '%s'; unlike rails "
                               "do not compare",
                               row->rails, fit->power->rails);
    }
    return 0;
}

// ---- the report --------------------------------------------------------------------------------

static bool same(const struct work *w, size_t a, size_t b, bool whole_key)
{
    return whole_key ? w->fits[a] == w->fits[b] : !strcmp(w->rows.rows[a].dnn, w->rows.rows[b].dnn);
}

/** Scores the rows of the same dnn (or fit) as row i; false where an earlier row stands for it. */
static bool score_group(const struct work *w, size_t i, bool whole_key, struct tdm_score *score)
{
    for (size_t j = 0; j < i; j++)
        if (same(w, i, j, whole_key))
            return false;
    for (size_t j = 0; j < w->rows.count; j++)
        w->chosen[j] = same(w, i, j, whole_key);
    return tdm_score_rows(w->rows.rows, w->predictions, w->chosen, w->rows.count, score, NULL) == 0;
}

static json_t *groups_json(const struct work *w, bool whole_key)
{
    json_t *all = json_object();
    for (size_t i = 0; i < w->rows.count; i++) {
        struct tdm_score score;
        char key[512];
        if (score_group(w, i, whole_key, &score))
            json_object_set_new(
                all, whole_key ? tdm_fit_key(w->fits[i], key, sizeof key) : w->rows.rows[i].dnn,
                tdm_score_json(&score));
    }
    return all;
}

static int report(const struct work *w, bool json, struct tdm_error *error)
{
    struct tdm_score score;
    if (tdm_score_rows(w->rows.rows, w->predictions, NULL, w->rows.count, &score, error))
        return -1;
    if (json) {
        json_t *root = tdm_score_json(&score);
        json_object_set_new(root, "board", json_string(w->board->name));
        json_object_set_new(root, "left_out", json_integer((json_int_t)w->rows.left_out));
        json_object_set_new(root, "by_dnn", groups_json(w, false));
        json_object_set_new(root, "by_fit", groups_json(w, true));
        return tdm_cli_json(root) == TDM_EXIT_DONE ? 0 : tdm_fail(error, "cannot write JSON");
    }
    tdm_score_header(stdout);
    for (size_t i = 0; i < w->rows.count; i++) {
        struct tdm_score group;
        char key[512];
        if (score_group(w, i, true, &group))
            tdm_score_print(stdout, tdm_fit_key(w->fits[i], key, sizeof key), "", &group);
    }
    tdm_score_print(stdout, "all", "", &score);
    return 0;
}

static void write_number(FILE *stream, double x)
{
    if (isnan(x))
        fputc(',', stream);
    else
        fprintf(stream, ",%.9g", x);
}

static int write_rows(const struct work *w, const char *path, struct tdm_error *error)
{
    FILE *stream = fopen(path, "w");
    if (!stream)
        return tdm_fail_errno(error, path, "cannot write");
    fputs("board,dnn,mode,precision,batch,power_rails,cpu_hz,gpu_hz,emc_hz,latency_s,period_s,"
          "power_w,energy_j,predicted_latency_s,predicted_power_w,predicted_energy_j\n",
          stream);
    for (size_t i = 0; i < w->rows.count; i++) {
        const struct tdm_row *r = &w->rows.rows[i];
        const struct tdm_prediction *p = &w->predictions[i];
        fprintf(stream, "%s,%s,%s,%s,%" PRId64 ",%s", r->board, r->dnn, r->mode, r->precision,
                r->batch, r->rails);
        const double numbers[] = {r->cpu,   r->gpu,    r->emc,     r->latency, r->period,
                                  r->power, r->energy, p->latency, p->power,   p->energy};
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
            write_number(stream, numbers[k]);
        fputc('\n', stream);
    }
    const bool bad = ferror(stream);
    if (fclose(stream) || bad)
        return tdm_fail_errno(error, path, "cannot write");
    return 0;
}

static int run(struct work *w, const struct arguments *a)
{
    struct tdm_error error = {0};
    if (tdm_measurements_load_all(&w->rows, a->data, &tdm_cli_notes, &error) ||
        tdm_measurements_place(&w->rows, w->board, &tdm_cli_notes, &error) ||
        predict_all(w, &error))
        return tdm_cli_fail("predict", &error, TDM_EXIT_USAGE);
    if ((a->output && write_rows(w, a->output, &error)) || report(w, a->json, &error))
        return tdm_cli_fail("predict", &error, TDM_EXIT_FAILED);
    return 0;
}

int tdm_cli_predict(int argc, char **argv)
{
    struct arguments a;
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_error error = {0};
    struct tdm_board *board = tdm_board_load(a.board, &error);
    if (!board)
        return tdm_cli_fail("predict", &error, TDM_EXIT_USAGE);
    struct work w = {.board = board};
    const int code = run(&w, &a);
    tdm_measurements_free(&w.rows);
    free(w.predictions);
    free(w.fits);
    free(w.chosen);
    tdm_board_free(board);
    return code;
}

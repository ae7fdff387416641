// SPDX-License-Identifier: GPL-3.0-or-later
#include "model/measurements.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/csv.h"
#include "core/error.h"
#include "core/text.h"

enum column {
    BOARD,
    DNN,
    MODE,
    PRECISION,
    BATCH,
    RAILS,
    CPU,
    GPU,
    EMC,
    LATENCY,
    PERIOD,
    POWER,
    ENERGY,
    COLUMNS
};
static const char *const column_names[COLUMNS] = {
    "board",  "dnn",    "mode",      "precision", "batch",   "power_rails", "cpu_hz",
    "gpu_hz", "emc_hz", "latency_s", "period_s",  "power_w", "energy_j"};

static const bool may_be_missing[COLUMNS] = {
    [RAILS] = true, [PERIOD] = true, [POWER] = true, [ENERGY] = true};

static const char *const modes[] = {"infer", "train", NULL};
static const char *const precisions[] = {"fp32", "fp16", "bf16", "int8", "mixed", "unstated", NULL};

// What no board of this kind does; such a number is a wrong unit or a slip of the pen.
#define LEAST_SECONDS 1e-6
#define MOST_SECONDS 600. // of a run
#define MOST_PERIOD 3600.
#define LEAST_WATTS 0.01
#define MOST_WATTS 200.
#define DISAGREE 0.05

void tdm_measurements_free(struct tdm_measurements *rows)
{
    free(rows->rows);
    free(rows->files);
    memset(rows, 0, sizeof *rows);
}

// ---- columns -----------------------------------------------------------------------------------

static int known_column(const char *name)
{
    int c = 0;
    while (c < COLUMNS && strcmp(column_names[c], name))
        c++;
    return c;
}

/** An unknown column is an error where it looks like one that is missing. */
static int check_unknown(const struct tdm_csv *csv, const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (int c = 0; c < COLUMNS; c++)
        if (tdm_csv_column(csv, column_names[c]) < 0)
            tdm_nearest_try(&nearest, column_names[c]);
    const char *hint = tdm_nearest_hint(&nearest);
    return *hint
               ? tdm_fail_at(error, csv->name, csv->line, 0, "unknown column '%.64s'%s", name, hint)
               : 0;
}

static int check_columns(const struct tdm_csv *csv, const struct tdm_notes *notes,
                         struct tdm_error *error)
{
    char list[256] = "";
    size_t unknown = 0;
    for (size_t i = 0; i < csv->columns; i++) {
        if (known_column(csv->header[i]) < COLUMNS)
            continue;
        if (check_unknown(csv, csv->header[i], error))
            return -1;
        const size_t used = strlen(list);
        snprintf(list + used, sizeof list - used, "%s'%.40s'", unknown++ ? ", " : "",
                 csv->header[i]);
    }
    if (unknown && notes && notes->note) {
        struct tdm_error what;
        tdm_fail_at(&what, csv->name, csv->line, 0, "ignores the column%s %s",
                    unknown > 1 ? "s" : "", list);
        notes->note(notes->context, &what);
    }
    return 0;
}

/** Where each column is; -1: missing. */
static int find_columns(const struct tdm_csv *csv, int *at, const struct tdm_notes *notes,
                        struct tdm_error *error)
{
    if (check_columns(csv, notes, error))
        return -1;
    for (int c = 0; c < COLUMNS; c++) {
        at[c] = tdm_csv_column(csv, column_names[c]);
        if (at[c] < 0 && !may_be_missing[c])
            return tdm_fail_at(error, csv->name, csv->line, 0, "the column '%s' is missing",
                               column_names[c]);
    }
    return 0;
}

// ---- one row -----------------------------------------------------------------------------------

static int take_name(const char *text, char *name, const char *column, struct tdm_error *error)
{
    if (!*text)
        return tdm_fail(error, "%s is empty", column);
    if (!tdm_text_is_name(text))
        return tdm_fail(error, "%s '%.64s' is not a name (letters, digits, ._-/+:)", column, text);
    snprintf(name, TDM_ROW_NAME, "%s", text);
    return 0;
}

/** A number from `least` (or above zero) to `most`; empty gives NAN. */
static int take_number(const char *text, double least, double most, const char *column,
                       double *value, struct tdm_error *error)
{
    *value = NAN;
    if (!*text)
        return 0;
    char *end;
    const double x = strtod(text, &end);
    if (*end || end == text || !isfinite(x) || strpbrk(text, "xX"))
        return tdm_fail(error, "%s '%.64s' is not a number", column, text);
    if (x <= 0)
        return tdm_fail(error, "%s is %g; it is above zero", column, x);
    if (x > most)
        return tdm_fail(error, "%s is %g, which no board does (more than %g)", column, x, most);
    if (x < least)
        return tdm_fail(error, "%s is %g, which no board does (less than %g)", column, x, least);
    *value = x;
    return 0;
}

static int take_choice(const char *text, const char *const *choices, const char *column,
                       struct tdm_error *error)
{
    char all[128] = "";
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, text);
    for (size_t i = 0; choices[i]; i++) {
        if (strcmp(choices[i], text) == 0)
            return 0;
        tdm_nearest_try(&nearest, choices[i]);
        const size_t used = strlen(all);
        snprintf(all + used, sizeof all - used, "%s%s", i ? ", " : "", choices[i]);
    }
    return tdm_fail(error, "%s '%.64s' is not one of %s%s", column, text, all,
                    tdm_nearest_hint(&nearest));
}

/** The text of a column; "" where it is missing. */
static const char *field(const struct tdm_csv *csv, const int *at, enum column column)
{
    return at[column] < 0 ? "" : csv->fields[at[column]];
}

static int take_names(const struct tdm_csv *csv, const int *at, struct tdm_row *row,
                      struct tdm_error *error)
{
    const char *rails = field(csv, at, RAILS), *batch = field(csv, at, BATCH);
    if (take_name(field(csv, at, BOARD), row->board, "board", error) ||
        take_name(field(csv, at, DNN), row->dnn, "dnn", error) ||
        take_name(field(csv, at, MODE), row->mode, "mode", error) ||
        take_choice(row->mode, modes, "mode", error) ||
        take_name(field(csv, at, PRECISION), row->precision, "precision", error) ||
        take_choice(row->precision, precisions, "precision", error))
        return -1;
    if (*rails && take_name(rails, row->rails, "power_rails", error))
        return -1;
    if (!*batch)
        return tdm_fail(error, "batch is empty");
    char *end;
    row->batch = strtoll(batch, &end, 10);
    if (*end || row->batch < 1 || row->batch > 1000000)
        return tdm_fail(error, "batch '%.32s' is not a whole number from 1 to 1000000", batch);
    return 0;
}

static int complete(struct tdm_row *row, struct tdm_error *error)
{
    if (isnan(row->latency))
        return tdm_fail(error, "latency_s is empty");
    if (isnan(row->period))
        row->period =
            !isnan(row->power) && !isnan(row->energy) ? row->energy / row->power : row->latency;
    if (row->period < row->latency * (1 - DISAGREE))
        return tdm_fail(error, "period_s %g is shorter than latency_s %g", row->period,
                        row->latency);
    row->period = fmax(row->period, row->latency);
    if (isnan(row->power) && !isnan(row->energy))
        row->power = row->energy / row->period;
    if (isnan(row->power)) {
        row->rails[0] = '\0';
        return 0;
    }
    const double energy = row->power * row->period;
    if (!isnan(row->energy) && fabs(row->energy / energy - 1) > DISAGREE)
        return tdm_fail(error, "energy_j %g is not power_w * period_s = %g", row->energy, energy);
    if (isnan(row->energy))
        row->energy = energy;
    if (row->power > MOST_WATTS || row->power < LEAST_WATTS)
        return tdm_fail(error, "the power is %g W, which no board draws", row->power);
    if (!*row->rails)
        return tdm_fail(error, "power_rails is empty; it names what power_w covers");
    return 0;
}

static int take_row(const struct tdm_csv *csv, const int *at, struct tdm_row *row,
                    struct tdm_error *error)
{
    const struct {
        enum column column;
        double least, most;
        double *value;
    } numbers[] = {
        {CPU, 0, 1e10, &row->cpu},
        {GPU, 0, 1e10, &row->gpu},
        {EMC, 0, 1e10, &row->emc},
        {LATENCY, LEAST_SECONDS, MOST_SECONDS, &row->latency},
        {PERIOD, LEAST_SECONDS, MOST_PERIOD, &row->period},
        {POWER, LEAST_WATTS, MOST_WATTS, &row->power},
        {ENERGY, 0, MOST_PERIOD * MOST_WATTS, &row->energy},
    };
    if (take_names(csv, at, row, error))
        return -1;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (take_number(field(csv, at, numbers[i].column), numbers[i].least, numbers[i].most,
                        column_names[numbers[i].column], numbers[i].value, error))
            return -1;
    row->line = csv->line;
    return complete(row, error);
}

// ---- files -------------------------------------------------------------------------------------

static int append(struct tdm_measurements *rows, const struct tdm_row *row, struct tdm_error *error)
{
    if (rows->count == TDM_MEASUREMENTS_MOST)
        return tdm_fail(error, "more than %d rows", TDM_MEASUREMENTS_MOST);
    if (rows->count == rows->capacity) {
        const size_t capacity = rows->capacity ? 2 * rows->capacity : 64;
        struct tdm_row *more = realloc(rows->rows, capacity * sizeof *more);
        if (!more)
            return tdm_fail(error, "out of memory");
        rows->rows = more;
        rows->capacity = capacity;
    }
    rows->rows[rows->count++] = *row;
    return 0;
}

static int append_file(struct tdm_measurements *rows, const char *name, struct tdm_error *error)
{
    char(*more)[256] = realloc(rows->files, ((size_t)rows->file_count + 1) * sizeof *more);
    if (!more)
        return tdm_fail(error, "out of memory");
    rows->files = more;
    const char *base = strrchr(name, '/');
    snprintf(rows->files[rows->file_count++], sizeof *rows->files, "%s", base ? base + 1 : name);
    return 0;
}

/** Takes every row that is good: -1 with `error` where the file goes on for too long. */
static int read_rows(struct tdm_measurements *rows, struct tdm_csv *csv, const int *at,
                     struct tdm_teller *teller, struct tdm_error *why, struct tdm_error *error)
{
    for (;;) {
        struct tdm_error bad = {0}, what;
        const int got = tdm_csv_next(csv, &bad);
        if (got == 0)
            return 0;
        if (csv->ended) {
            if (error)
                *error = bad;
            return -1;
        }
        struct tdm_row row = {.file = rows->file_count - 1};
        if (got > 0 && take_row(csv, at, &row, &bad) == 0) {
            if (append(rows, &row, error))
                return -1;
            continue;
        }
        tdm_fail_at(&what, csv->name, csv->line, 0, "left out: %.400s", bad.message);
        tdm_teller_say(teller, &what);
        *why = bad;
        rows->left_out++;
    }
}

int tdm_measurements_read(struct tdm_measurements *rows, FILE *stream, const char *name,
                          const struct tdm_notes *notes, struct tdm_error *error)
{
    struct tdm_csv csv;
    struct tdm_teller teller;
    struct tdm_error why = {0};
    int at[COLUMNS] = {0};
    const size_t before = rows->count;
    if (tdm_csv_start_within(&csv, stream, name, TDM_MEASUREMENTS_BYTES, error) ||
        find_columns(&csv, at, notes, error) || append_file(rows, name, error))
        return -1;
    tdm_teller_start(&teller, notes);
    const int result = read_rows(rows, &csv, at, &teller, &why, error);
    tdm_teller_end(&teller);
    if (result)
        return -1;
    if (ferror(stream))
        return tdm_fail_errno(error, name, "cannot read");
    if (rows->count > before)
        return 0;
    return *why.message
               ? tdm_fail_at(error, name, 0, 0,
                             "has not one usable row; the last was left out because: %.300s",
                             why.message)
               : tdm_fail_at(error, name, 0, 0, "has not one usable row");
}

int tdm_measurements_load(struct tdm_measurements *rows, const char *path,
                          const struct tdm_notes *notes, struct tdm_error *error)
{
    FILE *stream = fopen(path, "r");
    if (!stream)
        return tdm_fail_errno(error, path, "cannot open");
    const int result = tdm_measurements_read(rows, stream, path, notes, error);
    fclose(stream);
    return result;
}

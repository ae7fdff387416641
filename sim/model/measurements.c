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
#include "model/board.h"

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

// What no board of this kind does; such a number is a wrong unit or a slip of the pen.
#define MOST_SECONDS 3600.
#define MOST_WATTS 200.
#define DISAGREE 0.05

void tdm_measurements_free(struct tdm_measurements *rows)
{
    free(rows->rows);
    free(rows->files);
    memset(rows, 0, sizeof *rows);
}

static void tell(const struct tdm_notes *notes, const struct tdm_error *what)
{
    if (notes && notes->note)
        notes->note(notes->context, what);
}

// ---- columns -----------------------------------------------------------------------------------

static int unknown_column(const struct tdm_csv *csv, const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (int c = 0; c < COLUMNS; c++)
        tdm_nearest_try(&nearest, column_names[c]);
    return tdm_fail_at(error, csv->name, csv->line, 0, "unknown column '%.64s'%s", name,
                       tdm_nearest_hint(&nearest));
}

static int find_columns(const struct tdm_csv *csv, int *at, struct tdm_error *error)
{
    for (size_t i = 0; i < csv->columns; i++) {
        int c = 0;
        while (c < COLUMNS && strcmp(column_names[c], csv->header[i]))
            c++;
        if (c == COLUMNS)
            return unknown_column(csv, csv->header[i], error);
    }
    for (int c = 0; c < COLUMNS; c++) {
        at[c] = tdm_csv_column(csv, column_names[c]);
        if (at[c] < 0)
            return tdm_fail_at(error, csv->name, csv->line, 0, "the column '%s' is missing",
                               column_names[c]);
    }
    return 0;
}

// ---- one row -----------------------------------------------------------------------------------

static int take_name(const char *text, char *name, const char *column, struct tdm_error *error)
{
    if (!tdm_text_is_name(text))
        return tdm_fail(error, "%s '%.64s' is not a name (letters, digits, ._-/+:)", column, text);
    snprintf(name, TDM_ROW_NAME, "%s", text);
    return 0;
}

/** A positive number of at most `most`; empty gives NAN. */
static int take_number(const char *text, double most, const char *column, double *value,
                       struct tdm_error *error)
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
    *value = x;
    return 0;
}

static int take_names(const struct tdm_csv *csv, const int *at, struct tdm_row *row,
                      struct tdm_error *error)
{
    const char *const *f = csv->fields;
    if (take_name(f[at[BOARD]], row->board, "board", error) ||
        take_name(f[at[DNN]], row->dnn, "dnn", error) ||
        take_name(f[at[MODE]], row->mode, "mode", error) ||
        take_name(f[at[PRECISION]], row->precision, "precision", error))
        return -1;
    if (*f[at[RAILS]] && take_name(f[at[RAILS]], row->rails, "power_rails", error))
        return -1;
    row->batch = 1;
    if (!*f[at[BATCH]])
        return 0;
    char *end;
    row->batch = strtoll(f[at[BATCH]], &end, 10);
    if (*end || row->batch < 1 || row->batch > 1000000)
        return tdm_fail(error, "batch '%.32s' is not a whole number from 1 to 1000000",
                        f[at[BATCH]]);
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
    if (row->power > MOST_WATTS)
        return tdm_fail(error, "the power is %g W, which no board draws", row->power);
    if (!*row->rails)
        return tdm_fail(error, "power_rails is empty; it names what power_w covers");
    return 0;
}

static int take_row(const struct tdm_csv *csv, const int *at, struct tdm_row *row,
                    struct tdm_error *error)
{
    const char *const *f = csv->fields;
    const struct {
        enum column column;
        double most;
        double *value;
    } numbers[] = {
        {CPU, 1e10, &row->cpu},
        {GPU, 1e10, &row->gpu},
        {EMC, 1e10, &row->emc},
        {LATENCY, MOST_SECONDS, &row->latency},
        {PERIOD, MOST_SECONDS, &row->period},
        {POWER, MOST_WATTS, &row->power},
        {ENERGY, MOST_SECONDS * MOST_WATTS, &row->energy},
    };
    if (take_names(csv, at, row, error))
        return -1;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (take_number(f[at[numbers[i].column]], numbers[i].most, column_names[numbers[i].column],
                        numbers[i].value, error))
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

/** Says why a row is left out; the message gets the row's place. */
static void leave_out(struct tdm_measurements *rows, const char *name, long line,
                      const struct tdm_error *why, const struct tdm_notes *notes)
{
    struct tdm_error what;
    tdm_fail_at(&what, name, line, 0, "left out: %.400s", why->message);
    tell(notes, &what);
    rows->left_out++;
}

int tdm_measurements_read(struct tdm_measurements *rows, FILE *stream, const char *name,
                          const struct tdm_notes *notes, struct tdm_error *error)
{
    struct tdm_csv csv;
    int at[COLUMNS] = {0};
    const size_t before = rows->count;
    if (tdm_csv_start(&csv, stream, name, error) || find_columns(&csv, at, error) ||
        append_file(rows, name, error))
        return -1;
    for (;;) {
        struct tdm_error why = {0};
        const int got = tdm_csv_next(&csv, &why);
        if (got == 0)
            break;
        struct tdm_row row = {.file = rows->file_count - 1};
        if (got < 0 || take_row(&csv, at, &row, &why))
            leave_out(rows, name, csv.line, &why, notes);
        else if (append(rows, &row, error))
            return -1;
    }
    if (ferror(stream))
        return tdm_fail_errno(error, name, "cannot read");
    if (rows->count == before)
        return tdm_fail_at(error, name, 0, 0, "has not one usable row");
    return 0;
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

// ---- on a board --------------------------------------------------------------------------------

static int find_opp(const struct tdm_board *board, enum tdm_domain domain, double hz,
                    struct tdm_error *error)
{
    const struct tdm_domain_info *info = board->domain[domain];
    const int opp = tdm_domain_opp(info, hz);
    if (opp >= 0)
        return opp;
    const double near = info->opps[tdm_domain_round(info, hz)].hz;
    char is[64], would[64];
    return tdm_fail(error, "the board '%s' has no %s clock %s (did you mean %s?)", board->name,
                    tdm_domain_names[domain],
                    tdm_quantity_format(hz, TDM_FREQUENCY, 7, is, sizeof is),
                    tdm_quantity_format(near, TDM_FREQUENCY, 7, would, sizeof would));
}

static int place_row(const struct tdm_board *board, struct tdm_row *row, struct tdm_error *error)
{
    int *at = row->opps.at;
    if (strcmp(row->board, board->name))
        return tdm_fail(error, "the row is of the board '%.64s', not of '%.64s'", row->board,
                        board->name);
    row->cpu_assumed = isnan(row->cpu);
    at[TDM_CPU] = isnan(row->cpu) ? (int)board->domain[TDM_CPU]->opp_count - 1
                                  : find_opp(board, TDM_CPU, row->cpu, error);
    at[TDM_GPU] = isnan(row->gpu) ? (int)board->domain[TDM_GPU]->opp_count - 1
                                  : find_opp(board, TDM_GPU, row->gpu, error);
    if (at[TDM_CPU] < 0 || at[TDM_GPU] < 0)
        return -1;
    at[TDM_EMC] = isnan(row->emc)
                      ? tdm_board_floor(board, board->domain[TDM_GPU]->opps[at[TDM_GPU]].hz)
                      : find_opp(board, TDM_EMC, row->emc, error);
    if (at[TDM_EMC] < 0)
        return -1;
    struct tdm_error why = {0};
    if (*row->rails && isnan(tdm_board_rails_gap(board, row->rails, &why)))
        return tdm_fail(error, "%s", why.message);
    return 0;
}

int tdm_measurements_place(struct tdm_measurements *rows, const struct tdm_board *board,
                           const struct tdm_notes *notes, struct tdm_error *error)
{
    size_t kept = 0;
    struct tdm_error why = {0};
    for (size_t i = 0; i < rows->count; i++) {
        struct tdm_row row = rows->rows[i];
        if (place_row(board, &row, &why))
            leave_out(rows, rows->files[row.file], row.line, &why, notes);
        else
            rows->rows[kept++] = row;
    }
    rows->count = kept;
    if (kept == 0)
        return tdm_fail(error, "not one usable row; the last was left out because: %.300s",
                        why.message);
    return 0;
}

bool tdm_row_same_key(const struct tdm_row *a, const struct tdm_row *b)
{
    return strcmp(a->dnn, b->dnn) == 0 && strcmp(a->mode, b->mode) == 0 &&
           strcmp(a->precision, b->precision) == 0 && a->batch == b->batch;
}

static int compare_rows(const void *left, const void *right)
{
    const struct tdm_row *a = left, *b = right;
    int order = strcmp(a->dnn, b->dnn);
    order = order ? order : strcmp(a->mode, b->mode);
    order = order ? order : strcmp(a->precision, b->precision);
    order = order ? order : (a->batch > b->batch) - (a->batch < b->batch);
    order = order ? order : strcmp(a->rails, b->rails);
    for (int d = 0; d < TDM_DOMAINS && !order; d++)
        order = (a->opps.at[d] > b->opps.at[d]) - (a->opps.at[d] < b->opps.at[d]);
    order = order ? order : (a->file > b->file) - (a->file < b->file);
    return order ? order : (a->line > b->line) - (a->line < b->line);
}

static bool same_place(const struct tdm_row *a, const struct tdm_row *b)
{
    return tdm_row_same_key(a, b) && strcmp(a->rails, b->rails) == 0 &&
           memcmp(&a->opps, &b->opps, sizeof a->opps) == 0;
}

/** Replaces rows[0] by the geometric mean of `count` rows. */
static void average(struct tdm_row *rows, size_t count)
{
    double latency = 0, period = 0, power = 0, energy = 0;
    for (size_t i = 0; i < count; i++) {
        latency += log(rows[i].latency) / (double)count;
        period += log(rows[i].period) / (double)count;
        power += log(rows[i].power) / (double)count;
        energy += log(rows[i].energy) / (double)count;
    }
    rows->latency = exp(latency);
    rows->period = fmax(exp(period), rows->latency);
    rows->power = exp(power); // NAN, as the rows of one rail set are, where not measured
    rows->energy = exp(energy);
}

static void tell_duplicate(const struct tdm_measurements *rows, const struct tdm_row *first,
                           const struct tdm_row *again, const struct tdm_notes *notes)
{
    struct tdm_error what;
    tdm_fail_at(&what, rows->files[again->file], again->line, 0,
                "measures the same dnn and clocks as %s:%ld (latency %+.1f %%): averaged",
                rows->files[first->file], first->line, 100 * (again->latency / first->latency - 1));
    tell(notes, &what);
}

void tdm_measurements_merge(struct tdm_measurements *rows, const struct tdm_notes *notes)
{
    if (rows->count)
        qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    size_t kept = 0;
    for (size_t i = 0, next; i < rows->count; i = next) {
        struct tdm_row *first = &rows->rows[i];
        for (next = i + 1; next < rows->count && same_place(first, &rows->rows[next]); next++)
            tell_duplicate(rows, first, &rows->rows[next], notes);
        if (next - i > 1)
            average(first, next - i);
        rows->rows[kept++] = *first;
    }
    rows->count = kept;
}

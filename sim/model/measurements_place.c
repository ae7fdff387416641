// SPDX-License-Identifier: GPL-3.0-or-later
// Measured rows on a board: their OPPs, and rows that measure the same.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "core/units.h"
#include "model/board.h"
#include "model/measurements.h"

#define APART 1.1 // times: rows of the same clocks contradict each other

/** Tells why a row is left out, by its place, and counts it. */
static void leave_out(struct tdm_measurements *rows, const struct tdm_row *row, const char *why,
                      struct tdm_teller *teller)
{
    struct tdm_error what;
    tdm_fail_at(&what, rows->files[row->file], row->line, 0, "left out: %.400s", why);
    tdm_teller_say(teller, &what);
    rows->left_out++;
}

// ---- on a board --------------------------------------------------------------------------------

static int nearest_opp(const struct tdm_domain_info *info, double hz)
{
    int best = 0;
    for (size_t i = 1; i < info->opp_count; i++)
        if (fabs(info->opps[i].hz - hz) < fabs(info->opps[best].hz - hz))
            best = (int)i;
    return best;
}

/** The unit that a number was probably in, "" where it may well be Hz. */
static const char *likely_unit(const struct tdm_domain_info *info, double hz)
{
    static const struct {
        const char *name;
        double hz, most;
    } units[] = {{"GHz", 1e9, 10}, {"MHz", 1e6, 1e5}, {"kHz", 1e3, 1e7}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (tdm_domain_opp(info, hz * units[i].hz) >= 0)
            return units[i].name;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (hz < units[i].most)
            return units[i].name;
    return "";
}

static int find_opp(const struct tdm_board *board, enum tdm_domain domain, double hz,
                    struct tdm_error *error)
{
    const struct tdm_domain_info *info = board->domain[domain];
    const int opp = tdm_domain_opp(info, hz);
    if (opp >= 0)
        return opp;
    const char *unit = likely_unit(info, hz);
    if (*unit)
        return tdm_fail(error, "%s_hz is %.9g: are these %s? the column is in Hz",
                        tdm_domain_names[domain], hz, unit);
    char is[64], would[64];
    return tdm_fail(error, "the board '%s' has no %s clock %s (did you mean %s?)", board->name,
                    tdm_domain_names[domain],
                    tdm_quantity_format(hz, TDM_FREQUENCY, 7, is, sizeof is),
                    tdm_quantity_format(info->opps[nearest_opp(info, hz)].hz, TDM_FREQUENCY, 7,
                                        would, sizeof would));
}

static int place_row(const struct tdm_board *board, struct tdm_row *row, struct tdm_error *error)
{
    int *at = row->opps.at;
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

/** Drops rows of other boards, with one note for all of them; `why` says it of the last. */
static void drop_other_boards(struct tdm_measurements *rows, const struct tdm_board *board,
                              struct tdm_teller *teller, struct tdm_error *why)
{
    size_t kept = 0, others = 0;
    struct tdm_row first = {.file = 0};
    for (size_t i = 0; i < rows->count; i++)
        if (strcmp(rows->rows[i].board, board->name) == 0)
            rows->rows[kept++] = rows->rows[i];
        else if (others++ == 0)
            first = rows->rows[i];
    rows->count = kept;
    if (others == 0)
        return;
    tdm_fail(why, "the row is of the board '%.64s', not of '%.64s'", first.board, board->name);
    struct tdm_error many = *why;
    if (others > 1)
        tdm_fail(&many,
                 "%zu rows from here on are not of the board '%.64s' (this one is of '%.64s')",
                 others, board->name, first.board);
    leave_out(rows, &first, many.message, teller);
    rows->left_out += others - 1;
}

int tdm_measurements_place(struct tdm_measurements *rows, const struct tdm_board *board,
                           const struct tdm_notes *notes, struct tdm_error *error)
{
    size_t kept = 0;
    struct tdm_error why = {0};
    struct tdm_teller teller;
    tdm_teller_start(&teller, notes);
    drop_other_boards(rows, board, &teller, &why);
    for (size_t i = 0; i < rows->count; i++) {
        struct tdm_row row = rows->rows[i];
        if (place_row(board, &row, &why))
            leave_out(rows, &row, why.message, &teller);
        else
            rows->rows[kept++] = row;
    }
    tdm_teller_end(&teller);
    rows->count = kept;
    if (kept == 0)
        return tdm_fail(error, "not one usable row; the last was left out because: %.300s",
                        why.message);
    return 0;
}

// ---- rows that measure the same ----------------------------------------------------------------

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

static double latency_of(const struct tdm_row *row)
{
    return row->latency;
}
static double power_of(const struct tdm_row *row)
{
    return row->power;
}
static double period_of(const struct tdm_row *row)
{
    return row->period;
}

/** Whether the rows' values are within APART of each other; NAN, where none was measured, is. */
static bool agree(const struct tdm_row *rows, size_t count, double (*of)(const struct tdm_row *))
{
    double least = of(rows), most = least;
    for (size_t i = 1; i < count; i++) {
        least = fmin(least, of(&rows[i]));
        most = fmax(most, of(&rows[i]));
    }
    return !(most > APART * least);
}

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(const struct tdm_row *rows, size_t count, double (*of)(const struct tdm_row *),
                     double *scratch)
{
    for (size_t i = 0; i < count; i++)
        scratch[i] = of(&rows[i]);
    qsort(scratch, count, sizeof *scratch, ascending);
    return scratch[count / 2];
}

static bool is_near(double x, double middle)
{
    return !(x > APART * middle || x * APART < middle);
}

static void tell_duplicate(const struct tdm_measurements *rows, const struct tdm_row *first,
                           const struct tdm_row *again, struct tdm_teller *teller)
{
    struct tdm_error what;
    tdm_fail_at(&what, rows->files[again->file], again->line, 0,
                "measures the same dnn and clocks as %s:%ld (latency %+.1f %%): averaged",
                rows->files[first->file], first->line, 100 * (again->latency / first->latency - 1));
    tdm_teller_say(teller, &what);
}

static void tell_contradiction(struct tdm_measurements *rows, const struct tdm_row *row,
                               const struct tdm_row *other, struct tdm_teller *teller)
{
    char power[48] = "";
    struct tdm_error why;
    if (!isnan(row->power))
        snprintf(power, sizeof power, ", power %+.1f %%", 100 * (row->power / other->power - 1));
    tdm_fail(&why, "it contradicts %s:%ld, of the same dnn and clocks (latency %+.1f %%%s)",
             rows->files[other->file], other->line, 100 * (row->latency / other->latency - 1),
             power);
    leave_out(rows, row, why.message, teller);
}

/**
 * Brings the rows that agree with most of the others to the front: how many; 0 where fewer than
 * three or no more than half do. The others are told.
 */
static size_t settle(struct tdm_measurements *rows, struct tdm_row *same, size_t count,
                     struct tdm_teller *teller)
{
    double *scratch = malloc(count * sizeof *scratch);
    const double latency = scratch ? median(same, count, latency_of, scratch) : NAN;
    const double power = scratch ? median(same, count, power_of, scratch) : NAN;
    free(scratch);
    size_t good = 0, spare = 0;
    struct tdm_row other = same[0];
    for (size_t i = count; i-- > 0;)
        if (is_near(same[i].latency, latency) && is_near(same[i].power, power)) {
            other = same[i];
            good++;
        }
    const bool some = isfinite(latency) && good >= 3 && 2 * good > count;
    if (!some)
        other = same[0];
    for (size_t i = 0; i < count; i++) {
        const struct tdm_row row = same[i];
        if (some && is_near(row.latency, latency) && is_near(row.power, power))
            same[spare++] = row;
        else
            tell_contradiction(rows, &row, some || i > 0 ? &other : &same[count - 1], teller);
    }
    return spare;
}

/** Makes one of `count` rows of the same place, or leaves them out: how many remain. */
static size_t merge_same(struct tdm_measurements *rows, struct tdm_row *same, size_t count,
                         struct tdm_teller *teller)
{
    if (count == 1)
        return 1;
    const bool steady = agree(same, count, period_of), alike = agree(same, count, latency_of);
    if (alike && !steady)
        return count; // other idle times: each has a power of its own
    if (!alike || !agree(same, count, power_of))
        count = settle(rows, same, count, teller);
    for (size_t i = 1; i < count; i++)
        tell_duplicate(rows, same, &same[i], teller);
    if (count > 1)
        average(same, count);
    return count > 0;
}

void tdm_measurements_merge(struct tdm_measurements *rows, const struct tdm_notes *notes)
{
    struct tdm_teller teller;
    tdm_teller_start(&teller, notes);
    if (rows->count)
        qsort(rows->rows, rows->count, sizeof *rows->rows, compare_rows);
    size_t kept = 0;
    for (size_t i = 0, next; i < rows->count; i = next) {
        struct tdm_row *first = &rows->rows[i];
        for (next = i + 1; next < rows->count && same_place(first, &rows->rows[next]);)
            next++;
        const size_t left = merge_same(rows, first, next - i, &teller);
        memmove(&rows->rows[kept], first, left * sizeof *first);
        kept += left;
    }
    rows->count = kept;
    tdm_teller_end(&teller);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Fitting a board to rows (without cross-validation), against evaluating the latency and the power
// form once at each row: the ratio is how many evaluations a calibration is worth.
#include "model/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "core/random.h"

enum { DNNS = 3, ROWS = 50 /* of each dnn */, TIMES = 100 /* that the bare loop runs */ };

struct race {
    struct bench *bench;
    struct tdm_board *board;
    struct tdm_measurements rows;
    const struct tdm_fit *fits[DNNS]; // that the synthetic rows are made from
    size_t dnns;
};

static void run_ours(void *context)
{
    struct race *race = context;
    const struct tdm_calibrate_options options = {.folds = 0, .seed = 1, .fresh = true};
    struct tdm_error error;
    struct tdm_calibration *c = tdm_calibrate(race->board, &race->rows, &options, &error);
    if (!c)
        bench_fail(race->bench, "calibrate: %s", error.message);
    tdm_calibration_free(c);
}

static struct tdm_watts watts_at(const struct tdm_board *board, const struct tdm_fit *fit,
                                 struct tdm_opps opps, struct tdm_times *times)
{
    const struct tdm_speed speed = tdm_speed_at(board, fit->latency, opps);
    const struct tdm_supply supply = tdm_supply_at(board, fit->power, opps);
    *times = tdm_latency_at(fit, fit->latency, &speed);
    return tdm_power_run(fit, fit->power, &supply, times, &tdm_conditions_calibrated);
}

static void run_bare(void *context)
{
    struct race *race = context;
    double sum = 0;
    for (size_t i = 0; i < TIMES * race->rows.count; i++) {
        const struct tdm_row *row = &race->rows.rows[i % race->rows.count];
        struct tdm_times times;
        const struct tdm_watts watts = watts_at(race->board, race->fits[0], row->opps, &times);
        sum += times.total * tdm_watts_sum(&watts);
    }
    bench_use(sum);
}

// ---- rows --------------------------------------------------------------------------------------

// The board's first fits of different dnns, in one power set.
static void find_fits(struct race *race)
{
    const struct tdm_board *board = race->board;
    for (size_t i = 0; i < board->fit_count && race->dnns < DNNS; i++) {
        const struct tdm_fit *fit = &board->fits[i];
        bool fits = strcmp(fit->dnn, TDM_FIT_DEFAULT) != 0 && fit->power;
        for (size_t j = 0; j < race->dnns; j++)
            fits &= strcmp(fit->dnn, race->fits[j]->dnn) != 0 && fit->power == race->fits[0]->power;
        if (fits)
            race->fits[race->dnns++] = fit;
    }
}

static struct tdm_row make_row(const struct tdm_board *board, const struct tdm_fit *fit,
                               struct tdm_random *random)
{
    struct tdm_row row = {.batch = fit->batch};
    double *const clocks[] = {&row.cpu, &row.gpu, &row.emc};
    for (int d = 0; d < 3; d++) {
        const struct tdm_domain_info *domain = board->domain[d];
        row.opps.at[d] = (int)tdm_random_below(random, domain->opp_count);
        *clocks[d] = domain->opps[row.opps.at[d]].hz;
    }
    struct tdm_times times;
    const struct tdm_watts watts = watts_at(board, fit, row.opps, &times);
    row.latency = row.period = times.total * exp(0.003 * tdm_random_normal(random));
    row.power = tdm_watts_sum(&watts) * exp(0.01 * tdm_random_normal(random));
    row.energy = row.power * row.period;
    snprintf(row.board, sizeof row.board, "%s", board->name);
    snprintf(row.dnn, sizeof row.dnn, "%s", fit->dnn);
    snprintf(row.mode, sizeof row.mode, "%s", fit->mode);
    snprintf(row.precision, sizeof row.precision, "%s", fit->precision);
    snprintf(row.rails, sizeof row.rails, "%s", fit->power->rails);
    return row;
}

// Rows of the same clocks would become one.
static bool is_repeated(const struct tdm_measurements *m, const struct tdm_row *row)
{
    for (size_t i = 0; i < m->count; i++)
        if (tdm_row_same_key(&m->rows[i], row) &&
            memcmp(m->rows[i].opps.at, row->opps.at, sizeof row->opps.at) == 0)
            return true;
    return false;
}

// With 0.3 % of noise on the latency and 1 % on the power, as of careful measurements.
static bool make_rows(struct race *race)
{
    struct tdm_measurements *m = &race->rows;
    m->rows = calloc(race->dnns * ROWS, sizeof *m->rows);
    m->files = calloc(1, sizeof *m->files);
    if (!m->rows || !m->files)
        return false;
    m->file_count = 1;
    m->capacity = race->dnns * ROWS;
    struct tdm_random random;
    tdm_random_seed(&random, 1, "bench", 0);
    while (m->count < m->capacity) {
        struct tdm_row *row = &m->rows[m->count];
        *row = make_row(race->board, race->fits[m->count % race->dnns], &random);
        m->count += !is_repeated(m, row);
    }
    return true;
}

// ---- the cases ---------------------------------------------------------------------------------

static void run_rows(struct race *race, const char *name)
{
    struct tdm_error error;
    if (tdm_measurements_place(&race->rows, race->board, NULL, &error)) {
        bench_fail(race->bench, "%s: %s", name, error.message);
        return;
    }
    tdm_measurements_merge(&race->rows, NULL);
    const struct bench_side ours = {NULL, run_ours, race}, bare = {NULL, run_bare, race};
    struct bench_times times;
    if (bench_race(race->bench, &ours, &bare, &times))
        return;
    char against[128];
    snprintf(against, sizeof against, "evaluating both forms at the %zu rows once",
             race->rows.count);
    bench_report(race->bench, name, times.ours, "s", TIMES * times.ratio, against);
}

static bool open_board(struct bench *bench, const char *name, struct race *race)
{
    *race = (struct race){.bench = bench};
    struct tdm_error error;
    race->board = tdm_board_load("tx2", &error);
    if (!race->board) {
        bench_fail(bench, "%s: %s", name, error.message);
        return false;
    }
    find_fits(race);
    if (race->dnns)
        return true;
    bench_skip(name, "the board 'tx2' has no fits yet");
    tdm_board_free(race->board);
    return false;
}

static void close_race(struct race *race)
{
    tdm_measurements_free(&race->rows);
    tdm_board_free(race->board);
}

static void run_synthetic(struct bench *bench)
{
    struct race race;
    if (!open_board(bench, "calibrate", &race))
        return;
    if (race.dnns == DNNS && make_rows(&race))
        run_rows(&race, "calibrate");
    else
        bench_fail(bench, "calibrate: no rows could be made from the board 'tx2'");
    close_race(&race);
}

static void run_measured(struct bench *bench)
{
    const char *data = getenv("TANDEM_DATA");
    if (!data) {
        bench_skip("calibrate-tx2", "TANDEM_DATA is not set");
        return;
    }
    struct race race;
    if (!open_board(bench, "calibrate-tx2", &race))
        return;
    char path[4096];
    snprintf(path, sizeof path, "%s/measurements/tx2-training-grid.csv", data);
    struct tdm_error error;
    if (tdm_measurements_load(&race.rows, path, NULL, &error))
        bench_fail(bench, "calibrate-tx2: %s", error.message);
    else
        run_rows(&race, "calibrate-tx2");
    close_race(&race);
}

const struct bench_case bench_calibrate = {
    "calibrate", "a board from 150 made-up rows of three dnns", run_synthetic};
const struct bench_case bench_calibrate_tx2 = {
    "calibrate-tx2", "the TX2 from the measured grid in TANDEM_DATA", run_measured};

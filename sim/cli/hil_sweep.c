// SPDX-License-Identifier: GPL-3.0-or-later
// tandem hil sweep: a board measured over its clocks, into the table that `calibrate` reads.
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/hil_sweep.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/text.h"

static const double steady = 0.3;      // K that the board may still warm in a look
static const double look = 2;          // s between two looks at its temperature
static const double sensor_spans = 20; // sensor periods that a row lasts at least
static const double most = 600;        // s that one run may take

struct arguments {
    const char *uri, *dnn, *mode, *precision, *processor, *output;
    const char *clocks[TDM_DOMAINS]; // lists; NULL: all OPPs
    uint64_t batch, count;
    double seconds, settle; // s
};

static int parse(int argc, char **argv, struct arguments *a)
{
    const char *nothing = NULL;
    const struct tdm_option options[] = {
        {'b', "board", "URI", .text = &a->uri, .required = true,
         .help = "the board's agent: tcp://HOST:PORT or ipc:///PATH"},
        {'d', "dnn", "NAME", .text = &a->dnn, .required = true, .help = "what runs on it"},
        {0, "mode", "MODE", .text = &a->mode, .help = "infer (the default) or train"},
        {0, "precision", "P", .text = &a->precision, .help = "fp32 (the default), fp16, …"},
        {0, "batch", "N", .whole = {&a->batch, 1, 4096}, .help = "inputs at once; 1 by default"},
        {0, "processor", "NAME", .text = &a->processor, .help = "gpu (the default) or cpu"},
        {0, "cpu", "A,B,…", .text = &a->clocks[TDM_CPU], .help = TDM_SWEEP_CLOCKS("CPU")},
        {0, "gpu", "A,B,…", .text = &a->clocks[TDM_GPU], .help = TDM_SWEEP_CLOCKS("GPU")},
        {0, "emc", "A,B,…", .text = &a->clocks[TDM_EMC], .help = TDM_SWEEP_CLOCKS("memory")},
        {'n', "count", "N", .whole = {&a->count, 1, 1000000},
         .help = "so many settings, spread evenly over all of them (a Sobol sequence after the "
                 "highest and the lowest); without it, all"},
        {0, "seconds", "S", .quantity = {&a->seconds, TDM_TIME},
         .help = "how long a row is measured at least: 2 s; never below 20 periods of the "
                 "sensors, and one run"},
        {0, "settle", "S", .quantity = {&a->settle, TDM_TIME},
         .help = "how long the board may warm up under the work before a row, at most, until its "
                 "temperature holds to 0.3 K in 2 s: 60 s"},
        {'o', "output", "FILE", .text = &a->output, .required = true,
         .help = "the rows, CSV (tandem help measurements); those that it has are not measured "
                 "again"},
    };
    const struct tdm_usage usage = {
        "hil sweep", "",
        "Measures how long a network takes on a board and what the board draws, at one setting of "
        "its clocks after the other. The work is repeated until the power sensors have seen enough "
        "of it. Each row is in the file as soon as it is measured: the same line goes on where "
        "it was broken off. Settings at which the board throttles, or that it does not take, "
        "give no row. 'tandem calibrate' makes a board file of the rows.",
        options, TDM_COUNT(options)};
    *a = (struct arguments){.mode = "infer",
                            .precision = "fp32",
                            .processor = "gpu",
                            .batch = 1,
                            .seconds = 2,
                            .settle = 60};
    return tdm_options_read(&usage, argc, argv, &nothing, 0, 0);
}

// ---- one row -----------------------------------------------------------------------------------

struct sweep {
    const struct arguments *a;
    struct tdm_agent *agent;
    const struct tdm_agent_welcome *board;
    struct tdm_vwork_job work;
    struct tdm_sweep_file file;
    size_t measured, left_out;
};

static void leave_out(struct sweep *s, const double hz[TDM_DOMAINS], const char *why)
{
    s->left_out++;
    fprintf(stderr, "tandem hil sweep: no row at %.4g, %.4g, %.4g MHz: %s\n", 1e-6 * hz[TDM_CPU],
            1e-6 * hz[TDM_GPU], 1e-6 * hz[TDM_EMC], why);
}

// Runs until `seconds` of work are done. Sums up time, energy and runs.
static int run_for(struct sweep *s, double seconds, struct tdm_sweep_row *row,
                   struct tdm_error *error)
{
    struct tdm_agent_segment segment;
    do {
        if (tdm_agent_run(s->agent, &s->work, most, &segment, error))
            return -1;
        row->seconds += segment.seconds;
        row->joules += segment.joules;
        row->temperature = segment.temperature;
        row->throttled |= segment.throttled;
        row->runs++;
    } while (row->seconds < seconds && !tdm_hil_signal);
    return 0;
}

static int warm_up(struct sweep *s, struct tdm_error *error)
{
    double before = NAN, spent = 0;
    for (;;) {
        struct tdm_sweep_row row = {.temperature = NAN};
        if (run_for(s, fmin(look, s->a->settle - spent), &row, error))
            return -1;
        spent += row.seconds;
        if (tdm_hil_signal || spent >= s->a->settle || isnan(row.temperature) ||
            fabs(row.temperature - before) < steady)
            return 0;
        before = row.temperature;
    }
}

static int set(struct sweep *s, const double hz[TDM_DOMAINS], bool *taken, struct tdm_error *error)
{
    struct tdm_setting setting = tdm_setting_none();
    struct tdm_report report;
    for (int d = 0; d < TDM_DOMAINS; d++) {
        setting.way[d] = isnan(hz[d]) ? TDM_GOVERN : TDM_PIN;
        setting.hz[d] = isnan(hz[d]) ? 0 : hz[d];
    }
    if (tdm_agent_set(s->agent, &setting, false, &report, NULL, error))
        return -1;
    *taken = tdm_report_fine(&report);
    for (int d = 0; d < TDM_DOMAINS && !*taken; d++)
        if (report.clock[d].finding > TDM_FINDING_AS_ASKED) {
            leave_out(s, hz, tdm_finding_names[report.clock[d].finding]);
            break;
        }
    return 0;
}

static int measure(struct sweep *s, const double hz[TDM_DOMAINS], struct tdm_error *error)
{
    const double least = fmax(s->a->seconds, sensor_spans * s->board->sensor_period);
    struct tdm_sweep_row row = {.temperature = NAN};
    bool taken = false;
    if (set(s, hz, &taken, error) || (taken && warm_up(s, error)))
        return -1;
    if (!taken || tdm_hil_signal)
        return 0;
    if (run_for(s, least, &row, error))
        return -1;
    if (tdm_hil_signal)
        return 0;
    if (row.throttled || isnan(row.joules)) {
        leave_out(s, hz, row.throttled ? "the board throttled" : "its power is not known");
        return 0;
    }
    memcpy(row.hz, hz, sizeof row.hz);
    if (tdm_sweep_file_add(&s->file, &row, error))
        return -1;
    s->measured++;
    return 0;
}

// ---- all rows ----------------------------------------------------------------------------------

static int measure_all(struct sweep *s, const struct tdm_sweep_settings *settings,
                       struct tdm_error *error)
{
    struct tdm_progress progress;
    size_t known = 0;
    tdm_progress_start(&progress, "sweep", "settings", (double)settings->count);
    int status = 0;
    for (size_t i = 0; i < settings->count && status == 0 && !tdm_hil_signal; i++) {
        if (tdm_sweep_file_has(&s->file, settings->hz[i]))
            known++;
        else
            status = measure(s, settings->hz[i], error);
        tdm_progress_update(&progress, (double)(i + 1));
    }
    tdm_progress_end(&progress);
    if (status == 0)
        printf("%zu rows measured, %zu were there, %zu left out: %s\n", s->measured, known,
               s->left_out, s->a->output);
    return status;
}

static int sweep(struct sweep *s, struct tdm_error *error)
{
    struct tdm_sweep_settings settings = {0};
    const struct tdm_sweep_file about = {.board = s->board->board,
                                         .dnn = s->a->dnn,
                                         .mode = s->a->mode,
                                         .precision = s->a->precision,
                                         .batch = (int)s->a->batch,
                                         .rails = s->board->covers};
    s->file = about;
    int code = TDM_EXIT_USAGE;
    if (tdm_sweep_settings(&settings, s->board, s->a->clocks, s->a->count, error) == 0 &&
        tdm_sweep_file_open(&s->file, s->a->output, error) == 0) {
        const bool done =
            tdm_agent_take(s->agent, 0, error) == 0 && measure_all(s, &settings, error) == 0;
        code = done ? TDM_EXIT_DONE : TDM_EXIT_FAILED;
    }
    tdm_sweep_file_close(&s->file);
    free(settings.hz);
    return code;
}

int tdm_hil_sweep(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    tdm_hil_catch_signals();
    const struct tdm_agent_options options = {.key = getenv("TANDEM_KEY"),
                                              .agent = getenv("TANDEM_AGENT_KEY")};
    struct sweep s = {.a = &a,
                      .work = {.dnn = a.dnn,
                               .mode = a.mode,
                               .precision = a.precision,
                               .processor = a.processor,
                               .batch = (int)a.batch,
                               .share = 1}};
    s.agent = tdm_agent_open(a.uri, &options, &error);
    if (!s.agent)
        return tdm_cli_fail("hil sweep", &error, TDM_EXIT_FAILED);
    s.board = tdm_agent_welcome(s.agent);
    const int code = sweep(&s, &error);
    tdm_agent_close(s.agent);
    if (code != TDM_EXIT_DONE)
        return tdm_cli_fail("hil sweep", &error, code);
    return tdm_hil_signal ? 128 + tdm_hil_signal : code;
}

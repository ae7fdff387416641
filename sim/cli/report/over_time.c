// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/over_time.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "core/guard.h"

const char *const tdm_causes[TDM_CAUSES] = {"fixed", "cpu", "gpu", "memory", "leakage"};

static const char *const power_columns[] = {
    "fixed", "cpu", "gpu", "memory", "leakage", "cpu_clock", "gpu_clock", "emc_clock", NULL};
static const char *const radio_columns[] = {"watts", NULL};

// A stretch of time, cut at the steps' edges.
struct cut {
    double start, end, length;
    size_t step;
};

// The next part of a stretch that begins at cut->start; s, 0 at its end.
static double next_part(struct cut *cut)
{
    if (!(cut->start < cut->end))
        return 0;
    const double step = floor(cut->start / cut->length);
    cut->step = step < TDM_STEPS ? (size_t)step : TDM_STEPS - 1;
    double edge = ((double)cut->step + 1) * cut->length;
    if (!(edge > cut->start) || cut->step == TDM_STEPS - 1)
        edge = cut->end;
    const double until = fmin(edge, cut->end), part = until - cut->start;
    cut->start = until;
    return part;
}

static void add_power(struct tdm_report_step *step, const struct tdm_record_stretches *s, size_t i,
                      double part)
{
    double watts = 0;
    for (size_t c = 0; c < TDM_CAUSES; c++) {
        step->watts[c] += part * s->value[c][i];
        watts += s->value[c][i];
    }
    const bool first = step->time == 0;
    step->least = first ? watts : fmin(step->least, watts);
    step->most = first ? watts : fmax(step->most, watts);
    for (size_t d = 0; d < TDM_RECORDED_CLOCKS; d++) {
        const double hz = s->value[TDM_CAUSES + d][i];
        step->clock[d] += part * hz;
        step->low[d] = first ? hz : fmin(step->low[d], hz);
        step->high[d] = first ? hz : fmax(step->high[d], hz);
    }
    step->time += part;
}

static void visit_power(void *context, const struct tdm_record_stretches *s)
{
    struct tdm_report_time *time = context;
    for (size_t i = 0; i < s->count; i++) {
        struct cut cut = {s->start[i], s->end[i], time->length, 0};
        for (double part; (part = next_part(&cut)) > 0;)
            add_power(&time->steps[cut.step], s, i, part);
    }
}

static void visit_radio(void *context, const struct tdm_record_stretches *s)
{
    struct tdm_report_time *time = context;
    for (size_t i = 0; i < s->count; i++) {
        struct cut cut = {s->start[i], s->end[i], time->length, 0};
        for (double part; (part = next_part(&cut)) > 0;)
            time->steps[cut.step].radio += part * s->value[0][i];
    }
}

struct radios {
    struct tdm_h5 *file;
    struct tdm_report_time *time;
    const char *board;
    struct tdm_error *error;
    int status;
};

static void add_radio(void *context, const char *name)
{
    struct radios *r = context;
    char path[64 + 3 * TDM_H5_NAME];
    if (r->status)
        return;
    snprintf(path, sizeof path, "%s/radio/%s", r->board, name);
    r->time->radio = true;
    r->status =
        tdm_record_read_stretches(r->file, path, radio_columns, visit_radio, r->time, r->error);
}

// Sums become means; where nothing was recorded, all is zero.
static void finish(struct tdm_report_time *time)
{
    for (size_t i = 0; i < TDM_STEPS; i++) {
        struct tdm_report_step *step = &time->steps[i];
        const double covered = step->time > 0 ? step->time : 1;
        for (size_t c = 0; c < TDM_CAUSES; c++)
            step->watts[c] /= covered;
        for (size_t d = 0; d < TDM_RECORDED_CLOCKS; d++)
            step->clock[d] /= covered;
        step->radio /= time->length;
    }
}

static int read_run(const struct tdm_report_run *run, struct tdm_report_time *time,
                    struct tdm_error *error)
{
    char path[64 + 2 * TDM_H5_NAME];
    struct tdm_h5 *file = tdm_report_open(run, error);
    if (!file)
        return -1;
    tdm_guard_risk(tdm_h5_file(file));
    snprintf(path, sizeof path, "%s/power", run->board);
    int status = tdm_record_read_stretches(file, path, power_columns, visit_power, time, error);
    snprintf(path, sizeof path, "%s/radio", run->board);
    struct radios radios = {file, time, run->board, error, 0};
    if (status == 0 && tdm_h5_has(file, path))
        status = tdm_h5_list(file, path, add_radio, &radios, error);
    tdm_h5_close(file, NULL);
    return status ? status : radios.status;
}

const struct tdm_report_time *tdm_over_time(struct tdm_report *report, struct tdm_error *error)
{
    if (report->time)
        return report->time;
    struct tdm_report_time *time = calloc(1, sizeof *time);
    if (!time) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    time->length = report->timed->end / TDM_STEPS;
    const int status = read_run(report->timed, time, error);
    tdm_guard_risk(NULL);
    if (status) {
        free(time);
        return NULL;
    }
    finish(time);
    report->time = time;
    return time;
}

void tdm_over_time_free(struct tdm_report_time *time)
{
    free(time);
}

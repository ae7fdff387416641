// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/series.h"

#include <math.h>
#include <stdlib.h>

void tdm_series_clear(struct tdm_series *series)
{
    free(series->t);
    for (int c = 0; c < TDM_COLUMNS; c++)
        free(series->value[c]);
    *series = (struct tdm_series){0};
}

static int grow(double **values, size_t room)
{
    double *bigger = realloc(*values, room * sizeof *bigger);
    if (!bigger)
        return -1;
    *values = bigger;
    return 0;
}

static int make_room(struct tdm_series *series)
{
    if (series->count < series->room)
        return 0;
    const size_t room = series->room ? 2 * series->room : 64;
    if (grow(&series->t, room) < 0)
        return -1;
    for (int c = 0; c < TDM_COLUMNS; c++)
        if (series->value[c] && grow(&series->value[c], room) < 0)
            return -1;
    series->room = room;
    return 0;
}

static int start_column(struct tdm_series *series, int c)
{
    if (grow(&series->value[c], series->room) < 0)
        return -1;
    for (size_t i = 0; i < series->count; i++)
        series->value[c][i] = NAN;
    return 0;
}

int tdm_series_push(struct tdm_series *series, double t, const double value[TDM_COLUMNS],
                    struct tdm_error *error)
{
    if (series->count >= TDM_TRACE_MOST_SAMPLES)
        return tdm_fail(error, "more than %zu samples; cut the file or resample it",
                        TDM_TRACE_MOST_SAMPLES);
    if (make_room(series) < 0)
        return tdm_fail(error, "no memory for more than %zu samples", series->count);
    for (int c = 0; c < TDM_COLUMNS; c++) {
        if (!series->value[c] && !isnan(value[c]) && start_column(series, c) < 0)
            return tdm_fail(error, "no memory for more than %zu samples", series->count);
        if (series->value[c])
            series->value[c][series->count] = value[c];
    }
    series->t[series->count++] = t;
    return 0;
}

double tdm_series_end(const struct tdm_series *series, size_t i)
{
    return i + 1 < series->count ? series->t[i + 1] : series->duration;
}

void tdm_series_keep(struct tdm_series *series, const bool *keep)
{
    size_t kept = 0;
    double now = 0;
    for (size_t i = 0; i < series->count; i++) {
        if (!keep[i])
            continue;
        const double length = tdm_series_end(series, i) - series->t[i];
        for (int c = 0; c < TDM_COLUMNS; c++)
            if (series->value[c])
                series->value[c][kept] = series->value[c][i];
        series->t[kept++] = now;
        now += length;
    }
    series->count = kept;
    series->duration = now;
}

static int drop_unknown(struct tdm_series *series, struct tdm_error *error)
{
    bool *keep = malloc(series->count * sizeof *keep);
    if (!keep)
        return tdm_fail(error, "no memory for %zu samples", series->count);
    for (size_t i = 0; i < series->count; i++) {
        keep[i] = true;
        for (int d = 0; d < TDM_DIRECTIONS; d++)
            if (series->value[d] && isnan(series->value[d][i]))
                keep[i] = false;
    }
    tdm_series_keep(series, keep);
    free(keep);
    return series->count ? 0 : tdm_fail(error, "no sample has all of its rates");
}

static void hold_unknown(double *rate, size_t count)
{
    size_t first = 0;
    while (first < count && isnan(rate[first]))
        first++;
    double last = first < count ? rate[first] : NAN;
    for (size_t i = 0; i < count; i++) {
        if (isnan(rate[i]))
            rate[i] = last;
        last = rate[i];
    }
}

int tdm_series_settle(struct tdm_series *series, enum tdm_unknown unknown, struct tdm_error *error)
{
    if (!series->value[TDM_UP] && !series->value[TDM_DOWN])
        return tdm_fail(error, "no sample has a rate, up or down");
    if (unknown == TDM_UNKNOWN_DROP)
        return drop_unknown(series, error);
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (series->value[d])
            hold_unknown(series->value[d], series->count);
    return 0;
}

struct tdm_trace *tdm_series_trace(const struct tdm_series *series, struct tdm_error *error)
{
    return tdm_trace_new(&(struct tdm_samples){.count = series->count,
                                               .duration = series->duration,
                                               .loop = series->loop,
                                               .t = series->t,
                                               .up = series->value[TDM_COLUMN_UP],
                                               .down = series->value[TDM_COLUMN_DOWN],
                                               .rtt = series->value[TDM_COLUMN_RTT],
                                               .signal = series->value[TDM_COLUMN_SIGNAL]},
                         error);
}

int tdm_series_from(struct tdm_series *series, const struct tdm_trace *trace,
                    struct tdm_error *error)
{
    const double *column[TDM_COLUMNS] = {
        [TDM_COLUMN_RTT] = trace->rtt, [TDM_COLUMN_SIGNAL] = trace->signal};
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (trace->has[d])
            column[d] = trace->way[d].rate;
    for (size_t i = 0; i < trace->count; i++) {
        double value[TDM_COLUMNS];
        for (int c = 0; c < TDM_COLUMNS; c++)
            value[c] = column[c] ? column[c][i] : NAN;
        if (tdm_series_push(series, trace->t[i], value, error) < 0)
            return -1;
    }
    series->duration = trace->duration;
    series->loop = trace->loop;
    return 0;
}

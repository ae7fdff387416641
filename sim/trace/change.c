// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/change.h"

#include <math.h>
#include <stdlib.h>

// Shorter leftovers of a cut are rounding.
static const double least = 2 * TDM_TRACE_LEAST_STEP;

static void values_at(const struct tdm_trace *trace, size_t i, double value[TDM_COLUMNS])
{
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        value[d] = trace->has[d] ? trace->way[d].rate[i] : NAN;
    value[TDM_COLUMN_RTT] = trace->rtt ? trace->rtt[i] : NAN;
    value[TDM_COLUMN_SIGNAL] = trace->signal ? trace->signal[i] : NAN;
}

// Where the sample at `time` ends, passing over ends that are only rounding away.
static double next_change(const struct tdm_trace *trace, struct tdm_cursor *cursor, double time)
{
    const double next = tdm_trace_next(trace, cursor, time);
    return next - time >= least ? next : tdm_trace_next(trace, cursor, time + least);
}

int tdm_series_cut(struct tdm_series *out, const struct tdm_trace *trace, double start,
                   double length, struct tdm_error *error)
{
    if (start >= trace->duration && !trace->loop)
        return tdm_fail(error, "the cut starts at %g s, but the trace lasts %g s", start,
                        trace->duration);
    double end = start + length;
    if (length == INFINITY)
        end = start < trace->duration ? trace->duration : start + trace->duration;
    if (!trace->loop && end > trace->duration * (1 + 1e-12))
        return tdm_fail(error, "the cut ends at %g s, but the trace lasts %g s and does not loop",
                        end, trace->duration);
    if (!(end - start >= least && end <= TDM_TRACE_MOST_SECONDS))
        return tdm_fail(error, "the cut lasts %g s; it must be positive and end before %g s",
                        end - start, TDM_TRACE_MOST_SECONDS);
    struct tdm_cursor cursor = {0};
    for (double time = start; end - time >= least;) {
        double value[TDM_COLUMNS];
        values_at(trace, tdm_trace_index(trace, &cursor, time), value);
        if (tdm_series_push(out, time - start, value, error) < 0)
            return -1;
        time = fmin(next_change(trace, &cursor, time), end);
    }
    out->duration = end - start;
    out->loop = trace->loop;
    return 0;
}

// The time-weighted mean of an array over [from, to) within one turn.
static double mean_of(const struct tdm_trace *trace, const double *array, double from, double to)
{
    struct tdm_cursor cursor = {0};
    double sum = 0;
    if (!array)
        return NAN;
    for (double time = from; time < to;) {
        const size_t i = tdm_trace_index(trace, &cursor, time);
        const double next = fmin(tdm_trace_next(trace, &cursor, time), to);
        sum += array[i] * (next - time);
        time = next;
    }
    return sum / (to - from);
}

int tdm_series_resample(struct tdm_series *out, const struct tdm_trace *trace, double step,
                        struct tdm_error *error)
{
    if (!(step >= least))
        return tdm_fail(error, "the step is %g s; it must be positive", step);
    if (trace->duration / step > (double)TDM_TRACE_MOST_SAMPLES)
        return tdm_fail(error, "steps of %g s over %g s are more than %zu samples", step,
                        trace->duration, TDM_TRACE_MOST_SAMPLES);
    double from = 0;
    for (size_t k = 1; trace->duration - from >= least; k++) {
        double to = (double)k * step, value[TDM_COLUMNS];
        if (trace->duration - to < least)
            to = trace->duration;
        for (int d = 0; d < TDM_DIRECTIONS; d++)
            value[d] = trace->has[d]
                           ? tdm_trace_bytes(trace, (enum tdm_direction)d, from, to) / (to - from)
                           : NAN;
        value[TDM_COLUMN_RTT] = mean_of(trace, trace->rtt, from, to);
        value[TDM_COLUMN_SIGNAL] = mean_of(trace, trace->signal, from, to);
        if (tdm_series_push(out, from, value, error) < 0)
            return -1;
        from = to;
    }
    out->duration = trace->duration;
    out->loop = trace->loop;
    return 0;
}

int tdm_series_join(struct tdm_series *out, const struct tdm_trace *up,
                    const struct tdm_trace *down, double duration, struct tdm_error *error)
{
    struct tdm_cursor a = {0}, b = {0};
    for (double time = 0; duration - time >= least;) {
        const size_t i = tdm_trace_index(up, &a, time), j = tdm_trace_index(down, &b, time);
        const double value[TDM_COLUMNS] = {up->way[TDM_UP].rate[i], down->way[TDM_DOWN].rate[j],
                                           up->rtt     ? up->rtt[i]
                                           : down->rtt ? down->rtt[j]
                                                       : NAN,
                                           up->signal     ? up->signal[i]
                                           : down->signal ? down->signal[j]
                                                          : NAN};
        if (tdm_series_push(out, time, value, error) < 0)
            return -1;
        time = fmin(next_change(up, &a, time), next_change(down, &b, time));
    }
    out->duration = duration;
    out->loop = up->loop && down->loop;
    return 0;
}

static int hold_outages(double *rate, size_t count, struct tdm_error *error)
{
    size_t first = 0;
    while (first < count && rate[first] == 0)
        first++;
    if (first == count)
        return tdm_fail(error, "a direction is zero throughout; there is nothing to hold");
    double last = rate[first];
    for (size_t i = 0; i < count; i++) {
        if (rate[i] == 0)
            rate[i] = last;
        last = rate[i];
    }
    return 0;
}

static int drop_outages(struct tdm_series *series, struct tdm_error *error)
{
    bool *keep = malloc(series->count * sizeof *keep);
    if (!keep)
        return tdm_fail(error, "no memory for %zu samples", series->count);
    for (size_t i = 0; i < series->count; i++) {
        keep[i] = false;
        for (int d = 0; d < TDM_DIRECTIONS; d++)
            keep[i] |= series->value[d] && series->value[d][i] > 0;
    }
    tdm_series_keep(series, keep);
    free(keep);
    return series->count ? 0 : tdm_fail(error, "the trace is zero throughout; nothing is left");
}

int tdm_series_outage(struct tdm_series *series, enum tdm_outage outage, double floor,
                      struct tdm_error *error)
{
    if (outage == TDM_OUTAGE_DROP)
        return drop_outages(series, error);
    for (int d = 0; d < TDM_DIRECTIONS; d++) {
        double *rate = series->value[d];
        if (rate && outage == TDM_OUTAGE_HOLD && hold_outages(rate, series->count, error) < 0)
            return -1;
        for (size_t i = 0; rate && outage == TDM_OUTAGE_FLOOR && i < series->count; i++)
            if (rate[i] == 0)
                rate[i] = floor;
    }
    return 0;
}

void tdm_series_floor(struct tdm_series *series, double floor)
{
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        for (size_t i = 0; series->value[d] && i < series->count; i++)
            series->value[d][i] = fmax(series->value[d][i], floor);
}

static void scale(double *rate, size_t count, double factor)
{
    for (size_t i = 0; i < count; i++)
        rate[i] *= factor;
}

void tdm_series_scale(struct tdm_series *series, double factor)
{
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (series->value[d])
            scale(series->value[d], series->count, factor);
}

int tdm_series_scale_to(struct tdm_series *series, double mean, struct tdm_error *error)
{
    for (int d = 0; d < TDM_DIRECTIONS; d++) {
        long double sum = 0;
        for (size_t i = 0; series->value[d] && i < series->count; i++)
            sum += (long double)series->value[d][i] * (tdm_series_end(series, i) - series->t[i]);
        if (series->value[d] && sum == 0)
            return tdm_fail(error, "a direction is zero throughout; it cannot get a mean");
        if (series->value[d])
            scale(series->value[d], series->count,
                  (double)((long double)mean * series->duration / sum));
    }
    return 0;
}

int tdm_series_only(struct tdm_series *series, enum tdm_direction direction,
                    struct tdm_error *error)
{
    double **other = &series->value[1 - direction];
    if (!series->value[direction])
        return tdm_fail(error, "the trace has no %s rates of its own",
                        direction == TDM_UP ? "up" : "down");
    free(*other);
    *other = NULL;
    return 0;
}

int tdm_series_set_rtt(struct tdm_series *series, double rtt, struct tdm_error *error)
{
    double **column = &series->value[TDM_COLUMN_RTT];
    if (!*column)
        *column = malloc(series->room * sizeof **column);
    if (!*column)
        return tdm_fail(error, "no memory for %zu samples", series->count);
    for (size_t i = 0; i < series->count; i++)
        (*column)[i] = rtt;
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/trace.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// One block of memory holds the trace and all of its arrays.
struct block {
    struct tdm_trace trace;
    double numbers[];
};

static int check_rates(const double *rate, size_t count, const char *name, struct tdm_error *error)
{
    for (size_t i = 0; rate && i < count; i++) {
        if (!(rate[i] >= 0 && rate[i] <= TDM_TRACE_MOST_RATE))
            return tdm_fail(error,
                            "sample %zu: the %s rate is %g bytes/s; it must lie between 0 and %g",
                            i + 1, name, rate[i], TDM_TRACE_MOST_RATE);
        if (rate[i] > 0 && rate[i] < TDM_TRACE_LEAST_RATE)
            return tdm_fail(error,
                            "sample %zu: the %s rate is %g bytes/s; it must be 0 or at least %g",
                            i + 1, name, rate[i], TDM_TRACE_LEAST_RATE);
    }
    return 0;
}

static int check_extra(const double *value, size_t count, double least, double most,
                       const char *name, struct tdm_error *error)
{
    for (size_t i = 0; value && i < count; i++)
        if (!isnan(value[i]) && !(value[i] >= least && value[i] <= most))
            return tdm_fail(error, "sample %zu: the %s is %g; it must lie between %g and %g", i + 1,
                            name, value[i], least, most);
    return 0;
}

static int check_times(const struct tdm_samples *samples, struct tdm_error *error)
{
    const size_t n = samples->count;
    if (n < 1)
        return tdm_fail(error, "there are no samples; a trace has at least one");
    if (n > TDM_TRACE_MOST_SAMPLES)
        return tdm_fail(error, "%zu samples are too many; a trace has at most %zu", n,
                        TDM_TRACE_MOST_SAMPLES);
    if (!(samples->duration <= TDM_TRACE_MOST_SECONDS))
        return tdm_fail(error, "it lasts %g s; a trace lasts at most %g s", samples->duration,
                        TDM_TRACE_MOST_SECONDS);
    if (samples->t[0] != 0)
        return tdm_fail(error, "the first sample starts at %g s; it must start at 0",
                        samples->t[0]);
    for (size_t i = 0; i < n; i++) {
        const double end = i + 1 < n ? samples->t[i + 1] : samples->duration;
        if (!(end - samples->t[i] >= TDM_TRACE_LEAST_STEP))
            return tdm_fail(error,
                            "sample %zu starts at %.9g s and ends at %.9g s; time must move "
                            "forward by at least 1 ns",
                            i + 1, samples->t[i], end);
    }
    return 0;
}

static int check(const struct tdm_samples *samples, struct tdm_error *error)
{
    if (check_times(samples, error) < 0)
        return -1;
    if (!samples->up && !samples->down)
        return tdm_fail(error, "there is neither an up nor a down rate");
    if (check_rates(samples->up, samples->count, "up", error) < 0 ||
        check_rates(samples->down, samples->count, "down", error) < 0 ||
        check_extra(samples->rtt, samples->count, 0, 1e6, "round-trip time in s", error) < 0)
        return -1;
    return check_extra(samples->signal, samples->count, -300, 100, "signal in dBm", error);
}

static struct tdm_rates make_rates(const struct tdm_trace *trace, const double *given,
                                   double *memory)
{
    const size_t n = trace->count;
    double *rate = memory, *inverse = memory + n, *sum = memory + 2 * n;
    double most = 0;
    long double total = 0; // so that each prefix is right to half a unit in the last place
    memcpy(rate, given, n * sizeof *rate);
    for (size_t i = 0; i < n; i++) {
        const double end = i + 1 < n ? trace->t[i + 1] : trace->duration;
        inverse[i] = rate[i] > 0 ? 1 / rate[i] : INFINITY;
        sum[i] = (double)total;
        total += (long double)rate[i] * ((long double)end - trace->t[i]);
        most = fmax(most, rate[i]);
    }
    sum[n] = (double)total;
    return (struct tdm_rates){.rate = rate, .inverse = inverse, .sum = sum, .most = most};
}

// Copies into `memory`, filling gaps; NULL where there is no value at all.
static const double *make_extra(const double *given, size_t count, double *memory)
{
    size_t first = 0;
    while (given && first < count && isnan(given[first]))
        first++;
    if (!given || first == count)
        return NULL;
    double last = given[first];
    for (size_t i = 0; i < count; i++) {
        if (!isnan(given[i]))
            last = given[i];
        memory[i] = last;
    }
    return memory;
}

struct tdm_trace *tdm_trace_new(const struct tdm_samples *samples, struct tdm_error *error)
{
    if (check(samples, error) < 0)
        return NULL;
    const size_t n = samples->count;
    const size_t ways = (samples->up ? 1U : 0U) + (samples->down ? 1U : 0U);
    const size_t extras = (samples->rtt ? 1U : 0U) + (samples->signal ? 1U : 0U);
    const size_t numbers = (n + 1) + ways * (3 * n + 1) + extras * n;
    struct block *block = malloc(sizeof *block + numbers * sizeof *block->numbers);
    if (!block) {
        tdm_fail(error, "no memory for %zu samples", n);
        return NULL;
    }
    struct tdm_trace *trace = &block->trace;
    double *t = block->numbers, *next = t + n + 1;
    memcpy(t, samples->t, n * sizeof *t);
    t[n] = samples->loop ? samples->duration : INFINITY;
    *trace = (struct tdm_trace){
        .count = n, .duration = samples->duration, .loop = samples->loop, .t = t};
    const double *const given[TDM_DIRECTIONS] = {
        [TDM_UP] = samples->up, [TDM_DOWN] = samples->down};
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (given[d]) {
            trace->has[d] = true;
            trace->way[d] = make_rates(trace, given[d], next);
            next += 3 * n + 1;
        }
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (!trace->has[d])
            trace->way[d] = trace->way[1 - d];
    trace->rtt = make_extra(samples->rtt, n, next);
    if (samples->rtt)
        next += n;
    trace->signal = make_extra(samples->signal, n, next);
    return trace;
}

struct tdm_trace *tdm_trace_constant(double up, double down, double rtt)
{
    const double zero = 0;
    return tdm_trace_new(&(struct tdm_samples){.count = 1,
                                               .duration = 1,
                                               .loop = false,
                                               .t = &zero,
                                               .up = &up,
                                               .down = &down,
                                               .rtt = &rtt},
                         NULL);
}

void tdm_trace_free(struct tdm_trace *trace)
{
    free(trace); // the first member of its block
}

// The start of the turn that holds at `time`: at most `time`, the next one beyond it.
static double turn_origin(const struct tdm_trace *trace, double time)
{
    const double turn = floor(time / trace->duration);
    const double origin = turn * trace->duration;
    if (origin > time)
        return (turn - 1) * trace->duration;
    const double next = (turn + 1) * trace->duration;
    return next <= time ? next : origin;
}

static double turn_number(const struct tdm_trace *trace, double origin)
{
    return round(origin / trace->duration);
}

// The last i with values[i] <= wanted in values[0..count), values[0] <= wanted: gallops from `i`.
static size_t gallop(const double *values, size_t count, size_t i, double wanted)
{
    size_t low = i, high = i, step = 1;
    if (values[i] <= wanted) {
        while (high < count && values[high] <= wanted) {
            low = high;
            high = count - high > step ? high + step : count;
            step *= 2;
        }
    } else {
        while (low > 0 && values[low] > wanted) {
            high = low;
            low = low > step ? low - step : 0;
            step *= 2;
        }
    }
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (values[middle] <= wanted)
            low = middle;
        else
            high = middle;
    }
    return low;
}

size_t tdm_trace_seek(const struct tdm_trace *trace, struct tdm_cursor *cursor, double time)
{
    assert(time >= 0 && time < INFINITY);
    enum { NEAR = 4 };
    double local = time - cursor->origin;
    const size_t next = cursor->index + 1;
    if (local >= trace->t[next]) // a little later is the likeliest
        for (size_t i = next; i < trace->count && i < next + NEAR; i++)
            if (local < trace->t[i + 1])
                return cursor->index = i;
    if (trace->loop && !(local >= 0 && local < trace->duration)) {
        const double origin = turn_origin(trace, time);
        // Turns mostly follow one another: then the walk begins at the first sample.
        if (origin > cursor->origin)
            cursor->index = 0;
        cursor->origin = origin;
        local = time - origin;
    }
    cursor->index = gallop(trace->t, trace->count, cursor->index, local);
    return cursor->index;
}

double tdm_trace_next(const struct tdm_trace *trace, struct tdm_cursor *cursor, double time)
{
    const size_t i = tdm_trace_index(trace, cursor, time);
    if (i + 1 == trace->count && trace->loop)
        return fmax((turn_number(trace, cursor->origin) + 1) * trace->duration,
                    nextafter(time, INFINITY));
    return fmax(cursor->origin + trace->t[i + 1], nextafter(time, INFINITY));
}

// The sample in which `bytes` (> 0) since t[from] are through, by the prefix sums. They do pass:
// sum[count] - sum[from] >= bytes, or the last sample holds for ever.
static size_t find_end(const struct tdm_trace *trace, const double *sum, size_t from, double bytes)
{
    size_t low = from, high = from + 1, step = 1;
    while (high < trace->count && sum[high] - sum[from] < bytes) {
        low = high;
        high = trace->count - high > step ? high + step : trace->count;
        step *= 2;
    }
    while (high - low > 1) { // sum[low] is short of it, sum[high] (or the end) is not
        const size_t middle = low + (high - low) / 2;
        if (sum[middle] - sum[from] < bytes)
            low = middle;
        else
            high = middle;
    }
    return low;
}

// The time within a turn at which `bytes` (> 0) have passed since t[from]; the cursor goes there.
static double pass(const struct tdm_trace *trace, const struct tdm_rates *rates,
                   struct tdm_cursor *cursor, size_t from, double bytes)
{
    enum { NEAR = 8 };
    const double *t = trace->t, *rate = rates->rate;
    size_t i = from;
    // Most transfers end soon; and subtracting keeps small ones exact where the sums are large.
    for (; i < from + NEAR && i + 1 < trace->count; i++) {
        const double here = rate[i] * (t[i + 1] - t[i]);
        if (bytes <= here)
            break;
        bytes -= here;
    }
    if (i == from + NEAR) {
        const size_t near = i;
        i = find_end(trace, rates->sum, near, bytes);
        bytes -= rates->sum[i] - rates->sum[near];
    }
    cursor->index = i;
    if (rate[i] == 0) // rounding only: the last that passed was before
        return trace->loop || i + 1 < trace->count ? t[i] : INFINITY;
    return fmin(t[i] + fmax(0, bytes) * rates->inverse[i], t[i + 1]);
}

double tdm_trace_finish_far(const struct tdm_trace *trace, enum tdm_direction direction,
                            struct tdm_cursor *cursor, double start, double bytes)
{
    const struct tdm_rates *rates = &trace->way[direction];
    assert(start >= 0 && bytes >= 0);
    if (start == INFINITY || bytes == 0)
        return start;
    const size_t i = tdm_trace_index(trace, cursor, start);
    const double local = fmin(start - cursor->origin, trace->t[i + 1]);
    if (bytes == INFINITY)
        return INFINITY;
    const double rate = rates->rate[i];
    const double here = rate > 0 ? rate * (trace->t[i + 1] - local) : 0;
    if (bytes <= here)
        return start + bytes * rates->inverse[i];
    if (i + 1 == trace->count && !trace->loop)
        return INFINITY;
    bytes -= here;
    const double whole = rates->sum[trace->count];
    const double left = whole - rates->sum[i + 1];
    if (!trace->loop || bytes <= left)
        return fmax(start, cursor->origin + pass(trace, rates, cursor, i + 1, bytes));
    if (whole == 0)
        return INFINITY;
    // Whole turns by division; the last one is never empty, so that the end is the first moment.
    bytes -= left;
    double turns = ceil(bytes / whole) - 1;
    double rest = fma(-turns, whole, bytes);
    if (rest <= 0 && turns > 0) {
        turns--;
        rest += whole;
    } else if (rest > whole) {
        turns++;
        rest -= whole;
    }
    cursor->origin = (turn_number(trace, cursor->origin) + 1 + turns) * trace->duration;
    rest = fmin(fmax(rest, 0), whole);
    return fmax(start, cursor->origin + pass(trace, rates, cursor, 0, rest));
}

// Bytes from `local` to the end of its turn, and from the start of the turn to `local`.
static double bytes_after(const struct tdm_trace *trace, const struct tdm_rates *rates, size_t i,
                          double local)
{
    const double rest = fmax(0, trace->t[i + 1] - local);
    return rates->rate[i] * rest + (rates->sum[trace->count] - rates->sum[i + 1]);
}

static double bytes_before(const struct tdm_trace *trace, const struct tdm_rates *rates, size_t i,
                           double local)
{
    return rates->sum[i] + rates->rate[i] * (fmin(local, trace->t[i + 1]) - trace->t[i]);
}

static double bytes_for_ever(const struct tdm_trace *trace, enum tdm_direction direction,
                             double from)
{
    const struct tdm_rates *rates = &trace->way[direction];
    if (rates->most == 0 || from == INFINITY)
        return 0;
    if (trace->loop || rates->rate[trace->count - 1] > 0)
        return INFINITY;
    return tdm_trace_bytes(trace, direction, from, fmax(from, trace->duration));
}

double tdm_trace_bytes(const struct tdm_trace *trace, enum tdm_direction direction, double from,
                       double to)
{
    assert(from >= 0 && from <= to);
    if (to == INFINITY)
        return bytes_for_ever(trace, direction, from);
    const struct tdm_rates *rates = &trace->way[direction];
    struct tdm_cursor a = {0}, b;
    const size_t i = tdm_trace_index(trace, &a, from);
    b = a;
    const size_t j = tdm_trace_index(trace, &b, to);
    const double local_a = from - a.origin, local_b = to - b.origin;
    if (a.origin != b.origin) {
        const double turns = turn_number(trace, b.origin) - turn_number(trace, a.origin) - 1;
        return bytes_after(trace, rates, i, local_a) + turns * rates->sum[trace->count] +
               bytes_before(trace, rates, j, local_b);
    }
    if (i == j)
        return rates->rate[i] * (to - from);
    return rates->rate[i] * (trace->t[i + 1] - local_a) + (rates->sum[j] - rates->sum[i + 1]) +
           rates->rate[j] * (local_b - trace->t[j]);
}

double tdm_trace_best(const struct tdm_trace *trace, enum tdm_direction direction, double from,
                      double to)
{
    assert(from >= 0 && from <= to);
    const struct tdm_rates *rates = &trace->way[direction];
    if (trace->loop ? to - from >= trace->duration : from == 0 && to >= trace->duration)
        return rates->most;
    if (from == INFINITY)
        return 0;
    struct tdm_cursor a = {0}, b;
    size_t i = tdm_trace_index(trace, &a, from), j = trace->count - 1;
    b = a;
    if (to < INFINITY)
        j = tdm_trace_index(trace, &b, to);
    double most = rates->rate[i];
    while (i != j || a.origin != b.origin) {
        if (++i == trace->count) {
            i = 0;
            a.origin = b.origin; // less than a turn, so it is the next one
        }
        most = fmax(most, rates->rate[i]);
    }
    return most;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/stats.h"

#include <stdlib.h>

struct weighted {
    double value, seconds;
};

static int by_value(const void *a, const void *b)
{
    const double x = ((const struct weighted *)a)->value, y = ((const struct weighted *)b)->value;
    return (x > y) - (x < y);
}

static double quantile(const struct weighted *sorted, size_t count, long double seconds, double q)
{
    // A hair less, so that rounding in the sum does not pass over an exact share.
    const long double wanted = seconds * q * (1 - 1e-12L);
    long double sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += sorted[i].seconds;
        if (sum >= wanted)
            return sorted[i].value;
    }
    return sorted[count - 1].value;
}

static void measure(const struct tdm_trace *trace, const double *value, struct weighted *memory,
                    struct tdm_quantiles *out)
{
    const size_t n = trace->count;
    long double sum = 0, zero = 0;
    for (size_t i = 0; i < n; i++) {
        const double end = i + 1 < n ? trace->t[i + 1] : trace->duration;
        memory[i] = (struct weighted){.value = value[i], .seconds = end - trace->t[i]};
        sum += (long double)value[i] * memory[i].seconds;
        zero += value[i] == 0 ? memory[i].seconds : 0;
    }
    qsort(memory, n, sizeof *memory, by_value);
    *out = (struct tdm_quantiles){.mean = (double)(sum / trace->duration),
                                  .least = memory[0].value,
                                  .p5 = quantile(memory, n, trace->duration, 0.05),
                                  .median = quantile(memory, n, trace->duration, 0.5),
                                  .p95 = quantile(memory, n, trace->duration, 0.95),
                                  .most = memory[n - 1].value,
                                  .zero = (double)(zero / trace->duration)};
}

int tdm_trace_measure(const struct tdm_trace *trace, struct tdm_trace_stats *stats,
                      struct tdm_error *error)
{
    struct weighted *memory = malloc(trace->count * sizeof *memory);
    if (!memory)
        return tdm_fail(error, "no memory for %zu samples", trace->count);
    *stats = (struct tdm_trace_stats){0};
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (trace->has[d])
            measure(trace, trace->way[d].rate, memory, &stats->way[d]);
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (!trace->has[d])
            stats->way[d] = stats->way[1 - d];
    if (trace->rtt)
        measure(trace, trace->rtt, memory, &stats->rtt);
    if (trace->signal)
        measure(trace, trace->signal, memory, &stats->signal);
    free(memory);
    return 0;
}

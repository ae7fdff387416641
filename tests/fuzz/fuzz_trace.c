// SPDX-License-Identifier: GPL-3.0-or-later
// All readers of traces, and what is done with what they read. The first byte picks the format
// (after the last one: told by the content), the rest is the file.
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "trace/change.h"
#include "trace/format.h"
#include "trace/stats.h"

static void use(const struct tdm_trace *trace)
{
    struct tdm_trace_stats stats;
    tdm_trace_measure(trace, &stats, NULL);
    for (int d = 0; d < TDM_DIRECTIONS; d++) {
        const enum tdm_direction way = (enum tdm_direction)d;
        struct tdm_cursor cursor = {0};
        double now = 0;
        assert(stats.way[d].mean >= 0 && stats.way[d].most >= stats.way[d].least);
        for (int i = 0; i < 20 && now < INFINITY; i++) {
            const double later =
                tdm_trace_finish(trace, way, &cursor, now, pow(10, i) * trace->way[d].most);
            assert(later >= now);
            if (later < INFINITY)
                assert(tdm_trace_bytes(trace, way, now, later) >= 0);
            now = later;
        }
    }
}

static void change(const struct tdm_trace *trace)
{
    struct tdm_series series = {0};
    if (tdm_series_cut(&series, trace, trace->duration / 3, trace->duration / 2, NULL) == 0) {
        struct tdm_trace *cut = tdm_series_trace(&series, NULL);
        if (cut)
            use(cut);
        tdm_trace_free(cut);
    }
    tdm_series_clear(&series);
    if (tdm_series_resample(&series, trace, trace->duration / 7, NULL) == 0) {
        struct tdm_trace *steps = tdm_series_trace(&series, NULL);
        if (steps)
            use(steps);
        tdm_trace_free(steps);
    }
    tdm_series_clear(&series);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct tdm_read_options options = {.alone = true};
    struct tdm_series series = {0};
    struct tdm_error error;
    size_t formats = 0;
    while (tdm_trace_formats[formats])
        formats++;
    if (size < 1)
        return 0;
    char *text = malloc(size); // with its '\0'
    if (!text)
        return 0;
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    const struct tdm_input input = {
        .path = "fuzz", .text = text, .length = size - 1, .options = &options};
    const size_t which = data[0] % (formats + 1);
    const struct tdm_trace_format *format =
        which < formats ? tdm_trace_formats[which] : tdm_format_detect(&input, &error);
    if (format && format->read && format->read(&input, &series, &error) == 0 &&
        tdm_series_settle(&series, data[0] & 0x80 ? TDM_UNKNOWN_DROP : TDM_UNKNOWN_HOLD, NULL) ==
            0) {
        struct tdm_trace *trace = tdm_series_trace(&series, &error);
        if (trace) {
            use(trace);
            change(trace);
        }
        tdm_trace_free(trace);
    }
    tdm_series_clear(&series);
    free(text);
    return 0;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// "sec,bytes_per_second" lines without a header, as in the multipath Wi-Fi and cellular link traces
// (github.com/yguruprasad/Multipath-Wireless-Link-Traces): what passed in the second that ends at
// `sec`, counted from 1. A second that is not there holds nothing of its own: the value of the line
// that ends after it stands for it. It loops.
#include "trace/reader.h"

#include <string.h>

static int read_line(const struct tdm_input *input, const struct tdm_lines *lines, double *second,
                     double *rate, struct tdm_error *error)
{
    const char *comma = memchr(lines->line, ',', (size_t)(lines->stop - lines->line));
    if (!comma)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "'%s' has no comma; write second and bytes/s, as in '1,589304'",
                           tdm_field_show(lines->line, lines->stop));
    if (tdm_read_number(input, lines->number, &tdm_number_seconds, lines->line, comma, second,
                        error) < 0)
        return -1;
    return tdm_read_number(input, lines->number, &tdm_number_bytes, comma + 1, lines->stop, rate,
                           error);
}

static int read_seconds(const struct tdm_input *input, struct tdm_series *series,
                        struct tdm_error *error)
{
    struct tdm_lines lines = tdm_lines_start(input->text, input->length);
    double first = 0, before = 0;
    while (tdm_lines_next(&lines)) {
        double second = 0, rate = 0;
        if (tdm_lines_blank(&lines))
            continue;
        if (read_line(input, &lines, &second, &rate, error) < 0)
            return -1;
        if (series->count == 0)
            first = before = second - 1;
        if (second - before < TDM_TRACE_LEAST_STEP)
            return tdm_fail_at(error, input->path, lines.number, 0,
                               "second %.9g comes after second %.9g; time must increase", second,
                               before);
        if (tdm_read_push_down(input, lines.number, series, before - first, rate, error) < 0)
            return -1;
        before = second;
    }
    if (series->count == 0)
        return tdm_fail_at(error, input->path, 0, 0, "the file holds no samples");
    series->duration = before - first;
    series->loop = true;
    return 0;
}

const struct tdm_trace_format tdm_format_seconds = {
    .name = "seconds",
    .summary = "'sec,bytes_per_second' lines without a header; loops",
    .extensions = "",
    .read = read_seconds,
};

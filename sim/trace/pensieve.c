// SPDX-License-Identifier: GPL-3.0-or-later
// Pensieve (Mao et al., SIGCOMM 2017): "time_s Mbit/s" a line. A value is the mean over the
// interval that ENDS at its time, so the first line only says when the trace begins. It loops.
#include "trace/reader.h"

static int read_line(const struct tdm_input *input, const struct tdm_lines *lines, double *time,
                     double *rate, struct tdm_error *error)
{
    const char *at = lines->line, *from[2], *to[2], *more[2];
    if (!tdm_field_next(&at, lines->stop, &from[0], &to[0]) ||
        !tdm_field_next(&at, lines->stop, &from[1], &to[1]) ||
        tdm_field_next(&at, lines->stop, &more[0], &more[1]))
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "'%s' is not a pensieve line; write time and rate, as in '1.5 2.25'"
                           " (s, Mbit/s)",
                           tdm_field_show(lines->line, lines->stop));
    if (tdm_read_number(input, lines->number, &tdm_number_seconds, from[0], to[0], time, error) < 0)
        return -1;
    return tdm_read_number(input, lines->number, &tdm_number_mbit, from[1], to[1], rate, error);
}

static int read_pensieve(const struct tdm_input *input, struct tdm_series *series,
                         struct tdm_error *error)
{
    struct tdm_lines lines = tdm_lines_start(input->text, input->length);
    double first = 0, before = 0;
    long count = 0;
    while (tdm_lines_next(&lines)) {
        double time = 0, rate = 0;
        if (tdm_lines_blank(&lines))
            continue;
        if (read_line(input, &lines, &time, &rate, error) < 0)
            return -1;
        if (count++ == 0)
            first = before = time;
        if (time < before)
            return tdm_fail_at(error, input->path, lines.number, 0,
                               "time goes back from %.9g s to %.9g s; it must not", before, time);
        // An interval of no length carries nothing, and real files hold some.
        if (time - before < TDM_TRACE_LEAST_STEP)
            continue;
        if (tdm_read_push_down(input, lines.number, series, before - first, rate, error) < 0)
            return -1;
        before = time;
    }
    if (series->count == 0)
        return tdm_fail_at(error, input->path, lines.number, 0,
                           "a pensieve trace needs two lines at different times: a value holds"
                           " for the interval that ends at its time");
    series->duration = before - first;
    series->loop = true;
    return 0;
}

const struct tdm_trace_format tdm_format_pensieve = {
    .name = "pensieve",
    .summary = "'time_s Mbit/s' lines; a value holds for the interval that ends there; loops",
    .extensions = ".pensieve",
    .read = read_pensieve,
};

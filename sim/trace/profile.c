// SPDX-License-Identifier: GPL-3.0-or-later
// SimGrid profiles, as `bandwidth_file` and `latency_file` of a link: "date value" a line, bytes/s
// or s, absolute; "LOOPAFTER delay" begins again that long after the LAST event, "PERIODICITY p"
// that long after the start. Without them the last value holds for ever. '#' and '%' begin
// comments. (SimGrid manual, XML reference; ProfileBuilder.cpp.)
#include "trace/reader.h"

#include <math.h>
#include <string.h>

struct profile {
    double first, date, value; // date of the first event, date and value of the last
    long events;
    bool loop, period; // `delay` counts from the last event, or from the start
    double delay;
};

static int read_keyword(const struct tdm_input *input, const struct tdm_lines *lines,
                        const char *const from[2], const char *const to[2], struct profile *profile,
                        struct tdm_error *error)
{
    static const struct tdm_number delay = {"delay", "s", 1, 0, 1e10};
    if (profile->loop)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "a second LOOPAFTER or PERIODICITY");
    profile->loop = true;
    profile->period = *from[0] == 'P';
    return tdm_read_number(input, lines->number, &delay, from[1], to[1], &profile->delay, error);
}

static int read_event(const struct tdm_input *input, const struct tdm_lines *lines,
                      const char *const from[2], const char *const to[2], struct profile *profile,
                      struct tdm_series *series, struct tdm_error *error)
{
    static const struct tdm_number date = {"date", "s", 1, 0, 1e10};
    double when = 0, value = 0;
    if (tdm_read_number(input, lines->number, &date, from[0], to[0], &when, error) < 0 ||
        tdm_read_number(input, lines->number, &tdm_number_bytes, from[1], to[1], &value, error) < 0)
        return -1;
    if (profile->events && when < profile->date)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "the date goes back from %.9g s to %.9g s; events must be in order",
                           profile->date, when);
    if (!profile->events) {
        profile->first = when;
        // What holds before the first event is settled at the end.
        if (when > 0 && tdm_read_push_down(input, lines->number, series, 0, 0, error) < 0)
            return -1;
    }
    profile->events++;
    profile->date = when;
    profile->value = value;
    if (series->count && when - series->t[series->count - 1] < TDM_TRACE_LEAST_STEP) {
        series->value[TDM_DOWN][series->count - 1] = value; // of two at once the later one counts
        return 0;
    }
    return tdm_read_push_down(input, lines->number, series, when, value, error);
}

static int read_line(const struct tdm_input *input, const struct tdm_lines *lines,
                     struct profile *profile, struct tdm_series *series, struct tdm_error *error)
{
    const char *at = lines->line, *from[3], *to[3];
    int fields = 0;
    while (fields < 3 && tdm_field_next(&at, lines->stop, &from[fields], &to[fields]))
        fields++;
    const size_t length = fields ? (size_t)(to[0] - from[0]) : 0;
    const bool keyword = (length == 9 && memcmp(from[0], "LOOPAFTER", 9) == 0) ||
                         (length == 11 && memcmp(from[0], "PERIODICITY", 11) == 0);
    if (fields != 2)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "'%s' is not a profile line; write 'date bytes_per_second' or"
                           " 'LOOPAFTER delay'",
                           tdm_field_show(lines->line, lines->stop));
    if (keyword)
        return read_keyword(input, lines, from, to, profile, error);
    if (profile->loop)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "an event after LOOPAFTER, which must be the last line");
    return read_event(input, lines, from, to, profile, series, error);
}

// How long the last value lasts, and with it the trace.
static void end_profile(const struct profile *profile, struct tdm_series *series)
{
    const size_t n = series->count;
    series->loop = profile->loop;
    series->duration = profile->period ? profile->delay : profile->date + profile->delay;
    // Before the first event of the first turn a link has the bandwidth of the platform file, which
    // we do not know; before that of later turns, the last value of the turn before.
    if (profile->first > 0 && n > 1)
        series->value[TDM_DOWN][0] = profile->loop ? profile->value : series->value[TDM_DOWN][1];
    if (!profile->loop && n > 1 && series->value[TDM_DOWN][n - 2] == profile->value)
        series->count--; // it repeats the value before it, so it only says where the trace ends
    else if (!profile->loop)
        series->duration += n > 1 ? profile->date - series->t[n - 2] : 1;
    else if (n > 1 && series->duration - series->t[n - 1] < TDM_TRACE_LEAST_STEP)
        series->count--; // the next turn begins at once
}

static int read_profile(const struct tdm_input *input, struct tdm_series *series,
                        struct tdm_error *error)
{
    struct tdm_lines lines = tdm_lines_start(input->text, input->length);
    struct profile profile = {0};
    while (tdm_lines_next(&lines)) {
        if (tdm_lines_blank(&lines) || *lines.line == '#' || *lines.line == '%')
            continue;
        if (read_line(input, &lines, &profile, series, error) < 0)
            return -1;
    }
    if (!profile.events)
        return tdm_fail_at(error, input->path, lines.number, 0, "the profile holds no events");
    if (profile.period && profile.delay < profile.date)
        return tdm_fail_at(error, input->path, lines.number, 0,
                           "a period of %g s ends before the last event at %g s", profile.delay,
                           profile.date);
    end_profile(&profile, series);
    if (series->duration < TDM_TRACE_LEAST_STEP)
        return tdm_fail_at(error, input->path, lines.number, 0,
                           "the profile lasts no time; LOOPAFTER needs a positive delay here");
    return 0;
}

// One file of "date value" lines; equal neighbours are one event.
static int write_values(const struct tdm_trace *trace, const double *value, double factor,
                        const char *path, const struct tdm_write_options *options,
                        struct tdm_error *error)
{
    struct tdm_output output;
    if (tdm_output_open(&output, path, error) < 0)
        return -1;
    size_t last = 0;
    for (size_t i = 0; i < trace->count; i++) {
        if (i > 0 && value[i] == value[last])
            continue;
        last = i;
        tdm_output_number(output.stream, trace->t[i]);
        fputc(' ', output.stream);
        tdm_output_number(output.stream, value[i] * factor);
        fputc('\n', output.stream);
    }
    if (trace->loop) {
        fputs("LOOPAFTER ", output.stream);
        tdm_output_number(output.stream, trace->duration - trace->t[last]);
    } else { // repeating the last value changes nothing and tells readers how long the trace is
        tdm_output_number(output.stream, trace->duration);
        fputc(' ', output.stream);
        tdm_output_number(output.stream, value[last] * factor);
    }
    fputc('\n', output.stream);
    if (tdm_output_close(&output, error) < 0)
        return -1;
    if (options->wrote)
        options->wrote(path, options->context);
    return 0;
}

// "out.bw" -> "out.lat"; "out" -> "out.lat".
static void latency_path(const char *path, char *out, size_t size)
{
    const char *slash = strrchr(path, '/'), *dot = strrchr(slash ? slash : path, '.');
    const int stem = (int)(dot && dot > path ? (size_t)(dot - path) : strlen(path));
    snprintf(out, size, "%.*s.lat", stem, path);
}

static int write_profile(const struct tdm_trace *trace, const char *path,
                         const struct tdm_write_options *options, struct tdm_error *error)
{
    char name[4096];
    for (int d = 0; d < TDM_DIRECTIONS; d++) {
        if (!trace->has[d])
            continue;
        tdm_format_path(trace, (enum tdm_direction)d, path, name, sizeof name);
        if (write_values(trace, trace->way[d].rate, 1, name, options, error) < 0)
            return -1;
    }
    if (!trace->rtt)
        return 0;
    latency_path(path, name, sizeof name);
    return write_values(trace, trace->rtt, 0.5, name, options, error); // there and back
}

const struct tdm_trace_format tdm_format_simgrid = {
    .name = "simgrid",
    .summary = "'date bytes_per_second' lines and LOOPAFTER; writes latency (half the RTT), too",
    .extensions = ".bw .profile",
    .read = read_profile,
    .write = write_profile,
};

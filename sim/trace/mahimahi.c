// SPDX-License-Identifier: GPL-3.0-or-later
// Mahimahi (Netravali et al., USENIX ATC 2015): one whole number a line, ms since the start; each
// line lets one packet of 1500 bytes pass; the last line ends the trace, which loops. Rules as in
// its link_queue.cc: no empty line, no step back, the last time above 0.
//
// As rates: the packets of a moment are spread over the time since the moment before, so what has
// passed by each of the file's times is exact; written again, as many packets have passed by each
// of them, but those that came at once come one by one. Packets at 0 join the first moment after
// it. A second or more without a packet is an outage: nothing passes until its last millisecond.
#include "trace/reader.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trace/change.h"

static const double usual_packet = 1500;
static const double most_lines = 100e6; // that we write
static const double gap_ms = 1000;
static const double most_ms = 1e12;

static int direction_of(const char *path)
{
    const size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".up") == 0 ? TDM_UP : TDM_DOWN;
}

static int read_ms(const struct tdm_input *input, const struct tdm_lines *lines, double *ms,
                   struct tdm_error *error)
{
    const char *at = lines->line;
    if (at == lines->stop)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "the line is empty; a mahimahi trace has one number a line");
    for (*ms = 0; at < lines->stop && *at >= '0' && *at <= '9' && *ms <= most_ms; at++)
        *ms = 10 * *ms + (*at - '0');
    if (at < lines->stop && *ms <= most_ms)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "'%s' is not a whole number of milliseconds",
                           tdm_field_show(lines->line, lines->stop));
    if (*ms > most_ms)
        return tdm_fail_at(error, input->path, lines->number, 0,
                           "%s ms is too far; a trace lasts at most %g ms",
                           tdm_field_show(lines->line, lines->stop), most_ms);
    return 0;
}

// `bytes` that passed after `from` and by `to`, ms.
static int push_moment(const struct tdm_input *input, long line, struct tdm_series *series,
                       double from, double to, double bytes, struct tdm_error *error)
{
    double value[TDM_COLUMNS] = {NAN, NAN, NAN, NAN};
    const int direction = direction_of(input->path);
    if (to - from >= gap_ms) {
        value[direction] = 0;
        if (tdm_read_push(input, line, series, from / 1000, value, error) < 0)
            return -1;
        from = to - 1;
    }
    value[direction] = bytes / (to / 1000 - from / 1000);
    return tdm_read_push(input, line, series, from / 1000, value, error);
}

static int read_half(const struct tdm_input *input, struct tdm_series *series,
                     struct tdm_error *error)
{
    const double packet = input->options->packet > 0 ? input->options->packet : usual_packet;
    struct tdm_lines lines = tdm_lines_start(input->text, input->length);
    double before = 0, now = 0, count = 0; // `count` packets at `now`, the moment before `before`
    while (tdm_lines_next(&lines)) {
        double ms = 0;
        if (read_ms(input, &lines, &ms, error) < 0)
            return -1;
        if (ms < now)
            return tdm_fail_at(error, input->path, lines.number, 0,
                               "time goes back from %.0f ms to %.0f ms; it must not", now, ms);
        if (ms > now && now > 0) {
            if (push_moment(input, lines.number, series, before, now, count * packet, error) < 0)
                return -1;
            before = now;
            count = 0;
        }
        now = ms;
        count++;
    }
    if (now == 0)
        return tdm_fail_at(error, input->path, lines.number, 0,
                           "the last line must be above 0: it says how long the trace is");
    if (push_moment(input, lines.number, series, before, now, count * packet, error) < 0)
        return -1;
    series->duration = now / 1000;
    series->loop = true;
    return 0;
}

// "x.up" -> "x.down" and back, if that file is there.
static bool find_other(const char *path, char *other, size_t size)
{
    const char *dot = strrchr(path, '.');
    if (!dot || (strcmp(dot, ".up") != 0 && strcmp(dot, ".down") != 0))
        return false;
    const int stem = (int)(dot - path);
    const int length =
        snprintf(other, size, "%.*s%s", stem, path, strcmp(dot, ".up") == 0 ? ".down" : ".up");
    return length > 0 && (size_t)length < size && access(other, R_OK) == 0;
}

static int join_other(const struct tdm_input *input, const char *other, struct tdm_series *series,
                      struct tdm_error *error)
{
    struct tdm_read_options options = *input->options;
    options.alone = true;
    struct tdm_trace *here = tdm_series_trace(series, error);
    struct tdm_trace *there = here ? tdm_trace_load(other, "mahimahi", &options, error) : NULL;
    int result = -1;
    if (there) {
        const bool up = direction_of(input->path) == TDM_UP;
        tdm_series_clear(series);
        result =
            tdm_series_join(series, up ? here : there, up ? there : here, here->duration, error);
    }
    tdm_trace_free(here);
    tdm_trace_free(there);
    return result;
}

static int read_mahimahi(const struct tdm_input *input, struct tdm_series *series,
                         struct tdm_error *error)
{
    char other[4096];
    if (read_half(input, series, error) < 0)
        return -1;
    if (input->options->alone || !find_other(input->path, other, sizeof other))
        return 0;
    return join_other(input, other, series, error);
}

// Packet k goes at the first millisecond by which k packets have passed; the last one, which ends
// the trace, at the end.
static void print_packets(FILE *stream, const struct tdm_trace *trace,
                          const struct tdm_rates *rates, double packet, uint64_t total)
{
    const double last = fmax(1, round(trace->duration * 1000));
    uint64_t k = 1;
    for (size_t i = 0; i < trace->count; i++) {
        // Half a millionth of a packet: what rounding may take away from it.
        const uint64_t passed = (uint64_t)(rates->sum[i + 1] / packet + 5e-7);
        for (; k <= passed && k < total; k++) {
            const double need = fmax(0, (double)k * packet - rates->sum[i]);
            const double time = trace->t[i] + need / rates->rate[i];
            fprintf(stream, "%.0f\n", fmin(fmax(ceil(time * 1000 - 1e-3), 0), last));
        }
    }
    for (; k <= total; k++)
        fprintf(stream, "%.0f\n", last);
}

static int write_half(const struct tdm_trace *trace, enum tdm_direction direction, const char *path,
                      const struct tdm_write_options *options, struct tdm_error *error)
{
    struct tdm_output output;
    const double packet = options->packet > 0 ? options->packet : usual_packet;
    const struct tdm_rates *rates = &trace->way[direction];
    const double total = round(rates->sum[trace->count] / packet);
    if (total < 1)
        return tdm_fail_at(error, path, 0, 0,
                           "less than one packet of %g bytes passes in the %s direction; a mahimahi"
                           " trace needs one",
                           packet, direction == TDM_UP ? "up" : "down");
    if (total > most_lines)
        return tdm_fail_at(error, path, 0, 0,
                           "%.0f packets are more than %.0f lines; cut the trace or take a larger"
                           " --packet",
                           total, most_lines);
    if (tdm_output_open(&output, path, error) < 0)
        return -1;
    print_packets(output.stream, trace, rates, packet, (uint64_t)total);
    if (tdm_output_close(&output, error) < 0)
        return -1;
    if (options->wrote)
        options->wrote(path, options->context);
    return 0;
}

static int write_mahimahi(const struct tdm_trace *trace, const char *path,
                          const struct tdm_write_options *options, struct tdm_error *error)
{
    for (int d = 0; d < TDM_DIRECTIONS; d++) {
        char half[4096];
        if (!trace->has[d])
            continue;
        tdm_format_path(trace, (enum tdm_direction)d, path, half, sizeof half);
        if (write_half(trace, (enum tdm_direction)d, half, options, error) < 0)
            return -1;
    }
    return 0;
}

const struct tdm_trace_format tdm_format_mahimahi = {
    .name = "mahimahi",
    .summary = "one line a packet, in ms; x.up and x.down are the two directions; loops",
    .extensions = ".up .down .mahimahi .pps",
    .read = read_mahimahi,
    .write = write_mahimahi,
};

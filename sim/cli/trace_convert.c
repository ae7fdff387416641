// SPDX-License-Identifier: GPL-3.0-or-later
// tandem trace convert: from one format to another, with changes on the way.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/trace_parts.h"
#include "core/error.h"
#include "core/schema.h"
#include "trace/change.h"

struct convert {
    const char *input, *output, *from, *to;
    const char *apart[TDM_DIRECTIONS];
    bool only[TDM_DIRECTIONS];
    struct tdm_read_options read;
    const char *where[8];
    double start, length, scale, mean, floor, resample, rtt;
    enum tdm_outage outage;
    bool loop, once, json;
    json_t *written; // names of files
};

static int take_outage(void *into, char *text, struct tdm_error *error)
{
    struct convert *c = into;
    if (strcmp(text, "hold") == 0)
        c->outage = TDM_OUTAGE_HOLD;
    else if (strcmp(text, "drop") == 0)
        c->outage = TDM_OUTAGE_DROP;
    else if (strcmp(text, "floor") == 0)
        c->outage = TDM_OUTAGE_FLOOR;
    else
        return tdm_fail(error, "'%s' should be hold, drop or floor", text);
    c->read.unknown = c->outage == TDM_OUTAGE_DROP ? TDM_UNKNOWN_DROP : TDM_UNKNOWN_HOLD;
    return 0;
}

// NOLINTNEXTLINE(readability-non-const-parameter): as all that take an option
static int take_where(void *into, char *text, struct tdm_error *error)
{
    struct convert *c = into;
    if (c->read.where_count == TDM_COUNT(c->where))
        return tdm_fail(error, "at most %zu conditions", TDM_COUNT(c->where));
    c->where[c->read.where_count++] = text;
    c->read.where = c->where;
    return 0;
}

// What is wrong with the options together, or NULL.
static const char *conflict(const struct convert *c)
{
    const bool apart = c->apart[TDM_UP] || c->apart[TDM_DOWN];
    if (apart && !(c->apart[TDM_UP] && c->apart[TDM_DOWN]))
        return "--up FILE and --down FILE go together";
    if (!apart && !c->input)
        return "which file? name IN, or --up and --down";
    if (apart && c->input)
        return "either IN, or --up and --down";
    if (c->only[TDM_UP] && c->only[TDM_DOWN])
        return "either --up-only or --down-only";
    if (c->loop && c->once)
        return "either --loop or --once";
    if (c->scale > 0 && c->mean > 0)
        return "either --scale or --mean";
    if (c->outage == TDM_OUTAGE_FLOOR && c->floor <= 0)
        return "--outage floor needs --floor RATE";
    return NULL;
}

static int read_options(int argc, char **argv, struct convert *c)
{
    const struct tdm_option options[] = {
        {'o', "output", "OUT", .text = &c->output, .required = true,
         .help = "the file to write; two directions may become two files"},
        {0, "from", "FORMAT", .text = &c->from, .help = TDM_TRACE_FROM_HELP},
        {0, "to", "FORMAT", .text = &c->to, .help = "of OUT; otherwise told by its name"},
        {0, "column", TDM_TRACE_COLUMN_ARGUMENT, .take = tdm_trace_column, .into = &c->read,
         .help = TDM_TRACE_COLUMN_HELP},
        {0, "where", "COLUMN=VALUE", .take = take_where, .into = c,
         .help = "(csv) only the rows where this is so; may be repeated"},
        {0, "packet", "BYTES", .quantity = {&c->read.packet, TDM_PLAIN, 1},
         .help = "(mahimahi) bytes a line, 1500 if not said"},
        {0, "up", "FILE", .text = &c->apart[TDM_UP], .help = "the upward direction, with --down"},
        {0, "down", "FILE", .text = &c->apart[TDM_DOWN],
         .help = "the downward direction, lasting as long as --up's"},
        {0, "up-only", .flag = &c->only[TDM_UP], .help = "one direction, which counts for both"},
        {0, "down-only", .flag = &c->only[TDM_DOWN], .help = "the same"},
        {0, "start", "T", .quantity = {&c->start, TDM_TIME, 0}, .help = "cut off what is before T"},
        {0, "length", "T", .quantity = {&c->length, TDM_TIME, 1e-6},
         .help = "keep so much; beyond the end a trace that loops goes on"},
        {0, "outage", "hold|drop|floor", .take = take_outage, .into = c,
         .help = "moments of rate zero, or of no known rate: the rate before holds, or they are "
                 "cut out of time, or (zero) raised to --floor"},
        {0, "scale", "X", .quantity = {&c->scale, TDM_PLAIN, 1e-9}, .help = "multiply the rates"},
        {0, "mean", "RATE", .quantity = {&c->mean, TDM_BANDWIDTH, 1e-3},
         .help = "scale each direction to this mean"},
        {0, "floor", "RATE", .quantity = {&c->floor, TDM_BANDWIDTH, 1e-3},
         .help = "no rate is below (with --outage floor: only zeros are raised)"},
        {0, "resample", "T", .quantity = {&c->resample, TDM_TIME, 1e-6},
         .help = "exact means over steps of T"},
        {0, "rtt", "T", .quantity = {&c->rtt, TDM_TIME, 0}, .help = "set the round-trip time"},
        {0, "loop", .flag = &c->loop, .help = "begin again at the end"},
        {0, "once", .flag = &c->once, .help = "hold the last value for ever"},
        {0, "json", .flag = &c->json, .help = "what was written, and its statistics, as JSON"},
    };
    const struct tdm_usage usage = {
        "trace convert", "[IN]",
        "Reads a trace, IN or --up and --down, changes it in the order of this list, and writes "
        "it. Rates are like '8 Mbit/s', times like '40 ms' or, in seconds, '90'. Formats: tandem "
        "trace list.",
        options, TDM_COUNT(options)};
    return tdm_options_read(&usage, argc, argv, &c->input, 0, 1);
}

static int read_one(const struct convert *c, const char *reference, struct tdm_series *series,
                    struct tdm_error *error)
{
    char path[4096];
    if (tdm_trace_path(reference, path, sizeof path, error) < 0)
        return -1;
    return tdm_series_load(series, path, c->from, &c->read, NULL, error);
}

static struct tdm_trace *load(const struct convert *c, const char *reference,
                              struct tdm_error *error)
{
    struct tdm_series series = {0};
    struct tdm_trace *trace = NULL;
    if (read_one(c, reference, &series, error) == 0)
        trace = tdm_series_trace(&series, error);
    tdm_series_clear(&series);
    return trace;
}

static struct tdm_trace *load_apart(const struct convert *c, struct tdm_error *error)
{
    struct tdm_series series = {0};
    struct tdm_trace *up = load(c, c->apart[TDM_UP], error), *joined = NULL;
    struct tdm_trace *down = up ? load(c, c->apart[TDM_DOWN], error) : NULL;
    if (down && up->duration != down->duration)
        fprintf(stderr, "tandem trace: up lasts %g s, down %g s; the result lasts as long as up\n",
                up->duration, down->duration);
    if (down && tdm_series_join(&series, up, down, up->duration, error) == 0)
        joined = tdm_series_trace(&series, error);
    tdm_series_clear(&series);
    tdm_trace_free(up);
    tdm_trace_free(down);
    return joined;
}

// A new trace from an old one, which is freed, by a change that fills an empty series.
enum change { CUT, RATES, STEPS };

static int change_rates(const struct convert *c, struct tdm_series *series, struct tdm_error *error)
{
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (c->only[d] && tdm_series_only(series, (enum tdm_direction)d, error) < 0)
            return -1;
    if (c->outage != TDM_OUTAGE_KEEP && c->outage != TDM_OUTAGE_FLOOR &&
        tdm_series_outage(series, c->outage, 0, error) < 0)
        return -1;
    if (c->scale > 0)
        tdm_series_scale(series, c->scale);
    if (c->mean > 0 && tdm_series_scale_to(series, c->mean, error) < 0)
        return -1;
    if (c->outage == TDM_OUTAGE_FLOOR)
        return tdm_series_outage(series, c->outage, c->floor, error);
    if (c->floor > 0)
        tdm_series_floor(series, c->floor);
    return 0;
}

static int apply(const struct convert *c, enum change change, const struct tdm_trace *trace,
                 struct tdm_series *series, struct tdm_error *error)
{
    if (change == CUT)
        return tdm_series_cut(series, trace, c->start, c->length, error);
    if (change == STEPS)
        return tdm_series_resample(series, trace, c->resample, error);
    if (tdm_series_from(series, trace, error) < 0 || change_rates(c, series, error) < 0)
        return -1;
    if (!isnan(c->rtt) && tdm_series_set_rtt(series, c->rtt, error) < 0)
        return -1;
    series->loop = (series->loop || c->loop) && !c->once;
    return 0;
}

static struct tdm_trace *changed(const struct convert *c, enum change change,
                                 struct tdm_trace *trace, struct tdm_error *error)
{
    struct tdm_series series = {0};
    struct tdm_trace *result = NULL;
    if (!trace)
        return NULL;
    if (apply(c, change, trace, &series, error) == 0)
        result = tdm_series_trace(&series, error);
    tdm_series_clear(&series);
    tdm_trace_free(trace);
    return result;
}

static struct tdm_trace *make(const struct convert *c, struct tdm_error *error)
{
    struct tdm_trace *trace = c->input ? load(c, c->input, error) : load_apart(c, error);
    if (c->start > 0 || c->length < INFINITY)
        trace = changed(c, CUT, trace, error);
    trace = changed(c, RATES, trace, error);
    if (c->resample > 0)
        trace = changed(c, STEPS, trace, error);
    return trace;
}

static const struct tdm_trace_format *output_format(const struct convert *c,
                                                    struct tdm_error *error)
{
    const struct tdm_trace_format *format =
        c->to ? tdm_format_find(c->to, error) : tdm_format_by_extension(c->output);
    if (!c->to && strcmp(c->output, "/dev/stdout") == 0)
        format = &tdm_format_csv;
    if (!format && !c->to)
        tdm_fail(error,
                 "cannot tell the format of '%.200s' from its name; say --to, as in --to csv",
                 c->output);
    if (format && !format->write) {
        tdm_fail(error,
                 "the format '%s' can only be read; 'tandem trace list' says which are"
                 " written",
                 format->name);
        return NULL;
    }
    return format;
}

static void wrote(const char *path, void *context)
{
    struct convert *c = context;
    fprintf(stderr, "wrote %s\n", path);
    json_array_append_new(c->written, json_string(path));
}

static void warn(const struct convert *c, const struct tdm_trace_format *format,
                 const struct tdm_trace *trace)
{
    size_t zeros = 0;
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        for (size_t i = 0; trace->has[d] && i < trace->count; i++)
            zeros += trace->way[d].rate[i] == 0;
    if (format == &tdm_format_simgrid && zeros)
        fprintf(stderr,
                "tandem trace: %zu rates are zero, which SimGrid's links do not survive; use"
                " --outage or --floor\n",
                zeros);
    if (format == &tdm_format_mahimahi && !trace->loop)
        fprintf(stderr, "tandem trace: %s plays once, but mahimahi always loops\n", c->output);
}

int tdm_trace_convert(int argc, char **argv)
{
    struct convert c = {.length = INFINITY, .rtt = NAN};
    struct tdm_error error = {0};
    const int count = read_options(argc, argv, &c);
    if (count < 0)
        return tdm_options_exit(count);
    const char *problem = conflict(&c);
    if (problem) {
        tdm_fail(&error, "%s; --help says more", problem);
        return tdm_cli_fail("trace convert", &error, TDM_EXIT_USAGE);
    }
    if (strcmp(c.output, "-") == 0)
        c.output = "/dev/stdout";
    const struct tdm_trace_format *format = output_format(&c, &error);
    struct tdm_trace *trace = format ? make(&c, &error) : NULL;
    if (!trace)
        return tdm_cli_fail("trace", &error, TDM_EXIT_USAGE);
    const struct tdm_write_options options = {
        .packet = c.read.packet, .wrote = wrote, .context = &c};
    c.written = json_array();
    warn(&c, format, trace);
    int code = TDM_EXIT_DONE;
    if (format->write(trace, c.output, &options, &error) < 0)
        code = tdm_cli_fail("trace", &error, TDM_EXIT_FAILED);
    else if (c.json) {
        json_t *object = tdm_trace_json(c.output, format->name, trace);
        if (object)
            json_object_set(object, "written", c.written);
        code = tdm_cli_json(object);
    }
    json_decref(c.written);
    tdm_trace_free(trace);
    return code;
}

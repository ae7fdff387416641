// SPDX-License-Identifier: GPL-3.0-or-later
// tandem trace convert: from one format to another, with changes on the way.
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/trace_parts.h"
#include "trace/change.h"

static const char usage[] =
    "usage: tandem trace convert IN -o OUT [OPTION]...\n"
    "       tandem trace convert --up FILE --down FILE -o OUT [OPTION]...\n"
    "Reads a trace, changes it in the order of this list, and writes it.\n"
    "  -o, --output OUT       the file to write; two directions may become two files\n"
    "      --from FORMAT      of IN; otherwise told by its content and name\n"
    "      --to FORMAT        of OUT; otherwise told by its name\n"
    "      --column PART=COLUMN[:UNIT]  (csv) which column is time, up, down, rtt or signal\n"
    "      --where COLUMN=VALUE  (csv) only the rows where this is so; may be repeated\n"
    "      --packet BYTES     (mahimahi) bytes a line, 1500 if not said\n"
    "      --up FILE, --down FILE  each direction from a file of its own, lasting as long as "
    "--up's\n"
    "      --up-only, --down-only  one direction, which then counts for both\n"
    "      --start T          cut off what is before T\n"
    "      --length T         keep so much; beyond the end a trace that loops goes on\n"
    "      --outage hold|drop|floor  moments of rate zero, or of no known rate: the rate before\n"
    "                         holds, or they are cut out of time, or (zero) raised to --floor\n"
    "      --scale X          multiply the rates\n"
    "      --mean RATE        scale each direction to this mean\n"
    "      --floor RATE       no rate is below (with --outage floor: only zeros are raised)\n"
    "      --resample T       exact means over steps of T\n"
    "      --rtt T            set the round-trip time\n"
    "      --loop, --once     begin again at the end, or hold the last value for ever\n"
    "      --json             what was written, and its statistics, on stdout\n"
    "Rates are like '8 Mbit/s', times like '40 ms' or, in seconds, '90'.\n"
    "Formats: tandem trace list\n";

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

enum {
    FROM = 256,
    TO,
    COLUMN,
    WHERE,
    PACKET,
    UP,
    DOWN,
    UP_ONLY,
    DOWN_ONLY,
    START,
    LENGTH,
    OUTAGE,
    SCALE,
    MEAN,
    FLOOR,
    RESAMPLE,
    RTT,
    LOOP,
    ONCE,
    JSON
};

static const struct option longs[] = {{"output", required_argument, NULL, 'o'},
                                      {"from", required_argument, NULL, FROM},
                                      {"to", required_argument, NULL, TO},
                                      {"column", required_argument, NULL, COLUMN},
                                      {"where", required_argument, NULL, WHERE},
                                      {"packet", required_argument, NULL, PACKET},
                                      {"up", required_argument, NULL, UP},
                                      {"down", required_argument, NULL, DOWN},
                                      {"up-only", no_argument, NULL, UP_ONLY},
                                      {"down-only", no_argument, NULL, DOWN_ONLY},
                                      {"start", required_argument, NULL, START},
                                      {"length", required_argument, NULL, LENGTH},
                                      {"outage", required_argument, NULL, OUTAGE},
                                      {"scale", required_argument, NULL, SCALE},
                                      {"mean", required_argument, NULL, MEAN},
                                      {"floor", required_argument, NULL, FLOOR},
                                      {"resample", required_argument, NULL, RESAMPLE},
                                      {"rtt", required_argument, NULL, RTT},
                                      {"loop", no_argument, NULL, LOOP},
                                      {"once", no_argument, NULL, ONCE},
                                      {"json", no_argument, NULL, JSON},
                                      {"help", no_argument, NULL, 'h'},
                                      {NULL, 0, NULL, 0}};

static int parse_outage(const char *text, struct convert *c)
{
    if (strcmp(text, "hold") == 0)
        c->outage = TDM_OUTAGE_HOLD;
    else if (strcmp(text, "drop") == 0)
        c->outage = TDM_OUTAGE_DROP;
    else if (strcmp(text, "floor") == 0)
        c->outage = TDM_OUTAGE_FLOOR;
    else {
        fprintf(stderr, "tandem trace: --outage: '%s' should be hold, drop or floor\n", text);
        return -1;
    }
    c->read.unknown = c->outage == TDM_OUTAGE_DROP ? TDM_UNKNOWN_DROP : TDM_UNKNOWN_HOLD;
    return 0;
}

static int parse_where(const char *text, struct convert *c)
{
    if (c->read.where_count == sizeof c->where / sizeof *c->where) {
        fputs("tandem trace: --where: at most 8 conditions\n", stderr);
        return -1;
    }
    c->where[c->read.where_count++] = text;
    c->read.where = c->where;
    return 0;
}

// An option with a quantity; -1 with a message.
static int parse_quantity(int option, const char *text, struct convert *c)
{
    switch (option) {
    case PACKET:
        return tdm_trace_quantity("packet", text, TDM_PLAIN, 1, &c->read.packet);
    case START:
        return tdm_trace_quantity("start", text, TDM_TIME, 0, &c->start);
    case LENGTH:
        return tdm_trace_quantity("length", text, TDM_TIME, 1e-6, &c->length);
    case SCALE:
        return tdm_trace_quantity("scale", text, TDM_PLAIN, 1e-9, &c->scale);
    case MEAN:
        return tdm_trace_quantity("mean", text, TDM_BANDWIDTH, 1e-3, &c->mean);
    case FLOOR:
        return tdm_trace_quantity("floor", text, TDM_BANDWIDTH, 1e-3, &c->floor);
    case RESAMPLE:
        return tdm_trace_quantity("resample", text, TDM_TIME, 1e-6, &c->resample);
    default:
        return tdm_trace_quantity("rtt", text, TDM_TIME, 0, &c->rtt);
    }
}

static int parse_option(int option, char *text, struct convert *c)
{
    switch (option) {
    case 'o':
        c->output = strcmp(text, "-") == 0 ? "/dev/stdout" : text;
        return 0;
    case FROM:
        c->from = text;
        return 0;
    case TO:
        c->to = text;
        return 0;
    case UP:
    case DOWN:
        c->apart[option == UP ? TDM_UP : TDM_DOWN] = text;
        return 0;
    case UP_ONLY:
    case DOWN_ONLY:
        c->only[option == UP_ONLY ? TDM_UP : TDM_DOWN] = true;
        return 0;
    case LOOP:
        c->loop = true;
        return 0;
    case ONCE:
        c->once = true;
        return 0;
    case JSON:
        c->json = true;
        return 0;
    case COLUMN:
        return tdm_trace_column(text, &c->read);
    case WHERE:
        return parse_where(text, c);
    case OUTAGE:
        return parse_outage(text, c);
    default:
        return parse_quantity(option, text, c);
    }
}

// What is wrong with the options together, or NULL.
static const char *conflict(const struct convert *c)
{
    const bool apart = c->apart[TDM_UP] || c->apart[TDM_DOWN];
    if (!c->output)
        return "-o OUT is needed";
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

// 0 to go on, 1 done (help), 2 wrong.
static int parse(int argc, char **argv, struct convert *c)
{
    *c = (struct convert){.length = INFINITY, .rtt = NAN};
    optind = 0; // so that getopt starts anew
    for (int option; (option = getopt_long(argc, argv, "o:h", longs, NULL)) != -1;) {
        if (option == 'h') {
            fputs(usage, stdout);
            return 1;
        }
        if (option == '?' || parse_option(option, optarg, c) < 0)
            return 2;
    }
    if (optind < argc)
        c->input = argv[optind++];
    const char *problem = optind < argc ? "one file at a time" : conflict(c);
    if (!problem)
        return 0;
    fprintf(stderr, "tandem trace convert: %s; --help says more\n", problem);
    return 2;
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
    struct convert c;
    struct tdm_error error;
    const int parsed = parse(argc, argv, &c);
    if (parsed)
        return parsed == 1 ? TDM_EXIT_DONE : TDM_EXIT_USAGE;
    const struct tdm_trace_format *format = output_format(&c, &error);
    struct tdm_trace *trace = format ? make(&c, &error) : NULL;
    if (!trace)
        return tdm_trace_complain(&error, TDM_EXIT_USAGE);
    const struct tdm_write_options options = {
        .packet = c.read.packet, .wrote = wrote, .context = &c};
    c.written = json_array();
    warn(&c, format, trace);
    int code = TDM_EXIT_DONE;
    if (format->write(trace, c.output, &options, &error) < 0)
        code = tdm_trace_complain(&error, TDM_EXIT_FAILED);
    else if (c.json) {
        json_t *object = tdm_trace_json(c.output, format->name, trace);
        if (object)
            json_object_set(object, "written", c.written);
        code = tdm_trace_dump(object);
    }
    json_decref(c.written);
    tdm_trace_free(trace);
    return code;
}

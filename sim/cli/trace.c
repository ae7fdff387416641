// SPDX-License-Identifier: GPL-3.0-or-later
// tandem trace: links over time. convert is in trace_convert.c.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/trace_parts.h"
#include "core/schema.h"
#include "core/text.h"
#include "model/library.h"
#include "trace/generate.h"

static int stats(int argc, char **argv);
static int generate(int argc, char **argv);
static int list(int argc, char **argv);
static int show(int argc, char **argv);

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"convert", tdm_trace_convert, "from one format to another: cut, scale, resample, join"},
    {"stats", stats, "duration, rates, outages, round-trip time and signal of files"},
    {"generate", generate, "a synthetic trace of a class of links"},
    {"list", list, "samples, classes of links and formats"},
    {"show", show, "a sample or a class: statistics, parameters, where they are from"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

// ---- stats -------------------------------------------------------------------------------------

// Prints a file's statistics, or adds them to `array`. An exit code.
static int report(const char *reference, const char *from, const struct tdm_read_options *read,
                  json_t *array)
{
    struct tdm_error error;
    struct tdm_series series = {0};
    const struct tdm_trace_format *format;
    struct tdm_trace *trace = NULL;
    char path[4096];
    if (tdm_trace_path(reference, path, sizeof path, &error) == 0 &&
        tdm_series_load(&series, path, from, read, &format, &error) == 0)
        trace = tdm_series_trace(&series, &error);
    tdm_series_clear(&series);
    if (!trace)
        return tdm_cli_fail("trace", &error, TDM_EXIT_USAGE);
    int code = TDM_EXIT_DONE;
    if (array && json_array_append_new(array, tdm_trace_json(path, format->name, trace)) < 0)
        code = TDM_EXIT_FAILED;
    if (!array && tdm_trace_print(path, format->name, trace) < 0)
        code = TDM_EXIT_FAILED;
    tdm_trace_free(trace);
    return code;
}

static int report_all(const char *const *files, int count, const char *from,
                      const struct tdm_read_options *read, bool json)
{
    json_t *array = json ? json_array() : NULL;
    int code = TDM_EXIT_DONE;
    for (int i = 0; i < count; i++) {
        const int one = report(files[i], from, read, array);
        code = one > code ? one : code;
    }
    if (!array)
        return code;
    json_t *object = json_object();
    json_object_set_new(object, "traces", array);
    const int dumped = tdm_cli_json(object);
    return code ? code : dumped;
}

static int stats(int argc, char **argv)
{
    bool json = false;
    const char *from = NULL;
    struct tdm_read_options read = {0};
    const struct tdm_option options[] = {
        {0, "json", .flag = &json, .help = "as JSON"},
        {0, "from", "FORMAT", .text = &from, .help = TDM_TRACE_FROM_HELP},
        {0, "column", TDM_TRACE_COLUMN_ARGUMENT, .take = tdm_trace_column, .into = &read,
         .help = TDM_TRACE_COLUMN_HELP}};
    const struct tdm_usage usage = {
        "trace stats", "IN...",
        "Duration, samples, and, weighted by time, mean, quantiles and outages of files or "
        "samples. Rates are in Mbit/s.",
        options, TDM_COUNT(options)};
    const char **files = calloc((size_t)argc, sizeof *files);
    if (!files) {
        fputs("tandem trace: no memory\n", stderr);
        return TDM_EXIT_FAILED;
    }
    const int count = tdm_options_read(&usage, argc, argv, files, 1, argc);
    const int code =
        count < 0 ? tdm_options_exit(count) : report_all(files, count, from, &read, json);
    free(files);
    return code;
}

// ---- generate ----------------------------------------------------------------------------------

static int write_generated(const struct tdm_link_class *class, const char *output, double duration,
                           double step, uint64_t seed)
{
    struct tdm_error error;
    struct tdm_series series = {0};
    struct tdm_trace *trace = NULL;
    if (tdm_link_generate(&series, class, duration, step, seed, &error) == 0)
        trace = tdm_series_trace(&series, &error);
    tdm_series_clear(&series);
    if (!trace)
        return tdm_cli_fail("trace", &error, TDM_EXIT_USAGE);
    const struct tdm_trace_format *format = tdm_format_by_extension(output);
    if (!format || !format->write)
        format = &tdm_format_csv;
    const struct tdm_write_options options = {0};
    const int result = format->write(trace, output, &options, &error);
    tdm_trace_free(trace);
    return result < 0 ? tdm_cli_fail("trace", &error, TDM_EXIT_FAILED) : TDM_EXIT_DONE;
}

static int generate(int argc, char **argv)
{
    double duration = 0, step = 1;
    uint64_t seed = 0;
    const char *output = NULL, *name = NULL;
    const struct tdm_option options[] = {
        {'o', "output", "OUT", .text = &output, .required = true, .help = "the file to write"},
        {0, "duration", "T", .quantity = {&duration, TDM_TIME, 1e-6}, .required = true,
         .help = "how long, '10 min' or, in seconds, '600'"},
        {0, "seed", "N", .whole = {.value = &seed}, .required = true,
         .help = "the same seed gives the same file"},
        {0, "step", "T", .quantity = {&step, TDM_TIME, 1e-6}, .help = "of time; 1 s by default"}};
    const struct tdm_usage usage = {
        "trace generate", "CLASS",
        "A synthetic trace with both directions and signal strength. Classes: tandem trace list.",
        options, TDM_COUNT(options)};
    struct tdm_error error;
    const int count = tdm_options_read(&usage, argc, argv, &name, 1, 1);
    if (count < 0)
        return tdm_options_exit(count);
    const struct tdm_link_class *class = tdm_link_class_find(name, &error);
    if (!class)
        return tdm_cli_fail("trace", &error, TDM_EXIT_USAGE);
    if (strcmp(output, "-") == 0)
        output = "/dev/stdout";
    return write_generated(class, output, duration, step, seed);
}

// ---- list and show -----------------------------------------------------------------------------

static const char *summary_of(const char *name)
{
    for (const struct tdm_link_class *c = tdm_link_classes; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c->summary;
    return "";
}

static void print_sample(void *context, const char *name)
{
    (void)context;
    printf("  %-12s %s\n", name, summary_of(name));
}

static void add_sample(void *context, const char *name)
{
    json_array_append_new(context,
                          json_pack("{s:s,s:s}", "name", name, "summary", summary_of(name)));
}

static int list_json(void)
{
    json_t *samples = json_array(), *classes = json_array(), *formats = json_array();
    tdm_library_list("traces", add_sample, samples);
    for (const struct tdm_link_class *c = tdm_link_classes; c->name; c++)
        json_array_append_new(classes, json_pack("{s:s,s:s,s:s}", "name", c->name, "summary",
                                                 c->summary, "source", c->source));
    for (const struct tdm_trace_format *const *f = tdm_trace_formats; *f; f++)
        json_array_append_new(formats,
                              json_pack("{s:s,s:s,s:s,s:b,s:b}", "name", (*f)->name, "summary",
                                        (*f)->summary, "extensions", (*f)->extensions, "reads",
                                        (*f)->read != NULL, "writes", (*f)->write != NULL));
    return tdm_cli_json(
        json_pack("{s:o,s:o,s:o}", "samples", samples, "classes", classes, "formats", formats));
}

static int list(int argc, char **argv)
{
    bool json = false;
    const struct tdm_option options[] = {{0, "json", .flag = &json, .help = "as JSON"}};
    const struct tdm_usage usage = {"trace list", "",
                                    "The sample links, the classes of links, and the formats.",
                                    options, TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return tdm_options_exit(count);
    if (json)
        return list_json();
    puts("Samples (trace=\"NAME\" in a scenario):");
    tdm_library_list("traces", print_sample, NULL);
    puts("\nClasses of links (tandem trace generate CLASS):");
    for (const struct tdm_link_class *c = tdm_link_classes; c->name; c++)
        printf("  %-12s %s\n", c->name, c->summary);
    puts("\nFormats (r: read, w: written):");
    for (const struct tdm_trace_format *const *f = tdm_trace_formats; *f; f++)
        printf("  %-12s %c%c  %s\n", (*f)->name, (*f)->read ? 'r' : '-', (*f)->write ? 'w' : '-',
               (*f)->summary);
    return TDM_EXIT_DONE;
}

static void print_class(const struct tdm_link_class *c)
{
    printf("class %s: %s\n  source: %s\n", c->name, c->summary, c->source);
    if (c->uniform)
        printf("  uniform over %g to %g Mbit/s", c->least, c->most);
    else
        printf("  rates within %g to %g Mbit/s", c->least, c->most);
    printf("; noise: memory %g s, up and down correlated %g, signal %g\n", c->memory, c->likeness,
           c->follows);
    printf("  %-8s %9s %9s %7s %8s %9s   next\n", "state", "up Mbit/s", "down", "spread", "dwell s",
           "dBm");
    for (int i = 0; i < c->states; i++) {
        const struct tdm_link_state *s = &c->state[i];
        printf("  %-8s %9g %9g %7g %8g %9g  ", s->name, s->up, s->down, s->spread, s->dwell,
               s->signal);
        for (int j = 0; j < c->states; j++)
            if (s->next[j] > 0)
                printf(" %s %g", c->state[j].name, s->next[j]);
        putchar('\n');
    }
}

static json_t *class_json(const struct tdm_link_class *c)
{
    json_t *states = json_array();
    for (int i = 0; i < c->states; i++) {
        const struct tdm_link_state *s = &c->state[i];
        json_t *next = json_array();
        for (int j = 0; j < c->states; j++)
            json_array_append_new(next, json_real(s->next[j]));
        json_array_append_new(states, json_pack("{s:s,s:f,s:f,s:f,s:f,s:f,s:o}", "name", s->name,
                                                "up_mbit_s", s->up, "down_mbit_s", s->down,
                                                "spread", s->spread, "dwell_s", s->dwell,
                                                "signal_dbm", s->signal, "next", next));
    }
    return json_pack("{s:s,s:s,s:s,s:b,s:f,s:f,s:f,s:f,s:o}", "name", c->name, "summary",
                     c->summary, "source", c->source, "uniform", c->uniform, "memory_s", c->memory,
                     "likeness", c->likeness, "least_mbit_s", c->least, "most_mbit_s", c->most,
                     "states", states);
}

static int show_json(const struct tdm_link_class *class, json_t *traces)
{
    json_t *object = json_object();
    if (json_array_size(traces))
        json_object_set(object, "trace", json_array_get(traces, 0));
    if (class)
        json_object_set_new(object, "class", class_json(class));
    json_decref(traces);
    return tdm_cli_json(object);
}

static int show(int argc, char **argv)
{
    bool json = false;
    const char *name = NULL;
    const struct tdm_option options[] = {{0, "json", .flag = &json, .help = "as JSON"}};
    const struct tdm_usage usage = {
        "trace show", "NAME",
        "A sample or a class of links: statistics, parameters, and where they are from.", options,
        TDM_COUNT(options)};
    struct tdm_error error;
    char path[4096];
    const int count = tdm_options_read(&usage, argc, argv, &name, 1, 1);
    if (count < 0)
        return tdm_options_exit(count);
    const struct tdm_link_class *class = tdm_link_class_find(name, NULL);
    const bool sample = tdm_trace_path(name, path, sizeof path, &error) == 0;
    if (!class && !sample)
        return tdm_cli_fail("trace", &error, TDM_EXIT_USAGE);
    const struct tdm_read_options read = {0};
    json_t *traces = json ? json_array() : NULL;
    const int code = sample ? report(path, NULL, &read, traces) : TDM_EXIT_DONE;
    if (class && !json)
        print_class(class);
    const int dumped = json ? show_json(class, traces) : TDM_EXIT_DONE;
    return code ? code : dumped;
}

// ---- the command -------------------------------------------------------------------------------

static void help(FILE *out)
{
    fprintf(out, "usage: tandem trace COMMAND [ARGUMENT]...\n\n");
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\ntandem trace COMMAND --help says more.\n");
}

int tdm_cli_trace(int argc, char **argv)
{
    struct tdm_nearest nearest;
    if (argc < 2) {
        help(stderr);
        return TDM_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help(stdout);
        return TDM_EXIT_DONE;
    }
    tdm_nearest_start(&nearest, argv[1]);
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
        tdm_nearest_try(&nearest, commands[i].name);
    }
    fprintf(stderr, "tandem trace: there is no command '%s'%s; 'tandem trace --help' lists them\n",
            argv[1], tdm_nearest_hint(&nearest));
    return TDM_EXIT_USAGE;
}

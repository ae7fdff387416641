// SPDX-License-Identifier: GPL-3.0-or-later
// tandem trace: what a trace is like, for people and for programs; what --column says.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/trace_parts.h"
#include "core/arena.h"
#include "core/error.h"
#include "core/text.h"
#include "model/library.h"
#include "trace/columns.h"
#include "trace/stats.h"

int tdm_trace_column(void *into, char *text, struct tdm_error *error)
{
    struct tdm_read_options *options = into;
    struct tdm_nearest nearest;
    char *equal = strchr(text, '='), *colon = equal ? strrchr(equal, ':') : NULL;
    if (!equal || !equal[1])
        return tdm_fail(error, "'%s' should be PART=COLUMN:UNIT, as in down=throughput_mbps:Mbit/s",
                        text);
    *equal = '\0';
    tdm_nearest_start(&nearest, text);
    for (int p = 0; p < TDM_PARTS; p++) {
        tdm_nearest_try(&nearest, tdm_columns_name(p));
        if (strcmp(text, tdm_columns_name(p)) != 0)
            continue;
        if (colon)
            *colon++ = '\0';
        *(p == TDM_PART_TIME ? &options->time : &options->columns[p]) =
            (struct tdm_csv_column){.name = equal + 1, .unit = colon};
        return colon ? tdm_columns_check_unit(p, colon, error) : 0;
    }
    return tdm_fail(error, "unknown part '%s'%s; parts: time, up, down, rtt, signal", text,
                    tdm_nearest_hint(&nearest));
}

int tdm_trace_path(const char *reference, char *path, size_t size, struct tdm_error *error)
{
    if (strchr(reference, '/')) { // a file, there or not: reading says which
        snprintf(path, size, "%s", reference);
        return 0;
    }
    struct tdm_arena *arena = tdm_arena_new(1 << 20);
    const char *found = arena ? tdm_library_trace("", reference, arena, error) : NULL;
    if (found)
        snprintf(path, size, "%s", found);
    tdm_arena_free(arena);
    return found ? 0 : -1;
}

static void print_quantiles(const char *name, const struct tdm_quantiles *q, double scale,
                            const char *unit, bool zero)
{
    printf("  %-7s mean %.4g  median %.4g  p5 %.4g  p95 %.4g  min %.4g  max %.4g %s", name,
           q->mean / scale, q->median / scale, q->p5 / scale, q->p95 / scale, q->least / scale,
           q->most / scale, unit);
    if (zero)
        printf("  outage %.3g %%", 100 * q->zero);
    putchar('\n');
}

int tdm_trace_print(const char *name, const char *format, const struct tdm_trace *trace)
{
    static const char *const names[TDM_DIRECTIONS] = {"up", "down"};
    struct tdm_trace_stats stats;
    if (tdm_trace_measure(trace, &stats, NULL) < 0)
        return -1;
    printf("%s: %s, %.10g s, %zu samples, %s\n", name, format, trace->duration, trace->count,
           trace->loop ? "loops" : "plays once");
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (trace->has[d])
            print_quantiles(names[d], &stats.way[d], 125e3, "Mbit/s", true);
        else
            printf("  %-7s not given: the same as %s\n", names[d], names[1 - d]);
    if (trace->rtt)
        print_quantiles("rtt", &stats.rtt, 1e-3, "ms", false);
    if (trace->signal)
        print_quantiles("signal", &stats.signal, 1, "dBm", false);
    return 0;
}

static void add_quantiles(json_t *object, const char *key, const struct tdm_quantiles *q,
                          double scale, const char *unit)
{
    const struct {
        const char *name;
        double value;
    } items[] = {{"mean", q->mean}, {"median", q->median}, {"p5", q->p5},
                 {"p95", q->p95},   {"min", q->least},     {"max", q->most}};
    json_t *part = json_object();
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s_%s", items[i].name, unit);
        json_object_set_new(part, name, json_real(items[i].value / scale));
    }
    json_object_set_new(object, key, part);
}

json_t *tdm_trace_json(const char *name, const char *format, const struct tdm_trace *trace)
{
    static const char *const names[TDM_DIRECTIONS] = {"up", "down"};
    struct tdm_trace_stats stats;
    if (tdm_trace_measure(trace, &stats, NULL) < 0)
        return NULL;
    json_t *object = json_object();
    // A name that is no UTF-8 has no place in JSON.
    json_t *text = json_string(name);
    json_object_set_new(object, "file", text ? text : json_null());
    json_object_set_new(object, "format", json_string(format));
    json_object_set_new(object, "duration_s", json_real(trace->duration));
    json_object_set_new(object, "samples", json_integer((json_int_t)trace->count));
    json_object_set_new(object, "loop", json_boolean(trace->loop));
    for (int d = 0; d < TDM_DIRECTIONS; d++) {
        add_quantiles(object, names[d], &stats.way[d], 125e3, "mbit_s");
        json_t *part = json_object_get(object, names[d]);
        json_object_set_new(part, "outage_share", json_real(stats.way[d].zero));
        json_object_set_new(part, "given", json_boolean(trace->has[d]));
    }
    if (trace->rtt)
        add_quantiles(object, "rtt", &stats.rtt, 1e-3, "ms");
    if (trace->signal)
        add_quantiles(object, "signal", &stats.signal, 1, "dbm");
    return object;
}

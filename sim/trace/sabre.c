// SPDX-License-Identifier: GPL-3.0-or-later
// Sabre (Spiteri et al., MMSys 2018 and TOMM 2019): a JSON array of
// {"duration_ms": 1008, "bandwidth_kbps": 1542, "latency_ms": 100}; it loops. The latency delays
// each request once, so it is a round-trip time.
#include "trace/reader.h"

#include <ctype.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

// A sample is some 70 bytes; this bounds the memory that one value can make the library take.
enum { MOST_VALUE = 4096 };

struct place {
    const char *at, *end;
    long line;
};

static void skip_blanks(struct place *place)
{
    for (; place->at < place->end && isspace((unsigned char)*place->at); place->at++)
        place->line += *place->at == '\n';
}

static int expected(const struct tdm_input *input, const struct place *place, const char *what,
                    struct tdm_error *error)
{
    if (place->at == place->end)
        return tdm_fail_at(error, input->path, place->line, 0,
                           "the file ends where %s should be: it is cut off", what);
    return tdm_fail_at(error, input->path, place->line, 0, "%s should be at '%s'", what,
                       tdm_field_show(place->at, place->end));
}

// One value by the library; the place moves behind it.
static json_t *next_value(const struct tdm_input *input, struct place *place,
                          struct tdm_error *error)
{
    json_error_t problem;
    const size_t left = (size_t)(place->end - place->at);
    json_t *value = json_loadb(place->at, left < MOST_VALUE ? left : MOST_VALUE,
                               JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY, &problem);
    if (!value) {
        tdm_fail_at(error, input->path, place->line + problem.line - 1, 0,
                    "JSON: %s; a sample is like"
                    " {\"duration_ms\": 1000, \"bandwidth_kbps\": 800, \"latency_ms\": 40}",
                    problem.text);
        return NULL;
    }
    for (int i = 0; i < problem.position; i++)
        place->line += place->at[i] == '\n';
    place->at += problem.position;
    return value;
}

static int member(const struct tdm_input *input, long line, const json_t *object, const char *key,
                  double least, double *value, struct tdm_error *error)
{
    const json_t *number = json_object_get(object, key);
    if (!number)
        return tdm_fail_at(error, input->path, line, 0,
                           "the sample has no '%s'; it needs duration_ms and bandwidth_kbps", key);
    if (!json_is_number(number))
        return tdm_fail_at(error, input->path, line, 0, "'%s' is not a number", key);
    *value = json_number_value(number);
    if (!(*value >= least && *value <= 1e12))
        return tdm_fail_at(error, input->path, line, 0,
                           "'%s' is %g; it must lie between %g and 1e12", key, *value, least);
    return 0;
}

static int read_sample(const struct tdm_input *input, long line, const json_t *object,
                       struct tdm_series *series, struct tdm_error *error)
{
    double length = 0, rate = 0, latency = NAN;
    if (!json_is_object(object))
        return tdm_fail_at(error, input->path, line, 0,
                           "a sample is an object like"
                           " {\"duration_ms\": 1000, \"bandwidth_kbps\": 800, \"latency_ms\": 40}");
    if (member(input, line, object, "duration_ms", 1e-6, &length, error) < 0 ||
        member(input, line, object, "bandwidth_kbps", 0, &rate, error) < 0)
        return -1;
    if (json_object_get(object, "latency_ms") &&
        member(input, line, object, "latency_ms", 0, &latency, error) < 0)
        return -1;
    const double value[TDM_COLUMNS] = {NAN, rate * 125, latency / 1000, NAN};
    if (tdm_read_push(input, line, series, series->duration / 1000, value, error) < 0)
        return -1;
    series->duration += length; // in ms until the end, so that whole ms add up exactly
    return 0;
}

static int read_array(const struct tdm_input *input, struct place *place, struct tdm_series *series,
                      struct tdm_error *error)
{
    skip_blanks(place);
    if (place->at == place->end || *place->at != '[')
        return expected(input, place, "'[' of an array of samples", error);
    do {
        place->at++;
        skip_blanks(place);
        if (place->at < place->end && *place->at == ']' && series->count == 0)
            break;
        const long line = place->line;
        json_t *value = next_value(input, place, error);
        const int result = value ? read_sample(input, line, value, series, error) : -1;
        json_decref(value);
        if (result < 0)
            return -1;
        skip_blanks(place);
    } while (place->at < place->end && *place->at == ',');
    if (place->at == place->end || *place->at != ']')
        return expected(input, place, "',' or ']'", error);
    place->at++;
    skip_blanks(place);
    return place->at == place->end ? 0 : expected(input, place, "the end", error);
}

static int read_sabre(const struct tdm_input *input, struct tdm_series *series,
                      struct tdm_error *error)
{
    struct place place = {.at = input->text, .end = input->text + input->length, .line = 1};
    if (input->length >= 3 && memcmp(input->text, "\xef\xbb\xbf", 3) == 0)
        place.at += 3;
    if (read_array(input, &place, series, error) < 0)
        return -1;
    if (series->count == 0)
        return tdm_fail_at(error, input->path, place.line, 0, "the array holds no samples");
    series->duration /= 1000;
    series->loop = true;
    return 0;
}

const struct tdm_trace_format tdm_format_sabre = {
    .name = "sabre",
    .summary = "JSON array of {duration_ms, bandwidth_kbps, latency_ms}; loops",
    .extensions = ".json",
    .read = read_sabre,
};

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/columns.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "core/text.h"

enum kind { TIME, RATE, SIGNAL, KINDS };
enum { MOST_WORDS = 8, MOST_UNITS = 40 };

// Spellings of a unit: first the one of messages. Case counts where it changes the meaning (kB,
// kb).
struct unit {
    const char *name;
    double scale;
    bool exact;
};

static const struct unit units[KINDS][MOST_UNITS] = {
    [TIME] = {{"s", 1},
              {"ms", 1e-3},
              {"us", 1e-6},
              {"ns", 1e-9},
              {"min", 60},
              {"h", 3600},
              {"sec", 1},
              {"secs", 1},
              {"second", 1},
              {"seconds", 1},
              {"msec", 1e-3},
              {"millis", 1e-3},
              {"millisecond", 1e-3},
              {"milliseconds", 1e-3},
              {"usec", 1e-6},
              {"microseconds", 1e-6},
              {"minutes", 60},
              {"hours", 3600}},
    [RATE] = {{"Mbit/s", 125e3},       {"kbit/s", 125},       {"bit/s", 0.125},
              {"Gbit/s", 125e6},       {"B/s", 1, true},      {"kB/s", 1e3, true},
              {"MB/s", 1e6, true},     {"GB/s", 1e9, true},   {"mbit_s", 125e3},
              {"kbit_s", 125},         {"bit_s", 0.125},      {"gbit_s", 125e6},
              {"mbps", 125e3},         {"kbps", 125},         {"bps", 0.125},
              {"gbps", 125e6},         {"Mb/s", 125e3, true}, {"kb/s", 125, true},
              {"b/s", 0.125, true},    {"Gb/s", 125e6, true}, {"B_s", 1, true},
              {"kB_s", 1e3, true},     {"MB_s", 1e6, true},   {"bytes/s", 1},
              {"byte/s", 1},           {"bytes_s", 1},        {"byte_s", 1},
              {"bytes_per_second", 1}, {"bytes_per_s", 1},    {"bits_per_second", 0.125},
              {"bits/s", 0.125},       {"mbits/s", 125e3},    {"kbits/s", 125},
              {"mbitps", 125e3}},
    [SIGNAL] = {{"dBm", 1}},
};

static const struct part {
    const char *name;
    enum kind kind;
    double least, most; // SI
    struct {
        const char *text;
        const char *unit; // of a column that says no other; NULL: it has to
    } words[MOST_WORDS];
    const char *example;
} parts_table[TDM_PARTS] = {
    [TDM_COLUMN_UP] =
        {"up", RATE, 0, 1e15, {{"up"}, {"uplink"}, {"upload"}, {"ul"}, {"tx"}}, "up_mbit_s"},
    [TDM_COLUMN_DOWN] =
        {"down",
         RATE,
         0,
         1e15,
         {{"down"}, {"downlink"}, {"download"}, {"dl"}, {"rx"}, {"throughput"}, {"bandwidth"}},
         "down_mbit_s"},
    [TDM_COLUMN_RTT] = {"rtt", TIME, 0, 1e6, {{"rtt"}, {"ping"}}, "rtt_ms"},
    [TDM_COLUMN_SIGNAL] = {"signal",
                           SIGNAL,
                           -300,
                           100,
                           {{"signal", "dBm"}, {"rsrp", "dBm"}, {"rssi", "dBm"}},
                           "signal_dbm"},
    [TDM_PART_TIME] = {"time",
                       TIME,
                       -1e11,
                       1e11,
                       // 5Gophers' and Lumos5G's seq_num counts seconds.
                       {{"time"},
                        {"t"},
                        {"timestamp"},
                        {"sec", "s"},
                        {"second", "s"},
                        {"seconds", "s"},
                        {"seq_num", "s"}},
                       "time_s"},
};

const char *tdm_columns_name(int part)
{
    return parts_table[part].name;
}

static const struct unit *find_unit(enum kind kind, const char *name)
{
    for (const struct unit *u = units[kind]; u < units[kind] + MOST_UNITS && u->name; u++)
        if (u->exact ? strcmp(u->name, name) == 0 : strcasecmp(u->name, name) == 0)
            return u;
    return NULL;
}

int tdm_columns_check_unit(int part, const char *unit, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    const enum kind kind = parts_table[part].kind;
    if (find_unit(kind, unit))
        return 0;
    tdm_nearest_start(&nearest, unit);
    for (const struct unit *u = units[kind]; u < units[kind] + MOST_UNITS && u->name; u++)
        tdm_nearest_try(&nearest, u->name);
    static const char *const usual[KINDS] = {
        "s, ms, us, ns, min, h", "bit/s, kbit/s, Mbit/s, Gbit/s, B/s, kB/s, MB/s, GB/s", "dBm"};
    return tdm_fail(error, "unknown unit '%.32s' for '%s'%s; units: %s", unit,
                    parts_table[part].name, tdm_nearest_hint(&nearest), usual[kind]);
}

static struct tdm_number number_of(int part, const struct unit *unit)
{
    const struct part *p = &parts_table[part];
    const struct unit *usual = units[p->kind]; // the first spelling, for messages
    while (usual->scale != unit->scale)
        usual++;
    return (struct tdm_number){.name = p->name,
                               .unit = usual->name,
                               .scale = unit->scale,
                               .least = p->least / unit->scale,
                               .most = p->most / unit->scale};
}

static const char *skip_joints(const char *at)
{
    while (*at && strchr("_ ([{-/.:", *at))
        at++;
    return at;
}

// What follows `word` at the start of a column's name; NULL if it does not start so.
static const char *after_word(const char *name, const char *word)
{
    const size_t length = strlen(word);
    if (strncasecmp(name, word, length) != 0)
        return NULL;
    const char *rest = name + length;
    if (*rest && isalnum((unsigned char)*rest))
        return NULL;
    return skip_joints(rest);
}

// The unit in a column's name if the name says this part. *said: the name says it, with or without.
static const struct unit *unit_in_name(const char *name, const struct part *part, bool *said)
{
    static const char *const fillers[] = {"rate", "bitrate", "throughput", "bandwidth",
                                          "bw",   "speed",   "strength",   "stamp"};
    *said = false;
    for (int w = 0; w < MOST_WORDS && part->words[w].text; w++) {
        const char *rest = after_word(name, part->words[w].text);
        char unit[32];
        if (!rest)
            continue;
        for (size_t f = 0; f < sizeof fillers / sizeof *fillers; f++) {
            const char *more = after_word(rest, fillers[f]);
            rest = more ? more : rest;
        }
        const size_t length = strcspn(rest, ")]} ");
        if (length >= sizeof unit)
            continue;
        memcpy(unit, rest, length);
        unit[length] = '\0';
        if (!*unit) {
            *said = true;
            return part->words[w].unit ? find_unit(part->kind, part->words[w].unit) : NULL;
        }
        const struct unit *found = find_unit(part->kind, unit);
        if (found) {
            *said = true;
            return found;
        }
    }
    return NULL;
}

static int find_named(const struct tdm_input *input, const struct tdm_csv *csv,
                      const struct tdm_csv_column *column, int part, struct tdm_column_part *out,
                      struct tdm_error *error)
{
    bool said;
    out->at = tdm_csv_column(csv, column->name);
    if (out->at < 0) {
        struct tdm_nearest nearest;
        tdm_nearest_start(&nearest, column->name);
        for (size_t i = 0; i < csv->columns; i++)
            tdm_nearest_try(&nearest, csv->header[i]);
        return tdm_fail_at(error, input->path, csv->line, 0, "there is no column '%.64s'%s",
                           column->name, tdm_nearest_hint(&nearest));
    }
    const struct unit *unit = column->unit ? find_unit(parts_table[part].kind, column->unit)
                                           : unit_in_name(column->name, &parts_table[part], &said);
    if (!unit && parts_table[part].kind == SIGNAL)
        unit = &units[SIGNAL][0];
    if (!unit)
        return tdm_fail_at(error, input->path, csv->line, 0,
                           "the column '%.64s' has no unit for '%s'; say it, as in"
                           " --column %s=%.64s:%s",
                           column->name, parts_table[part].name, parts_table[part].name,
                           column->name, units[parts_table[part].kind][0].name);
    out->number = number_of(part, unit);
    return 0;
}

static int find_usual(const struct tdm_input *input, const struct tdm_csv *csv, int part,
                      struct tdm_column_part *out, struct tdm_error *error)
{
    const struct part *p = &parts_table[part];
    const char *bare = NULL;
    for (size_t i = 0; i < csv->columns; i++) {
        bool said;
        const struct unit *unit = unit_in_name(csv->header[i], p, &said);
        if (said && !unit && !bare)
            bare = csv->header[i];
        if (!unit)
            continue;
        if (out->at >= 0 && p->kind == SIGNAL)
            continue; // phones give several; the first one counts
        if (out->at >= 0)
            return tdm_fail_at(error, input->path, csv->line, 0,
                               "both '%.64s' and '%.64s' could be '%s'; say which, as in"
                               " --column %s=%.64s",
                               csv->header[out->at], csv->header[i], p->name, p->name,
                               csv->header[i]);
        out->at = (int)i;
        out->number = number_of(part, unit);
    }
    if (out->at < 0 && bare)
        return tdm_fail_at(error, input->path, csv->line, 0,
                           "the column '%.64s' has no unit; call it '%s', or say --column"
                           " %s=%.64s:%s",
                           bare, p->example, p->name, bare, units[p->kind][0].name);
    return 0;
}

int tdm_columns_find(const struct tdm_input *input, const struct tdm_csv *csv,
                     struct tdm_column_part parts[TDM_PARTS], struct tdm_error *error)
{
    const struct tdm_read_options *options = input->options;
    bool named = false; // then the rates are as said, and others are not guessed
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        named |= options->columns[d].name != NULL;
    for (int p = 0; p < TDM_PARTS; p++) {
        const struct tdm_csv_column *column =
            p == TDM_PART_TIME ? &options->time : &options->columns[p];
        parts[p] = (struct tdm_column_part){.at = -1};
        if (column->name) {
            if (find_named(input, csv, column, p, &parts[p], error) < 0)
                return -1;
        } else if (!(named && p < TDM_DIRECTIONS) &&
                   find_usual(input, csv, p, &parts[p], error) < 0)
            return -1;
    }
    if (parts[TDM_PART_TIME].at < 0)
        return tdm_fail_at(error, input->path, csv->line, 0,
                           "the header has no time; call a column 'time_s', or say --column"
                           " time=NAME:s");
    if (parts[TDM_UP].at < 0 && parts[TDM_DOWN].at < 0)
        return tdm_fail_at(error, input->path, csv->line, 0,
                           "the header has no rate; call a column 'up_mbit_s' or 'down_mbit_s', or"
                           " say --column down=NAME:Mbit/s");
    return 0;
}

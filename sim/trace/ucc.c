// SPDX-License-Identifier: GPL-3.0-or-later
// The Irish 4G and 5G production data sets (Raca et al., MMSys 2018 and 2020): CSV of G-NetTrack
// Pro with a header, 1 Hz. DL_bitrate and UL_bitrate are kbit/s that the phone moved, not what it
// could have: in idle rows (State I) they say nothing of the link and are not known. Timestamps
// are whole seconds; rows of one second are averaged, a gap holds the row before it, and the last
// row lasts one second. '-' is a missing value. PINGAVG (ms) and RSRP (dBm) come along. It loops.
#include "trace/reader.h"

#include <math.h>
#include <string.h>

#include "core/csv.h"

enum { TIME, DOWN, UP, STATE, PING, RSRP, FIELDS };

static const struct field {
    const char *name;
    bool needed;
    int column;
    struct tdm_number number;
} fields[FIELDS] = {
    [TIME] = {"Timestamp", true, -1, {0}},
    [DOWN] = {"DL_bitrate", true, TDM_COLUMN_DOWN, {"DL_bitrate", "kbit/s", 125, 0, 8e9}},
    [UP] = {"UL_bitrate", true, TDM_COLUMN_UP, {"UL_bitrate", "kbit/s", 125, 0, 8e9}},
    [STATE] = {"State", false, -1, {0}},
    [PING] = {"PINGAVG", false, TDM_COLUMN_RTT, {"PINGAVG", "ms", 1e-3, 0, 1e8}},
    [RSRP] = {"RSRP", false, TDM_COLUMN_SIGNAL, {"RSRP", "dBm", 1, -300, 100}},
};

// G-NetTrack writes -200 where it has none; LTE and 5G report -156 to -31 dBm.
static const double least_rsrp = -160;

// The second that is being read: sums and counts of what is known.
struct second {
    double time; // since year 0, s
    long line;
    double sum[TDM_COLUMNS];
    int count[TDM_COLUMNS];
};

static int read_header(const struct tdm_csv *csv, int at[FIELDS], struct tdm_error *error)
{
    for (int f = 0; f < FIELDS; f++) {
        at[f] = tdm_csv_column(csv, fields[f].name);
        if (fields[f].needed && at[f] < 0)
            return tdm_fail_at(error, csv->name, csv->line, 0,
                               "the header has no column '%s'; UCC files have Timestamp, "
                               "DL_bitrate, UL_bitrate and State",
                               fields[f].name);
    }
    return 0;
}

// Days since 0000-03-01 of the Gregorian calendar.
static int days(int year, int month, int day)
{
    const int y = month > 2 ? year : year - 1, m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1;
}

static bool digits(const char *from, int count, int *value)
{
    *value = 0;
    for (int i = 0; i < count; i++) {
        if (from[i] < '0' || from[i] > '9')
            return false;
        *value = 10 * *value + (from[i] - '0');
    }
    return true;
}

// "2019.12.16_13.40.04" in s; NAN where it is not one.
static double read_time(const char *text)
{
    int y, mo, d, h, mi, s;
    if (strlen(text) != 19 || text[4] != '.' || text[7] != '.' || text[10] != '_' ||
        text[13] != '.' || text[16] != '.' || !digits(text, 4, &y) || !digits(text + 5, 2, &mo) ||
        !digits(text + 8, 2, &d) || !digits(text + 11, 2, &h) || !digits(text + 14, 2, &mi) ||
        !digits(text + 17, 2, &s))
        return NAN;
    if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || s > 60)
        return NAN;
    return days(y, mo, d) * 86400. + h * 3600 + mi * 60 + s;
}

static int read_row(const struct tdm_input *input, const struct tdm_csv *csv, const int at[FIELDS],
                    struct second *row, struct tdm_error *error)
{
    const char *time = csv->fields[at[TIME]];
    *row = (struct second){.time = read_time(time), .line = csv->line};
    if (isnan(row->time))
        return tdm_fail_at(error, input->path, csv->line, 0,
                           "the Timestamp '%.40s' is not like '2019.12.16_13.40.04'", time);
    const bool idle = at[STATE] >= 0 && strcmp(csv->fields[at[STATE]], "I") == 0;
    for (int f = 0; f < FIELDS; f++) {
        const char *text = at[f] < 0 ? "" : csv->fields[at[f]];
        double value = 0;
        if (fields[f].column < 0 || !*text || strcmp(text, "-") == 0)
            continue;
        if (tdm_read_number(input, csv->line, &fields[f].number, text, text + strlen(text), &value,
                            error) < 0)
            return -1;
        if (idle && (f == DOWN || f == UP))
            continue;
        if (f == RSRP && value < least_rsrp)
            continue;
        row->sum[fields[f].column] = value;
        row->count[fields[f].column] = 1;
    }
    return 0;
}

static int push_second(const struct tdm_input *input, struct tdm_series *series, double first,
                       const struct second *second, struct tdm_error *error)
{
    double value[TDM_COLUMNS];
    for (int c = 0; c < TDM_COLUMNS; c++)
        value[c] = second->count[c] ? second->sum[c] / second->count[c] : NAN;
    return tdm_read_push(input, second->line, series, second->time - first, value, error);
}

// Joins a row to its second, or begins the next second with it.
static int add_row(const struct tdm_input *input, struct tdm_series *series, double first,
                   struct second *now, const struct second *row, struct tdm_error *error)
{
    if (row->time < now->time)
        return tdm_fail_at(error, input->path, row->line, 0,
                           "the Timestamp goes back by %g s; rows must be in order of time",
                           now->time - row->time);
    if (row->time > now->time) {
        const int result = push_second(input, series, first, now, error);
        *now = *row;
        return result;
    }
    for (int c = 0; c < TDM_COLUMNS; c++) {
        now->sum[c] += row->sum[c];
        now->count[c] += row->count[c];
    }
    return 0;
}

static int read_rows(const struct tdm_input *input, struct tdm_csv *csv, struct tdm_series *series,
                     struct tdm_error *error)
{
    struct second now = {0}, row;
    double first = 0;
    int at[FIELDS] = {0}, got;
    if (read_header(csv, at, error) < 0)
        return -1;
    while ((got = tdm_csv_next(csv, error)) > 0) {
        if (read_row(input, csv, at, &row, error) < 0)
            return -1;
        if (!now.line) {
            first = row.time;
            now = row;
        } else if (add_row(input, series, first, &now, &row, error) < 0)
            return -1;
    }
    if (got < 0)
        return -1;
    if (!now.line)
        return tdm_fail_at(error, input->path, csv->line, 0, "there is no row below the header");
    series->duration = now.time - first + 1;
    series->loop = true;
    return push_second(input, series, first, &now, error);
}

static int read_ucc(const struct tdm_input *input, struct tdm_series *series,
                    struct tdm_error *error)
{
    struct tdm_csv csv;
    FILE *stream = tdm_read_stream(input, error);
    if (!stream)
        return -1;
    int result = tdm_csv_start(&csv, stream, input->path, error);
    if (result == 0)
        result = read_rows(input, &csv, series, error);
    fclose(stream);
    return result;
}

const struct tdm_trace_format tdm_format_ucc = {
    .name = "ucc",
    .summary = "Irish 4G/5G CSV of G-NetTrack (kbit/s, 1 Hz); idle rows are not known; loops",
    .extensions = "",
    .read = read_ucc,
};

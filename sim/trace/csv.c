// SPDX-License-Identifier: GPL-3.0-or-later
// Generic CSV: a header whose columns name what they hold and in which unit (columns.c), such as
// time_s,up_mbit_s,down_mbit_s,rtt_ms,signal_dbm; other columns are passed over. A value holds from
// its time to the next row's; an empty cell, '-', 'NA' or 'nan' is not known. Lines before the
// header may say "# duration: 600 s" and "# loop: no"; without them the last row lasts as long as
// the one before it (1 s if alone), and the trace loops.
#include "trace/reader.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "core/csv.h"
#include "core/units.h"
#include "trace/columns.h"

enum { MOST_FILTERS = 8 };

// Rows count only where this column has this value.
struct filter {
    int at;
    const char *value;
};

struct table {
    const struct tdm_input *input;
    struct tdm_csv csv;
    struct tdm_column_part parts[TDM_PARTS];
    struct filter filters[MOST_FILTERS];
    size_t filter_count;
    double duration; // 0: not said
    bool loop;
};

static int read_remark(struct table *table, const struct tdm_lines *lines, struct tdm_error *error)
{
    char text[64];
    struct tdm_error local;
    const size_t length = (size_t)(lines->stop - lines->line);
    if (length >= sizeof text) // a comment in words
        return 0;
    memcpy(text, lines->line, length);
    text[length] = '\0';
    const char *word = text + 1 + strspn(text + 1, " \t");
    const bool duration = strncasecmp(word, "duration:", 9) == 0;
    if (!duration && strncasecmp(word, "loop:", 5) != 0)
        return 0;
    const char *value = strchr(word, ':') + 1;
    value += strspn(value, " \t");
    if (!duration) {
        table->loop = strcmp(value, "yes") == 0;
        return table->loop || strcmp(value, "no") == 0
                   ? 0
                   : tdm_fail_at(error, table->input->path, lines->number, 0,
                                 "'loop' is '%.40s'; it must be yes or no", value);
    }
    if (tdm_quantity_parse(value, TDM_TIME, &table->duration, &local) < 0)
        return tdm_fail_at(error, table->input->path, lines->number, 0, "%s", local.message);
    if (table->duration <= 0)
        return tdm_fail_at(error, table->input->path, lines->number, 0,
                           "the duration must be positive");
    return 0;
}

static int read_remarks(struct table *table, struct tdm_error *error)
{
    struct tdm_lines lines = tdm_lines_start(table->input->text, table->input->length);
    while (tdm_lines_next(&lines) && (tdm_lines_blank(&lines) || *lines.line == '#'))
        if (*lines.line == '#' && read_remark(table, &lines, error) < 0)
            return -1;
    return 0;
}

static int find_filters(struct table *table, struct tdm_error *error)
{
    const struct tdm_read_options *options = table->input->options;
    if (options->where_count > MOST_FILTERS)
        return tdm_fail(error, "at most %d conditions", MOST_FILTERS);
    for (size_t i = 0; i < options->where_count; i++) {
        char name[128];
        const char *equal = strchr(options->where[i], '=');
        const size_t length = equal ? (size_t)(equal - options->where[i]) : 0;
        if (length < 1 || length >= sizeof name)
            return tdm_fail(error, "'%.64s' is not a condition; write NAME=VALUE",
                            options->where[i]);
        memcpy(name, options->where[i], length);
        name[length] = '\0';
        const int at = tdm_csv_column(&table->csv, name);
        if (at < 0)
            return tdm_fail_at(error, table->input->path, table->csv.line, 0,
                               "there is no column '%.64s' for the condition", name);
        table->filters[table->filter_count++] = (struct filter){.at = at, .value = equal + 1};
    }
    return 0;
}

static bool passes(const struct table *table)
{
    for (size_t i = 0; i < table->filter_count; i++)
        if (strcmp(table->csv.fields[table->filters[i].at], table->filters[i].value) != 0)
            return false;
    return true;
}

static bool missing(const char *text)
{
    static const char *const words[] = {"", "-", "na", "n/a", "nan", "null", "none"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasecmp(text, words[i]) == 0)
            return true;
    return false;
}

static int read_cell(const struct table *table, int part, double *value, struct tdm_error *error)
{
    const struct tdm_column_part *p = &table->parts[part];
    *value = NAN;
    if (p->at < 0)
        return 0;
    const char *text = table->csv.fields[p->at];
    if (part != TDM_PART_TIME && missing(text))
        return 0;
    return tdm_read_number(table->input, table->csv.line, &p->number, text, text + strlen(text),
                           value, error);
}

static int read_row(const struct table *table, struct tdm_series *series, double *first,
                    struct tdm_error *error)
{
    double time, value[TDM_COLUMNS];
    if (read_cell(table, TDM_PART_TIME, &time, error) < 0)
        return -1;
    for (int c = 0; c < TDM_COLUMNS; c++)
        if (read_cell(table, c, &value[c], error) < 0)
            return -1;
    if (series->count == 0)
        *first = time;
    const double before = series->count ? series->t[series->count - 1] : -1;
    if (time - *first - before < TDM_TRACE_LEAST_STEP)
        return tdm_fail_at(error, table->input->path, table->csv.line, 0,
                           "the time %.9g s does not come after %.9g s; time must increase%s", time,
                           before + *first,
                           table->filter_count ? ""
                                               : " (several runs in one file? choose one with"
                                                 " --where NAME=VALUE)");
    return tdm_read_push(table->input, table->csv.line, series, time - *first, value, error);
}

static int end_table(const struct table *table, struct tdm_series *series, struct tdm_error *error)
{
    const size_t n = series->count;
    if (n == 0)
        return tdm_fail_at(error, table->input->path, table->csv.line, 0, "there is no row%s",
                           table->filter_count ? " where the conditions hold"
                                               : " below the header");
    const double last = series->t[n - 1];
    series->loop = table->loop;
    series->duration = table->duration;
    if (table->duration <= 0)
        series->duration = last + (n > 1 ? last - series->t[n - 2] : 1);
    else if (table->duration - last < TDM_TRACE_LEAST_STEP)
        return tdm_fail_at(error, table->input->path, table->csv.line, 0,
                           "the last row is at %.9g s, but the duration is said to be %.9g s", last,
                           table->duration);
    return 0;
}

static int read_table(struct table *table, struct tdm_series *series, struct tdm_error *error)
{
    int got;
    double first = 0;
    if (tdm_columns_find(table->input, &table->csv, table->parts, error) < 0 ||
        find_filters(table, error) < 0)
        return -1;
    while ((got = tdm_csv_next(&table->csv, error)) > 0)
        if (passes(table) && read_row(table, series, &first, error) < 0)
            return -1;
    return got < 0 ? -1 : end_table(table, series, error);
}

static int read_csv(const struct tdm_input *input, struct tdm_series *series,
                    struct tdm_error *error)
{
    struct table table = {.input = input, .loop = true};
    if (read_remarks(&table, error) < 0)
        return -1;
    FILE *stream = tdm_read_stream(input, error);
    if (!stream)
        return -1;
    int result = tdm_csv_start(&table.csv, stream, input->path, error);
    if (result == 0)
        result = read_table(&table, series, error);
    fclose(stream);
    return result;
}

static void print_row(FILE *stream, const struct tdm_trace *trace, size_t i)
{
    tdm_output_number(stream, trace->t[i]);
    for (int d = 0; d < TDM_DIRECTIONS; d++)
        if (trace->has[d]) {
            fputc(',', stream);
            tdm_output_number(stream, trace->way[d].rate[i] / 125e3);
        }
    if (trace->rtt) {
        fputc(',', stream);
        tdm_output_number(stream, trace->rtt[i] * 1e3);
    }
    if (trace->signal) {
        fputc(',', stream);
        tdm_output_number(stream, trace->signal[i]);
    }
    fputc('\n', stream);
}

static int write_csv(const struct tdm_trace *trace, const char *path,
                     const struct tdm_write_options *options, struct tdm_error *error)
{
    struct tdm_output output;
    if (tdm_output_open(&output, path, error) < 0)
        return -1;
    fputs("# duration: ", output.stream);
    tdm_output_number(output.stream, trace->duration);
    fprintf(output.stream, " s\n# loop: %s\ntime_s%s%s%s%s\n", trace->loop ? "yes" : "no",
            trace->has[TDM_UP] ? ",up_mbit_s" : "", trace->has[TDM_DOWN] ? ",down_mbit_s" : "",
            trace->rtt ? ",rtt_ms" : "", trace->signal ? ",signal_dbm" : "");
    for (size_t i = 0; i < trace->count; i++)
        print_row(output.stream, trace, i);
    if (tdm_output_close(&output, error) < 0)
        return -1;
    if (options->wrote)
        options->wrote(path, options->context);
    return 0;
}

const struct tdm_trace_format tdm_format_csv = {
    .name = "csv",
    .summary = "columns named with units: time_s,up_mbit_s,down_mbit_s,rtt_ms,signal_dbm",
    .extensions = ".csv",
    .read = read_csv,
    .write = write_csv,
};

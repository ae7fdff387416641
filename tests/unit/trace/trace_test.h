// SPDX-License-Identifier: GPL-3.0-or-later
/** What the tests of traces share. Include after the headers that cmocka.h needs. */
#ifndef TDM_TEST_TRACE_H
#define TDM_TEST_TRACE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "trace/format.h"

static inline void assert_near(double got, double wanted, double relative)
{
    if (got == wanted)
        return;
    if (!(fabs(got - wanted) <= relative * fmax(fabs(got), fabs(wanted))))
        fail_msg("%.17g is not %.17g", got, wanted);
}

/** Reads `text` in a format, under the name "test". */
static inline int read_text(const struct tdm_trace_format *format, const char *text,
                            const struct tdm_read_options *options, struct tdm_series *series,
                            struct tdm_error *error)
{
    static const struct tdm_read_options none;
    const struct tdm_input input = {
        .path = "test", .text = text, .length = strlen(text), .options = options ? options : &none};
    memset(series, 0, sizeof *series);
    return format->read(&input, series, error);
}

/** The text is refused at `line` with a message that holds `part`. */
static inline void assert_refused(const struct tdm_trace_format *format, const char *text,
                                  long line, const char *part)
{
    struct tdm_series series;
    struct tdm_error error = {.line = -1};
    assert_int_equal(read_text(format, text, NULL, &series, &error), -1);
    tdm_series_clear(&series);
    if (!strstr(error.message, part))
        fail_msg("'%s' does not say '%s'", error.message, part);
    assert_string_equal(error.file, "test");
    assert_int_equal(error.line, line);
}

/** A column of a series is as listed; NAN is NAN. */
static inline void assert_values(const double *got, const double *wanted, size_t count)
{
    assert_non_null(got);
    for (size_t i = 0; i < count; i++)
        if (!(isnan(wanted[i]) ? isnan(got[i])
                               : fabs(got[i] - wanted[i]) <= 1e-9 * fabs(wanted[i])))
            fail_msg("value %zu is %.17g, not %.17g", i, got[i], wanted[i]);
}

/** A new file with this text in a new folder; the caller frees both names. */
static inline char *temporary(const char *name, const char *text, char **folder)
{
    const char *root = getenv("TMPDIR");
    char path[1024];
    if (!*folder) {
        snprintf(path, sizeof path, "%s/tandem-test-XXXXXX", root ? root : "/tmp");
        *folder = strdup(mkdtemp(path));
    }
    snprintf(path, sizeof path, "%s/%s", *folder, name);
    if (text) {
        FILE *stream = fopen(path, "wb");
        assert_non_null(stream);
        fputs(text, stream);
        assert_int_equal(fclose(stream), 0);
    }
    return strdup(path);
}

static inline void assert_file(const char *path, const char *text)
{
    char *got = calloc(1, 1 << 20);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    got[fread(got, 1, (1 << 20) - 1, stream)] = '\0';
    fclose(stream);
    assert_string_equal(got, text);
    free(got);
}

#endif

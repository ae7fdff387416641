// SPDX-License-Identifier: GPL-3.0-or-later
/** CSV: headers, quotes, blanks, line ends, and what is said of bad lines. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/csv.h"

static struct tdm_csv csv;
static struct tdm_error error;
static FILE *stream;

static int start(const char *text, size_t size)
{
    stream = fmemopen((void *)(uintptr_t)text, size, "r");
    return tdm_csv_start(&csv, stream, "x.csv", &error);
}

static void fields_lose_blanks_and_quotes(void **state)
{
    (void)state;
    const char *text =
        "\xef\xbb\xbf"
        "a, b ,\"c,\"\"d\"\"\"\r\n# note\r\n  \r\n1,,\" x \"\r\n \"q\" , two words ,3";
    assert_int_equal(start(text, strlen(text)), 0);
    assert_int_equal(csv.columns, 3);
    assert_string_equal(csv.header[1], "b");
    assert_string_equal(csv.header[2], "c,\"d\"");
    assert_int_equal(tdm_csv_column(&csv, "b"), 1);
    assert_int_equal(tdm_csv_column(&csv, "z"), -1);
    assert_int_equal(tdm_csv_next(&csv, &error), 1);
    assert_int_equal(csv.line, 4);
    assert_string_equal(csv.fields[1], "");
    assert_string_equal(csv.fields[2], " x ");
    assert_int_equal(tdm_csv_next(&csv, &error), 1);
    assert_string_equal(csv.fields[0], "q");
    assert_string_equal(csv.fields[1], "two words");
    assert_int_equal(tdm_csv_next(&csv, &error), 0);
    fclose(stream);
}

static void bad_lines_are_said_and_passed(void **state)
{
    (void)state;
    static const char text[] = "a,b\n1\n\"x,2\n1,\"2\"3\n1,2\0\n5,6\n";
    assert_int_equal(start(text, sizeof text - 1), 0);
    static const char *const why[] = {"has 1 fields, the header has 2", "a quote that does not end",
                                      "a quote that does not end", "holds a zero byte"};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(tdm_csv_next(&csv, &error), -1);
        assert_int_equal(error.line, i + 2);
        assert_non_null(strstr(error.message, why[i]));
    }
    assert_int_equal(tdm_csv_next(&csv, &error), 1);
    assert_string_equal(csv.fields[1], "6");
    fclose(stream);
}

static void headers_must_be_usable(void **state)
{
    (void)state;
    assert_int_equal(start("\n\n", 2), -1);
    assert_non_null(strstr(error.message, "is empty"));
    fclose(stream);
    assert_int_equal(start("a,b,a\n", 6), -1);
    assert_non_null(strstr(error.message, "'a' is there twice"));
    fclose(stream);
}

static void lines_and_columns_are_bounded(void **state)
{
    (void)state;
    enum { LONG = 3 * TDM_CSV_LINE };
    char *text = malloc(LONG);
    memset(text, 'x', LONG);
    memcpy(text, "a\n", 2);
    memcpy(text + LONG - 3, "\n7\n", 3);
    assert_int_equal(start(text, LONG), 0);
    assert_int_equal(tdm_csv_next(&csv, &error), -1);
    assert_non_null(strstr(error.message, "longer than"));
    assert_int_equal(tdm_csv_next(&csv, &error), 1);
    assert_string_equal(csv.fields[0], "7");
    fclose(stream);
    memset(text, ',', 100);
    memcpy(text + 100, "\n", 1);
    assert_int_equal(start(text, 101), -1);
    assert_non_null(strstr(error.message, "more than 64 columns"));
    fclose(stream);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_lose_blanks_and_quotes),
        cmocka_unit_test(bad_lines_are_said_and_passed),
        cmocka_unit_test(headers_must_be_usable),
        cmocka_unit_test(lines_and_columns_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/table.h"

// Prints what `table` holds and compares it with `expected`.
static void assert_prints(struct tdm_table *table, int indent, int width, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    tdm_table_print(table, stream, indent, width);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void assert_wraps(const char *words, int at, int indent, int width, const char *expected)
{
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    tdm_text_wrap(stream, words, at, indent, width);
    fclose(stream);
    assert_string_equal(text, expected);
    free(text);
}

static void test_aligns(void **state)
{
    (void)state;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"name", ">watts", "what", NULL});
    tdm_table_add(&table, "a");
    tdm_table_add(&table, "%d W", 5);
    tdm_table_add(&table, "one");
    tdm_table_add(&table, "longer");
    tdm_table_add(&table, "%.2f W", 1234.5);
    tdm_table_add(&table, "two");
    assert_prints(&table, 2, 100,
                  "  name        watts  what\n"
                  "  a             5 W  one\n"
                  "  longer  1234.50 W  two\n");
}

static void test_counts_characters(void **state)
{
    (void)state;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", ">", NULL});
    tdm_table_add(&table, "±é");
    tdm_table_add(&table, "1");
    tdm_table_add(&table, "abc");
    tdm_table_add(&table, "22");
    assert_prints(&table, 0, 100, "±é    1\nabc  22\n");
    assert_int_equal(tdm_text_width("±é"), 2);
}

static void test_empty_cells_leave_no_spaces_behind(void **state)
{
    (void)state;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"a", "b", "c", NULL});
    for (int i = 0; i < 3; i++)
        tdm_table_add(&table, i ? "%s" : "x%s", "");
    for (int i = 0; i < 3; i++)
        tdm_table_add(&table, "%d", i);
    assert_prints(&table, 0, 100, "a  b  c\nx\n0  1  2\n");
}

static void test_wraps_the_last_column(void **state)
{
    (void)state;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"k", "v", NULL});
    tdm_table_add(&table, "key");
    tdm_table_add(&table, "these words do not fit on one line of thirty");
    assert_prints(&table, 1, 30,
                  " k    v\n"
                  " key  these words do not fit\n"
                  "      on one line of thirty\n");
}

static void test_common_column_moves_below(void **state)
{
    (void)state;
    static const char *const titles[] = {">n", "=source", NULL};
    struct tdm_table table;
    tdm_table_start(&table, titles);
    for (int i = 0; i < 2; i++) {
        tdm_table_add(&table, "%d", i);
        tdm_table_add(&table, "published [1]");
    }
    assert_prints(&table, 2, 100, "  n\n  0\n  1\n  source: published [1]\n");
    tdm_table_start(&table, titles);
    for (int i = 0; i < 2; i++) {
        tdm_table_add(&table, "%d", i);
        tdm_table_add(&table, "[%d]", i);
    }
    assert_prints(&table, 0, 100, "n  source\n0  [0]\n1  [1]\n");
}

// What comes from a file cannot move the terminal's cursor.
static void test_control_characters(void **state)
{
    (void)state;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", NULL});
    tdm_table_add(&table, "a\x1b[2Jb\tc\nd\xc2\x9b"
                          "e");
    assert_prints(&table, 0, 100, "a [2Jb c d  e\n");
}

static void test_no_rows(void **state)
{
    (void)state;
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"a", ">b", NULL});
    assert_prints(&table, 0, 100, "a  b\n");
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    assert_prints(&table, 0, 100, "");
}

static void test_many_rows(void **state)
{
    (void)state;
    struct tdm_table table;
    char *text = NULL;
    size_t size = 0, lines = 0;
    tdm_table_start(&table, (const char *const[]){">", "", NULL});
    for (int i = 0; i < 20000; i++)
        tdm_table_add(&table, "%d", i / 2);
    FILE *stream = open_memstream(&text, &size);
    tdm_table_print(&table, stream, 0, 100);
    fclose(stream);
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    assert_int_equal(lines, 10000);
    assert_string_equal(text + size - strlen("9999  9999\n"), "9999  9999\n");
    free(text);
}

static void test_wrap(void **state)
{
    (void)state;
    assert_wraps("", 0, 0, 20, "\n");
    assert_wraps("one", 0, 0, 20, "one\n");
    assert_wraps("one two three", 0, 0, 7, "one two\nthree\n");
    assert_wraps("one two three", 4, 2, 10, "one\n  two\n  three\n");
    assert_wraps("averyveryverylongword x", 0, 0, 8, "averyveryverylongword\nx\n");
    assert_wraps("a\n\nb\n", 0, 2, 20, "a\n\n  b\n\n");
    // A line of two columns goes on below the second; one that is indented, below its words.
    assert_wraps("xi  the share of all channels", 0, 0, 20, "xi  the share of all\n    channels\n");
    assert_wraps("  some words of a list", 0, 0, 14, "  some words\n  of a list\n");
}

static void test_width(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    unsetenv("COLUMNS");
    assert_int_equal(tdm_terminal_width(file), 100);
    setenv("COLUMNS", "80", 1);
    assert_int_equal(tdm_terminal_width(file), 80);
    setenv("COLUMNS", "7", 1);
    assert_int_equal(tdm_terminal_width(file), 60);
    setenv("COLUMNS", "4000", 1);
    assert_int_equal(tdm_terminal_width(file), 120);
    setenv("COLUMNS", "wide", 1);
    assert_int_equal(tdm_terminal_width(file), 100);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aligns),
        cmocka_unit_test(test_counts_characters),
        cmocka_unit_test(test_empty_cells_leave_no_spaces_behind),
        cmocka_unit_test(test_wraps_the_last_column),
        cmocka_unit_test(test_common_column_moves_below),
        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_no_rows),
        cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

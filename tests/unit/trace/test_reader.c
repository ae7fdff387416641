// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/reader.h"

static const struct tdm_input input = {.path = "test", .text = "ab", .length = 2};

static void reads_in_range(void **state)
{
    const struct tdm_number ms = {"delay", "ms", 1e-3, 0, 1000};
    const char *good = " 20 ", *bad = "-1", *none = "x";
    struct tdm_error error;
    double value;
    (void)state;
    assert_int_equal(tdm_read_number(&input, 3, &ms, good, good + 4, &value, NULL), 0);
    assert_true(value == 0.02); // and not 20 * 0.001
    assert_int_equal(tdm_read_number(&input, 3, &ms, bad, bad + 2, &value, &error), -1);
    assert_string_equal(error.message, "the delay is -1 ms; it must lie between 0 and 1000");
    assert_int_equal(error.line, 3);
    assert_int_equal(tdm_read_number(&input, 3, &ms, none, none + 1, &value, &error), -1);
    assert_string_equal(error.message, "the delay 'x' is not a number (of ms)");
}

static void pushes(void **state)
{
    struct tdm_series series = {0}, full = {.count = TDM_TRACE_MOST_SAMPLES};
    struct tdm_error error;
    (void)state;
    assert_int_equal(tdm_read_push_down(&input, 1, &series, 0, 5, NULL), 0);
    assert_true(series.value[TDM_DOWN][0] == 5 && !series.value[TDM_UP]);
    tdm_series_clear(&series);
    assert_int_equal(tdm_read_push_down(&input, 7, &full, 0, 5, &error), -1);
    assert_int_equal(error.line, 7);
    assert_string_equal(error.file, "test");
}

static void streams(void **state)
{
    const struct tdm_input empty = {.path = "test", .text = ""};
    struct tdm_error error;
    FILE *stream = tdm_read_stream(&input, NULL);
    (void)state;
    assert_int_equal(getc(stream), 'a');
    assert_int_equal(getc(stream), 'b');
    assert_int_equal(getc(stream), EOF);
    fclose(stream);
    assert_null(tdm_read_stream(&empty, &error));
    assert_string_equal(error.message, "the file holds no samples");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_in_range),
        cmocka_unit_test(pushes),
        cmocka_unit_test(streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

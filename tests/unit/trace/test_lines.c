// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "core/random.h"
#include "trace/lines.h"

static void lines(void **state)
{
    const char text[] = "\xef\xbb\xbf"
                        "a b\r\n\n \t\nlast";
    struct tdm_lines l = tdm_lines_start(text, sizeof text - 1);
    (void)state;
    assert_true(tdm_lines_next(&l) && l.stop - l.line == 3 && l.number == 1);
    assert_false(tdm_lines_blank(&l));
    assert_true(tdm_lines_next(&l) && l.stop == l.line && tdm_lines_blank(&l));
    assert_true(tdm_lines_next(&l) && tdm_lines_blank(&l));
    assert_true(tdm_lines_next(&l) && l.number == 4 && memcmp(l.line, "last", 4) == 0);
    assert_false(tdm_lines_next(&l));
}

static bool number(const char *text, double *value)
{
    return tdm_field_number(text, text + strlen(text), value);
}

static void numbers(void **state)
{
    static const char *const bad[] = {"",    " ",   "x",   "1x", "0x1", "inf",   "nan",
                                      "1,5", "1 2", "--1", "e",  "1e",  "1e999", "1..2"};
    double x;
    (void)state;
    assert_true(number(" 1.5\t", &x) && x == 1.5);
    assert_true(number("-2e-3", &x) && x == -0.002);
    assert_true(number("+7.", &x) && x == 7);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(number(bad[i], &x));
    char large[200];
    memset(large, '9', sizeof large);
    assert_false(tdm_field_number(large, large + sizeof large, &x));
    assert_false(tdm_field_number("1\0002", &"1\0002"[3], &x));
}

static void shown(void **state)
{
    const char *text = "a\tb\x01", *large = "0123456789012345678901234567890123456789012345678";
    (void)state;
    assert_string_equal(tdm_field_show(text, text + 4), "a?b?");
    assert_string_equal(tdm_field_show(large, large + strlen(large)),
                        "0123456789012345678901234567890123456789...");
}

static void shortest_numbers(void **state)
{
    struct tdm_random random;
    char *folder = NULL, *path = temporary("n", NULL, &folder);
    FILE *stream = fopen(path, "w+");
    (void)state;
    tdm_output_number(stream, 0.1);
    fputc('\n', stream);
    tdm_output_number(stream, 1. / 3);
    fputc('\n', stream);
    tdm_random_seed(&random, 1, "test", 0);
    double values[1000];
    for (int i = 0; i < 1000; i++) {
        values[i] = ldexp(tdm_random_uniform(&random), (int)tdm_random_below(&random, 80) - 40);
        tdm_output_number(stream, values[i]);
        fputc('\n', stream);
    }
    rewind(stream);
    char line[64];
    assert_string_equal(fgets(line, sizeof line, stream), "0.1\n");
    assert_true(strtod(fgets(line, sizeof line, stream), NULL) == 1. / 3);
    for (int i = 0; i < 1000; i++)
        assert_true(strtod(fgets(line, sizeof line, stream), NULL) == values[i]);
    fclose(stream);
    unlink(path);
    free(path);
    rmdir(folder);
    free(folder);
}

static void files(void **state)
{
    char *folder = NULL, *path = temporary("f", "old", &folder);
    struct tdm_output output;
    struct tdm_error error;
    size_t length;
    (void)state;
    assert_int_equal(tdm_output_open(&output, path, NULL), 0);
    fputs("new", output.stream);
    fflush(output.stream);
    assert_file(path, "old"); // the name changes hands at the end
    assert_int_equal(tdm_output_close(&output, NULL), 0);
    assert_file(path, "new");
    assert_int_equal(tdm_output_open(&output, path, NULL), 0);
    tdm_output_drop(&output);
    char *text = tdm_file_read(path, &length, NULL);
    assert_true(length == 3 && text[3] == '\0');
    free(text);
    unlink(path);
    assert_int_equal(rmdir(folder), 0); // nothing was left behind
    assert_int_equal(tdm_output_open(&output, path, &error), -1);
    assert_true(error.message[0]);
    assert_null(tdm_file_read(path, &length, &error));
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(tdm_output_open(&output, "/dev/full", NULL), 0);
        fputs("new", output.stream);
        assert_int_equal(tdm_output_close(&output, &error), -1);
        assert_non_null(strstr(error.message, "No space left"));
    }
    free(path);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines), cmocka_unit_test(numbers),
        cmocka_unit_test(shown), cmocka_unit_test(shortest_numbers),
        cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

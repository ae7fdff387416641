// SPDX-License-Identifier: GPL-3.0-or-later
/** HDF5 files: what is written is what is read, and failures are errors with a name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/h5.h"

static char path[] = "/tmp/tandem-h5-XXXXXX";
static int fd;

static int setup(void **state)
{
    (void)state;
    strcpy(path, "/tmp/tandem-h5-XXXXXX");
    fd = mkstemp(path);
    return fd >= 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    close(fd);
    return unlink(path);
}

static struct tdm_h5 *create(void)
{
    struct tdm_error error;
    struct tdm_h5 *file = tdm_h5_create(fd, path, &error);
    if (!file)
        fail_msg("%s", error.message);
    return file;
}

// Closes what was written and opens it to read.
static struct tdm_h5 *reopen(struct tdm_h5 *file)
{
    struct tdm_error error;
    if (tdm_h5_close(file, &error))
        fail_msg("%s", error.message);
    file = tdm_h5_open(path, &error);
    if (!file)
        fail_msg("%s", error.message);
    return file;
}

static void every_type_comes_back(void **state)
{
    (void)state;
    static const double doubles[] = {0, -0.0, 1.0 / 3, 5e-324, INFINITY, -1e308};
    static const float floats[] = {0, 0.1F, -3e38F, 1e-40F, 5, 6};
    static const int32_t int32s[] = {0, -1, INT32_MIN, INT32_MAX, 7, 8};
    static const int64_t int64s[] = {0, -1, INT64_MIN, INT64_MAX, 7, 8};
    static const uint64_t uint64s[] = {0, 1, UINT64_MAX, 3, 4, 5};
    static const bool bools[] = {true, false, false, true, true, false};
    const void *const values[TDM_H5_TYPES] = {doubles, floats, int32s, int64s, uint64s, bools};
    static const size_t shape[] = {3, 2};
    struct tdm_h5 *file = create();
    char name[64];
    for (int type = 0; type < TDM_H5_TYPES; type++) {
        struct tdm_h5_column column;
        snprintf(name, sizeof name, "/columns/%d", type);
        assert_int_equal(tdm_h5_column_open(&column, file, name, (enum tdm_h5_type)type, 4,
                                            &(struct tdm_h5_about){"J", "a column"}, NULL),
                         0);
        assert_int_equal(tdm_h5_column_append(&column, values[type], 6, NULL), 0);
        tdm_h5_column_close(&column);
        snprintf(name, sizeof name, "/a/b/%d", type);
        assert_int_equal(tdm_h5_put_array(file, name, (enum tdm_h5_type)type, 2, shape,
                                          values[type], NULL, NULL),
                         0);
    }
    file = reopen(file);
    for (int type = 0; type < TDM_H5_TYPES; type++) {
        const size_t size = tdm_h5_size((enum tdm_h5_type)type);
        char read[64];
        size_t found[TDM_H5_RANK];
        for (int i = 0; i < 2; i++) {
            snprintf(name, sizeof name, i ? "/a/b/%d" : "/columns/%d", type);
            assert_int_equal(tdm_h5_get_array(file, name, (enum tdm_h5_type)type, 6, read, NULL),
                             0);
            assert_memory_equal(read, values[type], 6 * size);
        }
        assert_int_equal(tdm_h5_shape(file, name, found, NULL), 2);
        assert_memory_equal(found, shape, sizeof shape);
    }
    char *units = tdm_h5_get_text(file, "/columns/0", "units", NULL);
    assert_string_equal(units, "J");
    free(units);
    // Whole numbers may be read as doubles.
    double read[6];
    assert_int_equal(tdm_h5_get_array(file, "/columns/2", TDM_H5_DOUBLE, 6, read, NULL), 0);
    for (int i = 0; i < 6; i++)
        assert_true(read[i] == int32s[i]);
    tdm_h5_close(file, NULL);
}

// Appends of any size give the same column as one.
static void columns_grow(void **state)
{
    (void)state;
    enum { COUNT = 1000 };
    double values[COUNT], read[COUNT];
    for (int i = 0; i < COUNT; i++)
        values[i] = sin(i);
    struct tdm_h5 *file = create();
    struct tdm_h5_column whole, parts, none;
    assert_int_equal(tdm_h5_column_open(&whole, file, "/whole", TDM_H5_DOUBLE, 64, NULL, NULL), 0);
    assert_int_equal(tdm_h5_column_open(&parts, file, "/parts", TDM_H5_DOUBLE, 64, NULL, NULL), 0);
    assert_int_equal(tdm_h5_column_open(&none, file, "/none", TDM_H5_DOUBLE, 64, NULL, NULL), 0);
    assert_int_equal(tdm_h5_column_append(&whole, values, COUNT, NULL), 0);
    for (size_t from = 0, n = 1; from < COUNT; from += n, n = n % 97 + 13) {
        if (n > COUNT - from)
            n = COUNT - from;
        assert_int_equal(tdm_h5_column_append(&parts, values + from, n, NULL), 0);
        assert_int_equal(parts.count, from + n);
    }
    assert_int_equal(tdm_h5_column_append(&none, values, 0, NULL), 0);
    tdm_h5_column_close(&whole);
    tdm_h5_column_close(&parts);
    tdm_h5_column_close(&none);
    tdm_h5_column_close(&none);
    file = reopen(file);
    assert_int_equal(tdm_h5_get_array(file, "/whole", TDM_H5_DOUBLE, COUNT, read, NULL), 0);
    assert_memory_equal(read, values, sizeof values);
    assert_int_equal(tdm_h5_get_array(file, "/parts", TDM_H5_DOUBLE, COUNT, read, NULL), 0);
    assert_memory_equal(read, values, sizeof values);
    for (size_t from = 0; from < COUNT; from += 150) { // across chunks
        const size_t n = COUNT - from < 150 ? COUNT - from : 150;
        read[n] = 7;
        assert_int_equal(tdm_h5_get_rows(file, "/parts", TDM_H5_DOUBLE, from, n, read, NULL), 0);
        assert_memory_equal(read, values + from, n * sizeof *values);
        assert_true(n == COUNT || read[n] == 7);
    }
    assert_int_equal(tdm_h5_get_rows(file, "/parts", TDM_H5_DOUBLE, COUNT, 0, read, NULL), 0);
    assert_int_equal(tdm_h5_get_rows(file, "/parts", TDM_H5_DOUBLE, 990, 11, read, NULL), -1);
    assert_int_equal(tdm_h5_get_rows(file, "/parts", TDM_H5_DOUBLE, 2000, 1, read, NULL), -1);
    assert_int_equal(tdm_h5_get_rows(file, "/gone", TDM_H5_DOUBLE, 0, 1, read, NULL), -1);
    size_t shape[TDM_H5_RANK];
    assert_int_equal(tdm_h5_shape(file, "/none", shape, NULL), 1);
    assert_int_equal(shape[0], 0);
    assert_int_equal(tdm_h5_get_array(file, "/none", TDM_H5_DOUBLE, 0, read, NULL), 0);
    tdm_h5_close(file, NULL);
}

static void attributes_come_back(void **state)
{
    (void)state;
    enum { LONG = 300000 }; // beyond the 64 KiB of older files
    char *text = malloc(LONG + 1);
    memset(text, 'x', LONG);
    text[LONG] = '\0';
    struct tdm_h5 *file = create();
    assert_int_equal(tdm_h5_group(file, "/g/h", NULL), 0);
    assert_int_equal(tdm_h5_group(file, "/g/h", NULL), 0); // again is fine
    assert_int_equal(tdm_h5_put_text(file, "/", "long", text, NULL), 0);
    assert_int_equal(tdm_h5_put_text(file, "/g/h", "empty", "", NULL), 0);
    assert_int_equal(tdm_h5_put_text(file, "/g/h", "words", "5 µs, “ä”", NULL), 0);
    assert_int_equal(tdm_h5_put_double(file, "/g", "double", 1.0 / 3, NULL), 0);
    assert_int_equal(tdm_h5_put_integer(file, "/g", "integer", INT64_MIN, NULL), 0);
    file = reopen(file);
    const struct {
        const char *object, *name, *value;
    } texts[] = {{"/", "long", text}, {"/g/h", "empty", ""}, {"/g/h", "words", "5 µs, “ä”"}};
    for (size_t i = 0; i < 3; i++) {
        char *read = tdm_h5_get_text(file, texts[i].object, texts[i].name, NULL);
        assert_non_null(read);
        assert_string_equal(read, texts[i].value);
        free(read);
    }
    double number;
    int64_t integer;
    assert_int_equal(tdm_h5_get_double(file, "/g", "double", &number, NULL), 0);
    assert_true(number == 1.0 / 3);
    assert_int_equal(tdm_h5_get_integer(file, "/g", "integer", &integer, NULL), 0);
    assert_true(integer == INT64_MIN);
    assert_true(tdm_h5_has(file, "/"));
    assert_true(tdm_h5_has(file, "/g/h"));
    assert_false(tdm_h5_has(file, "/g/i"));
    assert_false(tdm_h5_has(file, "/i/h"));
    assert_true(tdm_h5_has_attribute(file, "/g", "double"));
    assert_false(tdm_h5_has_attribute(file, "/g", "single"));
    assert_false(tdm_h5_has_attribute(file, "/i", "single"));
    tdm_h5_close(file, NULL);
    free(text);
}

static void names_are_one_step(void **state)
{
    (void)state;
    char text[TDM_H5_NAME], longest[128];
    assert_string_equal(tdm_h5_name("nano", text), "nano");
    assert_string_equal(tdm_h5_name("a/b.c", text), "a%2Fb.c");
    assert_string_equal(tdm_h5_name(".", text), "%2E");
    assert_string_equal(tdm_h5_name("..", text), "%2E%2E");
    assert_string_equal(tdm_h5_name("GPU+CPU:0", text), "GPU+CPU:0");
    memset(longest, '/', 127);
    longest[127] = '\0';
    assert_int_equal(strlen(tdm_h5_name(longest, text)), TDM_H5_NAME - 1);
}

static void note_name(void *context, const char *name)
{
    strcat(context, name);
    strcat(context, " ");
}

static void members_are_listed(void **state)
{
    (void)state;
    struct tdm_h5 *file = create();
    assert_int_equal(tdm_h5_group(file, "/g/b", NULL), 0);
    assert_int_equal(tdm_h5_group(file, "/g/a/c", NULL), 0);
    assert_int_equal(
        tdm_h5_put_array(file, "/g/d", TDM_H5_INT32, 0, NULL, &(int32_t){5}, NULL, NULL), 0);
    file = reopen(file);
    char names[64] = "";
    assert_int_equal(tdm_h5_list(file, "/g", note_name, names, NULL), 0);
    assert_string_equal(names, "a b d ");
    assert_int_equal(tdm_h5_list(file, "/h", note_name, names, NULL), -1);
    int32_t scalar;
    size_t shape[TDM_H5_RANK];
    assert_int_equal(tdm_h5_shape(file, "/g/d", shape, NULL), 0);
    assert_int_equal(tdm_h5_get_array(file, "/g/d", TDM_H5_INT32, 1, &scalar, NULL), 0);
    assert_int_equal(scalar, 5);
    tdm_h5_close(file, NULL);
}

static void what_is_not_there(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_h5 *file = create();
    assert_int_equal(tdm_h5_group(file, "/g", NULL), 0);
    assert_int_equal(tdm_h5_put_text(file, "/", "text", "five", NULL), 0);
    assert_int_equal(tdm_h5_put_integer(file, "/", "number", 5, NULL), 0);
    static const size_t shape[] = {2};
    assert_int_equal(
        tdm_h5_put_array(file, "/two", TDM_H5_INT32, 1, shape, &(int32_t[]){1, 2}, NULL, NULL), 0);
    file = reopen(file);
    double values[4];
    int64_t number;
    size_t found[TDM_H5_RANK];
    assert_null(tdm_h5_get_text(file, "/", "none", &error));
    assert_non_null(strstr(error.message, "'none'"));
    assert_string_equal(error.file, path);
    assert_null(tdm_h5_get_text(file, "/", "number", &error));
    assert_non_null(strstr(error.message, "not text"));
    assert_int_equal(tdm_h5_get_integer(file, "/", "text", &number, &error), -1);
    assert_int_equal(tdm_h5_get_array(file, "/two", TDM_H5_DOUBLE, 3, values, &error), -1);
    assert_non_null(strstr(error.message, "'/two' has 2 elements, not 3"));
    assert_int_equal(tdm_h5_get_array(file, "/g", TDM_H5_DOUBLE, 1, values, &error), -1);
    assert_int_equal(tdm_h5_shape(file, "/none/at/all", found, &error), -1);
    assert_non_null(strstr(error.message, "no array '/none/at/all'"));
    assert_int_equal(tdm_h5_close(file, NULL), 0);
}

static void what_is_no_hdf5_file(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    assert_null(tdm_h5_open("/no/such/file", &error));
    assert_non_null(strstr(error.message, "No such file"));
    assert_null(tdm_h5_open("/tmp", &error));
    assert_null(tdm_h5_open(path, &error)); // empty
    assert_string_equal(error.message, "not an HDF5 file");
    assert_string_equal(error.file, path);
}

// Nobody else locks or forbids a file that is only read.
static void two_readers(void **state)
{
    (void)state;
    struct tdm_h5 *file = create();
    assert_int_equal(tdm_h5_put_integer(file, "/", "n", 5, NULL), 0);
    file = reopen(file);
    struct tdm_h5 *other = tdm_h5_open(path, NULL);
    int64_t number;
    assert_non_null(other);
    assert_int_equal(tdm_h5_get_integer(other, "/", "n", &number, NULL), 0);
    tdm_h5_close(file, NULL);
    tdm_h5_close(other, NULL);
}

// Two files at a time, and a column that is never closed.
static void two_writers(void **state)
{
    (void)state;
    char second[] = "/tmp/tandem-h5-XXXXXX";
    const int other_fd = mkstemp(second);
    struct tdm_h5 *a = create(), *b = tdm_h5_create(other_fd, second, NULL);
    assert_non_null(b);
    assert_int_equal(tdm_h5_put_integer(a, "/", "n", 1, NULL), 0);
    assert_int_equal(tdm_h5_put_integer(b, "/", "n", 2, NULL), 0);
    struct tdm_h5_column column;
    assert_int_equal(tdm_h5_column_open(&column, b, "/c", TDM_H5_INT32, 8, NULL, NULL), 0);
    a = reopen(a);
    int64_t n;
    assert_int_equal(tdm_h5_get_integer(a, "/", "n", &n, NULL), 0);
    assert_int_equal(n, 1);
    tdm_h5_close(a, NULL);
    assert_int_equal(tdm_h5_close(b, NULL), 0);
    tdm_h5_column_close(&column); // too late, and harmless
    b = tdm_h5_open(second, NULL);
    assert_int_equal(tdm_h5_get_integer(b, "/", "n", &n, NULL), 0);
    assert_int_equal(n, 2);
    tdm_h5_close(b, NULL);
    close(other_fd);
    unlink(second);
}

static void a_file_that_cannot_be_written(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    const int read_only = open(path, O_RDONLY);
    struct tdm_h5 *file = tdm_h5_create(read_only, path, &error);
    if (file)
        assert_int_equal(tdm_h5_close(file, &error), -1);
    assert_string_equal(error.file, path);
    close(read_only);
}

// The disk becomes full in the middle: from there on every call fails with the reason.
static void a_full_disk(void **state)
{
    (void)state;
    signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, now;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    struct tdm_h5 *file = create();
    struct tdm_h5_column column;
    assert_int_equal(tdm_h5_column_open(&column, file, "/c", TDM_H5_DOUBLE, 512, NULL, NULL), 0);
    now = (struct rlimit){.rlim_cur = 100000, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &now), 0);
    struct tdm_error error = {0};
    double noise[512];
    int status = 0, appends = 0;
    for (; status == 0 && appends < 1000; appends++) {
        for (int i = 0; i < 512; i++)
            noise[i] = sin(appends * 1e3 + i);
        status = tdm_h5_column_append(&column, noise, 512, &error);
    }
    assert_int_equal(status, -1);
    assert_true(appends > 10);
    assert_non_null(strstr(error.message, strerror(EFBIG)));
    assert_int_equal(tdm_h5_column_append(&column, noise, 512, &error), -1);
    assert_int_equal(tdm_h5_put_integer(file, "/", "n", 1, &error), -1);
    assert_non_null(strstr(error.message, strerror(EFBIG)));
    tdm_h5_column_close(&column);
    assert_int_equal(tdm_h5_close(file, &error), -1);
    assert_non_null(strstr(error.message, strerror(EFBIG)));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_type_comes_back), TEST(columns_grow),
        TEST(attributes_come_back),  TEST(names_are_one_step),
        TEST(members_are_listed),    TEST(what_is_not_there),
        TEST(what_is_no_hdf5_file),  TEST(two_readers),
        TEST(two_writers),           TEST(a_file_that_cannot_be_written),
        TEST(a_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

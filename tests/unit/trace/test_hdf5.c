// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "core/h5.h"

static void writes_si_columns(void **state)
{
    const double t[] = {0, 1.5, 2}, up[] = {10, 20, 30}, rtt[] = {0.1, 0.1, 0.2};
    struct tdm_trace *trace = tdm_trace_new(
        &(struct tdm_samples){
            .count = 3, .duration = 6, .loop = true, .t = t, .up = up, .rtt = rtt},
        NULL);
    char *folder = NULL, *path = temporary("x.h5", NULL, &folder);
    double got[3], duration;
    int64_t loop;
    (void)state;
    assert_ptr_equal(tdm_format_by_extension(path), &tdm_format_hdf5);
    assert_int_equal(tdm_format_hdf5.write(trace, path, &(struct tdm_write_options){0}, NULL), 0);
    struct tdm_h5 *file = tdm_h5_open(path, NULL);
    assert_non_null(file);
    assert_int_equal(tdm_h5_get_array(file, "/trace/t", TDM_H5_DOUBLE, 3, got, NULL), 0);
    assert_values(got, t, 3);
    assert_int_equal(tdm_h5_get_array(file, "/trace/up", TDM_H5_DOUBLE, 3, got, NULL), 0);
    assert_values(got, up, 3);
    assert_int_equal(tdm_h5_get_array(file, "/trace/rtt", TDM_H5_DOUBLE, 3, got, NULL), 0);
    assert_values(got, rtt, 3);
    assert_false(tdm_h5_has(file, "/trace/down"));
    assert_int_equal(tdm_h5_get_double(file, "/trace", "duration", &duration, NULL), 0);
    assert_int_equal(tdm_h5_get_integer(file, "/trace", "loop", &loop, NULL), 0);
    assert_true(duration == 6 && loop == 1);
    assert_int_equal(tdm_h5_close(file, NULL), 0);
    tdm_trace_free(trace);
    unlink(path);
    free(path);
    assert_int_equal(rmdir(folder), 0);
    free(folder);
}

static void an_error_leaves_nothing(void **state)
{
    struct tdm_trace *trace = tdm_trace_constant(1, 1, NAN);
    struct tdm_error error;
    (void)state;
    assert_int_equal(
        tdm_format_hdf5.write(trace, "no-such-folder/x.h5", &(struct tdm_write_options){0}, &error),
        -1);
    assert_true(error.message[0]);
    assert_null(tdm_trace_load("x.h5", "hdf5", NULL, &error));
    assert_non_null(strstr(error.message, "only be written"));
    tdm_trace_free(trace);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_si_columns),
        cmocka_unit_test(an_error_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

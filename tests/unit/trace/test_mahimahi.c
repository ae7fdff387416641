// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/trace.h"

static void twelve_mbit(void **state)
{
    struct tdm_series s;
    const double down[] = {1.5e6};
    (void)state;
    assert_int_equal(read_text(&tdm_format_mahimahi, "1\n", NULL, &s, NULL), 0);
    assert_int_equal(s.count, 1);
    assert_values(s.value[TDM_DOWN], down, 1);
    assert_near(s.duration, 0.001, 1e-15);
    assert_true(s.loop);
    tdm_series_clear(&s);
}

static void packets_are_spread_over_the_time_before(void **state)
{
    struct tdm_series s;
    // Two at 0 and one at 10, two at 20, one at 2000 after an outage.
    const double t[] = {0, 0.01, 0.02, 1.999}, down[] = {4500 / 0.01, 3000 / 0.01, 0, 1500 / 0.001};
    (void)state;
    assert_int_equal(read_text(&tdm_format_mahimahi, "0\n0\n10\n20\n20\r\n2000", NULL, &s, NULL),
                     0);
    assert_int_equal(s.count, 4);
    assert_values(s.t, t, 4);
    assert_values(s.value[TDM_DOWN], down, 4);
    assert_true(s.duration == 2);
    tdm_series_clear(&s);
    const struct tdm_read_options options = {.packet = 1504};
    assert_int_equal(read_text(&tdm_format_mahimahi, "4", &options, &s, NULL), 0);
    assert_near(s.value[TDM_DOWN][0], 376e3, 1e-15);
    tdm_series_clear(&s);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_mahimahi;
    (void)state;
    assert_refused(f, "1\n\n2\n", 2, "the line is empty");
    assert_refused(f, "1\n2.5\n", 2, "'2.5' is not a whole number of milliseconds");
    assert_refused(f, "1\n-2\n", 2, "'-2' is not a whole number");
    assert_refused(f, "1 \n", 1, "not a whole number");
    assert_refused(f, "5\n4\n", 2, "time goes back from 5 ms to 4 ms");
    assert_refused(f, "0\n0\n", 2, "the last line must be above 0");
    assert_refused(f, "", 0, "the last line must be above 0");
    assert_refused(f, "99999999999999999999999\n", 1, "too far");
}

static void write_to(const struct tdm_trace *trace, const char *path)
{
    struct tdm_error error;
    if (tdm_format_mahimahi.write(trace, path, &(struct tdm_write_options){0}, &error) < 0)
        fail_msg("%s", error.message);
}

static void writing_gives_packets_one_by_one_back(void **state)
{
    const char *up = "7\n8\n8\n30\n1500\n1501\n4000\n", *down = "1\n1\n1\n2\n3999\n";
    char *folder = NULL, *a = temporary("x.up", up, &folder),
         *b = temporary("x.down", down, &folder);
    char *c = temporary("y.up", NULL, &folder), *d = temporary("y.down", NULL, &folder);
    (void)state;
    // Each file by itself: the other one is repeated or cut to the length of the one that is read.
    struct tdm_trace *trace = tdm_trace_load(a, NULL, NULL, NULL);
    assert_non_null(trace);
    assert_true(trace->has[TDM_UP] && trace->has[TDM_DOWN]);
    assert_true(trace->duration == 4);
    assert_true(tdm_trace_bytes(trace, TDM_UP, 0, 4) == 7 * 1500);
    assert_near(tdm_trace_bytes(trace, TDM_DOWN, 0, 3.999), 5 * 1500, 1e-12);
    write_to(trace, c);
    assert_file(c, up);
    tdm_trace_free(trace);
    trace = tdm_trace_load(b, NULL, NULL, NULL);
    assert_non_null(trace);
    assert_true(trace->duration == 3.999);
    write_to(trace, d);
    assert_file(d, down);
    tdm_trace_free(trace);
    // One direction alone has the name that was given.
    const struct tdm_read_options alone = {.alone = true};
    trace = tdm_trace_load(a, NULL, &alone, NULL);
    assert_false(trace->has[TDM_DOWN]);
    write_to(trace, d);
    assert_file(d, up);
    tdm_trace_free(trace);
    char *const names[] = {a, b, c, d};
    for (int i = 0; i < 4; i++) {
        unlink(names[i]);
        free(names[i]);
    }
    rmdir(folder);
    free(folder);
}

static void writes_the_mean(void **state)
{
    const double t[] = {0, 0.7}, up[] = {1e6, 31234};
    char *folder = NULL, *path = temporary("z", NULL, &folder);
    struct tdm_trace *trace = tdm_trace_new(
                         &(struct tdm_samples){.count = 2, .duration = 3, .t = t, .up = up}, NULL),
                     *back;
    (void)state;
    write_to(trace, path);
    back = tdm_trace_load(path, "mahimahi", NULL, NULL);
    assert_true(back->duration == 3);
    // To half a packet.
    assert_true(fabs(tdm_trace_bytes(back, TDM_UP, 0, 3) - tdm_trace_bytes(trace, TDM_UP, 0, 3)) <=
                750);
    assert_true(fabs(tdm_trace_bytes(back, TDM_UP, 0, 0.7) - 7e5) <= 1500);
    tdm_trace_free(back);
    tdm_trace_free(trace);
    struct tdm_error error;
    trace = tdm_trace_constant(1, 1, NAN);
    assert_int_equal(tdm_format_mahimahi.write(trace, path, &(struct tdm_write_options){0}, &error),
                     -1);
    assert_non_null(strstr(error.message, "less than one packet"));
    tdm_trace_free(trace);
    unlink(path);
    free(path);
    rmdir(folder);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twelve_mbit),
        cmocka_unit_test(packets_are_spread_over_the_time_before),
        cmocka_unit_test(refuses),
        cmocka_unit_test(writing_gives_packets_one_by_one_back),
        cmocka_unit_test(writes_the_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

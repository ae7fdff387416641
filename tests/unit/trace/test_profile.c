// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

static void check(const char *text, size_t count, const double *t, const double *down,
                  double duration, bool loop)
{
    struct tdm_series s;
    struct tdm_error error;
    if (read_text(&tdm_format_simgrid, text, NULL, &s, &error) < 0)
        fail_msg("%s", error.message);
    assert_int_equal(s.count, count);
    assert_values(s.t, t, count);
    assert_values(s.value[TDM_DOWN], down, count);
    assert_near(s.duration, duration, 1e-15);
    assert_int_equal(s.loop, loop);
    tdm_series_clear(&s);
}

static void looping(void **state)
{
    const double t[] = {0, 1, 4}, down[] = {10, 20, 30}, late_t[] = {0, 1, 4},
                 late[] = {30, 20, 30};
    (void)state;
    check("# of a link\n0 10\n1.0 20\n\n% so\n4 30\nLOOPAFTER 2\n", 3, t, down, 6, true);
    check("0 10\n1 20\n4 30\nPERIODICITY 6\n", 3, t, down, 6, true);
    // In every turn but the first, the last value of the turn before holds until the first event.
    check("1 20\n4 30\nLOOPAFTER 1\n", 3, late_t, late, 5, true);
    check("0 10\n1 20\n4 30\nLOOPAFTER 0\n", 2, t, down, 4, true); // the last one lasts no time
    check("0 5\n0 10\n1 20\n4 30\nLOOPAFTER 2\n", 3, t, down, 6, true);
}

static void once(void **state)
{
    const double t[] = {0, 1, 4}, down[] = {10, 20, 30}, late[] = {20, 20, 30};
    (void)state;
    check("0 10\n1 20\n4 30\n", 3, t, down, 7, false);
    check("0 10\n1 20\n4 30\n9 30\n", 3, t, down, 9, false); // only says where it ends
    check("1 20\n4 30\n", 3, t, late, 7, false);
    check("0 10\n", 1, t, down, 1, false);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_simgrid;
    (void)state;
    assert_refused(f, "", 0, "no events");
    assert_refused(f, "LOOPAFTER 5\n", 1, "no events");
    assert_refused(f, "0 1\n1\n", 2, "'1' is not a profile line");
    assert_refused(f, "0 1\n1 2 3\n", 2, "not a profile line");
    assert_refused(f, "0 1\nLOOPAFTER\n", 2, "not a profile line");
    assert_refused(f, "0 1\nLOOPAFTER -1\n", 2, "the delay is -1 s");
    assert_refused(f, "0 1\nLOOPAFTER 1\nLOOPAFTER 1\n", 3, "a second LOOPAFTER");
    assert_refused(f, "0 1\nLOOPAFTER 1\n2 2\n", 3, "an event after LOOPAFTER");
    assert_refused(f, "0 1\n2 1\n1 1\n", 3, "the date goes back from 2 s to 1 s");
    assert_refused(f, "-1 1\n", 1, "the date is -1 s");
    assert_refused(f, "0 -1\n", 1, "the rate is -1 bytes/s");
    assert_refused(f, "0 8Mbps\n", 1, "the rate '8Mbps' is not a number");
    assert_refused(f, "0 1\nLOOPAFTER 0\n", 2, "lasts no time");
    assert_refused(f, "0 1\n5 2\nPERIODICITY 3\n", 3, "ends before the last event");
}

static void wrote(const char *path, void *context)
{
    (void)path;
    ++*(int *)context;
}

static void writes_bandwidth_and_latency(void **state)
{
    const double t[] = {0, 1.5, 2, 4}, up[] = {10, 20, 20, 30}, down[] = {1, 1, 1, 1},
                 rtt[] = {0.1, 0.1, 0.2, 0.2};
    struct tdm_samples samples = {
        .count = 4, .duration = 6, .loop = true, .t = t, .up = up, .down = down, .rtt = rtt};
    char *folder = NULL, *path = temporary("out.bw", NULL, &folder),
         *file[] = {temporary("out.up.bw", NULL, &folder), temporary("out.down.bw", NULL, &folder),
                    temporary("out.lat", NULL, &folder), path};
    int count = 0;
    const struct tdm_write_options options = {.wrote = wrote, .context = &count};
    struct tdm_trace *trace = tdm_trace_new(&samples, NULL);
    (void)state;
    assert_int_equal(tdm_format_simgrid.write(trace, path, &options, NULL), 0);
    assert_int_equal(count, 3);
    assert_file(file[0], "0 10\n1.5 20\n4 30\nLOOPAFTER 2\n");
    assert_file(file[1], "0 1\nLOOPAFTER 6\n");
    assert_file(file[2], "0 0.05\n2 0.1\nLOOPAFTER 4\n");
    tdm_trace_free(trace);
    samples.loop = false;
    samples.down = samples.rtt = NULL;
    trace = tdm_trace_new(&samples, NULL);
    assert_int_equal(tdm_format_simgrid.write(trace, path, &options, NULL), 0);
    assert_file(path, "0 10\n1.5 20\n4 30\n6 30\n");
    tdm_trace_free(trace);
    trace = tdm_trace_load(path, NULL, NULL, NULL);
    assert_true(trace->duration == 6 && !trace->loop && trace->count == 3);
    tdm_trace_free(trace);
    for (int i = 0; i < 4; i++) {
        unlink(file[i]);
        free(file[i]);
    }
    rmdir(folder);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(looping),
        cmocka_unit_test(once),
        cmocka_unit_test(refuses),
        cmocka_unit_test(writes_bandwidth_and_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/trace.h"

static void usual_names_and_units(void **state)
{
    struct tdm_series s;
    const double t[] = {0, 0.5, 2}, up[] = {1e6, NAN, 0}, down[] = {2e6, 3e6, 4e6},
                 rtt[] = {0.02, NAN, 0.04}, signal[] = {-60, -61.5, NAN};
    (void)state;
    const char *text = "# Any remark.\n#duration:  4 s\n# loop: no\n"
                       "Time (ms), note ,Uplink_Mbps,\"Downlink [kB/s]\",RTT ms,RSRP\n"
                       "1000,\"a, b\",8,2000,20,-60\n1500,,-,3000,,-61.5\n3000,x,0,4000,40,nan\n";
    assert_int_equal(read_text(&tdm_format_csv, text, NULL, &s, NULL), 0);
    assert_int_equal(s.count, 3);
    assert_values(s.t, t, 3);
    assert_values(s.value[TDM_UP], up, 3);
    assert_values(s.value[TDM_DOWN], down, 3);
    assert_values(s.value[TDM_COLUMN_RTT], rtt, 3);
    assert_values(s.value[TDM_COLUMN_SIGNAL], signal, 3);
    assert_true(s.duration == 4 && !s.loop);
    tdm_series_clear(&s);
}

static void the_last_row_lasts_as_long_as_the_one_before(void **state)
{
    struct tdm_series s;
    (void)state;
    assert_int_equal(read_text(&tdm_format_csv, "t_s,up_mbit_s\n0,1\n3,1\n", NULL, &s, NULL), 0);
    assert_true(s.duration == 6 && s.loop);
    tdm_series_clear(&s);
    assert_int_equal(read_text(&tdm_format_csv, "t_s,up_mbit_s\n7,1\n", NULL, &s, NULL), 0);
    assert_true(s.duration == 1 && s.t[0] == 0);
    tdm_series_clear(&s);
}

static void named_columns_and_conditions(void **state)
{
    struct tdm_series s;
    const char *where[] = {"run=2", "carrier=B"};
    const struct tdm_read_options options = {
        .time = {"seq", "s"},
        .columns[TDM_COLUMN_DOWN] = {"B_throughput", "Mbit/s"},
        .where = where,
        .where_count = 2,
    };
    const double t[] = {0, 1}, down[] = {125e3 * 3, 125e3 * 4};
    (void)state;
    const char *text = "run,carrier,seq,B_throughput,down_mbit_s\n"
                       "1,B,0,1,9\n1,B,1,2,9\n2,A,0,7,9\n2,B,5,3,9\n2,B,6,4,9\n";
    assert_int_equal(read_text(&tdm_format_csv, text, &options, &s, NULL), 0);
    assert_int_equal(s.count, 2);
    assert_values(s.t, t, 2);
    assert_values(s.value[TDM_DOWN], down, 2);
    tdm_series_clear(&s);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_csv;
    (void)state;
    assert_refused(f, "", 0, "no samples");
    assert_refused(f, "\n", 0, "is empty");
    assert_refused(f, "time_s,up_mbit_s\n", 1, "no row below the header");
    assert_refused(f, "time_s,up_mbit_s\n0,1\n0,2\n", 3, "time must increase");
    assert_refused(f, "time_s,up_mbit_s\n0,1\n2,2\n1,1\n", 4, "(several runs in one file?");
    assert_refused(f, "time_s,up_mbit_s\n0,1\n1,x\n", 3, "the up 'x' is not a number (of Mbit/s)");
    assert_refused(f, "time_s,up_mbit_s\n0,1\n1,-1\n", 3, "the up is -1 Mbit/s");
    assert_refused(f, "time_s,up_mbit_s\n0,1\n,1\n", 3, "the time '' is not a number");
    assert_refused(f, "time_s,up_mbit_s\n0,1\n1\n", 3, "has 1 fields, the header has 2");
    assert_refused(f, "time_s,up_mbit_s,rtt_ms\n0,1,-5\n", 2, "the rtt is -5 ms");
    assert_refused(f, "time_s,up_mbit_s,signal_dbm\n0,1,500\n", 2, "the signal is 500 dBm");
    assert_refused(f, "# duration: 5\ntime_s,up_mbit_s\n0,1\n", 1, "no unit");
    assert_refused(f, "# duration: -5 s\ntime_s,up_mbit_s\n0,1\n", 1, "must be positive");
    assert_refused(f, "# duration: 5 s\ntime_s,up_mbit_s\n0,1\n6,1\n", 4, "the last row is at 6 s");
    assert_refused(f, "# loop: maybe\ntime_s,up_mbit_s\n0,1\n", 1, "must be yes or no");
}

static void refuses_conditions(void **state)
{
    struct tdm_series s;
    struct tdm_error error;
    (void)state;
    const char *bad[] = {"x=1", "run", "run=3"},
               *part[] = {"no column 'x'", "NAME=VALUE", "no row"};
    for (int i = 0; i < 3; i++) {
        const struct tdm_read_options options = {.where = &bad[i], .where_count = 1};
        assert_int_equal(
            read_text(&tdm_format_csv, "run,time_s,up_mbit_s\n1,0,1\n", &options, &s, &error), -1);
        assert_non_null(strstr(error.message, part[i]));
        tdm_series_clear(&s);
    }
}

static void reads_back_what_it_writes(void **state)
{
    const double t[] = {0, 0.1, 1. / 3}, up[] = {1e6 / 3, 0, 12345.678},
                 rtt[] = {0.02, 0.0213, 0.1}, signal[] = {-60, -71.3, -80};
    const struct tdm_samples samples = {.count = 3,
                                        .duration = 10. / 7,
                                        .loop = false,
                                        .t = t,
                                        .up = up,
                                        .rtt = rtt,
                                        .signal = signal};
    char *folder = NULL, *path = temporary("a.csv", NULL, &folder);
    struct tdm_trace *trace = tdm_trace_new(&samples, NULL);
    (void)state;
    assert_int_equal(tdm_format_csv.write(trace, path, &(struct tdm_write_options){0}, NULL), 0);
    struct tdm_trace *back = tdm_trace_load(path, NULL, NULL, NULL);
    assert_non_null(back);
    assert_int_equal(back->count, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(back->t[i] == t[i]);
        assert_near(back->way[TDM_UP].rate[i], up[i], 1e-15);
        assert_near(back->rtt[i], rtt[i], 1e-15);
        assert_true(back->signal[i] == signal[i]);
    }
    assert_true(back->duration == samples.duration && !back->loop && !back->has[TDM_DOWN]);
    tdm_trace_free(trace);
    tdm_trace_free(back);
    unlink(path);
    free(path);
    rmdir(folder);
    free(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_names_and_units),
        cmocka_unit_test(the_last_row_lasts_as_long_as_the_one_before),
        cmocka_unit_test(named_columns_and_conditions),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_conditions),
        cmocka_unit_test(reads_back_what_it_writes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

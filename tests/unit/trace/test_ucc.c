// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#define HEADER "Timestamp,Speed,RSRP,DL_bitrate,UL_bitrate,State,PINGAVG\n"

static int read_rows(const char *rows, enum tdm_unknown unknown, struct tdm_series *s)
{
    const struct tdm_read_options options = {.unknown = unknown};
    if (read_text(&tdm_format_ucc, rows, &options, s, NULL) < 0)
        return -1;
    return tdm_series_settle(s, unknown, NULL);
}

static void rules_of_the_format(void **state)
{
    struct tdm_series s;
    (void)state;
    // A second with two rows, one with a missing value, an idle one, a gap of two seconds over
    // midnight of a leap day; kbit/s, ms, dBm.
    const char *rows = HEADER "2020.02.28_23.59.57,0,-90,100,10,D,-\n"
                              "2020.02.28_23.59.57,0,-94,300,20,D,40\n"
                              "2020.02.28_23.59.58,0,-,-,30,D,-\n"
                              "2020.02.28_23.59.59,0,-200,0,0,I,60\n"
                              "2020.02.29_00.00.01,0,-80,500,50,VD,-\n";
    const double t[] = {0, 1, 2, 4}, down[] = {200 * 125, 200 * 125, 200 * 125, 500 * 125},
                 up[] = {15 * 125, 30 * 125, 30 * 125, 50 * 125}, rtt[] = {0.04, NAN, 0.06, NAN},
                 signal[] = {-92, NAN, NAN, -80};
    assert_int_equal(read_rows(rows, TDM_UNKNOWN_HOLD, &s), 0);
    assert_int_equal(s.count, 4);
    assert_values(s.t, t, 4);
    assert_values(s.value[TDM_DOWN], down, 4);
    assert_values(s.value[TDM_UP], up, 4);
    assert_values(s.value[TDM_COLUMN_RTT], rtt, 4);
    assert_values(s.value[TDM_COLUMN_SIGNAL], signal, 4);
    assert_true(s.duration == 5 && s.loop);
    tdm_series_clear(&s);
    // Dropped: the seconds at 1 (one direction missing) and 2 with its gap (idle).
    const double kept[] = {0, 1};
    assert_int_equal(read_rows(rows, TDM_UNKNOWN_DROP, &s), 0);
    assert_int_equal(s.count, 2);
    assert_values(s.t, kept, 2);
    assert_true(s.duration == 2);
    tdm_series_clear(&s);
}

static void idle_all_along(void **state)
{
    struct tdm_series s;
    (void)state;
    assert_int_equal(read_rows(HEADER "2020.02.28_23.59.57,0,-90,0,0,I,-\n", TDM_UNKNOWN_HOLD, &s),
                     -1);
    tdm_series_clear(&s);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_ucc;
    (void)state;
    assert_refused(f, "", 0, "no samples");
    assert_refused(f, "Timestamp,UL_bitrate\n", 1, "the header has no column 'DL_bitrate'");
    assert_refused(f, HEADER, 1, "no row below the header");
    assert_refused(f, HEADER "2020.02.28_23.59.57,0,-90\n", 2, "has 3 fields, the header has 7");
    assert_refused(f, HEADER "2020-02-28 23:59:57,0,-90,1,1,D,-\n", 2, "is not like '2019.12.16");
    assert_refused(f, HEADER "2020.13.28_23.59.57,0,-90,1,1,D,-\n", 2, "is not like");
    assert_refused(f, HEADER "2020.02.28_23.59.57,0,-90,x,1,D,-\n", 2, "DL_bitrate 'x' is not a");
    assert_refused(f, HEADER "2020.02.28_23.59.57,0,-90,1,-1,D,-\n", 2, "UL_bitrate is -1 kbit/s");
    assert_refused(f, HEADER "2020.02.28_23.59.57,0,9999,1,1,D,-\n", 2, "RSRP is 9999 dBm");
    assert_refused(f,
                   HEADER "2020.02.28_23.59.57,0,-90,1,1,D,-\n2020.02.28_23.59.55,0,-90,1,1,D,-\n",
                   3, "goes back by 2 s");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_the_format),
        cmocka_unit_test(idle_all_along),
        cmocka_unit_test(refuses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

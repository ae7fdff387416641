// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

#include "trace/columns.h"

// Reads one row of ones below a header; the value of a column in SI.
static double one_in(const char *header, int column)
{
    struct tdm_series s;
    struct tdm_error error;
    char text[256];
    size_t commas = 0;
    for (const char *c = header; *c; c++)
        commas += *c == ',';
    snprintf(text, sizeof text, "%s\n1%.*s\n", header, (int)(2 * commas), ",1,1,1,1,1,1,1");
    if (read_text(&tdm_format_csv, text, NULL, &s, &error) < 0)
        fail_msg("%s: %s", header, error.message);
    assert_non_null(s.value[column]);
    const double value = s.value[column][0];
    tdm_series_clear(&s);
    return value;
}

static void spellings(void **state)
{
    static const struct {
        const char *name;
        double scale;
    } up[] = {{"up_mbit_s", 125e3},
              {"up_mbps", 125e3},
              {"UP_MBPS", 125e3},
              {"up Mbit/s", 125e3},
              {"up (Mb/s)", 125e3},
              {"uplink_kbps", 125},
              {"ul_bitrate_kbit_s", 125},
              {"upload_rate_bps", 0.125},
              {"up_B_s", 1},
              {"upload [MB/s]", 1e6},
              {"up_kB/s", 1e3},
              {"tx_bytes_per_second", 1},
              {"Uplink bandwidth/Gbit/s", 125e6},
              {"up.bits_per_second", 0.125}};
    static const struct {
        const char *name;
        double scale;
    } down[] = {{"throughput_mbps", 125e3},
                {"bandwidth_mbit_s", 125e3},
                {"DL_rate_kbps", 125},
                {"downlink_Mbps", 125e3},
                {"rx_MB_s", 1e6}};
    char header[128];
    (void)state;
    for (size_t i = 0; i < sizeof up / sizeof *up; i++) {
        snprintf(header, sizeof header, "time_s,%s", up[i].name);
        assert_near(one_in(header, TDM_COLUMN_UP), up[i].scale, 1e-15);
    }
    for (size_t i = 0; i < sizeof down / sizeof *down; i++) {
        snprintf(header, sizeof header, "time_s,%s", down[i].name);
        assert_near(one_in(header, TDM_COLUMN_DOWN), down[i].scale, 1e-15);
    }
    assert_near(one_in("time_s,up_mbps,ping_ms", TDM_COLUMN_RTT), 1e-3, 1e-15);
    assert_near(one_in("t/us,up_mbps,RTT (s)", TDM_COLUMN_RTT), 1, 1e-15);
    assert_near(one_in("seq_num,up_mbps,rssi", TDM_COLUMN_SIGNAL), 1, 1e-15);
    // Of several signals the first one; names that only begin alike are others.
    assert_near(
        one_in("timestamp_ms,time_zone,up_mbps,upper_mbps,rsrp_dbm,rssi", TDM_COLUMN_SIGNAL), 1,
        1e-15);
}

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_csv;
    (void)state;
    assert_refused(f, "up_mbps,x\n1,1\n", 1, "the header has no time; call a column 'time_s'");
    assert_refused(f, "time,up_mbps\n1,1\n", 1, "the column 'time' has no unit; call it 'time_s'");
    assert_refused(f, "time_s,up\n1,1\n", 1, "the column 'up' has no unit; call it 'up_mbit_s'");
    assert_refused(f, "time_s,x\n1,1\n", 1, "the header has no rate");
    assert_refused(f, "time_s,up_mbps,uplink_kbps\n1,1,1\n", 1,
                   "both 'up_mbps' and 'uplink_kbps' could be 'up'");
}

static void refuses_named(void **state)
{
    struct tdm_series s;
    struct tdm_error error;
    const struct tdm_csv_column wrong[] = {{"dwon", "s"}, {"rate", NULL}};
    const char *part[] = {"there is no column 'dwon' (did you mean 'down'?)",
                          "--column down=rate:Mbit/s"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        const struct tdm_read_options options = {.columns[TDM_COLUMN_DOWN] = wrong[i]};
        assert_int_equal(
            read_text(&tdm_format_csv, "time_s,down,rate\n0,1,1\n", &options, &s, &error), -1);
        if (!strstr(error.message, part[i]))
            fail_msg("'%s' does not say '%s'", error.message, part[i]);
        tdm_series_clear(&s);
    }
    assert_int_equal(tdm_columns_check_unit(TDM_COLUMN_UP, "Mbit/s", &error), 0);
    assert_int_equal(tdm_columns_check_unit(TDM_COLUMN_UP, "Mbits", &error), -1);
    assert_non_null(strstr(error.message, "did you mean 'Mbit/s'"));
    assert_string_equal(tdm_columns_name(TDM_PART_TIME), "time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spellings),
        cmocka_unit_test(refuses),
        cmocka_unit_test(refuses_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

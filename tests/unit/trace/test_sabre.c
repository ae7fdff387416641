// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

static void reads_samples(void **state)
{
    struct tdm_series s;
    const double t[] = {0, 1.008, 3}, down[] = {1542 * 125., 0, 2.5 * 125},
                 rtt[] = {0.1, 0.02, NAN};
    (void)state;
    assert_int_equal(
        read_text(&tdm_format_sabre,
                  "[\n {\"duration_ms\": 1008, \"bandwidth_kbps\": 1542, \"latency_ms\": 100},\n"
                  "{\"latency_ms\": 20.0,\n\"duration_ms\":1992,\"bandwidth_kbps\":0, \"x\": []}\n,"
                  "{\"duration_ms\": 0.5, \"bandwidth_kbps\": 2.5}]\n\n",
                  NULL, &s, NULL),
        0);
    assert_int_equal(s.count, 3);
    assert_values(s.t, t, 3);
    assert_values(s.value[TDM_DOWN], down, 3);
    assert_values(s.value[TDM_COLUMN_RTT], rtt, 3);
    assert_near(s.duration, 3.0005, 1e-15);
    assert_true(s.loop);
    tdm_series_clear(&s);
}

#define GOOD "{\"duration_ms\": 1, \"bandwidth_kbps\": 1}"

static void refuses(void **state)
{
    const struct tdm_trace_format *f = &tdm_format_sabre;
    (void)state;
    assert_refused(f, "", 1, "the file ends where '[' of an array");
    assert_refused(f, "{}", 1, "'[' of an array of samples should be at '{}'");
    assert_refused(f, "[]", 1, "no samples");
    assert_refused(f, "[\n1]", 2, "a sample is an object like");
    assert_refused(f, "[" GOOD ",\n" GOOD, 2, "the file ends where ',' or ']' should be");
    assert_refused(f, "[" GOOD "\n" GOOD "]", 2, "',' or ']' should be at '{");
    assert_refused(f, "[" GOOD ",\n]", 2, "JSON:");
    assert_refused(f, "[" GOOD "]\n\nx", 3, "the end should be at 'x'");
    assert_refused(f, "[" GOOD ",\n\n{\"duration_ms\": 1,\n\"bandwidth_kbps\": x}]", 4, "JSON:");
    assert_refused(f, "[\n{\"duration_ms\": 1}]", 2, "has no 'bandwidth_kbps'");
    assert_refused(f, "[{\"bandwidth_kbps\": 1}]", 1, "has no 'duration_ms'");
    assert_refused(f, "[{\"duration_ms\": \"1\", \"bandwidth_kbps\": 1}]", 1, "not a number");
    assert_refused(f, "[{\"duration_ms\": 0, \"bandwidth_kbps\": 1}]", 1, "'duration_ms' is 0");
    assert_refused(f, "[{\"duration_ms\": 1, \"bandwidth_kbps\": -1}]", 1,
                   "'bandwidth_kbps' is -1");
    assert_refused(f, "[{\"duration_ms\": 1, \"bandwidth_kbps\": 1, \"latency_ms\": -1}]", 1,
                   "'latency_ms' is -1");
}

static void nesting_takes_no_memory(void **state)
{
    char text[20001];
    (void)state;
    memset(text, '[', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_refused(&tdm_format_sabre, text, 1, "JSON:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_samples),
        cmocka_unit_test(refuses),
        cmocka_unit_test(nesting_takes_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

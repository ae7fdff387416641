// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace_test.h"

static const char *detected(const char *path, const char *text)
{
    const struct tdm_input input = {.path = path, .text = text, .length = strlen(text)};
    static struct tdm_error error;
    const struct tdm_trace_format *format = tdm_format_detect(&input, &error);
    return format ? format->name : error.message;
}

static void tells_formats_apart(void **state)
{
    (void)state;
    assert_string_equal(detected("x", "0\n7\n7\n"), "mahimahi");
    assert_string_equal(detected("x.up", "garbage"), "mahimahi");
    assert_string_equal(detected("x", "0.0\t1.5\n"), "pensieve");
    assert_string_equal(detected("trace_http---www.a_part2.log", "360.0 0.78\n"), "pensieve");
    assert_string_equal(detected("x", "\xef\xbb\xbf [\n{\"duration_ms\""), "sabre");
    assert_string_equal(detected("x.csv", "1,589304\n"), "seconds");
    assert_string_equal(detected("x.csv", "# duration: 1 s\n\ntime_s,up_mbit_s\n"), "csv");
    assert_string_equal(detected("x.csv", "Timestamp,Longitude,DL_bitrate\n"), "ucc");
    assert_string_equal(detected("x.bw", "0 1e6\n"), "simgrid");
    assert_string_equal(detected("x", "# a link\n0 1e6\n1 2e6\nLOOPAFTER 1\n\n"), "simgrid");
    assert_non_null(strstr(detected("x", "\n\n"), "no samples"));
    assert_non_null(strstr(detected("x", "1 2 3 4"), "cannot tell the format from '1 2 3 4'"));
    assert_non_null(strstr(detected("x", "hello"), "cannot tell"));
}

static void finds_by_name(void **state)
{
    struct tdm_error error;
    (void)state;
    for (const struct tdm_trace_format *const *f = tdm_trace_formats; *f; f++) {
        assert_ptr_equal(tdm_format_find((*f)->name, NULL), *f);
        assert_true((*f)->summary && (*f)->extensions && ((*f)->read || (*f)->write));
    }
    assert_null(tdm_format_find("mahimhi", &error));
    assert_non_null(strstr(error.message, "did you mean 'mahimahi'"));
    assert_ptr_equal(tdm_format_by_extension("a.b/x.DOWN"), &tdm_format_mahimahi);
    assert_ptr_equal(tdm_format_by_extension("x.csv"), &tdm_format_csv);
    assert_null(tdm_format_by_extension("a.csv/x"));
}

static void loads(void **state)
{
    char *folder = NULL, *path = temporary("x.csv", "1,100\n2,300\n", &folder);
    char *idle = temporary("y.csv", "time_s,up_mbit_s\n0,-\n", &folder);
    struct tdm_error error;
    (void)state;
    struct tdm_trace *trace = tdm_trace_load(path, NULL, NULL, NULL);
    assert_non_null(trace);
    assert_true(trace->duration == 2);
    tdm_trace_free(trace);
    assert_null(tdm_trace_load(path, "pensieve", NULL, &error));
    assert_string_equal(error.file, path);
    assert_int_equal(error.line, 1);
    assert_null(tdm_trace_load(path, "nothing", NULL, &error));
    assert_null(tdm_trace_load(idle, NULL, NULL, &error));
    assert_non_null(strstr(error.message, "no sample has a rate"));
    unlink(path);
    assert_null(tdm_trace_load(path, NULL, NULL, &error));
    assert_non_null(strstr(error.message, "cannot open"));
    assert_null(tdm_trace_load(folder, NULL, NULL, &error));
    unlink(idle);
    free(path);
    free(idle);
    rmdir(folder);
    free(folder);
}

static const char *named(bool both, enum tdm_direction direction, const char *path)
{
    static char out[64];
    struct tdm_trace trace = {.has = {both, true}};
    tdm_format_path(&trace, direction, path, out, sizeof out);
    return out;
}

static void names_of_halves(void **state)
{
    (void)state;
    assert_string_equal(named(false, TDM_DOWN, "a.b/x.up"), "a.b/x.up");
    assert_string_equal(named(true, TDM_UP, "a.b/x.up"), "a.b/x.up");
    assert_string_equal(named(true, TDM_DOWN, "a.b/x.up"), "a.b/x.down");
    assert_string_equal(named(true, TDM_UP, "x.bw"), "x.up.bw");
    assert_string_equal(named(true, TDM_DOWN, "a.b/x"), "a.b/x.down");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_formats_apart),
        cmocka_unit_test(finds_by_name),
        cmocka_unit_test(loads),
        cmocka_unit_test(names_of_halves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

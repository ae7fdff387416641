// SPDX-License-Identifier: GPL-3.0-or-later
/** Servers: service times by hand, what may not stand in a file, the shipped ones. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "model/server.h"

static struct tdm_server *load_text(const char *text, struct tdm_error *error)
{
    char path[] = "/tmp/tandem-server-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    struct tdm_server *server = tdm_server_load(path, error);
    unlink(path);
    return server;
}

#define HEAD "<server name=\"s\" title=\"t\" flop=\"1 TFLOP/s\" efficiency=\"50 %\" source=\"a\""
#define SOURCE "<source id=\"a\" kind=\"assumed\" what=\"for a test\"/>"

static void refused(const char *text, long line, long column, const char *message)
{
    struct tdm_error error = {0};
    assert_null(load_text(text, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
}

static void what_is_refused(void **state)
{
    (void)state;
    refused(HEAD ">\n<source id=\"b\" kind=\"assumed\" what=\"x\"/></server>", 1, 1,
            "no <source> has the id 'a' (did you mean 'b'?)");
    refused(HEAD " speed-source=\"x\">" SOURCE "</server>", 1, 1,
            "no <source> has the id 'x' (did you mean 'a'?)");
    refused(HEAD " power-source=\"x\">" SOURCE "</server>", 1, 1,
            "no <source> has the id 'x' (did you mean 'a'?)");
    refused(HEAD ">" SOURCE "\n <rate dnn=\"n\" time=\"1 ms\" source=\"b\"/></server>", 2, 2,
            "no <source> has the id 'b' (did you mean 'a'?)");
    refused(HEAD " idle=\"9 W\" busy=\"8 W\">" SOURCE "</server>", 1, 1,
            "'busy' is below 'idle'; a busy server draws at least what an idle one does");
    refused(HEAD " discipline=\"lifo\">" SOURCE "</server>", 1, 1,
            "<server discipline=\"lifo\">: unknown value 'lifo' (did you mean 'fifo'?); one of: "
            "fifo, shares");
    refused(HEAD " slots=\"0\">" SOURCE "</server>", 1, 1,
            "<server slots=\"0\">: out of range; it lies between 1 and 1e+06");
    refused("<server name=\"s\"/>", 1, 1, "<server> lacks its attribute 'title' (for people)");
    refused("<board/>", 1, 1, "the root element is <board>, but a <server> was expected");
    refused(HEAD ">" SOURCE "\n</srver>", 2, 3, "not well-formed XML: mismatched tag");
}

static void defaults(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_server *server = load_text(HEAD ">" SOURCE "</server>", &error);
    assert_non_null(server);
    assert_int_equal(server->slots, 1);
    assert_int_equal(server->discipline, TDM_FIFO);
    assert_int_equal(server->service, TDM_FIXED_SERVICE);
    assert_true(server->overhead == 1e-3);
    assert_true(isnan(server->idle) && isnan(server->busy));
    tdm_server_free(server);
    tdm_server_free(NULL);
}

// Three layers of 100, 300 and 600 MMAC: 2 GFLOP in all.
static struct tdm_layer layers[] = {{.name = "a", .macs = 100000000},
                                    {.name = "b", .macs = 300000000},
                                    {.name = "c", .macs = 600000000}};
static const struct tdm_dnn dnn = {.name = "n", .layers = layers, .layer_count = 3, .flop = 2e9};

static void times_by_hand(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    // 2 GFLOP at 1 TFLOP/s and 50 %: 4 ms, and 1 ms on top.
    struct tdm_server *server = load_text(HEAD ">" SOURCE "</server>", &error);
    assert_true(fabs(tdm_server_time(server, &dnn, 0, 1) - 5e-3) < 1e-15);
    assert_true(fabs(tdm_server_time(server, &dnn, 1, 1) - (1e-3 + 0.9 * 4e-3)) < 1e-15);
    assert_true(fabs(tdm_server_time(server, &dnn, 2, 0.5) - (1e-3 + 0.3 * 4e-3)) < 1e-15);
    assert_true(fabs(tdm_server_time(server, &dnn, 3, 1) - 1e-3) < 1e-15);
    tdm_server_free(server);
    // A rate of the network replaces the speed; another network's does not.
    server =
        load_text(HEAD " overhead=\"0 s\">" SOURCE "<rate dnn=\"m\" time=\"7 s\" source=\"a\"/>"
                       "<rate dnn=\"n\" time=\"10 ms\" source=\"a\"/></server>",
                  &error);
    assert_true(fabs(tdm_server_time(server, &dnn, 0, 1) - 10e-3) < 1e-15);
    assert_true(fabs(tdm_server_time(server, &dnn, 2, 0.5) - 3e-3) < 1e-15);
    tdm_server_free(server);
    // Who leaves early has the same rate, as long as there is work: after a, 100 MMAC of a branch.
    struct tdm_layer left[] = {layers[0], {.name = "branch", .macs = 100000000}};
    const struct tdm_dnn leaving = {
        .name = "n", .layers = left, .layer_count = 2, .flop = 4e8, .whole = &dnn};
    server = load_text(HEAD " overhead=\"0 s\">" SOURCE
                            "<rate dnn=\"n\" time=\"10 ms\" source=\"a\"/></server>",
                       &error);
    assert_true(fabs(tdm_server_time(server, &leaving, 0, 1) - 2e-3) < 1e-15);
    assert_true(fabs(tdm_server_time(server, &leaving, 1, 1) - 1e-3) < 1e-15);
    tdm_server_free(server);
    server = load_text(HEAD ">" SOURCE "</server>", &error);
    assert_true(fabs(tdm_server_time(server, &leaving, 0, 1) - (1e-3 + 0.2 * 4e-3)) < 1e-15);
    tdm_server_free(server);
}

static void shipped_servers(void **state)
{
    (void)state;
    static const char *const names[] = {"nearby-device", "edge-server", "rtx-3080"};
    double last = INFINITY;
    for (size_t i = 0; i < TDM_COUNT(names); i++) {
        struct tdm_error error = {0};
        struct tdm_server *server = tdm_server_load(names[i], &error);
        if (!server)
            fail_msg("%s: %s", names[i], error.message);
        assert_string_equal(server->name, names[i]);
        assert_true(server->idle > 0 && server->busy > server->idle);
        const double time = tdm_server_time(server, &dnn, 0, 1);
        assert_true(time < last); // from the weakest to the strongest
        last = time;
        tdm_server_free(server);
    }
    struct tdm_error error = {0};
    assert_null(tdm_server_load("rtx3080", &error));
    assert_string_equal(error.message, "'rtx3080' is neither a file nor one of the known servers "
                                       "(did you mean 'rtx-3080'?)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(defaults),
        cmocka_unit_test(times_by_hand),
        cmocka_unit_test(shipped_servers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Radios: the published coefficients, energies by hand, signal factors, what is refused. */
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
#include "model/radio.h"

static struct tdm_radio *must_load(const char *name)
{
    struct tdm_error error = {0};
    struct tdm_radio *radio = tdm_radio_load(name, &error);
    if (!radio)
        fail_msg("%s:%ld:%ld: %s", error.file, error.line, error.column, error.message);
    return radio;
}

static struct tdm_radio *load_text(const char *text, struct tdm_error *error)
{
    char path[] = "/tmp/tandem-radio-XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    struct tdm_radio *radio = tdm_radio_load(path, error);
    unlink(path);
    return radio;
}

static void refused(const char *text, long line, long column, const char *message)
{
    struct tdm_error error = {0};
    assert_null(load_text(text, &error));
    assert_string_equal(error.message, message);
    assert_int_equal(error.line, line);
    assert_int_equal(error.column, column);
}

#define HEAD \
    "<radio name=\"r\" title=\"t\" up=\"100 mW/(Mbit/s)\" down=\"50 mW/(Mbit/s)\" source=\"a\""
#define SOURCE "<source id=\"a\" kind=\"assumed\" what=\"for a test\"/>"

static void what_is_refused(void **state)
{
    (void)state;
    refused(HEAD " state-source=\"b\">" SOURCE "</radio>", 1, 1,
            "no <source> has the id 'b' (did you mean 'a'?)");
    refused(HEAD " promotion-source=\"b\">" SOURCE "</radio>", 1, 1,
            "no <source> has the id 'b' (did you mean 'a'?)");
    refused(HEAD "/>", 1, 1, "no <source> has the id 'a'");
    refused(HEAD ">" SOURCE "\n<signal below=\"-90 dBm\" factor=\"2\" source=\"a\"/>\n"
                 "<signal below=\"-80 dBm\" factor=\"3\" source=\"a\"/></radio>",
            3, 1, "signals are sorted from strong to weak");
    refused(HEAD ">" SOURCE "\n<signal below=\"-90 dBm\" factor=\"2\" source=\"z\"/></radio>", 2, 1,
            "no <source> has the id 'z' (did you mean 'a'?)");
    refused(HEAD ">" SOURCE "\n<signal below=\"-90\" factor=\"2\" source=\"a\"/></radio>", 2, 1,
            "<signal below=\"-90\">: '-90' has no unit; write it like '-60 dBm' (units: dBm)");
    refused(HEAD " tail-time=\"-1 s\">" SOURCE "</radio>", 1, 1,
            "<radio tail-time=\"-1 s\">: out of range; it lies between 0 s and 100 s");
    refused(HEAD " tail=\"1 s\">" SOURCE "</radio>", 1, 1,
            "<radio> has no attribute 'tail' (did you mean 'tail-time'?)");
}

static void published_coefficients(void **state)
{
    (void)state;
    // Huang et al., MobiSys 2012: mW per Mbit/s up and down, mW.
    static const struct {
        const char *name;
        double up, down, base;
    } huang[] = {{"lte", 438.39, 51.97, 1288.04},
                 {"3g", 868.98, 122.12, 817.88},
                 {"wifi", 283.17, 137.01, 132.86}};
    for (size_t i = 0; i < TDM_COUNT(huang); i++) {
        struct tdm_radio *radio = must_load(huang[i].name);
        assert_true(fabs(radio->up * 125e3 * 1e3 - huang[i].up) < 1e-6);
        assert_true(fabs(radio->down * 125e3 * 1e3 - huang[i].down) < 1e-6);
        assert_true(fabs(radio->base * 1e3 - huang[i].base) < 1e-6);
        tdm_radio_free(radio);
    }
    tdm_radio_free(NULL);
}

static double state_energy(const struct tdm_radio *radio)
{
    return radio->promotion_time * radio->promotion_power + radio->tail_time * radio->tail_power;
}

// The same paper's energy of one packet, which is nearly all promotion and tail.
static void one_packet(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double joules, tolerance;
    } packets[] = {{"lte", 12.76, 0.2}, {"3g", 7.38, 0.05}, {"wifi", 0.04, 0.005}};
    for (size_t i = 0; i < TDM_COUNT(packets); i++) {
        struct tdm_radio *radio = must_load(packets[i].name);
        assert_true(fabs(state_energy(radio) - packets[i].joules) < packets[i].tolerance);
        tdm_radio_free(radio);
    }
}

// A 224x224 image of 150 kB at 8 Mbit/s: 0.15 s at 2.398 W over Wi-Fi, at 4.795 W over LTE.
static void an_upload_by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double joules;
    } uploads[] = {{"wifi", 0.359733}, {"lte", 0.719274}};
    for (size_t i = 0; i < TDM_COUNT(uploads); i++) {
        struct tdm_radio *radio = must_load(uploads[i].name);
        const double rate = 1e6, time = 150e3 / rate; // bytes/s, s
        const double joules = time * (radio->up * rate + radio->base);
        assert_true(fabs(joules - uploads[i].joules) < 1e-6);
        tdm_radio_free(radio);
    }
}

static void factors_by_signal(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_radio *radio =
        load_text(HEAD ">" SOURCE "<signal below=\"-80 dBm\" factor=\"1.5\" source=\"a\"/>"
                       "<signal below=\"-90 dBm\" factor=\"2\" source=\"a\"/></radio>",
                  &error);
    assert_non_null(radio);
    assert_true(tdm_radio_factor(radio, -50) == 1);
    assert_true(tdm_radio_factor(radio, -80) == 1);
    assert_true(tdm_radio_factor(radio, -80.1) == 1.5);
    assert_true(tdm_radio_factor(radio, -90) == 1.5);
    assert_true(tdm_radio_factor(radio, -120) == 2);
    assert_true(tdm_radio_factor(radio, NAN) == 1);
    tdm_radio_free(radio);
}

static void shipped_radios(void **state)
{
    (void)state;
    static const char *const names[] = {"wifi",   "lte",       "3g",   "4g",
                                        "5g-low", "5g-mmwave", "none", "ethernet"};
    for (size_t i = 0; i < TDM_COUNT(names); i++) {
        struct tdm_radio *radio = must_load(names[i]);
        assert_string_equal(radio->name, names[i]);
        double last = 1;
        for (size_t k = 0; k < radio->signal_count; k++) {
            assert_true(radio->signals[k].factor > last); // weaker costs more
            last = radio->signals[k].factor;
        }
        tdm_radio_free(radio);
    }
    struct tdm_radio *none = must_load("none");
    assert_true(none->up == 0 && none->down == 0 && none->base == 0 && state_energy(none) == 0);
    tdm_radio_free(none);
}

// ---- measured power ----------------------------------------------------------------------------

// Mean power of the rows of one technology and direction, and what the radio and a phone draw
// there.
static void compare(FILE *stream, const char *technology, const char *direction,
                    const struct tdm_radio *radio)
{
    const double phone = 2.339; // W of the same phone with its radio idle
    char line[512];
    double measured = 0, modelled = 0;
    int rows = 0;
    rewind(stream);
    while (fgets(line, sizeof line, stream)) {
        double rate, time, power, target;
        char way[32], kind[32];
        if (sscanf(line, "%lf,%lf,%lf,%lf,%31[^,],%31[^,],", &rate, &time, &power, &target, way,
                   kind) != 6 ||
            strcmp(way, direction) != 0 || strcmp(kind, technology) != 0)
            continue;
        const double slope = strcmp(way, "uplink") == 0 ? radio->up : radio->down;
        measured += power / 1e3;
        modelled += phone + radio->base + slope * rate * 125e3;
        rows++;
    }
    assert_true(rows > 200);
    assert_true(fabs(modelled / measured - 1) < 0.03);
}

static void fitted_to_the_phone(void **state)
{
    (void)state;
    const char *folder = getenv("TANDEM_DATA");
    if (!folder) {
        print_message("skipped: measured radio power (TANDEM_DATA is not set)\n");
        skip();
    }
    char path[4096];
    snprintf(path, sizeof path, "%s/traces/sigcomm21-power/MN-Transfer_combined.csv", folder);
    FILE *stream = fopen(path, "r");
    assert_non_null(stream);
    static const struct {
        const char *technology, *radio;
    } pairs[] = {{"LTE", "4g"}, {"NSALow", "5g-low"}, {"mmwave", "5g-mmwave"}};
    for (size_t i = 0; i < TDM_COUNT(pairs); i++) {
        struct tdm_radio *radio = must_load(pairs[i].radio);
        compare(stream, pairs[i].technology, "uplink", radio);
        compare(stream, pairs[i].technology, "downlink", radio);
        tdm_radio_free(radio);
    }
    fclose(stream);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_refused),     cmocka_unit_test(published_coefficients),
        cmocka_unit_test(one_packet),          cmocka_unit_test(an_upload_by_hand),
        cmocka_unit_test(factors_by_signal),   cmocka_unit_test(shipped_radios),
        cmocka_unit_test(fitted_to_the_phone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

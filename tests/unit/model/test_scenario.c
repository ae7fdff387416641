// SPDX-License-Identifier: GPL-3.0-or-later
/** What a scenario refers to, and every way in which that may be wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"

#define SERVER "<server id=\"c\" type=\"box.xml\"/>"
#define LINK(attributes) "<link from=\"b\" to=\"c\" " attributes "/>"
#define STREAM(attributes) "<stream board=\"b\" dnn=\"net.xml\" " attributes "/>"

#define IN(id, outer) "<cell id=\"" id "\" inside=\"" outer "\" up=\"1 Mbit/s\"/>"
#define CELL16 \
    "<cell id=\"a\" up=\"1 Mbit/s\"/>" IN("b", "a") IN("c", "b") IN("d", "c") IN("e", "d") \
        IN("f", "e") IN("g", "f") IN("h", "g") IN("i", "h") IN("j", "i") IN("k", "j") IN("l", "k") \
            IN("m", "l") IN("n", "m") IN("o", "n") IN("p", "o")

static void errors_name_place_and_remedy(void **state)
{
    const struct world *w = *state;
    world_write(w, "falls.txt", "1\n2\n1.5\n", NULL);
    world_write(w, "words.txt", "1\n# fine\n2 s\n", NULL);
    world_write(w, "none.txt", "# nobody\n\n", NULL);
    world_write(w, "negative.txt", "-1\n", NULL);
    world_write(w, "bad.csv", "time_s,up_mbit_s\n0,1\n0,2\n", NULL);
    world_write(w, "bare.xml", world_board, "dnn=\"net\" mode=\"infer\"",
                "dnn=\"other\" mode=\"infer\"", "dnn=\"*\" mode=\"infer\"",
                "dnn=\"another\" mode=\"infer\"", NULL);
    world_write(w, "dark.xml", world_board, "latency=\"l\" power=\"p\" launch=\"4e6\"",
                "latency=\"l\" launch=\"4e6\"", "latency=\"l\" power=\"p\" launch=\"1e6\"",
                "latency=\"l\" launch=\"1e6\"", NULL);
    // The wrong element stands on line 2, from column 1 on.
    static const struct {
        const char *before, *wrong, *after, *message;
    } cases[] = {
        // Names that lead nowhere.
        {"", "<board id=\"b\" type=\"nanoo\"/>", STREAM(""), "'nanoo'"},
        {"", "<board id=\"b\" type=\"nanoo\"/>", STREAM(""), "did you mean 'nano'"},
        {WORLD_BOARD STREAM(""), "<server id=\"c\" type=\"rtx-308\"/>", "",
         "did you mean 'rtx-3080'"},
        {WORLD_BOARD, "<stream board=\"b\" dnn=\"resnet-18\"/>", "", "did you mean 'resnet18'"},
        {WORLD_BOARD, "<stream board=\"bb\" dnn=\"net.xml\"/>", "",
         "no <board> has the id 'bb' (did you mean 'b'?)"},
        {WORLD_BOARD STREAM("") SERVER, "<link from=\"a\" to=\"c\" bandwidth=\"1 Mbit/s\"/>", "",
         "no <board> has the id 'a'"},
        {WORLD_BOARD STREAM("") "<server id=\"cloud\" type=\"box.xml\"/>",
         "<link from=\"b\" to=\"clod\" bandwidth=\"1 Mbit/s\"/>", "",
         "no <server> has the id 'clod' (did you mean 'cloud'?)"},
        {WORLD_BOARD STREAM("") SERVER, LINK("bandwidth=\"1 Mbit/s\" radio=\"wify\""), "",
         "did you mean 'wifi'"},
        {WORLD_BOARD STREAM("") SERVER, LINK("trace=\"lte-wolk\""), "", "did you mean 'lte-walk'"},
        {WORLD_BOARD STREAM(""), "<load board=\"x\" cpu=\"1 %\"/>", "",
         "no <board> has the id 'x'"},
        {WORLD_BOARD STREAM(""), "<knobs board=\"x\"/>", "", "no <board> has the id 'x'"},
        // Ids and links.
        {WORLD_BOARD STREAM(""), "<server id=\"b\" type=\"box.xml\"/>", "",
         "the id 'b' is a board's already"},
        {WORLD_BOARD STREAM("") SERVER, "<link from=\"b\" to=\"b\" bandwidth=\"1 Mbit/s\"/>", "",
         "joins 'b' to itself"},
        {WORLD_BOARD STREAM("") SERVER LINK("bandwidth=\"1 Mbit/s\""),
         LINK("bandwidth=\"2 Mbit/s\""), "", "a second link between 'b' and the same server"},
        {WORLD_BOARD STREAM("") SERVER, LINK(""), "",
         "a link needs a trace, a bandwidth, or both up and down"},
        {WORLD_BOARD STREAM("") SERVER, LINK("up=\"1 Mbit/s\""), "",
         "a link needs a trace, a bandwidth, or both up and down"},
        {WORLD_BOARD STREAM("") SERVER, LINK("trace=\"lte-walk\" bandwidth=\"1 Mbit/s\""), "",
         "either a trace or a constant bandwidth"},
        {WORLD_BOARD STREAM("") SERVER, LINK("trace=\"lte-walk\" down=\"1 Mbit/s\""), "",
         "either a trace or a constant bandwidth"},
        {WORLD_BOARD STREAM("") SERVER, LINK("bandwidth=\"1e-10 B/s\""), "", "at least 1e-09"},
        // Arrivals.
        {WORLD_BOARD, STREAM("arrivals=\"poisson\""), "", "poisson arrivals need a rate"},
        {WORLD_BOARD, STREAM("arrivals=\"periodic\""), "", "periodic arrivals need a rate"},
        {WORLD_BOARD, STREAM("rate=\"1 /s\""), "", "closed arrivals have no rate"},
        {WORLD_BOARD, STREAM("arrivals=\"file\" file=\"none.txt\" rate=\"1 /s\""), "",
         "file arrivals have no rate"},
        {WORLD_BOARD, STREAM("arrivals=\"file\""), "", "a file goes with arrivals=\"file\""},
        {WORLD_BOARD, STREAM("file=\"none.txt\""), "", "a file goes with arrivals=\"file\""},
        {WORLD_BOARD, STREAM("drop=\"late\""), "", "drop=\"late\" needs a deadline"},
        {WORLD_BOARD, STREAM("arrivals=\"poisson\" rate=\"1 /s\" think=\"1 s\""), "",
         "only a closed loop thinks"},
        {WORLD_BOARD, STREAM("from=\"5 s\" until=\"5 s\""), "", "'until' after 'from'"},
        {WORLD_BOARD, STREAM("arrivals=\"poisson\" rate=\"1e9 /s\""), "", "requests"},
        // Loads.
        {WORLD_BOARD STREAM(""), "<load board=\"b\" from=\"2 s\" until=\"1 s\" cpu=\"1 %\"/>", "",
         "'until' after 'from'"},
        // Fits.
        {"<board id=\"b\" type=\"bare.xml\"/>", STREAM(""), "",
         "neither a fit of 'net' nor a default"},
        {"<board id=\"b\" type=\"dark.xml\"/>", STREAM(""), "", "power was never measured"},
        // Names that a fleet gives, and cells without end.
        {"<server id=\"b-2\" type=\"box.xml\"/><fleet count=\"3\">",
         "<board id=\"b\" type=\"toy.xml\"/>", STREAM("") "</fleet>",
         "the server 'b-2' is called like one of this fleet"},
        {CELL16, "<cell id=\"q\" inside=\"p\" up=\"1 Mbit/s\"/>", WORLD_BOARD STREAM(""),
         "'q' is the 17th of cells that stand inside each other"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096];
        snprintf(text, sizeof text, "<scenario name=\"t\" duration=\"10 s\">%s\n%s%s</scenario>",
                 cases[i].before, cases[i].wrong, cases[i].after);
        struct tdm_error error = {0};
        assert_null(world_try(w, text, &error));
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].wrong, error.message);
        if (error.line != 2 || error.column != 1 || !strstr(error.file, "scenario.xml"))
            fail_msg("%s: %s:%ld:%ld", cases[i].wrong, error.file, error.line, error.column);
    }
}

static void errors_in_files_are_theirs(void **state)
{
    const struct world *w = *state;
    world_write(w, "broken.xml", world_server, "slots=\"1\"", "slots=\"0\"", NULL);
    static const struct {
        const char *content, *file, *message;
        long line;
    } cases[] = {
        {WORLD_BOARD STREAM("arrivals=\"file\" file=\"falls.txt\""), "falls.txt", "not before", 3},
        {WORLD_BOARD STREAM("arrivals=\"file\" file=\"words.txt\""), "words.txt", "one time in s",
         3},
        {WORLD_BOARD STREAM("arrivals=\"file\" file=\"none.txt\""), "none.txt", "no arrivals", 0},
        {WORLD_BOARD STREAM("arrivals=\"file\" file=\"negative.txt\""), "negative.txt",
         "one time in s", 1},
        {WORLD_BOARD STREAM("arrivals=\"file\" file=\"absent.txt\""), "absent.txt", "cannot open",
         0},
        {WORLD_BOARD STREAM("") SERVER LINK("trace=\"bad.csv\""), "bad.csv", "", 3},
        {WORLD_BOARD STREAM("") "<server id=\"d\" type=\"broken.xml\"/>", "broken.xml", "slots", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096];
        snprintf(text, sizeof text, "<scenario name=\"t\" duration=\"10 s\">%s</scenario>",
                 cases[i].content);
        struct tdm_error error = {0};
        assert_null(world_try(w, text, &error));
        if (!strstr(error.file, cases[i].file) || !strstr(error.message, cases[i].message) ||
            error.line != cases[i].line)
            fail_msg("%s: %s:%ld: %s", cases[i].content, error.file, error.line, error.message);
    }
}

static void a_long_line_is_one_line(void **state)
{
    const struct world *w = *state;
    char lines[1024];
    snprintf(lines, sizeof lines, "# %0600d\n1\n%0300d2.5 \n", 7, 0);
    world_write(w, "long.txt", lines, NULL);
    struct tdm_scenario *scenario =
        world_load(w, "<scenario name=\"t\" duration=\"10 s\">" WORLD_BOARD STREAM(
                          "arrivals=\"file\" file=\"long.txt\"") "</scenario>");
    assert_int_equal(scenario->streams[0].time_count, 2);
    assert_near(scenario->streams[0].times[1], 2.5, 0);
    tdm_scenario_free(scenario);
}

static void defaults_and_parts(void **state)
{
    const struct world *w = *state;
    struct tdm_scenario *s = world_load(
        w, "<scenario name=\"t\" duration=\"10 s\">" WORLD_BOARD
           "<board id=\"bb\" type=\"toy.xml\"/>" SERVER
           "<link from=\"b\" to=\"c\" trace=\"lte-walk\" radio=\"lte\"/>"
           "<link from=\"bb\" to=\"c\" bandwidth=\"8 Mbit/s\" up=\"4 Mbit/s\" floor=\"6 "
           "Mbit/s\"/>" STREAM(
               "deadline=\"1 s\" until=\"99 s\"") "<stream board=\"bb\" dnn=\"resnet18\"/>"
                                                  "<load board=\"bb\" cpu=\"10 %\"/></scenario>");
    assert_near(s->eta, 0.5, 0);
    assert_ptr_equal(s->boards[0].board, s->boards[1].board); // read once
    assert_near(s->links[0].series->duration, 600, 0);
    assert_string_equal(s->links[0].radio->name, "lte");
    assert_near(s->links[1].series->way[TDM_UP].rate[0], 0.75e6, 1e-6); // raised to the floor
    assert_near(s->links[1].series->way[TDM_DOWN].rate[0], 1e6, 1e-6);
    assert_null(s->links[1].radio);
    assert_near(s->streams[0].until, 10, 0);
    assert_near(s->streams[0].deadline, 1, 0);
    assert_true(isinf(s->streams[1].deadline));
    assert_true(isinf(s->loads[0].until));
    assert_int_equal(s->loads[0].board, 1);
    assert_false(s->streams[0].versions[0].scaled);
    assert_true(s->streams[1].versions[0].scaled); // the default, times the net's totals
    assert_near(s->streams[1].fit.compute, 0.1 * s->streams[1].dnn->flop, 1);
    assert_near(s->streams[1].fit.launch, 1e6 * s->streams[1].dnn->kernels, 1e-3);
    tdm_scenario_free(s);
}

static void power_comes_from_the_default_where_only_latency_was_measured(void **state)
{
    const struct world *w = *state;
    world_write(w, "half.xml", world_board, "latency=\"l\" power=\"p\" launch=\"4e6\"",
                "latency=\"l\" launch=\"4e6\"", NULL);
    struct tdm_scenario *s = world_load(
        w, "<scenario name=\"t\" duration=\"1 s\"><board id=\"b\" type=\"half.xml\"/>" STREAM(
               "") "</scenario>");
    const struct tdm_fit *fit = &s->streams[0].fit;
    assert_near(fit->launch, 4e6, 0);
    assert_near(fit->gpu_energy, 1e-9 * 200e6, 1e-12);
    assert_near(fit->cpu_energy, 5e-3 * 6, 1e-12);
    assert_near(fit->memory_energy, 1e-8 * 7.404e6, 1e-12);
    tdm_scenario_free(s);
}

static void a_board_needs_a_stream(void **state)
{
    const struct world *w = *state;
    struct tdm_error error = {0};
    char path[128];
    world_write(w, "idle.xml",
                "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD
                "\n<board id=\"idle\" type=\"toy.xml\"/>" WORLD_STREAM "</scenario>",
                NULL);
    snprintf(path, sizeof path, "%s/idle.xml", w->folder);
    assert_null(tdm_scenario_load(path, &error));
    assert_int_equal(error.line, 2);
    assert_non_null(strstr(error.message, "no <stream> arrives at the board 'idle'"));
    struct tdm_scenario *s = world_load(
        w, "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_STREAM "</scenario>");
    assert_null(tdm_engine_open("analytical:", s, 1, &error));
    assert_non_null(strstr(error.message, "did you mean 'analytic'"));
    assert_null(tdm_engine_open("analytic:x", s, 1, &error));
    tdm_scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_place_and_remedy),
        cmocka_unit_test(errors_in_files_are_theirs),
        cmocka_unit_test(a_long_line_is_one_line),
        cmocka_unit_test(defaults_and_parts),
        cmocka_unit_test(power_comes_from_the_default_where_only_latency_was_measured),
        cmocka_unit_test(a_board_needs_a_stream),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

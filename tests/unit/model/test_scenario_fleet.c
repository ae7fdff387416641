// SPDX-License-Identifier: GPL-3.0-or-later
/** What a fleet becomes: ids, shifts, spreads; and every way in which it may be wrong. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "moves.csv",
                "# duration: 10 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s\n0,8,80\n4,16,8\n",
                NULL);
    *state = &world;
    return 0;
}

#define SERVER "<server id=\"c\" type=\"box.xml\"/>"
#define BOARD "<board id=\"b\" type=\"toy.xml\"/>"
#define STREAM(rest) "<stream board=\"b\" dnn=\"net.xml\" " rest "/>"
#define FLEET(attributes, content) "<fleet " attributes ">" content "</fleet>"

static struct tdm_scenario *load(const struct world *w, const char *content)
{
    char text[8192];
    snprintf(text, sizeof text, "<scenario name=\"t\" duration=\"100 s\">%s</scenario>", content);
    return world_load(w, text);
}

// Boards of their own come first; then the fleets' in order.
static void members_stand_behind_the_others(void **state)
{
    struct tdm_scenario *s = load(
        *state, SERVER FLEET("count=\"3\"",
                             BOARD STREAM("") "<link from=\"b\" to=\"c\" bandwidth=\"8 Mbit/s\"/>"
                                              "<load board=\"b\" cpu=\"10 %\"/>"
                                              "<knobs board=\"b\" cut=\"none\"/>")
                    FLEET("count=\"2\"", "<board id=\"d\" type=\"toy.xml\"/><stream board=\"d\" "
                                         "dnn=\"net.xml\"/><stream dnn=\"net.xml\" "
                                         "board=\"d\"/>") "<board id=\"own\" "
                                                          "type=\"toy.xml\"/><stream "
                                                          "board=\"own\" dnn=\"net.xml\"/>"
                                                          "<knobs cut=\"all\"/>");
    static const char *const ids[] = {"own", "b-1", "b-2", "b-3", "d-1", "d-2"};
    static const int twins[] = {-1, 1, 1, 1, 4, 4};
    static const int streams[] = {1, 1, 1, 1, 2, 2}, links[] = {0, 1, 1, 1, 0, 0};
    assert_int_equal(s->board_count, 6);
    assert_int_equal(s->own_boards, 1);
    assert_int_equal(s->own_streams, 1);
    assert_int_equal(s->own_links, 0);
    assert_int_equal(s->stream_count, 8);
    assert_int_equal(s->link_count, 3);
    for (int i = 0; i < 6; i++) {
        const struct tdm_scenario_board *board = &s->boards[i];
        assert_string_equal(board->id, ids[i]);
        assert_int_equal(board->twin, twins[i]);
        assert_int_equal(board->stream_count, streams[i]);
        assert_int_equal(board->link_count, links[i]);
        for (int k = 0; k < board->stream_count; k++) {
            assert_int_equal(s->streams[board->streams[k]].board, i);
            assert_string_equal(s->streams[board->streams[k]].board_id, ids[i]);
        }
        for (int k = 0; k < board->link_count; k++) {
            assert_int_equal(s->links[board->links[k]].board, i);
            assert_string_equal(s->links[board->links[k]].from, ids[i]);
        }
        assert_string_equal(board->knobs->cut, i >= 1 && i <= 3 ? "none" : "all");
    }
    assert_int_equal(s->load_count, 1); // of the first member, for all of them
    assert_int_equal(s->loads[0].board, 1);
    tdm_scenario_free(s);
}

static void links_are_further_on_in_their_traces(void **state)
{
    const char *const link = "<link from=\"b\" to=\"c\" trace=\"moves.csv\" offset=\"2 s\"/>"
                             "<link from=\"b\" to=\"d\" bandwidth=\"8 Mbit/s\"/></fleet>"
                             "<server id=\"d\" type=\"box.xml\"/>";
    char text[2048];
    snprintf(text, sizeof text, SERVER "<fleet count=\"5\" shift=\"1.5 s\">" BOARD STREAM("") "%s",
             link);
    struct tdm_scenario *s = load(*state, text);
    for (int k = 0; k < 5; k++) {
        assert_near(s->links[2 * k].offset, 2 + 1.5 * k, 1e-12);
        assert_near(s->links[2 * k + 1].offset, 0, 0); // constant
    }
    tdm_scenario_free(s);
    // Spread over the 10 s of the trace: n boards leave no gap above 2.62 / n of it (the golden
    // ratio's multiples never do).
    snprintf(text, sizeof text, SERVER "<fleet count=\"200\">" BOARD STREAM("") "%s", link);
    s = load(*state, text);
    for (size_t n = 2; n <= 200; n += 33) {
        double gap = 0;
        for (size_t k = 0; k < n; k++) {
            double to_next = INFINITY;
            for (size_t i = 0; i < n; i++) {
                const double ahead = s->links[2 * i].offset - s->links[2 * k].offset;
                to_next = fmin(to_next, ahead > 0 ? ahead : i == k ? 10 : ahead + 10);
            }
            assert_true(s->links[2 * k].offset >= 2 && s->links[2 * k].offset < 12);
            gap = fmax(gap, to_next);
        }
        assert_true(gap <= 10 * 2.62 / (double)n);
    }
    tdm_scenario_free(s);
}

// Members do not begin as one: periodic streams within a period, closed loops within a second.
static void streams_begin_spread(void **state)
{
    struct tdm_scenario *s = load(
        *state, FLEET("count=\"50\"",
                      BOARD STREAM("arrivals=\"periodic\" rate=\"4 /s\" from=\"7 s\"")
                          STREAM("from=\"3 s\"") STREAM("arrivals=\"poisson\" rate=\"4 /s\"")));
    double last[3] = {-1, -1, -1};
    for (int k = 0; k < 50; k++) {
        const double periodic = s->streams[3 * k].from - 7, closed = s->streams[3 * k + 1].from - 3;
        assert_true(periodic >= 0 && periodic < 0.25);
        assert_true(closed >= 0 && closed < 1);
        assert_near(s->streams[3 * k + 2].from, 0, 0); // chance spreads them
        assert_true(periodic != last[0] && closed != last[1]);
        last[0] = periodic;
        last[1] = closed;
    }
    assert_near(s->streams[0].from, 7, 0); // the first is as written
    tdm_scenario_free(s);
}

static void errors_name_place_and_remedy(void **state)
{
    static const char two[] = "this fleet's board is 'b', and nothing else stands in a <fleet>";
    // The wrong element stands on line 2, from column 1 on.
    static const struct {
        const char *before, *wrong, *after, *message;
    } cases[] = {
        {SERVER "<fleet count=\"2\">" BOARD STREAM(""),
         "<link from=\"x\" to=\"c\" bandwidth=\"8 Mbit/s\"/>", "</fleet>", two},
        {"<fleet count=\"2\">" BOARD, "<stream board=\"x\" dnn=\"net.xml\"/>", "</fleet>", two},
        {"<fleet count=\"2\">" BOARD STREAM(""), "<load board=\"x\" cpu=\"1 %\"/>", "</fleet>",
         two},
        {"<fleet count=\"2\">" BOARD STREAM(""), "<knobs board=\"b-1\"/>", "</fleet>", two},
        {SERVER "<fleet count=\"2\">" BOARD STREAM(""),
         "<link from=\"b\" to=\"cc\" bandwidth=\"8 Mbit/s\"/>", "</fleet>",
         "no <server> has the id 'cc' (did you mean 'c'?)"},
        {SERVER "<fleet count=\"2\">" BOARD STREAM(""), "<link from=\"b\" to=\"c\"/>", "</fleet>",
         "a link needs a trace, a bandwidth, or both up and down"},
        {"<fleet count=\"2\">", "<board id=\"b\" type=\"nanoo\"/>", STREAM("") "</fleet>",
         "did you mean 'nano'"},
        {"<fleet count=\"2\">" BOARD, "<stream board=\"b\" dnn=\"net.xml\" drop=\"late\"/>",
         "</fleet>", "drop=\"late\" needs a deadline"},
        {"<fleet count=\"2\">" BOARD STREAM(""), "<load board=\"b\" from=\"2 s\" until=\"1 s\"/>",
         "</fleet>", "'until' after 'from'"},
        // Names that members have.
        {"<board id=\"b-12\" type=\"toy.xml\"/><stream board=\"b-12\" dnn=\"net.xml\"/>"
         "<fleet count=\"2\">",
         BOARD, STREAM("") "</fleet>", "the board 'b-12' is called like one of this fleet"},
        {"<server id=\"b-1\" type=\"box.xml\"/><fleet count=\"2\">", BOARD, STREAM("") "</fleet>",
         "the server 'b-1' is called like one of this fleet"},
        {"<fleet count=\"2\">" BOARD STREAM("") "</fleet><fleet count=\"3\">", BOARD,
         STREAM("") "</fleet>", "another fleet has the board 'b'"},
        // What the schema asks for, where it sees that it is not there.
        {"", "<fleet count=\"2\">", BOARD "</fleet>", "<stream>"},
        {"", "<fleet count=\"2\">", STREAM("") "</fleet>", "<board>"},
        {"", "<fleet>", BOARD STREAM("") "</fleet>", "count"},
        {"", "<fleet count=\"0\">", BOARD STREAM("") "</fleet>", "between 1 and 1e+06"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096];
        snprintf(text, sizeof text, "<scenario name=\"t\" duration=\"10 s\">%s\n%s%s</scenario>",
                 cases[i].before, cases[i].wrong, cases[i].after);
        struct tdm_error error = {0};
        struct tdm_scenario *scenario = world_try(*state, text, &error);
        if (scenario)
            fail_msg("%s: taken", cases[i].wrong);
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].wrong, error.message);
        const bool schema = strncmp(cases[i].wrong, "<fleet", 6) == 0;
        if (error.line != 2 || (error.column != 1 && !schema) ||
            !strstr(error.file, "scenario.xml"))
            fail_msg("%s: %s:%ld:%ld", cases[i].wrong, error.file, error.line, error.column);
    }
}

// Of ids that only look alike.
static void other_names_are_fine(void **state)
{
    struct tdm_scenario *s = load(
        *state, "<board id=\"b-1x\" type=\"toy.xml\"/><stream board=\"b-1x\" dnn=\"net.xml\"/>"
                "<board id=\"b\" type=\"toy.xml\"/><stream board=\"b\" dnn=\"net.xml\"/>" FLEET(
                    "count=\"2\"", BOARD STREAM("")));
    assert_int_equal(s->board_count, 4);
    tdm_scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_stand_behind_the_others),
        cmocka_unit_test(links_are_further_on_in_their_traces),
        cmocka_unit_test(streams_begin_spread),
        cmocka_unit_test(errors_name_place_and_remedy),
        cmocka_unit_test(other_names_are_fine),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Cells and links: which belongs where, what they carry, and every way in which that may be wrong.
 */
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
    world_write(&world, "rtt.csv", "# duration: 10 s\ntime_s,up_mbit_s,rtt_ms\n0,8,20\n4,16,0\n",
                NULL);
    *state = &world;
    return 0;
}

#define BOARD(id) \
    "<board id=\"" id "\" type=\"toy.xml\"/><stream board=\"" id "\" dnn=\"net.xml\"/>"
#define SERVER "<server id=\"c\" type=\"box.xml\"/>"
#define LINK(from, rest) "<link from=\"" from "\" to=\"c\" " rest "/>"
#define WHOLE(content) "<scenario name=\"t\" duration=\"100 s\">" content "</scenario>"
#define ONE BOARD("b") SERVER

static void errors_name_place_and_remedy(void **state)
{
    // The wrong element stands on line 2, from column 1 on.
    static const struct {
        const char *before, *wrong, *after, *message;
    } cases[] = {
        // Cells.
        {ONE, "<cell id=\"a\"/>", "", "the cell 'a' needs a trace, a bandwidth, up or down"},
        {ONE, "<cell id=\"a\" trace=\"moves.csv\" up=\"1 Mbit/s\"/>", "",
         "a cell has either a trace or a constant bandwidth"},
        {ONE, "<cell id=\"a\" trace=\"mooves.csv\"/>", "", "'mooves.csv'"},
        {ONE, "<cell id=\"a\" duplex=\"half\" up=\"1 Mbit/s\"/>", "",
         "give it one bandwidth or a trace, not up or down"},
        {ONE "<cell id=\"lower\" bandwidth=\"1 Mbit/s\"/>",
         "<cell id=\"a\" bandwidth=\"1 Mbit/s\" inside=\"lowr\"/>", "",
         "no <cell> has the id 'lowr' (did you mean 'lower'?)"},
        {ONE, "<cell id=\"a\" bandwidth=\"1 Mbit/s\" inside=\"a\"/>", "",
         "describe the outer one first"},
        {ONE, "<cell id=\"a\" bandwidth=\"1 Mbit/s\" inside=\"o\"/>",
         "<cell id=\"o\" bandwidth=\"1 Mbit/s\"/>", "describe the outer one first"},
        {ONE "<cell id=\"o\" bandwidth=\"1 Mbit/s\" boards=\"2\"/>",
         "<cell id=\"a\" bandwidth=\"1 Mbit/s\" inside=\"o\"/>", "",
         "only a cell that takes any number (no 'boards') has others inside"},
        {ONE "<cell id=\"o\" bandwidth=\"1 Mbit/s\"/>",
         "<cell id=\"a\" bandwidth=\"1 Mbit/s\" inside=\"o\" fairness=\"rtt\"/>", "",
         "'a' and the cell around it share by the same fairness"},
        // Links.
        {ONE "<cell id=\"air\" bandwidth=\"1 Mbit/s\"/>", LINK("b", "cell=\"are\""), "",
         "no <cell> has the id 'are' (did you mean 'air'?)"},
        {ONE "<cell id=\"a\" up=\"1 Mbit/s\"/>", LINK("b", "cell=\"a\""), "",
         "nothing limits what this link carries down: give it a rate of its own, or its cell one"},
        {ONE "<cell id=\"a\" down=\"1 Mbit/s\"/>", LINK("b", "cell=\"a\" down=\"1 Mbit/s\""), "",
         "nothing limits what this link carries up"},
        {ONE "<cell id=\"a\" bandwidth=\"1 Mbit/s\" fairness=\"rtt\"/>", LINK("b", "cell=\"a\""),
         "", "the cell 'a' shares by round trips, and this link's is 0 s: give it an rtt"},
        {ONE "<cell id=\"a\" bandwidth=\"1 Mbit/s\" fairness=\"rtt\"/>",
         LINK("b", "cell=\"a\" rtt=\"20 ms\" trace=\"rtt.csv\""), "", "this link's is 0 s"},
        {ONE, LINK("b", "cell=\"a\" trace=\"moves.csv\" up=\"1 Mbit/s\""),
         "<cell id=\"a\" bandwidth=\"1 Mbit/s\"/>",
         "a link has either a trace or a constant bandwidth"},
        {ONE, LINK("b", ""), "", "a link needs a trace, a bandwidth, or both up and down"},
        {ONE "<platform file=\"p.xml\"/>", LINK("b", ""), "",
         "between hosts of the <platform>, none of these"},
        {BOARD("b"), "<server id=\"c\" type=\"box.xml\" host=\"h\"/>", "",
         "the host 'h' belongs to no <platform>"},
        {SERVER "<stream board=\"b\" dnn=\"net.xml\"/>",
         "<board id=\"b\" type=\"toy.xml\" host=\"h\"/>", "",
         "the host 'h' belongs to no <platform>"},
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
        if (error.line != 2 || error.column != 1 || !strstr(error.file, "scenario.xml"))
            fail_msg("%s: %s:%ld:%ld", cases[i].wrong, error.file, error.line, error.column);
    }
}

// 16 deep is fine, the 17th is named.
static void cells_stand_at_most_sixteen_deep(void **state)
{
    for (int depth = 16; depth <= 17; depth++) {
        char text[4096] = "<scenario name=\"t\" duration=\"10 s\">" ONE;
        for (int i = 1; i <= depth; i++) {
            char cell[128], inside[32] = "";
            if (i > 1)
                snprintf(inside, sizeof inside, " inside=\"a%d\"", i - 1);
            snprintf(cell, sizeof cell, "%s<cell id=\"a%d\" bandwidth=\"1 Mbit/s\"%s/>",
                     i == 17 ? "\n" : "", i, inside);
            strcat(text, cell);
        }
        strcat(text, "</scenario>");
        struct tdm_error error = {0};
        struct tdm_scenario *scenario = world_try(*state, text, &error);
        assert_true((scenario != NULL) == (depth == 16));
        if (!scenario) {
            assert_int_equal(error.line, 2);
            assert_non_null(strstr(error.message, "'a17'"));
        }
        tdm_scenario_free(scenario);
    }
}

static double rate(const struct tdm_scenario_link *link, enum tdm_direction way, double time)
{
    return tdm_trace_rate_at(link->series, way, &(struct tdm_cursor){0}, link->offset + time);
}

// What a link carries alone is the least of what is on its way. 8 Mbit/s is 1 MB/s.
static void a_link_carries_what_all_on_its_way_let_through(void **state)
{
    struct tdm_scenario *s = world_load(
        *state,
        WHOLE(BOARD("own") BOARD("cell") BOARD("up") BOARD("moving") BOARD("still") BOARD("mixed")
                  SERVER "<cell id=\"o\" up=\"24 Mbit/s\"/>"
                         "<cell id=\"i\" bandwidth=\"40 Mbit/s\" inside=\"o\"/>"
                         "<cell id=\"m\" trace=\"moves.csv\" offset=\"3 s\"/>" LINK(
                             "own", "cell=\"i\" up=\"8 Mbit/s\" down=\"16 Mbit/s\"")
                             LINK("cell", "cell=\"i\"") LINK("up", "cell=\"o\" down=\"80 Mbit/s\"")
                                 LINK("moving", "cell=\"i\" trace=\"moves.csv\" offset=\"2 s\"")
                                     LINK("still", "cell=\"m\" bandwidth=\"12 Mbit/s\"")
                                         LINK("mixed", "cell=\"m\" trace=\"moves.csv\"")));
    static const struct {
        double up, down, later_up, later_down; // MB/s at 0 s and at 3 s
        bool mixed;
    } expected[] = {{1, 2, 1, 2, false}, {3, 5, 3, 5, false},     {3, 10, 3, 10, false},
                    {1, 5, 2, 1, false}, {1, 1.5, 1.5, 1, false}, {1, 10, 1, 10, true}};
    for (int i = 0; i < 6; i++) {
        const struct tdm_scenario_link *link = &s->links[i];
        assert_true(link->mixed == expected[i].mixed);
        if (link->mixed)
            continue; // no one trace says it
        assert_near(rate(link, TDM_UP, 0), 1e6 * expected[i].up, 1e-6);
        assert_near(rate(link, TDM_DOWN, 0), 1e6 * expected[i].down, 1e-6);
        assert_near(rate(link, TDM_UP, 3), 1e6 * expected[i].later_up, 1e-6);
        assert_near(rate(link, TDM_DOWN, 3), 1e6 * expected[i].later_down, 1e-6);
    }
    assert_true(s->cells[0].limits[TDM_UP] && !s->cells[0].limits[TDM_DOWN]);
    assert_true(s->cells[1].limits[TDM_UP] && s->cells[1].limits[TDM_DOWN]);
    assert_int_equal(s->cells[1].parent, 0);
    assert_int_equal(s->cells[0].parent, -1);
    assert_int_equal(s->cells[1].members, 3);
    assert_int_equal(s->cells[0].members, 4); // those in the inner one, too
    assert_true(tdm_scenario_is_shared(s));
    tdm_scenario_free(s);
}

// Seven links in cells of three: 3, 3, 1.
static void cells_are_filled_one_after_the_other(void **state)
{
    struct tdm_scenario *s = world_load(
        *state, WHOLE(SERVER "<cell id=\"a\" bandwidth=\"8 Mbit/s\" boards=\"3\"/>" BOARD("x")
                          LINK("x", "cell=\"a\"") "<fleet count=\"6\"><board id=\"b\" "
                                                  "type=\"toy.xml\"/><link from=\"b\" to=\"c\" "
                                                  "cell=\"a\"/><stream board=\"b\" "
                                                  "dnn=\"net.xml\"/></fleet>"));
    assert_int_equal(s->cells[0].copies, 3);
    assert_int_equal(s->cells[0].members, 7);
    for (size_t i = 0; i < 7; i++)
        assert_int_equal(s->links[i].copy, i / 3);
    tdm_scenario_free(s);
}

static void sharing_is_told_from_being_alone(void **state)
{
    static const struct {
        const char *content;
        bool shared;
    } cases[] = {
        {ONE LINK("b", "bandwidth=\"1 Mbit/s\""), false},
        {ONE "<cell id=\"a\" bandwidth=\"1 Mbit/s\"/>" LINK("b", "cell=\"a\""), false},
        {ONE "<cell id=\"a\" trace=\"moves.csv\"/>" LINK("b", "cell=\"a\""), false},
        {ONE "<cell id=\"a\" trace=\"moves.csv\"/>" LINK("b", "cell=\"a\" trace=\"moves.csv\""),
         true}, // only flows follow both
        {ONE BOARD("d") LINK("b", "bandwidth=\"1 Mbit/s\"") LINK("d", "bandwidth=\"1 Mbit/s\""),
         true}, // the server
        {ONE BOARD("d") "<server id=\"e\" type=\"box.xml\"/>" LINK(
             "b", "bandwidth=\"1 Mbit/s\"") "<link from=\"d\" to=\"e\" bandwidth=\"1 Mbit/s\"/>",
         false},
        {ONE BOARD("d") "<server id=\"e\" type=\"box.xml\"/><cell id=\"a\" "
                        "bandwidth=\"1 Mbit/s\"/>" LINK(
                            "b", "cell=\"a\"") "<link from=\"d\" to=\"e\" cell=\"a\"/>",
         true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[4096];
        snprintf(text, sizeof text, WHOLE("%s"), cases[i].content);
        struct tdm_scenario *s = world_load(*state, text);
        if (tdm_scenario_is_shared(s) != cases[i].shared)
            fail_msg("%s", cases[i].content);
        tdm_scenario_free(s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_name_place_and_remedy),
        cmocka_unit_test(cells_stand_at_most_sixteen_deep),
        cmocka_unit_test(a_link_carries_what_all_on_its_way_let_through),
        cmocka_unit_test(cells_are_filled_one_after_the_other),
        cmocka_unit_test(sharing_is_told_from_being_alone),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

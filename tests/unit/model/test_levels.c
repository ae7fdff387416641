// SPDX-License-Identifier: GPL-3.0-or-later
/** What a scenario frees, as written and as read. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"
#include "model/levels.h"

struct read {
    struct tdm_scenario *scenario;
    struct tdm_arena *arena;
    struct tdm_levels levels;
};

static struct read read_levels(const struct world *w, const char *knobs, const char *link)
{
    char text[2048];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD "%s" WORLD_STREAM
             "<server id=\"c\" type=\"box.xml\"/>%s</scenario>",
             link, knobs);
    struct read r = {.scenario = world_load(w, text), .arena = tdm_arena_new(1 << 20)};
    struct tdm_error error = {0};
    if (tdm_levels_read(&r.levels, r.scenario, &r.scenario->streams[0], r.arena, &error))
        fail_msg("%s", error.message);
    return r;
}

static void done(struct read *r)
{
    tdm_arena_free(r->arena);
    tdm_scenario_free(r->scenario);
}

static void assert_ints(const int *got, int count, const int *wanted, int wanted_count)
{
    assert_int_equal(count, wanted_count);
    for (int i = 0; i < count; i++)
        assert_int_equal(got[i], wanted[i]);
}
#define INTS(...) (int[]){__VA_ARGS__}, (int)(sizeof((int[]){__VA_ARGS__}) / sizeof(int))

static void everything_is_free_where_nothing_is_said(void **state)
{
    struct read r = read_levels(*state, "", WORLD_LINK);
    assert_ints(r.levels.opp[0], r.levels.opp_count[0], INTS(0, 1, 2));
    assert_ints(r.levels.opp[1], r.levels.opp_count[1], INTS(0, 1, 2, 3));
    assert_ints(r.levels.opp[2], r.levels.opp_count[2], INTS(0, 1, 2));
    // The cut after the ReLU is the one after the convolution that it runs fused with.
    assert_ints(r.levels.point, r.levels.point_count, INTS(0, 1, 3, 4, 5));
    assert_ints(r.levels.bits, r.levels.bits_count, INTS(32, 8));
    assert_int_equal(r.levels.xi_count, 1);
    assert_near(r.levels.xi[0], 1, 0);
    assert_ints(r.levels.processor, r.levels.processor_count, INTS(0));
    assert_int_equal(r.levels.link_count, 1);
    done(&r);
}

static void levels_as_they_may_be_written(void **state)
{
    struct read r =
        read_levels(*state,
                    "<knobs cpu=\"top\" gpu=\"2\" emc=\"governed\" cut=\"conv2, input\" "
                    "xi=\"0, 25 %, 0.5\" bits=\"16\" processor=\"cpu, gpu\"/>",
                    WORLD_LINK);
    assert_ints(r.levels.opp[0], r.levels.opp_count[0], INTS(2));
    assert_ints(r.levels.opp[1], r.levels.opp_count[1], INTS(0, 3));
    assert_ints(r.levels.opp[2], r.levels.opp_count[2], INTS(TDM_GOVERNED));
    assert_ints(r.levels.point, r.levels.point_count, INTS(0, 3));
    assert_ints(r.levels.bits, r.levels.bits_count, INTS(16));
    assert_ints(r.levels.processor, r.levels.processor_count, INTS(0, 1));
    assert_int_equal(r.levels.xi_count, 2);
    assert_near(r.levels.xi[0], 0.25, 1e-15);
    assert_near(r.levels.xi[1], 0.5, 1e-15);
    done(&r);
    r = read_levels(*state,
                    "<knobs cpu=\"2 GHz,500 MHz, 2000 MHz\" gpu=\"1\" emc=\"64\" cut=\"none\" "
                    "processor=\"all\"/>",
                    WORLD_LINK);
    assert_ints(r.levels.opp[0], r.levels.opp_count[0], INTS(0, 2)); // sorted, once each
    assert_ints(r.levels.opp[1], r.levels.opp_count[1], INTS(3));
    assert_ints(r.levels.opp[2], r.levels.opp_count[2], INTS(0, 1, 2));
    assert_int_equal(r.levels.point_count, 0);
    assert_int_equal(r.levels.processor_count, 2);
    done(&r);
    r = read_levels(*state, "<knobs cut=\"all\" xi=\"0 %\"/>", WORLD_LINK);
    assert_int_equal(r.levels.xi_count, 0);
    done(&r);
}

static void nothing_can_be_sent_without_a_link(void **state)
{
    struct read r = read_levels(*state, "<knobs cut=\"all\"/>", "");
    assert_int_equal(r.levels.point_count, 0);
    assert_int_equal(r.levels.link_count, 0);
    done(&r);
}

static void a_boards_own_knobs_come_first(void **state)
{
    struct read r =
        read_levels(*state, "<knobs gpu=\"1\"/><knobs board=\"b\" gpu=\"all\"/>", WORLD_LINK);
    assert_int_equal(r.levels.opp_count[1], 4);
    done(&r);
    r = read_levels(*state, "<knobs board=\"b\" gpu=\"1\"/><knobs gpu=\"all\"/>", WORLD_LINK);
    assert_int_equal(r.levels.opp_count[1], 1);
    done(&r);
}

static void what_cannot_be_is_said(void **state)
{
    static const struct {
        const char *knobs, *message;
    } cases[] = {
        {"cpu=\"700 MHz\"", "700 MHz is not an OPP of the board 'toy'"},
        {"cpu=\"0\"", "between 1 and 64"},
        {"cpu=\"65\"", "between 1 and 64"},
        {"cpu=\"-1\"", "between 1 and 64"},
        {"gpu=\"fast\"", "'fast'"},
        {"gpu=\"800 MHz, 801.9 MHz\"", "801.9 MHz is not an OPP"},
        {"emc=\", ,\"", "no level at all"},
        {"emc=\"\"", "no level at all"},
        {"cut=\"conv4\"", "'net' has no cut after 'conv4' (did you mean 'conv"},
        {"cut=\"\"", "no level at all"},
        {"processor=\"dla\"", "the board 'toy' has no processor 'dla'"},
        {"processor=\"\"", "no level at all"},
        {"xi=\"0.5, 0.2\"", "the shares rise"},
        {"xi=\"0.5, 0.5\"", "the shares rise"},
        {"bits=\"12\"", "8, 16 and 32"},
        {"bits=\"8, 16, 32, 8\"", "8, 16 and 32"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"1 s\">\n" WORLD_BOARD WORLD_LINK WORLD_STREAM
                 "<server id=\"c\" type=\"box.xml\"/>\n  <knobs %s/>\n</scenario>",
                 cases[i].knobs);
        struct tdm_error error = {0};
        assert_null(world_try(*state, text, &error));
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s: %s", cases[i].knobs, error.message);
        assert_int_equal(error.line, 3);
        assert_int_equal(error.column, 3);
        assert_non_null(strstr(error.file, "scenario.xml"));
    }
}

// Of a stream that is `dnn` or the small network.
static struct read read_either(const struct world *w, const char *dnn, const char *knobs)
{
    char text[2048];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_LINK
             "<stream board=\"b\" dnn=\"%s\" versions=\"small.xml\"/>"
             "<server id=\"c\" type=\"box.xml\"/><knobs %s/></scenario>",
             dnn, knobs);
    struct read r = {.scenario = world_load(w, text), .arena = tdm_arena_new(1 << 20)};
    struct tdm_error error = {0};
    if (tdm_levels_read(&r.levels, r.scenario, &r.scenario->streams[0], r.arena, &error))
        fail_msg("%s", error.message);
    return r;
}

static void exits_are_free_only_where_that_is_said(void **state)
{
    static const struct {
        const char *knobs;
        int exits[3], count;
    } cases[] = {{"version=\"all\"", {0}, 1},
                 {"version=\"all\" exit=\"all\"", {0, 1, 2}, 3},
                 {"version=\"all\" exit=\"two\"", {0, 2}, 2},
                 {"version=\"all\" exit=\"two, one, two\"", {0, 1, 2}, 3}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct read r = read_either(*state, "leaving.xml", cases[i].knobs);
        assert_ints(r.levels.exit[0], r.levels.exit_count[0], cases[i].exits, cases[i].count);
        assert_ints(r.levels.exit[1], r.levels.exit_count[1], INTS(0)); // it has none
        assert_true(tdm_levels_has_exit(&r.levels, 0, 0));
        assert_int_equal(tdm_levels_has_exit(&r.levels, 0, 1), i == 1 || i == 3);
        assert_int_equal(tdm_levels_has_exit(&r.levels, 1, 1), false);
        // Cuts after conv1, conv2, pool and conv3, the first, third, fourth and fifth.
        assert_ints(r.levels.point, r.levels.point_count, INTS(0, 1, 3, 4, 5));
        assert_int_equal(tdm_levels_points(&r.levels, 0, 5), 5);
        assert_int_equal(tdm_levels_points(&r.levels, 0, 3), 3);
        assert_int_equal(tdm_levels_points(&r.levels, 0, 2), 2);
        done(&r);
    }
}

static void exits_that_cannot_be_are_said(void **state)
{
    struct tdm_error error = {0};
    assert_null(world_try(*state,
                          "<scenario name=\"t\" duration=\"1 s\">\n" WORLD_BOARD
                          "<stream board=\"b\" dnn=\"leaving.xml\"/>\n"
                          " <knobs exit=\"tow\"/></scenario>",
                          &error));
    assert_string_equal(error.message,
                        "knob 'exit': 'net' has no exit 'tow' (did you mean 'two'?)");
    assert_int_equal(error.line, 3);
}

static void versions_are_free_only_where_that_is_said(void **state)
{
    struct read r = read_either(*state, "net.xml", "");
    assert_ints(r.levels.version, r.levels.version_count, INTS(0));
    assert_ints(r.levels.point, r.levels.point_count, INTS(0, 1, 3, 4, 5));
    assert_int_equal(r.scenario->streams[0].version_count, 2);
    assert_string_equal(r.scenario->streams[0].versions[1].dnn->name, "small");
    assert_true(r.scenario->streams[0].versions[1].scaled); // nobody measured it on the toy
    assert_false(r.scenario->streams[0].versions[0].scaled);
    done(&r);
    const char *const ways[] = {"version=\"all\"", "version=\"small\"", "version=\"small, net\""};
    for (int i = 0; i < 3; i++) {
        r = read_either(*state, "net.xml", ways[i]);
        assert_ints(r.levels.version, r.levels.version_count, INTS(0, 1));
        assert_ints(r.levels.version_point[0], r.levels.version_points[0], INTS(0, 1, 3, 4, 5));
        assert_ints(r.levels.version_point[1], r.levels.version_points[1], INTS(0, 1, 2));
        done(&r);
    }
}

// The net's work before its cuts: 10, 10, 40, 40 and 90 of 100 (MMAC); the small one's 5, 20 of 25.
static void cuts_spread_evenly_over_the_work(void **state)
{
    struct read r = read_either(*state, "net.xml", "version=\"all\" cut=\"3\"");
    // A third: 10 of 33 is 23 away, 40 is 7; two thirds: 90 (40 lies no further on).
    assert_ints(r.levels.version_point[0], r.levels.version_points[0], INTS(0, 3, 5));
    assert_ints(r.levels.version_point[1], r.levels.version_points[1], INTS(0, 1, 2));
    done(&r);
    r = read_either(*state, "net.xml", "version=\"all\" cut=\"2\"");
    assert_ints(r.levels.version_point[0], r.levels.version_points[0], INTS(0, 3));
    assert_ints(r.levels.version_point[1], r.levels.version_points[1], INTS(0, 1)); // 7.5 both
    done(&r);
    r = read_either(*state, "net.xml", "cut=\"1\"");
    assert_ints(r.levels.point, r.levels.point_count, INTS(0));
    done(&r);
    r = read_either(*state, "net.xml", "version=\"all\" cut=\"64\""); // all that there are
    assert_ints(r.levels.version_point[1], r.levels.version_points[1], INTS(0, 1, 2));
    done(&r);
}

static void versions_that_cannot_be_are_said(void **state)
{
    static const struct {
        const char *stream, *knobs, *message;
    } cases[] = {
        {"versions=\"small.xml\"", "version=\"smal\"",
         "knob 'version': the stream has no version 'smal' (did you mean 'small'?)"},
        {"", "version=\"small\"", "the stream has no version 'small'"},
        {"versions=\"small.xml, net.xml\"", "", "the version 'net' is there twice"},
        {"versions=\"smal.xml\"", "", "cannot open"},
        {"versions=\"small.xml\"", "version=\"all\" cut=\"conv1\"",
         "'small' has no cut after 'conv1'"},
        {"versions=\"small.xml\"", "cut=\"0\"", "a number of points is between 1 and 64"},
        {"versions=\"small.xml\" precision=\"fp32\"", "", "has no fit of 'small' in 'fp32'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_LINK
                 "<stream board=\"b\" dnn=\"net.xml\" %s/>"
                 "<server id=\"c\" type=\"box.xml\"/><knobs %s/></scenario>",
                 cases[i].stream, cases[i].knobs);
        struct tdm_error error = {0};
        assert_null(world_try(*state, text, &error));
        if (!strstr(error.message, cases[i].message))
            fail_msg("%s %s: %s", cases[i].stream, cases[i].knobs, error.message);
    }
}

static void many_streams_fit(void **state)
{
    const struct world *w = *state;
    // Levels are read for every stream: what they take must not add up to too much.
    char path[256];
    world_path(w, "many.xml", path);
    FILE *file = fopen(path, "w");
    fputs("<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_LINK
          "<server id=\"c\" type=\"box.xml\"/>",
          file);
    for (int i = 0; i < 30000; i++)
        fputs(WORLD_STREAM, file);
    fputs("</scenario>", file);
    fclose(file);
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = tdm_scenario_load(path, &error);
    if (!scenario)
        fail_msg("%s", error.message);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_free_where_nothing_is_said),
        cmocka_unit_test(levels_as_they_may_be_written),
        cmocka_unit_test(nothing_can_be_sent_without_a_link),
        cmocka_unit_test(a_boards_own_knobs_come_first),
        cmocka_unit_test(what_cannot_be_is_said),
        cmocka_unit_test(exits_are_free_only_where_that_is_said),
        cmocka_unit_test(exits_that_cannot_be_are_said),
        cmocka_unit_test(versions_are_free_only_where_that_is_said),
        cmocka_unit_test(cuts_spread_evenly_over_the_work),
        cmocka_unit_test(versions_that_cannot_be_are_said),
        cmocka_unit_test(many_streams_fit),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

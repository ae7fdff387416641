// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What goes wrong in a run: servers that go away, links that fall silent, runs that end in the
 * middle of things, callers that stop early. Times and energies by hand: all of a net on the server
 * takes 22 ms, its input 0.1 MB up, its answer 4 kB down, each way 10 ms.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"
#include "forked.h"

static struct tdm_plan all, none; // sent, and kept

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "shares.xml", world_server, "slots=\"1\"",
                "slots=\"1\" discipline=\"shares\"", NULL);
    all = world_sent(2, 3, 2, 0, 1, 32);
    none = world_local(2, 3, 2);
    *state = &world;
    return 0;
}

#define BOARD(id, stream) \
    "<board id=\"" id "\" type=\"toy.xml\" thermal=\"no\" switching=\"no\" jitter=\"no\"/>" \
    "<stream board=\"" id "\" dnn=\"net.xml\" arrivals=\"closed\" input=\"raw\" " stream "/>"
#define LINK(id, rest) "<link from=\"" id "\" to=\"c\" rtt=\"20 ms\" " rest "/>"
#define PLAIN "up=\"8 Mbit/s\" down=\"16 Mbit/s\""
#define SERVER(type) "<server id=\"c\" type=\"" type "\"/>"
#define SCENARIO(duration, content) \
    "<scenario name=\"t\" duration=\"" duration "\">" content "</scenario>"
#define ONE_EACH "count=\"1\""
#define OUTAGE(times) "<outage server=\"c\" " times "/>"

static struct forked *run(const struct world *w, const char *uri, const char *text)
{
    struct tdm_scenario *scenario = world_load(w, text);
    struct forked *f = forked_run(uri, scenario, &all, 1);
    tdm_scenario_free(scenario);
    return f;
}

static const char *const uris[] = {"analytic:", "simgrid:", "simgrid:flows"};
enum { URIS = sizeof uris / sizeof *uris };

// ---- servers that go away ----------------------------------------------------------------------

// One request alone, at the server from 0.11 s on, unless something is in the way.
static void answered_at(const struct world *w, const char *server, const char *outages,
                        double expected)
{
    char text[2048];
    snprintf(text, sizeof text, SCENARIO("3 s", BOARD("b", ONE_EACH) LINK("b", PLAIN) "%s%s"),
             server, outages);
    for (int i = 0; i < URIS; i++) {
        struct forked *f = run(w, uris[i], text);
        assert_int_equal(f->count, isfinite(expected) ? 1 : 0);
        if (f->count)
            assert_near(f->items[0].answer, expected, 1e-9);
        assert_int_equal(f->totals[0].unanswered, isfinite(expected) ? 0 : 1);
        // 100 W for the work that brings the answer.
        assert_near(f->totals[0].server_energy, isfinite(expected) ? 2.2 : 0, 1e-9);
        forked_free(f);
    }
}

static void a_server_goes_away_and_comes_back(void **state)
{
    const struct world *w = *state;
    const char *const servers[] = {SERVER("box.xml"), SERVER("shares.xml")};
    for (int i = 0; i < 2; i++) {
        answered_at(w, servers[i], "", 0.144);
        answered_at(w, servers[i], OUTAGE("from=\"0.12 s\" until=\"0.5 s\""), 0.534);
        answered_at(w, servers[i], OUTAGE("from=\"0.05 s\" until=\"0.5 s\""), 0.534);
        answered_at(w, servers[i], OUTAGE("from=\"0 s\" until=\"0.5 s\""), 0.534);
        answered_at(w, servers[i], OUTAGE("from=\"0 s\" until=\"0.1 s\""), 0.144);
        answered_at(w, servers[i], OUTAGE("from=\"0.14 s\" until=\"0.5 s\""), 0.144);
        answered_at(w, servers[i],
                    OUTAGE("from=\"0.1 s\" until=\"0.115 s\"")
                        OUTAGE("from=\"0.115 s\" until=\"0.12 s\""),
                    0.154);
        // Back for 10 ms only, which is not enough.
        answered_at(w, servers[i],
                    OUTAGE("from=\"0.12 s\" until=\"0.5 s\"")
                        OUTAGE("from=\"0.51 s\" until=\"0.6 s\""),
                    0.634);
        answered_at(w, servers[i], OUTAGE("from=\"0.12 s\""), INFINITY);
        answered_at(w, servers[i], OUTAGE("from=\"0 s\""), INFINITY);
    }
}

// Two that it was working on or had queued, and one that comes while it is away.
static void those_who_wait_are_served_when_it_is_back(void **state)
{
    const char *const texts[] = {SERVER("box.xml"), SERVER("shares.xml")};
    static const double expected[2][3] = {{0.534, 0.556, 0.578}, {0.578, 0.578, 0.578}};
    for (int i = 0; i < 2; i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 SCENARIO("3 s",
                          BOARD("b1", ONE_EACH) BOARD("b2", ONE_EACH) BOARD(
                              "b3", ONE_EACH " from=\"0.2 s\"") LINK("b1", PLAIN) LINK("b2", PLAIN)
                              LINK("b3", PLAIN) "%s" OUTAGE("from=\"0.12 s\" until=\"0.5 s\"")),
                 texts[i]);
        struct forked *f = run(*state, "simgrid:", text);
        assert_int_equal(f->count, 3);
        for (int k = 0; k < 3; k++)
            assert_near(f->items[k].answer, expected[i][k], 1e-9);
        forked_free(f);
    }
}

// ---- links that fall silent --------------------------------------------------------------------

#define TWO(cell, own, stream) \
    BOARD("b1", stream) \
    BOARD("b2", stream) \
    LINK("b1", own " cell=\"a\"") \
    LINK("b2", own " cell=\"a\"") \
    "<cell id=\"a\" " cell "/>" \
    "<server id=\"c\" type=\"box.xml\" slots=\"2\"/>"

static void a_cell_falls_silent_and_comes_back(void **state)
{
    const struct world *w = *state;
    world_write(w, "gap.csv",
                "time_s,up_mbit_s,down_mbit_s\n0,16,16\n0.05,0,16\n0.65,16,16\n90,16,16\n", NULL);
    struct forked *f = run(w, "simgrid:", SCENARIO("3 s", TWO("trace=\"gap.csv\"", "", ONE_EACH)));
    assert_int_equal(f->count, 2);
    for (int i = 0; i < 2; i++) {
        assert_near(f->items[i].up, 0.71, 1e-6);
        assert_near(f->items[i].answer, 0.732 + 0.004 + 0.01, 1e-6);
    }
    forked_free(f);
}

// Radio: 6.4 uJ a byte, 0.2 W besides, 0.05 s of 0.6 W before it.
static void a_cell_is_silent_for_ever(void **state)
{
    const struct world *w = *state;
    world_write(w, "dies.csv", "time_s,up_mbit_s,down_mbit_s\n0,16,16\n0.1,0,0\n90,0,0\n", NULL);
    struct forked *f = run(
        w, "simgrid:", SCENARIO("1 s", TWO("trace=\"dies.csv\"", "radio=\"air.xml\"", ONE_EACH)));
    assert_int_equal(f->count, 0);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(f->totals[i].unanswered, 1);
        assert_near(f->totals[i].radio_energy, 0.03 + 0.2 * 0.95 + 6.4e-6 * 50000, 1e-6);
    }
    forked_free(f);
    f = run(w, "simgrid:",
            SCENARIO("1 s", TWO("bandwidth=\"0 bit/s\"", "radio=\"air.xml\"", ONE_EACH)));
    assert_int_equal(f->count, 0);
    for (int i = 0; i < 2; i++)
        assert_near(f->totals[i].radio_energy, 0.03 + 0.2 * 0.95, 1e-6);
    forked_free(f);
}

static void a_silent_board_leaves_the_cell_to_others(void **state)
{
    struct forked *f = run(
        *state, "simgrid:",
        SCENARIO("1 s",
                 BOARD("b1", ONE_EACH) BOARD("b2", ONE_EACH)
                     LINK("b1", "bandwidth=\"0 bit/s\" cell=\"a\"")
                         LINK("b2", "cell=\"a\"") "<cell id=\"a\" bandwidth=\"8 Mbit/s\"/>" SERVER(
                             "box.xml")));
    assert_int_equal(f->count, 1);
    assert_int_equal(f->items[0].board, 1);
    assert_near(f->items[0].answer, 0.11 + 0.022 + 0.004 + 0.01, 1e-6);
    assert_int_equal(f->totals[0].unanswered, 1);
    forked_free(f);
}

// Two round trips, and what slow start leaves idle of a third: 20 - 14.6 ms.
static void connections_are_opened_in_a_cell(void **state)
{
    struct forked *f = run(*state, "simgrid:",
                           SCENARIO("1 s", TWO("bandwidth=\"16 Mbit/s\"",
                                               "bandwidth=\"8 Mbit/s\" cold=\"yes\"", ONE_EACH)));
    assert_int_equal(f->count, 2);
    for (int i = 0; i < 2; i++)
        assert_near(f->items[i].up, 0.0454 + 0.1 + 0.01, 1e-6);
    forked_free(f);
}

// ---- runs that end in the middle ---------------------------------------------------------------

static void what_is_under_way_at_the_end_is_counted_once(void **state)
{
    // Awake from 0.05 s on; half of 1 MB/s each, so 25 kB have gone by 0.1 s.
    struct forked *f =
        run(*state, "simgrid:",
            SCENARIO("0.1 s", TWO("bandwidth=\"8 Mbit/s\"", "radio=\"air.xml\"", ONE_EACH)));
    for (int i = 0; i < 2; i++)
        assert_near(f->totals[i].radio_energy, 0.03 + 0.2 * 0.05 + 6.4e-6 * 25000, 1e-9);
    forked_free(f);
    // Still waking up.
    f = run(*state, "simgrid:",
            SCENARIO("0.04 s", TWO("bandwidth=\"8 Mbit/s\"", "radio=\"air.xml\"", ONE_EACH)));
    for (int i = 0; i < 2; i++)
        assert_near(f->totals[i].radio_energy, 0.6 * 0.04, 1e-9);
    forked_free(f);
    for (int i = 0; i < URIS; i++) {
        // Alone: sent by 0.15 s, served from 0.16 s on, which the run sees 11 ms of.
        const char *text =
            SCENARIO("0.171 s",
                     BOARD("b", ONE_EACH) LINK("b", PLAIN " radio=\"air.xml\"") SERVER("box.xml"));
        f = run(*state, uris[i], text);
        assert_near(f->totals[0].server_energy, 1.1, 1e-9);
        // The tail since 0.15 s: 0.3 W.
        assert_near(f->totals[0].radio_energy, 0.03 + 0.02 + 0.64 + 0.3 * 0.021, 1e-9);
        forked_free(f);
        // The first half of the answer: 1 ms of 2 from 0.192 s on, 0.2 W and 3.2 uJ a byte.
        text = SCENARIO("0.193 s", BOARD("b", ONE_EACH) LINK("b", PLAIN " radio=\"air.xml\"")
                                       SERVER("box.xml"));
        f = run(*state, uris[i], text);
        assert_int_equal(f->totals[0].unanswered, 1);
        assert_near(f->totals[0].radio_energy,
                    0.03 + 0.02 + 0.64 + 0.3 * 0.042 + 0.2 * 0.001 + 3.2e-6 * 2000,
                    i == 2 ? 1e-2 : 1e-9);
        forked_free(f);
    }
    // A server that shares itself: two for 11 ms.
    f = run(*state, "simgrid:",
            SCENARIO("0.121 s", BOARD("b1", ONE_EACH) BOARD("b2", ONE_EACH) LINK("b1", PLAIN)
                                    LINK("b2", PLAIN) SERVER("shares.xml")));
    assert_near(f->totals[0].server_energy, 0.55, 1e-9);
    assert_near(f->totals[1].server_energy, 0.55, 1e-9);
    forked_free(f);
}

// A million seconds: the last request is as exact as the first.
static void a_long_run_keeps_time(void **state)
{
    struct forked *f = run(
        *state,
        "simgrid:", SCENARIO("1000000 s", TWO("bandwidth=\"8 Mbit/s\"", "", "think=\"999 s\"")));
    const double alone = 0.022 + 0.02; // both at once: twice 0.1 s, twice 4 ms
    assert_in_range(f->count, 2000, 2002);
    for (size_t i = 0; i < f->count; i++)
        assert_near(f->items[i].latency, alone + 0.2 + 0.008, 1e-6);
    forked_free(f);
}

// ---- queues ------------------------------------------------------------------------------------

/*
 * Two in flight. The first takes 10 s over a link of its own, which is known at once; the second
 * 6 s in the cell, where nobody knows it. The third then starts at 7 s and sees an empty queue,
 * whatever comes at 8 s.
 */
static void nobody_sees_requests_of_the_future(void **state)
{
    const struct world *w = *state;
    world_write(w, "times", "0\n1\n6\n8\n", NULL);
    struct tdm_scenario *scenario = world_load(
        w,
        SCENARIO(
            "20 s",
            "<board id=\"b\" type=\"toy.xml\" thermal=\"no\" switching=\"no\"/>"
            "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"file\" file=\"times\" "
            "input=\"raw\" inflight=\"2\" queue=\"2\"/>"
            "<server id=\"d\" type=\"box.xml\"/>" BOARD("x", "from=\"30 s\"") LINK(
                "b", "bandwidth=\"80 kbit/s\"") "<link from=\"b\" to=\"d\" bandwidth=\"144 "
                                                "kbit/s\" cell=\"a\"/>"
                                                "<link from=\"x\" to=\"d\" cell=\"a\"/>"
                                                "<cell id=\"a\" bandwidth=\"800 kbit/s\"/>" SERVER(
                                                    "box.xml")));
    struct tdm_plan plans[2] = {all, all};
    plans[1].link = 1;
    const struct forked_plans p = {"simgrid:", scenario, plans, 2, 1};
    struct forked *f = forked_call(forked_plans_run, &p);
    assert_true(f->ordered);
    assert_int_equal(f->decisions, 4);
    assert_in_range((int)(1000 * f->states[2].now), 6700, 7000);
    assert_int_equal(f->states[2].queued, 0);
    assert_int_equal(f->totals[0].arrived, 4);
    forked_free(f);
    tdm_scenario_free(scenario);
}

// ---- callers -----------------------------------------------------------------------------------

#define FLEET \
    SCENARIO("5 s", \
             "<fleet count=\"9\">" BOARD("b", "") LINK( \
                 "b", "cell=\"a\"") "</fleet>" \
                                    "<cell id=\"a\" bandwidth=\"80 Mbit/s\"/>" SERVER("box.xml"))

static void open_and_leave(const void *scenario, struct forked *f)
{
    tdm_engine_free(tdm_engine_open("simgrid:", scenario, 1, &f->error));
}

static void leave_early(const void *scenario, struct forked *f)
{
    struct tdm_engine *engine = tdm_engine_open("simgrid:energy", scenario, 1, &f->error);
    struct tdm_event event;
    while (f->count < 20 && engine && tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION)
            tdm_engine_decide(engine, &all);
        else
            f->count++;
    }
    tdm_engine_free(engine);
}

static void leave_undecided(const void *scenario, struct forked *f)
{
    struct tdm_engine *engine = tdm_engine_open("simgrid:", scenario, 1, &f->error);
    struct tdm_event event;
    f->count = engine && tdm_engine_next(engine, &event);
    tdm_engine_free(engine);
}

static void run_twice(const void *scenario, struct forked *f)
{
    const struct forked_plans p = {"simgrid:", scenario, &all, 1, 0};
    leave_early(scenario, f);
    if (!f->error.message[0])
        forked_plans_run(&p, f);
}

static void run_both(const void *scenario, struct forked *f)
{
    struct tdm_engine *first = tdm_engine_open("simgrid:", scenario, 1, &f->error);
    struct tdm_engine *second = tdm_engine_open("simgrid:", scenario, 1, &f->error);
    const struct forked_plans p = {"simgrid:", scenario, &all, 1, 0};
    if (first && second) {
        forked_follow(first, &p, f);
        forked_follow(second, &p, f);
    }
    tdm_engine_free(second);
    tdm_engine_free(first);
}

static void call_again(const void *scenario, struct forked *f)
{
    const struct forked_plans p = {"simgrid:", scenario, &all, 1, 0};
    struct tdm_engine *engine = tdm_engine_open("simgrid:", scenario, 1, &f->error);
    struct tdm_event event;
    if (engine)
        forked_follow(engine, &p, f);
    f->ordered = engine && !tdm_engine_next(engine, &event) && !tdm_engine_next(engine, &event);
    tdm_engine_free(engine);
}

static void callers_may_stop_when_they_like(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, FLEET);
    forked_free(forked_call(open_and_leave, scenario));
    struct forked *f = forked_call(leave_early, scenario);
    assert_int_equal(f->count, 20);
    forked_free(f);
    f = forked_call(leave_undecided, scenario);
    assert_int_equal(f->count, 1);
    forked_free(f);
    f = forked_call(call_again, scenario);
    assert_true(f->ordered);
    forked_free(f);
    tdm_scenario_free(scenario);
}

static void a_process_has_one_run(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, FLEET);
    struct forked *f = forked_call(run_twice, scenario);
    assert_int_equal(f->count, 20);
    assert_non_null(strstr(f->error.message, "once a process"));
    forked_free(f);
    f = forked_call(run_both, scenario);
    assert_true(f->count > 20);
    assert_non_null(strstr(f->error.message, "once a process"));
    forked_free(f);
    tdm_scenario_free(scenario);
}

// ---- what is seen ------------------------------------------------------------------------------

// What the second board sees, and foresees of sending all.
static void look_ahead(const void *scenario, struct forked *f)
{
    struct tdm_engine *engine = tdm_engine_open("simgrid:", scenario, 1, &f->error);
    struct tdm_event event;
    while (engine && f->count == 0 && tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION && event.state->board == 1) {
            f->states[f->count] = *event.state;
            tdm_unit_foresee(event.state->unit, &all, &f->items[f->count++]);
        }
        if (event.kind == TDM_DECISION)
            tdm_engine_decide(engine, &all);
    }
    tdm_engine_free(engine);
}

// One sends since 0 s; the other one's probe shares with it, and its oracle does not know.
static void probes_meet_others_and_oracles_do_not(void **state)
{
    struct tdm_scenario *scenario = world_load(
        *state,
        SCENARIO("9 s",
                 BOARD("b1", ONE_EACH) BOARD("b2", "from=\"2.5 s\"") LINK("b1", "cell=\"a\"")
                     LINK("b2", "cell=\"a\"") "<cell id=\"a\" bandwidth=\"80 kbit/s\"/>" SERVER(
                         "box.xml")));
    struct forked *f = forked_call(look_ahead, scenario);
    assert_int_equal(f->count, 1);
    assert_near(f->states[0].now, 2.5, 1e-12);
    assert_near(f->states[0].bandwidth, 5000, 1e-9);
    assert_near(f->states[0].trend, 0, 1e-9);
    assert_near(f->items[0].up, 10.01, 1e-9);
    assert_near(f->items[0].remote, 0.022, 1e-9);
    forked_free(f);
    tdm_scenario_free(scenario);
}

// ---- names -------------------------------------------------------------------------------------

// What a generated platform calls things is nobody's id.
static void ids_may_be_anything(void **state)
{
    struct forked *f = run(
        *state, "simgrid:",
        SCENARIO(
            "1 s",
            BOARD("b", ONE_EACH) BOARD("b-cpu", ONE_EACH) BOARD("b.c", ONE_EACH)
                LINK("b", "cell=\"a\"") LINK("b-cpu", "cell=\"a\"") LINK(
                    "b.c",
                    "bandwidth=\"8 Mbit/s\" cell=\"a\"") "<link from=\"b\" to=\"c.c\" "
                                                         "bandwidth=\"8 Mbit/s\" "
                                                         "cell=\"a\"/><server id=\"c.c\" "
                                                         "type=\"box.xml\"/>"
                                                         "<server id=\"c.down\" type=\"box.xml\"/>"
                                                         "<cell id=\"a\" bandwidth=\"8 "
                                                         "Mbit/s\"/>" SERVER("box.xml")));
    assert_int_equal(f->count, 3);
    forked_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_goes_away_and_comes_back),
        cmocka_unit_test(those_who_wait_are_served_when_it_is_back),
        cmocka_unit_test(a_cell_falls_silent_and_comes_back),
        cmocka_unit_test(a_cell_is_silent_for_ever),
        cmocka_unit_test(a_silent_board_leaves_the_cell_to_others),
        cmocka_unit_test(connections_are_opened_in_a_cell),
        cmocka_unit_test(what_is_under_way_at_the_end_is_counted_once),
        cmocka_unit_test(a_long_run_keeps_time),
        cmocka_unit_test(nobody_sees_requests_of_the_future),
        cmocka_unit_test(callers_may_stop_when_they_like),
        cmocka_unit_test(a_process_has_one_run),
        cmocka_unit_test(probes_meet_others_and_oracles_do_not),
        cmocka_unit_test(ids_may_be_anything),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

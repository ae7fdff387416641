// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * How cells share: n at once take n times as long, max-min fair shares over nested cells, shares by
 * round trips. Every share is solved by hand in the comments.
 *
 * The boards send 1 MB each, next to nothing comes back, and the server takes no time: what a board
 * gets on average is 1 MB by the time that its upload took.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"
#include "forked.h"
#include "played.h"

#define NEAR 1e-8 // s

static struct tdm_plan all;

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    // All of it up; all of it down; 1 MB both ways.
    world_write(&world, "up.xml", world_dnn, "raw=\"100000 B\"", "raw=\"1000000 B\"",
                "out=\"4000 B\"", "out=\"0 B\"", NULL);
    world_write(&world, "down.xml", world_dnn, "raw=\"100000 B\"", "raw=\"1 B\"", "out=\"4000 B\"",
                "out=\"1000000 B\"", NULL);
    world_write(&world, "instant.xml", world_server, "flop=\"100 GFLOP/s\"", "flop=\"1e6 TFLOP/s\"",
                "overhead=\"2 ms\"", "overhead=\"0 s\"", "slots=\"1\"", "slots=\"1000\"", NULL);
    world_write(&world, "slow.xml", world_server, "flop=\"100 GFLOP/s\"", "flop=\"1e6 TFLOP/s\"",
                "overhead=\"2 ms\"", "overhead=\"1 s\"", "slots=\"1\"", "slots=\"1000\"", NULL);
    all = world_sent(2, 3, 2, 0, 1, 32);
    *state = &world;
    return 0;
}

#define BOARD "type=\"toy.xml\" thermal=\"no\" switching=\"no\" jitter=\"no\""
#define STREAM(id, rest) \
    "<stream board=\"" id "\" dnn=\"up.xml\" arrivals=\"closed\" count=\"1\" input=\"raw\" " rest \
    "/>"
#define BOARD_OF(id) "<board id=\"" id "\" " BOARD "/>" STREAM(id, "")
#define LINK(id, rest) "<link from=\"" id "\" to=\"c\" " rest "/>"
#define SERVER "<server id=\"c\" type=\"instant.xml\"/>"
#define SCENARIO(content) "<scenario name=\"t\" duration=\"1000 s\">" content "</scenario>"

// Every board sends once, at 0. Outcomes by board.
static struct played *once(const struct world *w, const char *text, size_t boards)
{
    struct tdm_scenario *scenario = world_load(w, text);
    struct played *p = play("simgrid:", scenario, 0, 4096, play_one_plan, &all);
    tdm_scenario_free(scenario);
    assert_int_equal(p->count, boards);
    for (size_t i = 0; i < p->count; i++)
        while (p->items[i].board != (int)i) { // sort
            struct tdm_outcome *other = &p->items[p->items[i].board], held = *other;
            *other = p->items[i];
            p->items[i] = held;
        }
    return p;
}

// ---- n at once ---------------------------------------------------------------------------------

// 8 Mbit/s is 1 MB/s: 1 s for one alone, n s for each of n.
static void n_at_once_take_n_times_as_long(void **state)
{
    static const struct {
        const char *dnn, *cell;
    } ways[] = {{"up.xml", "up=\"8 Mbit/s\""},
                {"up.xml", "bandwidth=\"8 Mbit/s\""},
                {"down.xml", "down=\"8 Mbit/s\" up=\"800 Gbit/s\""},
                {"up.xml", "bandwidth=\"8 Mbit/s\" duplex=\"half\""},
                {"up.xml", "bandwidth=\"8 Mbit/s\" fairness=\"rtt\""}};
    static const int numbers[] = {1, 2, 3, 10, 100};
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
            const int n = numbers[k];
            char text[2048];
            snprintf(text, sizeof text,
                     SCENARIO("%s<cell id=\"a\" %s/><fleet count=\"%d\"><board id=\"b\" " BOARD
                              "/><link from=\"b\" to=\"c\" up=\"80 Gbit/s\" down=\"80 Gbit/s\" "
                              "rtt=\"20 ms\" cell=\"a\"/><stream board=\"b\" dnn=\"%s\" "
                              "arrivals=\"file\" file=\"zero.txt\" input=\"raw\"/></fleet>"),
                     SERVER, ways[i].cell, n, ways[i].dnn);
            world_write(*state, "zero.txt", "0\n", NULL);
            struct played *p = once(*state, text, (size_t)n);
            for (int b = 0; b < n; b++) // and the round trip
                assert_near(p->items[b].answer, n + 0.02, 1e-8 * n);
            played_free(p);
        }
}

// One sends while another receives: they share in half duplex only.
static void half_duplex_shares_both_ways(void **state)
{
    static const struct {
        const char *duplex;
        double took;
    } cases[] = {{"full", 1}, {"half", 2}};
    for (int i = 0; i < 2; i++) {
        char text[2048];
        // "d" asks at once and is answered from 1 s on; "u" sends from 1 s on.
        snprintf(text, sizeof text,
                 SCENARIO("<server id=\"c\" type=\"slow.xml\"/>"
                          "<cell id=\"a\" bandwidth=\"8 Mbit/s\" duplex=\"%s\"/>"
                          "<board id=\"u\" " BOARD "/><board id=\"d\" " BOARD
                          "/>" LINK("u", "cell=\"a\"") LINK("d", "cell=\"a\"") STREAM(
                              "u", "from=\"1.000001 s\"") "<stream board=\"d\" dnn=\"down.xml\" "
                                                          "arrivals=\"closed\" count=\"1\" "
                                                          "input=\"raw\"/>"),
                 cases[i].duplex);
        struct played *p = once(*state, text, 2);
        assert_near(p->items[0].up, cases[i].took, NEAR);
        assert_near(p->items[1].down, cases[i].took, NEAR);
        played_free(p);
    }
}

// Each of 3 cells of 2 has the whole rate to itself; the last has one board only.
static void cells_of_two_share_by_twos(void **state)
{
    const char *text = SCENARIO(
        SERVER "<cell id=\"a\" bandwidth=\"8 Mbit/s\" boards=\"2\"/><fleet count=\"5\"><board "
               "id=\"b\" " BOARD "/><link from=\"b\" to=\"c\" cell=\"a\"/><stream board=\"b\" "
               "dnn=\"up.xml\" arrivals=\"file\" file=\"zero.txt\" input=\"raw\"/></fleet>");
    world_write(*state, "zero.txt", "0\n", NULL);
    struct played *p = once(*state, text, 5);
    for (int b = 0; b < 5; b++)
        assert_near(p->items[b].up, b < 4 ? 2 : 1, NEAR);
    played_free(p);
}

// ---- hand-solved shares ------------------------------------------------------------------------

static void assert_uploads(const struct played *p, const double *took, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_near(p->items[i].up, took[i], NEAR);
}

#define NESTED(rtt1, rtt2, rtt3) \
    SCENARIO(SERVER "<cell id=\"backhaul\" bandwidth=\"80 Mbit/s\"/>" \
                    "<cell id=\"a\" inside=\"backhaul\" bandwidth=\"32 Mbit/s\"/>" \
                    "<cell id=\"b\" inside=\"backhaul\" bandwidth=\"160 Mbit/s\"/>" BOARD_OF("x") \
                        BOARD_OF("y") BOARD_OF("z") LINK("x", "cell=\"a\" rtt=\"" rtt1 "\"") \
                            LINK("y", "cell=\"a\" rtt=\"" rtt2 "\"") \
                                LINK("z", "cell=\"b\" rtt=\"" rtt3 "\""))

/*
 * A backhaul of 10 MB/s; in it cell a of 4 MB/s with x and y, and cell b of 20 MB/s with z.
 * Filling up: all rise to 2, where a is full (2 + 2 = 4); z goes on to 10 - 4 = 6. So z has sent
 * its 1 MB after 1/6 s; x and y go on with 2 each, as a is full still: 1/2 s.
 */
static void nested_cells_share_max_min_fairly(void **state)
{
    static const double took[] = {0.5, 0.5, 1.0 / 6};
    struct played *p = once(*state, NESTED("0 s", "0 s", "0 s"), 3);
    assert_uploads(p, took, 3);
    played_free(p);
}

// The same with unequal round trips: max-min fair shares do not look at them. Half of it is in
// what an upload takes until it is at the server.
static void equal_shares_do_not_look_at_round_trips(void **state)
{
    struct played *p = once(*state, NESTED("20 ms", "200 ms", "80 ms"), 3);
    assert_near(p->items[0].up, 0.5 + 0.01, NEAR);
    assert_near(p->items[1].up, 0.5 + 0.1, NEAR);
    assert_near(p->items[2].up, 1.0 / 6 + 0.04, NEAR);
    played_free(p);
}

/*
 * A long flow over three links and a short one on each. Own link of "long": 9 MB/s, with nobody
 * else. Cell inner: 3 MB/s, with "long" and "in". Around it, outer: 8 MB/s, with "long", "in" and
 * "out".
 *
 * Filling up: all rise to 1.5, where inner is full (1.5 + 1.5 = 3). "out" goes on to 8 - 3 = 5: it
 * is done after 0.2 s. Then "long" and "in" still have 1.5 each, from inner: 1 / 1.5 s.
 */
static void a_flow_over_more_links_has_the_least_share_on_its_way(void **state)
{
    static const double took[] = {2.0 / 3, 2.0 / 3, 0.2};
    const char *text = SCENARIO(
        SERVER "<cell id=\"outer\" bandwidth=\"64 Mbit/s\"/>"
               "<cell id=\"inner\" inside=\"outer\" bandwidth=\"24 Mbit/s\"/>" BOARD_OF("long")
                   BOARD_OF("in") BOARD_OF("out")
                       LINK("long", "cell=\"inner\" bandwidth=\"72 Mbit/s\"")
                           LINK("in", "cell=\"inner\"") LINK("out", "cell=\"outer\""));
    struct played *p = once(*state, text, 3);
    assert_uploads(p, took, 3);
    played_free(p);
}

/*
 * A link of its own that is narrower than its share leaves the rest to others: a cell of 6 MB/s
 * with "slow" (own link 1 MB/s) and "fast": 1 and 5. "fast" is done after 0.2 s; "slow" stays at 1.
 */
static void what_a_narrow_link_cannot_use_others_get(void **state)
{
    static const double took[] = {1, 0.2};
    const char *text =
        SCENARIO(SERVER "<cell id=\"a\" bandwidth=\"48 Mbit/s\"/>" BOARD_OF("slow") BOARD_OF("fast")
                     LINK("slow", "cell=\"a\" bandwidth=\"8 Mbit/s\"") LINK("fast", "cell=\"a\""));
    struct played *p = once(*state, text, 2);
    assert_uploads(p, took, 2);
    played_free(p);
}

// Three in a cell of 3 MB/s, one of whom comes at 0.6 s: 1.5 each until then (0.9 MB), then 1 each:
// 0.1 s for the rest, at 0.7 s. The third has sent 0.1 MB by then, and has 3 for 0.9: 0.3 s.
static void shares_are_anew_when_one_comes_or_leaves(void **state)
{
    const char *text =
        SCENARIO(SERVER "<cell id=\"a\" bandwidth=\"24 Mbit/s\"/><board id=\"x\" " BOARD
                        "/><board id=\"y\" " BOARD "/><board id=\"z\" " BOARD "/>" STREAM("x", "")
                            STREAM("y", "") STREAM("z", "from=\"0.6 s\"") LINK("x", "cell=\"a\"")
                                LINK("y", "cell=\"a\"") LINK("z", "cell=\"a\""));
    struct played *p = once(*state, text, 3);
    assert_near(p->items[0].answer, 0.7, NEAR);
    assert_near(p->items[1].answer, 0.7, NEAR);
    assert_near(p->items[2].answer, 1.0, NEAR);
    played_free(p);
}

// ---- shares by round trips ---------------------------------------------------------------------

#define BY_RTT(x, y) \
    SCENARIO(SERVER "<cell id=\"a\" bandwidth=\"32 Mbit/s\" fairness=\"rtt\"/>" BOARD_OF("x") \
                 BOARD_OF("y") LINK("x", "cell=\"a\" rtt=\"" x "\"") \
                     LINK("y", "cell=\"a\" rtt=\"" y "\""))

/*
 * A cell of 4 MB/s, x with a round trip of 20 ms and y with 60 ms: weights 3 to 1. Bytes flow once
 * half a round trip has passed: x from 0.01 s on, alone with 4 until 0.03 s (0.08 MB). Then x has
 * 3 and y 1: x is done 0.92 / 3 s later, at 0.336667 s, where y has sent 0.306667 MB; y then has 4
 * for 0.693333 MB: 0.173333 s, so 0.51 s. (Both together: 2 MB at 4 MB/s from 0.01 s on: 0.51 s.)
 */
static void shares_by_round_trips(void **state)
{
    struct played *p = once(*state, BY_RTT("20 ms", "60 ms"), 2);
    assert_near(p->items[0].up, 0.03 + 0.92 / 3, NEAR);
    assert_near(p->items[1].up, 0.51, NEAR);
    played_free(p);
}

/*
 * A round trip that changes with its trace: x has 20 ms until 5 s and 60 ms from then on, y 60 ms.
 * At 10 s they are equal: 2 each from 10.03 s on, so both are there at 10.53 s. A cell of 4 MB/s.
 */
static void shares_follow_round_trips(void **state)
{
    const struct world *w = *state;
    world_write(w, "longer.csv",
                "# duration: 9 s\n# loop: no\ntime_s,up_mbit_s,down_mbit_s,rtt_ms\n0,800,800,20\n"
                "5,800,800,60\n",
                NULL);
    const char *text = SCENARIO(
        SERVER "<cell id=\"a\" bandwidth=\"32 Mbit/s\" fairness=\"rtt\"/><board id=\"x\" " BOARD
               "/><board id=\"y\" " BOARD "/>" STREAM("x", "from=\"10 s\"")
                   STREAM("y", "from=\"10 s\"") LINK("x", "cell=\"a\" trace=\"longer.csv\"")
                       LINK("y", "cell=\"a\" rtt=\"60 ms\""));
    struct played *p = once(w, text, 2);
    assert_near(p->items[0].up, 0.53, NEAR);
    assert_near(p->items[1].up, 0.53, NEAR);
    assert_near(p->items[0].answer, 10.53 + 0.03, NEAR);
    played_free(p);
}

/*
 * Nested, by round trips: backhaul 10, cell a 4 with x (20 ms) and y (60 ms), cell b 20 with z
 * (40 ms). Weights 1/20, 1/60, 1/40: 6 to 2 to 3. Filling up by weight: the backhaul would be full
 * at 10 / 11 a weight; a is full before, at 4 / 8 a weight: x 3, y 1. z goes on to 10 - 4 = 6.
 * Starts at 10, 30 and 20 ms. Until 20 ms x alone: 4 (a): 0.04 MB. From then z: 6, x 4: until 30 ms
 * x has 0.08, z 0.06. Then x 3, y 1, z 6: z is done 0.94 / 6 s later, at 0.186667 s; x 0.92 / 3 s
 * later, at 0.336667 s. y then has sent 0.306667, and has 4 for 0.693333: 0.51 s.
 */
static void nested_shares_by_round_trips(void **state)
{
    const char *text = SCENARIO(
        SERVER "<cell id=\"backhaul\" bandwidth=\"80 Mbit/s\" fairness=\"rtt\"/>"
               "<cell id=\"a\" inside=\"backhaul\" bandwidth=\"32 Mbit/s\" fairness=\"rtt\"/>"
               "<cell id=\"b\" inside=\"backhaul\" bandwidth=\"160 Mbit/s\" "
               "fairness=\"rtt\"/>" BOARD_OF("x") BOARD_OF("y") BOARD_OF("z")
                   LINK("x", "cell=\"a\" rtt=\"20 ms\"") LINK("y", "cell=\"a\" rtt=\"60 ms\"")
                       LINK("z", "cell=\"b\" rtt=\"40 ms\""));
    struct played *p = once(*state, text, 3);
    assert_near(p->items[0].up, 0.03 + 0.92 / 3, NEAR);
    assert_near(p->items[1].up, 0.51, NEAR);
    assert_near(p->items[2].up, 0.03 + 0.94 / 6, NEAR);
    played_free(p);
}

// ---- looking ahead -----------------------------------------------------------------------------

/*
 * The engine may let boards go on while SimGrid lags behind by half a round trip, but not where a
 * board may have several requests in flight. So with requests so far apart that there never are
 * two, both must tell the same: 16 boards at periods of their own, round trips from 40 to 190 ms,
 * one cell, a server with one slot; every fourth board keeps its requests.
 */
static void send_or_keep(void *context, const struct tdm_state *state, struct tdm_plan *plan)
{
    (void)context;
    *plan = state->board % 4 == 3 ? world_local(2, 3, 2) : all;
}

static struct played *spread(const struct world *w, const char *inflight)
{
    char text[8192] = "<scenario name=\"t\" duration=\"1500 s\"><server id=\"c\" type=\"box.xml\"/>"
                      "<cell id=\"a\" bandwidth=\"16 Mbit/s\"/>";
    for (int b = 0; b < PLAYED_BOARDS; b++) {
        const size_t length = strlen(text);
        snprintf(text + length, sizeof text - length,
                 "<board id=\"b%d\" " BOARD "/><link from=\"b%d\" to=\"c\" cell=\"a\" "
                 "trace=\"steps.csv\" rtt=\"%d ms\"/><stream board=\"b%d\" dnn=\"net.xml\" "
                 "input=\"raw\" "
                 "arrivals=\"periodic\" rate=\"%.3f /s\" inflight=\"%s\"/>",
                 b, b, 40 + 10 * b, b, 0.4 - 0.007 * b, inflight);
    }
    strcat(text, "</scenario>");
    struct tdm_scenario *scenario = world_load(w, text);
    struct played *p = play("simgrid:", scenario, 0, 16384, send_or_keep, NULL);
    tdm_scenario_free(scenario);
    return p;
}

static void looking_ahead_changes_nothing(void **state)
{
    world_write(*state, "steps.csv",
                "# duration: 3 s\ntime_s,up_mbit_s,down_mbit_s\n0,8,8\n1.3,3,8\n", NULL);
    struct played *ahead = spread(*state, "1"), *step = spread(*state, "2");
    assert_int_equal(ahead->count, step->count);
    double most = 0, least = INFINITY;
    for (size_t i = 0; i < ahead->count; i++) {
        const struct tdm_outcome *a = &ahead->items[i], *s = &step->items[i];
        assert_int_equal(a->board, s->board); // the order of answers, too
        assert_int_equal(a->request, s->request);
        assert_near(a->answer, s->answer, NEAR);
        assert_near(a->remote, s->remote, NEAR);
        assert_near(a->energy, s->energy, NEAR);
        assert_near(a->bandwidth, s->bandwidth, NEAR * s->bandwidth); // what probes saw of the cell
        most = fmax(most, a->latency);
        least = fmin(least, a->latency);
    }
    assert_true(ahead->count > 1000 && most < 1 / 0.4 && most > 3 * least); // they do contend
    played_free(ahead);
    played_free(step);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(n_at_once_take_n_times_as_long),
        cmocka_unit_test(half_duplex_shares_both_ways),
        cmocka_unit_test(cells_of_two_share_by_twos),
        cmocka_unit_test(nested_cells_share_max_min_fairly),
        cmocka_unit_test(equal_shares_do_not_look_at_round_trips),
        cmocka_unit_test(a_flow_over_more_links_has_the_least_share_on_its_way),
        cmocka_unit_test(what_a_narrow_link_cannot_use_others_get),
        cmocka_unit_test(shares_are_anew_when_one_comes_or_leaves),
        cmocka_unit_test(shares_by_round_trips),
        cmocka_unit_test(shares_follow_round_trips),
        cmocka_unit_test(nested_shares_by_round_trips),
        cmocka_unit_test(looking_ahead_changes_nothing),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** AppealNet: who appeals, what that costs, and whether the accuracy is what was asked for. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"

// The big network is right in 80 %, the little one in 70 %.
static struct tdm_scenario *load(const struct world *w, const char *stream)
{
    char text[2048];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"900 s\">" WORLD_BOARD WORLD_LINK
             "<server id=\"c\" type=\"box.xml\"/>"
             "<stream board=\"b\" dnn=\"net.xml\" input=\"raw\" %s/></scenario>",
             stream);
    return world_load(w, text);
}

#define PAIR "versions=\"small.xml\" "

static struct world_run run(const struct world *w, const char *stream, const char *policy)
{
    struct tdm_scenario *scenario = load(w, stream);
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *p = world_policy(policy, scenario, 3);
    const struct world_run result = world_run(engine, p);
    tdm_policy_free(p);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return result;
}

static void harder_ones_appeal(void **state)
{
    struct world_run r = run(*state, PAIR "difficulty=\"80 %\"", "appealnet:0.6");
    size_t appeals = 0;
    assert_true(r.count > 2000);
    for (size_t i = 0; i < r.count; i++) {
        const struct tdm_outcome *o = &r.items[i];
        const bool hard = o->difficulty > 0.6;
        appeals += hard;
        assert_int_equal(o->plan.version, hard ? 0 : 1);
        assert_int_equal(o->plan.first, hard ? 1 : 0);
        assert_near(o->sent, hard ? 100000 : 0, 0);
        // A of 0.8 has m = 4, of 0.7 m = 7/3.
        const double lost = hard ? pow(o->difficulty, 4) : pow(o->difficulty, 7. / 3);
        assert_near(o->accuracy, 0.2 * (hard ? 0.8 : 0.7) + 0.8 * (1 - lost), 1e-12);
    }
    const double n = (double)r.count;
    assert_near((double)appeals / n, 0.4, 5 * sqrt(0.24 / n));
    free(r.items);
}

static void nobody_and_everybody(void **state)
{
    struct world_run r = run(*state, PAIR "difficulty=\"1\"", "appealnet:1");
    for (size_t i = 0; i < r.count; i++)
        assert_near(r.items[i].sent, 0, 0);
    free(r.items);
    r = run(*state, PAIR "difficulty=\"1\"", "appealnet:0 %");
    for (size_t i = 0; i < r.count; i++)
        assert_near(r.items[i].sent, 100000, 0);
    free(r.items);
}

// Whoever appeals pays for the little network, too: time and energy are the sums of both.
static void an_appeal_costs_both(void **state)
{
    static const int clocks[][3] = {{2, 3, 2}, {0, 1, 0}};
    struct tdm_scenario *scenario = load(*state, PAIR);
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_event event;
    assert_true(tdm_engine_next(engine, &event));
    for (int i = 0; i < 2; i++) {
        struct tdm_plan sent = world_sent(clocks[i][0], clocks[i][1], clocks[i][2], 0, 1, 32);
        struct tdm_plan little = world_local(clocks[i][0], clocks[i][1], clocks[i][2]);
        little.version = 1;
        little.point = 3;
        struct tdm_plan appeal = sent;
        appeal.first = 1;
        struct tdm_outcome a, b, both;
        tdm_unit_foresee(event.state->unit, &little, &a);
        tdm_unit_foresee(event.state->unit, &sent, &b);
        tdm_unit_foresee(event.state->unit, &appeal, &both);
        assert_true(a.latency > 0 && a.energy > 0);
        assert_near(both.latency, a.latency + b.latency, 1e-12);
        assert_near(both.head, a.head + b.head, 1e-12);
        assert_near(both.board_energy, a.board_energy + b.board_energy, 1e-9);
        assert_near(both.radio_energy, b.radio_energy, 1e-12);
        assert_near(both.accuracy, 0.8, 0);
        // What the run meters is what was foreseen.
        if (i == 1) {
            tdm_engine_decide(engine, &appeal);
            assert_true(tdm_engine_next(engine, &event));
            assert_int_equal(event.kind, TDM_OUTCOME);
            assert_memory_equal(&both, event.outcome, sizeof both);
            assert_near(tdm_watts_sum(&engine->units[0]->energy), both.board_energy, 1e-12);
        }
    }
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

// As few appeals as reach it: the mean is what was asked for, not more.
static void the_threshold_is_the_accuracy_that_is_needed(void **state)
{
    static const double needed[] = {0.72, 0.76, 0.79}, told[] = {0.3, 0.8, 1};
    double before = 2;
    for (int t = 0; t < 3; t++)
        for (int i = 0; i < 3; i++) {
            char stream[128];
            snprintf(stream, sizeof stream, PAIR "difficulty=\"%g\" accuracy=\"%g\"", told[t],
                     needed[i]);
            struct world_run r = run(*state, stream, "appealnet");
            double sum = 0, squares = 0, appeals = 0;
            for (size_t k = 0; k < r.count; k++) {
                sum += r.items[k].accuracy;
                squares += r.items[k].accuracy * r.items[k].accuracy;
                appeals += r.items[k].sent > 0;
            }
            const double n = (double)r.count, mean = sum / n;
            assert_true(n > 1000);
            assert_near(mean, needed[i], 5 * sqrt((squares / n - mean * mean) / n));
            if (i == 0) // the better difficulties can be told, the fewer appeal
                assert_true(appeals / n < before);
            if (i == 0)
                before = appeals / n;
            free(r.items);
        }
}

static void a_little_network_that_will_do_never_appeals(void **state)
{
    static const char *const streams[] = {PAIR "difficulty=\"1\"",
                                          PAIR "difficulty=\"1\" accuracy=\"70 %\""};
    for (int s = 0; s < 2; s++) {
        struct world_run r = run(*state, streams[s], "appealnet");
        for (size_t i = 0; i < r.count; i++)
            assert_int_equal(r.items[i].plan.version, 1);
        free(r.items);
    }
}

// Each stream has a threshold of its own, also where they share a board: one needs no appeal, one
// takes them all, and one has another order of versions.
static void streams_are_told_apart(void **state)
{
    enum { STREAMS = 3 };
    world_write(*state, "middle.xml", world_small, "name=\"small\"", "name=\"middle\"",
                "macs=\"5000000\" weights=\"50000 B\"", "macs=\"9000000\" weights=\"50000 B\"",
                NULL);
    struct tdm_scenario *scenario = world_load(
        *state, "<scenario name=\"t\" duration=\"300 s\">" WORLD_BOARD WORLD_LINK
                "<server id=\"c\" type=\"box.xml\"/>"
                "<stream board=\"b\" dnn=\"net.xml\" input=\"raw\" arrivals=\"poisson\" rate=\"1 "
                "/s\" versions=\"small.xml\" difficulty=\"1\" accuracy=\"70 %\"/>"
                "<stream board=\"b\" dnn=\"net.xml\" input=\"raw\" arrivals=\"poisson\" rate=\"1 "
                "/s\" versions=\"small.xml\" difficulty=\"1\" accuracy=\"80 %\"/>"
                "<stream board=\"b\" dnn=\"net.xml\" input=\"raw\" arrivals=\"poisson\" rate=\"1 "
                "/s\" versions=\"middle.xml, small.xml\" difficulty=\"1\" accuracy=\"75 %\"/>"
                "</scenario>");
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *policy = world_policy("appealnet", scenario, 3);
    struct world_run r = world_run(engine, policy);
    size_t count[STREAMS] = {0}, appeals[STREAMS] = {0};
    for (size_t i = 0; i < r.count; i++) {
        const struct tdm_outcome *o = &r.items[i];
        count[o->stream]++;
        appeals[o->stream] += o->plan.first > 0;
        // Either is the little one, the other none or the stream's own.
        assert_int_equal(o->plan.version + o->plan.first, o->stream == 2 ? 2 : 1);
        assert_true(o->plan.first == 0 || o->plan.version == 0);
    }
    assert_true(count[0] > 200 && count[1] > 200 && count[2] > 200);
    assert_int_equal(appeals[0], 0);
    assert_int_equal(appeals[1], count[1]);
    assert_true(appeals[2] > 0 && appeals[2] < count[2]);
    free(r.items);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

// Whose accuracies nobody knows, can have a threshold by hand.
static void a_threshold_by_hand_needs_no_accuracies(void **state)
{
    world_write(*state, "unknown.xml", world_small, "<accuracy value=\"70 %\" source=\"s\"/>", "",
                NULL);
    struct world_run r = run(*state, "versions=\"unknown.xml\" difficulty=\"1\"", "appealnet:0.25");
    assert_true(r.count > 2000);
    for (size_t i = 0; i < r.count; i++) {
        const bool hard = r.items[i].difficulty > 0.25;
        assert_int_equal(r.items[i].plan.first, hard);
        assert_int_equal(isnan(r.items[i].accuracy) != 0, !hard);
    }
    free(r.items);
}

// Drawn by number and seed: the same whatever is decided.
static void difficulties_are_the_requests_own(void **state)
{
    struct world_run a = run(*state, PAIR "difficulty=\"1\" count=\"900\"", "appealnet:0.5"),
                     b = run(*state, PAIR "difficulty=\"0.2\" count=\"900\"", "cloud-only"),
                     c = run(*state, PAIR "count=\"900\"", "cloud-only");
    double sum = 0;
    assert_int_equal(a.count, 900);
    assert_int_equal(b.count, 900);
    for (size_t i = 0; i < 900; i++) {
        assert_near(a.items[i].difficulty, b.items[i].difficulty, 0);
        assert_true(isnan(c.items[i].difficulty));
        assert_near(c.items[i].accuracy, 0.8, 0);
        sum += a.items[i].difficulty;
    }
    assert_near(sum / 900, 0.5, 5 * sqrt(1. / 12 / 900));
    free(a.items);
    free(b.items);
    free(c.items);
}

static void what_it_needs_is_said(void **state)
{
    static const char *const cases[][3] = {
        {"", "appealnet", "a network smaller than 'net' for the board 'b'"},
        {"difficulty=\"1\"", "appealnet:0.5", "a network smaller than 'net' for the board 'b'"},
        {PAIR, "appealnet", "say how well that can be told in difficulty"},
        {PAIR "difficulty=\"1\"", "appealnet:1.1", "from 0 to 1, not '1.1'"},
        {PAIR "difficulty=\"1\"", "appealnet:hard", "from 0 to 1, not 'hard'"},
        {PAIR "difficulty=\"1\" accuracy=\"81 %\"", "appealnet",
         "reaches 80 % at most, that of 'net', and the stream of the board 'b' needs 81 %"},
        {"versions=\"unknown.xml\" difficulty=\"1\"", "appealnet", "'small' has none"},
    };
    world_write(*state, "unknown.xml", world_small, "<accuracy value=\"70 %\" source=\"s\"/>", "",
                NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tdm_scenario *scenario = load(*state, cases[i][0]);
        world_refuses(scenario, cases[i][1], cases[i][2]);
        tdm_scenario_free(scenario);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(harder_ones_appeal),
        cmocka_unit_test(nobody_and_everybody),
        cmocka_unit_test(an_appeal_costs_both),
        cmocka_unit_test(the_threshold_is_the_accuracy_that_is_needed),
        cmocka_unit_test(a_little_network_that_will_do_never_appeals),
        cmocka_unit_test(streams_are_told_apart),
        cmocka_unit_test(a_threshold_by_hand_needs_no_accuracies),
        cmocka_unit_test(difficulties_are_the_requests_own),
        cmocka_unit_test(what_it_needs_is_said),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

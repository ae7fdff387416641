// SPDX-License-Identifier: GPL-3.0-or-later
/** Dynamic Split Computing in worlds where its predictions are what happens. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"

// Narrow after conv1: 60 kB behind an input of 100 kB, and again 50 kB after conv3. No answer.
static int make(void **state)
{
    world_set_up(state);
    world_write(*state, "narrow.xml", world_dnn, "out=\"4000 B\"", "out=\"0 B\"",
                "<cut after=\"conv1\" bytes=\"400000 B\"", "<cut after=\"conv1\" bytes=\"60000 B\"",
                NULL);
    world_write(*state, "fast.xml", world_server, "100 GFLOP/s", "1 TFLOP/s", "2 ms", "0 ms", NULL);
    return 0;
}

static void text_of(char text[1024], const char *rate, const char *knobs)
{
    snprintf(text, 1024,
             "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD
             "<server id=\"c\" type=\"fast.xml\"/><link from=\"b\" to=\"c\" bandwidth=\"%s\" "
             "rtt=\"1 ms\"/><stream board=\"b\" dnn=\"narrow.xml\" arrivals=\"closed\" "
             "input=\"raw\"/>%s</scenario>",
             rate, knobs);
}

static void least_latency_of_bottlenecks_input_and_board(void **state)
{
    int taken[7] = {0};
    for (int i = 0; i < 60; i++) {
        char text[1024], rate[32];
        snprintf(rate, sizeof rate, "%.6g Mbit/s", 0.5 * pow(1.15, i));
        text_of(text, rate, "<knobs bits=\"8, 32\"/>");
        struct first f = first_of(*state, text, "dynamic-split");
        static const int candidates[] = {0, 1, 5, 6}; // by hand
        double least = INFINITY;
        for (int k = 0; k < 4; k++) {
            const int point = candidates[k];
            const struct tdm_plan plan = world_sent(2, 3, 2, point, point < 6, 32);
            least = fmin(least, first_foresee(&f, &plan).latency);
        }
        assert_near(first_foresee(&f, &f.plan).latency, least, 1e-12);
        assert_int_equal(f.plan.bits, 32);
        taken[f.plan.point]++;
        first_done(&f);
    }
    // Each where it should be: all on a slow link, the input on a fast one, a cut in between.
    assert_true(taken[6] > 5 && taken[1] > 5 && taken[0] > 5);
    assert_int_equal(taken[2] + taken[3] + taken[4], 0);
}

static void as_far_as_the_scenario_frees(void **state)
{
    static const struct {
        const char *knobs;
        int point, bits;
    } cases[] = {
        {"", 0, 32},
        {"<knobs cut=\"conv1, conv2, pool\"/>", 1, 32},
        {"<knobs cut=\"conv2, pool\"/>", 6, 32}, // none of them is a bottleneck
        {"<knobs cut=\"conv1\" bits=\"16\"/>", 1, 16},
        {"<knobs cut=\"conv2\" bits=\"8\"/>", 6, 32}, // 50 kB, but conv1 had 15
        {"<knobs xi=\"0 %, 50 %\"/>", 6, 32},
        {"<knobs cut=\"none\"/>", 6, 32},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[1024];
        text_of(text, "1 Gbit/s", cases[i].knobs);
        struct first f = first_of(*state, text, "dynamic-split");
        assert_int_equal(f.plan.point, cases[i].point);
        assert_int_equal(f.plan.bits, cases[i].bits);
        assert_near(f.plan.xi, cases[i].point < 6, 0);
        first_done(&f);
    }
}

static void a_busy_server_is_left_alone_for_a_while(void **state)
{
    char text[1024];
    text_of(text, "1 Gbit/s", "");
    struct first f = first_of(*state, text, "dynamic-split");
    assert_int_equal(f.plan.point, 0);
    // 200 MFLOP at 100 GFLOP/s take 2 ms. It answers after 1 s.
    struct tdm_outcome outcome = {.plan = f.plan, .answer = 5, .remote = 1};
    tdm_policy_learn(f.policy, &outcome);
    struct tdm_state later = *f.event.state;
    struct tdm_plan plan;
    later.now = 14.9;
    tdm_policy_decide(f.policy, &later, &plan);
    assert_int_equal(plan.point, 6);
    later.now = 15.1; // it may be free again
    tdm_policy_decide(f.policy, &later, &plan);
    assert_int_equal(plan.point, 0);
    // What pays is what is left of the board's time, and no more.
    const struct tdm_plan local = world_local(2, 3, 2);
    const double gain = first_foresee(&f, &local).latency - first_foresee(&f, &f.plan).latency;
    for (int over = 0; over < 2; over++) {
        outcome.remote = 0.002 + gain + (over ? 1e-6 : -1e-6);
        outcome.answer = 20;
        tdm_policy_learn(f.policy, &outcome);
        later.now = 21;
        tdm_policy_decide(f.policy, &later, &plan);
        assert_int_equal(plan.point == 0, !over);
    }
    // Nothing is learned from what was never sent, dropped or never answered.
    outcome.remote = 0.002;
    tdm_policy_learn(f.policy, &outcome);
    outcome.remote = 1;
    struct tdm_outcome none[] = {outcome, outcome, outcome};
    none[0].plan = local;
    none[1].dropped = true;
    none[2].answer = INFINITY;
    for (int i = 0; i < 3; i++) {
        tdm_policy_learn(f.policy, &none[i]);
        tdm_policy_decide(f.policy, &later, &plan);
        assert_int_equal(plan.point, 0);
    }
    first_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_latency_of_bottlenecks_input_and_board),
        cmocka_unit_test(as_far_as_the_scenario_frees),
        cmocka_unit_test(a_busy_server_is_left_alone_for_a_while),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Exits: what a request costs that leaves its network early, on the board and on a server. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"

#define TEXT(stream, knobs) \
    "<scenario name=\"t\" duration=\"2 s\">" WORLD_BOARD WORLD_LINK "<stream board=\"b\" " stream \
    " input=\"raw\" arrivals=\"poisson\" rate=\"4 /s\"/><server id=\"c\" type=\"box.xml\"/>" \
    "<knobs xi=\"0 %, 50 %, 100 %\" " knobs "/></scenario>"
#define LEAVING TEXT("dnn=\"leaving.xml\"", "exit=\"all\"")

static struct world_run run(const struct world *w, const char *text, const char *policy)
{
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *fixed = world_policy(policy, scenario, 3);
    const struct world_run result = world_run(engine, fixed);
    tdm_policy_free(fixed);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return result;
}

static struct tdm_outcome first(const struct world *w, const char *text, const char *policy)
{
    const struct world_run r = run(w, text, policy);
    assert_true(r.count > 2);
    const struct tdm_outcome outcome = r.items[0];
    free(r.items);
    return outcome;
}

// By MACs, of which the server does 100 in 20 ms; each request takes 2 ms besides.
static void the_server_runs_what_is_left_up_to_the_exit(void **state)
{
    static const struct {
        const char *policy;
        double macs, accuracy;
    } cases[] = {
        {"fixed:exit=one;cut=input", 42, 0.6},         {"fixed:exit=one;cut=conv1", 32, 0.6},
        {"fixed:exit=one;cut=conv1;bits=8", 32, 0.57}, {"fixed:exit=one;cut=conv2", 2, 0.6},
        {"fixed:exit=two;cut=conv2;bits=8", 6, 0.72},  {"fixed:exit=two;cut=pool", 6, 0.72},
        {"fixed:exit=none;cut=conv1", 90, 0.8},        {"fixed:cut=conv1;bits=8", 90, 0.79},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct tdm_outcome o = first(*state, LEAVING, cases[i].policy);
        assert_near(o.remote, 0.002 + 0.02 * cases[i].macs / 100, 1e-9);
        assert_near(o.accuracy, cases[i].accuracy, 1e-12);
        assert_near(o.received, 4000, 0);
    }
}

// The board pays up to a cut what it pays without an exit, and at the exit's own cut no more.
static void the_board_runs_what_lies_before(void **state)
{
    static const char *const cuts[] = {"conv1", "relu1", "conv2", "pool"};
    for (int i = 0; i < 4; i++) {
        char whole[64], left[64];
        snprintf(whole, sizeof whole, "fixed:cut=%s", cuts[i]);
        snprintf(left, sizeof left, "fixed:cut=%s;exit=two", cuts[i]);
        const struct tdm_outcome a = first(*state, LEAVING, whole);
        const struct tdm_outcome b = first(*state, LEAVING, left);
        assert_near(b.head, a.head, 1e-9 * a.head);
        assert_near(b.sent, a.sent, 0);
        assert_true(b.latency < a.latency);
    }
    const struct tdm_outcome there = first(*state, LEAVING, "fixed:cut=pool");
    const struct tdm_outcome two = first(*state, LEAVING, "fixed:exit=two");
    const struct tdm_outcome whole = first(*state, LEAVING, "fixed:cut=none");
    assert_true(two.head > there.head && two.head < whole.head);
    assert_near(two.accuracy, 0.72, 1e-12);
    assert_near(two.sent + two.received + two.radio_energy, 0, 0);
    // All of the time at the power of the whole.
    assert_near(two.energy / two.head, whole.energy / whole.head, 1e-9 * whole.energy / whole.head);
    // Half of the channels beyond a cut: up to the exit, on either side.
    const struct tdm_outcome half = first(*state, LEAVING, "fixed:exit=one;cut=conv1;xi=0.5");
    assert_near(half.remote, 0.002 + 0.02 * 16 / 100, 1e-9);
    assert_true(half.local > 0 && half.local < two.head);
}

// Whoever leaves at none is as if there were no exits, to the last bit.
static void exits_that_nobody_takes_change_nothing(void **state)
{
    static const char *const policies[] = {"fixed:cut=none", "fixed:cut=conv1;xi=0.5", "edge-best",
                                           "neurosurgeon", "oracle"};
    for (int i = 0; i < 5; i++) {
        struct world_run a = run(*state, TEXT("dnn=\"net.xml\"", ""), policies[i]);
        struct world_run b = run(*state, TEXT("dnn=\"leaving.xml\"", ""), policies[i]);
        assert_int_equal(a.count, b.count);
        for (size_t k = 0; k < a.count; k++) {
            assert_memory_equal(&a.items[k].cost, &b.items[k].cost, sizeof a.items[k].cost);
            assert_memory_equal(&a.items[k].energy, &b.items[k].energy, sizeof a.items[k].energy);
            assert_memory_equal(&a.items[k].answer, &b.items[k].answer, sizeof a.items[k].answer);
            assert_int_equal(a.items[k].plan.point, b.items[k].plan.point);
        }
        assert_memory_equal(&a.totals[0], &b.totals[0], sizeof *a.totals);
        free(a.items);
        free(b.items);
    }
}

// A fleet's boards use one set of tables.
static void boards_of_a_fleet_leave_alike(void **state)
{
    struct tdm_scenario *scenario = world_load(
        *state, "<scenario name=\"t\" duration=\"2 s\"><server id=\"c\" type=\"box.xml\"/>"
                "<fleet count=\"3\">" WORLD_BOARD
                "<stream board=\"b\" dnn=\"leaving.xml\" arrivals=\"closed\"/>"
                "<knobs exit=\"two\"/></fleet></scenario>");
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *fixed = world_policy("fixed:exit=two", scenario, 3);
    const struct world_run r = world_run(engine, fixed);
    double head[3] = {0};
    for (size_t i = 0; i < r.count; i++)
        head[r.items[i].board] = r.items[i].head;
    assert_true(head[0] > 0 && head[1] == head[0] && head[2] == head[0]);
    free(r.items);
    tdm_policy_free(fixed);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

static void what_cannot_be_is_said(void **state)
{
    static const char *const cases[][3] = {
        {LEAVING, "fixed:exit=on", "'net' has no exit 'on' (did you mean 'one'?)"},
        {LEAVING, "fixed:cut=conv3;exit=one", "'net' has no cut after 'conv3'"},
        {LEAVING, "fixed:exit=one;cut=pool", "'net' has no cut after 'pool'"},
        {LEAVING, "fixed:exit=one;xi=0.5", "say cut=LAYER, too"},
        {TEXT("dnn=\"leaving.xml\"", "exit=\"one\""), "fixed:exit=two",
         "the scenario frees no exit 'two' of 'net'"},
        {TEXT("dnn=\"net.xml\"", ""), "fixed:exit=one", "'net' has no exit 'one'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tdm_scenario *scenario = world_load(*state, cases[i][0]);
        world_refuses(scenario, cases[i][1], cases[i][2]);
        tdm_scenario_free(scenario);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_server_runs_what_is_left_up_to_the_exit),
        cmocka_unit_test(the_board_runs_what_lies_before),
        cmocka_unit_test(exits_that_nobody_takes_change_nothing),
        cmocka_unit_test(boards_of_a_fleet_leave_alike),
        cmocka_unit_test(what_cannot_be_is_said),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

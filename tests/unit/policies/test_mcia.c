// SPDX-License-Identifier: GPL-3.0-or-later
/** Coordinated boards: the joint plan against brute force in the engine, and what a period is. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"
#include "env/observe.h"

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "steps.csv",
                "# duration: 100 s\ntime_s,up_mbit_s,down_mbit_s,rtt_ms\n0,80,8000,20\n"
                "2.5,0.08,8000,20\n",
                NULL);
    *state = &world;
    return 0;
}

#define BOARD(id) \
    "<board id=\"" id "\" type=\"toy.xml\" thermal=\"no\" switching=\"no\"/>" \
    "<link from=\"" id "\" to=\"c\" rtt=\"20 ms\" cell=\"air\"/>"
#define STREAM(id, rest) \
    "<stream board=\"" id "\" dnn=\"net.xml\" versions=\"small.xml\" arrivals=\"periodic\" " \
    "rate=\"1 /s\" " rest "/>"
// The answers' bytes, which nobody foresees, take no time.
#define TEXT(cut, cell, streams) \
    "<scenario name=\"t\" duration=\"9 s\"><server id=\"c\" type=\"box.xml\"/>" \
    "<cell id=\"air\" " cell "/>" BOARD("a") BOARD("b") streams \
        "<knobs cpu=\"top\" gpu=\"100 MHz\" emc=\"top\" version=\"all\" bits=\"8\" " \
        "cut=\"" cut "\"/></scenario>"
#define CONSTANT(rate) "up=\"" rate "\" down=\"8 Gbit/s\""

enum { MOST = 16, GRID = 19 };

// What each option of a stream is worth at each pair of shares of a grid, by the engine.
struct worths {
    double at[MOST][GRID][GRID];
    int count;
};

static double utility(const struct tdm_stream *stream, double reference,
                      const struct tdm_outcome *o)
{
    return stream->weight * o->accuracy - (1 - stream->weight) * o->latency / reference;
}

static void weigh(struct worths *w, const struct tdm_state *state, struct tdm_plan plan,
                  double reference)
{
    const struct tdm_stream *stream = &state->unit->scenario->streams[state->stream];
    for (int b = 0; b < GRID; b++)
        for (int c = 0; c < GRID; c++) {
            struct tdm_outcome outcome;
            plan.link_share = (b + 1) / (GRID + 1.);
            plan.server_share = (c + 1) / (GRID + 1.);
            tdm_unit_foresee(state->unit, &plan, &outcome);
            w->at[w->count][b][c] = utility(stream, reference, &outcome);
        }
    w->count++;
}

static double weigh_all(struct worths *w, const struct tdm_state *state,
                        const struct tdm_plan *chosen)
{
    struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    struct tdm_reference reference;
    tdm_reference_of(state->unit->scenario, queue, &reference);
    w->count = 0;
    for (int v = 0; v < 2; v++) {
        struct tdm_plan plan = *chosen;
        plan.version = v;
        plan.xi = 0;
        plan.bits = 8;
        plan.point = queue->versions[v].costs->point_count - 1;
        weigh(w, state, plan, reference.time);
        plan.xi = 1;
        for (int p = 0; p < queue->levels->version_points[v]; p++) {
            plan.point = queue->levels->version_point[v][p];
            weigh(w, state, plan, reference.time);
        }
    }
    struct tdm_outcome outcome;
    tdm_unit_foresee(state->unit, chosen, &outcome);
    return utility(queue->stream, reference.time, &outcome);
}

// Both streams' options, and the two shares that one of them leaves the other.
static double by_force(const struct worths *x, const struct worths *y)
{
    double best = -INFINITY;
    for (int i = 0; i < x->count; i++)
        for (int j = 0; j < y->count; j++)
            for (int b = 0; b < GRID; b++)
                for (int c = 0; c < GRID; c++)
                    best = fmax(best, x->at[i][b][c] + y->at[j][GRID - 1 - b][GRID - 1 - c]);
    return best;
}

static void check_joint(const struct world *world, const char *text, int *senders)
{
    static struct worths worths[2];
    struct tdm_scenario *scenario = world_load(world, text);
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_policy *policy = world_policy("mcia-shares", scenario, 1);
    struct tdm_event event;
    struct tdm_plan plans[2] = {{.xi = 0}};
    double got = 0;
    for (int i = 0; i < 2 && tdm_engine_next(engine, &event);) {
        if (event.kind == TDM_OUTCOME)
            continue;
        tdm_policy_decide(policy, event.state, &plans[i]);
        got += weigh_all(&worths[event.state->stream], event.state, &plans[i]);
        tdm_engine_decide(engine, &plans[i++]);
    }
    const int sends = (plans[0].xi > 0) + (plans[1].xi > 0);
    if (sends == 2) {
        assert_near(plans[0].link_share + plans[1].link_share, 1, 1e-12);
        assert_near(plans[0].server_share + plans[1].server_share, 1, 1e-12);
    }
    senders[sends]++;
    // A stream that is alone gets all, which is beyond the grid; two are on it up to its width.
    const double best = by_force(&worths[0], &worths[1]);
    if (!(got >= best - 1e-6))
        fail_msg("%s: %.9g, and %.9g can be had", text, got, best);
    if (sends == 2)
        assert_near(got, best, 0.02);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

static void no_joint_plan_is_better(void **state)
{
    static const char *const cells[] = {CONSTANT("8 Mbit/s"), CONSTANT("80 Mbit/s"),
                                        CONSTANT("800 Mbit/s")};
    static const char *const streams[] = {
        STREAM("a", "weight=\"50 %\"") STREAM("b", "weight=\"50 %\" input=\"raw\""),
        STREAM("a", "weight=\"98 %\"") STREAM("b", "weight=\"20 %\""),
        STREAM("a", "weight=\"90 %\"") STREAM("b", "weight=\"97 %\""),
        STREAM("a", "weight=\"0 %\"") STREAM("b", "weight=\"99 %\""),
    };
    int senders[3] = {0};
    for (int c = 0; c < 3; c++)
        for (int s = 0; s < 4; s++) {
            char text[4096];
            snprintf(text, sizeof text, TEXT("all", "%s", "%s"), cells[c], streams[s]);
            check_joint(*state, text, senders);
        }
    assert_true(senders[2] >= 3); // else there was nothing to share
}

static struct world_run run(const struct world *w, const char *text, const char *name)
{
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_policy *policy = world_policy(name, scenario, 1);
    const struct world_run r = world_run(engine, policy);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return r;
}

#define SILENT(environment) \
    TEXT("3", "trace=\"steps.csv\"", \
         STREAM("a", "weight=\"50 %\"") STREAM("b", "weight=\"50 %\"") environment)

// The link falls silent at 2.5 s, and probes go out every second: at 3 s the last one (of 2 s)
// still saw it well, at 4 s it does not. Decided every three seconds, 4 and 5 s are as 3 s.
static void allotments_hold_for_a_period(void **state)
{
    const char *const texts[] = {SILENT(""), SILENT("<environment period=\"3 s\"/>")};
    for (int i = 0; i < 2; i++) {
        const struct world_run r = run(*state, texts[i], "mcia-shares");
        assert_int_equal(r.count > 8, 1);
        for (size_t k = 0; k < r.count; k++) {
            const double start = r.items[k].start;
            const bool sends = start < 3.9 || (i == 1 && start < 5.9);
            if ((r.items[k].plan.xi > 0) != sends)
                fail_msg("period %d, at %g s: xi %g", i, start, r.items[k].plan.xi);
        }
        free(r.items);
    }
}

static void equal_shares_are_equal(void **state)
{
    const struct world_run r = run(*state, SILENT(""), "mcia-shares:equal");
    for (size_t k = 0; k < r.count; k++) {
        assert_near(r.items[k].plan.link_share, 0.5, 0);
        assert_near(r.items[k].plan.server_share, 0.5, 0);
    }
    free(r.items);
}

static void who_coordinates_needs_a_period_and_nobody_else(void **state)
{
    static const char *const cases[][3] = {
        {SILENT(""), "mcia=/nowhere.h5", "write <environment period=\"1 s\"/>"},
        {SILENT("<environment period=\"1 s\"/>"), "dvfo=/nowhere.h5", "leave the period out"},
        {SILENT(""), "mcia-shares:fair", "takes 'equal' or nothing"},
    };
    for (int i = 0; i < 3; i++) {
        struct tdm_scenario *scenario = world_load(*state, cases[i][0]);
        world_refuses(scenario, cases[i][1], cases[i][2]);
        tdm_scenario_free(scenario);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_joint_plan_is_better),
        cmocka_unit_test(allotments_hold_for_a_period),
        cmocka_unit_test(equal_shares_are_equal),
        cmocka_unit_test(who_coordinates_needs_a_period_and_nobody_else),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

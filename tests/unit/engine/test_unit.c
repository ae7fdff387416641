// SPDX-License-Identifier: GPL-3.0-or-later
/** Who waits, who is dropped, who comes first; and that looking ahead sees what happens. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    // A whole net takes 8e8 cycles: 1, 2, 4 and 8 s at the four GPU clocks.
    world_write(&world, "slow.xml", world_board, "gpu-lost=\"20 MHz\"", "gpu-lost=\"0 Hz\"",
                "launch=\"4e6\" launch-traffic=\"1 MB\" host=\"1e6\" compute=\"2e7\" "
                "serial=\"2e6\" traffic=\"100 MB\" bound=\"40 MB\" fixed=\"1 ms\"",
                "launch=\"0\" launch-traffic=\"0 B\" host=\"0\" compute=\"8e8\" serial=\"0\" "
                "traffic=\"0 B\" bound=\"0 B\" fixed=\"0 s\"",
                NULL);
    *state = &world;
    return 0;
}

#define SLOW(duration, content) \
    "<scenario name=\"t\" duration=\"" duration "\"><board id=\"b\" type=\"slow.xml\" " \
    "thermal=\"no\" switching=\"no\"/>" content "<server id=\"c\" type=\"box.xml\"/></scenario>"
#define FILED(extra) \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"file\" file=\"times\" " extra "/>"

static struct world_run run(const struct world *w, const char *text, const struct tdm_plan *plans,
                            size_t count)
{
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 1);
    const struct world_run run = world_plans(engine, plans, count);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return run;
}

static const struct tdm_plan one_second = {
    .opp = {2, 3, 2}, .cap = {-1, -1, -1}, .governor = -1, .bits = 32, .point = 6};

static void requests_wait_for_the_board(void **state)
{
    const struct world *w = *state;
    world_write(w, "times", "0\n0.25\n0.5\n\n# a pause\n9\n", NULL);
    const struct world_run r = run(w, SLOW("20 s", FILED("")), &one_second, 1);
    static const double start[] = {0, 1, 2, 9}, arrival[] = {0, 0.25, 0.5, 9};
    assert_int_equal(r.count, 4);
    for (int i = 0; i < 4; i++) {
        assert_near(r.items[i].arrival, arrival[i], 0);
        assert_near(r.items[i].start, start[i], 1e-12);
        assert_near(r.items[i].waited, start[i] - arrival[i], 1e-12);
        assert_near(r.items[i].latency, start[i] + 1 - arrival[i], 1e-12);
        assert_int_equal(r.items[i].request, i);
    }
    free(r.items);
}

static void a_full_queue_drops_whom_it_should(void **state)
{
    const struct world *w = *state;
    // 0 is served until 1. 0.1 and 0.2 wait; 0.3 and 0.4 find the queue full. At 1, 0.1 is served
    // and 1.5 finds room; 1.6 does not.
    world_write(w, "times", "0\n0.1\n0.2\n0.3\n0.4\n1.5\n1.6\n", NULL);
    const struct world_run r = run(w, SLOW("20 s", FILED("queue=\"2\"")), &one_second, 1);
    assert_int_equal(r.count, 7);
    static const bool dropped[] = {false, false, false, true, true, false, true};
    double last = 0;
    for (int i = 0; i < 7; i++) {
        const struct tdm_outcome *o = &r.items[i];
        assert_int_equal(o->dropped, dropped[o->request]);
        const double when = o->dropped ? o->arrival : o->answer;
        assert_true(when >= last); // told in the order of time
        last = when;
        if (o->dropped)
            assert_near(o->start, o->arrival, 0);
    }
    assert_int_equal(r.totals[0].dropped, 3);
    free(r.items);
}

static void without_a_queue_only_an_idle_board_serves(void **state)
{
    const struct world *w = *state;
    world_write(w, "times", "0\n0\n0.999\n1\n1\n5\n", NULL);
    const struct world_run r = run(w, SLOW("20 s", FILED("queue=\"0\"")), &one_second, 1);
    static const bool dropped[] = {false, true, true, false, true, false};
    for (size_t i = 0; i < r.count; i++)
        assert_int_equal(r.items[i].dropped, dropped[r.items[i].request]);
    assert_int_equal(r.count, 6);
    free(r.items);
}

static void late_ones_are_dropped_unserved(void **state)
{
    const struct world *w = *state;
    // 0.1 is past its deadline of 0.5 s when the board is free at 1; 0.6 is not.
    world_write(w, "times", "0\n0.1\n0.6\n", NULL);
    const struct world_run r =
        run(w, SLOW("20 s", FILED("deadline=\"0.5 s\" drop=\"late\"")), &one_second, 1);
    assert_int_equal(r.count, 3);
    assert_false(r.items[0].dropped);
    assert_true(r.items[1].dropped && r.items[1].request == 1 && r.items[1].late);
    assert_near(r.items[1].start, 1, 1e-12);
    assert_near(r.items[2].start, 1, 1e-12);
    assert_true(r.items[2].late); // served, but a second is too long
    free(r.items);
}

static void streams_share_a_board_first_come_first_served(void **state)
{
    const struct world *w = *state;
    world_write(w, "times", "0\n0.2\n", NULL);
    world_write(w, "others", "0.1\n0.3\n", NULL);
    const struct world_run r =
        run(w,
            SLOW("20 s", FILED("") "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"file\" "
                                   "file=\"others\"/>"),
            &one_second, 1);
    assert_int_equal(r.count, 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(r.items[i].stream, i % 2);
        assert_int_equal(r.items[i].request, i);
        assert_near(r.items[i].arrival, 0.1 * i, 1e-12);
    }
    free(r.items);
}

static void several_in_flight(void **state)
{
    const struct world *w = *state;
    // Each runs nothing on the board, and is 1 s away: three at once, then the fourth.
    world_write(w, "times", "0\n0\n0\n0\n", NULL);
    const char *text = SLOW("20 s", "<link from=\"b\" to=\"c\" bandwidth=\"8 Gbit/s\" "
                                    "rtt=\"1 s\"/>" FILED("inflight=\"3\" input=\"raw\""));
    const struct tdm_plan sent = world_sent(2, 3, 2, 0, 1, 32);
    const struct world_run r = run(w, text, &sent, 1);
    assert_int_equal(r.count, 4);
    const double up = 1e-4, service = 0.022, down = 4e-6;
    for (int i = 0; i < 3; i++)
        assert_near(r.items[i].answer, up + 0.5 + service * (i + 1) + down + 0.5, 1e-9);
    assert_near(r.items[3].start, r.items[0].answer, 1e-12);
    // What the board drew at rest is shared: in all, what it drew.
    double sum = 0;
    for (int i = 0; i < 4; i++)
        sum += r.items[i].board_energy;
    const double all = tdm_watts_sum(&r.totals[0].energy);
    const double busy = r.items[3].answer;
    free(r.items);
    // After the last answer it draws what it draws at rest.
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 1);
    const struct tdm_cell *cell = tdm_costs_at(engine->units[0]->queues[0].costs, 0, 0, sent.opp);
    assert_near(all - sum, (20 - busy) * tdm_watts_sum(&cell->idle), 1e-9);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

static void nobody_leaves_a_closed_loop(void **state)
{
    const struct world *w = *state;
    // Two customers; while one computes for 1 s, the other's answer comes back and waits for the
    // board. In 60 s the board is never idle but at the beginning: about 60 locals or so.
    const struct tdm_plan plans[] = {one_second, world_sent(2, 3, 2, 0, 1, 32)};
    const struct world_run r =
        run(w,
            SLOW("60 s", "<link from=\"b\" to=\"c\" bandwidth=\"8 Gbit/s\" rtt=\"100 ms\"/>"
                         "<stream board=\"b\" dnn=\"net.xml\" inflight=\"2\" input=\"raw\"/>"),
            plans, 2);
    assert_in_range(r.totals[0].unanswered, 0, 1); // who came back last
    // Locals and remotes take turns: every second one of each.
    assert_in_range(r.count, 110, 122);
    free(r.items);
    // Three think for 5 s and are served for 1 s each: 3 customers in 6 s or more.
    const struct world_run q = run(w,
                                   SLOW("600 s", "<stream board=\"b\" dnn=\"net.xml\" "
                                                 "inflight=\"3\" think=\"5 s\"/>"),
                                   &one_second, 1);
    assert_in_range(q.count, 295, 303);
    free(q.items);
}

static void a_closed_loop_with_a_short_queue_ends(void **state)
{
    const struct world *w = *state;
    const struct world_run r =
        run(w,
            SLOW("20 s", "<stream board=\"b\" dnn=\"net.xml\" inflight=\"2\" queue=\"0\"/>"
                         "<stream board=\"b\" dnn=\"net.xml\" queue=\"0\"/>"),
            &one_second, 1);
    assert_true(r.count >= 20 && r.count <= 22);
    free(r.items);
}

static void luck_belongs_to_the_arrival(void **state)
{
    const struct world *w = *state;
    // Under load with drops, the slow and the fast policy meet the same factor for each arrival.
    const char *text = SLOW("100 s", "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" "
                                     "rate=\"2 /s\" queue=\"1\"/>");
    double factor[2][1000] = {{0}}, arrival[2][1000] = {{0}};
    for (int k = 0; k < 2; k++) {
        world_write(w, "jitter.xml", text, "thermal=\"no\"", "thermal=\"no\" jitter=\"yes\"", NULL);
        char path[256];
        world_path(w, "jitter.xml", path);
        struct tdm_error error = {0};
        struct tdm_scenario *scenario = tdm_scenario_load(path, &error);
        assert_non_null(scenario);
        struct tdm_engine *engine = world_open(scenario, 1);
        const struct tdm_plan plan = world_local(2, k ? 3 : 1, 2);
        const struct world_run r = world_plans(engine, &plan, 1);
        for (size_t i = 0; i < r.count; i++) {
            const struct tdm_outcome *o = &r.items[i];
            arrival[k][o->request] = o->arrival;
            if (!o->dropped)
                factor[k][o->request] = o->head / (k ? 1 : 4);
        }
        free(r.items);
        tdm_engine_free(engine);
        tdm_scenario_free(scenario);
    }
    int both = 0;
    for (int i = 0; i < 150; i++) {
        assert_true(arrival[0][i] == arrival[1][i]);
        if (factor[0][i] > 0 && factor[1][i] > 0) {
            assert_near(factor[0][i], factor[1][i], 1e-9);
            both++;
        }
    }
    assert_true(both > 10);
}

static void a_state_says_what_is_so(void **state)
{
    const struct world *w = *state;
    world_write(w, "times", "0\n0.1\n0.2\n7.5\n", NULL);
    world_write(w, "steps.csv",
                "# duration: 10 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s,signal_dbm\n"
                "0,8,8,-50\n5,16,8,-60\n6,24,8,-70\n7,32,8,-80\n8,40,8,-90\n",
                NULL);
    struct tdm_scenario *scenario = world_load(
        w, SLOW("20 s", "<link from=\"b\" to=\"c\" trace=\"steps.csv\" rtt=\"30 ms\"/>" FILED(
                            "deadline=\"2 s\"") "<load board=\"b\" from=\"5 s\" cpu=\"40 %\"/>"));
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_event event;
    int decisions = 0;
    double seen = 0;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_OUTCOME) {
            assert_true(event.outcome->bandwidth == seen); // what was known at the decision
            continue;
        }
        const struct tdm_state *s = event.state;
        seen = s->bandwidth;
        if (decisions == 1) { // at 1 s; 0.2 waits behind
            assert_near(s->now, 1, 1e-12);
            assert_near(s->arrival, 0.1, 0);
            assert_int_equal(s->queued, 1);
            assert_int_equal(s->opp[TDM_GPU], 3);
            assert_near(s->deadline, 2, 0);
            assert_near(s->load[TDM_CPU], 0, 0);
        } else if (decisions == 3) { // at 7.5: the probe went out at 6, the one before at 5
            assert_near(s->now, 7.5, 1e-12);
            assert_near(s->bandwidth, 3e6, 1e-6);
            assert_near(s->trend, 1e6, 1e-6);
            assert_near(s->rtt, 0.03, 0);
            assert_near(s->signal, -80, 0);
            assert_near(s->load[TDM_CPU], 0.4, 0);
            assert_int_equal(s->last.opp[TDM_GPU], 3);
            assert_true(isnan(s->rate));
        }
        decisions++;
        tdm_engine_decide(engine, &one_second);
    }
    assert_int_equal(decisions, 4);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

// Every setting that matters to looking ahead, on a board that heats, switches and has luck.
static const char rich[] =
    "<scenario name=\"t\" duration=\"60 s\"><board id=\"b\" type=\"rich.xml\" jitter=\"yes\" "
    "start=\"58 degC\"/><server id=\"c\" type=\"box.xml\"/><server id=\"d\" type=\"box.xml\" "
    "slots=\"2\"/><link from=\"b\" to=\"c\" trace=\"wild.csv\" radio=\"air.xml\"/>"
    "<link from=\"b\" to=\"d\" bandwidth=\"5 Mbit/s\" rtt=\"50 ms\" cold=\"yes\"/>"
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"4 /s\"/>"
    "<load board=\"b\" from=\"10 s\" until=\"20.2 s\" cpu=\"50 %\" gpu=\"50 %\"/>"
    "<load board=\"b\" from=\"30.1 s\" emc=\"50 %\"/>"
    "<knobs xi=\"0 %, 25 %, 50 %, 100 %\" bits=\"32, 16, 8\" processor=\"all\"/></scenario>";

// Bit for bit; NAN is the same as NAN. Padding says nothing.
static void assert_same(const struct tdm_outcome *a, const struct tdm_outcome *b)
{
    const double x[] = {a->arrival,      a->start,     a->answer,        a->latency,
                        a->waited,       a->switching, a->head,          a->local,
                        a->up,           a->remote,    a->down,          a->energy,
                        a->sent,         a->received,  a->accuracy,      a->board_energy,
                        a->radio_energy, a->cost,      a->server_energy, a->bandwidth};
    const double y[] = {b->arrival,      b->start,     b->answer,        b->latency,
                        b->waited,       b->switching, b->head,          b->local,
                        b->up,           b->remote,    b->down,          b->energy,
                        b->sent,         b->received,  b->accuracy,      b->board_energy,
                        b->radio_energy, b->cost,      b->server_energy, b->bandwidth};
    assert_memory_equal(x, y, sizeof x);
    assert_int_equal(a->request, b->request);
    assert_int_equal(a->late, b->late);
}

static void looking_ahead_sees_what_happens(void **state)
{
    const struct world *w = *state;
    world_write(w, "rich.xml", world_board, "stall=\"0 s\" settle=\"0 s\"",
                "stall=\"1 ms\" settle=\"6 ms\"", "stall=\"0 ms\" settle=\"0 ms\"",
                "stall=\"2 ms\" settle=\"33 ms\"", NULL);
    world_write(w, "wild.csv",
                "# duration: 9 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s,rtt_ms,signal_dbm\n"
                "0,8,16,20,-50\n1,0,0,20,-99\n1.7,3,0.5,70,-80\n4,30,60,10,-60\n",
                NULL);
    struct tdm_scenario *scenario = world_load(w, rich);
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *policy = world_policy("random", scenario, 3);
    struct tdm_event event;
    struct tdm_outcome foreseen = {0};
    int seen = 0;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_OUTCOME) {
            assert_same(&foreseen, event.outcome);
            seen++;
            continue;
        }
        struct tdm_plan plan, other;
        struct tdm_outcome unused;
        tdm_policy_decide(policy, event.state, &other);
        tdm_policy_decide(policy, event.state, &plan);
        tdm_unit_foresee(event.state->unit, &plan, &foreseen);
        tdm_unit_foresee(event.state->unit, &other, &unused); // leaves no trace
        tdm_engine_decide(engine, &plan);
    }
    assert_true(seen > 100);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_wait_for_the_board),
        cmocka_unit_test(a_full_queue_drops_whom_it_should),
        cmocka_unit_test(without_a_queue_only_an_idle_board_serves),
        cmocka_unit_test(late_ones_are_dropped_unserved),
        cmocka_unit_test(streams_share_a_board_first_come_first_served),
        cmocka_unit_test(several_in_flight),
        cmocka_unit_test(nobody_leaves_a_closed_loop),
        cmocka_unit_test(a_closed_loop_with_a_short_queue_ends),
        cmocka_unit_test(luck_belongs_to_the_arrival),
        cmocka_unit_test(a_state_says_what_is_so),
        cmocka_unit_test(looking_ahead_sees_what_happens),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

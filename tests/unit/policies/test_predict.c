// SPDX-License-Identifier: GPL-3.0-or-later
/** Predictions against what the engine makes of the same plans. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"
#include "policies/predict.h"

enum { LAST = 6 };

static struct tdm_prediction predict(const struct tdm_state *state, const struct tdm_plan *plan)
{
    const struct tdm_network network = tdm_network_seen(state);
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_cell *cell = tdm_predict_cell(state, plan);
    if (plan->xi > 0)
        return tdm_predict_sent(state->unit, queue, cell, &network, plan->point, plan->bits);
    const struct tdm_work work = tdm_predict_local(cell);
    return tdm_predict_sum(&work, &(struct tdm_away){0});
}

// The i-th of all plans that send all or nothing.
static struct tdm_plan plan_at(int i)
{
    static const int bits[] = {32, 16, 8};
    const int point = i % (LAST + 1), packed = i / (LAST + 1) % 3, clocks = i / (LAST + 1) / 3;
    struct tdm_plan plan =
        world_sent(clocks % 3, clocks / 3 % 4, clocks / 12 % 3, point, point < LAST, bits[packed]);
    plan.processor = clocks / 36 % 2;
    return plan;
}
enum { PLANS = (LAST + 1) * 3 * 36 * 2 };

static void exact_where_nothing_varies(void **state)
{
    // No radio, an answer without bytes: nothing is left out. Nor by co-runners that stay.
    world_write(*state, "tiny.xml", world_dnn, "out=\"4000 B\"", "out=\"0 B\"", NULL);
    static const char *const inputs[] = {"raw", "compressed"};
    for (int form = 0; form < 2; form++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"500 s\">" WORLD_BOARD
                 "<server id=\"c\" type=\"box.xml\"/><link from=\"b\" to=\"c\" bandwidth=\"5 "
                 "Mbit/s\" rtt=\"7 ms\"/><stream board=\"b\" dnn=\"tiny.xml\" arrivals=\"closed\" "
                 "input=\"%s\"/><load board=\"b\" cpu=\"30 %%\" gpu=\"20 %%\"/>"
                 "<knobs bits=\"32, 16, 8\" processor=\"all\"/></scenario>",
                 inputs[form]);
        struct tdm_scenario *scenario = world_load(*state, text);
        struct tdm_engine *engine = world_open(scenario, 1);
        struct tdm_prediction p = {0};
        struct tdm_event event;
        int answered = 0;
        while (answered < PLANS && tdm_engine_next(engine, &event)) {
            if (event.kind == TDM_OUTCOME) {
                const struct tdm_outcome *o = event.outcome;
                assert_near(o->latency, p.time, 1e-9 * p.time); // of times up to 500 s
                assert_near(o->energy, p.energy, 1e-9 * p.energy);
                assert_near(o->server_energy, p.server, 1e-9 * p.server);
                answered++;
                continue;
            }
            const struct tdm_plan plan = plan_at(answered);
            p = predict(event.state, &plan);
            tdm_engine_decide(engine, &plan);
        }
        assert_int_equal(answered, PLANS);
        tdm_engine_free(engine);
        tdm_scenario_free(scenario);
    }
}

static void what_is_left_out(void **state)
{
    // A radio that wakes (50 ms at 0.6 W) and waits (0.3 W for a round trip and the server, up to
    // 0.1 s), and 4 kB that come back at 2 MB/s (3.2 uJ a byte, and 0.2 W).
    struct first f = first_of(*state, WORLD_PLAIN, "edge-only");
    for (int point = 0; point < LAST; point++) {
        const struct tdm_plan plan = world_sent(2, 3, 2, point, 1, 32);
        const struct tdm_prediction p = predict(f.event.state, &plan);
        const struct tdm_outcome o = first_foresee(&f, &plan);
        const double idle = tdm_watts_sum(&tdm_predict_cell(f.event.state, &plan)->idle);
        assert_near(o.latency - p.time, 0.05 + 0.002, 1e-9);
        const double waited = fmin(0.1, 0.02 + o.remote);
        assert_near(o.energy - p.energy,
                    0.052 * idle + 0.05 * 0.6 + waited * 0.3 + 4000 * 3.2e-6 + 0.002 * 0.2, 1e-9);
    }
    first_done(&f);
}

static void a_network_is_as_it_is_believed_to_be(void **state)
{
    struct first f = first_of(*state, WORLD_PLAIN, "edge-only");
    const struct tdm_state *now = f.event.state;
    const struct tdm_queue *queue = tdm_unit_queue(now->unit, now->stream);
    struct tdm_network network = tdm_network_seen(now);
    assert_int_equal(network.link, 0);
    assert_near(network.bandwidth, 1e6, 1e-6);
    assert_near(network.rtt, 0.02, 1e-12);
    assert_near(network.wait, 0, 0);
    // 50 kB at 1 MB/s, 20 MFLOP at 10 GFLOP/s and 2 ms besides, 20 ms away, half a second of queue.
    network.wait = 0.5;
    const struct tdm_away away = tdm_predict_away(now->unit, queue, &network, 5, 32);
    assert_near(away.time, 0.05 + 0.002 + 0.002 + 0.02 + 0.5, 1e-9);
    assert_near(away.radio, 50000 * 6.4e-6 + 0.05 * 0.2 + 0.1 * 0.3, 1e-9);
    assert_near(away.server, 0.004 * 100, 1e-9);
    first_done(&f);
    f = first_of(*state, PLAIN("", ""), "edge-only");
    assert_int_equal(tdm_network_seen(f.event.state).link, -1);
    first_done(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_where_nothing_varies),
        cmocka_unit_test(what_is_left_out),
        cmocka_unit_test(a_network_is_as_it_is_believed_to_be),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

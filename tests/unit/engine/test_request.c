// SPDX-License-Identifier: GPL-3.0-or-later
/** The story of one request, by hand. */
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
    // 10 ms a whole net at the top GPU clock, in proportion to MACs; 1 W idle, 5 W busy.
    world_write(&world, "toy.xml", world_board, "gpu-lost=\"20 MHz\"", "gpu-lost=\"0 Hz\"",
                "fixed=\"500 mW\" leakage=\"100 mW\"", "fixed=\"1 W\" leakage=\"0 W\"",
                "cpu-clock=\"200 mW\" cpu-busy=\"800 mW\"", "cpu-clock=\"0 W\" cpu-busy=\"2 W\"",
                "gpu-clock=\"150 mW\" gpu-busy=\"500 mW\"", "gpu-clock=\"0 W\" gpu-busy=\"4 W\"",
                "cpu-v=\"1, 1, 1.2\"", "cpu-v=\"1, 1, 1\"", "gpu-v=\"1, 1, 1.1, 1.4\"",
                "gpu-v=\"1, 1, 1, 1\"", "memory-idle=\"0 W, 100 mW, 300 mW\"",
                "memory-idle=\"0 W, 0 W, 0 W\"",
                "launch=\"4e6\" launch-traffic=\"1 MB\" host=\"1e6\" compute=\"2e7\" "
                "serial=\"2e6\" traffic=\"100 MB\" bound=\"40 MB\" fixed=\"1 ms\"",
                "launch=\"0\" launch-traffic=\"0 B\" host=\"0\" compute=\"8e6\" serial=\"0\" "
                "traffic=\"0 B\" bound=\"0 B\" fixed=\"0 s\"",
                "gpu-energy=\"100 mJ\" cpu-energy=\"50 mJ\" memory-energy=\"60 mJ\" "
                "cpu-spin=\"300 mW\"",
                "gpu-energy=\"0 J\" cpu-energy=\"0 J\" memory-energy=\"0 J\" cpu-spin=\"0 W\"",
                NULL);
    *state = &world;
    return 0;
}

// The first request of a scenario under a plan.
static struct tdm_outcome first(const struct world *w, const char *text,
                                const struct tdm_plan *plan)
{
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 1);
    struct world_run run = world_plans(engine, plan, 1);
    assert_true(run.count > 0);
    const struct tdm_outcome outcome = run.items[0];
    free(run.items);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return outcome;
}

#define TEXT(link, stream) \
    "<scenario name=\"t\" duration=\"10 s\">" WORLD_BOARD link stream \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"0.5\"/></scenario>"

static void all_on_the_board(void **state)
{
    const struct tdm_plan plan = world_local(2, 3, 2);
    const struct tdm_outcome o = first(*state, WORLD_PLAIN, &plan);
    assert_near(o.latency, 0.01, 1e-12);
    assert_near(o.head, 0.01, 1e-12);
    assert_near(o.board_energy, 0.05, 1e-12);
    assert_near(o.energy, 0.05, 1e-12);
    assert_near(o.cost, 0.5 * 0.05 + 0.5 * 10 * 0.01, 1e-12); // eta 0.5, Pmax 10 W
    assert_near(o.accuracy, 0.8, 1e-12);
    assert_near(o.sent + o.received + o.up + o.remote + o.down + o.radio_energy + o.waited, 0, 0);
    assert_false(o.late || o.dropped);
}

static void the_input_is_sent(void **state)
{
    const struct tdm_plan plan = world_sent(2, 3, 2, 0, 1, 8);
    const struct tdm_outcome o = first(*state, WORLD_PLAIN, &plan);
    // Promotion 50 ms, 100 kB at 1 MB/s, 10 ms, 22 ms on the server, 4 kB at 2 MB/s, 10 ms.
    assert_near(o.up, 0.11, 1e-12);
    assert_near(o.remote, 0.022, 1e-12);
    assert_near(o.down, 0.012, 1e-12);
    assert_near(o.latency, 0.05 + 0.11 + 0.022 + 0.012, 1e-12);
    assert_near(o.board_energy, 0.194, 1e-12); // 1 W at rest
    // Promotion 0.6 W; 6.4 uJ a byte and 0.2 W; the tail's 0.3 W for 42 ms; 3.2 uJ a byte and
    // 0.2 W for 2 ms; a whole tail of 0.1 s.
    assert_near(o.radio_energy,
                0.05 * 0.6 + 0.64 + 0.1 * 0.2 + 0.042 * 0.3 + 4000 * 3.2e-6 + 0.002 * 0.2 + 0.03,
                1e-12);
    assert_near(o.energy, o.board_energy + o.radio_energy, 1e-15);
    assert_near(o.cost, 0.5 * o.energy + 5 * o.latency, 1e-12);
    assert_near(o.sent, 100000, 0);
    assert_near(o.received, 4000, 0);
    assert_near(o.accuracy, 0.8, 1e-12); // the input is not quantised, whatever the bits say
    assert_near(o.server_energy, 0.022 * 100, 1e-12); // above idle
    assert_near(o.head, 0, 0);
}

static void a_compressed_input_is_packed_first(void **state)
{
    const struct tdm_plan plan = world_sent(2, 3, 2, 0, 1, 32);
    const struct tdm_outcome o = first(
        *state, TEXT(WORLD_LINK, "<stream board=\"b\" dnn=\"net.xml\" input=\"compressed\"/>"),
        &plan);
    // 100 kB at half a byte a cycle of 2 GHz: 0.1 ms, on one of four cores (2 W with all).
    assert_near(o.head, 1e-4, 1e-15);
    assert_near(o.sent, 20000, 0);
    assert_near(o.latency, 1e-4 + 0.05 + 0.02 + 0.01 + 0.022 + 0.012, 1e-12);
    assert_near(o.board_energy, 1e-4 * 1.5 + (o.latency - 1e-4) * 1, 1e-12);
}

static void a_cut_with_eight_bits(void **state)
{
    const struct tdm_plan plan = world_sent(2, 3, 2, 3, 1, 8); // after conv2: 80 of 200 MFLOP
    const struct tdm_outcome o = first(*state, WORLD_PLAIN, &plan);
    // 200 kB are packed at 1 GB/s, and 50 kB sent.
    assert_near(o.head, 0.004 + 2e-4, 1e-12);
    assert_near(o.sent, 50000, 0);
    assert_near(o.remote, 0.002 + 0.012, 1e-12);
    assert_near(o.latency, 0.0042 + 0.05 + 0.06 + 0.014 + 0.012, 1e-12);
    assert_near(o.accuracy, 0.79, 1e-12);
    assert_near(o.board_energy, 0.004 * 5 + 2e-4 * 1.5 + (o.latency - 0.0042) * 1, 1e-12);
}

static void a_share_overlaps(void **state)
{
    // Half of the channels beyond conv2: 50 kB at 16 bits; 60 of 200 MFLOP stay: 3 ms meanwhile.
    const char *text =
        TEXT(WORLD_LINK, WORLD_STREAM "<knobs xi=\"0 %, 50 %, 100 %\" bits=\"32, 16, 8\"/>");
    const struct tdm_plan plan = world_sent(2, 3, 2, 3, 0.5, 16);
    const struct tdm_outcome o = first(*state, text, &plan);
    assert_near(o.sent, 50000, 0);
    assert_near(o.head, 0.004 + 1e-4, 1e-12); // 100 kB are packed
    assert_near(o.local, 0.003, 1e-12);
    assert_near(o.remote, 0.002 + 0.006, 1e-12);
    assert_near(o.latency, 0.0041 + 0.05 + 0.06 + 0.008 + 0.012, 1e-12);
    assert_near(o.board_energy, 0.004 * 5 + 1e-4 * 1.5 + 0.003 * 5 + (o.latency - 0.0071) * 1,
                1e-12);
    // At the lowest clock the board is the last: 24 ms of compute a share, and more.
    const struct tdm_plan slow = world_sent(2, 0, 2, 3, 0.5, 8);
    const struct tdm_outcome p = first(*state,
                                       TEXT("<link from=\"b\" to=\"c\" bandwidth=\"8 Gbit/s\"/>",
                                            WORLD_STREAM "<knobs xi=\"0 %, 50 %, 100 %\"/>"),
                                       &slow);
    assert_near(p.local, 0.024, 1e-12);
    assert_near(p.latency, 0.032 + 1e-4 + 0.024, 1e-12);
    assert_true(p.up + p.remote + p.down < p.local);
}

static void an_outage_in_the_middle(void **state)
{
    const struct world *w = *state;
    world_write(w, "gap.csv",
                "# duration: 10 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s\n0,8,16\n0.1,0,0\n"
                "2.1,4,16\n",
                NULL);
    const struct tdm_plan plan = world_sent(2, 3, 2, 0, 1, 32);
    const struct tdm_outcome o =
        first(w,
              TEXT("<link from=\"b\" to=\"c\" trace=\"gap.csv\" rtt=\"20 ms\" radio=\"air.xml\"/>",
                   WORLD_STREAM),
              &plan);
    // From 50 ms on: 50 kB until 0.1 s, nothing for 2 s, 50 kB at 0.5 MB/s.
    assert_near(o.up, 0.05 + 2 + 0.1 + 0.01, 1e-9);
    assert_near(o.latency, 0.05 + 2.16 + 0.022 + 0.012, 1e-9);
    // The radio is on all the while.
    assert_near(o.radio_energy, 0.03 + 0.64 + 2.15 * 0.2 + 0.042 * 0.3 + 0.0128 + 0.0004 + 0.03,
                1e-9);
    // A floor fills the gap: 0.5 MB/s in place of nothing.
    const struct tdm_outcome p = first(
        w, TEXT("<link from=\"b\" to=\"c\" trace=\"gap.csv\" floor=\"4 Mbit/s\"/>", WORLD_STREAM),
        &plan);
    assert_near(p.up, 0.1, 1e-9);
    // Starting 90 ms into the trace.
    const struct tdm_outcome q = first(
        w, TEXT("<link from=\"b\" to=\"c\" trace=\"gap.csv\" offset=\"90 ms\"/>", WORLD_STREAM),
        &plan);
    assert_near(q.up, 0.01 + 2 + 0.18, 1e-9);
}

static void a_trace_in_small_steps_and_turns(void **state)
{
    const struct world *w = *state;
    // 10 ms of 0.8, then of 2.4 Mbit/s, round and round: 4 kB a turn of 20 ms.
    world_write(w, "saw.csv",
                "# duration: 20 ms\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s\n0,0.8,16\n"
                "0.01,2.4,16\n",
                NULL);
    const struct tdm_plan plan = world_sent(2, 3, 2, 0, 1, 32);
    const struct tdm_outcome o =
        first(w, TEXT("<link from=\"b\" to=\"c\" trace=\"saw.csv\"/>", WORLD_STREAM), &plan);
    assert_near(o.up, 25 * 0.02, 1e-9);
}

static void deadlines_are_missed_after_them(void **state)
{
    const struct tdm_plan plan = world_local(2, 3, 2);
#define DEADLINE(text) \
    TEXT(WORLD_LINK, "<stream board=\"b\" dnn=\"net.xml\" deadline=\"" text "\"/>")
    assert_true(first(*state, DEADLINE("9.999 ms"), &plan).late);
    assert_false(first(*state, DEADLINE("10.001 ms"), &plan).late);
}

static void the_objective_weighs(void **state)
{
    const struct tdm_plan plan = world_sent(2, 3, 2, 3, 1, 32);
#define ETA(eta) \
    "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_LINK WORLD_STREAM \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"" eta "\"/></scenario>"
    const struct tdm_outcome energy = first(*state, ETA("1"), &plan);
    assert_near(energy.cost, energy.energy, 1e-15);
    const struct tdm_outcome time = first(*state, ETA("0"), &plan);
    assert_near(time.cost, 10 * time.latency, 1e-12);
    const struct tdm_outcome both = first(*state, ETA("0.3"), &plan);
    assert_near(both.cost, 0.3 * both.energy + 0.7 * 10 * both.latency, 1e-12);
}

static void the_cpu_may_run_it(void **state)
{
    // 8 FLOP a cycle at 2 GHz: 12.5 ms of 200 MFLOP; bytes at half of 16 GB/s: 7,404,000 of them.
    struct tdm_plan plan = world_local(2, 0, 2);
    plan.processor = 1;
    const struct tdm_outcome o = first(*state, WORLD_PLAIN, &plan);
    const double compute = 0.0125, traffic = 7404000 / 8e9;
    const double time = pow(pow(compute, 4) + pow(traffic, 4), 0.25);
    assert_near(o.latency, time, 1e-12);
    // 1 W, all cores busy 2 W, and the memory's share of 1 W: it gets half of the bandwidth at
    // best.
    assert_near(o.board_energy, time * (1 + 2 + 0.5 * traffic / time), 1e-12);
    // Co-runners leave it half of the cores: half as fast, and the cores are busy all the same.
    const struct tdm_outcome p =
        first(*state, TEXT(WORLD_LINK, WORLD_STREAM "<load board=\"b\" cpu=\"50 %\"/>"), &plan);
    const double slow = pow(pow(2 * compute, 4) + pow(traffic, 4), 0.25);
    assert_near(p.latency, slow, 1e-12);
    assert_near(p.board_energy, slow * (1 + 2 + 0.5 * traffic / slow), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_on_the_board),
        cmocka_unit_test(the_input_is_sent),
        cmocka_unit_test(a_compressed_input_is_packed_first),
        cmocka_unit_test(a_cut_with_eight_bits),
        cmocka_unit_test(a_share_overlaps),
        cmocka_unit_test(an_outage_in_the_middle),
        cmocka_unit_test(a_trace_in_small_steps_and_turns),
        cmocka_unit_test(deadlines_are_missed_after_them),
        cmocka_unit_test(the_objective_weighs),
        cmocka_unit_test(the_cpu_may_run_it),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

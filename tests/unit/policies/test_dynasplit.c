// SPDX-License-Identifier: GPL-3.0-or-later
/** DynaSplit against all plans, one by one, in worlds where its predictions are what happens. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"
#include "policies/dynasplit_front.h"

enum { LAST = 6, CLOCKS = 3 * 4 * 3, PLANS = 2 * CLOCKS * (1 + 1 + 5 * 2) };

static int make(void **state)
{
    world_set_up(state);
    // No answer comes back; what crosses conv3 is so small that some clocks pay there.
    world_write(*state, "tiny.xml", world_dnn, "out=\"4000 B\"", "out=\"0 B\"", "bytes=\"50000 B\"",
                "bytes=\"20000 B\"", NULL);
    world_write(*state, "steps.csv", "time_s,up_mbit_s\n0,0.008\n1,64\n2,6.4\n", NULL);
    // A CPU that is slower than the GPU, and a server worth the trip.
    world_write(*state, "slow.xml", world_board, "flop=\"8\"", "flop=\"1\"", NULL);
    world_write(*state, "fast.xml", world_server, "100 GFLOP/s", "10 TFLOP/s", "2 ms", "1 ms",
                "busy=\"150 W\"", "busy=\"400 W\"", NULL);
    world_write(*state, "dark.xml", world_server, " idle=\"50 W\" busy=\"150 W\"", "", NULL);
    return 0;
}

static void text_of(char text[1024], const char *link, const char *deadline)
{
    snprintf(text, 1024,
             "<scenario name=\"t\" duration=\"9 s\"><board id=\"b\" type=\"slow.xml\" "
             "thermal=\"no\" switching=\"no\" jitter=\"no\"/>"
             "<server id=\"c\" type=\"fast.xml\"/><link from=\"b\" to=\"c\" rtt=\"4 ms\" %s/>"
             "<stream board=\"b\" dnn=\"tiny.xml\" arrivals=\"closed\" input=\"raw\" %s/>"
             "<knobs bits=\"32, 8\" processor=\"all\"/></scenario>",
             link, deadline);
}

// Every plan that sends all or nothing, with what the engine makes of it.
static int list(const struct first *f, struct tdm_outcome all[PLANS])
{
    int count = 0;
    for (int processor = 0; processor < 2; processor++)
        for (int c = 0; c < CLOCKS; c++)
            for (int point = 0; point <= LAST; point++)
                for (int bits = 8; bits <= 32; bits += 24) {
                    if (bits == 8 && (point == 0 || point == LAST))
                        continue;
                    struct tdm_plan plan =
                        world_sent(c % 3, c / 3 % 4, c / 12, point, point < LAST, bits);
                    plan.processor = processor;
                    assert_true(count < PLANS);
                    all[count++] = first_foresee(f, &plan);
                }
    return count;
}

// The least energy that is fast enough, else the least time: the rule, by looking at all.
static void assert_rule(const struct first *f, const struct tdm_outcome *chosen, double allowed,
                        bool server)
{
    static struct tdm_outcome all[PLANS];
    const int count = list(f, all);
    double energy = INFINITY, time = INFINITY;
    for (int i = 0; i < count; i++) {
        time = fmin(time, all[i].latency);
        if (all[i].latency <= allowed)
            energy = fmin(energy, all[i].energy + (server ? all[i].server_energy : 0));
    }
    if (isinf(energy)) {
        assert_near(chosen->latency, time, 1e-12);
        return;
    }
    assert_true(chosen->latency <= allowed);
    assert_near(chosen->energy + (server ? chosen->server_energy : 0), energy, 1e-9 * energy);
}

static void least_energy_within_the_deadline_else_the_fastest(void **state)
{
    static const char *const names[] = {"dynasplit", "dynasplit:energy=all",
                                        "dynasplit:network=seen",
                                        "dynasplit:network=seen;energy=all"};
    // 100 B/s and whole octaves above it: rates that fronts are made for.
    static const char *const rates[] = {"0.8 kbit/s", "409.6 kbit/s", "6553.6 kbit/s",
                                        "104857.6 kbit/s"};
    int late = 0, sent = 0, kept = 0, slow = 0, other = 0, spared = 0;
    struct tdm_plan before = {0};
    for (int i = 0; i < 4 * 4 * 12; i++) {
        char text[1024], link[64], deadline[64];
        const double allowed = 0.01 * pow(1.45, i / 16);
        snprintf(link, sizeof link, "bandwidth=\"%s\"", rates[i / 4 % 4]);
        snprintf(deadline, sizeof deadline, "deadline=\"%.9g s\"", allowed);
        text_of(text, link, deadline);
        struct first f = first_of(*state, text, names[i % 4]);
        const struct tdm_outcome chosen = first_foresee(&f, &f.plan);
        assert_rule(&f, &chosen, f.event.state->deadline, i % 2);
        late += chosen.latency > allowed;
        sent += f.plan.xi > 0;
        kept += f.plan.xi == 0;
        slow += f.plan.opp[TDM_GPU] < 3;
        other += f.plan.processor == 1;
        spared += i % 2 && before.xi > 0 && f.plan.xi == 0; // the server counts, and is let be
        before = f.plan;
        first_done(&f);
    }
    assert_true(late > 5 && sent > 20 && kept > 20 && slow > 20 && other > 5 && spared > 5);
}

static void waiting_uses_up_the_deadline(void **state)
{
    char text[1024];
    text_of(text, "bandwidth=\"409.6 kbit/s\"", "deadline=\"500 ms\"");
    struct first f = first_of(*state, text, "dynasplit");
    struct tdm_plan plans[2];
    struct tdm_state late = *f.event.state;
    for (int i = 0; i < 2; i++) {
        late.arrival = late.now - (i ? 0.7 : 0.4); // 0.1 s is left, or nothing
        tdm_policy_decide(f.policy, &late, &plans[i]);
        const struct tdm_outcome chosen = first_foresee(&f, &plans[i]);
        assert_rule(&f, &chosen, i ? -0.2 : 0.1, false);
    }
    const struct tdm_outcome easy = first_foresee(&f, &f.plan),
                             hasty = first_foresee(&f, &plans[0]);
    assert_true(hasty.latency < easy.latency && hasty.energy > easy.energy);
    first_done(&f);
    // No deadline: the least energy of all.
    text_of(text, "bandwidth=\"409.6 kbit/s\"", "");
    f = first_of(*state, text, "dynasplit");
    const struct tdm_outcome chosen = first_foresee(&f, &f.plan);
    assert_rule(&f, &chosen, INFINITY, false);
    first_done(&f);
}

// Field by field: there is nothing between some of them.
static void assert_same(const struct tdm_plan *plan, const struct tdm_plan *wanted)
{
    assert_memory_equal(plan->opp, wanted->opp, sizeof plan->opp);
    assert_int_equal(plan->processor, wanted->processor);
    assert_int_equal(plan->point, wanted->point);
    assert_int_equal(plan->bits, wanted->bits);
    assert_int_equal(plan->link, wanted->link);
    assert_true(plan->xi == wanted->xi);
}

static void which_network_it_knows(void **state)
{
    // 8 kbit/s, 64 Mbit/s and 6.4 Mbit/s, a second each; the first probe sees the first.
    static const char *const names[] = {"dynasplit", "dynasplit:network=6.4 Mbit/s",
                                        "dynasplit:network=64 Mbit/s", "dynasplit:network=seen"};
    char text[1024];
    struct tdm_plan plans[4];
    double energies[3]; // of what would be chosen at a constant rate
    static const char *const rates[] = {"8 kbit/s", "6.4 Mbit/s", "64 Mbit/s"};
    struct tdm_plan wanted[3];
    for (int i = 0; i < 3; i++) {
        char link[64];
        snprintf(link, sizeof link, "bandwidth=\"%s\"", rates[i]);
        text_of(text, link, "deadline=\"60 ms\"");
        struct first f = first_of(*state, text, "dynasplit");
        wanted[i] = f.plan;
        energies[i] = first_foresee(&f, &f.plan).energy;
        first_done(&f);
    }
    assert_true(energies[2] < energies[1] && energies[1] < energies[0]);
    assert_near(wanted[0].xi, 0, 0);
    text_of(text, "trace=\"steps.csv\"", "deadline=\"60 ms\"");
    for (int i = 0; i < 4; i++) {
        struct first f = first_of(*state, text, names[i]);
        plans[i] = f.plan;
        first_done(&f);
    }
    assert_same(&plans[0], &wanted[1]); // the median
    assert_same(&plans[1], &wanted[1]);
    assert_same(&plans[2], &wanted[2]);
    assert_same(&plans[3], &wanted[0]);
    // Where nothing gets through, who looks does not send, and who does not look does.
    text_of(text, "bandwidth=\"64 Mbit/s\"", "deadline=\"60 ms\"");
    for (int looks = 0; looks < 2; looks++) {
        struct first f = first_of(*state, text, looks ? names[3] : names[0]);
        assert_true(f.plan.xi > 0);
        struct tdm_state outage = *f.event.state;
        struct tdm_plan plan;
        outage.bandwidth = 0;
        tdm_policy_decide(f.policy, &outage, &plan);
        assert_near(plan.xi, !looks, 0);
        first_done(&f);
    }
    struct first f = first_of(*state, PLAIN("", ""), "dynasplit"); // no link at all
    assert_near(f.plan.xi, 0, 0);
    first_done(&f);
}

static bool beats(const struct tdm_outcome *a, const double cost[TDM_TRADES], double slack)
{
    return a->energy < cost[0] - slack && a->latency < cost[1] - slack &&
           a->accuracy >= -cost[2] - 1e-12;
}

static void the_front_is_that_of_all_plans(void **state)
{
    static struct tdm_outcome all[PLANS];
    for (int i = 0; i < 12; i++) {
        char text[1024], link[64];
        snprintf(link, sizeof link, "bandwidth=\"%.6g Mbit/s\"", 0.01 * pow(3, i));
        text_of(text, link, "");
        struct first f = first_of(*state, text, "edge-only");
        const struct tdm_state *now = f.event.state;
        const struct tdm_queue *queue = tdm_unit_queue(now->unit, 0);
        const struct tdm_network network = tdm_network_seen(now);
        struct tdm_arena *arena = tdm_arena_new(1 << 20);
        struct tdm_settings settings;
        struct tdm_front front;
        assert_int_equal(tdm_settings_make(&settings, queue, arena), 0);
        assert_int_equal(
            tdm_front_make(&front, &settings, now->unit, queue, &network, false, arena), 0);
        const int count = list(&f, all);
        assert_int_equal(count, PLANS);
        assert_true(settings.count < PLANS && front.count <= settings.count);
        for (size_t k = 0; k < front.count; k++)
            for (int p = 0; p < count; p++)
                assert_false(beats(&all[p], front.items[k].cost, 1e-9));
        for (int p = 0; p < count; p++) { // something is as good in everything
            bool covered = false;
            for (size_t k = 0; k < front.count && !covered; k++) {
                const double *cost = front.items[k].cost;
                covered = cost[0] <= all[p].energy + 1e-9 && cost[1] <= all[p].latency + 1e-9 &&
                          -cost[2] >= all[p].accuracy - 1e-12;
            }
            assert_true(covered);
        }
        tdm_arena_free(arena);
        first_done(&f);
    }
}

static void a_server_whose_power_nobody_knows(void **state)
{
    struct tdm_scenario *scenario = world_load(
        *state, "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_LINK WORLD_STREAM
                "<server id=\"c\" type=\"dark.xml\"/></scenario>");
    struct tdm_error error = {0};
    assert_null(tdm_policy_open("dynasplit:energy=all", scenario, 1, &error));
    assert_non_null(strstr(error.message, "'box' says none"));
    struct tdm_policy *policy = tdm_policy_open("dynasplit:energy=board", scenario, 1, &error);
    assert_non_null(policy);
    tdm_policy_free(policy);
    tdm_scenario_free(scenario);
}

static void boards_of_a_fleet_decide_alike(void **state)
{
    // 20 kB compressed pay at 80 kB/s, 100 kB raw do not.
    struct tdm_scenario *scenario = world_load(
        *state, "<scenario name=\"t\" duration=\"3 s\"><server id=\"c\" type=\"fast.xml\"/>"
                "<fleet count=\"3\"><board id=\"b\" type=\"slow.xml\" thermal=\"no\" "
                "switching=\"no\"/><link from=\"b\" to=\"c\" bandwidth=\"640 kbit/s\" "
                "rtt=\"1 ms\"/>"
                "<stream board=\"b\" dnn=\"tiny.xml\" arrivals=\"closed\" input=\"compressed\"/>"
                "<stream board=\"b\" dnn=\"tiny.xml\" arrivals=\"closed\" input=\"raw\"/>"
                "<knobs cut=\"input\"/></fleet></scenario>");
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_policy *policy = world_policy("dynasplit", scenario, 1);
    struct world_run run = world_run(engine, policy);
    int seen[3][2] = {{0}};
    for (size_t i = 0; i < run.count; i++) {
        const struct tdm_outcome *o = &run.items[i];
        const int raw = scenario->streams[o->stream].input == TDM_RAW;
        assert_near(o->plan.xi, !raw, 0);
        seen[o->board][raw]++;
    }
    for (int b = 0; b < 3; b++)
        assert_true(seen[b][0] && seen[b][1]);
    free(run.items);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(least_energy_within_the_deadline_else_the_fastest),
        cmocka_unit_test(waiting_uses_up_the_deadline),
        cmocka_unit_test(which_network_it_knows),
        cmocka_unit_test(the_front_is_that_of_all_plans),
        cmocka_unit_test(a_server_whose_power_nobody_knows),
        cmocka_unit_test(boards_of_a_fleet_decide_alike),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

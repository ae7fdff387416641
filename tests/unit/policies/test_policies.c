// SPDX-License-Identifier: GPL-3.0-or-later
/** What each built-in policy decides, against an independent look at the same choices. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"

static void assert_plan(const struct tdm_plan *plan, int cpu, int gpu, int emc, int point,
                        double xi, int bits)
{
    assert_int_equal(plan->opp[0], cpu);
    assert_int_equal(plan->opp[1], gpu);
    assert_int_equal(plan->opp[2], emc);
    assert_int_equal(plan->point, point);
    assert_near(plan->xi, xi, 1e-12);
    assert_int_equal(plan->bits, bits);
    assert_int_equal(plan->link, 0);
    assert_int_equal(plan->processor, 0);
}

static void the_simple_ones(void **state)
{
    struct first f = first_of(*state, WORLD_PLAIN, "edge-only");
    assert_plan(&f.plan, 2, 3, 2, 6, 0, 32);
    first_done(&f);
    f = first_of(*state, PLAIN(WORLD_LINK, "<knobs gpu=\"200 MHz, 400 MHz\" cpu=\"500 MHz\"/>"),
                 "edge-only");
    assert_plan(&f.plan, 0, 2, 2, 6, 0, 32);
    first_done(&f);
    const int g = TDM_GOVERNED;
    f = first_of(*state, WORLD_PLAIN, "cloud-only");
    assert_plan(&f.plan, g, g, g, 0, 1, 32);
    first_done(&f);
    struct tdm_scenario *alone = world_load(*state, PLAIN("", "")); // nowhere to send to
    struct tdm_error error = {0};
    assert_null(tdm_policy_open("cloud-only", alone, 1, &error));
    assert_non_null(strstr(error.message, "the board 'b' has none"));
    tdm_scenario_free(alone);
    f = first_of(*state, WORLD_PLAIN, "governed");
    assert_plan(&f.plan, g, g, g, 6, 0, 32);
    assert_int_equal(f.plan.governor, -1);
    first_done(&f);
    f = first_of(*state, WORLD_PLAIN, "governed:ondemand");
    assert_int_equal(f.plan.governor, TDM_GOVERNOR_ONDEMAND);
    first_done(&f);
    f = first_of(*state, WORLD_PLAIN, "nvpmodel:LOW");
    assert_plan(&f.plan, g, g, g, 6, 0, 32);
    assert_int_equal(f.plan.cores, 2);
    assert_int_equal(f.plan.cap[0], 1);
    assert_int_equal(f.plan.cap[1], 1);
    assert_int_equal(f.plan.cap[2], 1);
    first_done(&f);
    f = first_of(*state, WORLD_PLAIN, "nvpmodel:0"); // by number: no caps
    assert_int_equal(f.plan.cores, 4);
    assert_int_equal(f.plan.cap[1], -1);
    first_done(&f);
}

static void caps_hold(void **state)
{
    // nvpmodel:LOW never gets above its caps; without it the governors do.
    static const char *const names[] = {"nvpmodel:LOW", "governed:performance"};
    for (int k = 0; k < 2; k++) {
        struct tdm_scenario *scenario = world_load(*state, WORLD_PLAIN);
        struct tdm_engine *engine = world_open(scenario, 1);
        struct tdm_policy *policy = world_policy(names[k], scenario, 1);
        struct world_run run = world_run(engine, policy);
        const struct tdm_pieces *pieces = &engine->units[0]->pieces;
        int most[3] = {0};
        for (size_t i = 0; i < pieces->count; i++)
            for (int d = 0; d < 3; d++)
                if (pieces->items[i].opp[d] > most[d])
                    most[d] = pieces->items[i].opp[d];
        assert_int_equal(most[0], k ? 2 : 1);
        assert_int_equal(most[1], k ? 3 : 1);
        // The floor at 200 MHz is 400 MHz; above 400 MHz it is 1.6 GHz.
        assert_int_equal(most[2], k ? 2 : 0);
        free(run.items);
        tdm_policy_free(policy);
        tdm_engine_free(engine);
        tdm_scenario_free(scenario);
    }
}

static void edge_best_is_the_best_of_the_fixed_clocks(void **state)
{
    static const char *const etas[] = {"0", "0.3", "0.6", "1"};
    for (int e = 0; e < 4; e++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_STREAM
                 "<objective eta=\"%s\"/></scenario>",
                 etas[e]);
        struct first f = first_of(*state, text, "edge-best");
        struct tdm_outcome outcome;
        tdm_unit_foresee(f.event.state->unit, &f.plan, &outcome);
        double least = INFINITY;
        for (int c = 0; c < 3; c++)
            for (int g = 0; g < 4; g++)
                for (int m = 0; m < 3; m++) {
                    const struct tdm_plan plan = world_local(c, g, m);
                    struct tdm_outcome other;
                    tdm_unit_foresee(f.event.state->unit, &plan, &other);
                    least = fmin(least, other.cost);
                }
        assert_near(outcome.cost, least, 1e-12);
        first_done(&f);
    }
}

static void fixed_does_as_it_is_told(void **state)
{
    static const struct {
        const char *name;
        int cpu, gpu, emc, point, bits;
        double xi;
    } cases[] = {
        {"fixed", 2, 3, 2, 6, 32, 0},
        {"fixed:", 2, 3, 2, 6, 32, 0},
        {"fixed:gpu=400 MHz", 2, 2, 2, 6, 32, 0},
        {"fixed:cpu=1 GHz;gpu=0.2 GHz;emc=400 MHz", 1, 1, 0, 6, 32, 0},
        {"fixed:emc=governed;gpu=top", 2, 3, TDM_GOVERNED, 6, 32, 0},
        {"fixed:cut=input", 2, 3, 2, 0, 32, 1},
        {"fixed:cut=none", 2, 3, 2, 6, 32, 0},
        {"fixed:cut=conv2;bits=8", 2, 3, 2, 3, 8, 1},
        {"fixed:cut=conv2;xi=50 %", 2, 3, 2, 3, 32, 0.5},
        {"fixed:xi=0.5;bits=8;cut=conv2", 2, 3, 2, 3, 8, 0.5}, // in any order
        {"fixed:cut=conv2;link=0;processor=gpu", 2, 3, 2, 3, 32, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct first f = first_of(*state, PLAIN(WORLD_LINK, KNOBS), cases[i].name);
        assert_plan(&f.plan, cases[i].cpu, cases[i].gpu, cases[i].emc, cases[i].point, cases[i].xi,
                    cases[i].bits);
        first_done(&f);
    }
    struct first f = first_of(*state, PLAIN(WORLD_LINK, KNOBS), "fixed:processor=cpu");
    assert_int_equal(f.plan.processor, 1);
    first_done(&f);
}

static void names_and_arguments_that_are_wrong(void **state)
{
    static const struct {
        const char *name, *message;
    } cases[] = {
        {"orcale", "did you mean 'oracle'"},
        {"", "there is no policy ''"},
        {"edge-only:fast", "'edge-only' takes no argument (found 'fast')"},
        {"oracle:x", "takes no argument"},
        {"random:x", "takes no argument"},
        {"cloud-only:x", "takes no argument"},
        {"edge-best:x", "takes no argument"},
        {"governed:on-demand", "did you mean 'ondemand'"},
        {"governed:floor", "there is no governor 'floor'"},
        {"nvpmodel", "no power mode ''"},
        {"nvpmodel:MAXM", "did you mean 'MAXN'"},
        {"nvpmodel:7", "no power mode '7'"},
        {"neurosurgeon:cost", "'latency' or 'energy'"},
        {"dynamic-split:x", "takes no argument"},
        {"lmos:latency", "the weight of latency, from 0 to 1 (memory has the rest), not 'latency'"},
        {"lmos:1.1", "not '1.1'"},
        {"lmos:-0.1", "not '-0.1'"},
        {"dynasplit:cloud", "knows energy=board"},
        {"dynasplit:energy=server", "not 'energy=server'"},
        {"dynasplit:network=8", "not 'network=8'"},
        {"dynasplit:energy=all;network=0 Mbit/s", "not 'network=0 Mbit/s'"},
        {"fixed:gpu", "write KEY=VALUE"},
        {"fixed:gqu=400 MHz", "did you mean 'gpu'"},
        {"fixed:gpu=401 MHz", "401 MHz is not an OPP of gpu on the board 'toy'"},
        {"fixed:gpu=400", "unit"},
        {"fixed:cut=conv9", "no cut after 'conv9'"},
        {"fixed:cut=fc", "no cut after 'fc'"},
        {"fixed:cut=conv2;xi=0.3", "none of the scenario's levels"},
        {"fixed:xi=0.5", "xi is the share beyond a cut"},
        {"fixed:cut=none;xi=0.5", "xi is the share beyond a cut"},
        {"fixed:cut=input;xi=0.5", "no channels to share"},
        {"fixed:cut=conv2;bits=12", "'12' is no value for 'bits'"},
        {"fixed:cut=conv2;xi=2", "'2' is no value for 'xi'"},
        {"fixed:cut=conv2;link=1", "has 1 link(s)"},
        {"fixed:cut=conv2;link=0.5", "'0.5' is no value for 'link'"},
        {"fixed:processor=dla", "no processor 'dla'"},
        {"fixed:a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1;a=1", "'a'"},
    };
    struct tdm_scenario *scenario = world_load(*state, PLAIN(WORLD_LINK, KNOBS));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        world_refuses(scenario, cases[i].name, cases[i].message);
    tdm_scenario_free(scenario);
}

static void random_tries_everything_alike(void **state)
{
    // Only possible plans, each level about as often as the next, and the same for the same seed.
    struct first f = first_of(*state, PLAIN(WORLD_LINK, KNOBS), "random");
    struct tdm_policy *twin = world_policy("random", f.scenario, 1);
    struct tdm_plan plan, same;
    tdm_policy_decide(twin, f.event.state, &plan);
    enum { N = 20000 };
    int gpu[4] = {0}, point[7] = {0}, processor[2] = {0}, half = 0, cut = 0;
    for (int i = 0; i < N; i++) {
        tdm_policy_decide(f.policy, f.event.state, &plan);
        tdm_policy_decide(twin, f.event.state, &same);
        assert_int_equal(plan.opp[1], same.opp[1]);
        assert_int_equal(plan.point, same.point);
        gpu[plan.opp[1]]++;
        point[plan.point]++;
        processor[plan.processor]++;
        assert_true(plan.xi > 0 || plan.point == 6);
        assert_true(plan.point > 0 || plan.xi == 1);
        cut += plan.point > 0 && plan.xi > 0;
        half += plan.xi == 0.5;
        assert_true(plan.bits == 32 || plan.bits == 8);
    }
    for (int i = 0; i < 4; i++)
        assert_near(gpu[i], N / 4., 5 * sqrt(N / 4.));
    for (int i = 0; i < 7; i++)
        assert_near(point[i], i == 2 ? 0 : N / 6., 5 * sqrt(N / 6.)); // after the ReLU: the same
    assert_near(processor[0], N / 2., 5 * sqrt(N / 4.));
    assert_near(half, cut / 2., 5 * sqrt(N / 4.));
    tdm_policy_free(twin);
    first_done(&f);
}

static void neurosurgeon_takes_the_best_cut(void **state)
{
    const struct world *w = *state;
    // Without a radio and a way back, its prediction is what happens: the least over all cuts.
    world_write(w, "tiny.xml", world_dnn, "out=\"4000 B\"", "out=\"0 B\"", NULL);
    static const char *const rates[] = {"1 Mbit/s", "8 Mbit/s", "60 Mbit/s", "400 Mbit/s",
                                        "2 Gbit/s"};
    static const char *const forms[] = {"raw", "compressed"};
    int sent = 0, kept = 0;
    for (int i = 0; i < 20; i++) {
        const bool energy = i % 2;
        char text[1024];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD
                 "<server id=\"c\" type=\"box.xml\"/><link from=\"b\" to=\"c\" bandwidth=\"%s\" "
                 "rtt=\"2 ms\"/><stream board=\"b\" dnn=\"tiny.xml\" input=\"%s\"/>"
                 "<objective eta=\"%d\"/></scenario>",
                 rates[i / 4], forms[i / 2 % 2], energy);
        struct first f = first_of(w, text, energy ? "neurosurgeon:energy" : "neurosurgeon");
        struct tdm_outcome outcome;
        struct tdm_unit *unit = f.event.state->unit;
        tdm_unit_foresee(unit, &f.plan, &outcome);
        double least = INFINITY;
        for (int point = 0; point <= 6; point++)
            for (int bits = 8; bits <= 32; bits += 24) {
                const struct tdm_plan plan = world_sent(2, 3, 2, point, point < 6, bits);
                struct tdm_outcome other;
                tdm_unit_foresee(unit, &plan, &other);
                least = fmin(least, other.cost); // eta 1: energy; eta 0: time
            }
        assert_near(outcome.cost, least, 1e-9 * least);
        sent += f.plan.xi > 0;
        kept += f.plan.xi == 0;
        first_done(&f);
    }
    assert_true(sent >= 4 && kept >= 4);
    // Sending all is not among the levels.
    struct first f = first_of(
        w, PLAIN("<link from=\"b\" to=\"c\" bandwidth=\"8 Gbit/s\"/>", "<knobs xi=\"0 %, 50 %\"/>"),
        "neurosurgeon");
    assert_near(f.plan.xi, 0, 0);
    first_done(&f);
}

static void every_policy_runs(void **state)
{
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++) {
        if ((*type)->recipe ||
            strcmp((*type)->name, "appealnet") == 0) // test_train.c, test_appealnet.c
            continue;
        const char *name = strcmp((*type)->name, "nvpmodel") == 0 ? "nvpmodel:LOW" : (*type)->name;
        struct tdm_scenario *scenario = world_load(*state, PLAIN(WORLD_LINK, KNOBS));
        struct tdm_engine *engine = world_open(scenario, 1);
        struct tdm_policy *policy = world_policy(name, scenario, 1);
        struct world_run run = world_run(engine, policy);
        assert_true(run.count > 2);
        free(run.items);
        tdm_policy_free(policy);
        tdm_engine_free(engine);
        tdm_scenario_free(scenario);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_simple_ones),
        cmocka_unit_test(caps_hold),
        cmocka_unit_test(edge_best_is_the_best_of_the_fixed_clocks),
        cmocka_unit_test(fixed_does_as_it_is_told),
        cmocka_unit_test(names_and_arguments_that_are_wrong),
        cmocka_unit_test(random_tries_everything_alike),
        cmocka_unit_test(neurosurgeon_takes_the_best_cut),
        cmocka_unit_test(every_policy_runs),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

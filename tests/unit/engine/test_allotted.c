// SPDX-License-Identifier: GPL-3.0-or-later
/** Plans with shares of link and server: whole requests by hand, and who refuses them. */
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
    world_write(
        &world, "steps.csv",
        "# duration: 100 s\ntime_s,up_mbit_s,down_mbit_s,rtt_ms\n0,0.8,16,20\n0.5,8,16,20\n", NULL);
    *state = &world;
    return 0;
}

static struct world_run run(const struct world *w, const char *link, const char *policy)
{
    char text[2048];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"9 s\">" WORLD_BOARD "%s"
             "<stream board=\"b\" dnn=\"net.xml\" input=\"raw\" arrivals=\"periodic\" "
             "rate=\"0.2 /s\"/><server id=\"c\" type=\"box.xml\"/></scenario>",
             link);
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *fixed = world_policy(policy, scenario, 3);
    const struct world_run result = world_run(engine, fixed);
    tdm_policy_free(fixed);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return result;
}

// 100 kB at 1 MB/s, 22 ms of service, 4 kB back at 2 MB/s; a fifth of the one, a quarter of the
// other. The radio moves as many bytes, at its base power for five times as long.
static void a_request_by_hand(void **state)
{
    struct world_run all = run(*state, WORLD_LINK, "fixed:cut=input");
    struct world_run some =
        run(*state, WORLD_LINK, "fixed:cut=input;link-share=20 %;server-share=25 %");
    const struct tdm_outcome *a = &all.items[0], *s = &some.items[0];
    assert_near(a->up, 0.1 + 0.01, 1e-9);
    assert_near(s->up, 0.5 + 0.01, 1e-9);
    assert_near(a->remote, 0.022, 1e-9);
    assert_near(s->remote, 0.088, 1e-9);
    assert_near(a->down, 0.01 + 0.002, 1e-9);
    assert_near(s->down, 0.01 + 0.01, 1e-9);
    assert_near(s->latency - a->latency, 0.4 + 0.066 + 0.008, 1e-9);
    assert_near(s->server_energy, a->server_energy, 1e-12);
    assert_near(s->sent, a->sent, 0);
    // 200 mW on air for longer; while it waits, a tail of 300 mW for 42 ms, and for all its 100 ms.
    assert_near(s->radio_energy - a->radio_energy, 0.2 * (0.4 + 0.008) + 0.3 * (0.1 - 0.042), 1e-9);
    free(all.items);
    free(some.items);
}

// Half of 0.1 MB/s for half a second is 25 kB; the other 75 kB at 0.5 MB/s take 150 ms more.
static void a_share_of_a_trace(void **state)
{
    struct world_run r = run(*state, "<link from=\"b\" to=\"c\" trace=\"steps.csv\"/>",
                             "fixed:cut=input;link-share=0.5");
    const double start = r.items[0].start;
    assert_near(r.items[0].up, 0.5 + 0.15 + 0.01 - start, 1e-9);
    free(r.items);
}

static void shares_are_for_the_analytic_engine(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, WORLD_PLAIN);
    struct tdm_error error = {0};
    struct tdm_engine *engine = tdm_engine_open("simgrid:", scenario, 1, &error);
    assert_non_null(engine);
    struct tdm_policy *fixed = world_policy("fixed:cut=input;link-share=0.5", scenario, 3);
    const struct world_run r = world_run(engine, fixed);
    assert_int_equal(r.count, 0);
    assert_int_equal(tdm_engine_check(engine, &error), -1);
    assert_non_null(strstr(error.message, "--engine analytic:"));
    tdm_policy_free(fixed);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

static void shares_lie_between_nothing_and_all(void **state)
{
    static const char *const cases[] = {"fixed:link-share=0", "fixed:server-share=1.5",
                                        "fixed:link-share=-1"};
    struct tdm_scenario *scenario = world_load(*state, WORLD_PLAIN);
    for (int i = 0; i < 3; i++) {
        struct tdm_error error = {0};
        assert_null(tdm_policy_open(cases[i], scenario, 1, &error));
        assert_non_null(strstr(error.message, "is no value for"));
    }
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_by_hand), cmocka_unit_test(a_share_of_a_trace),
        cmocka_unit_test(shares_lie_between_nothing_and_all),
        cmocka_unit_test(shares_are_for_the_analytic_engine), // SimGrid runs once a process
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

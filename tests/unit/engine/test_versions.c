// SPDX-License-Identifier: GPL-3.0-or-later
/** Versions: a request costs what its plan's network costs, as if the stream were of that one. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"

static struct world_run run(const struct world *w, const char *stream, const char *policy)
{
    char text[2048];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"2 s\">" WORLD_BOARD WORLD_LINK
             "<stream board=\"b\" %s input=\"raw\" arrivals=\"poisson\" rate=\"4 /s\"/>"
             "<server id=\"c\" type=\"box.xml\"/><knobs xi=\"0 %%, 50 %%, 100 %%\"/></scenario>",
             stream);
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_engine *engine = world_open(scenario, 3);
    struct tdm_policy *fixed = world_policy(policy, scenario, 3);
    const struct world_run result = world_run(engine, fixed);
    tdm_policy_free(fixed);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return result;
}

#define BOTH "dnn=\"net.xml\" versions=\"small.xml\""
#define SMALL "dnn=\"small.xml\""

static void a_version_is_as_good_as_a_stream_of_its_own(void **state)
{
    static const char *const ways[] = {"cut=none", "cut=input", "cut=body", "cut=stem;xi=0.5"};
    for (int i = 0; i < 4; i++) {
        char chosen[64], alone[64];
        snprintf(chosen, sizeof chosen, "fixed:%s;version=small", ways[i]);
        snprintf(alone, sizeof alone, "fixed:%s", ways[i]);
        struct world_run a = run(*state, BOTH, chosen), b = run(*state, SMALL, alone);
        assert_true(a.count > 2);
        assert_int_equal(a.count, b.count);
        for (size_t k = 0; k < a.count; k++) {
            assert_int_equal(a.items[k].plan.version, 1);
            a.items[k].plan.version = 0;
            assert_memory_equal(&a.items[k], &b.items[k], sizeof *a.items);
        }
        assert_memory_equal(&a.totals[0], &b.totals[0], sizeof *a.totals);
        free(a.items);
        free(b.items);
    }
}

// 25 MMAC beyond the input are 50 MFLOP: 5 ms of the server's, and 2 ms besides.
static void accuracy_and_service_are_the_versions(void **state)
{
    struct world_run r = run(*state, BOTH, "fixed:version=small;cut=input");
    assert_near(r.items[0].accuracy, 0.7, 1e-12);
    assert_near(r.items[0].remote, 0.007, 1e-9);
    assert_near(r.items[0].received, 4000, 0);
    free(r.items);
    r = run(*state, BOTH, "fixed:cut=input");
    assert_near(r.items[0].accuracy, 0.8, 1e-12);
    assert_near(r.items[0].remote, 0.022, 1e-9);
    free(r.items);
}

static void unknown_versions_and_cuts_are_said(void **state)
{
    static const char *const cases[][2] = {
        {"fixed:version=smal", "has no version 'smal' (did you mean 'small'?)"},
        {"fixed:cut=conv1;version=small", "'small' has no cut after 'conv1'"},
    };
    struct tdm_scenario *scenario = world_load(
        *state, "<scenario name=\"t\" duration=\"2 s\">" WORLD_BOARD WORLD_LINK
                "<stream board=\"b\" " BOTH "/><server id=\"c\" type=\"box.xml\"/></scenario>");
    for (int i = 0; i < 2; i++)
        world_refuses(scenario, cases[i][0], cases[i][1]);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_as_good_as_a_stream_of_its_own),
        cmocka_unit_test(accuracy_and_service_are_the_versions),
        cmocka_unit_test(unknown_versions_and_cuts_are_said),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

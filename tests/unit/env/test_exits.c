// SPDX-License-Identifier: GPL-3.0-or-later
/** The knob 'exit': what its levels mean beside a cut's, and that nobody has it who frees none. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"
#include "env/env_parts.h"

#define TEXT(stream, knobs) \
    "<scenario name=\"t\" duration=\"9 s\">" WORLD_BOARD WORLD_LINK \
    "<stream board=\"b\" dnn=\"leaving.xml\" " stream "/>" \
    "<server id=\"c\" type=\"box.xml\"/><knobs cpu=\"top\" gpu=\"top\" emc=\"top\" " \
    "bits=\"32\" " knobs "/></scenario>"

static struct tdm_env *open_env(const struct tdm_scenario *scenario)
{
    struct tdm_error error = {0};
    struct tdm_env *env = tdm_env_open("analytic:", scenario, &error);
    if (!env)
        fail_msg("%s", error.message);
    return env;
}

static struct tdm_plan step(struct tdm_env *env, int cut, int xi, int leaves, float *observation)
{
    struct tdm_error error = {0};
    struct tdm_step s;
    if (tdm_env_step(env, (const int32_t[]){cut, xi, leaves}, observation, &s, &error))
        fail_msg("%s", error.message);
    return env->course.state->last;
}

// Exits hang at the third and fourth cut; the levels of 'cut' are the input and cuts 1, 3, 4, 5.
static void levels_are_the_exits_and_cuts_beyond_are_never_come_to(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, TEXT("", "exit=\"all\" cut=\"all\""));
    struct tdm_env *env = open_env(scenario);
    const struct tdm_spaces *spaces = tdm_env_spaces(env);
    assert_int_equal(spaces->knobs, 3);
    assert_string_equal(spaces->names[2], "exit");
    assert_int_equal(spaces->levels[0], 5);
    assert_int_equal(spaces->levels[2], 3);
    const int last = spaces->observation - 1;
    assert_string_equal(spaces->entries[last], "previous-exit");
    static const int cuts[] = {0, 1, 3, 4, 5};
    float observation[TDM_ENTRIES];
    struct tdm_error error = {0};
    assert_int_equal(tdm_env_reset(env, 1, observation, &error), 0);
    for (int leaves = 0; leaves < 3; leaves++)
        for (int cut = 0; cut < 5; cut++)
            for (int xi = 0; xi < 2; xi++) {
                const struct tdm_plan plan = step(env, cut, xi, leaves, observation);
                const int after = leaves ? leaves + 2 : 5; // cuts that there are
                const bool sends = xi && cuts[cut] <= after;
                assert_int_equal(plan.exit, leaves);
                assert_int_equal(plan.point, sends ? cuts[cut] : after + 1);
                assert_true(plan.xi == (sends ? 1 : 0));
                assert_true(observation[last] == (float)(leaves - 1));
            }
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

static void who_frees_no_exit_sees_none(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, TEXT("", "cut=\"all\""));
    struct tdm_env *env = open_env(scenario);
    const struct tdm_spaces *spaces = tdm_env_spaces(env);
    assert_int_equal(spaces->knobs, 2);
    for (int i = 0; i < spaces->observation; i++)
        assert_string_not_equal(spaces->entries[i], "previous-exit");
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

static void as_many_exits_for_each_version(void **state)
{
    struct tdm_scenario *scenario = world_load(
        *state, TEXT("versions=\"small.xml\"", "version=\"all\" exit=\"all\" cut=\"2\""));
    struct tdm_error error = {0};
    assert_null(tdm_env_open("analytic:", scenario, &error));
    assert_non_null(
        strstr(error.message, "'exit' has 1 levels for the version 'small' and 3 for 'net'"));
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_the_exits_and_cuts_beyond_are_never_come_to),
        cmocka_unit_test(who_frees_no_exit_sees_none),
        cmocka_unit_test(as_many_exits_for_each_version),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** The knob 'version': what its levels mean, and that nobody has it who names no versions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"
#include "env/env_parts.h"

#define TEXT(knobs) \
    "<scenario name=\"t\" duration=\"9 s\">" WORLD_BOARD WORLD_LINK \
    "<stream board=\"b\" dnn=\"net.xml\" versions=\"small.xml\"/>" \
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

static const struct tdm_plan *step(struct tdm_env *env, const int32_t *action, float *observation)
{
    struct tdm_error error = {0};
    struct tdm_step s;
    if (tdm_env_step(env, action, observation, &s, &error))
        fail_msg("%s", error.message);
    return &env->course.state->last;
}

static void levels_are_the_versions_and_cuts_their_own(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, TEXT("version=\"all\" cut=\"3\""));
    struct tdm_env *env = open_env(scenario);
    const struct tdm_spaces *spaces = tdm_env_spaces(env);
    assert_int_equal(spaces->knobs, 3);
    assert_string_equal(spaces->names[0], "cut");
    assert_string_equal(spaces->names[1], "xi");
    assert_string_equal(spaces->names[2], "version");
    assert_int_equal(spaces->levels[0], 3);
    assert_int_equal(spaces->levels[2], 2);
    const int last = spaces->observation - 1;
    assert_string_equal(spaces->entries[last], "previous-version");
    float observation[TDM_ENTRIES];
    struct tdm_error error = {0};
    assert_int_equal(tdm_env_reset(env, 1, observation, &error), 0);
    // The net is cut after conv3, its fifth cut; the small one after its body, the second.
    const struct tdm_plan *plan = step(env, (int32_t[]){2, 1, 0}, observation);
    assert_true(plan->version == 0 && plan->point == 5 && plan->xi == 1);
    assert_true(observation[last] == -1);
    plan = step(env, (int32_t[]){2, 1, 1}, observation);
    assert_true(plan->version == 1 && plan->point == 2 && plan->xi == 1);
    assert_true(observation[last] == 1);
    plan = step(env, (int32_t[]){2, 0, 1}, observation); // nothing is sent: beyond the last cut
    assert_true(plan->version == 1 && plan->point == 3 && plan->xi == 0);
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

static void who_frees_no_version_sees_none(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, TEXT("cut=\"all\""));
    struct tdm_env *env = open_env(scenario);
    const struct tdm_spaces *spaces = tdm_env_spaces(env);
    assert_int_equal(spaces->knobs, 2);
    for (int i = 0; i < spaces->observation; i++)
        assert_string_not_equal(spaces->entries[i], "previous-version");
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

static void as_many_cuts_for_each_version(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, TEXT("version=\"all\" cut=\"all\""));
    struct tdm_error error = {0};
    assert_null(tdm_env_open("analytic:", scenario, &error));
    assert_non_null(strstr(error.message, "3 levels for the version 'small' and 5 for 'net'"));
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_are_the_versions_and_cuts_their_own),
        cmocka_unit_test(who_frees_no_version_sees_none),
        cmocka_unit_test(as_many_cuts_for_each_version),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

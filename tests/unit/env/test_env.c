// SPDX-License-Identifier: GPL-3.0-or-later
/* Episodes and seeds: when they end, what follows, and that the first run of a seed is the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "envs.h"

static const struct world *world;

// Knobs: cpu (3), gpu (4), emc (3).
static const int32_t slowest[TDM_KNOBS] = {0, 0, 0}, fastest[TDM_KNOBS] = {2, 3, 2};

struct opened {
    struct tdm_scenario *scenario;
    struct tdm_env *env;
    float observation[TDM_USUAL_ENTRIES];
};

static struct opened open_env(const char *text)
{
    struct opened o = {.scenario = world_load(world, text)};
    o.env = envs_open("analytic:", o.scenario);
    return o;
}

static void close_env(struct opened *o)
{
    tdm_env_free(o->env);
    tdm_scenario_free(o->scenario);
}

// ---- episodes ----------------------------------------------------------------------------------

static void test_length(void **state)
{
    (void)state;
    struct opened o = open_env(ENVS_MINUTE("<environment episode=\"7\"/>"));
    envs_reset(o.env, 1, o.observation);
    for (int episode = 0; episode < 5; episode++) {
        for (int i = 1; i <= 7; i++) {
            const struct tdm_step s = envs_step(o.env, fastest, o.observation);
            assert_false(s.terminated);
            assert_int_equal(s.truncated, i == 7);
        }
        // The next one goes on from there: the same decision is still due.
        float again[TDM_USUAL_ENTRIES];
        envs_reset(o.env, 0, again);
        assert_memory_equal(again, o.observation, sizeof again);
    }
    close_env(&o);
}

static void test_one_step(void **state)
{
    (void)state;
    struct opened o = open_env(ENVS_MINUTE("<environment episode=\"1\"/>"));
    envs_reset(o.env, 1, o.observation);
    for (int i = 0; i < 20; i++) {
        const struct tdm_step s = envs_step(o.env, fastest, o.observation);
        assert_true(s.truncated && !s.terminated);
        assert_int_equal(s.answered, 1);
        assert_true(s.reward < 0);
        envs_reset(o.env, 0, o.observation);
    }
    close_env(&o);
}

// All of a run is as many steps as it has requests; then the last observation is left as it was.
static void test_whole_run(void **state)
{
    (void)state;
    struct opened o = open_env(WORLD_SCENARIO(
        WORLD_BOARD WORLD_LINK "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" "
                               "rate=\"10 /s\"/><environment start=\"beginning\"/>"));
    for (int run = 0; run < 3; run++) {
        struct tdm_step s = {0};
        float before[TDM_USUAL_ENTRIES];
        int steps = 0;
        envs_reset(o.env, run == 0, o.observation);
        while (!s.truncated) {
            memcpy(before, o.observation, sizeof before);
            s = envs_step(o.env, fastest, o.observation);
            assert_false(s.terminated);
            steps++;
        }
        assert_int_equal(steps, 10);
        assert_memory_equal(before, o.observation, sizeof before);
    }
    close_env(&o);
}

static void test_backlog(void **state)
{
    (void)state;
    struct opened o =
        open_env(ENVS_MINUTE("<environment backlog=\"5\" worst=\"-20\" episode=\"1000\"/>"));
    for (int episode = 0; episode < 3; episode++) {
        struct tdm_step s = {0};
        envs_reset(o.env, episode == 0, o.observation);
        while (!s.terminated) {
            assert_false(s.truncated);
            s = envs_step(o.env, slowest, o.observation);
            const int queued = (int)lround((o.observation[TDM_SEES_QUEUED] + 1.) * 5);
            assert_int_equal(s.terminated, queued >= 5);
            assert_int_equal(s.reward == -20, s.terminated);
        }
        assert_false(s.truncated);
    }
    close_env(&o);
}

// 0: it is never given up.
static void test_no_backlog(void **state)
{
    (void)state;
    struct opened o = open_env(ENVS_MINUTE("<environment backlog=\"0\"/>"));
    struct tdm_step s = {0};
    envs_reset(o.env, 1, o.observation);
    while (!s.truncated) {
        s = envs_step(o.env, slowest, o.observation);
        assert_false(s.terminated);
    }
    assert_true(o.observation[TDM_SEES_QUEUED] == 1);
    close_env(&o);
}

// ---- knobs -------------------------------------------------------------------------------------

static void test_one_knob(void **state)
{
    (void)state;
    struct opened o = open_env(
        ENVS_MINUTE("<knobs cpu=\"top\" gpu=\"200 MHz, 800 MHz\" emc=\"top\" cut=\"none\"/>"));
    const struct tdm_spaces *spaces = tdm_env_spaces(o.env);
    assert_int_equal(spaces->knobs, 1);
    assert_int_equal(spaces->levels[0], 2);
    assert_string_equal(spaces->names[0], "gpu");
    double latency[2] = {0};
    for (int32_t level = 0; level < 2; level++) {
        envs_reset(o.env, 1, o.observation);
        latency[level] = envs_step(o.env, &level, o.observation).latency;
    }
    assert_true(latency[0] > 2 * latency[1]);
    close_env(&o);
}

static void test_no_knob(void **state)
{
    (void)state;
    struct opened o =
        open_env(ENVS_MINUTE("<knobs cpu=\"top\" gpu=\"top\" emc=\"top\" cut=\"none\"/>"));
    assert_int_equal(tdm_env_spaces(o.env)->knobs, 0);
    envs_reset(o.env, 1, o.observation);
    for (int i = 0; i < 10; i++)
        assert_int_equal(envs_step(o.env, NULL, o.observation).answered, 1);
    close_env(&o);
}

static void test_nothing_to_decide(void **state)
{
    (void)state;
    static const char *const texts[] = {
        WORLD_SCENARIO(WORLD_BOARD WORLD_LINK "<stream board=\"b\" dnn=\"net.xml\" "
                                              "arrivals=\"periodic\" rate=\"1 /s\" from=\"5 s\"/>"),
        "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD "<server id=\"c\" "
        "type=\"box.xml\"/></scenario>",
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        struct tdm_error error = {0};
        struct tdm_scenario *scenario = world_try(world, texts[t], &error);
        struct tdm_env *env = scenario ? tdm_env_open("analytic:", scenario, &error) : NULL;
        float observation[TDM_USUAL_ENTRIES];
        for (int again = 0; env && again < 2; again++) {
            error = (struct tdm_error){0};
            assert_int_equal(tdm_env_reset(env, again ? 0 : 1, observation, &error), -1);
        }
        assert_true(error.message[0]);
        assert_non_null(strstr(error.file, "scenario.xml"));
        tdm_env_free(env);
        tdm_scenario_free(scenario);
    }
}

static void test_unknown_engine(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = world_load(world, WORLD_PLAIN);
    assert_null(tdm_env_open("analytical:", scenario, &error));
    assert_true(error.message[0]);
    tdm_scenario_free(scenario);
}

// ---- seeds -------------------------------------------------------------------------------------

#define JITTERY \
    "<scenario name=\"t\" seed=\"11\" duration=\"30 s\"><board id=\"b\" " \
    "type=\"toy.xml\"/>" WORLD_LINK ENVS_POISSON \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"0.5\"/>" \
    "<environment backlog=\"0\"/></scenario>"

static uint64_t mix(uint64_t hash, const void *bytes, size_t size)
{
    for (const unsigned char *b = bytes; size--; b++)
        hash = (hash ^ *b) * 0x100000001b3u;
    return hash;
}

// Random actions over a number of steps: a hash of all that is seen, and of what it cost.
static uint64_t wander(struct tdm_env *env, uint64_t seed, int steps)
{
    struct tdm_random random;
    float observation[TDM_USUAL_ENTRIES];
    uint64_t hash = 0;
    tdm_random_seed(&random, 5, "test", 0);
    envs_reset(env, seed, observation);
    for (int i = 0; i < steps; i++) {
        int32_t action[TDM_KNOBS];
        envs_wander(tdm_env_spaces(env), &random, action);
        const struct tdm_step s = envs_step(env, action, observation);
        hash = mix(mix(hash, observation, sizeof observation), &s.reward, sizeof s.reward);
        hash = mix(mix(hash, &s.cost, sizeof s.cost), &s.latency, sizeof s.latency);
        if (s.terminated || s.truncated)
            envs_reset(env, 0, observation);
    }
    return hash;
}

// The first run of a seed is the run of that seed: the same costs as of an engine that is driven
// with the same plans by hand. Where no seed is given, it is the scenario's.
static void test_same_as_run(void **state)
{
    (void)state;
    static const struct tdm_plan plan = {
        .opp = {2, 2, 2}, .cap = {-1, -1, -1}, .governor = -1, .point = 6, .bits = 32};
    for (int given = 0; given < 2; given++) {
        struct opened o = open_env(JITTERY);
        const uint64_t seed = given ? 42 : 11;
        struct tdm_engine *engine = world_open(o.scenario, seed);
        const struct world_run run = world_plans(engine, &plan, 1);
        struct tdm_step s = {0};
        size_t i = 0;
        envs_reset(o.env, given ? seed : 0, o.observation);
        for (; !s.truncated; i++) {
            s = envs_step(o.env, (const int32_t[TDM_KNOBS]){2, 2, 2}, o.observation);
            if (s.answered == 0)
                break; // the run ended in the middle of the last
            assert_int_equal(s.answered, 1);
            assert_true(s.cost == run.items[i].cost && s.latency == run.items[i].latency);
            assert_true(s.energy == run.items[i].energy);
        }
        assert_int_equal(i, run.count);
        assert_true(i > 100);
        free(run.items);
        tdm_engine_free(engine);
        close_env(&o);
    }
}

static void test_same_bits(void **state)
{
    (void)state;
    struct opened o = open_env(JITTERY), other = open_env(JITTERY);
    const uint64_t first = wander(o.env, 3, 1500); // several runs
    const uint64_t elsewhere = wander(o.env, 4, 1500);
    assert_true(elsewhere != first);
    assert_true(wander(o.env, 3, 1500) == first); // whatever was before
    assert_true(wander(other.env, 3, 1500) == first);
    close_env(&other);
    close_env(&o);
}

// Runs that follow each other differ, and begin anywhere unless told otherwise.
static void test_runs_differ(void **state)
{
    (void)state;
    struct opened o = open_env(JITTERY);
    uint64_t hashes[6];
    for (int run = 0; run < 6; run++) {
        struct tdm_step s = {0};
        envs_reset(o.env, run == 0 ? 9 : 0, o.observation);
        hashes[run] = mix(0, o.observation, sizeof o.observation);
        while (!s.truncated && !s.terminated) {
            s = envs_step(o.env, fastest, o.observation);
            hashes[run] = mix(hashes[run], &s.cost, sizeof s.cost);
        }
        for (int before = 0; before < run; before++)
            assert_true(hashes[before] != hashes[run]);
    }
    close_env(&o);
}

// Whether a run begins anywhere is a matter of the run, not of what the engine did before: training
// that goes on in a new process sees what it would have seen.
static void test_scattered_alike(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = world_load(world, JITTERY);
    struct tdm_error error = {0};
    double arrivals[2];
    for (int used = 0; used < 2; used++) {
        struct tdm_course course;
        assert_int_equal(tdm_course_start(&course, "analytic:", scenario, &error), 0);
        course.scattered = true;
        if (used)
            assert_int_equal(tdm_course_begin(&course, 5, &error), 0);
        assert_int_equal(tdm_course_begin(&course, 6, &error), 0);
        arrivals[used] = course.state->arrival;
        tdm_course_end(&course);
    }
    assert_true(arrivals[0] == arrivals[1]);
    assert_true(arrivals[0] > 1); // within 30 s, and somebody comes eight times a second
    tdm_scenario_free(scenario);
}

// A run that begins where nobody comes any more begins at the beginning instead; it counts as one.
static void test_too_late(void **state)
{
    (void)state;
    struct tdm_scenario *scenario =
        world_load(world, "<scenario name=\"t\" duration=\"100 s\">" WORLD_BOARD WORLD_LINK
                          "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"8 /s\" "
                          "until=\"2 s\"/><server id=\"c\" type=\"box.xml\"/></scenario>");
    struct tdm_course course;
    struct tdm_error error = {0};
    assert_int_equal(tdm_course_start(&course, "analytic:", scenario, &error), 0);
    for (uint64_t run = 1; run <= 10; run++) {
        assert_int_equal(tdm_course_begin(&course, run == 1 ? 3 : 0, &error), 0);
        assert_int_equal(course.runs, run);
        assert_true(course.state->arrival < 2);
    }
    tdm_course_end(&course);
    tdm_scenario_free(scenario);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_length),          cmocka_unit_test(test_one_step),
        cmocka_unit_test(test_whole_run),       cmocka_unit_test(test_backlog),
        cmocka_unit_test(test_no_backlog),      cmocka_unit_test(test_one_knob),
        cmocka_unit_test(test_no_knob),         cmocka_unit_test(test_nothing_to_decide),
        cmocka_unit_test(test_unknown_engine),  cmocka_unit_test(test_same_as_run),
        cmocka_unit_test(test_same_bits),       cmocka_unit_test(test_runs_differ),
        cmocka_unit_test(test_scattered_alike), cmocka_unit_test(test_too_late),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* Environments in processes of their own: as those in this one, and what if such a process dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>

#include "env/env_parts.h"
#include "envs.h"

static const struct world *world;

enum { COUNT = 3 };

// Nothing is shared, and runs begin where SimGrid's do.
#define ALONE \
    "<scenario name=\"t\" seed=\"21\" duration=\"5 s\"><board id=\"b\" " \
    "type=\"toy.xml\"/>" WORLD_LINK ENVS_POISSON \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"0.5\"/>" ENVS_KNOBS \
    "<environment start=\"beginning\" episode=\"9\"/></scenario>"

// ---- processes and files of this one -----------------------------------------------------------

// Children of this process, by its threads' lists; the first few.
static int children(pid_t *pids, int most)
{
    char path[64];
    int count = 0, pid;
    snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
    FILE *file = fopen(path, "r");
    while (file && fscanf(file, "%d", &pid) == 1) {
        if (count < most)
            pids[count] = (pid_t)pid;
        count++;
    }
    if (file)
        fclose(file);
    return count;
}

static int child_count(void)
{
    return children(NULL, 0);
}

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (folder && readdir(folder))
        count++;
    if (folder)
        closedir(folder);
    return count;
}

// ---- the same ----------------------------------------------------------------------------------

static bool both_nan_or_near(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-6 * fabs(b);
}

// Over several runs: the same rewards, and much the same is seen.
static void test_as_here(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = world_load(world, ALONE);
    struct tdm_env *here = envs_open("analytic:", scenario);
    struct tdm_env *apart = envs_open("simgrid:", scenario);
    float seen[TDM_USUAL_ENTRIES], theirs[TDM_USUAL_ENTRIES];
    struct tdm_random random;
    tdm_random_seed(&random, 2, "test", 0);
    envs_reset(here, 7, seen);
    envs_reset(apart, 7, theirs);
    int ends = 0;
    for (int k = 0; k < 150; k++) {
        int32_t action[TDM_KNOBS];
        for (int i = 0; i < TDM_USUAL_ENTRIES; i++)
            assert_near(theirs[i], seen[i], 1e-4);
        envs_wander(tdm_env_spaces(here), &random, action);
        const struct tdm_step a = envs_step(here, action, seen);
        const struct tdm_step b = envs_step(apart, action, theirs);
        assert_true(a.truncated == b.truncated && a.terminated == b.terminated);
        assert_int_equal(a.answered, b.answered);
        assert_true(both_nan_or_near(b.reward, a.reward));
        assert_true(both_nan_or_near(b.cost, a.cost) && both_nan_or_near(b.latency, a.latency));
        if (!a.truncated && !a.terminated)
            continue;
        envs_reset(here, 0, seen);
        envs_reset(apart, 0, theirs);
        ends++;
    }
    assert_true(ends > 10);
    tdm_env_free(here);
    tdm_env_free(apart);
    tdm_scenario_free(scenario);
}

// ---- many --------------------------------------------------------------------------------------

struct many {
    struct tdm_scenario *scenario;
    struct tdm_vec *vec;
    float observations[COUNT][TDM_USUAL_ENTRIES], rewards[COUNT];
    bool terminations[COUNT], truncations[COUNT];
    int32_t actions[COUNT * TDM_KNOBS];
};

static struct many *open_many(void)
{
    struct many *m = calloc(1, sizeof *m);
    struct tdm_error error = {0};
    m->scenario = world_load(world, ALONE);
    m->vec = tdm_vec_open("simgrid:", m->scenario, COUNT, TDM_SAME_STEP, &error);
    assert_non_null(m->vec);
    const struct tdm_buffers buffers = {.observations = &m->observations[0][0],
                                        .actions = m->actions,
                                        .rewards = m->rewards,
                                        .terminations = m->terminations,
                                        .truncations = m->truncations};
    tdm_vec_use(m->vec, &buffers);
    return m;
}

static void close_many(struct many *m)
{
    tdm_vec_free(m->vec);
    tdm_scenario_free(m->scenario);
    free(m);
}

static void reset_many(struct many *m, const uint64_t *seeds)
{
    struct tdm_error error = {0};
    if (tdm_vec_reset(m->vec, seeds, NULL, &error))
        fail_msg("%s", error.message);
}

static void step_many(struct many *m)
{
    struct tdm_error error = {0};
    if (tdm_vec_step(m->vec, &error))
        fail_msg("%s", error.message);
}

// However they end, no process and no file is left.
static void test_leaves_nothing(void **state)
{
    (void)state;
    const int files = open_files();
    assert_int_equal(child_count(), 0);
    struct many *m = open_many();
    reset_many(m, NULL);
    assert_int_equal(child_count(), COUNT);
    for (int k = 0; k < 60; k++) // several runs each
        step_many(m);
    assert_int_equal(child_count(), COUNT);
    const uint64_t seeds[COUNT] = {1, 2, 3};
    reset_many(m, seeds); // in the middle of runs
    assert_int_equal(child_count(), COUNT);
    close_many(m);
    assert_int_equal(child_count(), 0);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_int_equal(open_files(), files);

    struct tdm_scenario *scenario = world_load(world, ALONE);
    tdm_env_free(envs_open("simgrid:", scenario)); // that never began
    tdm_scenario_free(scenario);
    assert_int_equal(child_count(), 0);
    assert_int_equal(open_files(), files);
}

// ---- trouble -----------------------------------------------------------------------------------

static void kill_and_see(pid_t pid)
{
    siginfo_t info;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

// An error, each time, and no hang; a reset begins anew.
static void test_killed(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = world_load(world, ALONE);
    struct tdm_env *env = envs_open("simgrid:", scenario);
    float observation[TDM_USUAL_ENTRIES], again[TDM_USUAL_ENTRIES];
    const int32_t action[TDM_KNOBS] = {1};
    struct tdm_step step;
    alarm(60);
    for (int k = 0; k < 2; k++) {
        pid_t child = 0;
        struct tdm_error error = {0};
        envs_reset(env, 3, observation);
        envs_step(env, action, again);
        assert_int_equal(children(&child, 1), 1);
        kill_and_see(child);
        assert_int_equal(tdm_env_step(env, action, again, &step, &error), -1);
        assert_string_equal(error.message,
                            "the process of an environment has ended without an answer");
        assert_int_equal(child_count(), 0);
        envs_reset(env, k ? 3 : 0, again);
        if (k)
            assert_memory_equal(again, observation, sizeof again);
        envs_step(env, action, again);
    }
    alarm(0);
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

// One of many dies: after a reset of all, each begins anew, and no late answer is taken for one.
static void test_one_of_many_killed(void **state)
{
    (void)state;
    struct many *m = open_many();
    float first[COUNT][TDM_USUAL_ENTRIES], rewards[COUNT];
    const uint64_t seeds[COUNT] = {1, 2, 3};
    pid_t pids[COUNT];
    struct tdm_error error = {0};
    alarm(60);
    reset_many(m, seeds);
    step_many(m);
    memcpy(first, m->observations, sizeof first);
    memcpy(rewards, m->rewards, sizeof rewards);
    assert_int_equal(children(pids, COUNT), COUNT);
    kill_and_see(pids[0]);
    assert_int_equal(tdm_vec_step(m->vec, &error), -1);
    for (int anew = 1; anew >= 0; anew--) {
        reset_many(m, anew ? NULL : seeds);
        for (int i = 0; i < (int)tdm_vec_spaces(m->vec)->knobs * COUNT; i++)
            m->actions[i] = anew; // others, whose answers must not be mixed up with the last
        step_many(m);
    }
    assert_memory_equal(first, m->observations, sizeof first);
    assert_memory_equal(rewards, m->rewards, sizeof rewards);
    assert_int_equal(child_count(), COUNT);
    alarm(0);
    close_many(m);
    assert_int_equal(child_count(), 0);
}

// The same where nobody gives seeds: who was asked and not heard does not go on as if nothing were.
static void test_unheard_answer(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = world_load(world, ALONE);
    struct tdm_env *env = envs_open("simgrid:", scenario), *same = envs_open("simgrid:", scenario);
    float observation[TDM_USUAL_ENTRIES], theirs[TDM_USUAL_ENTRIES];
    const int32_t slow[TDM_KNOBS] = {0}, fast[TDM_KNOBS] = {2, 3, 2};
    alarm(60);
    envs_reset(env, 3, observation);
    tdm_env_ask(env, slow);
    envs_reset(env, 0, observation);
    const struct tdm_step got = envs_step(env, fast, observation);
    envs_reset(same, tdm_course_seed(3, 1), theirs);
    const struct tdm_step hand = envs_step(same, fast, theirs);
    assert_true(got.cost == hand.cost);
    assert_memory_equal(observation, theirs, sizeof theirs);
    alarm(0);
    tdm_env_free(env);
    tdm_env_free(same);
    tdm_scenario_free(scenario);
}

// What a run in another process says of itself is heard here.
static void test_error_of_child(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = world_load(
        world, WORLD_SCENARIO(WORLD_BOARD WORLD_LINK
                              "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" "
                              "rate=\"1 /s\" from=\"5 s\"/>"));
    struct tdm_env *env = envs_open("simgrid:", scenario);
    float observation[TDM_USUAL_ENTRIES];
    struct tdm_error error = {0};
    for (int k = 0; k < 2; k++) {
        assert_int_equal(tdm_env_reset(env, 1, observation, &error), -1);
        assert_non_null(strstr(error.message, "nothing is ever to be decided"));
    }
    tdm_env_free(env);
    assert_int_equal(child_count(), 0);
    tdm_scenario_free(scenario);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_here),        cmocka_unit_test(test_leaves_nothing),
        cmocka_unit_test(test_killed),         cmocka_unit_test(test_one_of_many_killed),
        cmocka_unit_test(test_unheard_answer), cmocka_unit_test(test_error_of_child),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

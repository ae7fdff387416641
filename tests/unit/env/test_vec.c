// SPDX-License-Identifier: GPL-3.0-or-later
/* Many environments against as many single ones, bit for bit; what follows an episode; masks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "env/env_parts.h"
#include "envs.h"

static const struct world *world;

enum { COUNT = 3, SEES = TDM_USUAL_ENTRIES };

#define JITTERY(environment) \
    "<scenario name=\"t\" seed=\"21\" duration=\"10 s\"><board id=\"b\" " \
    "type=\"toy.xml\"/>" WORLD_LINK ENVS_POISSON \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"0.5\"/>" ENVS_KNOBS environment \
    "</scenario>"

// A vec with buffers, and what surrounds them, to see that nothing else is written.
struct many {
    struct tdm_scenario *scenario;
    struct tdm_vec *vec;
    struct tdm_random random;
    float observations[COUNT + 1][SEES], finals[COUNT + 1][SEES], rewards[COUNT + 1];
    bool terminations[COUNT + 1], truncations[COUNT + 1];
    struct tdm_step steps[COUNT + 1];
    int32_t actions[COUNT][TDM_KNOBS];
};

static struct many *open_many(const char *text, enum tdm_autoreset autoreset)
{
    struct many *m = calloc(1, sizeof *m);
    struct tdm_error error = {0};
    m->scenario = world_load(world, text);
    m->vec = tdm_vec_open("analytic:", m->scenario, COUNT, autoreset, &error);
    assert_non_null(m->vec);
    const struct tdm_spaces *spaces = tdm_vec_spaces(m->vec);
    assert_int_equal(spaces->observation, SEES);
    assert_int_equal(spaces->knobs, TDM_KNOB_LINK); // one link, one version
    memset(m->observations, 0x55, sizeof m->observations);
    memset(m->finals, 0x55, sizeof m->finals);
    memset(m->rewards, 0x55, sizeof m->rewards);
    const struct tdm_buffers buffers = {.observations = &m->observations[0][0],
                                        .actions = &m->actions[0][0],
                                        .rewards = m->rewards,
                                        .terminations = m->terminations,
                                        .truncations = m->truncations,
                                        .finals = &m->finals[0][0],
                                        .steps = m->steps};
    tdm_vec_use(m->vec, &buffers);
    tdm_random_seed(&m->random, 8, "test", 0);
    return m;
}

static void assert_untouched(const void *bytes, size_t size)
{
    for (const unsigned char *b = bytes; size--; b++)
        assert_int_equal(*b, 0x55);
}

static void close_many(struct many *m)
{
    assert_untouched(m->observations[COUNT], sizeof m->observations[COUNT]);
    assert_untouched(m->finals[COUNT], sizeof m->finals[COUNT]);
    assert_untouched(&m->rewards[COUNT], sizeof m->rewards[COUNT]);
    tdm_vec_free(m->vec);
    tdm_scenario_free(m->scenario);
    free(m);
}

static void reset_many(struct many *m, const uint64_t *seeds, const bool *mask)
{
    struct tdm_error error = {0};
    if (tdm_vec_reset(m->vec, seeds, mask, &error))
        fail_msg("%s", error.message);
}

// The actions' rows are as wide as there are free knobs.
static int32_t *row(struct many *m, size_t i)
{
    return &m->actions[0][0] + i * (size_t)tdm_vec_spaces(m->vec)->knobs;
}

static void step_many(struct many *m)
{
    struct tdm_error error = {0};
    for (size_t i = 0; i < COUNT; i++)
        envs_wander(tdm_vec_spaces(m->vec), &m->random, row(m, i));
    if (tdm_vec_step(m->vec, &error))
        fail_msg("%s", error.message);
}

// The same actions in environments of their own.
struct singles {
    struct tdm_env *envs[COUNT];
    float observations[COUNT][SEES];
    struct tdm_step steps[COUNT];
};

static void open_singles(struct singles *s, const struct many *m, const uint64_t *seeds)
{
    for (size_t i = 0; i < COUNT; i++) {
        s->envs[i] = envs_open("analytic:", m->scenario);
        envs_reset(s->envs[i], seeds[i], s->observations[i]);
    }
}

static void close_singles(struct singles *s)
{
    for (size_t i = 0; i < COUNT; i++)
        tdm_env_free(s->envs[i]);
}

static void assert_same_steps(const struct many *m, size_t i, const struct tdm_step *s)
{
    const struct tdm_step *v = &m->steps[i];
    assert_memory_equal(&v->reward, &s->reward, sizeof s->reward);
    assert_true(v->terminated == s->terminated && v->truncated == s->truncated);
    assert_memory_equal(&v->exponent, &s->exponent, sizeof s->exponent);
    assert_true(v->answered == s->answered && v->dropped == s->dropped && v->late == s->late);
    assert_memory_equal(&v->latency, &s->latency, sizeof s->latency);
    assert_memory_equal(&v->energy, &s->energy, sizeof s->energy);
    assert_memory_equal(&v->cost, &s->cost, sizeof s->cost);
    assert_memory_equal(&m->rewards[i], &s->reward, sizeof s->reward);
    assert_true(m->terminations[i] == s->terminated && m->truncations[i] == s->truncated);
}

static void assert_same_rows(const float *a, const float *b)
{
    assert_memory_equal(a, b, SEES * sizeof *a);
}

// Episodes of several lengths, runs that end and runs that are given up, at once: TDM_SAME_STEP.
static void test_same_step(void **state)
{
    (void)state;
    static const uint64_t seeds[COUNT] = {4, 5, 6};
    struct many *m =
        open_many(JITTERY("<environment episode=\"37\" backlog=\"9\"/>"), TDM_SAME_STEP);
    struct singles s;
    int terminated = 0, truncated = 0;
    reset_many(m, seeds, NULL);
    open_singles(&s, m, seeds);
    for (int k = 0; k < 500; k++) {
        for (size_t i = 0; i < COUNT; i++)
            assert_same_rows(m->observations[i], s.observations[i]);
        step_many(m);
        for (size_t i = 0; i < COUNT; i++) {
            s.steps[i] = envs_step(s.envs[i], row(m, i), s.observations[i]);
            assert_same_steps(m, i, &s.steps[i]);
            terminated += s.steps[i].terminated;
            truncated += s.steps[i].truncated;
            if (!s.steps[i].terminated && !s.steps[i].truncated)
                continue;
            assert_same_rows(m->finals[i], s.observations[i]);
            envs_reset(s.envs[i], 0, s.observations[i]);
        }
    }
    assert_true(terminated > 5 && truncated > 5);
    close_singles(&s);
    close_many(m);
}

// The step after an episode only resets: no reward, nothing answered, and its action is nobody's.
static void test_next_step(void **state)
{
    (void)state;
    static const uint64_t seeds[COUNT] = {4, 5, 6};
    struct many *m = open_many(JITTERY("<environment episode=\"5\"/>"), TDM_NEXT_STEP);
    struct singles s;
    bool over[COUNT] = {false};
    int resets = 0;
    reset_many(m, seeds, NULL);
    open_singles(&s, m, seeds);
    for (int k = 0; k < 200; k++) {
        step_many(m);
        for (size_t i = 0; i < COUNT; i++) {
            if (over[i]) {
                const struct tdm_step none = {0};
                envs_reset(s.envs[i], 0, s.observations[i]);
                assert_same_steps(m, i, &none);
                over[i] = false;
                resets++;
            } else {
                s.steps[i] = envs_step(s.envs[i], row(m, i), s.observations[i]);
                assert_same_steps(m, i, &s.steps[i]);
                over[i] = s.steps[i].terminated || s.steps[i].truncated;
            }
            assert_same_rows(m->observations[i], s.observations[i]);
        }
    }
    assert_true(resets >= 3 * 30);
    assert_untouched(m->finals[0], sizeof m->finals[0]);
    close_singles(&s);
    close_many(m);
}

// Whoever steps resets those that are over, by a mask; the others' rows stay.
static void test_no_reset(void **state)
{
    (void)state;
    static const uint64_t seeds[COUNT] = {4, 5, 6}, others[COUNT] = {104, 105, 106};
    struct many *m = open_many(JITTERY("<environment episode=\"4\"/>"), TDM_NO_RESET);
    struct singles s;
    reset_many(m, seeds, NULL);
    open_singles(&s, m, seeds);
    const bool second[COUNT] = {false, true, false};
    for (int k = 0; k < 100; k++) {
        bool mask[COUNT];
        float before[COUNT][SEES];
        if (k == 2) { // in the middle of its episode, another run
            memcpy(before, m->observations, sizeof before);
            reset_many(m, others, second);
            envs_reset(s.envs[1], others[1], s.observations[1]);
            assert_same_rows(m->observations[1], s.observations[1]);
            assert_same_rows(m->observations[0], before[0]);
            assert_same_rows(m->observations[2], before[2]);
        }
        step_many(m);
        for (size_t i = 0; i < COUNT; i++) {
            s.steps[i] = envs_step(s.envs[i], row(m, i), s.observations[i]);
            assert_same_steps(m, i, &s.steps[i]);
            assert_same_rows(m->observations[i], s.observations[i]);
            mask[i] = s.steps[i].terminated || s.steps[i].truncated;
            if (mask[i])
                envs_reset(s.envs[i], 0, s.observations[i]);
        }
        reset_many(m, NULL, mask);
        for (size_t i = 0; i < COUNT; i++)
            assert_same_rows(m->observations[i], s.observations[i]);
    }
    close_singles(&s);
    close_many(m);
}

// Without seeds the first runs have the scenario's and those after it; later ones go on.
static void test_usual_seeds(void **state)
{
    (void)state;
    static const uint64_t seeds[COUNT] = {21, 22, 23};
    struct many *m = open_many(JITTERY(""), TDM_SAME_STEP);
    struct singles s;
    reset_many(m, NULL, NULL);
    open_singles(&s, m, seeds);
    for (size_t i = 0; i < COUNT; i++)
        assert_same_rows(m->observations[i], s.observations[i]);
    step_many(m);
    for (size_t i = 0; i < COUNT; i++) {
        s.steps[i] = envs_step(s.envs[i], row(m, i), s.observations[i]);
        assert_same_steps(m, i, &s.steps[i]);
    }
    close_singles(&s);
    close_many(m);
}

// Buffers may be lent anew between steps, and need neither finals nor steps.
static void test_buffers(void **state)
{
    (void)state;
    struct many *m = open_many(JITTERY("<environment episode=\"2\"/>"), TDM_SAME_STEP);
    struct many *other = open_many(JITTERY("<environment episode=\"2\"/>"), TDM_SAME_STEP);
    const struct tdm_buffers few = {.observations = &m->observations[0][0],
                                    .actions = &m->actions[0][0],
                                    .rewards = m->rewards,
                                    .terminations = m->terminations,
                                    .truncations = m->truncations};
    reset_many(m, NULL, NULL);
    reset_many(other, NULL, NULL);
    tdm_vec_use(m->vec, &few);
    for (int k = 0; k < 20; k++) {
        step_many(m);
        step_many(other);
        assert_memory_equal(m->observations, other->observations, sizeof m->observations);
        assert_memory_equal(m->rewards, other->rewards, sizeof m->rewards);
    }
    assert_untouched(m->finals, sizeof m->finals);
    close_many(other);
    close_many(m);
}

#define LATER "<load board=\"b\" from=\"2 s\" until=\"10 s\" gpu=\"50 %\"/>"

// Where training begins runs anywhere, the first of a seed, too.
static void test_scattered(void **state)
{
    (void)state;
    static const uint64_t seeds[COUNT] = {4, 5, 6};
    struct many *here = open_many(JITTERY(LATER), TDM_SAME_STEP);
    struct many *anywhere = open_many(JITTERY(LATER), TDM_SAME_STEP);
    tdm_vec_scatter(anywhere->vec);
    reset_many(here, seeds, NULL);
    reset_many(anywhere, seeds, NULL);
    for (int i = 0; i < 20; i++) { // used engines, and new ones
        step_many(anywhere);
        step_many(here);
    }
    float first[COUNT][SEES];
    reset_many(anywhere, seeds, NULL);
    memcpy(first, anywhere->observations, sizeof first);
    struct many *anew = open_many(JITTERY(LATER), TDM_SAME_STEP);
    tdm_vec_scatter(anew->vec);
    reset_many(anew, seeds, NULL);
    assert_memory_equal(first, anew->observations, sizeof first);
    reset_many(here, seeds, NULL);
    int later = 0;
    for (size_t i = 0; i < COUNT; i++) {
        assert_true(here->observations[i][TDM_SEES_RUNNERS + TDM_GPU] == -1);
        later += first[i][TDM_SEES_RUNNERS + TDM_GPU] == 0;
    }
    assert_true(later > 0);
    close_many(anew);
    close_many(anywhere);
    close_many(here);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_step), cmocka_unit_test(test_next_step),
        cmocka_unit_test(test_no_reset),  cmocka_unit_test(test_usual_seeds),
        cmocka_unit_test(test_buffers),   cmocka_unit_test(test_scattered),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

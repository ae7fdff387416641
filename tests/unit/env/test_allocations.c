// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Once each cost has been looked up and queues have been long, no step of many environments touches
 * the heap, nor does the next run. The linker sends what
 * Tandem's own code asks the heap for to the counters below (cmake/tests.cmake).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "env/env_parts.h"
#include "envs.h"

static const struct world *world;
static size_t calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size)
{
    calls++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    calls++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
    calls++;
    return __real_realloc(memory, size);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    calls++;
    return __real_aligned_alloc(alignment, size);
}

enum { COUNT = 4, WARM_UP = 1500, STEPS = 5000 };

static void step_often(const char *text, enum tdm_autoreset autoreset)
{
    static float observations[COUNT * TDM_ENTRIES], finals[COUNT * TDM_ENTRIES], rewards[COUNT];
    static bool terminations[COUNT], truncations[COUNT];
    static int32_t actions[COUNT * TDM_KNOBS];
    const struct tdm_buffers buffers = {observations, actions, rewards, terminations,
                                        truncations,  finals,  NULL};
    struct tdm_scenario *scenario = world_load(world, text);
    struct tdm_error error = {0};
    struct tdm_random random;
    const size_t before = calls;
    struct tdm_vec *vec = tdm_vec_open("analytic:", scenario, COUNT, autoreset, &error);
    assert_true(calls > before); // they are counted
    const struct tdm_spaces *spaces = tdm_vec_spaces(vec);
    tdm_random_seed(&random, 3, "test", 0);
    tdm_vec_use(vec, &buffers);
    assert_int_equal(tdm_vec_reset(vec, NULL, NULL, &error), 0);
    int ends = 0;
    size_t touched = 0;
    for (int k = 0; k < STEPS; k++) {
        for (size_t i = 0; i < COUNT; i++)
            envs_wander(spaces, &random, actions + i * (size_t)spaces->knobs);
        const size_t start = calls;
        if (tdm_vec_step(vec, &error))
            fail_msg("%s", error.message);
        touched += k < WARM_UP ? 0 : calls - start;
        for (size_t i = 0; i < COUNT; i++)
            ends += terminations[i] || truncations[i];
    }
    assert_int_equal(touched, 0);
    assert_true(ends > 50); // runs that begin anew are among the steps
    tdm_vec_free(vec);
    tdm_scenario_free(scenario);
}

#define HOT(stream, environment) \
    "<scenario name=\"t\" duration=\"20 s\"><board id=\"b\" type=\"toy.xml\"/>" WORLD_LINK \
    "<stream board=\"b\" dnn=\"net.xml\" input=\"raw\" " stream "/><server id=\"c\" " \
    "type=\"box.xml\"/><load board=\"b\" from=\"5 s\" until=\"15 s\" gpu=\"50 %\"/>" \
    "<objective eta=\"0.5\"/>" ENVS_KNOBS environment "</scenario>"

static void test_poisson(void **state)
{
    (void)state;
    step_often(HOT("arrivals=\"poisson\" rate=\"3 /s\"", "<environment backlog=\"8\"/>"),
               TDM_SAME_STEP);
    step_often(HOT("arrivals=\"poisson\" rate=\"3 /s\" queue=\"3\" drop=\"late\" "
                   "deadline=\"300 ms\"",
                   "<environment reward=\"burden\" observe=\"queued, slack\"/>"),
               TDM_NEXT_STEP);
}

static void test_closed(void **state)
{
    (void)state;
    step_often(HOT("arrivals=\"closed\"", "<environment thinking=\"concurrent\" think=\"5 ms\" "
                                          "episode=\"50\"/>"),
               TDM_SAME_STEP);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_poisson),
        cmocka_unit_test(test_closed),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

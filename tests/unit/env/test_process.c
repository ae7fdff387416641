// SPDX-License-Identifier: GPL-3.0-or-later
/* Thinking: what a decision's time does to requests, in each of its modes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "env/process.h"
#include "envs.h"

static const struct world *world;

// Requests follow each other without a pause.
#define CLOSED(environment) \
    WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM ENVS_KNOBS environment)

enum { REQUESTS = 4 };

struct played {
    struct tdm_outcome outcomes[REQUESTS];
    double exponents[REQUESTS];
};

// Request i is decided on with action i.
static struct played play(const char *text, const int32_t (*actions)[TDM_KNOBS])
{
    struct tdm_scenario *scenario = world_load(world, text);
    struct tdm_error error = {0};
    struct tdm_process *process = tdm_process_new(scenario, &error);
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_event event;
    struct played played = {0};
    assert_non_null(process);
    for (int i = 0, answers = 0; answers < REQUESTS && tdm_engine_next(engine, &event);) {
        struct tdm_plan plan;
        if (event.kind == TDM_DECISION) {
            tdm_process_act(process, event.state, actions[i++ % REQUESTS], &plan);
            tdm_engine_decide(engine, &plan);
            continue;
        }
        const struct tdm_outcome *o = event.outcome;
        played.exponents[answers] =
            tdm_process_exponent(process, engine->units[0], o->answer - o->start);
        played.outcomes[answers++] = *o;
    }
    tdm_engine_free(engine);
    tdm_process_free(process);
    tdm_scenario_free(scenario);
    return played;
}

// All on the board at rising GPU clocks: no two requests take the same time.
static const int32_t rising[REQUESTS][TDM_KNOBS] = {{2, 0, 2}, {2, 1, 2}, {2, 2, 2}, {2, 3, 2}};

static double length(const struct tdm_outcome *o)
{
    return o->answer - o->start;
}

static void test_no_time(void **state)
{
    (void)state;
    const struct played none = play(CLOSED(""), rising);
    const struct played freely =
        play(CLOSED("<environment thinking=\"free\" think=\"1 s\"/>"), rising);
    for (int i = 0; i < REQUESTS; i++) {
        assert_true(freely.outcomes[i].thinking == 0);
        assert_true(freely.outcomes[i].answer ==
                    none.outcomes[i].answer); // the board's figure is 0
        assert_int_equal(freely.outcomes[i].plan.opp[TDM_GPU], i);
        assert_true(freely.exponents[i] == 1);
    }
}

// A request is longer by just that much, and costs what a core draws meanwhile.
static void test_blocking(void **state)
{
    (void)state;
    const struct played none = play(CLOSED(""), rising);
    const struct played slow = play(CLOSED("<environment think=\"30 ms\"/>"), rising);
    for (int i = 0; i < REQUESTS; i++) {
        assert_near(slow.outcomes[i].thinking, 0.03, 1e-12);
        assert_near(length(&slow.outcomes[i]), length(&none.outcomes[i]) + 0.03, 1e-9);
        assert_true(slow.outcomes[i].energy > none.outcomes[i].energy + 0.5 * 0.03);
        assert_int_equal(slow.outcomes[i].plan.opp[TDM_GPU], i);
        assert_true(slow.exponents[i] == 1);
    }
}

// The board's figure is for its top CPU clock; here that is a quarter, then half, then in force.
static void test_board_figure(void **state)
{
    (void)state;
    static const int32_t clocks[REQUESTS][TDM_KNOBS] = {{0, 3, 2}, {1, 3, 2}, {2, 3, 2}, {2, 3, 2}};
    world_write(world, "slow.xml", world_board, "memory=\"1 GB\"",
                "memory=\"1 GB\" thinking=\"10 ms\"", NULL);
    const struct played played =
        play(WORLD_SCENARIO("<board id=\"b\" type=\"slow.xml\" thermal=\"no\" switching=\"no\" "
                            "jitter=\"no\"/>" WORLD_LINK WORLD_STREAM ENVS_KNOBS),
             clocks);
    assert_near(played.outcomes[1].thinking, 0.04, 1e-12);
    assert_near(played.outcomes[2].thinking, 0.02, 1e-12);
    assert_near(played.outcomes[3].thinking, 0.01, 1e-12);
}

// The first is served by the board alone at its top clocks, each other one by the action before.
// Thoughts that are shorter than a request cost it nothing; the discount is gamma^(t_AS/H).
static void test_concurrent(void **state)
{
    (void)state;
    const struct played played =
        play(CLOSED("<environment thinking=\"concurrent\" think=\"1 ms\"/>"), rising);
    const int gpu[REQUESTS] = {3, 0, 1, 2};
    for (int i = 0; i < REQUESTS; i++) {
        const struct tdm_outcome *o = &played.outcomes[i];
        assert_int_equal(o->plan.opp[TDM_GPU], gpu[i]);
        assert_true(o->plan.xi == 0);
        assert_true(o->thinking == 0);
        assert_true(length(o) > 1e-3);
        assert_near(played.exponents[i], 1e-3 / length(o), 1e-12);
    }
}

// A thought longer than the request that it began with: the next one waits for the rest of it.
static void test_long_thought(void **state)
{
    (void)state;
    const struct played none = play(CLOSED(""), rising);
    const struct played played =
        play(CLOSED("<environment thinking=\"concurrent\" think=\"100 ms\"/>"), rising);
    const double first = length(&played.outcomes[0]);
    assert_near(first, length(&none.outcomes[3]), 1e-9); // at the top clocks
    assert_true(first < 0.1);
    assert_near(played.outcomes[1].thinking, 0.1 - first, 1e-9);
    // The next thought begins when that one is done, and lasts longer than what is left to do.
    const double work = length(&none.outcomes[0]);
    assert_near(length(&played.outcomes[1]), played.outcomes[1].thinking + work, 1e-9);
    assert_near(played.outcomes[2].thinking, fmax(0, 0.1 - work), 1e-9);
    assert_true(played.exponents[0] == 1); // never more than a whole request's discount
}

// Who thinks beside a pause has the pause for it, too.
static void test_thought_in_a_pause(void **state)
{
    (void)state;
    const struct played played =
        play(WORLD_SCENARIO(WORLD_BOARD WORLD_LINK
                            "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" "
                            "rate=\"5 /s\" input=\"raw\"/>" ENVS_KNOBS
                            "<environment thinking=\"concurrent\" think=\"150 ms\"/>"),
             (const int32_t[REQUESTS][TDM_KNOBS]){{2, 3, 2}, {2, 3, 2}, {2, 3, 2}, {2, 3, 2}});
    for (int i = 0; i < REQUESTS; i++)
        assert_true(played.outcomes[i].thinking == 0);
}

// A run that begins anew has forgotten the last one's decision.
static void test_restart(void **state)
{
    (void)state;
    struct tdm_scenario *scenario =
        world_load(world, CLOSED("<environment thinking=\"concurrent\" think=\"1 ms\"/>"));
    struct tdm_process *process = tdm_process_new(scenario, NULL);
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_event event;
    struct tdm_plan plan;
    float observation[TDM_ENTRIES];
    const int32_t slow[TDM_KNOBS] = {0, 0, 0, 1};
    assert_true(tdm_engine_next(engine, &event));
    tdm_process_act(process, event.state, slow, &plan);
    assert_int_equal(plan.opp[TDM_GPU], 3);
    tdm_process_act(process, event.state, slow, &plan);
    assert_int_equal(plan.opp[TDM_GPU], 0);
    assert_true(plan.thinking > 0);
    tdm_process_observe(process, event.state, observation);
    assert_true(observation[TDM_SEES_PREVIOUS] == -1);
    tdm_process_restart(process);
    tdm_process_observe(process, event.state, observation);
    assert_true(observation[TDM_SEES_PREVIOUS] == 0);
    tdm_process_act(process, event.state, slow, &plan);
    assert_int_equal(plan.opp[TDM_GPU], 3);
    assert_true(plan.thinking == 0);
    tdm_engine_free(engine);
    tdm_process_free(process);
    tdm_scenario_free(scenario);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_time),      cmocka_unit_test(test_blocking),
        cmocka_unit_test(test_board_figure), cmocka_unit_test(test_concurrent),
        cmocka_unit_test(test_long_thought), cmocka_unit_test(test_thought_in_a_pause),
        cmocka_unit_test(test_restart),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

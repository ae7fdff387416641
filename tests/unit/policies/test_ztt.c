// SPDX-License-Identifier: GPL-3.0-or-later
/** zTT: what it may choose, what heat is worth to it, and what `done` makes of its discount. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "../engine/world.h"
#include "policies/train_parts.h"

static const struct world *world;

#define WARM(board, knobs, more) \
    "<scenario name=\"t\" duration=\"30 s\"><board id=\"b\" type=\"toy.xml\" " \
    "switching=\"no\" " board "/>" WORLD_LINK \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"closed\" " \
    "deadline=\"30 ms\" input=\"raw\"/><server id=\"c\" type=\"box.xml\"/>" knobs \
    "<environment temperature=\"50 degC\" reward=\"ztt\" thinking=\"free\" " more "/></scenario>"
#define ALL "<knobs xi=\"0 %, 50 %, 100 %\" bits=\"32, 8\" processor=\"all\"/>"
#define CLOCKS "<knobs emc=\"governed\" cut=\"none\"/>"

static void it_chooses_clocks_of_cpu_and_gpu(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = world_load(world, WARM("", ALL, ""));
    struct tdm_training_setup setup;
    struct tdm_learned learned;
    assert_int_equal(tdm_training_usual(&setup, scenario, "ztt", &error), 0);
    const struct tdm_policy_type *const *type = tdm_policies;
    while (strcmp((*type)->name, "ztt") != 0)
        type++;
    assert_int_equal(tdm_learned_open(&learned, *type, scenario, &error), 0);
    assert_int_equal(learned.branches, 2);
    const struct tdm_actions *actions = tdm_process_actions(learned.process);
    int32_t choice[2] = {1, 2}, action[TDM_KNOBS];
    tdm_learned_expand(&learned, choice, action);
    for (int i = 0; i < actions->count; i++)
        assert_int_equal(action[i], actions->knob[i] == TDM_KNOB_CPU   ? 1
                                    : actions->knob[i] == TDM_KNOB_GPU ? 2
                                    : actions->knob[i] == TDM_KNOB_EMC ? 2 // the top
                                                                       : 0);
    assert_true(actions->count > 5);
    tdm_learned_close(&learned);
    tdm_scenario_free(scenario);
}

// Of a board that warms up past the limit, whose temperature the next observation has: a closed
// loop asks as soon as it is answered. It does not wait either, so P is energy over latency.
static void heat_is_punished(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_scenario *scenario =
        world_load(world, WARM("ambient=\"48 degC\"", CLOCKS, "observe=\"temperature\""));
    struct tdm_env *env = tdm_env_open("analytic:", scenario, &error);
    assert_non_null(env);
    float seen;
    const int32_t top[TDM_KNOBS] = {2, 3}, low[TDM_KNOBS] = {0, 0};
    struct tdm_step step;
    int cool = 0, hot = 0, late = 0;
    assert_int_equal(tdm_env_reset(env, 1, &seen, &error), 0);
    for (int k = 0;; k++) {
        assert_int_equal(tdm_env_step(env, k % 10 ? top : low, &seen, &step, &error), 0);
        if (step.truncated) // the run ends before the answer
            break;
        assert_int_equal(step.answered, 1);
        const double degrees = round(((double)seen + 1) / 2 * 100 * 1000) / 1000; // to 1 mK
        const double heat = degrees < 50 ? 0.2 * tanh(50 - degrees) : -2;
        const double rate = fmin(1, 0.03 / step.latency);
        assert_near(step.reward, rate + heat + 0.2 * step.latency / step.energy, 1e-6);
        cool += degrees < 49.5;
        hot += degrees >= 50;
        late += rate < 1;
    }
    assert_true(cool > 50 && hot > 50 && late > 50);
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

// Two rounds of learning; then what it thinks of a few observations.
static void learn(bool done, double gamma, float *values, int most)
{
    struct tdm_error error = {0};
    char file[256];
    struct tdm_scenario *scenario = world_load(world, WARM("", CLOCKS, ""));
    struct tdm_training_setup setup;
    world_path(world, "ztt.h5", file);
    assert_int_equal(tdm_training_usual(&setup, scenario, "ztt", &error), 0);
    setup.file = file;
    setup.environments = setup.trial_runs = 1;
    setup.round = 512;
    setup.options.warmup = 100;
    setup.options.done = done;
    setup.options.gamma = gamma;
    struct tdm_training *t = tdm_training_open(&setup, false, &error);
    if (!t)
        fail_msg("%s", error.message);
    for (int i = 0; i < 2; i++)
        assert_int_equal(tdm_training_round(t, &error), 0);
    assert_true(tdm_learner_health(t->learned.learner).updates > 500);
    const int count = tdm_learner_values(t->learned.learner, NULL, NULL);
    assert_int_equal(count, 12); // a value for each pair of three and four clocks
    for (int i = 0; i < most; i += count) {
        float observation[TDM_ENTRIES] = {0};
        for (int k = 0; k < t->learned.inputs; k++)
            observation[k] = (float)(i + k) / 100;
        tdm_learner_values(t->learned.learner, observation, values + i);
    }
    tdm_training_free(t);
    tdm_scenario_free(scenario);
}

// The published code's flag: bit for bit the same at any discount, namely as without one.
static void done_leaves_the_discount_without_effect(void **state)
{
    (void)state;
    enum { VALUES = 60 };
    float done[VALUES], other[VALUES], none[VALUES], whole[VALUES];
    learn(true, 0.99, done, VALUES);
    learn(true, 0.5, other, VALUES);
    learn(false, 0, none, VALUES);
    learn(false, 0.99, whole, VALUES);
    assert_memory_equal(done, other, sizeof done);
    assert_memory_equal(done, none, sizeof done);
    assert_memory_not_equal(done, whole, sizeof done);
}

static int make(void **state)
{
    static struct world w;
    (void)state;
    world_make(&w);
    world = &w;
    return 0;
}

static int end(void **state)
{
    (void)state;
    world_end(world);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_chooses_clocks_of_cpu_and_gpu),
        cmocka_unit_test(heat_is_punished),
        cmocka_unit_test(done_leaves_the_discount_without_effect),
    };
    return cmocka_run_group_tests(tests, make, end);
}

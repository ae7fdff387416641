// SPDX-License-Identifier: GPL-3.0-or-later
/* What outcomes are worth: by hand for one, and what rewards have in common over whole runs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "core/error.h"
#include "env/reward.h"
#include "envs.h"

static const struct world *world;

// ---- one outcome -------------------------------------------------------------------------------

static const struct tdm_scenario_environment environment = {.alpha = 0.2, .beta = 3};
static const struct tdm_stream stream = {.deadline = 0.5, .accuracy = 0.7};
static const struct tdm_reference reference = {.time = 0.2, .energy = 1.5, .cost = 2};
static const struct tdm_reward_context context = {.environment = &environment,
                                                  .stream = &stream,
                                                  .reference = &reference,
                                                  .eta = 0.25,
                                                  .pmax = 10};
// 0.25 * 3 J + 0.75 * 10 W * 0.4 s = 3.75 J, of which it waited for 0.75 * 10 W * 0.1 s = 0.75 J.
static const struct tdm_outcome served = {
    .latency = 0.4, .waited = 0.1, .energy = 3, .accuracy = 0.8, .cost = 3.75};
static const struct tdm_outcome dropped = {.latency = INFINITY,
                                           .answer = INFINITY,
                                           .waited = 0.1,
                                           .accuracy = NAN,
                                           .late = true,
                                           .dropped = true};

static double worth(const char *name, const struct tdm_outcome *outcome)
{
    const struct tdm_reward_type *type = tdm_reward_find(name, NULL);
    assert_non_null(type);
    return type->of(&context, outcome);
}

static void test_served(void **state)
{
    (void)state;
    assert_near(worth("cost", &served), -3.75 / 2, 1e-12);
    assert_near(worth("service", &served), -3. / 2, 1e-12);
    assert_near(worth("burden", &served), -3. / 2, 1e-12);
    assert_near(worth("energy", &served), -2, 1e-12);
    // -3000 mJ + 3 * 80 % + 0.2 * 400 ms
    assert_near(worth("autoscale", &served), -3000 + 240 + 80, 1e-9);
}

static void test_late(void **state)
{
    (void)state;
    struct tdm_outcome late = served;
    late.late = true;
    assert_near(worth("cost", &late), -3.75 / 2, 1e-12);
    assert_near(worth("energy", &late), -3, 1e-12);
    assert_near(worth("autoscale", &late), -3000 + 240, 1e-9);
}

static void test_accuracy(void **state)
{
    (void)state;
    struct tdm_outcome poor = served;
    poor.accuracy = 0.65;
    assert_near(worth("autoscale", &poor), -35, 1e-9);
    poor.accuracy = NAN; // nothing is known: no reason to refuse it
    assert_near(worth("autoscale", &poor), -3000 + 80, 1e-9);
    assert_near(worth("cost", &poor), worth("cost", &served), 0);
}

// 4 J in 0.4 s are 10 W, of which 0.2 W is a fiftieth; the tangent of 1 K to spare is 0.7616.
static void test_ztt(void **state)
{
    (void)state;
    static const struct tdm_scenario_environment warm = {.temperature = 50};
    struct tdm_reward_context c = context;
    struct tdm_outcome o = served;
    c.environment = &warm;
    c.temperature = 49;
    o.start = 1;
    o.answer = 1.4;
    o.board_energy = 4;
    const struct tdm_reward_type *type = tdm_reward_find("ztt", NULL);
    assert_true(type->thermal);
    assert_near(type->of(&c, &o), 1 + 0.2 * 0.761594155955765 + 0.02, 1e-12);
    o.latency = 2; // four deadlines
    assert_near(type->of(&c, &o), 0.25 + 0.2 * 0.761594155955765 + 0.02, 1e-12);
    c.temperature = 50;
    assert_near(type->of(&c, &o), 0.25 - 2 + 0.02, 1e-12);
    assert_near(type->of(&c, &dropped), -2, 1e-12);
    static const struct tdm_stream patient = {.deadline = INFINITY};
    c.stream = &patient;
    assert_near(type->of(&c, &o), 1 - 2 + 0.02, 1e-12);
}

// Weight 60 %: of the accuracy beyond the whole network's, 10 points; of two reference times less
// one. Below the 70 % that are needed, or with nothing known of it, one less.
static void test_sac_d(void **state)
{
    (void)state;
    struct tdm_accuracy row = {.value = 0.9, .xi = NAN, .lambda = NAN};
    const struct tdm_dnn dnn = {.accuracies = &row, .accuracy_count = 1};
    const struct tdm_stream weighed = {
        .deadline = 0.5, .accuracy = 0.7, .weight = 0.6, .dnn = &dnn};
    struct tdm_reward_context c = context;
    struct tdm_outcome o = served;
    c.stream = &weighed;
    const struct tdm_reward_type *type = tdm_reward_find("sac-d", NULL);
    assert_near(type->of(&c, &o), 0.6 * -0.1 + 0.4 * (1 - 2), 1e-12);
    o.accuracy = 0.65;
    assert_near(type->of(&c, &o), 0.6 * -0.25 + 0.4 * (1 - 2) - 1, 1e-12);
    o.accuracy = NAN;
    assert_near(type->of(&c, &o), 0.6 * -0.9 + 0.4 * (1 - 2) - 1, 1e-12);
    // Dropped: no answer, as late as if it had taken until its deadline once more.
    assert_near(type->of(&c, &dropped), 0.6 * -0.9 + 0.4 * (1 - 3) - 1, 1e-12);
}

// As if it had taken until its deadline once more, without energy: 0.75 * 10 W * (0.1 s + 0.5 s).
static void test_dropped(void **state)
{
    (void)state;
    assert_near(worth("cost", &dropped), -4.5 / 2, 1e-12);
    assert_near(worth("service", &dropped), -3.75 / 2, 1e-12);
    assert_near(worth("burden", &dropped), -3.75 / 2, 1e-12);
    assert_true(worth("energy", &dropped) == -INFINITY);
    assert_near(worth("autoscale", &dropped), -100, 1e-9);
}

// Only 'burden' charges others' waits: 0.75 * 10 W a second, over 2 J.
static void test_waiting(void **state)
{
    (void)state;
    for (const struct tdm_reward_type *const *type = tdm_rewards; *type; type++) {
        assert_true(((*type)->of_waiting != NULL) == (strcmp((*type)->name, "burden") == 0));
        if ((*type)->of_waiting)
            assert_near((*type)->of_waiting(&context), -3.75, 1e-12);
    }
}

static void test_nearest(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    assert_null(tdm_reward_find("burdon", &error));
    assert_string_equal(error.message, "there is no reward 'burdon' (did you mean 'burden'?)");
    error = envs_refused(world, ENVS_MINUTE("\n<environment reward=\"costs\"/>"));
    assert_non_null(strstr(error.message, "there is no reward 'costs' (did you mean 'cost'?)"));
    assert_int_equal(error.line, 2);
}

// ---- whole runs --------------------------------------------------------------------------------

struct sums {
    double reward, cost;    // of the environment; and of the outcomes by themselves
    double unanswered;      // s that those waited who were not answered
    double reference, rate; // J; J/s of waiting
    uint64_t answered, dropped;
};

// Of those in the queue, and in service, when the run is over.
static double waits_so_far(const struct tdm_unit *unit, double end)
{
    const struct tdm_queue *queue = &unit->queues[0];
    double sum = 0;
    for (size_t j = 0; j < queue->count; j++)
        sum += end - queue->waiting[(queue->head + j) % queue->room].arrival;
    for (size_t i = 0; i < unit->serving; i++)
        sum += unit->served[i].start - unit->served[i].arrival;
    return sum;
}

// Follows a run under random actions by the environment's own parts, and adds up what the requests
// cost by the outcomes alone.
static struct sums follow(const char *text, const char *reward, uint64_t seed)
{
    struct tdm_scenario *scenario = world_load(world, text);
    struct tdm_course course;
    struct tdm_error error = {0};
    struct tdm_random random;
    struct sums sums = {0};
    float observation[TDM_ENTRIES];
    assert_int_equal(tdm_course_start(&course, "analytic:", scenario, &error), 0);
    tdm_process_set_reward(course.process, reward);
    assert_int_equal(tdm_course_begin(&course, seed, &error), 0);
    tdm_random_seed(&random, seed, "test", 0);
    while (course.state) {
        struct tdm_step step;
        int32_t action[TDM_KNOBS];
        const struct tdm_actions *actions = tdm_process_actions(course.process);
        tdm_process_observe(course.process, course.state, observation);
        for (int i = 0; i < actions->count; i++)
            action[i] = (int32_t)tdm_random_below(&random, (uint64_t)actions->levels[i]);
        tdm_course_step(&course, action, &step);
        sums.reward += step.reward;
        const uint32_t kept = step.answered - step.dropped;
        sums.cost += kept ? step.cost * kept : 0;
        sums.answered += step.answered;
        sums.dropped += step.dropped;
    }
    sums.reference = tdm_process_reference(course.process, 0)->cost;
    sums.rate = (1 - scenario->eta) * scenario->boards[0].board->pmax;
    sums.unanswered = waits_so_far(course.engine->units[0], scenario->duration);
    tdm_course_end(&course);
    tdm_scenario_free(scenario);
    return sums;
}

#define BUSY(stream) \
    "<scenario name=\"t\" duration=\"200 s\">" WORLD_BOARD WORLD_LINK \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" input=\"raw\" " stream "/>" \
    "<server id=\"c\" type=\"box.xml\"/><objective eta=\"0.5\"/><environment backlog=\"0\" " \
    "worst=\"-1e9\"/>" ENVS_KNOBS "</scenario>"

static void test_cost_is_what_outcomes_cost(void **state)
{
    (void)state;
    const struct sums sums = follow(BUSY("rate=\"2 /s\""), "cost", 5);
    assert_true(sums.answered > 300);
    assert_near(sums.reward, -sums.cost / sums.reference, 1e-5 * fabs(sums.reward));
}

// Over a run, 'burden' charges what 'cost' does, but for those who were still waiting at the end:
// 'burden' has charged their waits so far, and 'cost' nothing. Drops are no exception.
static void assert_agree(const char *text, uint64_t seed, bool drops)
{
    const struct sums cost = follow(text, "cost", seed), burden = follow(text, "burden", seed);
    const double waits = burden.unanswered * burden.rate / burden.reference;
    assert_int_equal(cost.answered, burden.answered);
    assert_true((cost.dropped > 10) == drops);
    const double difference = cost.reward - burden.reward;
    if (!(difference >= -1e-5 * fabs(cost.reward) &&
          difference <= waits + 1e-5 * fabs(cost.reward)))
        fail_msg("cost %.9g, burden %.9g, and %.9g for those who still wait", cost.reward,
                 burden.reward, waits);
    const struct sums service = follow(text, "service", seed);
    assert_true(service.reward > burden.reward + 0.1 * fabs(burden.reward)); // waits matter here
}

static void test_burden(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_agree(BUSY("rate=\"2 /s\""), seed, false);
        assert_agree(BUSY("rate=\"5 /s\" queue=\"2\" deadline=\"1 s\""), seed, true);
        assert_agree(BUSY("rate=\"5 /s\" drop=\"late\" deadline=\"500 ms\""), seed, true);
    }
}

// The worst reward bounds what a request is worth.
static void test_worst(void **state)
{
    (void)state;
    struct tdm_scenario *scenario =
        world_load(world, ENVS_MINUTE("<environment worst=\"-0.125\" backlog=\"0\"/>"));
    struct tdm_env *env = envs_open("analytic:", scenario);
    float observation[TDM_ENTRIES];
    const int32_t action[TDM_KNOBS] = {0};
    envs_reset(env, 1, observation);
    for (int i = 0; i < 20; i++)
        assert_true(envs_step(env, action, observation).reward == -0.125f);
    tdm_env_free(env);
    tdm_scenario_free(scenario);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_served),
        cmocka_unit_test(test_late),
        cmocka_unit_test(test_accuracy),
        cmocka_unit_test(test_ztt),
        cmocka_unit_test(test_sac_d),
        cmocka_unit_test(test_dropped),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_nearest),
        cmocka_unit_test(test_cost_is_what_outcomes_cost),
        cmocka_unit_test(test_burden),
        cmocka_unit_test(test_worst),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

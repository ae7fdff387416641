// SPDX-License-Identifier: GPL-3.0-or-later
/** Q-learning on problems whose values are known, and one update against a hand calculation. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "train.h"

// ---- a grid ------------------------------------------------------------------------------------

static void learn_the_walk(const char *what, const struct tdm_learn_options *options, int steps,
                           double tolerance)
{
    const struct tdm_learn_shape shape = {.observation = PLACES, .branches = 1, .levels = {MOVES}};
    struct tdm_learner *learner = opened("dqn", &shape, options);
    struct tdm_random random;
    tdm_random_seed(&random, 2, "test", 0);
    walk(learner, &random, steps, 0.9);
    double q[PLACES][MOVES], worst = 0;
    walk_values(0.9, q);
    for (int place = 0; place < PLACES - 1; place++) {
        float input[PLACES], values[MOVES];
        place_input(place, input);
        assert_int_equal(tdm_learner_values(learner, input, values), MOVES);
        for (int m = 0; m < MOVES; m++)
            worst = fmax(worst, fabs(values[m] - q[place][m]));
        int32_t move; // what it would do is among the best
        tdm_learner_act(learner, input, false, &move);
        for (int m = 0; m < MOVES; m++)
            assert_true(q[place][move] >= q[place][m] - 1e-9);
    }
    print_message("%s: farthest from Q* by %.2g\n", what, worst);
    assert_true(worst < tolerance);
    assert_int_equal(learner->health.refused, 0);
    tdm_learner_free(learner);
}

static void every_variant_finds_the_values_of_a_walk(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        bool double_q, dueling, branching, prioritised;
        int target_every;
    } variants[] = {
        {"plain", false, false, false, false, 1},  {"double", true, false, false, false, 1},
        {"dueling", false, true, true, false, 1},  {"prioritised", true, true, true, true, 1},
        {"periodic", true, true, true, false, 50},
    };
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct tdm_learn_options options = small_options();
        options.double_q = variants[i].double_q;
        options.dueling = variants[i].dueling;
        options.branching = variants[i].branching;
        options.prioritised = variants[i].prioritised;
        options.target_every = variants[i].target_every;
        options.target_rate = variants[i].target_every > 1 ? 1 : 0.02;
        learn_the_walk(variants[i].name, &options, 4000, 1e-3);
    }
}

// Steps of one and of two periods, as transitions' own discounts tell: staying for 1 each period is
// worth 1 / (1 - 0.9) = 10; 1.5 for two periods and then 10 is worth 1.5 + 0.81 x 10.
static void steps_may_last_longer(void **state)
{
    (void)state;
    const struct tdm_learn_shape shape = {.observation = 1, .branches = 1, .levels = {2}};
    struct tdm_learn_options options = small_options();
    options.rate = 3e-3;
    options.target_rate = 0.1;
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    const float input[1] = {1};
    for (int i = 0; i < 5000; i++) {
        int32_t action;
        tdm_learner_act(learner, input, true, &action);
        tdm_learner_observe(learner, &(struct tdm_transition){input, &action, action ? 1.5F : 1,
                                                              input, action ? 0.81F : 0.9F});
        tdm_learner_update(learner);
    }
    float values[2];
    tdm_learner_values(learner, input, values);
    assert_true(fabsf(values[0] - 10) < 0.05F);
    assert_true(fabsf(values[1] - 9.6F) < 0.05F);
    tdm_learner_free(learner);
}

// ---- bandits -----------------------------------------------------------------------------------

// Two contexts, three arms, noise: values are the means.
static void a_bandit_with_contexts(void **state)
{
    (void)state;
    static const float means[2][3] = {{1, 0, -1}, {-0.5F, 0.25F, 0.75F}};
    const struct tdm_learn_shape shape = {.observation = 2, .branches = 1, .levels = {3}};
    struct tdm_learn_options options = small_options();
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    struct tdm_random random;
    tdm_random_seed(&random, 4, "test", 0);
    for (int i = 0; i < 3000; i++) {
        const int context = (int)tdm_random_below(&random, 2);
        const float input[2] = {(float)context, 1 - (float)context};
        int32_t arm;
        tdm_learner_act(learner, input, true, &arm);
        const float noise = (float)(0.2 * tdm_random_normal(&random));
        tdm_learner_observe(
            learner, &(struct tdm_transition){input, &arm, means[context][arm] + noise, input, 0});
        tdm_learner_update(learner);
    }
    for (int context = 0; context < 2; context++) {
        const float input[2] = {(float)context, 1 - (float)context};
        float values[3];
        tdm_learner_values(learner, input, values);
        for (int a = 0; a < 3; a++)
            assert_true(fabsf(values[a] - means[context][a]) < 0.1F);
    }
    tdm_learner_free(learner);
}

// The reward is a sum of what two knobs bring. The other knob moves at random, so that a head's
// value is its own part and the mean of the other's; one head of all combinations knows the sum.
static void two_knobs(bool branching)
{
    static const float first[3] = {0, 0.9F, 0.3F}, second[2] = {0.5F, -0.5F};
    const struct tdm_learn_shape shape = {.observation = 1, .branches = 2, .levels = {3, 2}};
    struct tdm_learn_options options = small_options();
    options.branching = branching;
    options.rate = branching ? 5e-4 : 3e-3; // the slower, the less of the noise is left
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    const float input[1] = {1};
    for (int i = 0; i < 4000; i++) {
        int32_t action[2];
        tdm_learner_act(learner, input, true, action);
        tdm_learner_observe(learner, &(struct tdm_transition){input, action,
                                                              first[action[0]] + second[action[1]],
                                                              input, 0});
        tdm_learner_update(learner);
    }
    int32_t best[2];
    tdm_learner_act(learner, input, false, best);
    assert_int_equal(best[0], 1);
    assert_int_equal(best[1], 0);
    float values[6];
    const int count = tdm_learner_values(learner, input, values);
    assert_int_equal(count, branching ? 5 : 6);
    for (int i = 0; i < count; i++) {
        float expected = first[i / 2] + second[i % 2];
        if (branching)
            expected = i < 3 ? first[i] : 0.4F + second[i - 3];
        assert_true(fabsf(values[i] - expected) < (branching ? 0.1F : 1e-3F));
    }
    tdm_learner_free(learner);
}

static void knobs_that_are_independent(void **state)
{
    (void)state;
    two_knobs(true);
    two_knobs(false);
}

// ---- one update, by definition -----------------------------------------------------------------

enum { COUNT = 2 + 1 + 6 + 6 }; // two inputs, one hidden unit; a value and five advantages out

struct by_hand {
    double value, advantages[5];
};

// Each output is unit x weight + bias.
static struct by_hand outputs_of(const double *parameters, const float *input)
{
    const double *weights = parameters + 3, *biases = weights + 6;
    double unit = parameters[2];
    for (int i = 0; i < 2; i++)
        unit += (double)input[i] * parameters[i];
    unit = fmax(unit, 0);
    struct by_hand out = {.value = unit * weights[0] + biases[0]};
    for (int i = 0; i < 5; i++)
        out.advantages[i] = unit * weights[1 + i] + biases[1 + i];
    return out;
}

// Head 0 has the first three advantages, head 1 the other two.
static double q_of(const struct by_hand *out, int head, int choice)
{
    const double *a = out->advantages + 3 * head;
    const double mean = head ? (a[0] + a[1]) / 2 : (a[0] + a[1] + a[2]) / 3;
    return out->value + a[choice] - mean;
}

static int best_of(const struct by_hand *out, int head)
{
    int best = 0;
    for (int i = 1; i < 3 - head; i++)
        if (q_of(out, head, i) > q_of(out, head, best))
            best = i;
    return best;
}

static double loss_of(const double *parameters, const float *input, const int32_t *action,
                      double goal)
{
    const struct by_hand out = outputs_of(parameters, input);
    double loss = 0;
    for (int h = 0; h < 2; h++) {
        const double e = fabs(q_of(&out, h, action[h]) - goal);
        loss += (e < 1 ? e * e / 2 : e - 0.5) / 2;
    }
    return loss;
}

// How far off the heads are, by the mean.
static double distance_of(const double *parameters, const float *input, const int32_t *action,
                          double goal)
{
    const struct by_hand out = outputs_of(parameters, input);
    return (fabs(q_of(&out, 0, action[0]) - goal) + fabs(q_of(&out, 1, action[1]) - goal)) / 2;
}

// The length of the loss's gradient, by central differences; the goal stays as it is.
static double steepness(double *parameters, const float *input, const int32_t *action, double goal)
{
    const double h = 1e-6;
    double sum = 0;
    for (int i = 0; i < COUNT; i++) {
        const double at = parameters[i];
        parameters[i] = at + h;
        const double above = loss_of(parameters, input, action, goal);
        parameters[i] = at - h;
        sum += pow((above - loss_of(parameters, input, action, goal)) / (2 * h), 2);
        parameters[i] = at;
    }
    return sqrt(sum);
}

static double priority_of(struct tdm_learner *learner)
{
    double priority;
    struct tdm_h5 *file = saved_whole(learner);
    read_array(file, "replay_priorities", &priority, 1);
    tdm_h5_close(file, NULL);
    return priority;
}

static void read_parameters(struct tdm_learner *learner, double *online, double *target)
{
    struct tdm_h5 *file = saved_whole(learner);
    read_array(file, "online", online, COUNT);
    read_array(file, "target", target, COUNT);
    tdm_h5_close(file, NULL);
}

// A memory of one transition, so that the batch is known: loss, gradient and targets of an update
// are those of the formulas.
static void check_update(struct tdm_learner *learner, struct tdm_random *random)
{
    double online[COUNT], target[COUNT], online_after[COUNT], target_after[COUNT];
    float now[2], next[2];
    for (int i = 0; i < 2; i++) {
        now[i] = (float)tdm_random_uniform(random);
        next[i] = (float)tdm_random_uniform(random);
    }
    const int32_t action[2] = {(int32_t)tdm_random_below(random, 3),
                               (int32_t)tdm_random_below(random, 2)};
    read_parameters(learner, online, target);
    const struct by_hand chooser = outputs_of(learner->options.double_q ? online : target, next);
    const struct by_hand judge = outputs_of(target, next);
    const double first = q_of(&judge, 0, best_of(&chooser, 0));
    const double second = q_of(&judge, 1, best_of(&chooser, 1));
    const double goal = 0.3 + 0.8 * (first + second) / 2;
    const double loss = loss_of(online, now, action, goal);
    tdm_learner_observe(learner, &(struct tdm_transition){now, action, 0.3F, next, 0.8F});
    assert_int_equal(tdm_learner_update(learner), 1);
    const struct tdm_learn_health health = tdm_learner_health(learner);
    assert_true(fabs(health.loss - loss) < 1e-5 * (1 + loss));
    assert_true(fabs(health.gradient - steepness(online, now, action, goal)) < 1e-5);
    if (learner->options.prioritised)
        assert_true(fabs(priority_of(learner) -
                         pow(distance_of(online, now, action, goal) + 1e-6, 0.6)) < 1e-5);
    read_parameters(learner, online_after, target_after);
    for (int i = 0; i < COUNT; i++)
        assert_true(fabs(target_after[i] - (0.9 * target[i] + 0.1 * online_after[i])) < 1e-6);
}

static void an_update_is_what_the_papers_say(void **state)
{
    (void)state;
    check_updates("dqn", small_options(), check_update);
}

// ---- exploring ---------------------------------------------------------------------------------

static void exploration_fades_in_a_line(void **state)
{
    (void)state;
    const struct tdm_learn_shape shape = {.observation = 1, .branches = 1, .levels = {10}};
    struct tdm_learn_options options = small_options();
    options.epsilon_start = 0.9;
    options.epsilon_end = 0.1;
    options.epsilon_steps = 100;
    options.warmup = 1000000; // never learns
    struct tdm_learner *learner = opened("dqn", &shape, &options);
    const float input[1] = {1};
    int32_t best, action;
    tdm_learner_act(learner, input, false, &best);
    for (int step = 0; step <= 200; step++) {
        const double epsilon = step < 100 ? 0.9 - 0.008 * step : 0.1;
        assert_true(fabs(tdm_learner_epsilon(learner) - epsilon) < 1e-12);
        if (step % 100 == 50) { // a random action is the best one, too, one time in ten
            const int n = 20000;
            int others = 0;
            for (int i = 0; i < n; i++) {
                tdm_learner_act(learner, input, true, &action);
                others += action != best;
            }
            const double p = 0.9 * epsilon;
            assert_true(fabs((double)others / n - p) < 5 * sqrt(p * (1 - p) / n));
        }
        tdm_learner_observe(learner, &(struct tdm_transition){input, &best, 0, input, 0});
        assert_int_equal(tdm_learner_update(learner), 0);
    }
    tdm_learner_free(learner);
}

// Many at once are decided like one at a time.
static void many_are_decided_as_each(void **state)
{
    (void)state;
    enum { MANY = 150, IN = 6 };
    const struct tdm_learn_shape shape = {.observation = IN, .branches = 3, .levels = {4, 1, 5}};
    for (int branching = 0; branching < 2; branching++) {
        struct tdm_learn_options options = small_options();
        options.branching = branching;
        struct tdm_learner *learner = opened("dqn", &shape, &options);
        struct tdm_random random;
        tdm_random_seed(&random, 8, "test", 0);
        float inputs[MANY * IN];
        for (int i = 0; i < MANY * IN; i++)
            inputs[i] = (float)tdm_random_normal(&random);
        int32_t all[MANY * 3], one[3];
        tdm_learner_act_many(learner, inputs, MANY, false, all);
        int different = 0;
        for (int i = 0; i < MANY; i++) {
            tdm_learner_act(learner, inputs + i * IN, false, one);
            assert_memory_equal(one, all + i * 3, sizeof one);
            different += memcmp(one, all, sizeof one) != 0;
        }
        assert_true(different > 10);
        tdm_learner_act_many(learner, inputs, MANY, true, all); // epsilon is 1: all levels occur
        int seen[3][5] = {{0}};
        for (int i = 0; i < MANY; i++)
            for (int b = 0; b < 3; b++)
                seen[b][all[i * 3 + b]]++;
        for (int b = 0; b < 3; b++)
            for (int a = 0; a < shape.levels[b]; a++)
                assert_true(seen[b][a] > 10);
        tdm_learner_free(learner);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_finds_the_values_of_a_walk),
        cmocka_unit_test(steps_may_last_longer),
        cmocka_unit_test(a_bandit_with_contexts),
        cmocka_unit_test(knobs_that_are_independent),
        cmocka_unit_test(an_update_is_what_the_papers_say),
        cmocka_unit_test(exploration_fades_in_a_line),
        cmocka_unit_test(many_are_decided_as_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

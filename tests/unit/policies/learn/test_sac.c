// SPDX-License-Identifier: GPL-3.0-or-later
/** Soft actor-critic: known optima of bandits and of a walk, and the temperature's target. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "train.h"

static struct tdm_learn_options sac_options(double temperature)
{
    struct tdm_learn_options options = small_options();
    options.adapt_temperature = false;
    options.temperature = temperature;
    options.rate = 1e-3;
    return options;
}

static void pull(struct tdm_learner *learner, const float *input, const int32_t *action,
                 float reward)
{
    tdm_learner_observe(learner, &(struct tdm_transition){input, action, reward, input, 0});
    tdm_learner_update(learner);
}

// The optimum of reward and temperature x entropy is softmax(reward / temperature).
static void a_bandit_ends_at_the_softmax_of_its_rewards(void **state)
{
    (void)state;
    static const double temperatures[] = {0.1, 0.3, 1};
    static const float rewards[4] = {0.2F, 0.5F, -0.3F, 0.4F};
    const struct tdm_learn_shape shape = {.observation = 1, .branches = 1, .levels = {4}};
    const float input[1] = {1};
    for (int k = 0; k < 3; k++) {
        const struct tdm_learn_options options = sac_options(temperatures[k]);
        struct tdm_learner *learner = opened("sac", &shape, &options);
        for (int i = 0; i < 2500; i++) {
            int32_t arm;
            tdm_learner_act(learner, input, true, &arm);
            pull(learner, input, &arm, rewards[arm]);
        }
        float likely[4];
        double sum = 0, worst = 0;
        assert_int_equal(tdm_learner_values(learner, input, likely), 4);
        for (int a = 0; a < 4; a++)
            sum += exp((double)rewards[a] / temperatures[k]);
        for (int a = 0; a < 4; a++)
            worst = fmax(worst,
                         fabs((double)likely[a] - exp((double)rewards[a] / temperatures[k]) / sum));
        print_message("temperature %g: farthest from the softmax by %.2g\n", temperatures[k],
                      worst);
        assert_true(worst < 0.005);
        int32_t best;
        tdm_learner_act(learner, input, false, &best);
        assert_int_equal(best, 1);
        tdm_learner_free(learner);
    }
}

// Rewards that add up are softmaxes of their own parts, one a knob.
static void independent_knobs_are_independent_softmaxes(void **state)
{
    (void)state;
    static const float first[3] = {0, 0.3F, 0.1F}, second[2] = {0.2F, -0.2F};
    const struct tdm_learn_shape shape = {.observation = 1, .branches = 2, .levels = {3, 2}};
    struct tdm_learn_options options = sac_options(0.2);
    options.rate = 1e-3;
    options.batch = 128;
    struct tdm_learner *learner = opened("sac", &shape, &options);
    const float input[1] = {1};
    struct tdm_random random;
    tdm_random_seed(&random, 6, "test", 0);
    for (int i = 0; i < 4000; i++) {
        const int32_t action[2] = {(int32_t)tdm_random_below(&random, 3),
                                   (int32_t)tdm_random_below(&random, 2)};
        pull(learner, input, action, first[action[0]] + second[action[1]]);
    }
    float likely[5];
    double sums[2] = {0};
    assert_int_equal(tdm_learner_values(learner, input, likely), 5);
    for (int a = 0; a < 5; a++)
        sums[a >= 3] += exp((double)(a < 3 ? first[a] : second[a - 3]) / 0.2);
    for (int a = 0; a < 5; a++) {
        const double expected =
            exp((double)(a < 3 ? first[a] : second[a - 3]) / 0.2) / sums[a >= 3];
        assert_true(fabs((double)likely[a] - expected) < 0.06);
    }
    tdm_learner_free(learner);
}

// Soft value iteration: V = alpha log sum exp(Q / alpha), pi = softmax(Q / alpha).
static void soft_values(double gamma, double alpha, double policy[PLACES][MOVES])
{
    double q[PLACES][MOVES] = {{0}}, v[PLACES] = {0};
    for (int sweep = 0; sweep < 500; sweep++)
        for (int place = 0; place < PLACES - 1; place++) {
            double sum = 0;
            for (int m = 0; m < MOVES; m++) {
                const int next = moved(place, m);
                q[place][m] = reward_at(next) + (next < PLACES - 1 ? gamma * v[next] : 0);
                sum += exp(q[place][m] / alpha);
            }
            v[place] = alpha * log(sum);
        }
    for (int place = 0; place < PLACES - 1; place++)
        for (int m = 0; m < MOVES; m++)
            policy[place][m] = exp((q[place][m] - v[place]) / alpha);
}

static void a_walk_ends_at_the_soft_optimum(void **state)
{
    (void)state;
    const struct tdm_learn_shape shape = {.observation = PLACES, .branches = 1, .levels = {MOVES}};
    for (int branching = 0; branching < 2; branching++) { // one branch either way: the paper's
        struct tdm_learn_options options = sac_options(0.1);
        options.branching = branching;
        struct tdm_learner *learner = opened("sac", &shape, &options);
        struct tdm_random random;
        tdm_random_seed(&random, 2, "test", 0);
        walk(learner, &random, 5000, 0.9);
        double policy[PLACES][MOVES], worst = 0;
        soft_values(0.9, 0.1, policy);
        for (int place = 0; place < PLACES - 1; place++) {
            float input[PLACES], likely[MOVES];
            place_input(place, input);
            tdm_learner_values(learner, input, likely);
            for (int m = 0; m < MOVES; m++)
                worst = fmax(worst, fabs((double)likely[m] - policy[place][m]));
        }
        print_message("a walk: farthest from the soft optimum by %.2g\n", worst);
        assert_true(worst < 0.02);
        assert_int_equal(learner->health.refused, 0);
        tdm_learner_free(learner);
    }
}

// With a target, the temperature settles where the policy's entropy is the target, and the
// probabilities are the softmax at that temperature.
static void the_temperature_finds_the_entropy_asked_for(void **state)
{
    (void)state;
    static const float rewards[3] = {1, 0, 0.5F};
    static const double ratios[] = {0.3, 0.7};
    const struct tdm_learn_shape shape = {.observation = 1, .branches = 1, .levels = {3}};
    const float input[1] = {1};
    for (int k = 0; k < 2; k++) {
        struct tdm_learn_options options = sac_options(1);
        options.adapt_temperature = true;
        options.rate = 3e-3;
        options.entropy_ratio = ratios[k];
        struct tdm_learner *learner = opened("sac", &shape, &options);
        for (int i = 0; i < 4000; i++) {
            const int32_t arm = i % 3;
            pull(learner, input, &arm, rewards[arm]);
        }
        const struct tdm_learn_health health = tdm_learner_health(learner);
        print_message("entropy %.4f for a target of %.4f, temperature %.4f\n", health.entropy,
                      ratios[k] * log(3), health.temperature);
        assert_true(fabs(health.entropy - ratios[k] * log(3)) < 0.01);
        assert_true(isnan(health.epsilon));
        float likely[3];
        double sum = 0;
        tdm_learner_values(learner, input, likely);
        for (int a = 0; a < 3; a++)
            sum += exp((double)rewards[a] / health.temperature);
        for (int a = 0; a < 3; a++)
            assert_true(fabs((double)likely[a] -
                             exp((double)rewards[a] / health.temperature) / sum) < 0.01);
        tdm_learner_free(learner);
    }
}

static void actions_are_drawn_by_their_probabilities(void **state)
{
    (void)state;
    enum { MANY = 20000 };
    static int32_t actions[MANY * 2];
    static float inputs[MANY * 3];
    const struct tdm_learn_shape shape = {.observation = 3, .branches = 2, .levels = {3, 4}};
    const struct tdm_learn_options options = sac_options(1);
    struct tdm_learner *learner = opened("sac", &shape, &options);
    for (int i = 0; i < MANY * 3; i++)
        inputs[i] = (float)(i % 3) - 0.7F;
    float likely[7];
    tdm_learner_values(learner, inputs, likely);
    for (int way = 0; way < 2; way++) {
        int seen[7] = {0};
        if (way == 0)
            tdm_learner_act_many(learner, inputs, MANY, true, actions);
        for (int i = 0; i < MANY; i++) {
            if (way == 1)
                tdm_learner_act(learner, inputs, true, actions + i * 2);
            seen[actions[i * 2]]++;
            seen[3 + actions[i * 2 + 1]]++;
        }
        for (int a = 0; a < 7; a++) {
            const double p = (double)likely[a];
            assert_true(fabs((double)seen[a] / MANY - p) < 5 * sqrt(p * (1 - p) / MANY));
        }
    }
    tdm_learner_act_many(learner, inputs, 200, false, actions);
    for (int i = 0; i < 200; i++) { // not exploring: the likeliest
        for (int a = 0; a < 3; a++)
            assert_true(likely[actions[i * 2]] >= likely[a]);
        for (int a = 3; a < 7; a++)
            assert_true(likely[3 + actions[i * 2 + 1]] >= likely[a]);
    }
    tdm_learner_free(learner);
}

// ---- one update, by definition -----------------------------------------------------------------

enum { COUNT = 2 + 1 + 5 + 5 }; // two inputs, one hidden unit, heads of three and two

static void outputs_of(const double *parameters, const float *input, double *output)
{
    const double *weights = parameters + 3, *biases = weights + 5;
    const double unit = fmax(
        parameters[2] + (double)input[0] * parameters[0] + (double)input[1] * parameters[1], 0);
    for (int i = 0; i < 5; i++)
        output[i] = unit * weights[i] + biases[i];
}

// Probabilities of both heads.
static void policy_of(const double *parameters, const float *input, double *likely)
{
    outputs_of(parameters, input, likely);
    double sums[2] = {0};
    for (int i = 0; i < 5; i++)
        sums[i >= 3] += exp(likely[i]);
    for (int i = 0; i < 5; i++)
        likely[i] = exp(likely[i]) / sums[i >= 3];
}

struct networks {
    double actor[COUNT], critics[2][COUNT], targets[2][COUNT], log_temperature;
};

static struct networks networks_of(struct tdm_learner *learner)
{
    struct networks n;
    struct tdm_h5 *file = saved_whole(learner);
    read_array(file, "actor", n.actor, COUNT);
    read_array(file, "critic_1", n.critics[0], COUNT);
    read_array(file, "critic_2", n.critics[1], COUNT);
    read_array(file, "target_1", n.targets[0], COUNT);
    read_array(file, "target_2", n.targets[1], COUNT);
    read_array(file, "log_temperature", &n.log_temperature, 1);
    tdm_h5_close(file, NULL);
    return n;
}

// The mean over the heads of sum pi (min Q - alpha log pi).
static double soft_value(const struct networks *n, const float *input)
{
    double likely[5], first[5], second[5], value = 0;
    policy_of(n->actor, input, likely);
    outputs_of(n->targets[0], input, first);
    outputs_of(n->targets[1], input, second);
    for (int i = 0; i < 5; i++)
        value += likely[i] * (fmin(first[i], second[i]) - exp(n->log_temperature) * log(likely[i]));
    return value / 2;
}

struct step {
    struct networks n;
    float now[2], next[2];
    int32_t action[2];
    double goal;
};

static double critic_loss(const struct step *step, const double *parameters)
{
    double q[5], loss = 0;
    outputs_of(parameters, step->now, q);
    for (int h = 0; h < 2; h++) {
        const double e = fabs(q[3 * h + step->action[h]] - step->goal);
        loss += (e < 1 ? e * e / 2 : e - 0.5) / 2;
    }
    return loss;
}

// The mean over the heads of sum pi (alpha log pi - min Q).
static double actor_loss(const struct step *step, const double *parameters)
{
    double likely[5], first[5], second[5], loss = 0;
    policy_of(parameters, step->now, likely);
    outputs_of(step->n.critics[0], step->now, first);
    outputs_of(step->n.critics[1], step->now, second);
    for (int i = 0; i < 5; i++)
        loss +=
            likely[i] * (exp(step->n.log_temperature) * log(likely[i]) - fmin(first[i], second[i]));
    return loss / 2;
}

// The length of a loss's gradient, by central differences.
static double steepness(double (*loss)(const struct step *, const double *),
                        const struct step *step, const double *parameters)
{
    const double h = 1e-6;
    double sum = 0, moved_by[COUNT];
    memcpy(moved_by, parameters, sizeof moved_by);
    for (int i = 0; i < COUNT; i++) {
        moved_by[i] = parameters[i] + h;
        const double above = loss(step, moved_by);
        moved_by[i] = parameters[i] - h;
        sum += pow((above - loss(step, moved_by)) / (2 * h), 2);
        moved_by[i] = parameters[i];
    }
    return sqrt(sum);
}

static void check_health(const struct step *step, const struct tdm_learn_health *health)
{
    const struct networks *n = &step->n;
    double likely[5], entropy = 0;
    const double loss = (critic_loss(step, n->critics[0]) + critic_loss(step, n->critics[1])) / 2;
    assert_true(fabs(health->loss - loss) < 1e-5 * (1 + loss));
    policy_of(n->actor, step->now, likely);
    for (int i = 0; i < 5; i++)
        entropy -= likely[i] * log(likely[i]) / 2;
    assert_true(fabs(health->entropy - entropy) < 1e-5);
    const double largest = fmax(steepness(actor_loss, step, n->actor),
                                fmax(steepness(critic_loss, step, n->critics[0]),
                                     steepness(critic_loss, step, n->critics[1])));
    assert_true(fabs(health->gradient - largest) < 1e-5 * (1 + largest));
}

static void check_update(struct tdm_learner *learner, struct tdm_random *random)
{
    struct step step = {
        .n = networks_of(learner),
        .action = {(int32_t)tdm_random_below(random, 3), (int32_t)tdm_random_below(random, 2)}};
    for (int i = 0; i < 2; i++) {
        step.now[i] = (float)tdm_random_uniform(random);
        step.next[i] = (float)tdm_random_uniform(random);
    }
    step.goal = 0.3 + 0.8 * soft_value(&step.n, step.next);
    tdm_learner_observe(learner,
                        &(struct tdm_transition){step.now, step.action, 0.3F, step.next, 0.8F});
    assert_int_equal(tdm_learner_update(learner), 1);
    const struct tdm_learn_health health = tdm_learner_health(learner);
    check_health(&step, &health);
    const struct networks after = networks_of(learner);
    for (int c = 0; c < 2; c++)
        for (int i = 0; i < COUNT; i++)
            assert_true(fabs(after.targets[c][i] -
                             (0.9 * step.n.targets[c][i] + 0.1 * after.critics[c][i])) < 1e-6);
    // Where there is more entropy than asked for, the temperature falls; else it rises.
    const double asked = learner->options.entropy_ratio * (log(3) + log(2)) / 2;
    if (health.updates == 1)
        assert_true((after.log_temperature < step.n.log_temperature) == (health.entropy > asked));
}

static void an_update_is_what_the_paper_says(void **state)
{
    (void)state;
    struct tdm_learn_options options = sac_options(0.5);
    options.adapt_temperature = true;
    options.entropy_ratio = 0.8;
    check_updates("sac", options, check_update);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bandit_ends_at_the_softmax_of_its_rewards),
        cmocka_unit_test(independent_knobs_are_independent_softmaxes),
        cmocka_unit_test(a_walk_ends_at_the_soft_optimum),
        cmocka_unit_test(the_temperature_finds_the_entropy_asked_for),
        cmocka_unit_test(an_update_is_what_the_paper_says),
        cmocka_unit_test(actions_are_drawn_by_their_probabilities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

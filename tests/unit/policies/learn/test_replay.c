// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * The replay memory against a plain queue, its sampling against the exact distribution. Seeds are
 * fixed; bounds are five standard errors wide.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>

#include "policies/learn/replay.h"

enum { WIDTH = 3, BRANCHES = 2, CAPACITY = 11 };

// Everything in the k-th transition follows from k.
static void add(struct tdm_replay *replay, int k)
{
    float observation[WIDTH], next[WIDTH];
    const int32_t action[BRANCHES] = {k % 4, k % 3};
    for (int i = 0; i < WIDTH; i++) {
        observation[i] = (float)(100 * k + i);
        next[i] = (float)(-100 * k - i);
    }
    tdm_replay_add(replay, &(struct tdm_transition){observation, action, (float)k / 2, next,
                                                    1 / (float)(k + 1)});
}

static int of_row(const struct tdm_batch *batch, int row)
{
    return (int)(2 * batch->rewards[row]);
}

static void a_ring_keeps_the_latest_whole(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 1, "test", 0);
    for (int prioritised = 0; prioritised < 2; prioritised++) {
        struct tdm_replay replay;
        struct tdm_batch batch;
        assert_int_equal(tdm_replay_open(&replay, CAPACITY, WIDTH, BRANCHES,
                                         prioritised ? 0.5 : (double)NAN, NULL),
                         0);
        assert_int_equal(tdm_batch_open(&batch, &replay, 64, NULL), 0);
        for (int k = 0; k < 50; k++) {
            add(&replay, k);
            assert_int_equal(replay.count, k + 1 < CAPACITY ? k + 1 : CAPACITY);
            tdm_replay_sample(&replay, &random, 1, &batch);
            for (int r = 0; r < batch.rows; r++) {
                const int j = of_row(&batch, r);
                assert_true(j <= k && j > k - CAPACITY && j >= 0);
                assert_int_equal(batch.slots[r], j % CAPACITY);
                assert_true(batch.discounts[r] == 1 / (float)(j + 1));
                assert_int_equal(batch.actions[r * BRANCHES], j % 4);
                assert_int_equal(batch.actions[r * BRANCHES + 1], j % 3);
                for (int i = 0; i < WIDTH; i++) {
                    assert_true(batch.observations[r * WIDTH + i] == (float)(100 * j + i));
                    assert_true(batch.nexts[r * WIDTH + i] == (float)(-100 * j - i));
                }
            }
        }
        tdm_batch_close(&batch);
        tdm_replay_close(&replay);
    }
}

struct memory {
    struct tdm_replay replay;
    struct tdm_batch batch;
    struct tdm_random random;
};

static void make(struct memory *m, int count, double alpha, int rows)
{
    assert_int_equal(tdm_replay_open(&m->replay, CAPACITY, WIDTH, BRANCHES, alpha, NULL), 0);
    assert_int_equal(tdm_batch_open(&m->batch, &m->replay, rows, NULL), 0);
    tdm_random_seed(&m->random, 5, "test", 0);
    for (int k = 0; k < count; k++)
        add(&m->replay, k);
}

static void drop(struct memory *m)
{
    tdm_batch_close(&m->batch);
    tdm_replay_close(&m->replay);
}

// How often each slot comes up, against its probability.
static void check_frequencies(struct memory *m, const double *probabilities, int slots)
{
    int seen[CAPACITY] = {0};
    const int times = 20000;
    for (int t = 0; t < times; t++) {
        tdm_replay_sample(&m->replay, &m->random, 0.5, &m->batch);
        for (int r = 0; r < m->batch.rows; r++)
            seen[m->batch.slots[r]]++;
    }
    const double n = (double)times * m->batch.rows;
    for (int i = 0; i < CAPACITY; i++) {
        const double p = i < slots ? probabilities[i] : 0;
        assert_true(fabs(seen[i] / n - p) <= 5 * sqrt(p * (1 - p) / n));
    }
}

static void uniform_sampling_is_uniform(void **state)
{
    (void)state;
    static const double seventh[] = {1 / 7., 1 / 7., 1 / 7., 1 / 7., 1 / 7., 1 / 7., 1 / 7.};
    struct memory m;
    make(&m, 7, NAN, 4);
    check_frequencies(&m, seventh, 7);
    for (int r = 0; r < 4; r++)
        assert_true(m.batch.weights[r] == 1);
    drop(&m);
}

// Gives slot i the error (i + 1)^2, through batches as learners see them.
static void set_errors(struct memory *m, int count)
{
    size_t slots[CAPACITY];
    float errors[CAPACITY];
    struct tdm_batch all = {.rows = count, .slots = slots};
    for (int i = 0; i < count; i++) {
        slots[i] = (size_t)i;
        errors[i] = (float)((i % 2 ? -1 : 1) * (i + 1) * (i + 1));
    }
    tdm_replay_errors(&m->replay, &all, errors);
}

static void priorities_are_probabilities(void **state)
{
    (void)state;
    struct memory m;
    make(&m, 9, 0.5, 4); // (i + 1)^2 to the power of a half is i + 1; their sum is 45
    set_errors(&m, 9);
    double probabilities[9];
    for (int i = 0; i < 9; i++)
        probabilities[i] = (i + 1) / 45.;
    check_frequencies(&m, probabilities, 9);
    // Weights: (9 P)^-beta, over the largest of the batch.
    for (int t = 0; t < 50; t++) {
        tdm_replay_sample(&m.replay, &m.random, 0.7, &m.batch);
        double largest = 0;
        for (int r = 0; r < 4; r++)
            largest = fmax(largest, pow(9 * probabilities[m.batch.slots[r]], -0.7));
        for (int r = 0; r < 4; r++) {
            const double weight = pow(9 * probabilities[m.batch.slots[r]], -0.7) / largest;
            assert_true(fabs(m.batch.weights[r] - weight) < 1e-6);
        }
    }
    // A new one gets the highest so far, 9: the sum is 54.
    add(&m.replay, 9);
    double more[10];
    for (int i = 0; i < 10; i++)
        more[i] = (i < 9 ? i + 1 : 9) / 54.;
    check_frequencies(&m, more, 10);
    drop(&m);
}

// Row r of a batch lies in the r-th of equal parts of the sum (Schaul et al., appendix B.2.1).
static void batches_are_spread_over_the_priorities(void **state)
{
    (void)state;
    struct memory m;
    make(&m, 8, 1, 8); // all equal: each row is its own slot
    for (int t = 0; t < 100; t++) {
        tdm_replay_sample(&m.replay, &m.random, 1, &m.batch);
        for (size_t r = 0; r < 8; r++)
            assert_int_equal(m.batch.slots[r], r);
    }
    drop(&m);
}

// Weighted by importance, samples by priority have the plain mean of what they are samples of.
static void importance_takes_the_bias_back(void **state)
{
    (void)state;
    struct memory m;
    make(&m, 9, 0.5, 9);
    set_errors(&m, 9);
    double sum = 0, weights = 0;
    for (int t = 0; t < 40000; t++) {
        tdm_replay_sample(&m.replay, &m.random, 1, &m.batch);
        double scale = 0; // the batch's own: undone, as batches are compared here
        for (int r = 0; r < 9; r++)
            scale = fmax(scale, 45. / (9 * (double)(m.batch.slots[r] + 1)));
        for (int r = 0; r < 9; r++) {
            sum += scale * m.batch.weights[r] * m.batch.rewards[r];
            weights += scale * m.batch.weights[r];
        }
    }
    assert_true(fabs(sum / weights - 2) < 0.01); // the mean of 0, 0.5, ... 4
    drop(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_ring_keeps_the_latest_whole),
        cmocka_unit_test(uniform_sampling_is_uniform),
        cmocka_unit_test(priorities_are_probabilities),
        cmocka_unit_test(batches_are_spread_over_the_priorities),
        cmocka_unit_test(importance_takes_the_bias_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

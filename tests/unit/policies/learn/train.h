// SPDX-License-Identifier: GPL-3.0-or-later
/** What the tests of learners share: options for small problems, and a table's exact values. */
#ifndef TANDEM_TEST_TRAIN_H
#define TANDEM_TEST_TRAIN_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "policies/learn/learner.h"

/** A small network that learns fast. */
static inline struct tdm_learn_options small_options(void)
{
    struct tdm_learn_options options;
    tdm_learn_options_default(&options);
    options.hidden[0] = 32;
    options.hidden[1] = options.hidden[2] = 0;
    options.batch = 32;
    options.capacity = 2000;
    options.warmup = 100;
    options.target_rate = 0.02;
    options.epsilon_start = options.epsilon_end = 1; // off-policy: see everything
    options.seed = 11;
    return options;
}

static inline struct tdm_learner *opened(const char *name, const struct tdm_learn_shape *shape,
                                         const struct tdm_learn_options *options)
{
    struct tdm_error error;
    struct tdm_learner *learner = tdm_learner_open(name, shape, options, true, &error);
    if (!learner)
        fail_msg("%s", error.message);
    return learner;
}

/** The learner as a file, which is gone once it is closed. */
static inline struct tdm_h5 *saved_whole(struct tdm_learner *learner)
{
    char path[] = "/tmp/tandem-learner-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct tdm_h5 *file = tdm_h5_create(fd, path, NULL);
    assert_int_equal(tdm_learner_save(learner, file, "/policy", true, NULL), 0);
    assert_int_equal(tdm_h5_close(file, NULL), 0);
    file = tdm_h5_open(path, NULL);
    assert_non_null(file);
    close(fd);
    unlink(path);
    return file;
}

static inline void read_array(struct tdm_h5 *file, const char *name, double *values, size_t count)
{
    char path[64];
    snprintf(path, sizeof path, "/policy/%s", name);
    assert_int_equal(tdm_h5_get_array(file, path, TDM_H5_DOUBLE, count, values, NULL), 0);
}

/**
 * Checks eight updates of each of many small learners: two inputs, one hidden unit, knobs of three
 * and of two levels, and a memory of one transition, so that a batch holds nothing but it.
 */
static inline void check_updates(const char *name, struct tdm_learn_options options,
                                 void (*check)(struct tdm_learner *learner,
                                               struct tdm_random *random))
{
    const struct tdm_learn_shape shape = {.observation = 2, .branches = 2, .levels = {3, 2}};
    options.hidden[0] = 1;
    options.batch = 4;
    options.capacity = 1;
    options.warmup = 1;
    options.target_rate = 0.1;
    options.rate = 0.05;
    for (int seed = 1; seed < 40; seed++) {
        options.seed = seed;
        options.double_q = seed % 2;
        options.prioritised = seed % 3 == 0;
        struct tdm_learner *learner = opened(name, &shape, &options);
        struct tdm_random random;
        tdm_random_seed(&random, (uint64_t)seed, "test", 0);
        for (int step = 0; step < 8; step++)
            check(learner, &random);
        tdm_learner_free(learner);
    }
}

/**
 * A walk in a square of SIDE x SIDE, known exactly: a step a time, walls hold, -0.1 a step, 1 at
 * the far corner, where it ends. The observation is the place, one of SIDE^2 inputs set.
 */
enum { SIDE = 4, PLACES = SIDE * SIDE, MOVES = 4 };

static inline int moved(int place, int move)
{
    int x = place % SIDE, y = place / SIDE;
    x += (move == 0 && x < SIDE - 1) - (move == 1 && x > 0);
    y += (move == 2 && y < SIDE - 1) - (move == 3 && y > 0);
    return y * SIDE + x;
}

static inline float reward_at(int place)
{
    return place == PLACES - 1 ? 1.F : -0.1F;
}

/** Q of every place and move by value iteration. */
static inline void walk_values(double gamma, double q[PLACES][MOVES])
{
    memset(q, 0, sizeof(double[PLACES][MOVES]));
    for (int sweep = 0; sweep < 200; sweep++)
        for (int place = 0; place < PLACES - 1; place++)
            for (int move = 0; move < MOVES; move++) {
                const int next = moved(place, move);
                double best = -INFINITY;
                for (int m = 0; m < MOVES; m++)
                    best = fmax(best, q[next][m]);
                q[place][move] = reward_at(next) + (next < PLACES - 1 ? gamma * best : 0);
            }
}

static inline void place_input(int place, float *input)
{
    memset(input, 0, PLACES * sizeof *input);
    input[place] = 1;
}

/** Walks at random, from anywhere, and learns from it for some steps. */
static inline void walk(struct tdm_learner *learner, struct tdm_random *random, int steps,
                        double gamma)
{
    int place = 0;
    float before[PLACES], after[PLACES];
    for (int i = 0; i < steps; i++) {
        const int32_t move = (int32_t)tdm_random_below(random, MOVES);
        place_input(place, before);
        const int next = moved(place, move);
        const bool ends = next == PLACES - 1;
        place_input(next, after);
        tdm_learner_observe(learner, &(struct tdm_transition){before, &move, reward_at(next), after,
                                                              ends ? 0 : (float)gamma});
        tdm_learner_update(learner);
        place = ends ? (int)tdm_random_below(random, PLACES - 1) : next;
    }
}

#endif

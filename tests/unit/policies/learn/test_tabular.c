// SPDX-License-Identifier: GPL-3.0-or-later
/** Q-learning on a table: bins, the update by hand, a chain of known values. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "train.h"

// Three inputs in 3, 1 and 2 bins; two knobs of 2 and 3 levels.
static const int32_t counts[] = {2, 0, 1};
static const float edges[] = {-1, 1, 0.5F};
static const struct tdm_learn_shape shape = {
    .observation = 3, .branches = 2, .levels = {2, 3}, .edge_counts = counts, .edges = edges};

static void inputs_fall_into_bins(void **state)
{
    (void)state;
    static const float inputs[][3] = {
        {-9, 5, 0},    {-1.01F, -5, 0.49F}, // below both edges
        {-1, 0, 0},    {0.99F, 7, -3},      // between; an edge belongs above
        {1, 0, 0.49F}, {1e30F, 1, 0},       // beyond
    };
    const struct tdm_learn_options options = small_options();
    struct tdm_learner *learner = opened("tabular", &shape, &options);
    assert_int_equal(tdm_learner_health(learner).states, 6);
    float rows[12][6];
    for (int i = 0; i < 12; i++) { // each of the six, in both bins of the last input
        float input[3];
        memcpy(input, inputs[i / 2], sizeof input);
        input[2] = i % 2 ? 0.5F : 0;
        assert_int_equal(tdm_learner_values(learner, input, rows[i]), 6);
        for (int a = 0; a < 6; a++) // as it starts
            assert_true(rows[i][a] >= 0 && rows[i][a] < 0.01F);
    }
    for (int i = 0; i < 12; i++)
        for (int j = 0; j < 12; j++) {
            const bool same = i % 2 == j % 2 && i / 4 == j / 4;
            assert_true((memcmp(rows[i], rows[j], sizeof rows[i]) == 0) == same);
        }
    tdm_learner_free(learner);
}

static void an_update_is_the_textbooks(void **state)
{
    (void)state;
    struct tdm_learn_options options = small_options();
    options.rate = 0.25;
    struct tdm_learner *learner = opened("tabular", &shape, &options);
    const float here[3] = {0, 0, 0}, there[3] = {2, 0, 1};
    const int32_t action[2] = {1, 2}; // the last of six combinations
    float before[6], next[6], after[6], best = 0;
    tdm_learner_values(learner, here, before);
    tdm_learner_values(learner, there, next);
    for (int a = 0; a < 6; a++)
        best = fmaxf(best, next[a]);
    tdm_learner_observe(learner, &(struct tdm_transition){here, action, 2, there, 0.5F});
    assert_int_equal(tdm_learner_update(learner), 0); // it has learned already
    tdm_learner_values(learner, here, after);
    for (int a = 0; a < 5; a++)
        assert_true(after[a] == before[a]);
    const double expected = 0.75 * (double)before[5] + 0.25 * (2 + 0.5 * (double)best);
    assert_true(fabs((double)after[5] - expected) < 1e-6);
    assert_int_equal(tdm_learner_health(learner).visited, 1);
    int32_t chosen[2]; // which is now the best
    tdm_learner_act(learner, here, false, chosen);
    assert_memory_equal(chosen, action, sizeof action);
    for (int i = 0; i < 5; i++)
        tdm_learner_observe(learner,
                            &(struct tdm_transition){i % 2 ? here : there, action, 0, here, 0});
    assert_int_equal(tdm_learner_health(learner).visited, 2);
    assert_int_equal(tdm_learner_health(learner).updates, 6);
    tdm_learner_free(learner);
}

// The walk of train.h, its place in one input with an edge between any two.
static void a_walk_has_the_values_of_value_iteration(void **state)
{
    (void)state;
    int32_t edge_count = PLACES - 1;
    float between[PLACES - 1];
    for (int i = 0; i < PLACES - 1; i++)
        between[i] = (float)i + 0.5F;
    const struct tdm_learn_shape line = {.observation = 1,
                                         .branches = 1,
                                         .levels = {MOVES},
                                         .edge_counts = &edge_count,
                                         .edges = between};
    struct tdm_learn_options options = small_options();
    options.rate = 0.5;
    struct tdm_learner *learner = opened("tabular", &line, &options);
    struct tdm_random random;
    tdm_random_seed(&random, 9, "test", 0);
    int place = 0;
    for (int i = 0; i < 40000; i++) {
        const float before = (float)place;
        int32_t move;
        tdm_learner_act(learner, &before, true, &move);
        const int next = moved(place, move);
        const float after = (float)next;
        const bool ends = next == PLACES - 1;
        tdm_learner_observe(learner, &(struct tdm_transition){&before, &move, reward_at(next),
                                                              &after, ends ? 0 : 0.9F});
        place = ends ? (int)tdm_random_below(&random, PLACES - 1) : next;
    }
    double q[PLACES][MOVES];
    walk_values(0.9, q);
    for (place = 0; place < PLACES - 1; place++) {
        float values[MOVES];
        tdm_learner_values(learner, &(float){(float)place}, values);
        for (int m = 0; m < MOVES; m++)
            assert_true(fabs((double)values[m] - q[place][m]) < 1e-4);
    }
    assert_int_equal(tdm_learner_health(learner).visited, PLACES - 1); // none starts at the end
    tdm_learner_free(learner);
}

static void refuse(const struct tdm_learn_shape *bad, const char *why)
{
    struct tdm_error error = {0};
    const struct tdm_learn_options options = small_options();
    assert_null(tdm_learner_open("tabular", bad, &options, true, &error));
    if (!strstr(error.message, why))
        fail_msg("'%s' does not say '%s'", error.message, why);
}

static void bad_bins_are_refused(void **state)
{
    (void)state;
    struct tdm_learn_shape bad = shape;
    bad.edge_counts = NULL;
    refuse(&bad, "needs the edges");
    bad = shape;
    bad.edges = (const float[]){1, 1, 0};
    refuse(&bad, "edges of input 0 do not ascend");
    bad.edges = (const float[]){1, NAN, 0};
    refuse(&bad, "edges of input 0 do not ascend");
    bad.edge_counts = (const int32_t[]){2, -1, 0};
    bad.edges = edges;
    refuse(&bad, "input 1 has -1 edges");
    static int32_t many[64];
    static float zeros[64];
    for (int i = 0; i < 64; i++)
        many[i] = 1;
    bad = (struct tdm_learn_shape){
        .observation = 64, .branches = 1, .levels = {2}, .edge_counts = many, .edges = zeros};
    refuse(&bad, "these bins have more"); // 2^64 states
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(inputs_fall_into_bins),
        cmocka_unit_test(an_update_is_the_textbooks),
        cmocka_unit_test(a_walk_has_the_values_of_value_iteration),
        cmocka_unit_test(bad_bins_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

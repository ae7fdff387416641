// SPDX-License-Identifier: GPL-3.0-or-later
/* Training: it goes on to the last bit, ends when it should, and says why where it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "../engine/world.h"
#include "policies/train_parts.h"

static const struct world *world;

#define KNOBS "<knobs cpu=\"2\" gpu=\"3\" emc=\"top\" cut=\"input\"/>"
#define BUSY(more) \
    "<scenario name=\"t\" duration=\"20 s\"><board id=\"b\" type=\"toy.xml\"/>" WORLD_LINK \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"3 /s\" input=\"raw\"/>" \
    "<server id=\"c\" type=\"box.xml\"/><load board=\"b\" from=\"5 s\" until=\"15 s\" " \
    "gpu=\"50 %\"/><objective eta=\"0.5\"/>" more "</scenario>"

struct course {
    struct tdm_scenario *scenario;
    char file[256];
    struct tdm_training_setup setup;
};

static struct course begin(const char *text, const char *name)
{
    struct course c = {.scenario = world_load(world, text)};
    struct tdm_error error = {0};
    world_path(world, name, c.file);
    assert_int_equal(tdm_training_usual(&c.setup, c.scenario, "dvfo", &error), 0);
    c.setup.environments = 2;
    c.setup.trial_runs = 1;
    c.setup.options.warmup = 300; // the first minibatches are in the first round
    c.setup.options.batch = 32;
    c.setup.options.hidden[0] = 16;
    c.setup.options.hidden[1] = 8;
    c.setup.options.hidden[2] = 0;
    c.setup.options.prioritised = true;
    return c;
}

static struct tdm_training *open_training(struct course *c, bool resume)
{
    struct tdm_error error = {0};
    c->setup.file = c->file;
    struct tdm_training *training = tdm_training_open(&c->setup, resume, &error);
    if (!training)
        fail_msg("%s: %s", error.file, error.message);
    return training;
}

static void go_rounds(struct tdm_training *training, int rounds)
{
    struct tdm_error error = {0};
    while (rounds--)
        if (tdm_training_round(training, &error))
            fail_msg("%s", error.message);
}

static void keep(struct tdm_training *training)
{
    struct tdm_error error = {0};
    assert_int_equal(tdm_training_keep(training, &error), 0);
}

static void finish(struct tdm_training *training)
{
    struct tdm_error error = {0};
    if (tdm_training_finish(training, &error))
        fail_msg("%s", error.message);
    tdm_training_free(training);
}

static char *bytes_of(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    *length = (size_t)ftell(file);
    rewind(file);
    char *bytes = malloc(*length + 1);
    assert_int_equal(fread(bytes, 1, *length, file), *length);
    fclose(file);
    return bytes;
}

static void assert_same_files(const char *a, const char *b)
{
    size_t lengths[2];
    char *first = bytes_of(a, &lengths[0]), *second = bytes_of(b, &lengths[1]);
    assert_int_equal(lengths[0], lengths[1]);
    assert_memory_equal(first, second, lengths[0]);
    free(first);
    free(second);
}

// ---- going on ----------------------------------------------------------------------------------

// Six rounds are three, a state in a file, and three more: every parameter, every transition
// remembered, every curve, and the best policy. Engines are used in the one and new in the other,
// and runs begin anywhere.
static void test_resume(void **state)
{
    (void)state;
    struct course at_once = begin(BUSY(KNOBS), "whole.h5"), parts = begin(BUSY(KNOBS), "parts.h5");
    char whole[300], halves[300];
    snprintf(whole, sizeof whole, "%s.training", at_once.file);
    snprintf(halves, sizeof halves, "%s.training", parts.file);
    struct tdm_training *t = open_training(&at_once, false);
    go_rounds(t, 6);
    keep(t);
    struct tdm_training *p = open_training(&parts, false);
    go_rounds(p, 3);
    keep(p);
    tdm_training_free(p);
    p = open_training(&parts, true);
    assert_int_equal(p->rounds, 3);
    assert_int_equal(p->steps, 3 * 512);
    go_rounds(p, 3);
    keep(p);
    assert_same_files(whole, halves);
    assert_same_files(at_once.file, parts.file);
    struct tdm_training_news news;
    tdm_training_tell(p, &news);
    assert_int_equal(news.steps, 6 * 512);
    assert_true(news.loss > 0 && news.oracle_cost > 0);
    finish(t);
    finish(p);
    assert_same_files(at_once.file, parts.file);
    assert_int_equal(access(whole, F_OK), -1); // it is over
    tdm_scenario_free(at_once.scenario);
    tdm_scenario_free(parts.scenario);
}

static void assert_not_resumed(struct course *c, const char *why)
{
    struct tdm_error error = {0};
    c->setup.file = c->file;
    assert_null(tdm_training_open(&c->setup, true, &error));
    if (!strstr(error.message, why))
        fail_msg("'%s', and not '%s'", error.message, why);
}

// With something else it would not be the same training.
static void test_not_resumed(void **state)
{
    (void)state;
    struct course c = begin(BUSY(KNOBS), "p.h5");
    struct tdm_training *t = open_training(&c, false);
    go_rounds(t, 1);
    keep(t);
    tdm_training_free(t);
    const struct tdm_training_setup setup = c.setup;
    struct tdm_error error = {0};
    assert_null(tdm_training_open(&c.setup, false, &error)); // it would be lost
    assert_non_null(strstr(error.message, "--resume"));
    assert_non_null(strstr(error.file, "p.h5.training"));
    c.setup.seed = 2;
    assert_not_resumed(&c, "begun with another scenario, engine, seed");
    c.setup = setup;
    c.setup.environments = 3;
    assert_not_resumed(&c, "begun with another scenario, engine, seed or number of environments");
    c.setup = setup;
    c.setup.policy = "drldo";
    assert_not_resumed(&c, "this is a policy of 'dvfo', not of 'drldo'");
    c.setup = setup;
    unlink(c.file); // the best so far
    assert_not_resumed(&c, "No such file");
    tdm_scenario_free(c.scenario);
    c = begin(BUSY(KNOBS "<!-- other -->"), "p.h5");
    assert_not_resumed(&c, "begun with another scenario");
    tdm_scenario_free(c.scenario);
    c = begin(BUSY(KNOBS), "never.h5");
    assert_not_resumed(&c, "No such file");
    tdm_scenario_free(c.scenario);
}

// ---- the end -----------------------------------------------------------------------------------

// Where there is only one thing to do, the first trial is as good as it gets.
static void test_early_stop(void **state)
{
    (void)state;
    struct course c =
        begin(BUSY("<knobs cpu=\"top\" gpu=\"top\" emc=\"top\" cut=\"none\"/>"), "stop.h5");
    c.setup.patience = 4;
    struct tdm_training *t = open_training(&c, false);
    for (int round = 1; round <= 5; round++) {
        assert_false(tdm_training_is_over(t));
        go_rounds(t, 1);
    }
    assert_true(tdm_training_is_over(t));
    struct tdm_training_news news;
    tdm_training_tell(t, &news);
    assert_int_equal(news.best_steps, 512);
    finish(t);
    c.setup.patience = 0;
    c.setup.steps = 6 * 512;
    t = open_training(&c, false);
    go_rounds(t, 5);
    assert_false(tdm_training_is_over(t));
    go_rounds(t, 1);
    assert_true(tdm_training_is_over(t));
    tdm_training_free(t);
    tdm_scenario_free(c.scenario);
}

// A learner that has to refuse its minibatches gets nowhere.
static void test_losses_not_finite(void **state)
{
    (void)state;
    struct course c = begin(BUSY(KNOBS), "nan.h5");
    struct tdm_training *t = open_training(&c, false);
    struct tdm_error error = {0};
    go_rounds(t, 1);
    t->learned.learner->health.refused = 99;
    go_rounds(t, 1);
    t->learned.learner->health.refused = 100;
    assert_int_equal(tdm_training_round(t, &error), -1);
    assert_non_null(strstr(error.message, "the losses are not finite any more (100 of "));
    assert_non_null(strstr(error.message, "try a lower rate"));
    tdm_training_free(t);
    tdm_scenario_free(c.scenario);
}

// ---- what comes of it --------------------------------------------------------------------------

// What a trial says of the best policy is what 'run' finds it to be on the same seed.
static void test_runs_as_tried(void **state)
{
    (void)state;
    struct course c = begin(BUSY(KNOBS), "run.h5");
    struct tdm_training *t = open_training(&c, false);
    go_rounds(t, 4);
    double cost = NAN;
    for (size_t i = 0; i < t->curve_count; i++)
        if (t->curves[i].steps == t->best_steps)
            cost = t->curves[i].trial_cost;
    finish(t);
    struct tdm_random random;
    tdm_random_seed(&random, c.setup.seed, "trial", 0);
    const uint64_t seed = tdm_random_next(&random) >> 1 | 1;
    char name[300];
    snprintf(name, sizeof name, "dvfo=%s", c.file);
    struct tdm_engine *engine = world_open(c.scenario, seed);
    struct tdm_policy *policy = world_policy(name, c.scenario, seed);
    const struct world_run run = world_run(engine, policy);
    double sum = 0;
    for (size_t i = 0; i < run.count; i++)
        sum += run.items[i].cost;
    assert_near(sum / (double)run.count, cost, 1e-9 * cost);
    free(run.items);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    tdm_scenario_free(c.scenario);
}

// It learns: far better than chance, and near the oracle, in a small world.
static void test_learns(void **state)
{
    (void)state;
    struct course c = begin(BUSY(KNOBS), "learns.h5");
    c.setup.options.epsilon_steps = 4000;
    c.setup.options.rate = 3e-3;
    c.setup.patience = 0;
    struct tdm_training *t = open_training(&c, false);
    go_rounds(t, 16);
    double best = INFINITY;
    for (size_t i = 0; i < t->curve_count; i++)
        best = fmin(best, t->curves[i].trial_cost);
    assert_true(best < 1.02 * t->oracle_cost);
    assert_true(t->best_reward > t->curves[0].reward / 2); // of the first round: at random
    tdm_training_free(t);
    tdm_scenario_free(c.scenario);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),        cmocka_unit_test(test_not_resumed),
        cmocka_unit_test(test_early_stop),    cmocka_unit_test(test_losses_not_finite),
        cmocka_unit_test(test_runs_as_tried), cmocka_unit_test(test_learns),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** AutoScale: states, values and rewards by hand; and a world in which its table must be right. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"
#include "policies/train.h"

enum { STATES = 3072 };

static const struct tdm_policy_type *autoscale(void)
{
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++)
        if (strcmp((*type)->name, "autoscale") == 0)
            return *type;
    return NULL;
}

static struct tdm_learned begin(const struct tdm_scenario *scenario)
{
    struct tdm_learned learned;
    struct tdm_training_setup setup;
    assert_int_equal(tdm_learned_open(&learned, autoscale(), scenario, NULL), 0);
    assert_int_equal(tdm_training_usual(&setup, scenario, "autoscale", NULL), 0);
    assert_int_equal(tdm_learned_begin(&learned, &setup.options, NULL), 0);
    return learned;
}

// ---- states ------------------------------------------------------------------------------------

// What a state is made of, in its own units.
struct seen {
    double convolutions, dense, recurrent, macs, cpu, memory, wifi, direct;
};

// The paper's bins, and the index that they make together, the last one fastest.
static size_t index_of(const struct seen *s)
{
    const size_t convolutions = s->convolutions < 30   ? 0
                                : s->convolutions < 50 ? 1
                                : s->convolutions < 90 ? 2
                                                       : 3;
    const size_t macs = s->macs < 1e9 ? 0 : s->macs < 2e9 ? 1 : 2;
    const size_t cpu = s->cpu == 0 ? 0 : s->cpu < 0.25 ? 1 : s->cpu < 0.75 ? 2 : 3;
    const size_t memory = s->memory == 0 ? 0 : s->memory < 0.25 ? 1 : s->memory < 0.75 ? 2 : 3;
    size_t index = s->wifi >= -80;
    index = index * 2 + (s->direct >= -80);
    index = index * 4 + cpu;
    index = index * 4 + memory;
    index = index * 3 + macs;
    index = index * 4 + convolutions;
    index = index * 2 + (s->dense >= 10);
    return index * 2 + (s->recurrent >= 10);
}

static void fill(const struct seen *s, float observation[TDM_ENTRIES])
{
    const double values[] = {[TDM_SEES_CONVOLUTIONS] = s->convolutions,
                             [TDM_SEES_DENSE] = s->dense,
                             [TDM_SEES_RECURRENT] = s->recurrent,
                             [TDM_SEES_FLOP] = 2 * s->macs,
                             [TDM_SEES_RUNNERS + TDM_CPU] = s->cpu,
                             [TDM_SEES_RUNNERS + TDM_EMC] = s->memory,
                             [TDM_SEES_SIGNAL] = s->wifi,
                             [TDM_SEES_SIGNAL_2] = s->direct};
    for (size_t i = 0; i < TDM_ENTRIES; i++) // the rest must make no difference
        observation[i] =
            i < sizeof values / sizeof *values ? tdm_entry_scale(&tdm_entries[i], values[i]) : 0.3F;
}

static void read_visits(struct tdm_learned *learned, int32_t visits[STATES])
{
    char path[] = "/tmp/tandem-autoscale-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    struct tdm_h5 *file = tdm_h5_create(fd, path, NULL);
    assert_int_equal(tdm_learned_save(learned, file, false, NULL), 0);
    assert_int_equal(tdm_h5_close(file, NULL), 0);
    file = tdm_h5_open(path, NULL);
    assert_int_equal(
        tdm_h5_get_array(file, "/policy/learner/visits", TDM_H5_INT32, STATES, visits, NULL), 0);
    tdm_h5_close(file, NULL);
    close(fd);
    unlink(path);
}

static void learn(struct tdm_learned *learned, const float *observation, int32_t target,
                  float reward, const float *next)
{
    float here[TDM_ENTRIES], there[TDM_ENTRIES];
    tdm_learned_gather(learned, observation, 1, here);
    tdm_learned_gather(learned, next, 1, there);
    tdm_learner_observe(learned->learner,
                        &(struct tdm_transition){here, &target, reward, there, 0.1F});
}

static void states_are_the_papers_bins(void **state)
{
    static const struct seen all[] = {
        {0, 0, 0, 0, 0, 0, -120, -120},          {29, 9, 9, 0.999e9, 0.01, 0.24, -81, -80},
        {30, 10, 10, 1e9, 0.25, 0.74, -80, -81}, {49, 1, 0, 1.999e9, 0.74, 0.75, -50, -50},
        {50, 1, 0, 2e9, 0.75, 0.95, -50, -90},   {53, 1, 0, 4.1e9, 0, 0.5, -85, -40},
        {89, 1, 24, 0.3e9, 0.9, 0, -85, -85},    {90, 37, 0, 20e9, 0.1, 0.1, -60, -60},
        {300, 200, 90, 1e12, 1, 1, -30, -30},
    };
    enum { COUNT = sizeof all / sizeof *all };
    struct tdm_scenario *scenario = world_load(*state, WORLD_PLAIN);
    struct tdm_learned learned = begin(scenario);
    assert_int_equal(tdm_learner_health(learned.learner).states, STATES);
    static int32_t visits[STATES];
    int32_t expected[STATES] = {0};
    for (int i = 0; i < COUNT; i++)
        for (int times = 0; times <= i; times++) {
            float observation[TDM_ENTRIES];
            fill(&all[i], observation);
            learn(&learned, observation, 0, -1, observation);
            expected[index_of(&all[i])]++;
        }
    read_visits(&learned, visits);
    assert_memory_equal(visits, expected, sizeof expected);
    assert_int_equal(tdm_learner_health(learned.learner).visited, COUNT);
    // The corners of the table.
    assert_int_equal(index_of(&all[0]), 0);
    assert_int_equal(index_of(&all[COUNT - 1]), STATES - 1);
    tdm_learned_close(&learned);
    tdm_scenario_free(scenario);
}

// Three convolutions and a product with weights; whatever else a network has is not counted.
static void layers_are_counted_by_kind(void **state)
{
    world_write(*state, "mixed.xml", world_dnn, "op=\"Relu\"", "op=\"LSTM\"", "op=\"MaxPool\"",
                "op=\"MatMul\"", NULL);
    struct first f = first_of(
        *state, WORLD_SCENARIO(WORLD_BOARD WORLD_LINK "<stream board=\"b\" dnn=\"mixed.xml\"/>"),
        "edge-only");
    struct tdm_observer observer;
    tdm_observer_start(&observer, f.event.state);
    static const int entries[] = {TDM_SEES_CONVOLUTIONS, TDM_SEES_DENSE, TDM_SEES_RECURRENT};
    static const double counts[] = {3, 1, 1};
    for (int i = 0; i < 3; i++)
        assert_near(tdm_entry_value(&tdm_entries[entries[i]], (double)observer.common[entries[i]]),
                    counts[i], 1e-4);
    first_done(&f);
}

// ---- values ------------------------------------------------------------------------------------

static void a_value_moves_by_nine_tenths(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, WORLD_PLAIN);
    struct tdm_learned learned = begin(scenario);
    static const struct seen here = {53, 1, 0, 4.1e9, 0, 0, -50, -50},
                             there = {53, 1, 0, 4.1e9, 0.5, 0, -50, -50};
    float a[TDM_ENTRIES], b[TDM_ENTRIES], inputs[TDM_ENTRIES];
    float before[64], next[64], after[64];
    fill(&here, a);
    fill(&there, b);
    const int count = learned.levels[0];
    assert_true(count > 3 && count <= 64);
    tdm_learned_gather(&learned, a, 1, inputs);
    assert_int_equal(tdm_learner_values(learned.learner, inputs, before), count);
    tdm_learned_gather(&learned, b, 1, inputs);
    tdm_learner_values(learned.learner, inputs, next);
    float best = next[0];
    for (int i = 0; i < count; i++) {
        assert_true(before[i] >= 0 && before[i] < 1); // random, and better than any reward
        best = fmaxf(best, next[i]);
    }
    learn(&learned, a, 3, -250, b);
    tdm_learned_gather(&learned, a, 1, inputs);
    tdm_learner_values(learned.learner, inputs, after);
    for (int i = 0; i < count; i++) {
        const double old = (double)before[i];
        const double goal = i == 3 ? old + 0.9 * (-250 + 0.1 * (double)best - old) : old;
        assert_near(after[i], goal, 1e-4);
    }
    tdm_learned_close(&learned);
    tdm_scenario_free(scenario);
}

static void all_is_tried_before_anything_twice(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, WORLD_PLAIN);
    struct tdm_learned learned = begin(scenario);
    static const struct seen here = {53, 1, 0, 4.1e9, 0, 0, -50, -50};
    float observation[TDM_ENTRIES], inputs[TDM_ENTRIES];
    int tried[64] = {0};
    fill(&here, observation);
    tdm_learned_gather(&learned, observation, 1, inputs);
    for (int i = 0; i < learned.levels[0]; i++) {
        int32_t target;
        tdm_learner_act(learned.learner, inputs, false, &target);
        assert_int_equal(tried[target]++, 0);
        learn(&learned, observation, target, (float)(-10 - i), observation);
    }
    tdm_learned_close(&learned);
    tdm_scenario_free(scenario);
}

// ---- rewards -----------------------------------------------------------------------------------

static void a_reward_is_the_formulas(void **state)
{
    (void)state;
    const struct tdm_scenario_environment environment = {.alpha = 0.1, .beta = 0.1};
    const struct tdm_stream stream = {.accuracy = 0.65, .deadline = 0.05};
    const struct tdm_reward_context context = {.environment = &environment, .stream = &stream};
    const struct tdm_reward_type *type = tdm_reward_find("autoscale", NULL);
    struct tdm_outcome outcome = {.energy = 0.2, .latency = 0.04, .accuracy = 0.7};
    assert_near(type->of(&context, &outcome), -200 + 0.1 * 40 + 0.1 * 70, 1e-9);
    outcome.latency = 0.06;
    outcome.late = true; // no bonus for its time
    assert_near(type->of(&context, &outcome), -200 + 0.1 * 70, 1e-9);
    outcome.accuracy = 0.6;
    assert_near(type->of(&context, &outcome), 60 - 100, 1e-9);
}

static double worst_of(const struct world *w, const char *environment, const char *preferred,
                       char name[16])
{
    char text[1024];
    snprintf(text, sizeof text, "%s", WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM "@"));
    char *at = strchr(text, '@'), rest[256];
    snprintf(rest, sizeof rest, "%s", at + 1);
    snprintf(at, sizeof text - (size_t)(at - text), "%s%s", environment, rest);
    struct tdm_scenario *scenario = world_load(w, text);
    struct tdm_process *process = tdm_process_new(scenario, NULL);
    assert_non_null(process);
    if (preferred)
        tdm_process_prefer_reward(process, preferred);
    snprintf(name, 16, "%s", tdm_process_environment(process)->reward);
    const double worst = tdm_process_environment(process)->worst;
    tdm_process_free(process);
    tdm_scenario_free(scenario);
    return worst;
}

// Millijoules would all be below the worst of other rewards.
static void what_the_scenario_says_of_rewards_goes_before_the_recipe(void **state)
{
    static const struct {
        const char *environment, *preferred, *reward;
        double worst;
    } cases[] = {
        {"", NULL, "cost", -10},
        {"", "autoscale", "autoscale", -1e5},
        {"<environment/>", "autoscale", "autoscale", -1e5},
        {"<environment worst=\"-7\"/>", "autoscale", "autoscale", -7},
        {"<environment reward=\"energy\"/>", "autoscale", "energy", -10},
        {"<environment reward=\"cost\" worst=\"-7\"/>", "autoscale", "cost", -7},
        {"<environment reward=\"autoscale\"/>", NULL, "autoscale", -1e5},
        {"<environment/>", NULL, "cost", -10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char name[16];
        const double worst = worst_of(*state, cases[i].environment, cases[i].preferred, name);
        assert_string_equal(name, cases[i].reward);
        assert_true(worst == cases[i].worst);
    }
}

// ---- a world with a known best -----------------------------------------------------------------

// A link that is fast in one second and useless in the next; the board is busy for a while.
#define CHANGING \
    "<scenario name=\"t\" duration=\"8 s\"><board id=\"b\" type=\"toy.xml\" thermal=\"no\" " \
    "switching=\"no\" jitter=\"no\"/><server id=\"c\" type=\"fast.xml\"/>" \
    "<link from=\"b\" to=\"c\" trace=\"turns.csv\" rtt=\"4 ms\"/>" \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" rate=\"2 /s\" deadline=\"50 ms\" " \
    "accuracy=\"50 %\"/><load board=\"b\" from=\"4 s\" cpu=\"40 %\" emc=\"80 %\"/>" \
    "<knobs processor=\"all\" cut=\"input\"/><environment thinking=\"free\"/></scenario>"

static void train(const struct world *w, const struct tdm_scenario *scenario, char name[64],
                  struct tdm_training_news *news)
{
    struct tdm_training_setup setup;
    struct tdm_error error = {0};
    char path[256];
    world_path(w, "auto.h5", path);
    assert_int_equal(tdm_training_usual(&setup, scenario, "autoscale", &error), 0);
    setup.file = path;
    setup.patience = 0;
    setup.steps = 3200;
    setup.trial_runs = 1;
    struct tdm_training *training = tdm_training_open(&setup, false, &error);
    if (!training)
        fail_msg("%s", error.message);
    while (!tdm_training_is_over(training))
        assert_int_equal(tdm_training_round(training, &error), 0);
    tdm_training_tell(training, news);
    assert_int_equal(tdm_training_finish(training, &error), 0);
    tdm_training_free(training);
    assert_true(snprintf(name, 64, "autoscale=%s", path) < 64);
}

struct judged {
    int sent, local;
};

// What the file says against what is best, request by request.
static struct judged judge(const struct tdm_scenario *scenario, const char *name)
{
    struct judged judged = {0};
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_policy *policy = world_policy(name, scenario, 1);
    struct tdm_policy *best = world_policy("autoscale:opt", scenario, 1);
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind != TDM_DECISION)
            continue;
        struct tdm_plan plan, ideal;
        tdm_policy_decide(policy, event.state, &plan);
        tdm_policy_decide(best, event.state, &ideal);
        assert_memory_equal(plan.opp, ideal.opp, sizeof plan.opp);
        assert_int_equal(plan.processor, ideal.processor);
        assert_true(plan.xi == ideal.xi);
        judged.sent += plan.xi > 0;
        judged.local += plan.xi == 0;
        tdm_engine_decide(engine, &plan);
    }
    tdm_policy_free(best);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    return judged;
}

static int make(void **state)
{
    world_set_up(state);
    world_write(*state, "fast.xml", world_server, "100 GFLOP/s", "10 TFLOP/s", "2 ms", "1 ms",
                NULL);
    world_write(*state, "turns.csv",
                "time_s,up_mbit_s,down_mbit_s,signal_dbm\n0,64,64,-60\n1,0.6,0.6,-90\n", NULL);
    return 0;
}

static void the_table_is_right_wherever_it_has_been(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, CHANGING);
    struct tdm_training_news news;
    char name[64];
    train(*state, scenario, name, &news);
    const struct judged judged = judge(scenario, name);
    assert_int_equal(judged.sent, 8);
    assert_int_equal(judged.local, 8);
    // Two signals, beside the load and without it.
    assert_int_equal(news.visited, 4);
    assert_int_equal(news.states, STATES);
    tdm_scenario_free(scenario);
}

// The best of all targets, and of the board's, by trying each plan.
static void looking_ahead_takes_the_highest_reward(void **state)
{
    struct first all = first_of(*state, CHANGING, "autoscale:opt");
    struct first edge = first_of(*state, CHANGING, "autoscale:edge");
    double best[2] = {-INFINITY, -INFINITY}; // anywhere, and on the board
    for (int t = 0; t < 4 + 3 + 1; t++) {
        struct tdm_plan plan = t < 4   ? world_local(2, t, 2)
                               : t < 7 ? world_local(t - 4, 0, 2)
                                       : world_sent(0, 0, 0, 0, 1, 8);
        plan.processor = t >= 4 && t < 7;
        const struct tdm_outcome o = first_foresee(&all, &plan);
        const double reward = -1e3 * o.energy + 0.1 * 80 + (o.late ? 0 : 0.1 * 1e3 * o.latency);
        best[0] = fmax(best[0], reward);
        if (t < 7)
            best[1] = fmax(best[1], reward);
    }
    const struct first *both[] = {&all, &edge};
    for (int i = 0; i < 2; i++) {
        const struct tdm_outcome o = first_foresee(both[i], &both[i]->plan);
        assert_near(-1e3 * o.energy + 0.1 * 80 + (o.late ? 0 : 0.1 * 1e3 * o.latency), best[i],
                    1e-9);
    }
    assert_true(all.plan.xi == 1 && edge.plan.xi == 0);
    first_done(&edge);
    first_done(&all);
}

static void other_arguments_are_refused(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, CHANGING);
    struct tdm_error error = {0};
    assert_null(tdm_policy_open("autoscale:best", scenario, 1, &error));
    assert_string_equal(error.message, "'autoscale' takes a file, or 'opt' or 'edge', not 'best'");
    assert_null(tdm_policy_open("autoscale", scenario, 1, &error));
    assert_non_null(strstr(error.message, "has to be trained"));
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_are_the_papers_bins),
        cmocka_unit_test(layers_are_counted_by_kind),
        cmocka_unit_test(a_value_moves_by_nine_tenths),
        cmocka_unit_test(all_is_tried_before_anything_twice),
        cmocka_unit_test(a_reward_is_the_formulas),
        cmocka_unit_test(what_the_scenario_says_of_rewards_goes_before_the_recipe),
        cmocka_unit_test(the_table_is_right_wherever_it_has_been),
        cmocka_unit_test(looking_ahead_takes_the_highest_reward),
        cmocka_unit_test(other_arguments_are_refused),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** SAC-d: what it may choose; looking ahead against brute force; a world with a known best. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "first.h"
#include "policies/train_parts.h"

// A link that is fast in one second and useless in the next, and a board that is busy for a while;
// exits of which the first is not right enough.
#define CHANGING(more) \
    "<scenario name=\"t\" duration=\"8 s\"><board id=\"b\" type=\"toy.xml\" thermal=\"no\" " \
    "switching=\"no\" jitter=\"no\"/><server id=\"c\" type=\"fast.xml\"/>" \
    "<link from=\"b\" to=\"c\" trace=\"turns.csv\" rtt=\"2 ms\"/>" \
    "<stream board=\"b\" dnn=\"leaving.xml\" arrivals=\"periodic\" rate=\"4 /s\" " \
    "accuracy=\"65 %\" weight=\"70 %\" input=\"raw\"/>" \
    "<load board=\"b\" from=\"4 s\" gpu=\"80 %\"/>" more \
    "<environment thinking=\"free\"/></scenario>"
#define EXITS \
    "<knobs cpu=\"top\" gpu=\"100 MHz, 200 MHz\" emc=\"top\" cut=\"all\" exit=\"all\" " \
    "bits=\"32, 8\"/>"

static int make(void **state)
{
    world_set_up(state);
    world_write(*state, "fast.xml", world_server, "100 GFLOP/s", "10 TFLOP/s", "2 ms", "1 ms",
                NULL);
    world_write(*state, "turns.csv",
                "time_s,up_mbit_s,down_mbit_s,signal_dbm\n0,400,400,-60\n1,8,8,-90\n", NULL);
    return 0;
}

static const struct tdm_policy_type *sac_d(void)
{
    const struct tdm_policy_type *const *type = tdm_policies;
    while (strcmp((*type)->name, "sac-d") != 0)
        type++;
    return *type;
}

// 3 ways out, nowhere or five places to cut, two widths; clocks at the top of their levels.
static void it_chooses_exit_cut_and_bits(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, CHANGING(EXITS));
    struct tdm_learned learned;
    struct tdm_error error = {0};
    if (tdm_learned_open(&learned, sac_d(), scenario, &error))
        fail_msg("%s", error.message);
    assert_int_equal(learned.branches, 3);
    assert_int_equal(learned.levels[0], 3);
    assert_int_equal(learned.levels[1], 6);
    assert_int_equal(learned.levels[2], 2);
    static const struct {
        int32_t choice[3], cut, xi, bits, leaves;
    } cases[] = {{{0, 0, 0}, 0, 0, 0, 0},
                 {{2, 0, 1}, 0, 0, 1, 2},
                 {{1, 1, 0}, 0, 1, 0, 1},
                 {{0, 5, 1}, 4, 1, 1, 0}};
    const struct tdm_actions *actions = tdm_process_actions(learned.process);
    assert_int_equal(actions->count, 5);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int32_t action[TDM_KNOBS];
        tdm_learned_expand(&learned, cases[i].choice, action);
        for (int k = 0; k < actions->count; k++)
            assert_int_equal(action[k], actions->knob[k] == TDM_KNOB_GPU    ? 1
                                        : actions->knob[k] == TDM_KNOB_CUT  ? cases[i].cut
                                        : actions->knob[k] == TDM_KNOB_XI   ? cases[i].xi
                                        : actions->knob[k] == TDM_KNOB_BITS ? cases[i].bits
                                                                            : cases[i].leaves);
    }
    tdm_learned_close(&learned);
    tdm_scenario_free(scenario);
}

static void without_exits_or_a_link_there_is_less_to_choose(void **state)
{
    struct tdm_scenario *scenario =
        world_load(*state, CHANGING("<knobs cut=\"none\" exit=\"two\" bits=\"32, 8\"/>"));
    struct tdm_learned learned;
    assert_int_equal(tdm_learned_open(&learned, sac_d(), scenario, NULL), 0);
    assert_int_equal(learned.levels[0], 2);
    assert_int_equal(learned.levels[1], 1);
    assert_int_equal(learned.levels[2], 1);
    tdm_learned_close(&learned);
    tdm_scenario_free(scenario);
}

// ---- looking ahead -----------------------------------------------------------------------------

// What a request is worth by the page's formula: weight 70 %, of 80 % that the whole is right, and
// 65 % that are needed; `usual` is the board alone at the top of its levels.
static double worth(const struct tdm_outcome *o, double usual)
{
    return 0.7 * (o->accuracy - 0.8) + 0.3 * (1 - o->latency / usual) - (o->accuracy < 0.65);
}

static double most_by_force(const struct first *f, double usual)
{
    static const int cuts[] = {0, 1, 3, 4, 5}, last[] = {6, 4, 5}; // beyond all, by exit
    double most = -INFINITY;
    for (int leaves = 0; leaves < 3; leaves++)
        for (int c = -1; c < 5; c++)
            for (int bits = 8; bits <= 32; bits += 24) {
                struct tdm_plan plan = world_local(2, 1, 2);
                plan.exit = leaves;
                plan.point = last[leaves];
                if (c >= 0 && cuts[c] < plan.point) {
                    plan.point = cuts[c];
                    plan.xi = 1;
                    plan.bits = bits;
                }
                const struct tdm_outcome o = first_foresee(f, &plan);
                most = fmax(most, worth(&o, usual));
            }
    return most;
}

static void looking_ahead_takes_the_highest_reward(void **state)
{
    struct first f = first_of(*state, CHANGING(EXITS), "sac-d:opt");
    const struct tdm_plan whole = world_local(2, 1, 2);
    const double usual = first_foresee(&f, &whole).latency; // nothing else runs yet
    int left = 0, sent = 0, decisions = 0;
    do {
        if (f.event.kind != TDM_DECISION)
            continue;
        tdm_policy_decide(f.policy, f.event.state, &f.plan);
        const struct tdm_outcome o = first_foresee(&f, &f.plan);
        assert_near(worth(&o, usual), most_by_force(&f, usual), 1e-9);
        left += f.plan.exit > 0;
        sent += f.plan.xi > 0;
        decisions++;
        tdm_engine_decide(f.engine, &f.plan);
    } while (tdm_engine_next(f.engine, &f.event));
    assert_int_equal(decisions, 32);
    assert_true(left > 4 && sent > 4 && left < decisions && sent < decisions);
    first_done(&f);
}

// ---- a world with a known best -----------------------------------------------------------------

static void train(const struct world *w, const struct tdm_scenario *scenario, char name[64])
{
    struct tdm_training_setup setup;
    struct tdm_error error = {0};
    char path[256];
    world_path(w, "sac.h5", path);
    assert_int_equal(tdm_training_usual(&setup, scenario, "sac-d", &error), 0);
    setup.file = path;
    setup.patience = 0;
    setup.steps = 20480;
    setup.trial_runs = 1;
    setup.options.warmup = 1024;
    setup.options.rate_steps = 2400;
    struct tdm_training *training = tdm_training_open(&setup, false, &error);
    if (!training)
        fail_msg("%s", error.message);
    while (!tdm_training_is_over(training))
        assert_int_equal(tdm_training_round(training, &error), 0);
    assert_int_equal(tdm_training_finish(training, &error), 0);
    tdm_training_free(training);
    assert_true(snprintf(name, 64, "sac-d=%s", path) < 64);
}

// The sum of what requests are worth in a run, and in how many ways they were served.
static double run(const struct tdm_scenario *scenario, const char *name, double usual, int *ways)
{
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_policy *policy = world_policy(name, scenario, 1);
    const struct world_run run = world_run(engine, policy);
    bool seen[3][7] = {{false}};
    double sum = 0;
    *ways = 0;
    for (size_t i = 0; i < run.count; i++) {
        const struct tdm_plan *plan = &run.items[i].plan;
        sum += worth(&run.items[i], usual);
        *ways += !seen[plan->exit][plan->point];
        seen[plan->exit][plan->point] = true;
    }
    free(run.items);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    return sum;
}

static void it_learns_what_is_best(void **state)
{
    struct tdm_scenario *scenario = world_load(*state, CHANGING(EXITS));
    struct first f = first_of(*state, CHANGING(EXITS), "sac-d:opt");
    const struct tdm_plan whole = world_local(2, 1, 2);
    const double usual = first_foresee(&f, &whole).latency;
    first_done(&f);
    char name[64];
    int ways, other;
    train(*state, scenario, name);
    const double most = run(scenario, "sac-d:opt", usual, &other);
    const double learned = run(scenario, name, usual, &ways);
    // What it can never have: any one way to serve all requests.
    static const char *const fixed[] = {
        "fixed:gpu=200 MHz", "fixed:gpu=200 MHz;exit=two", "fixed:gpu=200 MHz;cut=input",
        "fixed:gpu=200 MHz;cut=conv1;bits=8", "fixed:gpu=200 MHz;cut=pool;bits=8;exit=two"};
    double best = -INFINITY;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        best = fmax(best, run(scenario, fixed[i], usual, &other));
    if (!(learned > most - 0.1 * (most - best) && ways > 1))
        fail_msg("%g of %g, where the best single plan has %g; %d ways", learned, most, best, ways);
    tdm_scenario_free(scenario);
}

// A file is for the exits that it was trained for.
static void other_exits_are_refused(void **state)
{
    char name[64], path[256];
    struct tdm_error error = {0};
    world_path(*state, "sac.h5", path);
    assert_true(snprintf(name, 64, "sac-d=%s", path) < 64);
    struct tdm_scenario *scenario = world_load(
        *state, CHANGING("<knobs cpu=\"top\" gpu=\"100 MHz, 200 MHz\" emc=\"top\" cut=\"all\" "
                         "exit=\"two\" bits=\"32, 8\"/>"));
    assert_null(tdm_policy_open(name, scenario, 1, &error));
    assert_non_null(strstr(error.message, "for other levels of the knob 'exit'"));
    assert_null(tdm_policy_open("sac-d:best", scenario, 1, &error));
    assert_string_equal(error.message, "'sac-d' takes a file, or 'opt', not 'best'");
    assert_null(tdm_policy_open("sac-d", scenario, 1, &error));
    assert_non_null(strstr(error.message, "has to be trained"));
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_chooses_exit_cut_and_bits),
        cmocka_unit_test(without_exits_or_a_link_there_is_less_to_choose),
        cmocka_unit_test(looking_ahead_takes_the_highest_reward),
        cmocka_unit_test(it_learns_what_is_best),
        cmocka_unit_test(other_exits_are_refused), // takes the file of the one before
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

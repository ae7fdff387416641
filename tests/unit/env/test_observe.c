// SPDX-License-Identifier: GPL-3.0-or-later
/* Observations, entry by entry, against ranges and values written down by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "core/error.h"
#include "env/observe.h"
#include "envs.h"

static const struct world *world;

#define TWO_LINKS(content) \
    "<scenario name=\"t\" duration=\"60 s\">" WORLD_BOARD WORLD_LINK \
    "<link from=\"b\" to=\"d\" up=\"80 Mbit/s\" down=\"80 Mbit/s\" rtt=\"100 ms\"/>" ENVS_POISSON \
    "<server id=\"c\" type=\"box.xml\"/><server id=\"d\" type=\"box.xml\"/>" \
    "<objective eta=\"0.25\"/>" content "</scenario>"

struct seen {
    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct tdm_event event;
    struct tdm_state state; // a copy, to be changed
    struct tdm_actions actions;
    struct tdm_observer observer;
    float entries[TDM_ENTRIES];
};

static struct seen open_seen(const char *text)
{
    struct seen s = {.scenario = world_load(world, text)};
    struct tdm_error error = {0};
    s.engine = world_open(s.scenario, 1);
    assert_true(tdm_engine_next(s.engine, &s.event));
    s.state = *s.event.state;
    assert_int_equal(tdm_actions_read(&s.actions, s.scenario, &error), 0);
    tdm_observer_start(&s.observer, &s.state);
    return s;
}

static void see(struct seen *s, const int32_t *previous, double thinking)
{
    tdm_observer_see(&s->observer, &s->state, &s->actions, previous, thinking, s->entries);
}

static void close_seen(struct seen *s)
{
    tdm_engine_free(s->engine);
    tdm_scenario_free(s->scenario);
}

static double entry(const struct seen *s, const char *name)
{
    for (int i = 0; i < TDM_ENTRIES; i++)
        if (strcmp(tdm_entries[i].name, name) == 0)
            return s->entries[i];
    fail_msg("no entry '%s'", name);
    return NAN;
}

// Of a request that the board serves alone, at its top clocks: the engine's word, not the model's.
static struct tdm_outcome served_alone(const char *text)
{
    struct tdm_scenario *scenario = world_load(world, text);
    struct tdm_engine *engine = world_open(scenario, 1);
    struct tdm_event event;
    const struct tdm_plan top = world_local(2, 3, 2);
    assert_true(tdm_engine_next(engine, &event));
    tdm_engine_decide(engine, &top);
    assert_true(tdm_engine_next(engine, &event) && event.kind == TDM_OUTCOME);
    const struct tdm_outcome outcome = *event.outcome;
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return outcome;
}

static double linear(double value, double low, double high)
{
    return 2 * (value - low) / (high - low) - 1;
}

static double logarithmic(double value, double low, double high)
{
    return 2 * log10(value / low) / log10(high / low) - 1;
}

static void test_by_hand(void **state)
{
    (void)state;
    struct seen s = open_seen(TWO_LINKS(ENVS_KNOBS));
    const struct tdm_outcome alone = served_alone(TWO_LINKS(ENVS_KNOBS));
    const double time = alone.answer - alone.start;
    s.state.now = s.state.arrival + 1.5 * time;
    s.state.deadline = 3 * time;
    s.state.queued = 3;
    s.state.bandwidth = 1e6;
    s.state.trend = 0.5e6; // it was half of it before
    s.state.rtt = 0.02;
    s.state.signal = -60;
    s.state.temperature = 40;
    s.state.power = 5;
    const double load[] = {0.2, 0.5, 0};
    memcpy(s.state.load, load, sizeof load);
    s.state.opp[0] = 0, s.state.opp[1] = 1, s.state.opp[2] = 2;
    const int32_t previous[TDM_KNOBS] = {1, 3, 0, 1, 2, 0, 1, 0};
    see(&s, previous, 0.2 * time);
    const struct {
        const char *name;
        double scaled;
    } hand[] = {
        {"eta", -0.5},
        {"load", linear(8 * time, 0, 2)},
        {"queued", linear(3, 0, 10)},
        {"slack", linear(1.5, 0, 4)},
        {"bandwidth", logarithmic(1e6, 1e3, 1e8)},
        {"trend", 0.5},
        {"rtt", logarithmic(0.02, 1e-3, 1)},
        {"signal", 0.5},
        {"bandwidth-2", logarithmic(1e7, 1e3, 1e8)},
        {"rtt-2", logarithmic(0.1, 1e-3, 1)},
        {"signal-2", 0}, // the link says nothing of it
        {"temperature", -0.2},
        {"power", -0.5}, // of Pmax = 10 W
        {"cpu-load", -0.6},
        {"gpu-load", 0},
        {"emc-load", -1},
        {"cpu-clock", linear(0.25, 0, 1)},
        {"gpu-clock", linear(0.25, 0, 1)},
        {"emc-clock", 1},
        {"flop", logarithmic(200e6, 1e7, 1e12)},
        {"traffic", logarithmic(1.1e6 + 0.8e6 + 0.3e6 + 1.15e6 + 4.054e6, 1e5, 1e11)},
        {"input", 0}, // 100 kB of 1 kB to 10 MB
        {"reference", logarithmic(time, 1e-3, 10)},
        {"loss-25", -0.8}, // 80 % to 79 %
        {"loss-50", -0.8},
        {"loss-75", -0.8},
        {"loss-100", -0.8},
        {"previous-cpu", 0},
        {"previous-gpu", 1},
        {"previous-emc", -1},
        {"previous-processor", 1},
        {"previous-cut", 0},
        {"previous-xi", -1},
        {"previous-bits", 1},
        {"previous-link", -1},
        {"thinking", -0.6},
        {"convolutions", linear(3, 0, 256)},
        {"dense", linear(1, 0, 128)},
        {"recurrent", -1},
    };
    assert_int_equal(sizeof hand / sizeof *hand, TDM_USUAL_ENTRIES);
    for (int i = 0; i < TDM_USUAL_ENTRIES; i++) {
        assert_string_equal(tdm_entries[i].name, hand[i].name);
        if (!(fabs(s.entries[i] - hand[i].scaled) <= 2e-6))
            fail_msg("%s is %.9g, not %.9g", hand[i].name, (double)s.entries[i], hand[i].scaled);
    }
    assert_near(s.observer.reference.energy, alone.energy, 1e-9);
    assert_near(s.observer.reference.cost, 0.25 * alone.energy + 0.75 * 10 * time, 1e-9);
    close_seen(&s);
}

static void test_clipped(void **state)
{
    (void)state;
    struct seen s = open_seen(TWO_LINKS(ENVS_KNOBS));
    s.state.queued = 1000000;
    s.state.deadline = -1;
    s.state.bandwidth = 0;
    s.state.trend = -1e9;
    s.state.rtt = 5;
    s.state.signal = -200;
    s.state.temperature = 150;
    s.state.power = -3;
    s.state.load[0] = 3;
    see(&s, NULL, 1e9);
    assert_true(entry(&s, "queued") == 1);
    assert_true(entry(&s, "slack") == -1);
    assert_true(entry(&s, "bandwidth") == -1);
    assert_true(entry(&s, "trend") == -1);
    assert_true(entry(&s, "rtt") == 1);
    assert_true(entry(&s, "signal") == -1);
    assert_true(entry(&s, "temperature") == 1);
    assert_true(entry(&s, "power") == -1);
    assert_true(entry(&s, "cpu-load") == 1);
    assert_true(entry(&s, "thinking") == 1);
    s.state.deadline = INFINITY; // none: as much as there is
    see(&s, NULL, 0);
    assert_true(entry(&s, "slack") == 1);
    close_seen(&s);
}

// What is not known is 0: no link, no action yet, no rate of a closed loop, no accuracy.
static void test_unknown(void **state)
{
    (void)state;
    static const char *const none[] = {"bandwidth",   "trend",      "rtt",          "signal",
                                       "bandwidth-2", "rtt-2",      "signal-2",     "load",
                                       "loss-25",     "loss-100",   "previous-cpu", "previous-gpu",
                                       "previous-xi", "temperature"};
    world_write(world, "vague.xml", world_dnn,
                "<accuracy value=\"80 %\" source=\"s\"/><accuracy value=\"79 %\" bits=\"8\" "
                "source=\"s\"/>",
                "", "name=\"net\"", "name=\"vague\"", NULL);
    struct seen s = open_seen(WORLD_SCENARIO(WORLD_BOARD "<stream board=\"b\" dnn=\"vague.xml\" "
                                                         "arrivals=\"closed\" input=\"raw\"/>"));
    s.state.temperature = NAN;
    see(&s, NULL, 0);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (entry(&s, none[i]) != 0)
            fail_msg("%s is %g", none[i], entry(&s, none[i]));
    assert_true(entry(&s, "slack") == 1);
    close_seen(&s);
}

// There and back again, over each entry's range; and all floats are from -1 to 1.
static void test_inverse(void **state)
{
    (void)state;
    for (int i = 0; i < TDM_ENTRIES; i++) {
        const struct tdm_entry *e = &tdm_entries[i];
        for (int k = 0; k <= 16; k++) {
            const double scaled = k / 8. - 1, value = tdm_entry_value(e, scaled);
            const double slack = 1e-12 * (e->high - e->low);
            assert_true(value >= e->low - slack && value <= e->high + slack);
            assert_near(tdm_entry_scale(e, value), scaled, 1e-6);
        }
        assert_near(tdm_entry_value(e, -1), e->low, 1e-12 * (e->high - e->low));
        assert_near(tdm_entry_value(e, 1), e->high, 1e-9 * (e->high - e->low));
        assert_true(tdm_entry_scale(e, NAN) == 0);
        assert_true(tdm_entry_scale(e, INFINITY) == 1);
        assert_true(tdm_entry_scale(e, -INFINITY) == -1);
    }
}

// The part of it that is asked for, in the order of the table, however it is written.
static void test_subset(void **state)
{
    (void)state;
    struct tdm_scenario *scenario =
        world_load(world, ENVS_MINUTE("<environment observe=\"queued,  bandwidth eta\"/>"));
    struct tdm_scenario *whole = world_load(world, ENVS_MINUTE(""));
    struct tdm_env *env = envs_open("analytic:", scenario), *all = envs_open("analytic:", whole);
    const struct tdm_spaces *spaces = tdm_env_spaces(env), *most = tdm_env_spaces(all);
    float few[3], many[TDM_ENTRIES];
    assert_int_equal(spaces->observation, 3);
    assert_int_equal(most->observation, TDM_USUAL_ENTRIES);
    assert_string_equal(spaces->entries[0], "eta");
    assert_string_equal(spaces->entries[1], "queued");
    assert_string_equal(spaces->entries[2], "bandwidth");
    envs_reset(env, 3, few);
    envs_reset(all, 3, many);
    for (int k = 0; k < 20; k++) {
        for (int i = 0; i < 3; i++)
            assert_true(few[i] ==
                        many[envs_find(most->entries, TDM_USUAL_ENTRIES, spaces->entries[i])]);
        int32_t action[TDM_KNOBS] = {k % 2, k % 3};
        envs_step(env, action, few);
        envs_step(all, action, many);
    }
    tdm_env_free(env);
    tdm_env_free(all);
    tdm_scenario_free(scenario);
    tdm_scenario_free(whole);
}

static void test_refused(void **state)
{
    (void)state;
    struct tdm_error error =
        envs_refused(world, ENVS_MINUTE("\n <environment observe=\"eta, bandwith\"/>"));
    assert_string_equal(error.message,
                        "an observation has no entry 'bandwith' (did you mean 'bandwidth'?)");
    assert_int_equal(error.line, 2);
    assert_int_equal(error.column, 2);
    error = envs_refused(world, ENVS_MINUTE("<environment observe=\" , \"/>"));
    assert_string_equal(error.message, "an observation has at least one entry");
    error = envs_refused(world, ENVS_MINUTE("<environment observe=\"all, eta\"/>"));
    assert_non_null(strstr(error.message, "no entry 'all'"));
    char text[3000];
    snprintf(text, sizeof text, ENVS_MINUTE("<environment observe=\"%0200d\"/>"), 0);
    error = envs_refused(world, text);
    assert_non_null(strstr(error.message, "no entry '000"));
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand), cmocka_unit_test(test_clipped),
        cmocka_unit_test(test_unknown), cmocka_unit_test(test_inverse),
        cmocka_unit_test(test_subset),  cmocka_unit_test(test_refused),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

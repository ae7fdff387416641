// SPDX-License-Identifier: GPL-3.0-or-later
/* What each level of each knob means, against a table written by hand for the small world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "core/error.h"
#include "env/action.h"
#include "envs.h"

static const struct world *world;

#define TWO_LINKS WORLD_LINK "<link from=\"b\" to=\"d\" up=\"4 Mbit/s\" down=\"4 Mbit/s\"/>"
#define TWO_SERVERS(content) \
    WORLD_SCENARIO("<server id=\"d\" type=\"box.xml\"/>" WORLD_BOARD TWO_LINKS WORLD_STREAM content)

struct opened {
    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct tdm_event event;
    struct tdm_actions actions;
};

static struct opened open_first(const char *text)
{
    struct opened o = {.scenario = world_load(world, text)};
    struct tdm_error error = {0};
    o.engine = world_open(o.scenario, 1);
    assert_true(tdm_engine_next(o.engine, &o.event));
    if (tdm_actions_read(&o.actions, o.scenario, &error))
        fail_msg("%s", error.message);
    return o;
}

static void close_first(struct opened *o)
{
    tdm_engine_free(o->engine);
    tdm_scenario_free(o->scenario);
}

static struct tdm_plan plan_of(const struct opened *o, const int32_t *action)
{
    struct tdm_plan plan;
    memset(&plan, 0xff, sizeof plan);
    tdm_actions_plan(&o->actions, action, o->event.state, &plan);
    return plan;
}

static void assert_plan(const struct tdm_plan *plan, const struct tdm_plan *hand)
{
    for (int d = 0; d < TDM_CLOCKS; d++) {
        assert_int_equal(plan->opp[d], hand->opp[d]);
        assert_int_equal(plan->cap[d], -1);
    }
    assert_int_equal(plan->governor, -1);
    assert_int_equal(plan->cores, 0);
    assert_int_equal(plan->processor, hand->processor);
    assert_int_equal(plan->point, hand->point);
    assert_true(plan->xi == hand->xi);
    assert_int_equal(plan->bits, hand->bits);
    assert_int_equal(plan->link, hand->link);
    assert_true(plan->thinking == 0);
}

// The ReLU after conv1 computes nothing and changes no size, so there is no cut after it.
static void test_every_level(void **state)
{
    (void)state;
    static const struct {
        int32_t action[TDM_KNOBS]; // cpu gpu emc processor cut xi bits link
        struct tdm_plan plan;
    } hand[] = {
#define SENT(cpu_, gpu_, emc_, processor_, point_, xi_, bits_, link_) \
    {.opp = {cpu_, gpu_, emc_}, \
     .processor = processor_, \
     .point = point_, \
     .xi = xi_, \
     .bits = bits_, \
     .link = link_}
        {{0, 0, 0, 0, 1, 1, 0, 0}, SENT(0, 0, 0, 0, 1, 0.5, 32, 0)},
        {{1, 0, 0, 0, 1, 1, 0, 0}, SENT(1, 0, 0, 0, 1, 0.5, 32, 0)},
        {{2, 0, 0, 0, 1, 1, 0, 0}, SENT(2, 0, 0, 0, 1, 0.5, 32, 0)},
        {{0, 1, 0, 0, 1, 1, 0, 0}, SENT(0, 1, 0, 0, 1, 0.5, 32, 0)},
        {{0, 2, 0, 0, 1, 1, 0, 0}, SENT(0, 2, 0, 0, 1, 0.5, 32, 0)},
        {{0, 3, 0, 0, 1, 1, 0, 0}, SENT(0, 3, 0, 0, 1, 0.5, 32, 0)},
        {{0, 0, 1, 0, 1, 1, 0, 0}, SENT(0, 0, 1, 0, 1, 0.5, 32, 0)},
        {{0, 0, 2, 0, 1, 1, 0, 0}, SENT(0, 0, 2, 0, 1, 0.5, 32, 0)},
        {{0, 0, 0, 1, 1, 1, 0, 0}, SENT(0, 0, 0, 1, 1, 0.5, 32, 0)},
        {{0, 0, 0, 0, 0, 1, 0, 0}, SENT(0, 0, 0, 0, 0, 1, 32, 0)}, // the input goes whole
        {{0, 0, 0, 0, 0, 2, 1, 1}, SENT(0, 0, 0, 0, 0, 1, 8, 1)},
        {{0, 0, 0, 0, 2, 1, 0, 0}, SENT(0, 0, 0, 0, 3, 0.5, 32, 0)},
        {{0, 0, 0, 0, 3, 1, 0, 0}, SENT(0, 0, 0, 0, 4, 0.5, 32, 0)},
        {{0, 0, 0, 0, 4, 1, 0, 0}, SENT(0, 0, 0, 0, 5, 0.5, 32, 0)},
        {{0, 0, 0, 0, 1, 2, 0, 0}, SENT(0, 0, 0, 0, 1, 1, 32, 0)},
        {{0, 0, 0, 0, 1, 1, 1, 0}, SENT(0, 0, 0, 0, 1, 0.5, 8, 0)},
        {{0, 0, 0, 0, 1, 1, 0, 1}, SENT(0, 0, 0, 0, 1, 0.5, 32, 1)},
        // Nothing is sent: what would be sent, and where, makes no difference.
        {{0, 0, 0, 0, 1, 0, 0, 0}, SENT(0, 0, 0, 0, 6, 0, 32, 0)},
        {{2, 3, 2, 1, 4, 0, 1, 1}, SENT(2, 3, 2, 1, 6, 0, 32, 0)},
    };
    static const int levels[TDM_KNOB_VERSION] = {3, 4, 3, 2, 5, 3, 2, 2};
    struct opened o = open_first(TWO_SERVERS(ENVS_KNOBS));
    assert_int_equal(o.actions.count, TDM_KNOB_VERSION);
    for (int i = 0; i < TDM_KNOB_VERSION; i++) {
        assert_int_equal(o.actions.knob[i], i);
        assert_int_equal(o.actions.levels[i], levels[i]);
    }
    for (size_t i = 0; i < sizeof hand / sizeof *hand; i++) {
        const struct tdm_plan plan = plan_of(&o, hand[i].action);
        assert_plan(&plan, &hand[i].plan);
    }
    close_first(&o);
}

// What is left of the knobs where clocks are listed, governed or pinned.
static void test_some_levels(void **state)
{
    (void)state;
    struct opened o =
        open_first(WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM
                                  "<knobs cpu=\"governed\" gpu=\"800 MHz, 200 MHz\" emc=\"top\" "
                                  "cut=\"conv2, input\" xi=\"25 %\" bits=\"8\"/>"));
    assert_int_equal(o.actions.count, 3);
    assert_int_equal(o.actions.knob[0], TDM_KNOB_GPU);
    assert_int_equal(o.actions.knob[1], TDM_KNOB_CUT);
    assert_int_equal(o.actions.knob[2], TDM_KNOB_XI); // nothing, and a quarter
    struct tdm_plan plan = plan_of(&o, (const int32_t[]){1, 1, 1});
    struct tdm_plan hand = {
        .opp = {TDM_GOVERNED, 3, 2}, .processor = 0, .point = 3, .xi = 0.25, .bits = 8};
    assert_plan(&plan, &hand);
    plan = plan_of(&o, (const int32_t[]){0, 0, 0});
    hand = (struct tdm_plan){.opp = {TDM_GOVERNED, 1, 2}, .point = 6, .bits = 32};
    assert_plan(&plan, &hand);
    int32_t local[TDM_KNOBS];
    tdm_actions_local(&o.actions, local);
    plan = plan_of(&o, local);
    hand.opp[TDM_GPU] = 3;
    assert_plan(&plan, &hand);
    close_first(&o);
}

static void assert_values(const struct opened *o, int i, size_t count, const double *hand)
{
    double values[TDM_MOST_LEVELS];
    struct tdm_error error = {0};
    assert_int_equal(o->actions.levels[i], count);
    assert_int_equal(tdm_actions_values(&o->actions, i, o->scenario, values, &error), 0);
    for (size_t v = 0; v < count; v++)
        assert_near(values[v], hand[v], 1e-9 * fabs(hand[v]));
}

static void test_values(void **state)
{
    (void)state;
    struct opened o = open_first(TWO_SERVERS(ENVS_KNOBS));
    assert_values(&o, TDM_KNOB_CPU, 3, (const double[]){5e8, 1e9, 2e9});
    assert_values(&o, TDM_KNOB_GPU, 4, (const double[]){1e8, 2e8, 4e8, 8e8});
    assert_values(&o, TDM_KNOB_EMC, 3, (const double[]){4e8, 8e8, 1.6e9});
    assert_values(&o, TDM_KNOB_PROCESSOR, 2, (const double[]){0, 1});
    assert_values(&o, TDM_KNOB_CUT, 5, (const double[]){0, 1, 3, 4, 5});
    assert_values(&o, TDM_KNOB_XI, 3, (const double[]){0, 0.5, 1});
    assert_values(&o, TDM_KNOB_BITS, 2, (const double[]){32, 8});
    assert_values(&o, TDM_KNOB_LINK, 2, (const double[]){0, 1});
    close_first(&o);
}

// Without a link, or with nothing to send, there is nothing to choose of it.
static void test_nothing_to_send(void **state)
{
    (void)state;
    static const char *const texts[] = {
        WORLD_SCENARIO(WORLD_BOARD WORLD_STREAM ENVS_KNOBS),
        WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM
                       "<knobs cut=\"none\" processor=\"all\"/>"),
        WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM "<knobs xi=\"0 %\" processor=\"all\"/>"),
    };
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        struct opened o = open_first(texts[t]);
        assert_int_equal(o.actions.count, 4);
        const struct tdm_plan plan = plan_of(&o, (const int32_t[]){1, 2, 0, 1});
        const struct tdm_plan hand = {.opp = {1, 2, 0}, .processor = 1, .point = 6, .bits = 32};
        assert_plan(&plan, &hand);
        close_first(&o);
    }
}

// Two boards whose knobs differ, and two streams of one board whose dnns have other cuts.
static void test_refused(void **state)
{
    (void)state;
    struct tdm_error error = envs_refused(
        world, WORLD_SCENARIO(WORLD_BOARD "<board id=\"b2\" type=\"toy.xml\"/>\n" WORLD_STREAM
                                          "\n  <stream board=\"b2\" dnn=\"net.xml\" "
                                          "arrivals=\"closed\"/>\n"
                                          "<knobs board=\"b2\" gpu=\"top\"/>"));
    assert_non_null(
        strstr(error.message, "'gpu' has 1 levels for this stream and 4 for the first"));
    assert_int_equal(error.line, 3);
    assert_int_equal(error.column, 3);
    assert_non_null(strstr(error.file, "scenario.xml"));

    world_write(world, "short.xml", world_dnn, "name=\"net\"", "name=\"short\"",
                "<cut after=\"conv3\" bytes=\"50000 B\" channels=\"64\"/>", "", NULL);
    error = envs_refused(world, WORLD_SCENARIO(WORLD_BOARD WORLD_LINK WORLD_STREAM
                                               "<stream board=\"b\" dnn=\"short.xml\" "
                                               "arrivals=\"closed\"/>"));
    assert_non_null(
        strstr(error.message, "'cut' has 4 levels for this stream and 5 for the first"));
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_level), cmocka_unit_test(test_some_levels),
        cmocka_unit_test(test_values),      cmocka_unit_test(test_nothing_to_send),
        cmocka_unit_test(test_refused),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/* A run that begins anew in the same engine, against one in an engine of its own; thinking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "core/random.h"
#include "world.h"

static const struct world *world;

#define STREAM \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"4 /s\" queue=\"3\"/>"

static struct tdm_scenario *load(const char *more)
{
    char text[2000];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"60 s\">%s%s%s<server id=\"c\" type=\"box.xml\"/>"
             "<load board=\"b\" from=\"20 s\" until=\"40 s\" gpu=\"50 %%\"/>%s"
             "<objective eta=\"0.5\"/></scenario>",
             "<board id=\"b\" type=\"toy.xml\"/>", WORLD_LINK, STREAM, more);
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = world_try(world, text, &error);
    if (!scenario)
        fail_msg("%s", error.message);
    return scenario;
}

static uint64_t mix(uint64_t hash, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (hash ^ bits) * 0x100000001b3u;
}

// Plans that change from request to request, and a hash of all that came of them.
static uint64_t play(struct tdm_engine *engine, size_t *count)
{
    struct tdm_event event;
    struct tdm_random random;
    tdm_random_seed(&random, 7, "test", 0);
    uint64_t hash = 0;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION) {
            const int opp = (int)tdm_random_below(&random, 3);
            const struct tdm_plan plan = tdm_random_below(&random, 2)
                                             ? world_sent(opp, opp, 2, 3, 1, 8)
                                             : world_local(opp, opp + 1, opp);
            tdm_engine_decide(engine, &plan);
            continue;
        }
        const struct tdm_outcome *o = event.outcome;
        hash = mix(mix(mix(hash, o->arrival), o->dropped ? 0 : o->answer), o->energy);
        ++*count;
    }
    struct tdm_board_totals totals;
    tdm_engine_totals(engine, 0, &totals);
    return mix(mix(hash, tdm_watts_sum(&totals.energy)), totals.radio_energy);
}

static void test_same_bits(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = load("");
    struct tdm_engine *again = tdm_engine_open("analytic:", scenario, 5, NULL);
    size_t first = 0, second = 0, third = 0;
    const uint64_t at_first = play(again, &first);
    assert_true(tdm_engine_restart(again, 9, 0));
    assert_true(play(again, &second) != at_first);
    assert_true(tdm_engine_restart(again, 5, 0));
    assert_true(play(again, &third) == at_first);
    assert_int_equal(first, third);
    assert_true(first > 100);
    struct tdm_engine *twin = tdm_engine_twin("analytic:", again, 5, NULL);
    second = 0;
    assert_true(play(twin, &second) == at_first);
    tdm_engine_free(twin);
    tdm_engine_free(again);
    tdm_scenario_free(scenario);
}

// In the middle: nobody has come before, and what the scenario says of that time holds.
static void test_middle(void **state)
{
    (void)state;
    struct tdm_scenario *scenario = load("");
    struct tdm_engine *engine = tdm_engine_open("analytic:", scenario, 5, NULL);
    size_t whole = 0, half = 0;
    play(engine, &whole);
    assert_true(tdm_engine_restart(engine, 5, 30));
    struct tdm_event event;
    assert_true(tdm_engine_next(engine, &event));
    assert_int_equal(event.kind, TDM_DECISION);
    assert_true(event.state->arrival >= 30 && event.state->arrival < 33);
    assert_near(event.state->load[TDM_GPU], 0.5, 1e-12);
    assert_true(event.state->temperature < 26); // as cool as at the start
    const struct tdm_plan plan = world_local(2, 3, 2);
    tdm_engine_decide(engine, &plan);
    play(engine, &half);
    assert_true(half > whole / 4 && half < whole * 3 / 4);
    struct tdm_error error;
    assert_int_equal(tdm_engine_check(engine, &error), 0);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

// The outcome of a second request, which a decision of this length comes before.
static struct tdm_outcome think(double seconds)
{
    struct tdm_scenario *scenario = load("");
    struct tdm_engine *engine = tdm_engine_open("analytic:", scenario, 5, NULL);
    struct tdm_event event;
    struct tdm_plan plan = world_local(2, 3, 2);
    struct tdm_outcome outcome = {0};
    for (int answers = 0; answers < 2 && tdm_engine_next(engine, &event);) {
        if (event.kind == TDM_DECISION) {
            tdm_engine_decide(engine, &plan);
            plan.thinking = seconds;
        } else {
            outcome = *event.outcome;
            answers++;
        }
    }
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return outcome;
}

// A request waits for its decision, with the clocks from before: one core busy, as while it packs.
static void test_thinking(void **state)
{
    (void)state;
    const struct tdm_outcome at_once = think(0), slow = think(0.25);
    assert_true(at_once.thinking == 0);
    assert_near(slow.thinking, 0.25, 1e-12);
    assert_near(slow.latency, at_once.latency + 0.25, 1e-9);
    const double leakage = 1.96 * 0.1 * exp(-0.02 * 20); // it has hardly warmed
    const double cpu = 1.44 * (0.2 + 0.8 / 4), gpu = 1.96 * 0.15, memory = 0.3;
    assert_near((slow.energy - at_once.energy) / 0.25, 0.5 + leakage + cpu + gpu + memory, 5e-3);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bits),
        cmocka_unit_test(test_middle),
        cmocka_unit_test(test_thinking),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

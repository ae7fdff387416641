// SPDX-License-Identifier: GPL-3.0-or-later
/* SimGrid's energy plug-in, whose hosts mirror the boards, against what our drivers say. */
#define _GNU_SOURCE // MAP_ANONYMOUS
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include "in_child.h"
#include "world.h"

#define QUIET_STREAM \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" rate=\"1 /s\" " \
    "input=\"compressed\"/>"

struct task {
    const char *scenario;
    const struct tdm_plan *plans;
    size_t count;
};

struct joules {
    double plug_in, driver;
    double last; // s, of the last answer
    size_t answers;
};

static const struct world *world;

static void count(struct tdm_engine *engine, int board, double sign, struct joules *joules)
{
    struct tdm_board_totals totals;
    tdm_engine_totals(engine, board, &totals);
    joules->driver += sign * tdm_watts_sum(&totals.energy);
    joules->plug_in += sign * tdm_contention_joules(engine, board);
}

static void run_task(const void *context, void *result)
{
    const struct task *task = context;
    struct joules *joules = result;
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = world_try(world, task->scenario, &error);
    struct tdm_engine *engine =
        scenario ? tdm_engine_open("simgrid:energy", scenario, 1, &error) : NULL;
    if (!engine) {
        fprintf(stderr, "%s\n", error.message);
        _exit(1);
    }
    struct tdm_event event;
    bool begun[8] = {false};
    for (size_t i = 0; tdm_engine_next(engine, &event);) {
        if (event.kind == TDM_OUTCOME) {
            joules->last = fmax(joules->last, event.outcome->arrival + event.outcome->latency);
            joules->answers++;
        } else {
            // The governors' clocks before the first plan are none of ours.
            if (!begun[event.state->board])
                count(engine, event.state->board, -1, joules);
            begun[event.state->board] = true;
            tdm_engine_decide(engine, &task->plans[i++ % task->count]);
        }
    }
    for (size_t b = 0; b < scenario->board_count; b++)
        count(engine, (int)b, 1, joules);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

static struct joules measure(const char *scenario, const struct tdm_plan *plans, size_t count)
{
    const struct task task = {scenario, plans, count};
    struct joules joules = {0};
    in_child(run_task, &task, &joules, sizeof joules);
    assert_true(joules.answers >= 9); // of 10 s, one a second
    assert_true(joules.driver > 5);
    return joules;
}

static void agree(const char *scenario, const struct tdm_plan *plans, size_t count)
{
    const struct joules joules = measure(scenario, plans, count);
    const double wrong = fabs(joules.plug_in / joules.driver - 1);
    if (!(wrong < 1e-9))
        fail_msg("plug-in %.12g J, driver %.12g J, relative %g", joules.plug_in, joules.driver,
                 wrong);
}

// A link of its own, and ten quiet seconds.
static char *scenario_of(const char *board, const char *link, const char *more)
{
    static char text[2000];
    snprintf(text, sizeof text,
             "<scenario name=\"t\" duration=\"10 s\">%s%s%s<server id=\"c\" type=\"box.xml\"/>"
             "<objective eta=\"0.5\"/></scenario>",
             board, link, more);
    return text;
}

static const int floor_of[] = {0, 0, 2, 2}; // the memory's OPP by the GPU's, by the floor table
enum { TOP_CPU = 2 };

static void test_clocks(void **state)
{
    (void)state;
    for (int gpu = 0; gpu < 4; gpu++) {
        const struct tdm_plan local = world_local(TOP_CPU, gpu, floor_of[gpu]);
        agree(scenario_of(WORLD_BOARD, WORLD_LINK, QUIET_STREAM), &local, 1);
    }
}

// No share of the channels among them: it may draw more than the whole, and no load says so.
static void test_sent(void **state)
{
    (void)state;
    const struct tdm_plan plans[] = {
        world_sent(TOP_CPU, 3, 2, 0, 1, 32), world_sent(TOP_CPU, 2, 2, 3, 1, 32),
        world_sent(TOP_CPU, 1, 0, 3, 1, 8),  world_sent(TOP_CPU, 0, 0, 4, 1, 32),
        world_sent(TOP_CPU, 3, 2, 2, 1, 8),
    };
    for (size_t i = 0; i < sizeof plans / sizeof *plans; i++)
        agree(scenario_of(WORLD_BOARD, WORLD_LINK, QUIET_STREAM), &plans[i], 1);
}

// Clocks change at each request, and the board's rests have those of the last one.
static void test_changes(void **state)
{
    (void)state;
    const struct tdm_plan plans[] = {
        world_local(TOP_CPU, 0, 0),          world_sent(TOP_CPU, 3, 2, 3, 1, 8),
        world_local(TOP_CPU, 3, 2),          world_sent(TOP_CPU, 1, 0, 0, 1, 32),
        world_sent(TOP_CPU, 2, 2, 4, 1, 32), world_local(TOP_CPU, 1, 0),
        world_local(TOP_CPU, 2, 2),
    };
    agree(scenario_of(WORLD_BOARD, WORLD_LINK, QUIET_STREAM), plans, sizeof plans / sizeof *plans);
}

// Nobody's CPU has a host of its own, and flows are in SimGrid at the same time.
static void test_fleet(void **state)
{
    (void)state;
    const struct tdm_plan plans[] = {world_local(TOP_CPU, 1, 0), world_sent(TOP_CPU, 3, 2, 3, 1, 8),
                                     world_sent(TOP_CPU, 2, 2, 0, 1, 32),
                                     world_local(TOP_CPU, 3, 2),
                                     world_sent(TOP_CPU, 3, 2, 3, 1, 8)};
    agree(scenario_of(
              "<cell id=\"w\" bandwidth=\"8 Mbit/s\"/><fleet count=\"3\">" WORLD_BOARD,
              "<link from=\"b\" to=\"c\" cell=\"w\" rtt=\"20 ms\"/>",
              "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" rate=\"1 /s\"/></fleet>"),
          plans, sizeof plans / sizeof *plans);
}

// Hosts have no pstates for a pair of clocks, nor for the memory's: there it is off, as it says.
static void test_elsewhere(void **state)
{
    (void)state;
    const struct tdm_plan memory = world_local(TOP_CPU, 1, 2), slow = world_local(0, 1, 0);
    struct joules joules = measure(scenario_of(WORLD_BOARD, WORLD_LINK, QUIET_STREAM), &memory, 1);
    assert_true(joules.plug_in < 0.99 * joules.driver);
    joules = measure(scenario_of(WORLD_BOARD, WORLD_LINK, QUIET_STREAM), &slow, 1);
    assert_true(fabs(joules.plug_in / joules.driver - 1) > 1e-6);
    assert_true(fabs(joules.plug_in / joules.driver - 1) < 0.2);
}

static void say_goodbye(void)
{
    fputs("goodbye", stderr);
}

static void run_and_exit(void)
{
    atexit(say_goodbye); // before SimGrid: called after it
    const struct tdm_plan plan = world_sent(TOP_CPU, 3, 2, 0, 1, 32);
    const struct task task = {scenario_of(WORLD_BOARD, WORLD_LINK, QUIET_STREAM), &plan, 1};
    struct joules joules = {0};
    run_task(&task, &joules);
    exit(joules.answers ? 0 : 1); // with everything that is to be done at exit
}

// Whoever uses the library sees nothing of SimGrid, neither on the way nor at exit; and all of what
// others say there.
static void test_silence(void **state)
{
    (void)state;
    FILE *said = tmpfile();
    assert_non_null(said);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        dup2(fileno(said), STDOUT_FILENO);
        dup2(fileno(said), STDERR_FILENO);
        run_and_exit();
    }
    int status = -1;
    char text[4000] = "";
    assert_int_equal(waitpid(child, &status, 0), child);
    rewind(said);
    text[fread(text, 1, sizeof text - 1, said)] = 0;
    assert_string_equal(text, "goodbye");
    assert_int_equal(status, 0);
    fclose(said);
}

int main(void)
{
    struct world made;
    world_make(&made);
    world = &made;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_clocks),    cmocka_unit_test(test_sent),
        cmocka_unit_test(test_changes),   cmocka_unit_test(test_fleet),
        cmocka_unit_test(test_elsewhere), cmocka_unit_test(test_silence),
    };
    const int failures = cmocka_run_group_tests(tests, NULL, NULL);
    world_end(&made);
    return failures;
}

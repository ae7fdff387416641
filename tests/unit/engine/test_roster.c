// SPDX-License-Identifier: GPL-3.0-or-later
/** Who is next, against asking every unit. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"
#include "engine/roster.h"

// The unit that is next; the lowest of several at the same time; -1: nobody is.
static int ask_all(const struct tdm_engine *engine, double *when, enum tdm_next *what)
{
    int first = -1;
    *when = INFINITY;
    for (size_t i = 0; i < engine->unit_count; i++) {
        enum tdm_next next;
        const double then = tdm_unit_next(engine->units[i], &next);
        if (next != TDM_NEXT_NOTHING && then < *when) {
            first = (int)i;
            *when = then;
            *what = next;
        }
    }
    return first;
}

// Boards 3 and 7 do the same at the same times; the last has nobody coming
// for long.
static void the_first_of_all_units_is_first(void **state)
{
    char text[8192];
    int k = snprintf(text, sizeof text, "<scenario name=\"t\" duration=\"20 s\">");
    for (int i = 0; i < 12; i++)
        k += snprintf(text + k, sizeof text - (size_t)k,
                      "<board id=\"b%d\" type=\"toy.xml\"/><stream board=\"b%d\" dnn=\"net.xml\" "
                      "arrivals=\"periodic\" rate=\"%d /s\" queue=\"2\"%s/>",
                      i, i, i == 7 ? 4 : 1 + i, i == 11 ? " from=\"19.9 s\"" : "");
    snprintf(text + k, sizeof text - (size_t)k, "</scenario>");
    struct tdm_scenario *scenario = world_load(*state, text);
    struct tdm_engine *engine = world_open(scenario, 1); // for its units
    struct tdm_roster roster;
    assert_int_equal(tdm_roster_start(&roster, engine->units, engine->unit_count), 0);
    const struct tdm_plan plan = world_local(2, 3, 2);
    size_t steps = 0, ties = 0;
    double when;
    enum tdm_next what;
    for (int first; (first = ask_all(engine, &when, &what)) >= 0; steps++) {
        const struct tdm_roster_entry *entry = tdm_roster_first(&roster);
        assert_int_equal(entry->unit, first);
        assert_true(entry->when == when && entry->what == what);
        enum tdm_next other;
        ties += first == 3 && tdm_unit_next(engine->units[7], &other) == when;
        struct tdm_event event;
        if (tdm_unit_step(engine->units[first], what, &event) && event.kind == TDM_DECISION)
            tdm_unit_decide(engine->units[first], &plan);
        tdm_roster_update(&roster, (size_t)first);
    }
    assert_true(steps > 1000 && ties > 100);
    assert_int_equal(tdm_roster_first(&roster)->what, TDM_NEXT_NOTHING);
    assert_true(isinf(tdm_roster_first(&roster)->when));
    tdm_roster_end(&roster);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_of_all_units_is_first),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

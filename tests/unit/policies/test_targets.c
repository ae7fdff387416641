// SPDX-License-Identifier: GPL-3.0-or-later
/** Targets: which plan each one is, by hand, whatever a scenario frees. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"
#include "policies/targets.h"

#define SECOND \
    "<server id=\"d\" type=\"box.xml\"/><link from=\"b\" to=\"d\" bandwidth=\"8 Mbit/s\"/>"

enum { GPU, CPU }; // as the board lists its processors

struct expected {
    int processor, opp[TDM_CLOCKS], link; // link -1: nothing is sent
};

// All targets of a scenario, in order, and nothing besides.
static void assert_targets(const struct world *w, const char *text, const struct expected *expected,
                           int count)
{
    struct first f = first_of(w, text, "edge-only");
    struct tdm_actions actions;
    struct tdm_targets targets;
    assert_int_equal(tdm_actions_read(&actions, f.scenario, NULL), 0);
    assert_int_equal(tdm_targets_read(&targets, f.scenario, &actions, NULL), 0);
    assert_int_equal(targets.count, count);
    int local = 0;
    for (int t = 0; t < count; t++) {
        int32_t action[TDM_KNOBS];
        struct tdm_plan plan;
        tdm_targets_action(&targets, &actions, t, action);
        tdm_actions_plan(&actions, action, f.event.state, &plan);
        assert_int_equal(plan.processor, expected[t].processor);
        assert_memory_equal(plan.opp, expected[t].opp, sizeof plan.opp);
        local += expected[t].link < 0;
        assert_true(plan.xi == (expected[t].link < 0 ? 0 : 1));
        assert_int_equal(plan.point, expected[t].link < 0 ? 6 : 0);
        if (expected[t].link >= 0)
            assert_int_equal(plan.link, expected[t].link);
    }
    assert_int_equal(tdm_targets_local(&targets), local);
    first_done(&f);
}

static void processors_at_their_clocks_then_links(void **state)
{
    static const struct expected expected[] = {
        {GPU, {2, 0, 2}, -1}, {GPU, {2, 1, 2}, -1}, {GPU, {2, 2, 2}, -1},
        {GPU, {2, 3, 2}, -1}, {CPU, {0, 0, 2}, -1}, {CPU, {1, 0, 2}, -1},
        {CPU, {2, 0, 2}, -1}, {GPU, {0, 0, 0}, 0},  {GPU, {0, 0, 0}, 1},
    };
    assert_targets(*state, PLAIN(WORLD_LINK SECOND, "<knobs processor=\"all\"/>"), expected, 9);
    // Other shares and bits that may be sent, and other cuts, are no targets.
    assert_targets(*state, PLAIN(WORLD_LINK SECOND, KNOBS), expected, 9);
}

static void what_is_not_free_stays(void **state)
{
    static const struct expected one_memory[] = {
        {GPU, {2, 0, TDM_GOVERNED}, -1}, {GPU, {2, 1, TDM_GOVERNED}, -1},
        {GPU, {2, 2, TDM_GOVERNED}, -1}, {GPU, {2, 3, TDM_GOVERNED}, -1},
        {GPU, {0, 0, TDM_GOVERNED}, 0},
    };
    assert_targets(*state, PLAIN(WORLD_LINK, "<knobs emc=\"governed\" cut=\"input\"/>"), one_memory,
                   5);
    static const struct expected one_clock[] = {
        {GPU, {2, 1, 2}, -1}, {GPU, {2, 3, 2}, -1}, {CPU, {2, 1, 2}, -1}, {GPU, {2, 1, 0}, 0}};
    assert_targets(*state,
                   PLAIN(WORLD_LINK, "<knobs cpu=\"top\" gpu=\"200 MHz, 800 MHz\" "
                                     "processor=\"cpu, gpu\"/>"),
                   one_clock, 4);
}

static void without_a_way_for_the_input_all_is_local(void **state)
{
    static const struct expected expected[] = {
        {GPU, {2, 3, 2}, -1}, {CPU, {0, 3, 2}, -1}, {CPU, {1, 3, 2}, -1}, {CPU, {2, 3, 2}, -1}};
    assert_targets(*state, PLAIN("", "<knobs gpu=\"top\" emc=\"top\" processor=\"all\"/>"),
                   expected, 4);
    assert_targets(*state,
                   PLAIN(WORLD_LINK, "<knobs gpu=\"top\" emc=\"top\" processor=\"all\" "
                                     "cut=\"conv3\"/>"),
                   expected, 4);
    assert_targets(*state,
                   PLAIN(WORLD_LINK, "<knobs gpu=\"top\" emc=\"top\" processor=\"all\" "
                                     "xi=\"0 %\"/>"),
                   expected, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(processors_at_their_clocks_then_links),
        cmocka_unit_test(what_is_not_free_stays),
        cmocka_unit_test(without_a_way_for_the_input_all_is_local),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

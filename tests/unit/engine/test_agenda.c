// SPDX-License-Identifier: GPL-3.0-or-later
/** Dates come out in order, and equal ones as they came in. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdbool.h>

#include "core/random.h"
#include "engine/agenda.h"

static void an_empty_one_has_nothing_due(void **state)
{
    (void)state;
    struct tdm_agenda agenda = {0};
    assert_true(isinf(tdm_agenda_next(&agenda)));
    char whom;
    tdm_agenda_add(&agenda, 3, 7, &whom);
    assert_true(tdm_agenda_next(&agenda) == 3);
    const struct tdm_date date = tdm_agenda_take(&agenda);
    assert_true(date.when == 3 && date.what == 7 && date.whom == &whom);
    assert_true(isinf(tdm_agenda_next(&agenda)));
    tdm_agenda_end(&agenda);
}

static void equal_dates_come_out_as_they_came_in(void **state)
{
    (void)state;
    struct tdm_agenda agenda = {0};
    for (int i = 0; i < 100; i++)
        tdm_agenda_add(&agenda, i % 2, i, NULL);
    for (int i = 0; i < 100; i++) {
        const struct tdm_date date = tdm_agenda_take(&agenda);
        assert_int_equal(date.what, i < 50 ? 2 * i : 2 * (i - 50) + 1);
    }
    tdm_agenda_end(&agenda);
}

// Adding and taking at random, against a list that is searched.
static void dates_come_out_in_order(void **state)
{
    (void)state;
    enum { MOST = 3000 };
    static double when[MOST];
    static bool there[MOST];
    struct tdm_agenda agenda = {0};
    struct tdm_random random;
    tdm_random_seed(&random, 1, "agenda", 0);
    for (int added = 0, held = 0; added < MOST || held;) {
        if (added < MOST && (!held || tdm_random_uniform(&random) < 0.6)) {
            when[added] = (double)tdm_random_below(&random, 500); // many are equal
            there[added] = true;
            tdm_agenda_add(&agenda, when[added], added, NULL);
            added++;
            held++;
            continue;
        }
        int first = -1;
        for (int i = 0; i < added; i++)
            if (there[i] && (first < 0 || when[i] < when[first]))
                first = i;
        assert_true(tdm_agenda_next(&agenda) == when[first]);
        assert_int_equal(tdm_agenda_take(&agenda).what, first);
        there[first] = false;
        held--;
    }
    tdm_agenda_end(&agenda);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing_due),
        cmocka_unit_test(equal_dates_come_out_as_they_came_in),
        cmocka_unit_test(dates_come_out_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

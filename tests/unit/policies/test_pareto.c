// SPDX-License-Identifier: GPL-3.0-or-later
/** The Pareto set against brute force, and TOPSIS against an example worked by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "core/random.h"
#include "policies/pareto.h"

// Whether `a` alone is reason enough to leave `b` out.
static bool rules_out(const struct tdm_trade *a, const struct tdm_trade *b)
{
    bool better = false;
    for (int k = 0; k < TDM_TRADES; k++) {
        if (a->cost[k] > b->cost[k])
            return false;
        better = better || a->cost[k] < b->cost[k];
    }
    return better || a->index < b->index;
}

static void the_set_is_what_nothing_beats(void **state)
{
    (void)state;
    enum { MOST = 40 };
    struct tdm_random random;
    tdm_random_seed(&random, 1, "test", 0);
    int alone = 0, many = 0;
    for (int round = 0; round < 2000; round++) {
        struct tdm_trade items[MOST], all_items[MOST];
        const size_t count = tdm_random_below(&random, MOST + 1);
        // Many values, so that many stay; few, so that many are equal in one cost, some in all.
        const uint64_t values = round % 2 ? 1000 : 1 + tdm_random_below(&random, 5);
        for (size_t i = 0; i < count; i++) {
            items[i].index = (int)i;
            for (int k = 0; k < TDM_TRADES; k++)
                items[i].cost[k] = (double)tdm_random_below(&random, values) - 3;
        }
        memcpy(all_items, items, sizeof items);
        const size_t kept = tdm_pareto(items, count);
        size_t wanted = 0;
        for (size_t i = 0; i < count; i++) {
            bool out = false;
            for (size_t j = 0; j < count; j++)
                out = out || (j != i && rules_out(&all_items[j], &all_items[i]));
            if (out)
                continue;
            wanted++;
            bool found = false;
            for (size_t j = 0; j < kept; j++)
                found = found || items[j].index == (int)i;
            assert_true(found);
        }
        assert_int_equal(kept, wanted);
        for (size_t i = 1; i < kept; i++)
            assert_true(items[i - 1].cost[0] <= items[i].cost[0]);
        alone += kept == 1;
        many += kept > 10;
    }
    assert_true(alone > 100 && many > 100);
}

static size_t topsis(const struct tdm_trade *items, size_t count, double first)
{
    const double weight[TDM_TRADES] = {first, 1 - first, 1};
    return tdm_topsis(items, count, weight);
}

static void topsis_as_worked_by_hand(void **state)
{
    (void)state;
    // Roots of the sums of squares: 3 and 5. Scaled: (0, 0.8) and (1, 0.6), so the closeness of the
    // first is w / (w + 0.2 (1 - w)), that of the second 0.2 (1 - w) / (w + 0.2 (1 - w)): alike at
    // 1/6.
    const struct tdm_trade pair[] = {{{0, 4, 7}, 0}, {{3, 3, 7}, 1}};
    assert_int_equal(topsis(pair, 2, 1. / 6 + 1e-6), 0);
    assert_int_equal(topsis(pair, 2, 1. / 6 - 1e-6), 1);
    // The second cost is a good, negated: the same scale.
    const struct tdm_trade goods[] = {{{0, -3, 7}, 0}, {{3, -4, 7}, 1}};
    assert_int_equal(topsis(goods, 2, 1. / 6 + 1e-6), 0);
    assert_int_equal(topsis(goods, 2, 1. / 6 - 1e-6), 1);
    // Roots: 3 and 6, scaled: (2/3, 2/3), (1/3, 2/3), (2/3, 1/3). The first is the worst in both;
    // the closeness of the second is the weight of the first cost, that of the third the rest.
    const struct tdm_trade three[] = {{{2, 4, 7}, 0}, {{1, 4, 7}, 1}, {{2, 2, 7}, 2}};
    assert_int_equal(topsis(three, 3, 0.51), 1);
    assert_int_equal(topsis(three, 3, 0.49), 2);
    // Between two extremes: roots sqrt(18.25) and sqrt(21), so at weights in that proportion the
    // scaled costs are (0, 4), (1.5, 1) and (4, 2) over one number, their best (0, 1), their worst
    // (4, 4). Closeness: 4 / 7; sqrt(15.25) / (1.5 + sqrt(15.25)) = 0.72; 2 / (sqrt(17) + 2) =
    // 0.33.
    const struct tdm_trade middle[] = {{{0, 4, 7}, 0}, {{1.5, 1, 7}, 1}, {{4, 2, 7}, 2}};
    const double w = sqrt(18.25) / (sqrt(18.25) + sqrt(21));
    assert_int_equal(topsis(middle, 3, w), 1);
    // One alone, and all alike.
    assert_int_equal(topsis(three, 1, 0.5), 0);
    const struct tdm_trade alike[] = {{{2, 0, 0}, 0}, {{2, 0, 0}, 1}};
    assert_int_equal(topsis(alike, 2, 0.5), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_set_is_what_nothing_beats),
        cmocka_unit_test(topsis_as_worked_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

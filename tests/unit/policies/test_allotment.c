// SPDX-License-Identifier: GPL-3.0-or-later
/** Joint choices and shares against brute force: over all choices, and over all shares. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "../model/near.h"
#include "core/random.h"
#include "policies/allotment.h"

enum { MOST = 5, OPTIONS = 12 };

struct game {
    struct tdm_claim claims[MOST][OPTIONS];
    struct tdm_options options[MOST];
    int count;
};

// The first option claims nothing; half of the streams have another link than the rest.
static void draw(struct game *g, struct tdm_random *random, int count, int options)
{
    g->count = count;
    for (int i = 0; i < count; i++) {
        for (int o = 0; o < options; o++) {
            struct tdm_claim *c = &g->claims[i][o];
            c->value = tdm_random_uniform(random);
            c->link = o ? 0.6 * tdm_random_uniform(random) : 0;
            c->server = o ? 0.6 * tdm_random_uniform(random) : 0;
            if (o)
                c->value += 0.4;
        }
        g->options[i] =
            (struct tdm_options){.claims = g->claims[i], .count = options, .link = i % 2};
    }
}

// The utility of two streams' choice at any shares: what waits costs its claim's square over its
// share.
static double at_shares(const struct game *g, const int *choice, const double *link,
                        const double *server)
{
    double sum = 0;
    for (int i = 0; i < 2; i++) {
        const struct tdm_claim *c = &g->claims[i][choice[i]];
        sum += c->value;
        if (c->link > 0)
            sum -= c->link * c->link / link[i];
        if (c->server > 0)
            sum -= c->server * c->server / server[i];
    }
    return sum;
}

// Two streams on one link and one server: a grid of shares, a thousand each way.
static void no_other_shares_are_better(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 5, "shares", 0);
    struct tdm_allotment *a = tdm_allotment_new(2, 1, 1);
    for (int k = 0; k < 200; k++) {
        struct game g;
        draw(&g, &random, 2, 2);
        g.options[1].link = 0;
        const int choice[] = {1, 1};
        const double worth = tdm_allotment_worth(a, g.options, choice);
        double link_cost = INFINITY, server_cost = INFINITY;
        for (int s = 1; s < 1000; s++) { // the two are independent
            const double b[] = {s / 1000., 1 - s / 1000.}, all[] = {INFINITY, INFINITY};
            const double none = at_shares(&g, choice, all, all);
            link_cost = fmin(link_cost, none - at_shares(&g, choice, b, all));
            server_cost = fmin(server_cost, none - at_shares(&g, choice, all, b));
        }
        const double all[] = {INFINITY, INFINITY};
        const double grid = at_shares(&g, choice, all, all) - link_cost - server_cost;
        assert_true(worth >= grid - 1e-12);
        assert_near(worth, grid, 2e-3); // the grid is that fine where claims are very unlike
    }
    tdm_allotment_free(a);
}

// Every combination; what each is worth is summed up anew.
static double by_force(const struct game *g, int options)
{
    int choice[MOST] = {0};
    double best = -INFINITY;
    for (;;) {
        double link[2] = {0}, server = 0, sum = 0;
        for (int i = 0; i < g->count; i++) {
            const struct tdm_claim *c = &g->claims[i][choice[i]];
            sum += c->value;
            link[g->options[i].link] += c->link;
            server += c->server;
        }
        best = fmax(best, sum - link[0] * link[0] - link[1] * link[1] - server * server);
        int i = 0;
        while (i < g->count && ++choice[i] == options)
            choice[i++] = 0;
        if (i == g->count)
            return best;
    }
}

static void play(int count, int options, int games, int least)
{
    struct tdm_random random;
    tdm_random_seed(&random, 9, "games", (uint64_t)count);
    struct tdm_allotment *a = tdm_allotment_new((size_t)count, 2, 1);
    int found = 0;
    for (int k = 0; k < games; k++) {
        struct game g;
        draw(&g, &random, count, options);
        int choice[MOST] = {0};
        for (int i = 0; i < count; i++)
            choice[i] = (int)tdm_random_below(&random, (uint64_t)options);
        const double best = by_force(&g, options);
        const double worth = tdm_allotment_best(a, g.options, choice);
        assert_near(worth, tdm_allotment_worth(a, g.options, choice), 1e-9);
        assert_true(worth <= best + 1e-9);
        found += worth >= best - 1e-9;
    }
    if (found < least)
        fail_msg("of %d games of %d the best was found in %d", games, count, found);
    tdm_allotment_free(a);
}

static void few_are_searched_through(void **state)
{
    (void)state;
    play(1, OPTIONS, 50, 50);
    play(2, OPTIONS, 200, 200);
    play(3, OPTIONS, 100, 100);
}

// 248,832 combinations: climbed, not counted. It need not find the best, but nearly always does.
static void many_are_climbed(void **state)
{
    (void)state;
    play(5, OPTIONS, 30, 28);
}

// Two streams of which either may have the link, but not both: changing one alone is no better.
static void pairs_change_together(void **state)
{
    (void)state;
    // Only b sends: 0.5 + 1.3 - 0.49. Only a: 1.0 - 0.36 + 0.5, from where neither is a step up:
    // both 2.3 - 1.69, none 1.0.
    const struct tdm_claim a[] = {{0.5, 0, 0}, {1.0, 0.6, 0}}, b[] = {{0.5, 0, 0}, {1.3, 0.7, 0}};
    struct tdm_claim many[3][30] = {{{0}}};
    const struct tdm_options options[] = {
        {.claims = a, .count = 2},
        {.claims = b, .count = 2},
        {.claims = many[0], .count = 30},
        {.claims = many[1], .count = 30},
        {.claims = many[2], .count = 30}}; // so many that they are not counted through
    struct tdm_allotment *s = tdm_allotment_new(5, 1, 1);
    int choice[] = {1, 0, 0, 0, 0};
    const double worth = tdm_allotment_best(s, options, choice);
    assert_near(worth, 1.31, 1e-12);
    assert_int_equal(choice[0], 0);
    assert_int_equal(choice[1], 1);
    tdm_allotment_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_other_shares_are_better),
        cmocka_unit_test(few_are_searched_through),
        cmocka_unit_test(many_are_climbed),
        cmocka_unit_test(pairs_change_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Environments with a period: whose turn it is, what that is worth, and what each sees. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../engine/world.h"
#include "env/env_parts.h"
#include "envs.h"

#define BOARD(id) \
    "<board id=\"" id "\" type=\"toy.xml\" thermal=\"no\" switching=\"no\"/>" \
    "<link from=\"" id "\" to=\"c\" rtt=\"20 ms\" cell=\"air\"/>"
#define STREAM(id, rest) \
    "<stream board=\"" id "\" dnn=\"net.xml\" versions=\"small.xml\" arrivals=\"periodic\" " \
    "rate=\"2 /s\" " rest "/>"
#define TEXT \
    "<scenario name=\"t\" duration=\"9 s\"><server id=\"c\" type=\"box.xml\"/>" \
    "<cell id=\"air\" up=\"80 Mbit/s\" down=\"80 Mbit/s\"/>" BOARD("a") BOARD("b") \
        STREAM("a", "weight=\"90 %\"") STREAM( \
            "b", \
            "weight=\"25 %\" from=\"100 ms\" input=\"raw\"") "<knobs cpu=\"top\" gpu=\"top\" " \
                                                             "emc=\"top\" version=\"all\" " \
                                                             "cut=\"3\" bits=\"8\"/>" \
                                                             "<environment period=\"1 s\" " \
                                                             "reward=\"mcia\"/></scenario>"

struct game {
    struct tdm_scenario *scenario;
    struct tdm_env *env;
    const struct tdm_spaces *spaces;
    float seen[TDM_ENTRIES];
};

static struct game open_game(const struct world *w)
{
    struct game g = {.scenario = world_load(w, TEXT)};
    g.env = envs_open("analytic:", g.scenario);
    g.spaces = tdm_env_spaces(g.env);
    envs_reset(g.env, 1, g.seen);
    return g;
}

static void close_game(struct game *g)
{
    tdm_env_free(g->env);
    tdm_scenario_free(g->scenario);
}

static double sees(const struct game *g, const char *name)
{
    const int i = envs_find(g->spaces->entries, g->spaces->observation, name);
    return (double)g->seen[i];
}

// cut, xi, version
static const int32_t local[] = {0, 0, 0}, small_local[] = {0, 0, 1}, input[] = {0, 1, 0};

static void turns_go_round_and_the_last_one_is_paid(void **state)
{
    struct game g = open_game(*state);
    assert_int_equal(g.spaces->knobs, 3);
    for (int period = 0; period < 8; period++) {
        assert_near(sees(&g, "weight"), 0.8, 1e-6); // of 0 to 1
        struct tdm_step s = envs_step(g.env, local, g.seen);
        assert_true(s.reward == 0 && s.answered == 0 && s.exponent == 0);
        assert_near(sees(&g, "weight"), -0.5, 1e-6);
        s = envs_step(g.env, small_local, g.seen);
        assert_true(s.exponent == 1 && s.answered == 4);
    }
    close_game(&g);
}

// Two requests a second of each board, none of which waits: what the engine foresees of one.
static void a_period_is_worth_its_requests(void **state)
{
    struct game g = open_game(*state);
    const struct tdm_coordinator *c = tdm_process_coordinator(g.env->course.process);
    envs_step(g.env, small_local, g.seen);
    const struct tdm_step s = envs_step(g.env, input, g.seen);
    double time[2]; // of the small net on the board, and of the net
    for (int v = 0; v < 2; v++) {
        struct tdm_costs *costs = c->members[0].unit->queues[0].versions[v].costs;
        time[v] = tdm_costs_at(costs, 0, 0, c->members[0].plan.opp)->time;
    }
    // a: 70 for 80 %, so much sooner; b: 100 kB at 10 MB/s, as it is, 22 ms of service, 4 kB back.
    const double a = 0.9 * (0.7 - 0.8) + 0.1 * (1 - time[1] / time[0]);
    const double b = 0.75 * (1 - (0.01 + 0.02 + 0.022 + 0.0004) / time[0]);
    assert_near(s.reward, 2 * a + 2 * b, 1e-5);
    assert_near(s.accuracy, 0.75, 1e-6);
    close_game(&g);
}

// a sends its input (20 kB, compressed, at 10 MB/s; 22 ms of service); b then sees what it claims.
static void claims_are_seen_by_those_after(void **state)
{
    struct game g = open_game(*state);
    const struct tdm_coordinator *c = tdm_process_coordinator(g.env->course.process);
    assert_near(sees(&g, "link-crowd"), -1, 1e-6); // nobody sends yet
    envs_step(g.env, input, g.seen);
    const double minds = c->members[0].minds;
    assert_near(sees(&g, "link-crowd"), sqrt(minds * 0.002) / 2 - 1, 1e-5); // of 0 to 4
    assert_near(sees(&g, "server-crowd"), sqrt(minds * 0.022) / 2 - 1, 1e-5);
    envs_step(g.env, input, g.seen);
    // Shares: roots of what each minds, 0.1 and 0.75, times its seconds, 2 and 10 ms or 22 both.
    const double link = sqrt(0.1 * 2), other = sqrt(0.75 * 10);
    assert_near(c->members[0].plan.link_share, link / (link + other), 1e-9);
    assert_near(c->members[1].plan.link_share, other / (link + other), 1e-9);
    const double server = sqrt(0.1) / (sqrt(0.1) + sqrt(0.75));
    assert_near(c->members[0].plan.server_share, server, 1e-9);
    assert_near(c->members[1].plan.server_share, 1 - server, 1e-9);
    close_game(&g);
}

static void the_same_seed_is_the_same_episode(void **state)
{
    struct game g = open_game(*state), h = open_game(*state);
    struct tdm_random random;
    tdm_random_seed(&random, 3, "test", 0);
    int32_t action[TDM_KNOBS];
    for (int i = 0; i < 100; i++) {
        envs_wander(g.spaces, &random, action);
        const struct tdm_step s = envs_step(g.env, action, g.seen);
        const struct tdm_step t = envs_step(h.env, action, h.seen);
        assert_true(s.reward == t.reward && s.truncated == t.truncated);
        assert_memory_equal(g.seen, h.seen, sizeof(float) * (size_t)g.spaces->observation);
        if (s.truncated) {
            envs_reset(g.env, 0, g.seen);
            envs_reset(h.env, 0, h.seen);
        }
    }
    close_game(&g);
    close_game(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_go_round_and_the_last_one_is_paid),
        cmocka_unit_test(a_period_is_worth_its_requests),
        cmocka_unit_test(claims_are_seen_by_those_after),
        cmocka_unit_test(the_same_seed_is_the_same_episode),
    };
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** A server that shares itself, by hand and against one that is followed step by step. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "../model/near.h"
#include "core/random.h"
#include "engine/shares.h"

static char a, b, c; // who they are

static void assert_step(struct tdm_shares *s, double when, const void *whom)
{
    assert_near(tdm_shares_next(s), when, 1e-12);
    assert_ptr_equal(tdm_shares_step(s), whom);
}

// One slot. a needs 3 from 0 on, b 1 from 1 on: a has 2 left when b comes, each goes on at 1/2, b
// is done at 3, where a has 1 left: 4.
static void two_have_a_half_each(void **state)
{
    (void)state;
    struct tdm_shares s = {.slots = 1};
    assert_true(isinf(tdm_shares_next(&s)));
    tdm_shares_enter(&s, 0, 3, &a);
    assert_near(tdm_shares_next(&s), 3, 1e-12);
    tdm_shares_enter(&s, 1, 1, &b);
    assert_step(&s, 3, &b);
    assert_step(&s, 4, &a);
    assert_true(isinf(tdm_shares_next(&s)));
    // Nobody was in it for a while.
    tdm_shares_enter(&s, 10, 2, &c);
    assert_step(&s, 12, &c);
    tdm_shares_end(&s);
}

// Two slots: two of them do not feel each other, three go on at 2/3.
static void slots_are_shared_by_more_than_they_are(void **state)
{
    (void)state;
    struct tdm_shares s = {.slots = 2};
    tdm_shares_enter(&s, 0, 2, &a);
    tdm_shares_enter(&s, 0, 3, &b);
    tdm_shares_enter(&s, 1, 3, &c);                        // a has 1 left, b 2, c 3
    assert_near(tdm_shares_done(&s, 1.75, 0), 1.5, 1e-12); // the first to be done is at the top
    assert_step(&s, 2.5, &a);                              // 1 at 2/3; b has 1 left, c 2
    assert_step(&s, 3.5, &b);
    assert_step(&s, 4.5, &c);
    tdm_shares_end(&s);
}

// It goes away at 2 and is back at 5: a (3 from 0 on) and b (2 from 1 on) begin anew, and while
// both are there each goes on at 1/2: b is done at 9, a at 10. A second outage finds nobody.
static void an_outage_loses_what_was_done(void **state)
{
    (void)state;
    const struct tdm_scenario_outage first = {.from = 2, .until = 5},
                                     second = {.from = 20, .until = 30};
    const struct tdm_scenario_outage *outages[] = {&first, &second};
    const struct tdm_scenario_server where = {.outages = outages, .outage_count = 2};
    struct tdm_shares s = {.slots = 1, .where = &where};
    tdm_shares_enter(&s, 0, 3, &a);
    tdm_shares_enter(&s, 1, 2, &b);
    assert_step(&s, 2, NULL);
    assert_near(tdm_shares_done(&s, 3, 0), 0, 1e-12);
    assert_step(&s, 5, NULL);
    assert_step(&s, 9, &b);
    assert_step(&s, 10, &a);
    // Who comes while it is away waits for it; who comes when it is back does not.
    tdm_shares_enter(&s, 25, 1, &a);
    assert_step(&s, 30, NULL);
    assert_step(&s, 31, &a);
    tdm_shares_enter(&s, 40, 1, &a);
    assert_step(&s, 41, &a);
    tdm_shares_end(&s);
}

// ---- against a server that is followed without virtual time ------------------------------------

enum { JOBS = 400 };

struct job {
    double arrival, need, left, done;
};

// Everybody's rest goes down at the common rate until the next one comes or is done.
static void follow_all(struct job *jobs, double slots)
{
    double now = 0;
    size_t next = 0, there = 0;
    while (next < JOBS || there) {
        const double rate = (double)there <= slots ? 1 : slots / (double)there;
        double until = next < JOBS ? jobs[next].arrival : INFINITY;
        struct job *first = NULL;
        for (size_t i = 0; i < next; i++)
            if (jobs[i].left > 0 && now + jobs[i].left / rate <= until) {
                until = now + jobs[i].left / rate;
                first = &jobs[i];
            }
        for (size_t i = 0; i < next; i++)
            if (jobs[i].left > 0)
                jobs[i].left = fmax(1e-300, jobs[i].left - rate * (until - now));
        now = until;
        if (first) {
            first->left = 0;
            first->done = now;
            there--;
        } else {
            jobs[next].left = jobs[next].need;
            next++;
            there++;
        }
    }
}

static void a_busy_server_is_as_if_followed_step_by_step(void **state)
{
    (void)state;
    static struct job jobs[JOBS];
    for (int slots = 1; slots <= 4; slots++) {
        struct tdm_random random;
        tdm_random_seed(&random, (uint64_t)slots, "shares", 0);
        double now = 0;
        for (size_t i = 0; i < JOBS; i++) {
            now += tdm_random_exponential(&random, 1.02 / slots);
            jobs[i] = (struct job){.arrival = now, .need = tdm_random_exponential(&random, 1)};
        }
        struct tdm_shares s = {.slots = slots};
        double done[JOBS];
        size_t next = 0, left = JOBS;
        while (left) {
            const double end = tdm_shares_next(&s);
            if (next < JOBS && jobs[next].arrival <= end) {
                tdm_shares_enter(&s, jobs[next].arrival, jobs[next].need, &jobs[next]);
                next++;
                continue;
            }
            struct job *job = tdm_shares_step(&s);
            done[job - jobs] = end;
            left--;
        }
        tdm_shares_end(&s);
        follow_all(jobs, slots);
        for (size_t i = 0; i < JOBS; i++)
            assert_near(done[i], jobs[i].done, 1e-9 * now);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_have_a_half_each),
        cmocka_unit_test(slots_are_shared_by_more_than_they_are),
        cmocka_unit_test(an_outage_loses_what_was_done),
        cmocka_unit_test(a_busy_server_is_as_if_followed_step_by_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

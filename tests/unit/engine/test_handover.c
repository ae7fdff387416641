// SPDX-License-Identifier: GPL-3.0-or-later
/** Two sides that take turns: order, floating point across switches, deep stacks. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "engine/handover.h"

struct talk {
    struct tdm_handover *handover;
    int heard[64];
    int count;
    double sum;
};

static void say(struct talk *talk, int word)
{
    talk->heard[talk->count++] = word;
}

static void other_side(void *context)
{
    struct talk *talk = context;
    for (int i = 0;; i++) {
        say(talk, 100 + i);
        talk->sum += sqrt((double)i) * 0.5; // registers of its own
        char text[2048];
        snprintf(text, sizeof text, "%.3f of %d", talk->sum, i); // deep, and picky of alignment
        tdm_handover_back(talk->handover);
    }
}

static void sides_take_turns(void **state)
{
    (void)state;
    static struct talk talk;
    talk.handover = tdm_handover_new(other_side, &talk, (size_t)256 * 1024);
    assert_non_null(talk.handover);
    double mine = 0, theirs = 0;
    for (int i = 0; i < 10; i++) {
        say(&talk, i);
        mine += 1.25 * i;
        theirs += sqrt((double)i) * 0.5;
        tdm_handover_go(talk.handover);
        assert_true(talk.sum == theirs);
    }
    assert_true(mine == 1.25 * 45);
    assert_int_equal(talk.count, 20);
    for (int i = 0; i < 10; i++) {
        assert_int_equal(talk.heard[2 * i], i);
        assert_int_equal(talk.heard[2 * i + 1], 100 + i);
    }
}

static void two_pairs_do_not_mix(void **state)
{
    (void)state;
    static struct talk a, b;
    a.handover = tdm_handover_new(other_side, &a, (size_t)256 * 1024);
    b.handover = tdm_handover_new(other_side, &b, (size_t)256 * 1024);
    tdm_handover_go(a.handover);
    tdm_handover_go(b.handover);
    tdm_handover_go(a.handover);
    assert_int_equal(a.count, 2);
    assert_int_equal(a.heard[1], 101);
    assert_int_equal(b.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sides_take_turns),
        cmocka_unit_test(two_pairs_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

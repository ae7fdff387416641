// SPDX-License-Identifier: GPL-3.0-or-later
/** Names that people type: distance, the nearest known one, what is a name. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <string.h>

#include "core/text.h"

static void distances_of_known_pairs(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        size_t distance;
    } pairs[] = {
        {"", "", 0},
        {"a", "", 1},
        {"kitten", "sitting", 3},
        {"flaw", "lawn", 2},
        {"Saturday", "Sunday", 3},
        {"nano", "NANO", 0},
        {"tx2", "xt2", 2},
        {"intention", "execution", 5},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_int_equal(tdm_text_distance(pairs[i].a, pairs[i].b), pairs[i].distance);
        assert_int_equal(tdm_text_distance(pairs[i].b, pairs[i].a), pairs[i].distance);
    }
}

static void long_names_are_cut(void **state)
{
    (void)state;
    char a[100000], b[100000];
    memset(a, 'x', sizeof a - 1);
    memset(b, 'x', sizeof b - 1);
    a[sizeof a - 1] = b[sizeof b - 1] = '\0';
    b[70] = 'y'; // beyond what is looked at
    assert_int_equal(tdm_text_distance(a, b), 0);
    b[10] = 'y';
    assert_int_equal(tdm_text_distance(a, b), 1);
    assert_int_equal(tdm_text_distance(a, ""), 63);
}

static const char *hint(const char *typed, const char *const *known)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, typed);
    for (; *known; known++)
        tdm_nearest_try(&nearest, *known);
    return tdm_nearest_hint(&nearest);
}

static void the_nearest_name_is_offered(void **state)
{
    (void)state;
    static const char *const boards[] = {"nano",       "tx2",      "xavier-nx",
                                         "agx-xavier", "agx-orin", NULL};
    static const char *const none[] = {NULL};
    assert_string_equal(hint("nanno", boards), " (did you mean 'nano'?)");
    assert_string_equal(hint("TX-2", boards), " (did you mean 'tx2'?)");
    assert_string_equal(hint("xaviernx", boards), " (did you mean 'xavier-nx'?)");
    assert_string_equal(hint("agx_orin", boards), " (did you mean 'agx-orin'?)");
    assert_string_equal(hint("agx", boards), " (did you mean 'agx-xavier'?)"); // its beginning
    assert_string_equal(hint("ag", boards), "");                               // too short to say
    assert_string_equal(hint("raspberry-pi", boards), "");
    assert_string_equal(hint("nano", none), "");
}

static void the_first_of_equals_wins(void **state)
{
    (void)state;
    static const char *const known[] = {"cat", "bat", NULL};
    assert_string_equal(hint("rat", known), " (did you mean 'cat'?)");
}

static void names(void **state)
{
    (void)state;
    char longest[129];
    memset(longest, 'n', sizeof longest);
    longest[127] = '\0';
    assert_true(tdm_text_is_name(longest));
    longest[127] = 'n';
    longest[128] = '\0';
    assert_false(tdm_text_is_name(longest));
    static const char *const good[] = {"nano", "MODE_15W_2CORE", "layer1/conv:0", "GPU+CPU",
                                       "5W",   "a.b-c"};
    static const char *const bad[] = {"", " ", "a b", "a\n", "ä", "a<b", "a\"b", "*", "a,b"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(tdm_text_is_name(good[i]));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(tdm_text_is_name(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_of_known_pairs),
        cmocka_unit_test(long_names_are_cut),
        cmocka_unit_test(the_nearest_name_is_offered),
        cmocka_unit_test(the_first_of_equals_wins),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

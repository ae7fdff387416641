// SPDX-License-Identifier: GPL-3.0-or-later
/** Natural bottlenecks of hand-made networks, by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"
#include "policies/bottlenecks.h"

// `wanted` ends with 0.
static void assert_bottlenecks(const struct world *w, int input, int bits, const int *wanted)
{
    char path[256];
    struct tdm_error error = {0};
    world_path(w, "net.xml", path);
    struct tdm_dnn *dnn = tdm_dnn_load(path, &error);
    assert_non_null(dnn);
    int points[5], count = 0;
    while (wanted[count])
        count++;
    assert_int_equal(tdm_bottlenecks(dnn, input, bits, points), count);
    for (int i = 0; i < count; i++)
        assert_int_equal(points[i], wanted[i]);
    tdm_dnn_free(dnn);
}

static void they_are_smaller_than_all_before(void **state)
{
    const struct world *w = *state;
    // 400, 400, 200, 100 and 50 kB in 32 bits, behind an input of 100 kB raw, 20 kB compressed.
    assert_bottlenecks(w, TDM_RAW, 32, (int[]){5, 0});
    assert_bottlenecks(w, TDM_RAW, 16, (int[]){4, 5, 0});
    assert_bottlenecks(w, TDM_RAW, 8, (int[]){3, 4, 5, 0});
    assert_bottlenecks(w, TDM_COMPRESSED, 32, (int[]){0});
    assert_bottlenecks(w, TDM_COMPRESSED, 8, (int[]){5, 0});
    // A narrow place early: what comes after is larger again, and as small as it again.
    world_write(w, "net.xml", world_dnn, "<cut after=\"conv1\" bytes=\"400000 B\"",
                "<cut after=\"conv1\" bytes=\"50000 B\"", NULL);
    assert_bottlenecks(w, TDM_RAW, 32, (int[]){1, 0});
    world_write(w, "net.xml", world_dnn, "<cut after=\"conv1\" bytes=\"400000 B\"",
                "<cut after=\"conv1\" bytes=\"60000 B\"", NULL);
    assert_bottlenecks(w, TDM_RAW, 32, (int[]){1, 5, 0});
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(they_are_smaller_than_all_before)};
    return cmocka_run_group_tests(tests, world_set_up, world_tear_down);
}

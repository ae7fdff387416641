// SPDX-License-Identifier: GPL-3.0-or-later
/** LMOS against the same choice made step by step, from what the engine says of each cut. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "first.h"
#include "policies/lmos.h"

enum { POINTS = 7 };
// By hand: weights of 0.1, 0.3, 1.3 and 1.7 MB add up, and conv1 reads and writes 1 MB.
static const double memory[POINTS] = {0, 1.1e6, 1.1e6, 1.3e6, 1.3e6, 2.3e6, 2.7e6};

static int make(void **state)
{
    world_set_up(state);
    world_write(*state, "tiny.xml", world_dnn, "weights=\"4000000 B\"", "weights=\"400000 B\"",
                "out=\"4000 B\"", "out=\"0 B\"", "bytes=\"50000 B\"", "bytes=\"20000 B\"", NULL);
    world_write(*state, "fast.xml", world_server, "100 GFLOP/s", "10 TFLOP/s", "2 ms", "0 ms",
                NULL);
    return 0;
}

static void memory_by_hand(void **state)
{
    char path[256];
    struct tdm_error error = {0};
    world_path(*state, "tiny.xml", path);
    struct tdm_dnn *dnn = tdm_dnn_load(path, &error);
    assert_non_null(dnn);
    double found[POINTS];
    tdm_head_memory(dnn, found);
    for (int p = 0; p < POINTS; p++)
        assert_near(found[p], memory[p], 1e-6);
    tdm_dnn_free(dnn);
}

// TOPSIS over latency (less) and memory (more) of the cuts that nothing beats in both.
static int best_of(const double time[POINTS], double weight)
{
    bool kept[POINTS];
    double times = 0, memories = 0, fast = INFINITY, slow = 0, large = 0, small = INFINITY;
    for (int i = 0; i < POINTS; i++) {
        kept[i] = true;
        for (int j = 0; j < POINTS; j++)
            if (time[j] <= time[i] && memory[j] >= memory[i] &&
                (time[j] < time[i] || memory[j] > memory[i] || j < i))
                kept[i] = false;
        if (!kept[i])
            continue;
        times += time[i] * time[i];
        memories += memory[i] * memory[i];
        fast = fmin(fast, time[i]);
        slow = fmax(slow, time[i]);
        small = fmin(small, memory[i]);
        large = fmax(large, memory[i]);
    }
    int best = -1;
    double most = -1;
    for (int i = 0; i < POINTS; i++) {
        const double t = weight / sqrt(times), m = (1 - weight) / sqrt(memories);
        const double good = hypot(t * (time[i] - fast), m * (memory[i] - large));
        const double bad = hypot(t * (time[i] - slow), m * (memory[i] - small));
        const double close = good + bad > 0 ? bad / (good + bad) : 1;
        if (!kept[i] || close <= most)
            continue;
        most = close;
        best = i;
    }
    return best;
}

static void the_cut_of_topsis(void **state)
{
    static const char *const names[] = {"lmos:0",   "lmos:0.3",  "lmos",
                                        "lmos:0.7", "lmos:90 %", "lmos:1"};
    static const double weights[] = {0, 0.3, 0.5, 0.7, 0.9, 1};
    int taken[POINTS] = {0};
    for (int i = 0; i < 120; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD
                 "<server id=\"c\" type=\"fast.xml\"/><link from=\"b\" to=\"c\" "
                 "bandwidth=\"%.6g Mbit/s\" rtt=\"2 ms\"/><stream board=\"b\" dnn=\"tiny.xml\" "
                 "arrivals=\"closed\" input=\"raw\"/></scenario>",
                 0.5 * pow(1.5, i / 6));
        struct first f = first_of(*state, text, names[i % 6]);
        double time[POINTS];
        for (int p = 0; p < POINTS; p++) {
            const struct tdm_plan plan = world_sent(2, 3, 2, p, p < POINTS - 1, 32);
            time[p] = first_foresee(&f, &plan).latency; // no answer comes back: as predicted
        }
        const int best = best_of(time, weights[i % 6]);
        assert_int_equal(f.plan.point, best);
        assert_near(f.plan.xi, best < POINTS - 1, 0);
        assert_int_equal(f.plan.bits, 32);
        if (i % 6 == 0) // only memory counts
            assert_int_equal(best, POINTS - 1);
        taken[best]++;
        first_done(&f);
    }
    int kinds = 0;
    for (int p = 0; p < POINTS; p++)
        kinds += taken[p] > 0;
    assert_true(kinds >= 3);
}

static void as_far_as_the_scenario_frees(void **state)
{
#define FAST "<link from=\"b\" to=\"c\" bandwidth=\"8 Gbit/s\"/>"
    static const struct {
        const char *text;
        int point, bits;
    } cases[] = {
        {PLAIN(FAST, ""), 0, 32},
        {PLAIN(FAST, "<knobs cut=\"conv2\" bits=\"8\"/>"), 3, 8},
        {PLAIN(FAST, "<knobs cut=\"conv2\" bits=\"8, 16\"/>"), 3, 16},
        {PLAIN(FAST, "<knobs xi=\"0 %, 50 %\"/>"), 6, 32},
        {PLAIN("", ""), 6, 32},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct first f = first_of(*state, cases[i].text, "lmos:1");
        assert_int_equal(f.plan.point, cases[i].point);
        assert_int_equal(f.plan.bits, cases[i].bits);
        first_done(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_by_hand),
        cmocka_unit_test(the_cut_of_topsis),
        cmocka_unit_test(as_far_as_the_scenario_frees),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

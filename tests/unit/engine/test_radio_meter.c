// SPDX-License-Identifier: GPL-3.0-or-later
/** What a radio draws over time, by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdlib.h>

#include "../model/near.h"
#include "engine/radio_meter.h"

// W per (byte/s) of "1 mW/(Mbit/s)": 1e-3 W / 125000 (byte/s).
#define SLOPE (1e-3 / 125e3)

// LTE of Huang et al. 2012: 438.39 and 51.97 mW/(Mbit/s), base 1288.04 mW, promotion 260.1 ms at
// 1210.7 mW, tail 11.576 s at 1060 mW.
static const struct tdm_radio lte = {.up = 438.39 * SLOPE,
                                     .down = 51.97 * SLOPE,
                                     .base = 1.28804,
                                     .promotion_time = 0.2601,
                                     .promotion_power = 1.2107,
                                     .tail_time = 11.576,
                                     .tail_power = 1.06};

static struct tdm_radio_meter meter_of(const struct tdm_radio *radio,
                                       struct tdm_radio_pieces *pieces)
{
    return (struct tdm_radio_meter){
        .radio = radio, .until = INFINITY, .last = -INFINITY, .pieces = pieces};
}

static double integral(const struct tdm_radio_pieces *pieces)
{
    double sum = 0;
    for (size_t i = 0; i < pieces->count; i++)
        sum += pieces->items[i].watts * (pieces->items[i].end - pieces->items[i].start);
    return sum;
}

static void a_second_of_lte(void **state)
{
    (void)state;
    struct tdm_radio_pieces pieces = {0};
    struct tdm_radio_meter meter = meter_of(&lte, &pieces);
    assert_near(tdm_radio_delay(&meter, 5), 0.2601, 1e-15); // it slept
    // 1 s at 8 Mbit/s up: 438.39 x 8 + 1288.04 = 4795.16 mW; before it, 0.2601 x 1.2107 J.
    const double own = tdm_radio_transfer(&meter, TDM_UP, 5.2601, 6.2601, 1e6, NAN);
    assert_near(own, 4.79516 + 0.31490307, 1e-12);
    assert_near(tdm_radio_tail(&lte), 12.27056, 1e-12);
    // 1 s at 8 Mbit/s down, 2 s later, in the tail: no promotion; 51.97 x 8 + 1288.04 mW.
    assert_near(tdm_radio_delay(&meter, 8.2601), 0, 0);
    assert_near(tdm_radio_transfer(&meter, TDM_DOWN, 8.2601, 9.2601, 1e6, NAN), 1.7038, 1e-12);
    // 2 s of tail in between; then the whole tail, and the run ends long after.
    tdm_radio_stop(&meter, 100);
    assert_near(meter.energy, 4.79516 + 0.31490307 + 2 * 1.06 + 1.7038 + 12.27056, 1e-9);
    assert_near(integral(&pieces), meter.energy, 1e-9);
    free(pieces.items);
}

static void the_tail_ends_with_the_run(void **state)
{
    (void)state;
    struct tdm_radio_meter meter = meter_of(&lte, NULL);
    tdm_radio_transfer(&meter, TDM_UP, 1, 2, 0, NAN);
    const double before = meter.energy;
    struct tdm_radio_meter early = meter;
    tdm_radio_stop(&early, 5);
    assert_near(early.energy - before, 3 * 1.06, 1e-12);
    tdm_radio_stop(&meter, 2);
    assert_near(meter.energy, before, 0);
}

static void promotion_comes_only_after_the_tail(void **state)
{
    (void)state;
    struct tdm_radio_meter meter = meter_of(&lte, NULL);
    tdm_radio_transfer(&meter, TDM_UP, 1, 2, 0, NAN);
    assert_near(tdm_radio_delay(&meter, 2 + 11.57), 0, 0);
    assert_near(tdm_radio_delay(&meter, 2 + 11.58), 0.2601, 1e-15);
    const double start = 20 + 0.2601;
    assert_near(tdm_radio_transfer(&meter, TDM_UP, start, start + 1, 0, NAN),
                1.28804 + 0.2601 * 1.2107, 1e-12);
    // Promotion, 1 s, whole tail, promotion, 1 s.
    assert_near(meter.energy, 2 * (0.2601 * 1.2107 + 1.28804) + 11.576 * 1.06, 1e-9);
}

static void base_is_paid_once_where_transfers_overlap(void **state)
{
    (void)state;
    const struct tdm_radio radio = {.up = 2e-6, .down = 1e-6, .base = 1};
    struct tdm_radio_meter meter = meter_of(&radio, NULL);
    assert_near(tdm_radio_transfer(&meter, TDM_UP, 0, 2, 1e6, NAN), 2 + 2, 1e-12);
    assert_near(tdm_radio_transfer(&meter, TDM_DOWN, 1, 4, 1e6, NAN), 1 + 2, 1e-12);
    assert_near(meter.last, 4, 0);
    // One inside another.
    assert_near(tdm_radio_transfer(&meter, TDM_UP, 4, 9, 0, NAN), 5, 1e-12);
    assert_near(tdm_radio_transfer(&meter, TDM_DOWN, 5, 6, 2e6, NAN), 2, 1e-12);
    assert_near(meter.last, 9, 0);
}

// Up from 5 to 9 s, known to end there only then; answers meanwhile lie within it.
static void a_transfer_under_way_pays_the_base(void **state)
{
    (void)state;
    struct tdm_radio_pieces pieces = {0};
    struct tdm_radio_meter meter = meter_of(&lte, &pieces);
    tdm_radio_transfer(&meter, TDM_UP, 1, 2, 0, NAN);
    const double before = meter.energy;
    assert_near(tdm_radio_begin(&meter, 5), 0, 0); // in the tail
    assert_near(tdm_radio_delay(&meter, 100), 0, 0);
    assert_near(tdm_radio_transfer(&meter, TDM_DOWN, 6, 7, 1e6, NAN), 51.97e-3 * 8, 1e-12);
    assert_near(tdm_radio_end(&meter, TDM_UP, 5, 9, 1e6, NAN), 438.39e-3 * 8 + 4 * 1.28804, 1e-12);
    assert_near(meter.last, 9, 0);
    // 3 s of tail in between, and no more of it until 9 s.
    assert_near(meter.energy - before, 3 * 1.06 + 51.97e-3 * 8 + 438.39e-3 * 8 + 4 * 1.28804,
                1e-12);
    // From sleep: the promotion is the beginning's.
    assert_near(tdm_radio_begin(&meter, 30), 0.2601 * 1.2107, 1e-12);
    assert_near(tdm_radio_end(&meter, TDM_UP, 30, 31, 0, NAN), 1.28804, 1e-12);
    assert_near(integral(&pieces), meter.energy, 1e-9);
    free(pieces.items);
}

static void a_weak_signal_costs_more(void **state)
{
    (void)state;
    struct tdm_radio_signal signals[] = {{.below = -90, .factor = 1.5},
                                         {.below = -100, .factor = 3}};
    const struct tdm_radio radio = {.up = 1e-6, .base = 1, .signals = signals, .signal_count = 2};
    static const struct {
        double signal, factor;
    } cases[] = {{NAN, 1}, {-80, 1}, {-90, 1}, {-90.1, 1.5}, {-100, 1.5}, {-105, 3}};
    for (size_t i = 0; i < 6; i++) {
        struct tdm_radio_meter meter = meter_of(&radio, NULL);
        assert_near(tdm_radio_transfer(&meter, TDM_UP, 0, 1, 1e6, cases[i].signal),
                    2 * cases[i].factor, 1e-12);
    }
}

static void nobody_pays_without_a_radio(void **state)
{
    (void)state;
    struct tdm_radio_meter meter = meter_of(NULL, NULL);
    assert_near(tdm_radio_delay(&meter, 3), 0, 0);
    assert_near(tdm_radio_transfer(&meter, TDM_UP, 1, 2, 1e9, NAN), 0, 0);
    tdm_radio_stop(&meter, 10);
    assert_near(meter.energy, 0, 0);
    assert_near(tdm_radio_tail(NULL), 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_of_lte),
        cmocka_unit_test(the_tail_ends_with_the_run),
        cmocka_unit_test(promotion_comes_only_after_the_tail),
        cmocka_unit_test(base_is_paid_once_where_transfers_overlap),
        cmocka_unit_test(a_transfer_under_way_pays_the_base),
        cmocka_unit_test(a_weak_signal_costs_more),
        cmocka_unit_test(nobody_pays_without_a_radio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Up the link, through the server, and down again: by hand. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "../model/near.h"
#include "engine/passage.h"
#include "core/random.h"

struct set {
    struct tdm_scenario_link link;
    struct tdm_server server;
    double free_at[4];
    struct tdm_slots slots;
    struct tdm_way way;
};

// A way over `trace` with round trips of 20 ms; the server draws 50 to 150 W.
static void prepare(struct set *s, const struct tdm_trace *trace, size_t slots,
                    const struct tdm_radio *radio)
{
    *s = (struct set){.link = {.rtt = 0.02, .series = trace},
                      .server = {.slots = (int64_t)slots, .idle = 50, .busy = 150}};
    s->slots = (struct tdm_slots){.server = &s->server, .count = slots, .free_at = s->free_at};
    s->way = (struct tdm_way){.link = &s->link,
                              .slots = &s->slots,
                              .radio = {.radio = radio, .until = INFINITY, .last = -INFINITY}};
}

static struct tdm_passage send(struct set *s, double now, double bytes, double back, double service)
{
    struct tdm_passage p = {.sent = bytes, .received = back, .service = service};
    tdm_way_send(&s->way, now, &p, false);
    return p;
}

static void one_alone(void **state)
{
    (void)state;
    struct tdm_trace *trace = tdm_trace_constant(1e6, 2e6, NAN);
    struct set s;
    prepare(&s, trace, 1, NULL);
    // 0.5 MB at 1 MB/s, half a round trip, 30 ms of service, 0.2 MB at 2 MB/s, half a round trip.
    const struct tdm_passage p = send(&s, 3, 5e5, 2e5, 0.03);
    assert_near(p.up_start, 3, 0);
    assert_near(p.up_end, 3.51, 1e-12);
    assert_near(p.serve_start, 3.51, 1e-12);
    assert_near(p.serve_end, 3.54, 1e-12);
    assert_near(p.down_first, 3.55, 1e-12);
    assert_near(p.down_end, 3.65, 1e-12);
    assert_near(p.server_energy, 0.03 * 100, 1e-12); // above idle
    assert_near(s.way.server_energy, 0.03 * 100, 1e-12);
    tdm_trace_free(trace);
}

// A quarter of the link and half of the server: four times and twice as long; the server's work,
// and what the radio sends, are the same.
static void shares_make_it_longer(void **state)
{
    (void)state;
    struct tdm_trace *trace = tdm_trace_constant(1e6, 2e6, NAN);
    struct set s;
    prepare(&s, trace, 1, NULL);
    struct tdm_passage p = {
        .sent = 5e5, .received = 2e5, .service = 0.03, .link_share = 0.25, .server_share = 0.5};
    tdm_way_send(&s.way, 3, &p, false);
    assert_near(p.up_end, 3 + 2 + 0.01, 1e-12);
    assert_near(p.serve_end, 5.01 + 0.06, 1e-12);
    assert_near(p.down_end, 5.07 + 0.01 + 0.4, 1e-12);
    assert_near(p.server_energy, 0.03 * 100, 1e-12);
    assert_near(p.sent, 5e5, 0);
    tdm_trace_free(trace);
}

static void uplink_and_slots_are_first_come_first_served(void **state)
{
    (void)state;
    struct tdm_trace *trace = tdm_trace_constant(1e6, 1e6, NAN);
    struct set s;
    prepare(&s, trace, 2, NULL);
    s.link.rtt = 0;
    // Four come at once, 0.1 s of sending each and 1 s of service, on two slots.
    static const double serve_start[] = {0.1, 0.2, 1.1, 1.2};
    for (int i = 0; i < 4; i++) {
        const struct tdm_passage p = send(&s, 0, 1e5, 0, 1);
        assert_near(p.up_start, 0.1 * i, 1e-12);
        assert_near(p.up_end, 0.1 * (i + 1), 1e-12);
        assert_near(p.serve_start, serve_start[i], 1e-12);
        assert_near(p.down_end, serve_start[i] + 1, 1e-12);
    }
    // Two slots together draw what is busy: each of the four took half of it.
    assert_near(s.way.server_energy, 4 * 0.5 * 100, 1e-9);
    struct tdm_passage p = {.sent = 1e5, .service = 1};
    struct tdm_way copy = s.way;
    tdm_way_send(&copy, 0, &p, true);
    assert_near(p.serve_start, 2.1, 1e-12);
    assert_near(send(&s, 0, 1e5, 0, 1).serve_start, 2.1, 1e-12); // looking ahead took nothing
    tdm_trace_free(trace);
}

static void overridden_slots_share_the_servers_power(void **state)
{
    (void)state;
    struct tdm_trace *trace = tdm_trace_constant(1e6, 1e6, NAN);
    struct set s;
    prepare(&s, trace, 4, NULL);
    s.server.slots = 1; // the type's own
    const struct tdm_passage p = send(&s, 0, 0, 0, 1);
    assert_near(p.server_energy, 100. / 4, 1e-9); // busy is the power with every slot busy
    tdm_trace_free(trace);
}

static const double third[] = {0, 1, 2};

static void a_transfer_spans_points_and_turns(void **state)
{
    (void)state;
    // 1, 0 and 2 MB/s for a second each, for ever: 3 MB a turn.
    static const double up[] = {1e6, 0, 2e6};
    const struct tdm_samples samples = {
        .count = 3, .duration = 3, .loop = true, .t = third, .up = up};
    struct tdm_error error = {0};
    struct tdm_trace *trace = tdm_trace_new(&samples, &error);
    struct set s;
    prepare(&s, trace, 1, NULL);
    s.link.rtt = 0;
    // From 0.5: 0.5 MB in the first second, an outage, 2 MB until 3, two whole turns, 0.25 MB.
    assert_near(send(&s, 0.5, 0.5e6 + 2e6 + 6e6 + 0.25e6, 0, 0).up_end, 9.25, 1e-9);
    // It starts in an outage, down the same link.
    const struct tdm_passage p = send(&s, 10.25, 0, 1e6, 0);
    assert_near(p.up_end, 10.25, 1e-12);
    assert_near(p.down_end, 11.5, 1e-9);
    // The run starts 2 s into the trace: 2 MB in the last second of a turn, 1 MB in the next.
    s.link.offset = 2;
    assert_near(send(&s, 12, 3e6, 0, 0).up_end, 14, 1e-9);
    tdm_trace_free(trace);
}

static void a_dead_link_never_answers(void **state)
{
    (void)state;
    static const double t[] = {0, 1}, up[] = {1e6, 0}, signal[] = {-50, -120}, rtt[] = {0.01, 0.02};
    const struct tdm_samples samples = {
        .count = 2, .duration = 2, .t = t, .up = up, .rtt = rtt, .signal = signal};
    struct tdm_error error = {0};
    struct tdm_trace *trace = tdm_trace_new(&samples, &error);
    struct set s;
    prepare(&s, trace, 1, NULL);
    assert_near(send(&s, 0, 1e5, 1e5, 0.1).down_end, 0.1 + 0.005 + 0.1 + 0.1 + 0.005, 1e-9);
    assert_true(isinf(send(&s, 0.9, 2e5, 1, 0.1).down_end));
    // The radio goes on trying until the run ends, and pays for the 0.1 MB that got through.
    static const struct tdm_radio air = {.up = 1e-6, .base = 0.5};
    struct set trying;
    prepare(&trying, trace, 1, &air);
    trying.way.radio.until = 7;
    assert_true(isinf(send(&trying, 0.9, 2e5, 1, 0.1).down_end));
    assert_near(trying.way.radio.energy, 1e5 * 1e-6 + 6.1 * 0.5, 1e-12);
    // Those behind it wait for ever, too.
    const struct tdm_passage p = send(&s, 1.5, 1, 1, 0.1);
    assert_true(isinf(p.down_end) && isinf(p.up_start));
    tdm_trace_free(trace);
}

static void a_cold_start(void **state)
{
    (void)state;
    // 100 ms away at 1 MB/s: a round trip holds 100 kB, a window begins with 14.6 kB. Sending
    // 14.6, 29.2, 58.4 kB leaves the sender idle for 85.4, 70.8 and 41.6 ms; the window of 116.8
    // kB fills the rate. Two round trips of handshakes come on top.
    assert_near(tdm_cold_start(1e6, 0.1, 1e6), 0.2 + 0.0854 + 0.0708 + 0.0416, 1e-12);
    assert_near(tdm_cold_start(14600, 0.1, 1e6), 0.2, 1e-12); // one window: nobody waits
    assert_near(tdm_cold_start(14601, 0.1, 1e6), 0.2 + 0.0854, 1e-12);
    assert_near(tdm_cold_start(1e6, 0.001, 1e6), 0.002, 1e-12); // the first window fills it
    assert_near(tdm_cold_start(1e6, 0, 1e6), 0, 0);
    struct tdm_trace *trace = tdm_trace_constant(1e6, 1e6, NAN);
    struct set s;
    prepare(&s, trace, 1, NULL);
    s.link.cold = true;
    s.link.rtt = 0.1;
    assert_near(send(&s, 0, 1e6, 0, 0).up_end, 0.3978 + 1 + 0.05, 1e-12);
    tdm_trace_free(trace);
}

static void the_radio_of_a_round_trip(void **state)
{
    (void)state;
    // 1 uJ a byte up, 0.5 down, base 1 W, promotion 50 ms at 2 W, tail 0.3 s at 0.5 W.
    const struct tdm_radio radio = {.up = 1e-6,
                                    .down = 0.5e-6,
                                    .base = 1,
                                    .promotion_time = 0.05,
                                    .promotion_power = 2,
                                    .tail_time = 0.3,
                                    .tail_power = 0.5};
    struct tdm_trace *trace = tdm_trace_constant(1e6, 2e6, NAN);
    struct set s;
    prepare(&s, trace, 1, &radio);
    struct tdm_passage p = send(&s, 1, 1e5, 2e5, 0.08);
    assert_near(p.up_start, 1.05, 1e-12); // promoted
    assert_near(p.up_end, 1.16, 1e-12);
    assert_near(p.radio_up, 0.1 + 0.1 + 0.1, 1e-12);
    assert_near(p.down_first, 1.25, 1e-12);
    // From 1.15 to 1.25 it waits in the tail: 0.05 J. 0.1 s of receiving: 0.1 + 0.1 J. Tail 0.15 J.
    assert_near(tdm_way_receive(&s.way, &p), 0.05 + 0.2 + 0.15, 1e-12);
    assert_near(s.way.radio.energy, 0.3 + 0.05 + 0.2, 1e-12);
    // A server that takes longer than the tail: it sleeps, and is promoted before the answer.
    p = send(&s, 1.45, 1e5, 0, 1); // 0.1 s of tail have passed since 1.35
    assert_near(p.up_start, 1.45, 1e-12);
    const double before = s.way.radio.energy;
    assert_near(tdm_way_receive(&s.way, &p), 0.15 + 0.1 + 0.15, 1e-12);
    assert_near(s.way.radio.energy - before, 0.15 + 0.1, 1e-12);
    tdm_trace_free(trace);
}

static void more_bandwidth_is_never_slower(void **state)
{
    (void)state;
    struct tdm_random random;
    tdm_random_seed(&random, 3, "passage", 0);
    for (int i = 0; i < 2000; i++) {
        double t[8], slow[8], fast[8];
        for (int k = 0; k < 8; k++) {
            t[k] = k;
            slow[k] = tdm_random_uniform(&random) < 0.2 ? 0 : 1e6 * tdm_random_uniform(&random);
            fast[k] = slow[k] * (1 + tdm_random_uniform(&random));
        }
        const struct tdm_samples a = {.count = 8, .duration = 8, .loop = true, .t = t, .up = slow};
        struct tdm_samples b = a;
        b.up = fast;
        struct tdm_trace *traces[] = {tdm_trace_new(&a, NULL), tdm_trace_new(&b, NULL)};
        const double now = 20 * tdm_random_uniform(&random);
        const double bytes = 5e6 * tdm_random_uniform(&random);
        double end[2];
        for (int k = 0; k < 2; k++) {
            struct set s;
            prepare(&s, traces[k], 1, NULL);
            s.link.cold = i % 2;
            end[k] = send(&s, now, bytes, 1e4, 0.01).down_end;
            tdm_trace_free(traces[k]);
        }
        assert_true(end[1] <= end[0] + 1e-9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_alone),
        cmocka_unit_test(shares_make_it_longer),
        cmocka_unit_test(uplink_and_slots_are_first_come_first_served),
        cmocka_unit_test(overridden_slots_share_the_servers_power),
        cmocka_unit_test(a_transfer_spans_points_and_turns),
        cmocka_unit_test(a_dead_link_never_answers),
        cmocka_unit_test(a_cold_start),
        cmocka_unit_test(the_radio_of_a_round_trip),
        cmocka_unit_test(more_bandwidth_is_never_slower),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

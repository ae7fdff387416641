// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A fleet is nothing but its boards written out: the same outcomes to the last bit, under both
 * engines. The seed decides, and each board has luck of its own.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"
#include "forked.h"
#include "played.h"

enum { BOARDS = 7, MOST = 20000 };

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "moves.csv",
                "# duration: 10 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s,signal_dbm\n"
                "0,8,80,-60\n4,16,8,-90\n6,0,2,-100\n6.5,4,4,-80\n",
                NULL);
    world_write(&world, "random.xml", world_server, "slots=\"1\"",
                "slots=\"2\" service=\"exponential\"", NULL);
    *state = &world;
    return 0;
}

// A plan by board and request, so that heads, uploads and local parts all happen.
static void choose(void *context, const struct tdm_state *state, struct tdm_plan *plan)
{
    (void)context;
    const uint64_t k = state->request + (uint64_t)state->board;
    if (k % 4 == 0)
        *plan = world_local(2, 3, 2);
    else if (k % 4 == 1)
        *plan = world_sent(1, 2, 1, 3, 0.5, 8);
    else
        *plan = world_sent(2, 1, 2, 0, 1, 32);
}

// ---- the two ways to write it ------------------------------------------------------------------

struct form {
    const char *board, *stream; // attributes
    const char *cell;           // the element, or ""
    double shift;               // s; NAN: spread
};

#define HEAD \
    "<scenario name=\"t\" duration=\"30 s\" seed=\"5\">%s<server id=\"c\" type=\"random.xml\"/>" \
    "<knobs xi=\"0 %%, 50 %%, 100 %%\" bits=\"32, 8\"/>"
#define LINK_RATES "trace=\"moves.csv\" rtt=\"12 ms\" radio=\"air.xml\""

static struct tdm_scenario *as_fleet(const struct world *w, const struct form *form)
{
    char text[4096], shift[64] = "";
    if (!isnan(form->shift))
        snprintf(shift, sizeof shift, " shift=\"%g s\"", form->shift);
    snprintf(text, sizeof text,
             HEAD "<fleet count=\"%d\"%s><board id=\"b\" type=\"toy.xml\" %s/><link from=\"b\" "
                  "to=\"c\" offset=\"1 s\" " LINK_RATES
                  " %s/><stream board=\"b\" dnn=\"net.xml\" %s"
                  "/><load board=\"b\" from=\"10 s\" until=\"20 s\" cpu=\"30 %%\"/></fleet>"
                  "</scenario>",
             form->cell, BOARDS, shift, form->board, *form->cell ? "cell=\"a\"" : "", form->stream);
    return world_load(w, text);
}

// The k-th multiple of the golden ratio, less its whole part.
static double golden(int k)
{
    const double x = 0.6180339887498949 * k;
    return x - floor(x);
}

// All boards, then all links and streams, as the fleet puts them.
static struct tdm_scenario *by_hand(const struct world *w, const struct form *form, double spread)
{
    char text[16384];
    int n = snprintf(text, sizeof text, HEAD, form->cell);
    for (int k = 0; k < BOARDS; k++) {
        const double shift = isnan(form->shift) ? 10 * golden(k) : k * form->shift;
        n += snprintf(text + n, sizeof text - (size_t)n,
                      "<board id=\"b-%d\" type=\"toy.xml\" %s/><link from=\"b-%d\" to=\"c\" "
                      "offset=\"%.17g s\" " LINK_RATES " %s/><stream board=\"b-%d\" "
                      "dnn=\"net.xml\" from=\"%.17g s\" %s/><load board=\"b-%d\" from=\"10 s\" "
                      "until=\"20 s\" cpu=\"30 %%\"/>",
                      k + 1, form->board, k + 1, 1 + shift, *form->cell ? "cell=\"a\"" : "", k + 1,
                      spread * golden(k), form->stream, k + 1);
    }
    snprintf(text + n, sizeof text - (size_t)n, "</scenario>");
    return world_load(w, text);
}

static void assert_same(const struct played *a, const struct played *b)
{
    assert_true(a->count > 200);
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct tdm_outcome *x = &a->items[i], *y = &b->items[i];
        // Padding apart: every number that there is.
        assert_true(x->board == y->board && x->stream == y->stream && x->request == y->request &&
                    x->late == y->late && x->dropped == y->dropped);
        assert_memory_equal(&x->arrival, &y->arrival,
                            offsetof(struct tdm_outcome, late) -
                                offsetof(struct tdm_outcome, arrival));
    }
    for (int i = 0; i < BOARDS; i++)
        assert_memory_equal(&a->totals[i], &b->totals[i], sizeof a->totals[i]);
}

static void a_fleet_is_its_boards_written_out(void **state)
{
    static const char cell[] = "<cell id=\"a\" bandwidth=\"24 Mbit/s\" duplex=\"half\"/>";
    static const struct {
        struct form form;
        double spread; // s over which the streams begin
    } cases[] = {
        {{"thermal=\"no\" jitter=\"yes\"", "arrivals=\"poisson\" rate=\"3 /s\"", "", 1.5}, 0},
        {{"start=\"57 degC\" jitter=\"yes\"", "arrivals=\"closed\" think=\"50 ms\"", "", NAN}, 1},
        {{"switching=\"no\"", "arrivals=\"periodic\" rate=\"4 /s\" queue=\"2\"", cell, 0.7}, 0.25},
        {{"jitter=\"yes\"", "arrivals=\"poisson\" rate=\"4 /s\" inflight=\"3\"", cell, NAN}, 0},
    };
    static const char *const uris[] = {"analytic:", "simgrid:", "simgrid:flows"};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tdm_scenario *fleet = as_fleet(*state, &cases[i].form);
        struct tdm_scenario *hand = by_hand(*state, &cases[i].form, cases[i].spread);
        for (int u = 0; u < 3; u++) {
            struct played *a = play(uris[u], fleet, 0, MOST, choose, NULL);
            struct played *b = play(uris[u], hand, 0, MOST, choose, NULL);
            assert_same(a, b);
            played_free(a);
            played_free(b);
        }
        tdm_scenario_free(fleet);
        tdm_scenario_free(hand);
    }
}

static const struct form lucky = {"jitter=\"yes\"", "arrivals=\"poisson\" rate=\"3 /s\"",
                                  "<cell id=\"a\" bandwidth=\"24 Mbit/s\"/>", 0};

static void the_seed_decides(void **state)
{
    struct tdm_scenario *scenario = as_fleet(*state, &lucky);
    struct played *first = play("simgrid:", scenario, 0, MOST, choose, NULL); // 5, the scenario's
    struct played *again = play("simgrid:", scenario, 5, MOST, choose, NULL);
    struct played *other = play("simgrid:", scenario, 6, MOST, choose, NULL);
    assert_same(first, again);
    size_t same = 0;
    for (size_t i = 0; i < first->count; i++)
        for (size_t k = 0; k < other->count; k++)
            same += first->items[i].arrival == other->items[k].arrival;
    assert_int_equal(same, 0);
    played_free(first);
    played_free(again);
    played_free(other);
    tdm_scenario_free(scenario);
}

// Arrivals, stage times and service times of the k-th requests of two boards have nothing in
// common, though all else about the boards is the same.
static void each_board_has_luck_of_its_own(void **state)
{
    struct tdm_scenario *scenario = as_fleet(*state, &lucky);
    struct played *p = play("simgrid:", scenario, 0, MOST, choose, NULL);
    size_t pairs = 0;
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < i; k++) {
            const struct tdm_outcome *a = &p->items[i], *b = &p->items[k];
            if (a->dropped || b->dropped || a->board == b->board)
                continue;
            assert_true(a->arrival != b->arrival);
            if (a->plan.xi == 0 && b->plan.xi == 0) // packing does not vary
                assert_true(a->head != b->head);
            if (a->server_energy > 0 && b->server_energy > 0)
                assert_true(a->server_energy != b->server_energy);
            pairs++;
        }
    assert_true(pairs > 10000);
    played_free(p);
    tdm_scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fleet_is_its_boards_written_out),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(each_board_has_luck_of_its_own),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

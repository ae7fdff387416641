// SPDX-License-Identifier: GPL-3.0-or-later
/** Whole runs: energy is the integral of power, nobody is lost, the same seed is the same run. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "rich.xml", world_board, "stall=\"0 s\" settle=\"0 s\"",
                "stall=\"1 ms\" settle=\"6 ms\"", "stall=\"0 ms\" settle=\"0 ms\"",
                "stall=\"2 ms\" settle=\"33 ms\"", NULL);
    world_write(&world, "wild.csv",
                "# duration: 9 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s,rtt_ms,signal_dbm\n"
                "0,8,16,20,-50\n1,0,0,20,-99\n1.7,3,0.5,70,-80\n4,30,60,10,-60\n",
                NULL);
    *state = &world;
    return 0;
}

// A run with everything in it; what differs between tests is the stream.
#define RICH(duration, thermal, streams) \
    "<scenario name=\"t\" duration=\"" duration "\"><board id=\"b\" type=\"rich.xml\" " \
    "jitter=\"yes\" start=\"57 degC\" thermal=\"" thermal "\"/>" \
    "<server id=\"c\" type=\"box.xml\"/><server id=\"d\" type=\"box.xml\" slots=\"2\"/>" \
    "<link from=\"b\" to=\"c\" trace=\"wild.csv\" radio=\"air.xml\"/>" \
    "<link from=\"b\" to=\"d\" bandwidth=\"5 Mbit/s\" rtt=\"50 ms\" cold=\"yes\" " \
    "radio=\"air.xml\"/>" streams \
    "<load board=\"b\" from=\"10 s\" until=\"20.2 s\" cpu=\"50 %\" gpu=\"50 %\"/>" \
    "<load board=\"b\" from=\"30.1 s\" emc=\"50 %\"/>" \
    "<knobs xi=\"0 %, 25 %, 50 %, 100 %\" bits=\"32, 16, 8\" processor=\"all\"/></scenario>"
#define POISSON(extra) \
    "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"5 /s\" " extra "/>"

static const char *const policies[] = {"random",    "governed",           "cloud-only",
                                       "oracle",    "nvpmodel:LOW",       "governed:conservative",
                                       "edge-best", "neurosurgeon:energy"};

struct recorded {
    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct world_run run;
};

static struct recorded record(const struct world *w, const char *text, const char *name,
                              uint64_t seed)
{
    struct recorded r = {.scenario = world_load(w, text)};
    r.engine = world_open(r.scenario, seed);
    struct tdm_policy *policy = world_policy(name, r.scenario, seed);
    r.run = world_run(r.engine, policy);
    tdm_policy_free(policy);
    return r;
}

static void done(struct recorded *r)
{
    free(r->run.items);
    tdm_engine_free(r->engine);
    tdm_scenario_free(r->scenario);
}

// Pieces follow one another without gaps from 0 to the end, and add up by cause.
static void check_pieces(const struct recorded *r, int board)
{
    const struct tdm_pieces *pieces = &r->engine->units[board]->pieces;
    const struct tdm_board_totals *totals = &r->run.totals[board];
    struct tdm_watts sum = {0};
    double last = 0;
    assert_false(pieces->lost);
    for (size_t i = 0; i < pieces->count; i++) {
        const struct tdm_piece *p = &pieces->items[i];
        assert_true(p->start == last && p->end > p->start);
        tdm_watts_add(&sum, &p->watts, p->end - p->start);
        last = p->end;
    }
    assert_true(last == totals->end);
    assert_true(last >= r->scenario->duration);
    assert_near(sum.fixed, totals->energy.fixed, 1e-9 * sum.fixed);
    assert_near(sum.cpu, totals->energy.cpu, 1e-9 * sum.cpu);
    assert_near(sum.gpu, totals->energy.gpu, 1e-9 * sum.gpu);
    assert_near(sum.memory, totals->energy.memory, 1e-9 * sum.memory);
    assert_near(sum.leakage, totals->energy.leakage, 1e-9 * sum.leakage);
}

static void check_radio(const struct recorded *r, int board)
{
    const struct tdm_unit *unit = r->engine->units[board];
    double sum = 0;
    for (size_t i = 0; i < unit->way_count; i++)
        for (size_t k = 0; k < unit->radio_pieces[i].count; k++) {
            const struct tdm_radio_piece *p = &unit->radio_pieces[i].items[k];
            assert_true(p->end > p->start);
            if (unit->room == 1 && k)
                assert_true(p->start >= p[-1].end - 1e-9); // no two at once
            sum += p->watts * (p->end - p->start);
        }
    assert_near(sum, r->run.totals[board].radio_energy, 1e-9 * sum + 1e-12);
}

// What the requests took, and what the board drew while it served nobody.
static void check_requests(const struct recorded *r)
{
    double served = 0, idle = 0;
    const struct tdm_pieces *pieces = &r->engine->units[0]->pieces;
    for (size_t i = 0; i < r->run.count; i++)
        served += r->run.items[i].board_energy;
    for (size_t i = 0; i < pieces->count; i++) {
        const struct tdm_piece *p = &pieces->items[i];
        bool busy = false;
        for (size_t k = 0; k < r->run.count && !busy; k++) {
            const struct tdm_outcome *o = &r->run.items[k];
            const double middle = (p->start + p->end) / 2;
            busy = !o->dropped && o->start <= middle && middle < o->answer;
        }
        if (!busy)
            idle += tdm_watts_sum(&p->watts) * (p->end - p->start);
    }
    const double all = tdm_watts_sum(&r->run.totals[0].energy);
    assert_near(served + idle, all, 1e-9 * all);
}

static void energy_is_the_integral_of_power(void **state)
{
    static const char *const texts[] = {
        RICH("40 s", "no", POISSON("")), RICH("40 s", "no", POISSON("inflight=\"3\"")),
        RICH("40 s", "yes", POISSON("")), RICH("40 s", "yes", POISSON("inflight=\"3\""))};
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++)
        for (int k = 0; k < 4; k++) {
            struct recorded r = record(*state, texts[k], policies[p], 7);
            assert_true(r.run.count > 20);
            check_pieces(&r, 0);
            check_radio(&r, 0);
            if (r.run.totals[0].unanswered == 0 || k % 2 == 0)
                check_requests(&r);
            done(&r);
        }
}

static void nobody_is_lost(void **state)
{
    static const char *const texts[] = {
        RICH("30 s", "yes", POISSON("queue=\"3\"")),
        RICH("30 s", "yes", POISSON("deadline=\"200 ms\" drop=\"late\"")),
        RICH("30 s", "no",
             "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" "
             "rate=\"500 /s\" queue=\"10\" inflight=\"2\"/>"),
        RICH("30 s", "no",
             "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" "
             "rate=\"500 /s\"/>"),
        RICH("30 s", "no",
             "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" rate=\"20 /s\" queue=\"1\" "
             "until=\"20 s\"/><stream board=\"b\" dnn=\"net.xml\" arrivals=\"poisson\" "
             "rate=\"20 /s\" queue=\"2\" inflight=\"2\"/><stream board=\"b\" dnn=\"net.xml\"/>"),
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (size_t p = 0; p < 3; p++) {
            struct recorded r = record(*state, texts[i], policies[p], 5);
            const struct tdm_board_totals *t = &r.run.totals[0];
            uint64_t dropped = 0, told = 0;
            double last = 0;
            for (size_t k = 0; k < r.run.count; k++) {
                const struct tdm_outcome *o = &r.run.items[k];
                dropped += o->dropped;
                told += o->request < t->arrived;
                assert_true(o->dropped || (o->start >= o->arrival && o->answer > o->start));
                const double when = o->dropped ? o->start : o->answer;
                assert_true(when >= last);
                last = when;
            }
            assert_int_equal(t->dropped, dropped);
            assert_int_equal(t->served, r.run.count - dropped);
            assert_int_equal(told, r.run.count);
            assert_int_equal(t->arrived, t->served + t->dropped + t->unanswered);
            if (i == 2 || i == 3)
                assert_int_equal(t->arrived, 15000);
            done(&r);
        }
}

static void policies_meet_the_same_arrivals(void **state)
{
    const char *text = RICH("30 s", "yes", POISSON("queue=\"3\""));
    double arrivals[400] = {0};
    for (size_t p = 0; p < sizeof policies / sizeof *policies; p++) {
        struct recorded r = record(*state, text, policies[p], 11);
        for (size_t k = 0; k < r.run.count; k++) {
            const struct tdm_outcome *o = &r.run.items[k];
            assert_true(o->request < 400);
            if (p == 0)
                arrivals[o->request] = o->arrival;
            else if (arrivals[o->request] > 0)
                assert_true(arrivals[o->request] == o->arrival);
        }
        done(&r);
    }
}

static void the_same_seed_is_the_same_run(void **state)
{
    const char *text = RICH("30 s", "yes", POISSON("inflight=\"2\""));
    struct recorded a = record(*state, text, "random", 11), b = record(*state, text, "random", 11),
                    c = record(*state, text, "random", 12);
    assert_int_equal(a.run.count, b.run.count);
    int differ = 0;
    for (size_t i = 0; i < a.run.count; i++) {
        const struct tdm_outcome *x = &a.run.items[i], *y = &b.run.items[i];
        assert_true(x->answer == y->answer && x->energy == y->energy && x->cost == y->cost &&
                    x->request == y->request && x->sent == y->sent);
        differ += i >= c.run.count || x->answer != c.run.items[i].answer;
    }
    assert_true(differ > (int)a.run.count / 2);
    const struct tdm_pieces *p = &a.engine->units[0]->pieces, *q = &b.engine->units[0]->pieces;
    assert_int_equal(p->count, q->count);
    for (size_t i = 0; i < p->count; i++)
        assert_true(p->items[i].end == q->items[i].end &&
                    p->items[i].temperature == q->items[i].temperature);
    done(&a);
    done(&b);
    done(&c);
}

static void a_dead_link_ends_the_run(void **state)
{
    const struct world *w = *state;
    world_write(w, "dead.csv",
                "# duration: 2 s\ntime_s,up_mbit_s,down_mbit_s,signal_dbm\n0,8,8,-50\n1,0,0,-110\n",
                NULL);
    static const char *const links[] = {
        "<link from=\"b\" to=\"c\" bandwidth=\"0 bit/s\" radio=\"air.xml\"/>",
        "<link from=\"b\" to=\"c\" trace=\"dead.csv\" radio=\"air.xml\" cold=\"yes\"/>",
        "<link from=\"b\" to=\"c\" up=\"8 Mbit/s\" down=\"0 bit/s\"/>"};
    static const char *const inflights[] = {"", "inflight=\"4\" queue=\"5\""};
    for (int i = 0; i < 6; i++) {
        char text[2048];
        snprintf(text, sizeof text,
                 "<scenario name=\"t\" duration=\"20 s\">" WORLD_BOARD "%s"
                 "<server id=\"c\" type=\"box.xml\"/>" POISSON("%s") "</scenario>",
                 links[i % 3], inflights[i / 3]);
        struct recorded r = record(w, text, "cloud-only", 2);
        const struct tdm_board_totals *t = &r.run.totals[0];
        assert_true(t->unanswered > 0);
        assert_near(t->end, 20, 0.5); // one may have just begun
        check_pieces(&r, 0);
        done(&r);
        // The oracle sees it coming.
        r = record(w, text, "oracle", 2);
        assert_true(r.run.totals[0].served > 60);
        done(&r);
    }
}

static void short_and_empty_runs(void **state)
{
    const struct world *w = *state;
    // Shorter than one request: it is left in service, and its stage is the end of the run.
    struct recorded r =
        record(w, "<scenario name=\"t\" duration=\"1 us\">" WORLD_BOARD WORLD_STREAM "</scenario>",
               "edge-only", 1);
    assert_int_equal(r.run.count, 0);
    assert_int_equal(r.run.totals[0].unanswered, 1);
    assert_true(r.run.totals[0].end > 1e-6);
    check_pieces(&r, 0);
    done(&r);
    // Nobody ever comes.
    r = record(w,
               "<scenario name=\"t\" duration=\"5 s\">" WORLD_BOARD
               "<stream board=\"b\" dnn=\"net.xml\" from=\"8 s\"/></scenario>",
               "edge-only", 1);
    assert_int_equal(r.run.count, 0);
    assert_near(r.run.totals[0].end, 5, 0);
    assert_true(tdm_watts_sum(&r.run.totals[0].energy) > 0);
    check_pieces(&r, 0);
    done(&r);
    // A server that takes no time, a link that takes none, a deadline of none.
    world_write(w, "box.xml", world_server, "overhead=\"2 ms\"", "overhead=\"0 s\"", NULL);
    r = record(
        w,
        "<scenario name=\"t\" duration=\"2 s\">" WORLD_BOARD
        "<server id=\"c\" type=\"box.xml\"/><link from=\"b\" to=\"c\" bandwidth=\"1000 Gbit/s\"/>"
        "<stream board=\"b\" dnn=\"net.xml\" deadline=\"0 s\" arrivals=\"periodic\" "
        "rate=\"10 /s\" drop=\"late\"/></scenario>",
        "cloud-only", 1);
    assert_int_equal(r.run.count, 20);
    done(&r);
    world_write(w, "box.xml", world_server, NULL);
}

static void boards_are_independent(void **state)
{
    const struct world *w = *state;
    // Two boards in one run do what each does alone, apart from their random streams.
    const char *one = "<scenario name=\"t\" duration=\"20 s\">"
                      "<board id=\"b\" type=\"rich.xml\"/><server id=\"c\" type=\"box.xml\"/>"
                      "<link from=\"b\" to=\"c\" trace=\"wild.csv\" radio=\"air.xml\"/>"
                      "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" rate=\"5 /s\"/>"
                      "</scenario>";
    const char *two = "<scenario name=\"t\" duration=\"20 s\">"
                      "<board id=\"a\" type=\"toy.xml\"/><board id=\"b\" type=\"rich.xml\"/>"
                      "<server id=\"c\" type=\"box.xml\"/>"
                      "<link from=\"b\" to=\"c\" trace=\"wild.csv\" radio=\"air.xml\"/>"
                      "<link from=\"a\" to=\"c\" trace=\"wild.csv\" radio=\"air.xml\"/>"
                      "<stream board=\"a\" dnn=\"net.xml\"/>"
                      "<stream board=\"b\" dnn=\"net.xml\" arrivals=\"periodic\" rate=\"5 /s\"/>"
                      "</scenario>";
    struct recorded alone = record(w, one, "cloud-only", 1), both = record(w, two, "cloud-only", 1);
    size_t next = 0;
    double last = 0;
    for (size_t i = 0; i < both.run.count; i++) {
        const struct tdm_outcome *o = &both.run.items[i];
        assert_true(o->answer >= last); // one clock for all
        last = o->answer;
        if (o->board == 1)
            assert_true(o->cost == alone.run.items[next++].cost);
    }
    assert_int_equal(next, alone.run.count);
    assert_true(both.run.count > next);
    check_pieces(&both, 0);
    check_pieces(&both, 1);
    done(&alone);
    done(&both);
}

// Alone, a request gets all of a server that shares itself; beside others it does not, and this
// engine says that it cannot know.
static void a_shared_server_takes_one_at_a_time(void **state)
{
    struct world *w = *state;
    world_write(w, "shared.xml", world_server, "slots=", "discipline=\"shares\" slots=", NULL);
    const char text[] = "<scenario name=\"t\" duration=\"1 s\">" WORLD_BOARD WORLD_LINK
                        "<server id=\"c\" type=\"shared.xml\"/>"
                        "<stream board=\"b\" dnn=\"net.xml\" inflight=\"%d\"/></scenario>";
    for (int inflight = 1; inflight <= 2; inflight++) {
        char scenario_text[1024];
        snprintf(scenario_text, sizeof scenario_text, text, inflight);
        struct tdm_scenario *scenario = world_load(w, scenario_text);
        struct tdm_error error = {0};
        struct tdm_engine *engine = tdm_engine_open("analytic:", scenario, 1, &error);
        assert_int_equal(engine != NULL, inflight == 1);
        if (!engine)
            assert_non_null(strstr(error.message, "shares itself among the 2 requests"));
        tdm_engine_free(engine);
        tdm_scenario_free(scenario);
    }
}

static void a_run_that_lost_a_request_is_told(void **state)
{
    const struct world *w = *state;
    struct tdm_scenario *s = world_load(
        w, "<scenario name=\"t\" duration=\"5 s\">" WORLD_BOARD WORLD_STREAM "</scenario>");
    struct tdm_error error = {0};
    struct tdm_engine *engine = tdm_engine_open("analytic:", s, 1, &error);
    assert_non_null(engine);
    struct tdm_event event;
    struct tdm_plan plan = {.cap = {-1, -1, -1}, .governor = -1, .bits = 32};
    plan.point = engine->units[0]->queues[0].costs->point_count - 1;
    while (tdm_engine_next(engine, &event))
        if (event.kind == TDM_DECISION)
            tdm_engine_decide(engine, &plan);
    assert_int_equal(tdm_engine_check(engine, &error), 0);
    engine->units[0]->queues[0].arrived++;
    assert_int_equal(tdm_engine_check(engine, &error), -1);
    assert_non_null(strstr(error.message, "lost count of its requests"));
    tdm_engine_free(engine);
    tdm_scenario_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_lost_a_request_is_told),
        cmocka_unit_test(energy_is_the_integral_of_power),
        cmocka_unit_test(nobody_is_lost),
        cmocka_unit_test(policies_meet_the_same_arrivals),
        cmocka_unit_test(the_same_seed_is_the_same_run),
        cmocka_unit_test(a_dead_link_ends_the_run),
        cmocka_unit_test(short_and_empty_runs),
        cmocka_unit_test(boards_are_independent),
        cmocka_unit_test(a_shared_server_takes_one_at_a_time),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

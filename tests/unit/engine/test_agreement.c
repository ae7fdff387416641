// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Where nobody shares anything, "simgrid:" tells what "analytic:" tells: the plans of an analytic
 * run, played again by request number, have the same times and energies within 1e-6 of the
 * request's own. Under "simgrid:" such transfers are in closed form, too; under "simgrid:flows"
 * each is a flow whose rate SimGrid is told at every change of the trace, which shares no code with
 * the integral that the analytic engine takes.
 *
 * With several requests in flight the same is asked as far as both engines have the same model.
 * Both send one after the other over a board's link and serve first come, first served; the
 * analytic engine tells a request's whole way at its decision, the other one as it happens. But two
 * answers on one link at the same time have all of its rate each in closed form, and share it as
 * flows. So under "simgrid:flows" such a run is compared up to the first answers that meet; where
 * answers have no bytes, which leaves nothing to share, whole.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <glob.h>

#include "world.h"
#include "forked.h"
#include "played.h"

enum { MOST = 100000 }; // requests of a run

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    // Silent for 1.5 s of each 9, each way for another half second, and with a round trip that
    // changes.
    world_write(&world, "silent.csv",
                "# duration: 9 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s,rtt_ms,signal_dbm\n"
                "0,8,16,20,-50\n1,0,0,20,-99\n2.5,3,0.5,70,-80\n4,30,60,10,-60\n5,0,9,30,-70\n"
                "5.5,7,0,30,-70\n6,12,12,15,-66\n",
                NULL);
    world_write(&world, "steady.csv",
                "# duration: 9 s\n# loop: yes\ntime_s,up_mbit_s,down_mbit_s,signal_dbm\n"
                "0,8,16,-50\n1,0,0,-99\n2.5,3,0.5,-80\n4,30,60,-60\n5,0,9,-70\n"
                "5.5,7,0,-70\n6,12,12,-66\n",
                NULL);
    world_write(&world, "mute.xml", world_dnn, "out=\"4000 B\"", "out=\"0 B\"", NULL);
    *state = &world;
    return 0;
}

static const char *const engines[] = {"simgrid:", "simgrid:flows"};

// ---- plans -------------------------------------------------------------------------------------

struct plans {
    struct tdm_plan of[MOST]; // by request
    bool known[MOST];
};

// An analytic run: its plans, and what came of them by request.
static struct world_run record(const struct tdm_scenario *scenario, const char *name,
                               struct plans *plans)
{
    struct tdm_engine *engine = world_open(scenario, 0);
    struct tdm_policy *policy = world_policy(name, scenario, 1);
    struct world_run run = {0};
    struct tdm_event event;
    memset(plans, 0, sizeof *plans);
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_OUTCOME) {
            world_add(&run, event.outcome);
            tdm_policy_learn(policy, event.outcome);
            continue;
        }
        const uint64_t request = event.state->request;
        assert_true(request < MOST);
        tdm_policy_decide(policy, event.state, &plans->of[request]);
        plans->known[request] = true;
        tdm_engine_decide(engine, &plans->of[request]);
    }
    tdm_engine_totals(engine, 0, &run.totals[0]);
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    return run;
}

static void by_request(void *context, const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct plans *plans = context;
    if (state->request >= MOST || !plans->known[state->request])
        _exit(9); // a request that the analytic run never decided on
    *plan = plans->of[state->request];
}

// ---- comparing ---------------------------------------------------------------------------------

struct met { // how often what is compared has been met
    size_t requests, offloaded, dropped, through_silence;
    size_t whole; // runs in which everybody was answered
};

static void assert_close(const char *where, const char *what, const struct tdm_outcome *o,
                         double got, double wanted, double scale)
{
    if (!(fabs(got - wanted) <= 1e-6 * scale))
        fail_msg("%s, request %zu: %s is %.17g, not %.17g", where, (size_t)o->request, what, got,
                 wanted);
}

static void compare_request(const char *where, const struct tdm_outcome *a,
                            const struct tdm_outcome *b)
{
    assert_true(a->dropped == b->dropped && a->late == b->late && a->stream == b->stream);
    assert_close(where, "arrival", a, b->arrival, a->arrival, 0);
    const double scale = a->dropped ? a->start - a->arrival : a->latency;
    assert_close(where, "start", a, b->start, a->start, scale);
    if (a->dropped)
        return;
    assert_close(where, "answer", a, b->answer, a->answer, scale);
    assert_close(where, "latency", a, b->latency, a->latency, scale);
    assert_close(where, "up", a, b->up, a->up, scale);
    assert_close(where, "remote", a, b->remote, a->remote, scale);
    assert_close(where, "down", a, b->down, a->down, scale);
    assert_close(where, "board energy", a, b->board_energy, a->board_energy, a->board_energy);
    assert_close(where, "radio energy", a, b->radio_energy, a->radio_energy, a->radio_energy);
    assert_close(where, "ETI", a, b->energy, a->energy, a->energy);
}

static int by_number(const void *x, const void *y)
{
    const struct tdm_outcome *a = x, *b = y;
    return (a->request > b->request) - (a->request < b->request);
}

// When the first answers meet on a link. What is sent whole is there when its answer is.
static double first_meeting(const struct world_run *run)
{
    double first = INFINITY;
    for (size_t i = 0; i < run->count; i++) // in the order of the answers
        for (size_t k = i + 1; k < run->count && k < i + 8; k++) {
            const struct tdm_outcome *a = &run->items[i], *b = &run->items[k];
            if (!a->dropped && !b->dropped && a->received > 0 && b->received > 0 &&
                a->plan.link == b->plan.link && b->answer - b->down < a->answer)
                first = fmin(first, fmin(a->answer - a->down, b->answer - b->down));
        }
    return first;
}

static void compare(const char *where, struct world_run *a, struct played *b, double until,
                    struct met *met)
{
    if (isinf(until))
        assert_int_equal(a->count, b->count);
    qsort(a->items, a->count, sizeof *a->items, by_number);
    qsort(b->items, b->count, sizeof *b->items, by_number);
    for (size_t i = 0; i < a->count; i++) {
        if ((a->items[i].dropped ? a->items[i].start : a->items[i].answer) > until)
            continue;
        assert_int_equal(a->items[i].request, b->items[i].request);
        compare_request(where, &a->items[i], &b->items[i]);
        met->requests++;
        met->dropped += a->items[i].dropped;
        met->offloaded += !a->items[i].dropped && a->items[i].sent > 0;
        met->through_silence += a->items[i].up > 1.5;
    }
    if (isfinite(until))
        return;
    const struct tdm_board_totals *x = &a->totals[0], *y = &b->totals[0];
    assert_near(tdm_watts_sum(&y->energy), tdm_watts_sum(&x->energy),
                1e-6 * tdm_watts_sum(&x->energy));
    assert_int_equal(x->unanswered, y->unanswered);
    if (x->unanswered)
        return; // of a transfer that the end cuts off, one spreads the joules evenly
    assert_near(y->radio_energy, x->radio_energy, 1e-6 * x->radio_energy);
    met->whole++;
}

static void agree(const struct tdm_scenario *scenario, const char *policy, struct met *met)
{
    static struct plans plans;
    struct world_run analytic = record(scenario, policy, &plans);
    const double meeting = first_meeting(&analytic);
    for (int e = 0; e < 2; e++) {
        char where[512];
        snprintf(where, sizeof where, "%s, %s, %s", scenario->name, policy, engines[e]);
        struct played *played = play(engines[e], scenario, 0, MOST, by_request, &plans);
        compare(where, &analytic, played, e == 1 ? meeting : INFINITY, met);
        played_free(played);
    }
    free(analytic.items);
}

// Every policy of the program; "fixed" with all on the board and with all sent.
static void agree_under_every_policy(const struct tdm_scenario *scenario, struct met *met)
{
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++) {
        if ((*type)->recipe) // has to be trained
            continue;
        if (strcmp((*type)->name, "appealnet") == 0 && scenario->streams[0].difficulty <= 0)
            continue; // takes requests that differ
        const bool modes = strcmp((*type)->name, "nvpmodel") == 0;
        agree(scenario, modes ? "nvpmodel:0" : (*type)->name, met);
    }
    agree(scenario, "fixed:cut=input", met);
}

// ---- tests -------------------------------------------------------------------------------------

static void every_shipped_scenario_without_sharing_agrees(void **state)
{
    (void)state;
    const char *source = getenv("TANDEM_SOURCE");
    char pattern[1024];
    snprintf(pattern, sizeof pattern, "%s/platforms/scenarios/*.xml", source ? source : ".");
    glob_t files;
    assert_int_equal(glob(pattern, 0, NULL, &files), 0);
    size_t alone = 0;
    struct met met = {0};
    for (size_t i = 0; i < files.gl_pathc; i++) {
        struct tdm_error error = {0};
        struct tdm_scenario *scenario = tdm_scenario_load(files.gl_pathv[i], &error);
        if (!scenario)
            fail_msg("%s", error.message);
        if (!tdm_scenario_is_shared(scenario) && scenario->board_count == 1) {
            agree_under_every_policy(scenario, &met);
            alone++;
        }
        tdm_scenario_free(scenario);
    }
    globfree(&files);
    assert_true(alone >= 4);
    assert_true(met.requests > 20000 && met.offloaded > 5000 && met.dropped > 100);
}

#define SILENT(stream, links, knobs) \
    "<scenario name=\"silent\" duration=\"120 s\"><board id=\"b\" type=\"toy.xml\" " \
    "jitter=\"yes\"/><server id=\"c\" type=\"box.xml\"/><server id=\"d\" type=\"box.xml\" " \
    "slots=\"2\"/><link from=\"b\" to=\"c\" radio=\"air.xml\" " links "/>" \
    "<link from=\"b\" to=\"d\" offset=\"3 s\" cold=\"yes\" radio=\"air.xml\" " links "/>" \
    "<stream board=\"b\" arrivals=\"poisson\" rate=\"3 /s\" until=\"90 s\" input=\"raw\" " stream \
    "/>" \
    "<knobs cut=\"all\" bits=\"32, 8\" " knobs "/></scenario>"

static void agree_on_a_silent_link(const struct world *w, const char *text, const char *cut)
{
    struct met met = {0};
    struct tdm_scenario *scenario = world_load(w, text);
    agree_under_every_policy(scenario, &met);
    agree(scenario, "fixed:cut=input;link=1", &met);
    agree(scenario, cut, &met);
    tdm_scenario_free(scenario);
    assert_true(met.through_silence > 20 && met.whole > 10);
}

static void links_that_fall_silent_agree(void **state)
{
    static const char *const texts[] = {
        SILENT("dnn=\"net.xml\"", "trace=\"silent.csv\"", "xi=\"0 %, 50 %, 100 %\""),
        SILENT("dnn=\"net.xml\" queue=\"2\"", "trace=\"silent.csv\"", "xi=\"0 %, 50 %, 100 %\""),
        SILENT("dnn=\"net.xml\" versions=\"small.xml\" difficulty=\"1\" accuracy=\"77 %\"",
               "trace=\"silent.csv\"", "xi=\"0 %, 50 %, 100 %\""),
        SILENT("dnn=\"leaving.xml\" accuracy=\"70 %\"", "trace=\"silent.csv\"",
               "xi=\"0 %, 50 %, 100 %\" exit=\"all\"")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        agree_on_a_silent_link(*state, texts[i], "fixed:cut=conv2;xi=0.5");
}

// With a constant round trip: where it shrinks, one request may overtake another on its way to the
// server, and the analytic engine serves them as they were sent.
static void links_that_fall_silent_agree_with_several_in_flight(void **state)
{
    static const char *const texts[] = {
        SILENT("dnn=\"mute.xml\" inflight=\"3\"", "trace=\"steady.csv\" rtt=\"30 ms\"", ""),
        SILENT("dnn=\"mute.xml\" inflight=\"3\" queue=\"4\"", "trace=\"steady.csv\" rtt=\"30 ms\"",
               "")};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        agree_on_a_silent_link(*state, texts[i], "fixed:cut=conv2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shipped_scenario_without_sharing_agrees),
        cmocka_unit_test(links_that_fall_silent_agree),
        cmocka_unit_test(links_that_fall_silent_agree_with_several_in_flight),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Servers against queueing theory: mean waits and sojourns within 2 % of the formulas, at
 * utilisations of 0.5 and 0.8. A hundred boards send their inputs in Poisson streams over links
 * that take next to no time; time is in units of the mean service, 10 ms.
 *
 * Runs are so long that 2 % is at least 4 standard errors, which batch means measure and the test
 * asserts. So a right engine fails once in 16,000 seeds a case, and one that is 4 % off fails
 * about always.
 *
 *     M/M/1     wait r / (1 - r)                              (in mean services)
 *     M/D/1     wait r / 2 (1 - r)
 *     M/M/c     wait C(c, c r) / c (1 - r), with Erlang's C
 *     M/M/1-PS  sojourn 1 / (1 - r), and of those who need s: s / (1 - r)
 *     M/D/1-PS  the same
 *     M/M/c-PS  as many are there as in M/M/c, so the sojourn is 1 more than its wait
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "world.h"
#include "forked.h"

enum { BATCHES = 40 };
static const double mean_service = 0.01; // s
static const double wait_watts = 100;    // of a busy slot, so that its energy says its service

// Under sanitizers the runs are shorter, and the tolerance is wider by the same standard errors.
#ifdef FORKED_LEAKS
static const double shorter = 25;
#else
static const double shorter = 1;
#endif

static int make(void **state)
{
    static struct world world;
    world_make(&world);
    world_write(&world, "small.xml", world_dnn, "raw=\"100000 B\"", "raw=\"1 B\"", NULL);
    *state = &world;
    return 0;
}

struct queue_case {
    const char *name, *service, *discipline;
    int slots;
    double load;     // utilisation
    double requests; // of a run, millions
    double sojourn;  // by the formula; minus 1 is the wait
    bool shares;
};

// What a run comes to, in mean services, each as means of batches.
struct found {
    size_t count;
    double wait[BATCHES], sojourn[BATCHES];
    double service;
    double short_need, short_sojourn; // of those who need less than the mean
    double rate;
};

struct measurement {
    const struct tdm_scenario *scenario;
    uint64_t seed;
    size_t count; // requests of the run, about
    double slots;
    struct found *found;
};

static void add(struct found *f, const struct measurement *m, const struct tdm_outcome *o,
                size_t per_batch)
{
    const double service = o->server_energy * m->slots / wait_watts / mean_service;
    const double sojourn = o->remote / mean_service;
    const size_t batch = f->count / per_batch;
    f->count++;
    if (batch >= BATCHES)
        return;
    f->wait[batch] += (sojourn - service) / (double)per_batch;
    f->sojourn[batch] += sojourn / (double)per_batch;
    f->service += service;
    if (service < 1) {
        f->short_need += service;
        f->short_sojourn += sojourn;
    }
}

static void measure(const void *context, struct forked *forked)
{
    const struct measurement *m = context;
    struct found *f = m->found;
    struct tdm_engine *engine = tdm_engine_open("simgrid:", m->scenario, m->seed, &forked->error);
    const struct tdm_plan all = world_sent(2, 3, 2, 0, 1, 32);
    const size_t per_batch = m->count / (BATCHES + 2); // the run may be a little shorter
    size_t warming = per_batch;
    struct tdm_event event;
    while (engine && tdm_engine_next(engine, &event))
        if (event.kind == TDM_DECISION)
            tdm_engine_decide(engine, &all);
        else if (warming > 0)
            warming--;
        else
            add(f, m, event.outcome, per_batch);
    if (engine)
        tdm_engine_check(engine, &forked->error);
    tdm_engine_free(engine);
}

static double mean_of(const double *x, double *error)
{
    double sum = 0, squares = 0;
    for (int i = 0; i < BATCHES; i++)
        sum += x[i];
    for (int i = 0; i < BATCHES; i++)
        squares += (x[i] - sum / BATCHES) * (x[i] - sum / BATCHES);
    *error = sqrt(squares / (BATCHES - 1) / BATCHES);
    return sum / BATCHES;
}

static void assert_formula(const struct queue_case *q, uint64_t seed, const char *what,
                           const double *batches, double formula)
{
    double error;
    const double mean = mean_of(batches, &error), tolerance = 0.02 * formula * sqrt(shorter);
    if (getenv("TANDEM_TEST_VERBOSE"))
        fprintf(stderr,
                "%-9s r %.1f seed %2d: mean %s %8.5f, formula %8.5f: %+5.2f %%, %.2f %% se\n",
                q->name, q->load, (int)seed, what, mean, formula, 100 * (mean / formula - 1),
                100 * error / formula);
    if (!(fabs(mean - formula) <= tolerance))
        fail_msg("%s at %g, seed %d: the mean %s is %g, not %g", q->name, q->load, (int)seed, what,
                 mean, formula);
    // With 40 batches the error itself is known within a fifth or so.
    if (!(4 * error <= 1.35 * tolerance))
        fail_msg("%s at %g: 2 %% are %.2f standard errors only", q->name, q->load,
                 tolerance / error);
}

static struct tdm_scenario *load(const struct world *w, const struct queue_case *q, size_t count)
{
    char server[1024], text[2048];
    snprintf(server, sizeof server,
             "<server name=\"q\" title=\"a queue\" flop=\"1e6 TFLOP/s\" overhead=\"10 ms\" "
             "slots=\"%d\" service=\"%s\" discipline=\"%s\" idle=\"0 W\" busy=\"%g W\" "
             "source=\"s\">" WORLD_SOURCE "</server>",
             q->slots, q->service, q->discipline, wait_watts);
    world_write(w, "queue.xml", server, NULL);
    const double rate = q->load * q->slots / mean_service;
    snprintf(text, sizeof text,
             "<scenario name=\"q\" duration=\"%.9g s\"><server id=\"c\" type=\"queue.xml\"/>"
             "<fleet count=\"100\"><board id=\"b\" type=\"toy.xml\" thermal=\"no\" "
             "switching=\"no\"/><link from=\"b\" to=\"c\" bandwidth=\"8000 Gbit/s\"/>"
             "<stream board=\"b\" dnn=\"small.xml\" arrivals=\"poisson\" rate=\"%.12g /s\" "
             "input=\"raw\" inflight=\"100\"/></fleet></scenario>",
             (double)count / rate, rate / 100);
    return world_load(w, text);
}

static void check(const struct world *w, const struct queue_case *q, uint64_t seed)
{
    const size_t count = (size_t)(q->requests * 1e6 / shorter);
    struct tdm_scenario *scenario = load(w, q, count);
    struct found *f =
        mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(f != MAP_FAILED);
    const struct measurement m = {scenario, seed, count, q->slots, f};
    struct forked *forked = forked_call(measure, &m);
    assert_string_equal(forked->error.message, "");
    forked_free(forked);
    tdm_scenario_free(scenario);
    assert_true(f->count >= BATCHES * (count / (BATCHES + 2)));
    if (q->shares) {
        assert_formula(q, seed, "sojourn", f->sojourn, q->sojourn);
    } else {
        assert_formula(q, seed, "wait", f->wait, q->sojourn - 1);
    }
    // First come, first served has the same mean sojourn as M/M/1-PS; what tells them apart is
    // that shares let nobody wait for long who needs little.
    if (q->shares && q->slots == 1 && strcmp(q->service, "exponential") == 0)
        assert_near(f->short_sojourn / f->short_need, q->sojourn,
                    0.02 * q->sojourn * sqrt(shorter));
    munmap(f, sizeof *f);
}

// Erlang's C: the probability that all c are busy, by his recursion for B.
static double erlang_c(int c, double offered)
{
    double b = 1;
    for (int k = 1; k <= c; k++)
        b = offered * b / (k + offered * b);
    return b / (1 - offered / c * (1 - b));
}

static double mmc_sojourn(int c, double load)
{
    return 1 + erlang_c(c, c * load) / (c * (1 - load));
}

// TANDEM_TEST_SEEDS=N tries N seeds in place of one.
static void check_all(const struct world *w, const struct queue_case *cases, size_t count)
{
    const char *seeds = getenv("TANDEM_TEST_SEEDS");
    for (size_t i = 0; i < count; i++)
        for (uint64_t seed = 1; seed <= (seeds ? strtoull(seeds, NULL, 10) : 1); seed++)
            check(w, &cases[i], seed);
}

static void one_server_by_turns(void **state)
{
    const struct queue_case cases[] = {
        {"M/M/1", "exponential", "fifo", 1, 0.5, 1.5, 1 / (1 - 0.5), false},
        {"M/M/1", "exponential", "fifo", 1, 0.8, 6, 1 / (1 - 0.8), false},
        {"M/D/1", "fixed", "fifo", 1, 0.5, 0.8, 1 + 0.5 / 2 / (1 - 0.5), false},
        {"M/D/1", "fixed", "fifo", 1, 0.8, 3, 1 + 0.8 / 2 / (1 - 0.8), false},
    };
    check_all(*state, cases, sizeof cases / sizeof *cases);
}

static void four_servers_by_turns(void **state)
{
    // By hand, of 2 and 3.2 offered: C is 4/23 and 0.5964.
    assert_near(erlang_c(4, 2), 4 / 23.0, 1e-12);
    assert_near(erlang_c(4, 3.2), 0.5964, 5e-5);
    const struct queue_case cases[] = {
        {"M/M/4", "exponential", "fifo", 4, 0.5, 4.5, mmc_sojourn(4, 0.5), false},
        {"M/M/4", "exponential", "fifo", 4, 0.8, 7, mmc_sojourn(4, 0.8), false},
    };
    check_all(*state, cases, sizeof cases / sizeof *cases);
}

static void shared_servers(void **state)
{
    const struct queue_case cases[] = {
        {"M/M/1-PS", "exponential", "shares", 1, 0.5, 0.5, 1 / (1 - 0.5), true},
        {"M/M/1-PS", "exponential", "shares", 1, 0.8, 4, 1 / (1 - 0.8), true},
        {"M/D/1-PS", "fixed", "shares", 1, 0.8, 2.5, 1 / (1 - 0.8), true},
        {"M/M/4-PS", "exponential", "shares", 4, 0.8, 2, mmc_sojourn(4, 0.8), true},
    };
    check_all(*state, cases, sizeof cases / sizeof *cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_server_by_turns),
        cmocka_unit_test(four_servers_by_turns),
        cmocka_unit_test(shared_servers),
    };
    return cmocka_run_group_tests(tests, make, world_tear_down);
}

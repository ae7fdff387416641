// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A run in a process of its own, which "simgrid:" needs: the plans of world_plans, and what came of
 * them. Include it after world.h.
 */
#ifndef TESTS_FORKED_H
#define TESTS_FORKED_H

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { FORKED_OUTCOMES = 4096, FORKED_BOARDS = 16 };

struct forked {
    struct tdm_outcome items[FORKED_OUTCOMES]; /**< the first of them */
    size_t count;
    struct tdm_state states[FORKED_OUTCOMES]; /**< of the first decisions */
    size_t decisions;
    struct tdm_board_totals totals[FORKED_BOARDS];
    bool ordered; /**< no event came before the one before it */
    struct tdm_error error;
};

struct forked_plans {
    const char *uri;
    const struct tdm_scenario *scenario;
    const struct tdm_plan *plans; /**< the i-th decision on board b: plans[(b + i * stride) % n] */
    size_t count, stride;
};

#if defined(__SANITIZE_ADDRESS__)
#define FORKED_LEAKS
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FORKED_LEAKS
#endif
#endif
#ifdef FORKED_LEAKS
int __lsan_do_recoverable_leak_check(void);
#endif

static inline void forked_follow(struct tdm_engine *engine, const struct forked_plans *p,
                                 struct forked *f)
{
    size_t decided[FORKED_BOARDS] = {0};
    double now = 0;
    struct tdm_event event;
    f->ordered = true;
    while (tdm_engine_next(engine, &event)) {
        const struct tdm_outcome *o = event.outcome;
        double then = event.state->now;
        if (event.kind == TDM_OUTCOME) {
            then = o->dropped ? o->start : o->answer;
            if (f->count < FORKED_OUTCOMES)
                f->items[f->count] = *o;
            f->count++;
        } else {
            const int board = event.state->board;
            if (f->decisions < FORKED_OUTCOMES)
                f->states[f->decisions] = *event.state;
            f->decisions++;
            tdm_engine_decide(engine,
                              &p->plans[((size_t)board + p->stride * decided[board]++) % p->count]);
        }
        f->ordered &= then >= now;
        now = then;
    }
    if (tdm_engine_check(engine, &f->error))
        return;
    for (size_t i = 0; i < engine->unit_count && i < FORKED_BOARDS; i++)
        tdm_engine_totals(engine, (int)i, &f->totals[i]);
}

static inline void forked_plans_run(const void *context, struct forked *f)
{
    const struct forked_plans *p = context;
    struct tdm_engine *engine = tdm_engine_open_recorded(p->uri, p->scenario, 1, true, &f->error);
    if (engine)
        forked_follow(engine, p, f);
    tdm_engine_free(engine);
}

/**
 * Calls `work` in a child; what it writes to its `struct forked` is returned, all zero before. The
 * caller gives it to forked_free. No cmocka in the child.
 */
static inline struct forked *forked_call(void (*work)(const void *context, struct forked *f),
                                         const void *context)
{
    struct forked *f =
        mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(f != MAP_FAILED);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        alarm(100); // a hang is a failure
        static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
        for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
            signal(signals[i], SIG_DFL); // not cmocka's, which goes on with the next test
        work(context, f);
        int status = 0;
#ifdef FORKED_LEAKS
        status = __lsan_do_recoverable_leak_check() ? 3 : 0;
#endif
        _exit(status);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (status)
        fail_msg("the run's process ended with status %#x: %s", status, f->error.message);
    return f;
}

static inline void forked_free(struct forked *f)
{
    munmap(f, sizeof *f);
}

/** Board b's plans are plans[b % count], in an engine by its URI. */
static inline struct forked *forked_run(const char *uri, const struct tdm_scenario *scenario,
                                        const struct tdm_plan *plans, size_t count)
{
    const struct forked_plans p = {uri, scenario, plans, count, 0};
    struct forked *f = forked_call(forked_plans_run, &p);
    if (f->error.message[0])
        fail_msg("%s: %s", uri, f->error.message);
    assert_true(f->ordered);
    return f;
}

#endif

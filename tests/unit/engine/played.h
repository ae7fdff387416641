// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Runs of any length by any engine, each in a process of its own, and all of their outcomes.
 * Include it after forked.h.
 */
#ifndef TESTS_PLAYED_H
#define TESTS_PLAYED_H

enum { PLAYED_BOARDS = 16 };

/** Decides; called in the child. */
typedef void (*played_choose)(void *context, const struct tdm_state *state, struct tdm_plan *plan);

struct played {
    size_t count, room;
    struct tdm_board_totals totals[PLAYED_BOARDS]; /**< of the first boards */
    struct tdm_outcome items[];                    /**< in the order of the answers */
};

struct played_run {
    const char *uri;
    const struct tdm_scenario *scenario;
    uint64_t seed;
    played_choose choose;
    void *context;
    struct played *played;
};

static inline void played_child(const void *context, struct forked *f)
{
    const struct played_run *run = context;
    struct played *p = run->played;
    struct tdm_engine *engine =
        tdm_engine_open_recorded(run->uri, run->scenario, run->seed, false, &f->error);
    struct tdm_event event;
    struct tdm_plan plan;
    while (engine && tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION) {
            run->choose(run->context, event.state, &plan);
            tdm_engine_decide(engine, &plan);
        } else if (p->count < p->room) {
            p->items[p->count++] = *event.outcome;
        }
    }
    if (engine && tdm_engine_check(engine, &f->error) == 0)
        for (size_t i = 0; i < engine->unit_count && i < PLAYED_BOARDS; i++)
            tdm_engine_totals(engine, (int)i, &p->totals[i]);
    tdm_engine_free(engine);
}

static inline size_t played_size(size_t room)
{
    return sizeof(struct played) + room * sizeof(struct tdm_outcome);
}

/** `choose` may write where the caller sees it only to memory that both share. */
static inline struct played *play(const char *uri, const struct tdm_scenario *scenario,
                                  uint64_t seed, size_t room, played_choose choose, void *context)
{
    struct played *p = mmap(NULL, played_size(room), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    assert_true(p != MAP_FAILED);
    p->room = room;
    const struct played_run run = {uri, scenario, seed, choose, context, p};
    struct forked *f = forked_call(played_child, &run);
    if (f->error.message[0])
        fail_msg("%s: %s", uri, f->error.message);
    forked_free(f);
    assert_true(p->count < room); // none was left out
    return p;
}

static inline void played_free(struct played *p)
{
    munmap(p, played_size(p->room));
}

/** The same plan for everybody: `context` is it. */
static inline void play_one_plan(void *context, const struct tdm_state *state,
                                 struct tdm_plan *plan)
{
    (void)state;
    *plan = *(const struct tdm_plan *)context;
}

#endif

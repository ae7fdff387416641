// SPDX-License-Identifier: GPL-3.0-or-later
/** The first decision of a policy in the small world. Include it after cmocka.h. */
#ifndef TESTS_FIRST_H
#define TESTS_FIRST_H

#include "../engine/world.h"

#define KNOBS "<knobs xi=\"0 %, 50 %, 100 %\" bits=\"32, 8\" processor=\"all\"/>"
#define PLAIN(link, knobs) WORLD_SCENARIO(WORLD_BOARD link WORLD_STREAM knobs)

struct first {
    struct tdm_scenario *scenario;
    struct tdm_engine *engine;
    struct tdm_policy *policy;
    struct tdm_event event;
    struct tdm_plan plan;
};

/** The caller ends it by first_done. */
static inline struct first first_of(const struct world *w, const char *text, const char *name)
{
    struct first f = {.scenario = world_load(w, text)};
    f.engine = world_open(f.scenario, 1);
    f.policy = world_policy(name, f.scenario, 1);
    assert_true(tdm_engine_next(f.engine, &f.event));
    assert_int_equal(f.event.kind, TDM_DECISION);
    memset(&f.plan, 0xff, sizeof f.plan);
    tdm_policy_decide(f.policy, f.event.state, &f.plan);
    return f;
}

/** What another plan would lead to in its place. */
static inline struct tdm_outcome first_foresee(const struct first *f, const struct tdm_plan *plan)
{
    struct tdm_outcome outcome;
    tdm_unit_foresee(f->event.state->unit, plan, &outcome);
    return outcome;
}

static inline void first_done(struct first *f)
{
    tdm_policy_free(f->policy);
    tdm_engine_free(f->engine);
    tdm_scenario_free(f->scenario);
}

#endif

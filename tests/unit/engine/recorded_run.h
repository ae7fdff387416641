// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A small board and scenarios in a folder of their own, and runs of them under plans that are drawn
 * from everything that the scenario frees, with and without a record.
 */
#ifndef TESTS_RECORDED_RUN_H
#define TESTS_RECORDED_RUN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/h5.h"
#include "core/random.h"
#include "engine/record.h"

// ---- files -------------------------------------------------------------------------------------

static char run_folder[64];

static inline int run_setup(void **state)
{
    (void)state;
    strcpy(run_folder, "/tmp/tandem-record-XXXXXX");
    return mkdtemp(run_folder) ? 0 : -1;
}

static inline int run_teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf '%s'", run_folder);
    return system(command);
}

/** The path of a file in the folder, in one of eight buffers. */
static inline const char *run_path(const char *name)
{
    static char paths[8][160];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", run_folder, name);
    return path;
}

static inline void run_write(const char *name, const char *text)
{
    FILE *file = fopen(run_path(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

/** Up and down, slow and fast, with an outage. */
static const char run_trace[] =
    "time_s,up_mbit_s,down_mbit_s\n0,8,20\n2,1,3\n5,30,30\n9,0,0\n10,4,9\n14,12,12\n16,12,12\n";

/** The board "toy", in a buffer of its own. */
static inline char *run_board(void)
{
    static char text[8192];
    FILE *file = fopen(TANDEM_SOURCE_DIR "/tests/unit/engine/toy.xml", "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    return text;
}

/** Writes the board, the trace and a scenario "NAME.xml" with this inside. */
static inline const char *run_scenario(const char *name, const char *inside)
{
    run_write("toy.xml", run_board());
    run_write("trace.csv", run_trace);
    char text[4096], file[64];
    snprintf(text, sizeof text, "<scenario name='%s' seed='7' duration='60 s'>%s</scenario>", name,
             inside);
    snprintf(file, sizeof file, "%s.xml", name);
    run_write(file, text);
    return run_path(file);
}

#define RUN_LINK \
    "<server id='cloud' type='rtx-3080'/>" \
    "<link from='b' to='cloud' trace='trace.csv' rtt='20 ms' radio='wifi'/>" \
    "<knobs cut='all' xi='0 %, 50 %, 100 %' bits='32, 8' processor='all' cpu='all' gpu='all'" \
    " emc='all'/>"

// ---- runs --------------------------------------------------------------------------------------

/** What a run came to. Free the outcomes. */
struct run {
    struct tdm_outcome *outcomes;
    size_t count;
    struct tdm_board_totals totals[4];
    size_t board_count;
    struct tdm_error error; /**< of tdm_engine_check */
    bool failed;
};

/** Draws a plan from the levels of the decision's stream; one in four leaves the clocks governed.
 */
static inline struct tdm_plan run_draw(struct tdm_random *random, const struct tdm_state *state)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    struct tdm_plan plan = {.governor = -1, .cap = {-1, -1, -1}, .bits = 32};
    const bool governed = tdm_random_below(random, 4) == 0;
    for (int d = 0; d < TDM_CLOCKS; d++)
        plan.opp[d] =
            governed ? TDM_GOVERNED
                     : levels->opp[d][tdm_random_below(random, (uint64_t)levels->opp_count[d])];
    if (governed)
        plan.cap[TDM_GPU] = (int)tdm_random_below(random, 3) - 1;
    plan.processor = levels->processor[tdm_random_below(random, (uint64_t)levels->processor_count)];
    if (levels->version_count > 1)
        plan.version = levels->version[tdm_random_below(random, (uint64_t)levels->version_count)];
    if (levels->version_count > 1 && tdm_random_below(random, 2) == 0)
        plan.first = (int)tdm_random_below(random, (uint64_t)levels->version_count);
    const int exits = levels->exit_count[plan.version];
    if (exits > 1)
        plan.exit = levels->exit[plan.version][tdm_random_below(random, (uint64_t)exits)];
    plan.point = tdm_queue_until(queue, plan.version, plan.exit)->costs->point_count - 1;
    if (!levels->link_count || tdm_random_below(random, 3) == 0)
        return plan;
    const int *points = levels->version_point[plan.version];
    const int before = tdm_levels_points(levels, plan.version, plan.point - 1);
    plan.point = points[tdm_random_below(random, (uint64_t)before)];
    plan.xi = levels->xi[tdm_random_below(random, (uint64_t)levels->xi_count)];
    plan.bits = levels->bits[tdm_random_below(random, (uint64_t)levels->bits_count)];
    return plan;
}

/** Remembers each decision's plan, or draws it. */
struct run_plans {
    struct tdm_plan *items;
    size_t count;
};

static inline void run_fail(const struct tdm_error *error)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fail_msg("%s", text);
}

/**
 * Runs a scenario file; `record`, if not NULL, is the name of the record. Where `plans` has plans,
 * the n-th decision gets the n-th of them (and from the first again at the end), else they are
 * drawn and kept there; NULL: only drawn.
 */
static inline struct run run_it(const char *path, uint64_t seed, const char *record,
                                struct run_plans *plans)
{
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = tdm_scenario_load(path, &error);
    if (!scenario)
        run_fail(&error);
    struct tdm_engine *engine =
        tdm_engine_open_recorded("analytic:", scenario, seed, record != NULL, &error);
    if (!engine)
        run_fail(&error);
    const struct tdm_record_about about = {.policy = "drawn", .command_line = path};
    struct tdm_record *r =
        record ? tdm_record_open(run_path(record), engine, &about, &error) : NULL;
    if (record && !r)
        run_fail(&error);
    struct run run = {.board_count = engine->unit_count};
    struct tdm_random random;
    tdm_random_seed(&random, seed, "plans", 0);
    const bool given = plans && plans->count;
    size_t decisions = 0;
    struct tdm_event event;
    while (tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_OUTCOME) {
            run.outcomes = realloc(run.outcomes, (run.count + 1) * sizeof *run.outcomes);
            run.outcomes[run.count++] = *event.outcome;
            if (r)
                assert_int_equal(tdm_record_outcome(r, event.outcome, &error), 0);
            continue;
        }
        struct tdm_plan plan = run_draw(&random, event.state);
        if (given) {
            plan = plans->items[decisions % plans->count];
        } else if (plans) {
            plans->items = realloc(plans->items, (decisions + 1) * sizeof *plans->items);
            plans->items[decisions] = plan;
        }
        decisions++;
        tdm_engine_decide(engine, &plan);
    }
    if (plans && !given)
        plans->count = decisions;
    for (size_t i = 0; i < engine->unit_count && i < 4; i++)
        tdm_engine_totals(engine, (int)i, &run.totals[i]);
    run.failed = tdm_engine_check(engine, &run.error) != 0;
    if (r && tdm_record_finish(r, &error))
        run_fail(&error);
    tdm_engine_free(engine);
    tdm_scenario_free(scenario);
    return run;
}

// ---- reading a record --------------------------------------------------------------------------

/** A column as doubles (free it), and how long it is. */
static inline double *run_column(struct tdm_h5 *file, const char *path, size_t *count)
{
    size_t shape[TDM_H5_RANK];
    assert_int_equal(tdm_h5_shape(file, path, shape, NULL), 1);
    *count = shape[0];
    double *values = malloc((*count + 1) * sizeof *values);
    assert_int_equal(tdm_h5_get_array(file, path, TDM_H5_DOUBLE, *count, values, NULL), 0);
    return values;
}

#endif

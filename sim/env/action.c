// SPDX-License-Identifier: GPL-3.0-or-later
#include "env/action.h"

#include <assert.h>
#include <string.h>

#include "core/error.h"

const char *const tdm_knob_names[TDM_KNOBS + 1] = {
    "cpu", "gpu", "emc", "processor", "cut", "xi", "bits", "link", "version", "exit", NULL};

static void count_levels(const struct tdm_levels *levels, int count[TDM_KNOBS])
{
    const bool sends = levels->xi_count && levels->link_count && levels->point_count;
    for (int d = 0; d < TDM_CLOCKS; d++)
        count[d] = levels->opp_count[d];
    count[TDM_KNOB_PROCESSOR] = levels->processor_count;
    count[TDM_KNOB_CUT] = sends ? levels->point_count : 1;
    count[TDM_KNOB_XI] = sends ? levels->xi_count + 1 : 1;
    count[TDM_KNOB_BITS] = sends ? levels->bits_count : 1;
    count[TDM_KNOB_LINK] = sends ? levels->link_count : 1;
    count[TDM_KNOB_VERSION] = levels->version_count;
    count[TDM_KNOB_EXIT] = levels->exit_count[0];
}

static int check_alike(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                       const int first[TDM_KNOBS], const int count[TDM_KNOBS],
                       struct tdm_error *error)
{
    for (int k = 0; k < TDM_KNOBS; k++)
        if (count[k] != first[k])
            return tdm_fail_at(error, scenario->path, stream->place.line, stream->place.column,
                               "the knob '%s' has %d levels for this stream and %d for the first; "
                               "an environment needs as many for all (see <knobs>)",
                               tdm_knob_names[k], count[k], first[k]);
    return 0;
}

// A level of 'cut' means as many things whatever the version.
static int check_points(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                        const struct tdm_levels *levels, struct tdm_error *error)
{
    for (int v = 1; v < levels->version_count; v++) {
        const int version = levels->version[v], count = levels->version_points[version];
        if (count != levels->point_count)
            return tdm_fail_at(
                error, scenario->path, stream->place.line, stream->place.column,
                "the knob 'cut' has %d levels for the version '%.64s' and %d for '%.64s'; an "
                "environment needs as many for all: write a number that all have, cut=\"4\"",
                count, stream->versions[version].dnn->name, levels->point_count, stream->dnn->name);
    }
    return 0;
}

// Nor is there an exit that only some have.
static int check_exits(const struct tdm_scenario *scenario, const struct tdm_stream *stream,
                       const struct tdm_levels *levels, struct tdm_error *error)
{
    for (int v = 1; v < levels->version_count; v++) {
        const int version = levels->version[v], count = levels->exit_count[version];
        if (count != levels->exit_count[0])
            return tdm_fail_at(
                error, scenario->path, stream->place.line, stream->place.column,
                "the knob 'exit' has %d levels for the version '%.64s' and %d for '%.64s'; an "
                "environment needs as many for all",
                count, stream->versions[version].dnn->name, levels->exit_count[0],
                stream->dnn->name);
    }
    return 0;
}

// Of one stream of each kind of board: those of a fleet are alike.
static int read_counts(const struct tdm_scenario *scenario, struct tdm_arena *arena,
                       int first[TDM_KNOBS], struct tdm_error *error)
{
    struct tdm_levels *levels = tdm_arena_alloc(arena, sizeof *levels);
    if (!levels)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < scenario->stream_count; i++) {
        const struct tdm_stream *stream = &scenario->streams[i];
        const int twin = scenario->boards[stream->board].twin;
        if (twin >= 0 && twin != stream->board)
            continue;
        *levels = (struct tdm_levels){0};
        int count[TDM_KNOBS];
        if (tdm_levels_read(levels, scenario, stream, arena, error))
            return -1;
        count_levels(levels, count);
        if (check_points(scenario, stream, levels, error) ||
            check_exits(scenario, stream, levels, error))
            return -1;
        if (i == 0)
            memcpy(first, count, sizeof count);
        else if (check_alike(scenario, stream, first, count, error))
            return -1;
    }
    return 0;
}

int tdm_actions_read(struct tdm_actions *actions, const struct tdm_scenario *scenario,
                     struct tdm_error *error)
{
    *actions = (struct tdm_actions){0};
    struct tdm_arena *arena = tdm_arena_new((size_t)1 << 28);
    if (!arena)
        return tdm_fail(error, "out of memory");
    int count[TDM_KNOBS] = {0};
    const int status = read_counts(scenario, arena, count, error);
    tdm_arena_free(arena);
    for (int k = 0; status == 0 && k < TDM_KNOBS; k++) {
        if (count[k] < 2)
            continue;
        actions->knob[actions->count] = k;
        actions->levels[actions->count++] = count[k];
    }
    return status;
}

static double value_of(const struct tdm_levels *levels, const struct tdm_stream *stream,
                       const struct tdm_board *board, int knob, int level)
{
    switch (knob) {
    case TDM_KNOB_PROCESSOR:
        return levels->processor[level];
    case TDM_KNOB_CUT:
        return (double)tdm_point_layers(stream->dnn, levels->point[level]);
    case TDM_KNOB_XI:
        return level ? levels->xi[level - 1] : 0;
    case TDM_KNOB_BITS:
        return levels->bits[level];
    case TDM_KNOB_LINK:
        return level;
    case TDM_KNOB_VERSION:
        return levels->version[level];
    case TDM_KNOB_EXIT:
        return levels->exit[0][level];
    default:
        break;
    }
    const int opp = levels->opp[knob][level];
    return opp < 0 ? -1 : board->domain[knob]->opps[opp].hz;
}

int tdm_actions_values(const struct tdm_actions *actions, int i,
                       const struct tdm_scenario *scenario, double *values, struct tdm_error *error)
{
    struct tdm_arena *arena = tdm_arena_new((size_t)1 << 28);
    struct tdm_levels *levels = arena ? tdm_arena_alloc(arena, sizeof *levels) : NULL;
    const struct tdm_stream *stream = &scenario->streams[0];
    int status = levels ? 0 : tdm_fail(error, "out of memory");
    if (status == 0) {
        *levels = (struct tdm_levels){0};
        status = tdm_levels_read(levels, scenario, stream, arena, error);
    }
    for (int l = 0; status == 0 && l < actions->levels[i]; l++)
        values[l] =
            value_of(levels, stream, scenario->boards[stream->board].board, actions->knob[i], l);
    tdm_arena_free(arena);
    return status;
}

// Every knob's level; those that are not free have one.
static void spread(const struct tdm_actions *actions, const int32_t *action, int level[TDM_KNOBS])
{
    memset(level, 0, TDM_KNOBS * sizeof *level);
    for (int i = 0; i < actions->count; i++) {
        assert(action[i] >= 0 && action[i] < actions->levels[i]);
        level[actions->knob[i]] = action[i];
    }
}

void tdm_actions_plan(const struct tdm_actions *actions, const int32_t *action,
                      const struct tdm_state *state, struct tdm_plan *plan)
{
    const struct tdm_queue *queue = tdm_unit_queue(state->unit, state->stream);
    const struct tdm_levels *levels = queue->levels;
    int level[TDM_KNOBS];
    spread(actions, action, level);
    const int version = levels->version[level[TDM_KNOB_VERSION]];
    const int leaves = levels->exit[version][level[TDM_KNOB_EXIT]];
    const int last = tdm_queue_until(queue, version, leaves)->costs->point_count - 1;
    *plan = (struct tdm_plan){
        .opp = {levels->opp[0][level[0]], levels->opp[1][level[1]], levels->opp[2][level[2]]},
        .cap = {-1, -1, -1},
        .governor = -1,
        .processor = levels->processor[level[TDM_KNOB_PROCESSOR]],
        .version = version,
        .exit = leaves,
        .point = last,
        .bits = 32};
    if (level[TDM_KNOB_XI] == 0)
        return;
    const int point = levels->version_point[version][level[TDM_KNOB_CUT]];
    if (point >= last)
        return;
    plan->point = point;
    plan->xi = plan->point == 0 ? 1 : levels->xi[level[TDM_KNOB_XI] - 1];
    plan->bits = levels->bits[level[TDM_KNOB_BITS]];
    plan->link = level[TDM_KNOB_LINK];
}

int tdm_actions_levels(const struct tdm_actions *actions, int knob)
{
    for (int i = 0; i < actions->count; i++)
        if (actions->knob[i] == knob)
            return actions->levels[i];
    return 1;
}

void tdm_actions_set(const struct tdm_actions *actions, int32_t *action, int knob, int level)
{
    for (int i = 0; i < actions->count; i++)
        if (actions->knob[i] == knob)
            action[i] = level;
}

void tdm_actions_local(const struct tdm_actions *actions, int32_t *action)
{
    for (int i = 0; i < actions->count; i++) {
        const int knob = actions->knob[i];
        action[i] = knob <= TDM_KNOB_EMC ? actions->levels[i] - 1 : 0;
    }
}

int tdm_actions_places(const struct tdm_actions *actions)
{
    return tdm_actions_levels(actions, TDM_KNOB_XI) > 1
               ? tdm_actions_levels(actions, TDM_KNOB_CUT) + 1
               : 1;
}

void tdm_actions_set_place(const struct tdm_actions *actions, int32_t *action, int place)
{
    const int all = tdm_actions_levels(actions, TDM_KNOB_XI) - 1;
    tdm_actions_set(actions, action, TDM_KNOB_XI, place ? all : 0);
    tdm_actions_set(actions, action, TDM_KNOB_CUT, place ? place - 1 : 0);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/learn/replay.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/error.h"
#include "policies/learn/floats.h"

static const double little = 1e-6; // so that no transition is never seen again

// ---- making ------------------------------------------------------------------------------------

static size_t row_floats(const struct tdm_replay *replay)
{
    return 2 * replay->width + 2;
}

int tdm_replay_open(struct tdm_replay *replay, size_t capacity, int width, int branches,
                    double alpha, struct tdm_error *error)
{
    assert(capacity >= 1 && width >= 1 && branches >= 1);
    *replay = (struct tdm_replay){.capacity = capacity,
                                  .width = (size_t)width,
                                  .branches = (size_t)branches,
                                  .alpha = alpha,
                                  .highest = 1,
                                  .leaves = 1};
    // From calloc, so that pages are taken as the memory fills.
    replay->memory = calloc(capacity, row_floats(replay) * sizeof *replay->memory);
    replay->actions = calloc(capacity, replay->branches * sizeof *replay->actions);
    while (replay->leaves < capacity)
        replay->leaves *= 2;
    if (!isnan(alpha))
        replay->sums = calloc(2 * replay->leaves, sizeof *replay->sums);
    if (replay->memory && replay->actions && (replay->sums || isnan(alpha)))
        return 0;
    tdm_replay_close(replay);
    return tdm_fail(error, "out of memory for %zu transitions", capacity);
}

void tdm_replay_close(struct tdm_replay *replay)
{
    free(replay->memory);
    free(replay->actions);
    free(replay->sums);
    *replay = (struct tdm_replay){0};
}

// ---- priorities --------------------------------------------------------------------------------

// Sums are made anew, not corrected, so that no rounding builds up.
static void set_priority(struct tdm_replay *replay, size_t slot, double priority)
{
    double *sums = replay->sums;
    size_t i = replay->leaves + slot;
    sums[i] = priority;
    for (i /= 2; i >= 1; i /= 2)
        sums[i] = sums[2 * i] + sums[2 * i + 1];
}

// The slot in which the sum of priorities reaches beyond `at`.
static size_t find(const struct tdm_replay *replay, double at)
{
    const double *sums = replay->sums;
    size_t i = 1;
    while (i < replay->leaves) {
        i *= 2;
        // Rounding may lead past the last that counts: never into a half that holds nothing.
        if (at >= sums[i] && sums[i + 1] > 0)
            at -= sums[i++];
    }
    return i - replay->leaves;
}

void tdm_replay_errors(struct tdm_replay *replay, const struct tdm_batch *batch,
                       const float *errors)
{
    if (!replay->sums)
        return;
    for (int i = 0; i < batch->rows; i++) {
        const double priority = pow(fabs((double)errors[i]) + little, replay->alpha);
        replay->highest = priority > replay->highest ? priority : replay->highest;
        set_priority(replay, batch->slots[i], priority);
    }
}

void tdm_replay_restore(struct tdm_replay *replay)
{
    double *sums = replay->sums;
    size_t used = replay->count;
    if (!sums)
        return;
    for (size_t first = replay->leaves / 2; first >= 1; first /= 2) { // level by level
        used = (used + 1) / 2;
        for (size_t i = first; i < first + used; i++)
            sums[i] = sums[2 * i] + sums[2 * i + 1];
    }
}

// ---- transitions -------------------------------------------------------------------------------

void tdm_replay_add(struct tdm_replay *replay, const struct tdm_transition *transition)
{
    const size_t slot = replay->next, width = replay->width;
    float *row = replay->memory + slot * row_floats(replay);
    memcpy(row, transition->observation, width * sizeof *row);
    memcpy(row + width, transition->next, width * sizeof *row);
    row[2 * width] = transition->reward;
    row[2 * width + 1] = transition->discount;
    memcpy(replay->actions + slot * replay->branches, transition->action,
           replay->branches * sizeof *replay->actions);
    if (replay->sums)
        set_priority(replay, slot, replay->highest);
    replay->next = slot + 1 == replay->capacity ? 0 : slot + 1;
    replay->count += replay->count < replay->capacity;
}

int tdm_batch_open(struct tdm_batch *batch, const struct tdm_replay *replay, int rows,
                   struct tdm_error *error)
{
    const size_t n = (size_t)rows;
    *batch = (struct tdm_batch){.rows = rows};
    batch->slots = calloc(n, sizeof *batch->slots);
    batch->observations = tdm_floats(n * replay->width);
    batch->nexts = tdm_floats(n * replay->width);
    batch->rewards = tdm_floats(n);
    batch->discounts = tdm_floats(n);
    batch->weights = tdm_floats(n);
    batch->actions = calloc(n * replay->branches, sizeof *batch->actions);
    if (batch->slots && batch->observations && batch->nexts && batch->rewards && batch->discounts &&
        batch->weights && batch->actions)
        return 0;
    tdm_batch_close(batch);
    return tdm_fail(error, "out of memory for batches of %d rows", rows);
}

void tdm_batch_close(struct tdm_batch *batch)
{
    free(batch->slots);
    free(batch->observations);
    free(batch->nexts);
    free(batch->rewards);
    free(batch->discounts);
    free(batch->weights);
    free(batch->actions);
    *batch = (struct tdm_batch){0};
}

// ---- sampling ----------------------------------------------------------------------------------

static void draw_uniformly(const struct tdm_replay *replay, struct tdm_random *random,
                           struct tdm_batch *batch)
{
    for (int i = 0; i < batch->rows; i++) {
        batch->slots[i] = (size_t)tdm_random_below(random, replay->count);
        batch->weights[i] = 1;
    }
}

// Weights are (count P)^-beta, scaled so that the largest of the batch is 1.
static void draw_by_priority(const struct tdm_replay *replay, struct tdm_random *random,
                             double beta, struct tdm_batch *batch)
{
    const double total = replay->sums[1], part = total / batch->rows;
    double least = INFINITY;
    for (int i = 0; i < batch->rows; i++) {
        const size_t slot = find(replay, part * (i + tdm_random_uniform(random)));
        batch->slots[i] = slot;
        least = fmin(least, replay->sums[replay->leaves + slot]);
    }
    for (int i = 0; i < batch->rows; i++) {
        const double priority = replay->sums[replay->leaves + batch->slots[i]];
        batch->weights[i] = (float)pow(least / priority, beta);
    }
}

static void gather(const struct tdm_replay *replay, struct tdm_batch *batch)
{
    const size_t width = replay->width, branches = replay->branches;
    for (size_t i = 0; i < (size_t)batch->rows; i++) {
        const float *row = replay->memory + batch->slots[i] * row_floats(replay);
        memcpy(batch->observations + i * width, row, width * sizeof *row);
        memcpy(batch->nexts + i * width, row + width, width * sizeof *row);
        batch->rewards[i] = row[2 * width];
        batch->discounts[i] = row[2 * width + 1];
        memcpy(batch->actions + i * branches, replay->actions + batch->slots[i] * branches,
               branches * sizeof *batch->actions);
    }
}

void tdm_replay_sample(const struct tdm_replay *replay, struct tdm_random *random, double beta,
                       struct tdm_batch *batch)
{
    assert(replay->count);
    if (replay->sums)
        draw_by_priority(replay, random, beta, batch);
    else
        draw_uniformly(replay, random, batch);
    gather(replay, batch);
}

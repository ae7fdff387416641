// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Deep Q-learning (Mnih et al., Nature 518, 2015) with a target network; as is asked for, double
 * (van Hasselt et al., AAAI 2016), dueling (Wang et al., ICML 2016) and branching: a head a knob
 * over shared layers, all led to one target, the mean of the heads' values of the next state
 * (Tavakoli et al., AAAI 2018).
 *
 * The network puts out the value first, where it is dueling, and then each head's values or
 * advantages.
 */
#include "policies/learn/learner.h"

#include <math.h>
#include <stdlib.h>

#include "core/error.h"
#include "policies/learn/adam.h"
#include "policies/learn/floats.h"
#include "policies/learn/heads.h"
#include "policies/learn/huber.h"
#include "policies/learn/mlp.h"

enum { ACT_ROWS = 64 };

struct dqn {
    struct tdm_heads heads;
    int first; // output of the first head: 1 behind a value
    struct tdm_mlp online;
    struct tdm_mlp_pass pass;
    struct tdm_random explore;
    float *scratch, *output; // of a single row

    // What learning takes besides.
    struct tdm_mlp target;
    struct tdm_adam adam;
    struct tdm_replay replay;
    struct tdm_batch batch;
    struct tdm_random draw;
    int *choices;    // a head a row
    float *targets;  // a row
    float *errors;   // a row: mean size over the heads
    float *slopes;   // dLoss/dOutput
    float *gradient; // dLoss/dParameters
};

// ---- making ------------------------------------------------------------------------------------

static int open_network(struct tdm_learner *learner, struct dqn *dqn, struct tdm_error *error)
{
    const struct tdm_learn_options *options = &learner->options;
    if (tdm_heads_make(&dqn->heads, &learner->shape, options->branching, error))
        return -1;
    dqn->first = options->dueling;
    int sizes[TDM_MLP_LAYERS + 1];
    const int layers = tdm_heads_layers(learner, dqn->first + dqn->heads.total, sizes);
    if (tdm_mlp_open(&dqn->online, sizes, layers, error))
        return -1;
    struct tdm_random random;
    tdm_random_seed(&random, (uint64_t)options->seed, "learn/parameters", 0);
    tdm_mlp_initialise(&dqn->online, &random);
    return 0;
}

static int open_learning(struct tdm_learner *learner, struct dqn *dqn, struct tdm_error *error)
{
    const struct tdm_learn_options *options = &learner->options;
    const size_t rows = (size_t)options->batch, count = dqn->online.count;
    if (tdm_mlp_open(&dqn->target, dqn->online.sizes, dqn->online.layers, error) ||
        tdm_adam_open(&dqn->adam, count, options->rate, error) ||
        tdm_learner_remember(learner, &dqn->replay, &dqn->batch, error))
        return -1;
    tdm_mlp_follow(&dqn->target, &dqn->online, 1);
    tdm_random_seed(&dqn->draw, (uint64_t)options->seed, "learn/replay", 0);
    dqn->choices = calloc(rows * (size_t)dqn->heads.count, sizeof *dqn->choices);
    dqn->targets = tdm_floats(rows);
    dqn->errors = tdm_floats(rows);
    dqn->slopes = tdm_floats(rows * (size_t)(dqn->first + dqn->heads.total));
    dqn->gradient = tdm_floats(count);
    if (dqn->choices && dqn->targets && dqn->errors && dqn->slopes && dqn->gradient)
        return 0;
    return tdm_fail(error, "out of memory");
}

static int open_dqn(struct tdm_learner *learner, struct tdm_error *error)
{
    struct dqn *dqn = learner->own = calloc(1, sizeof *dqn);
    if (!dqn)
        return tdm_fail(error, "out of memory");
    if (open_network(learner, dqn, error))
        return -1;
    const int batch = learner->learns ? (int)learner->options.batch : 0;
    if (tdm_mlp_pass_open(&dqn->pass, &dqn->online, batch > ACT_ROWS ? batch : ACT_ROWS, error))
        return -1;
    dqn->scratch = tdm_floats(2 * (size_t)dqn->online.widest);
    dqn->output = tdm_floats((size_t)dqn->online.widest);
    if (!dqn->scratch || !dqn->output)
        return tdm_fail(error, "out of memory");
    tdm_random_seed(&dqn->explore, (uint64_t)learner->options.seed, "learn/explore", 0);
    return learner->learns ? open_learning(learner, dqn, error) : 0;
}

static void close_dqn(struct tdm_learner *learner)
{
    struct dqn *dqn = learner->own;
    if (!dqn)
        return;
    tdm_mlp_close(&dqn->online);
    tdm_mlp_close(&dqn->target);
    tdm_mlp_pass_close(&dqn->pass);
    tdm_adam_close(&dqn->adam);
    tdm_replay_close(&dqn->replay);
    tdm_batch_close(&dqn->batch);
    free(dqn->scratch);
    free(dqn->output);
    free(dqn->choices);
    free(dqn->targets);
    free(dqn->errors);
    free(dqn->slopes);
    free(dqn->gradient);
    free(dqn);
}

// ---- acting ------------------------------------------------------------------------------------

// Value and mean advantage are the same for all choices of a head: the largest advantage wins.
static void best_choices(const struct dqn *dqn, const float *output, int *choices)
{
    const struct tdm_heads *heads = &dqn->heads;
    for (int h = 0; h < heads->count; h++)
        choices[h] = tdm_largest(output + dqn->first + heads->at[h], heads->sizes[h]);
}

// Those that are nearly as good as the best are tried nearly as often: where choices differ by less
// than luck does, only many tries tell them apart.
static int soft_choice(struct tdm_random *random, const float *values, int count, int best,
                       double softness)
{
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += exp(((double)values[i] - (double)values[best]) / softness);
    double left = sum * tdm_random_uniform(random);
    for (int i = 0; i < count; i++) {
        left -= exp(((double)values[i] - (double)values[best]) / softness);
        if (left < 0)
            return i;
    }
    return best;
}

// Each head on its own: where many are free, one that errs is seen beside others that do not.
static void wander(struct tdm_learner *learner, const float *output, int *choices)
{
    struct dqn *dqn = learner->own;
    const struct tdm_heads *heads = &dqn->heads;
    const double epsilon = tdm_learner_epsilon(learner);
    const double softness = learner->options.softness;
    for (int h = 0; h < heads->count; h++) {
        if (tdm_random_uniform(&dqn->explore) < epsilon)
            choices[h] = (int)tdm_random_below(&dqn->explore, (uint64_t)heads->sizes[h]);
        else if (softness > 0)
            choices[h] = soft_choice(&dqn->explore, output + dqn->first + heads->at[h],
                                     heads->sizes[h], choices[h], softness);
    }
}

static void act(struct tdm_learner *learner, const float *observation, bool explore,
                int32_t *action)
{
    struct dqn *dqn = learner->own;
    int choices[TDM_LEARN_BRANCHES];
    tdm_mlp_one(&dqn->online, observation, dqn->scratch, dqn->output);
    best_choices(dqn, dqn->output, choices);
    if (explore)
        wander(learner, dqn->output, choices);
    tdm_heads_action(&dqn->heads, choices, action);
}

static void act_many(struct tdm_learner *learner, const float *observations, int count,
                     bool explore, int32_t *actions)
{
    struct dqn *dqn = learner->own;
    const size_t width = (size_t)dqn->first + (size_t)dqn->heads.total;
    const size_t branches = (size_t)learner->shape.branches;
    int choices[TDM_LEARN_BRANCHES];
    for (int from = 0; from < count; from += dqn->pass.most) {
        const int rows = count - from < dqn->pass.most ? count - from : dqn->pass.most;
        const float *output =
            tdm_mlp_forward(&dqn->online, &dqn->pass,
                            observations + (size_t)from * (size_t)learner->shape.observation, rows);
        for (size_t r = 0; r < (size_t)rows; r++) {
            int32_t *action = actions + ((size_t)from + r) * branches;
            best_choices(dqn, output + r * width, choices);
            if (explore)
                wander(learner, output + r * width, choices);
            tdm_heads_action(&dqn->heads, choices, action);
        }
    }
}

static float mean(const float *values, int count)
{
    float sum = 0;
    for (int i = 0; i < count; i++)
        sum += values[i];
    return sum / (float)count;
}

// What is to be added to a head's outputs for them to be values.
static float head_base(const struct dqn *dqn, const float *output, int head)
{
    if (!dqn->first)
        return 0;
    return output[0] - mean(output + 1 + dqn->heads.at[head], dqn->heads.sizes[head]);
}

static int values_of(struct tdm_learner *learner, const float *observation, float *values)
{
    struct dqn *dqn = learner->own;
    const struct tdm_heads *heads = &dqn->heads;
    if (!values)
        return heads->total;
    tdm_mlp_one(&dqn->online, observation, dqn->scratch, dqn->output);
    for (int h = 0; h < heads->count; h++) {
        const float base = head_base(dqn, dqn->output, h);
        for (int i = heads->at[h]; i < heads->at[h] + heads->sizes[h]; i++)
            values[i] = base + dqn->output[dqn->first + i];
    }
    return heads->total;
}

// ---- learning ----------------------------------------------------------------------------------

static void observe(struct tdm_learner *learner, const struct tdm_transition *transition)
{
    struct dqn *dqn = learner->own;
    tdm_replay_add(&dqn->replay, transition);
}

// Reward and discounted value of the next state: the mean over the heads of what the target network
// thinks of the best choice, which is the online network's where learning is double.
static void find_targets(struct dqn *dqn, bool double_q)
{
    const struct tdm_heads *heads = &dqn->heads;
    const struct tdm_batch *batch = &dqn->batch;
    const size_t width = (size_t)dqn->first + (size_t)heads->total, count = (size_t)heads->count;
    const struct tdm_mlp *chooser = double_q ? &dqn->online : &dqn->target;
    const float *outputs = tdm_mlp_forward(chooser, &dqn->pass, batch->nexts, batch->rows);
    for (size_t r = 0; r < (size_t)batch->rows; r++)
        best_choices(dqn, outputs + r * width, dqn->choices + r * count);
    if (double_q)
        outputs = tdm_mlp_forward(&dqn->target, &dqn->pass, batch->nexts, batch->rows);
    for (size_t r = 0; r < (size_t)batch->rows; r++) {
        const float *output = outputs + r * width;
        float sum = 0;
        for (int h = 0; h < heads->count; h++) {
            const int choice = dqn->choices[r * count + (size_t)h];
            sum += head_base(dqn, output, h) + output[dqn->first + heads->at[h] + choice];
        }
        dqn->targets[r] = batch->rewards[r] + batch->discounts[r] * sum / (float)heads->count;
    }
}

// A slope of the chosen value, as slopes of the outputs that it is made of.
static void spread_slope(const struct dqn *dqn, int head, int choice, float slope, float *slopes)
{
    const int from = dqn->first + dqn->heads.at[head], size = dqn->heads.sizes[head];
    slopes[from + choice] += slope;
    if (!dqn->first)
        return;
    slopes[0] += slope;
    for (int i = from; i < from + size; i++)
        slopes[i] -= slope / (float)size;
}

// The loss of a row, a mean over the heads; sets its slopes and its error.
static double learn_row(struct tdm_learner *learner, size_t row, const float *output, float *slopes)
{
    struct dqn *dqn = learner->own;
    const struct tdm_batch *batch = &dqn->batch;
    const int heads = dqn->heads.count;
    const double knee = learner->options.knee, weight = (double)batch->weights[row] / heads;
    int choices[TDM_LEARN_BRANCHES];
    tdm_heads_choices(&dqn->heads, batch->actions + row * dqn->replay.branches, choices);
    double loss = 0, size = 0;
    for (int h = 0; h < heads; h++) {
        const float value =
            head_base(dqn, output, h) + output[dqn->first + dqn->heads.at[h] + choices[h]];
        const double error = (double)value - (double)dqn->targets[row];
        loss += weight * tdm_huber(error, knee);
        size += fabs(error) / heads;
        learner->health.value += (double)value / (heads * batch->rows);
        spread_slope(dqn, h, choices[h],
                     (float)(weight * tdm_huber_slope(error, knee) / batch->rows), slopes);
    }
    dqn->errors[row] = (float)size;
    return loss;
}

static void update(struct tdm_learner *learner)
{
    struct dqn *dqn = learner->own;
    struct tdm_learn_health *health = &learner->health;
    const size_t rows = (size_t)dqn->batch.rows;
    const size_t width = (size_t)dqn->first + (size_t)dqn->heads.total;
    tdm_replay_sample(&dqn->replay, &dqn->draw, tdm_learner_beta(learner), &dqn->batch);
    find_targets(dqn, learner->options.double_q);
    const float *outputs =
        tdm_mlp_forward(&dqn->online, &dqn->pass, dqn->batch.observations, dqn->batch.rows);
    memset(dqn->slopes, 0, rows * width * sizeof *dqn->slopes);
    health->value = health->loss = 0;
    for (size_t r = 0; r < rows; r++)
        health->loss +=
            learn_row(learner, r, outputs + r * width, dqn->slopes + r * width) / dqn->batch.rows;
    tdm_mlp_backward(&dqn->online, &dqn->pass, dqn->slopes, dqn->gradient);
    health->gradient = tdm_gradient_clip(dqn->gradient, dqn->online.count, learner->options.clip);
    if (!isfinite(health->loss) || !isfinite(health->gradient)) {
        health->refused++;
        return;
    }
    dqn->adam.rate = tdm_learner_rate(learner);
    tdm_adam_step(&dqn->adam, dqn->online.parameters, dqn->gradient);
    tdm_replay_errors(&dqn->replay, &dqn->batch, dqn->errors);
    if (++health->updates % learner->options.target_every == 0)
        tdm_mlp_follow(&dqn->target, &dqn->online, learner->options.target_rate);
}

// ---- files -------------------------------------------------------------------------------------

static void store_dqn(struct tdm_learner *learner, struct tdm_store *store, bool whole)
{
    struct dqn *dqn = learner->own;
    tdm_store_mlp(store, "online", &dqn->online, "the network's parameters");
    if (whole) {
        tdm_store_mlp(store, "target", &dqn->target, "the target network's parameters");
        tdm_store_adam(store, "adam", &dqn->adam);
        tdm_store_replay(store, &dqn->replay, learner->shape.levels);
        tdm_store_random(store, "random_explore", &dqn->explore);
        tdm_store_random(store, "random_replay", &dqn->draw);
    } else if (learner->learns && !store->writes && !store->failed) {
        tdm_mlp_follow(&dqn->target, &dqn->online, 1);
    }
}

const struct tdm_learner_type tdm_learner_dqn = {
    .name = "dqn",
    .summary = "deep Q-learning: double, dueling, branching, prioritised as asked for",
    .id = 1,
    .epsilon_greedy = true,
    .open = open_dqn,
    .close = close_dqn,
    .act = act,
    .act_many = act_many,
    .observe = observe,
    .update = update,
    .values = values_of,
    .store = store_dqn,
};

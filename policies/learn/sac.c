// SPDX-License-Identifier: GPL-3.0-or-later
/*
 * Soft actor-critic for discrete actions (Christodoulou, arXiv 1910.07207): expectations over
 * actions are sums, not samples. Two critics, of whose values the smaller counts; the temperature
 * may follow a target entropy.
 *
 * With a head a knob, the policy is a product of independent softmaxes. A critic has a head a knob,
 * too, and a state is worth the mean over the heads of sum pi (Q - alpha log pi), as in branching
 * Q-learning. With one head that is the paper's.
 */
#include "policies/learn/learner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/error.h"
#include "policies/learn/adam.h"
#include "policies/learn/floats.h"
#include "policies/learn/heads.h"
#include "policies/learn/huber.h"
#include "policies/learn/mlp.h"

enum { ACT_ROWS = 64 };

static const float longest_log = 13.8F; // the temperature stays within 1e-6 to 1e6

struct network {
    struct tdm_mlp mlp;
    struct tdm_mlp_pass pass;
    struct tdm_adam adam;
    float *slopes, *gradient;
};

struct critic {
    struct network online;
    struct tdm_mlp target;
};

struct sac {
    struct tdm_heads heads;
    struct network actor;
    struct tdm_random explore;
    float *scratch, *output; // of a single row
    float *likely, *log;     // of a batch's choices: probabilities and their logarithms

    // What learning takes besides.
    struct critic critics[2];
    float log_temperature;
    struct tdm_adam temperature_adam;
    struct tdm_replay replay;
    struct tdm_batch batch;
    struct tdm_random draw;
    float *targets, *errors; // a row
};

// ---- making ------------------------------------------------------------------------------------

static int open_network(struct tdm_learner *learner, struct network *network, uint64_t index,
                        struct tdm_error *error)
{
    const struct sac *sac = learner->own;
    const size_t batch = learner->learns ? (size_t)learner->options.batch : 0;
    int sizes[TDM_MLP_LAYERS + 1];
    const int layers = tdm_heads_layers(learner, sac->heads.total, sizes);
    if (tdm_mlp_open(&network->mlp, sizes, layers, error) ||
        tdm_mlp_pass_open(&network->pass, &network->mlp, batch > ACT_ROWS ? (int)batch : ACT_ROWS,
                          error))
        return -1;
    struct tdm_random random;
    tdm_random_seed(&random, (uint64_t)learner->options.seed, "learn/parameters", index);
    tdm_mlp_initialise(&network->mlp, &random);
    if (!learner->learns)
        return 0;
    if (tdm_adam_open(&network->adam, network->mlp.count, learner->options.rate, error))
        return -1;
    network->gradient = tdm_floats(network->mlp.count);
    network->slopes = tdm_floats(batch * (size_t)sac->heads.total);
    return network->gradient && network->slopes ? 0 : tdm_fail(error, "out of memory");
}

static int open_critic(struct tdm_learner *learner, struct critic *critic, uint64_t index,
                       struct tdm_error *error)
{
    const struct tdm_mlp *online = &critic->online.mlp;
    if (open_network(learner, &critic->online, index, error) ||
        tdm_mlp_open(&critic->target, online->sizes, online->layers, error))
        return -1;
    tdm_mlp_follow(&critic->target, online, 1);
    return 0;
}

static void show_temperature(struct tdm_learner *learner)
{
    const struct sac *sac = learner->own;
    learner->health.temperature = exp((double)sac->log_temperature);
}

static int open_learning(struct tdm_learner *learner, struct sac *sac, struct tdm_error *error)
{
    const struct tdm_learn_options *options = &learner->options;
    if (open_critic(learner, &sac->critics[0], 1, error) ||
        open_critic(learner, &sac->critics[1], 2, error) ||
        tdm_adam_open(&sac->temperature_adam, 1, options->rate, error) ||
        tdm_learner_remember(learner, &sac->replay, &sac->batch, error))
        return -1;
    tdm_random_seed(&sac->draw, (uint64_t)options->seed, "learn/replay", 0);
    sac->log_temperature = (float)log(options->temperature);
    show_temperature(learner);
    const size_t rows = (size_t)options->batch, choices = rows * (size_t)sac->heads.total;
    sac->likely = tdm_floats(choices);
    sac->log = tdm_floats(choices);
    sac->targets = tdm_floats(rows);
    sac->errors = tdm_floats(rows);
    if (sac->likely && sac->log && sac->targets && sac->errors)
        return 0;
    return tdm_fail(error, "out of memory");
}

static int open_sac(struct tdm_learner *learner, struct tdm_error *error)
{
    struct sac *sac = learner->own = calloc(1, sizeof *sac);
    if (!sac)
        return tdm_fail(error, "out of memory");
    if (tdm_heads_make(&sac->heads, &learner->shape, learner->options.branching, error) ||
        open_network(learner, &sac->actor, 0, error))
        return -1;
    sac->scratch = tdm_floats(2 * (size_t)sac->actor.mlp.widest);
    sac->output = tdm_floats((size_t)sac->actor.mlp.widest);
    if (!sac->scratch || !sac->output)
        return tdm_fail(error, "out of memory");
    tdm_random_seed(&sac->explore, (uint64_t)learner->options.seed, "learn/explore", 0);
    return learner->learns ? open_learning(learner, sac, error) : 0;
}

static void close_network(struct network *network)
{
    tdm_mlp_close(&network->mlp);
    tdm_mlp_pass_close(&network->pass);
    tdm_adam_close(&network->adam);
    free(network->slopes);
    free(network->gradient);
}

static void close_sac(struct tdm_learner *learner)
{
    struct sac *sac = learner->own;
    if (!sac)
        return;
    close_network(&sac->actor);
    for (int i = 0; i < 2; i++) {
        close_network(&sac->critics[i].online);
        tdm_mlp_close(&sac->critics[i].target);
    }
    tdm_adam_close(&sac->temperature_adam);
    tdm_replay_close(&sac->replay);
    tdm_batch_close(&sac->batch);
    free(sac->scratch);
    free(sac->output);
    free(sac->likely);
    free(sac->log);
    free(sac->targets);
    free(sac->errors);
    free(sac);
}

// ---- the policy --------------------------------------------------------------------------------

// A head's probabilities, and where asked for their logarithms, from what the actor puts out.
static void softmax(const float *output, int count, float *likely, float *logs)
{
    const float top = output[tdm_largest(output, count)];
    float sum = likely[0] = expf(output[0] - top);
    for (int i = 1; i < count; i++)
        sum += likely[i] = expf(output[i] - top);
    const float log_sum = logf(sum);
    for (int i = 0; i < count; i++) {
        likely[i] /= sum;
        if (logs)
            logs[i] = output[i] - top - log_sum;
    }
}

static int drawn(struct tdm_random *random, const float *output, int count)
{
    const float top = output[tdm_largest(output, count)];
    double sum = 0;
    for (int i = 0; i < count; i++)
        sum += (double)expf(output[i] - top);
    double rest = tdm_random_uniform(random) * sum;
    for (int i = 0; i < count - 1; i++) {
        rest -= (double)expf(output[i] - top);
        if (rest < 0)
            return i;
    }
    return count - 1;
}

static void decide(struct sac *sac, const float *output, bool explore, int32_t *action)
{
    const struct tdm_heads *heads = &sac->heads;
    int choices[TDM_LEARN_BRANCHES];
    for (int h = 0; h < heads->count; h++) {
        const float *head = output + heads->at[h];
        choices[h] = explore ? drawn(&sac->explore, head, heads->sizes[h])
                             : tdm_largest(head, heads->sizes[h]);
    }
    tdm_heads_action(heads, choices, action);
}

static void act(struct tdm_learner *learner, const float *observation, bool explore,
                int32_t *action)
{
    struct sac *sac = learner->own;
    tdm_mlp_one(&sac->actor.mlp, observation, sac->scratch, sac->output);
    decide(sac, sac->output, explore, action);
}

static void act_many(struct tdm_learner *learner, const float *observations, int count,
                     bool explore, int32_t *actions)
{
    struct sac *sac = learner->own;
    struct network *actor = &sac->actor;
    const size_t inputs = (size_t)learner->shape.observation;
    const size_t branches = (size_t)learner->shape.branches, width = (size_t)sac->heads.total;
    for (int from = 0; from < count; from += actor->pass.most) {
        const int rows = count - from < actor->pass.most ? count - from : actor->pass.most;
        const float *output =
            tdm_mlp_forward(&actor->mlp, &actor->pass, observations + (size_t)from * inputs, rows);
        for (size_t r = 0; r < (size_t)rows; r++)
            decide(sac, output + r * width, explore, actions + ((size_t)from + r) * branches);
    }
}

static int values_of(struct tdm_learner *learner, const float *observation, float *values)
{
    struct sac *sac = learner->own;
    const struct tdm_heads *heads = &sac->heads;
    if (!values)
        return heads->total;
    tdm_mlp_one(&sac->actor.mlp, observation, sac->scratch, sac->output);
    for (int h = 0; h < heads->count; h++)
        softmax(sac->output + heads->at[h], heads->sizes[h], values + heads->at[h], NULL);
    return heads->total;
}

// ---- learning ----------------------------------------------------------------------------------

static void observe(struct tdm_learner *learner, const struct tdm_transition *transition)
{
    struct sac *sac = learner->own;
    tdm_replay_add(&sac->replay, transition);
}

// Probabilities and their logarithms of every row of a batch.
static void find_policy(struct sac *sac, const float *observations)
{
    const struct tdm_heads *heads = &sac->heads;
    const float *output =
        tdm_mlp_forward(&sac->actor.mlp, &sac->actor.pass, observations, sac->batch.rows);
    for (size_t r = 0; r < (size_t)sac->batch.rows; r++)
        for (int h = 0; h < heads->count; h++) {
            const size_t at = r * (size_t)heads->total + (size_t)heads->at[h];
            softmax(output + at, heads->sizes[h], sac->likely + at, sac->log + at);
        }
}

// Reward and discounted soft value of the next state.
static void find_targets(struct sac *sac)
{
    const struct tdm_batch *batch = &sac->batch;
    const float temperature = expf(sac->log_temperature);
    const float *q[2];
    find_policy(sac, batch->nexts);
    for (int i = 0; i < 2; i++) {
        struct critic *critic = &sac->critics[i];
        q[i] = tdm_mlp_forward(&critic->target, &critic->online.pass, batch->nexts, batch->rows);
    }
    const size_t width = (size_t)sac->heads.total;
    for (size_t r = 0; r < (size_t)batch->rows; r++) {
        float value = 0;
        for (size_t i = r * width; i < (r + 1) * width; i++)
            value += sac->likely[i] * (fminf(q[0][i], q[1][i]) - temperature * sac->log[i]);
        value /= (float)sac->heads.count;
        sac->targets[r] = batch->rewards[r] + batch->discounts[r] * value;
    }
}

// A critic's loss, a mean over rows and heads, and its slopes; adds to the rows' errors.
static double judge(struct tdm_learner *learner, struct network *critic, const float *values)
{
    struct sac *sac = learner->own;
    const struct tdm_batch *batch = &sac->batch;
    const struct tdm_heads *heads = &sac->heads;
    const size_t width = (size_t)heads->total;
    const double knee = learner->options.knee, each = 1. / (heads->count * batch->rows);
    double loss = 0;
    memset(critic->slopes, 0, (size_t)batch->rows * width * sizeof *critic->slopes);
    for (size_t r = 0; r < (size_t)batch->rows; r++) {
        const double weight = each * (double)batch->weights[r];
        int choices[TDM_LEARN_BRANCHES];
        tdm_heads_choices(heads, batch->actions + r * sac->replay.branches, choices);
        for (int h = 0; h < heads->count; h++) {
            const size_t at = r * width + (size_t)(heads->at[h] + choices[h]);
            const double error = (double)values[at] - (double)sac->targets[r];
            loss += weight * tdm_huber(error, knee);
            critic->slopes[at] = (float)(weight * tdm_huber_slope(error, knee));
            sac->errors[r] += (float)(fabs(error) / (2 * heads->count));
            learner->health.value += (double)values[at] * each / 2;
        }
    }
    return loss;
}

// The actor's slopes: of sum pi f with f = alpha log pi - Q, by a head's outputs, they are
// pi (f - sum pi f). Returns the mean over rows and heads of entropy less its target.
static double improve(struct tdm_learner *learner, const float *const q[2])
{
    struct sac *sac = learner->own;
    const struct tdm_heads *heads = &sac->heads;
    const float temperature = expf(sac->log_temperature);
    const int rows = sac->batch.rows;
    double excess = 0, entropies = 0;
    for (size_t r = 0; r < (size_t)rows; r++)
        for (int h = 0; h < heads->count; h++) {
            const size_t from = r * (size_t)heads->total + (size_t)heads->at[h];
            const size_t to = from + (size_t)heads->sizes[h];
            float mean = 0, entropy = 0;
            for (size_t i = from; i < to; i++) {
                const float f = temperature * sac->log[i] - fminf(q[0][i], q[1][i]);
                sac->actor.slopes[i] = f;
                mean += sac->likely[i] * f;
                entropy -= sac->likely[i] * sac->log[i];
            }
            for (size_t i = from; i < to; i++)
                sac->actor.slopes[i] =
                    sac->likely[i] * (sac->actor.slopes[i] - mean) / (float)(rows * heads->count);
            entropies += (double)entropy;
            excess += (double)entropy - learner->options.entropy_ratio * log(heads->sizes[h]);
        }
    learner->health.entropy = entropies / (rows * heads->count);
    return excess / (rows * heads->count);
}

// From slopes to a clipped gradient, whose norm it returns.
static double descend(struct tdm_learner *learner, struct network *network)
{
    tdm_mlp_backward(&network->mlp, &network->pass, network->slopes, network->gradient);
    return tdm_gradient_clip(network->gradient, network->mlp.count, learner->options.clip);
}

static void change_temperature(struct tdm_learner *learner, double excess)
{
    struct sac *sac = learner->own;
    if (!learner->options.adapt_temperature)
        return;
    const float gradient = expf(sac->log_temperature) * (float)excess;
    tdm_adam_step(&sac->temperature_adam, &sac->log_temperature, &gradient);
    sac->log_temperature = fmaxf(-longest_log, fminf(sac->log_temperature, longest_log));
    show_temperature(learner);
}

static void take_steps(struct tdm_learner *learner, double excess)
{
    struct sac *sac = learner->own;
    const bool follow = ++learner->health.updates % learner->options.target_every == 0;
    sac->actor.adam.rate = tdm_learner_rate(learner);
    tdm_adam_step(&sac->actor.adam, sac->actor.mlp.parameters, sac->actor.gradient);
    for (int i = 0; i < 2; i++) {
        struct network *online = &sac->critics[i].online;
        online->adam.rate = tdm_learner_rate(learner);
        tdm_adam_step(&online->adam, online->mlp.parameters, online->gradient);
        if (follow)
            tdm_mlp_follow(&sac->critics[i].target, &online->mlp, learner->options.target_rate);
    }
    change_temperature(learner, excess);
    tdm_replay_errors(&sac->replay, &sac->batch, sac->errors);
}

static void update(struct tdm_learner *learner)
{
    struct sac *sac = learner->own;
    struct tdm_learn_health *health = &learner->health;
    const float *q[2];
    tdm_replay_sample(&sac->replay, &sac->draw, tdm_learner_beta(learner), &sac->batch);
    find_targets(sac);
    find_policy(sac, sac->batch.observations);
    health->loss = health->value = 0;
    memset(sac->errors, 0, (size_t)sac->batch.rows * sizeof *sac->errors);
    for (int i = 0; i < 2; i++) {
        struct network *online = &sac->critics[i].online;
        q[i] =
            tdm_mlp_forward(&online->mlp, &online->pass, sac->batch.observations, sac->batch.rows);
        health->loss += judge(learner, online, q[i]) / 2;
    }
    const double excess = improve(learner, q);
    double norm = descend(learner, &sac->actor), largest = norm;
    bool good = isfinite(health->loss) && isfinite(excess) && isfinite(norm);
    for (int i = 0; i < 2; i++) {
        norm = descend(learner, &sac->critics[i].online);
        largest = norm > largest ? norm : largest;
        good = good && isfinite(norm);
    }
    health->gradient = largest;
    if (good)
        take_steps(learner, excess);
    else
        health->refused++;
}

// ---- files -------------------------------------------------------------------------------------

static void store_critic(struct tdm_store *store, struct critic *critic, int number)
{
    char name[32];
    snprintf(name, sizeof name, "critic_%d", number);
    tdm_store_mlp(store, name, &critic->online.mlp, "a critic's parameters");
    snprintf(name, sizeof name, "target_%d", number);
    tdm_store_mlp(store, name, &critic->target, "its target network's parameters");
    snprintf(name, sizeof name, "adam_critic_%d", number);
    tdm_store_adam(store, name, &critic->online.adam);
}

static void store_sac(struct tdm_learner *learner, struct tdm_store *store, bool whole)
{
    struct sac *sac = learner->own;
    tdm_store_mlp(store, "actor", &sac->actor.mlp, "the policy's parameters");
    if (!whole)
        return;
    tdm_store_adam(store, "adam_actor", &sac->actor.adam);
    store_critic(store, &sac->critics[0], 1);
    store_critic(store, &sac->critics[1], 2);
    tdm_store_array(store, "log_temperature", TDM_H5_FLOAT, &sac->log_temperature, 1, 1,
                    "logarithm of the temperature");
    tdm_store_adam(store, "adam_temperature", &sac->temperature_adam);
    tdm_store_replay(store, &sac->replay, learner->shape.levels);
    tdm_store_random(store, "random_explore", &sac->explore);
    tdm_store_random(store, "random_replay", &sac->draw);
    if (store->failed)
        return;
    if (fabsf(sac->log_temperature) > longest_log)
        tdm_store_refuse(store, "log_temperature", "is %g, and must be from %g to %g",
                         (double)sac->log_temperature, (double)-longest_log, (double)longest_log);
    show_temperature(learner);
}

const struct tdm_learner_type tdm_learner_sac = {
    .name = "sac",
    .summary = "soft actor-critic for discrete actions, twin critics, adapting temperature",
    .id = 2,
    .open = open_sac,
    .close = close_sac,
    .act = act,
    .act_many = act_many,
    .observe = observe,
    .update = update,
    .values = values_of,
    .store = store_sac,
};

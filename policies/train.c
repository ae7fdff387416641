// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/partial.h"
#include "engine/engine.h"
#include "env/env_parts.h"
#include "policies/train_parts.h"

// ---- what is usual -----------------------------------------------------------------------------

static const struct tdm_policy_type *find(const char *name, struct tdm_error *error)
{
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++)
        if (strcmp((*type)->name, name) == 0 && (*type)->recipe)
            return *type;
    char all[256] = "";
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++)
        if ((*type)->recipe)
            snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s", *all ? ", " : "",
                     (*type)->name);
    tdm_fail(error, "there is no policy '%.64s' that learns; there are: %s", name, all);
    return NULL;
}

int tdm_training_usual(struct tdm_training_setup *setup, const struct tdm_scenario *scenario,
                       const char *policy, struct tdm_error *error)
{
    const struct tdm_policy_type *type = find(policy, error);
    if (!type)
        return -1;
    *setup = (struct tdm_training_setup){.scenario = scenario,
                                         .policy = type->name,
                                         .engine = tdm_engine_usual(scenario),
                                         .seed = 1,
                                         .steps = type->recipe->steps,
                                         .environments = 16,
                                         .round = 256,
                                         .trial_runs = 4,
                                         .patience = 30};
    if (type->recipe->environments)
        setup->environments = type->recipe->environments;
    if (type->recipe->round)
        setup->round = type->recipe->round;
    tdm_learn_options_default(&setup->options);
    if (type->recipe->options)
        type->recipe->options(&setup->options);
    return 0;
}

// ---- opening -----------------------------------------------------------------------------------

static int take_memory(struct tdm_training *t, struct tdm_error *error)
{
    const size_t n = t->count, inputs = (size_t)t->learned.inputs;
    const size_t branches = (size_t)t->learned.branches;
    t->observations = calloc(n * t->sees, sizeof(float));
    t->finals = calloc(n * t->sees, sizeof(float));
    t->inputs = calloc(n * inputs, sizeof(float));
    t->nexts = calloc(n * inputs, sizeof(float));
    t->rewards = calloc(n, sizeof(float));
    t->choices = calloc(n * branches, sizeof(int32_t));
    t->actions = calloc(n * t->knobs + 1, sizeof(int32_t));
    t->held_inputs = calloc(n * inputs, sizeof(float));
    t->held_choices = calloc(n * branches, sizeof(int32_t));
    t->held = calloc(n, sizeof(bool));
    t->terminations = calloc(n, sizeof(bool));
    t->truncations = calloc(n, sizeof(bool));
    t->last = calloc(n, sizeof *t->last);
    const bool all = t->observations && t->finals && t->inputs && t->nexts && t->rewards &&
                     t->choices && t->actions && t->held_inputs && t->held_choices && t->held &&
                     t->terminations && t->truncations && t->last;
    return all ? 0 : tdm_fail(error, "out of memory");
}

static int open_environments(struct tdm_training *t, struct tdm_error *error)
{
    const struct tdm_training_setup *setup = &t->setup;
    t->count = (size_t)setup->environments;
    t->vec = tdm_vec_open(setup->engine, setup->scenario, t->count, TDM_SAME_STEP, error);
    t->trial = t->vec ? tdm_env_open(setup->engine, setup->scenario, error) : NULL;
    if (!t->trial)
        return -1;
    if (t->learned.type->recipe->reward) {
        tdm_vec_prefer_reward(t->vec, t->learned.type->recipe->reward);
        tdm_process_prefer_reward(t->trial->course.process, t->learned.type->recipe->reward);
    }
    t->concurrent = tdm_process_environment(t->learned.process)->thinking == TDM_THINK_CONCURRENT;
    t->sees = (size_t)tdm_vec_spaces(t->vec)->observation;
    t->knobs = (size_t)tdm_vec_spaces(t->vec)->knobs;
    if (take_memory(t, error) || tdm_training_open_periods(t, error))
        return -1;
    const struct tdm_buffers buffers = {.observations = t->observations,
                                        .actions = t->actions,
                                        .rewards = t->rewards,
                                        .terminations = t->terminations,
                                        .truncations = t->truncations,
                                        .finals = t->finals,
                                        .steps = t->last};
    tdm_vec_use(t->vec, &buffers);
    tdm_vec_scatter(t->vec);
    return 0;
}

// Before anything takes long: whether files can be written, and nothing is lost by it.
static int check_files(const struct tdm_training *t, bool resume, struct tdm_error *error)
{
    struct tdm_partial partial;
    if (!resume && access(t->partial, F_OK) == 0)
        return tdm_fail_at(error, t->partial, 0, 0,
                           "here is a training that was interrupted: go on with it by --resume, or "
                           "remove it to begin anew");
    if (tdm_partial_open(&partial, t->file, error))
        return -1;
    tdm_partial_abandon(&partial);
    return 0;
}

// The best policy so far is only there.
static int check_best(const struct tdm_training *t, struct tdm_error *error)
{
    struct tdm_learned best;
    struct tdm_h5 *file = tdm_h5_open(t->file, error);
    if (!file)
        return -1;
    int status = tdm_learned_open(&best, t->learned.type, t->setup.scenario, error);
    if (status == 0)
        status = tdm_learned_load(&best, file, false, error);
    tdm_learned_close(&best);
    tdm_h5_close(file, NULL);
    return status;
}

static int open_training(struct tdm_training *t, bool resume, struct tdm_error *error)
{
    const struct tdm_policy_type *type = find(t->setup.policy, error);
    const size_t length = strlen(t->setup.file) + sizeof ".training";
    t->file = strdup(t->setup.file);
    t->partial = malloc(length);
    if (!t->file || !t->partial)
        return tdm_fail(error, "out of memory");
    snprintf(t->partial, length, "%s.training", t->file);
    if (!type || check_files(t, resume, error) ||
        tdm_learned_open(&t->learned, type, t->setup.scenario, error) ||
        open_environments(t, error))
        return -1;
    t->setup.options.seed = (int64_t)t->setup.seed;
    if (!resume)
        return tdm_learned_begin(&t->learned, &t->setup.options, error);
    if (tdm_training_read(t, t->partial, error))
        return -1;
    return t->best_steps ? check_best(t, error) : 0;
}

struct tdm_training *tdm_training_open(const struct tdm_training_setup *setup, bool resume,
                                       struct tdm_error *error)
{
    struct tdm_training *t = calloc(1, sizeof *t);
    if (!t) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    t->setup = *setup;
    t->best_reward = -INFINITY;
    t->oracle_cost = NAN;
    if (open_training(t, resume, error)) {
        tdm_training_free(t);
        return NULL;
    }
    return t;
}

void tdm_training_free(struct tdm_training *t)
{
    if (!t)
        return;
    tdm_vec_free(t->vec);
    tdm_env_free(t->trial);
    tdm_learned_close(&t->learned);
    float *const floats[] = {t->observations, t->finals, t->inputs, t->nexts, t->rewards};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++)
        free(floats[i]);
    free(t->choices);
    free(t->actions);
    free(t->held_inputs);
    free(t->held_choices);
    free(t->held);
    free(t->terminations);
    free(t->truncations);
    free(t->last);
    tdm_training_close_periods(t);
    free(t->curves);
    free(t->file);
    free(t->partial);
    free(t);
}

// ---- learning ----------------------------------------------------------------------------------

static uint64_t seed_of(const struct tdm_training *t, const char *purpose, uint64_t index)
{
    struct tdm_random random;
    tdm_random_seed(&random, t->setup.seed, purpose, index);
    return tdm_random_next(&random) >> 1 | 1;
}

static int begin_round(struct tdm_training *t, struct tdm_error *error)
{
    uint64_t *seeds = malloc(t->count * sizeof *seeds);
    if (!seeds)
        return tdm_fail(error, "out of memory");
    for (size_t i = 0; i < t->count; i++)
        seeds[i] = seed_of(t, "training", (uint64_t)t->rounds * t->count + i);
    const int status = tdm_vec_reset(t->vec, seeds, NULL, error);
    tdm_training_begin_periods(t);
    memset(t->held, 0, t->count * sizeof *t->held);
    free(seeds);
    return status;
}

// Where thinking is concurrent, a decision is about the next request, and what it is worth is seen
// one step later: until then it is held. (The reward in between does not depend on it, so leaving
// it out of Xiao et al.'s operator changes no choice, and spares the learner its noise.)
static void observe_held(struct tdm_training *t, size_t i, const struct tdm_transition *now)
{
    const size_t inputs = (size_t)t->learned.inputs, branches = (size_t)t->learned.branches;
    float *input = t->held_inputs + i * inputs;
    int32_t *choice = t->held_choices + i * branches;
    struct tdm_transition held = *now;
    held.observation = input;
    held.action = choice;
    if (t->held[i])
        tdm_learner_observe(t->learned.learner, &held);
    t->held[i] = !(t->terminations[i] || t->truncations[i]);
    memcpy(input, now->observation, inputs * sizeof *input);
    memcpy(choice, now->action, branches * sizeof *choice);
}

static void remember(struct tdm_training *t, size_t i)
{
    const size_t inputs = (size_t)t->learned.inputs;
    const bool over = t->terminations[i] || t->truncations[i];
    const float *after = (over ? t->finals : t->observations) + i * t->sees;
    tdm_learned_gather(&t->learned, after, 1, t->nexts);
    const struct tdm_learn_options *options = &t->learned.learner->options;
    const bool last = t->terminations[i] || options->done;
    const struct tdm_transition transition = {.observation = t->inputs + i * inputs,
                                              .action =
                                                  t->choices + i * (size_t)t->learned.branches,
                                              .reward = t->rewards[i],
                                              .next = t->nexts,
                                              .discount = last ? 0 : (float)options->gamma};
    if (t->concurrent)
        observe_held(t, i, &transition);
    else
        tdm_learner_observe(t->learned.learner, &transition);
}

// One step of all environments, and what is learned from it. Returns the sum of the rewards.
static int step(struct tdm_training *t, double *rewards, struct tdm_error *error)
{
    struct tdm_learned *l = &t->learned;
    const int n = (int)t->count;
    tdm_learned_gather(l, t->observations, n, t->inputs);
    tdm_learner_act_many(l->learner, t->inputs, n, true, t->choices);
    for (size_t i = 0; i < t->count; i++)
        tdm_learned_expand(l, t->choices + i * (size_t)l->branches, t->actions + i * t->knobs);
    if (tdm_vec_step(t->vec, error))
        return -1;
    for (size_t i = 0; i < t->count; i++) {
        *rewards += t->rewards[i];
        if (t->taken)
            tdm_training_remember_turn(t, i);
        else
            remember(t, i);
    }
    tdm_learner_update(l->learner);
    t->steps += n;
    return 0;
}

// ---- trials ------------------------------------------------------------------------------------

struct trial {
    double reward, cost; // sums
    double steps, served;
};

static int try_run(struct tdm_training *t, uint64_t seed, struct trial *trial,
                   struct tdm_error *error)
{
    float observation[TDM_ENTRIES];
    int32_t action[TDM_KNOBS];
    struct tdm_step s = {0};
    if (tdm_env_reset(t->trial, seed, observation, error))
        return -1;
    while (!s.terminated && !s.truncated) {
        tdm_learned_choose(&t->learned, observation, action);
        if (tdm_env_step(t->trial, action, observation, &s, error))
            return -1;
        trial->reward += s.reward;
        trial->steps++;
        if (s.answered == s.dropped)
            continue;
        trial->cost += s.cost * (s.answered - s.dropped);
        trial->served += s.answered - s.dropped;
    }
    // A run that had to be given up would have gone on like that.
    if (s.terminated)
        trial->reward += s.reward * trial->steps;
    return 0;
}

static int try_policy(struct tdm_training *t, struct tdm_curve *curve, struct tdm_error *error)
{
    struct trial trial = {0};
    for (int i = 0; i < t->setup.trial_runs; i++)
        if (try_run(t, seed_of(t, "trial", (uint64_t)i), &trial, error))
            return -1;
    curve->trial_reward = trial.reward / trial.steps;
    curve->trial_cost = trial.served > 0 ? trial.cost / trial.served : NAN;
    return 0;
}

static int run_oracle(struct tdm_training *t, uint64_t seed, double *cost, double *count,
                      struct tdm_error *error)
{
    const struct tdm_scenario *scenario = t->setup.scenario;
    struct tdm_engine *engine = tdm_engine_open(t->setup.engine, scenario, seed, error);
    struct tdm_policy *oracle = engine ? tdm_policy_open("oracle", scenario, seed, error) : NULL;
    struct tdm_event event;
    while (oracle && tdm_engine_next(engine, &event)) {
        if (event.kind == TDM_DECISION) {
            struct tdm_plan plan;
            tdm_policy_decide(oracle, event.state, &plan);
            tdm_engine_decide(engine, &plan);
        } else if (!event.outcome->dropped) {
            *cost += event.outcome->cost;
            ++*count;
        }
    }
    const int status = oracle ? tdm_engine_check(engine, error) : -1;
    tdm_policy_free(oracle);
    tdm_engine_free(engine);
    return status;
}

// On the runs of the trials; not where an engine runs once a process.
static int ask_oracle(struct tdm_training *t, struct tdm_error *error)
{
    const char *rest;
    double cost = 0, count = 0;
    const struct tdm_engine_type *type = tdm_engine_type_of(t->setup.engine, &rest, error);
    if (!type)
        return -1;
    if (type->once || t->learned.type->recipe->coordinates) // it knows no shares
        return 0;
    for (int i = 0; i < t->setup.trial_runs; i++)
        if (run_oracle(t, seed_of(t, "trial", (uint64_t)i), &cost, &count, error))
            return -1;
    t->oracle_cost = cost / count;
    return 0;
}

// ---- rounds ------------------------------------------------------------------------------------

static int add_curve(struct tdm_training *t, const struct tdm_curve *curve, struct tdm_error *error)
{
    if (t->curve_count == t->curve_room) {
        const size_t room = t->curve_room ? 2 * t->curve_room : 64;
        struct tdm_curve *more = realloc(t->curves, room * sizeof *more);
        if (!more)
            return tdm_fail(error, "out of memory");
        t->curves = more;
        t->curve_room = room;
    }
    t->curves[t->curve_count++] = *curve;
    return 0;
}

static int judge(struct tdm_training *t, const struct tdm_curve *curve, struct tdm_error *error)
{
    t->worse++;
    if (!(curve->trial_reward > t->best_reward))
        return 0;
    t->best_reward = curve->trial_reward;
    t->best_steps = t->steps;
    t->worse = 0;
    return tdm_training_write(t, t->file, false, error);
}

static int check_health(const struct tdm_training *t, struct tdm_error *error)
{
    const struct tdm_learn_health health = tdm_learner_health(t->learned.learner);
    if (health.refused < 100 || health.refused < health.updates / 10)
        return 0;
    return tdm_fail(error,
                    "the losses are not finite any more (%lld of %lld minibatches): try a lower "
                    "rate",
                    (long long)health.refused, (long long)(health.refused + health.updates));
}

void tdm_training_tell(const struct tdm_training *t, struct tdm_training_news *news)
{
    static const struct tdm_curve none = {0, NAN, NAN, NAN, NAN, NAN};
    const struct tdm_curve *curve = t->curve_count ? &t->curves[t->curve_count - 1] : &none;
    const struct tdm_learn_health health = tdm_learner_health(t->learned.learner);
    *news = (struct tdm_training_news){.steps = t->steps,
                                       .reward = curve->reward,
                                       .loss = curve->loss,
                                       .epsilon = curve->epsilon,
                                       .trial_reward = curve->trial_reward,
                                       .trial_cost = curve->trial_cost,
                                       .oracle_cost = t->oracle_cost,
                                       .best_reward = t->best_reward,
                                       .best_steps = t->best_steps,
                                       .visited = health.visited,
                                       .states = health.states};
}

bool tdm_training_is_over(const struct tdm_training *t)
{
    const struct tdm_training_setup *setup = &t->setup;
    return t->steps >= setup->steps || (setup->patience && t->worse >= setup->patience);
}

int tdm_training_round(struct tdm_training *training, struct tdm_error *error)
{
    struct tdm_training *t = training;
    double rewards = 0;
    if (isnan(t->oracle_cost) && ask_oracle(t, error))
        return -1;
    if (begin_round(t, error))
        return -1;
    for (int i = 0; i < t->setup.round; i++)
        if (step(t, &rewards, error))
            return -1;
    t->rounds++;
    const struct tdm_learn_health health = tdm_learner_health(t->learned.learner);
    struct tdm_curve curve = {.steps = t->steps,
                              .reward = rewards / ((double)t->setup.round * (double)t->count),
                              .loss = health.loss,
                              .epsilon = health.epsilon};
    const bool fine = try_policy(t, &curve, error) == 0 && add_curve(t, &curve, error) == 0 &&
                      judge(t, &curve, error) == 0 && check_health(t, error) == 0;
    return fine ? 0 : -1;
}

int tdm_training_keep(struct tdm_training *training, struct tdm_error *error)
{
    return tdm_training_write(training, training->partial, true, error);
}

int tdm_training_finish(struct tdm_training *training, struct tdm_error *error)
{
    struct tdm_training *t = training;
    struct tdm_h5 *file = tdm_h5_open(t->file, error);
    tdm_learner_free(t->learned.learner);
    t->learned.learner = NULL;
    int status = file ? tdm_learned_load(&t->learned, file, false, error) : -1;
    tdm_h5_close(file, NULL);
    if (status == 0)
        status = tdm_training_write(t, t->file, false, error);
    if (status == 0)
        unlink(t->partial);
    return status;
}

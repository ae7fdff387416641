// SPDX-License-Identifier: GPL-3.0-or-later
// Training dvfo on the default scenario: its updates against the products of matrices in them
// alone, its steps against those of the environments alone, and the time of a decision.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "policies/learn/blas.h"
#include "policies/learn/floats.h"
#include "policies/train_parts.h"

enum { UPDATES = 50, DECISIONS = 20000 };

struct course {
    struct tdm_scenario *scenario;
    char folder[32], file[48];
    struct tdm_training *training;
    // The same products.
    int layers, sizes[8];
    float *weights, *gradient; // of one layer after the other
    float *values[8];          // rows x size, before each layer, and out
    float *slopes[2];
    struct tdm_random random;
};

static struct tdm_learner *learner_of(const struct course *c)
{
    return c->training->learned.learner;
}

// ---- updates -----------------------------------------------------------------------------------

static void run_updates(void *context)
{
    struct course *c = context;
    struct tdm_learner *learner = learner_of(c);
    learner->due = UPDATES;
    tdm_learner_update(learner);
}

// Three passes forward (choice, target, value) and one back: what a double Q-learning minibatch is.
static void products(struct course *c)
{
    const int rows = (int)learner_of(c)->options.batch;
    for (int pass = 0; pass < 3; pass++) {
        const float *w = c->weights;
        for (int l = 0; l < c->layers; l++) {
            tdm_blas_nn(rows, c->sizes[l + 1], c->sizes[l], c->values[l], w, 1, c->values[l + 1]);
            w += c->sizes[l] * c->sizes[l + 1];
        }
    }
    const float *w = c->weights;
    float *gradient = c->gradient;
    for (int l = 0; l < c->layers; l++) {
        tdm_blas_tn(c->sizes[l], c->sizes[l + 1], rows, c->values[l], c->slopes[0], gradient);
        if (l > 0)
            tdm_blas_nt(rows, c->sizes[l], c->sizes[l + 1], c->slopes[0], w, c->slopes[1]);
        w += c->sizes[l] * c->sizes[l + 1];
        gradient += c->sizes[l] * c->sizes[l + 1];
    }
}

static void run_products(void *context)
{
    for (int i = 0; i < UPDATES; i++)
        products(context);
}

static void race_updates(struct bench *bench, struct course *c)
{
    struct bench_times times;
    const struct bench_side ours = {NULL, run_updates, c}, bare = {NULL, run_products, c};
    char against[120];
    if (bench_race(bench, &ours, &bare, &times))
        return;
    snprintf(against, sizeof against, "its products of matrices alone: %.0f %% of it",
             100 / times.ratio);
    bench_report(bench, "training updates", UPDATES / times.ours, "minibatches/s", times.ratio,
                 against);
}

// ---- decisions ---------------------------------------------------------------------------------

static void run_decisions(void *context)
{
    struct course *c = context;
    int32_t choice[TDM_LEARN_BRANCHES];
    float input[TDM_ENTRIES];
    for (int i = 0; i < TDM_ENTRIES; i++)
        input[i] = (float)(2 * tdm_random_uniform(&c->random) - 1);
    for (int k = 0; k < DECISIONS; k++) {
        input[k % TDM_ENTRIES] = (float)choice[0] / 16;
        tdm_learner_act(learner_of(c), input, false, choice);
    }
}

// As many multiplications and additions, one weight after the other.
static void run_additions(void *context)
{
    struct course *c = context;
    float sum = 0;
    size_t count = 0;
    for (int l = 0; l < c->layers; l++)
        count += (size_t)c->sizes[l] * (size_t)c->sizes[l + 1];
    for (int k = 0; k < DECISIONS; k++) {
        float lanes[16] = {0};
        for (size_t i = 0; i + 16 <= count; i += 16)
            for (int j = 0; j < 16; j++)
                lanes[j] += c->weights[i + (size_t)j] * c->weights[count - i - 16 + (size_t)j];
        sum += lanes[k % 16];
    }
    bench_use((double)sum);
}

static void race_decisions(struct bench *bench, struct course *c)
{
    struct bench_times times;
    const struct bench_side ours = {NULL, run_decisions, c}, bare = {NULL, run_additions, c};
    if (bench_race(bench, &ours, &bare, &times) == 0)
        bench_report(bench, "training decision", 1e6 * times.ours / DECISIONS, "us", times.ratio,
                     "as many multiplications and additions");
}

// ---- steps -------------------------------------------------------------------------------------

static void run_round(void *context)
{
    struct course *c = context;
    struct tdm_error error;
    if (tdm_training_round(c->training, &error))
        abort();
}

// The same steps, with the actions that were last taken.
static void run_steps(void *context)
{
    struct course *c = context;
    for (int i = 0; i < 256; i++)
        if (tdm_vec_step(c->training->vec, NULL))
            abort();
}

static void race_steps(struct bench *bench, struct course *c)
{
    struct bench_times times;
    const struct bench_side ours = {NULL, run_round, c}, bare = {NULL, run_steps, c};
    if (bench_race(bench, &ours, &bare, &times) == 0)
        bench_report(bench, "training steps", 256. * (double)c->training->count / times.ours,
                     "requests/s", times.ratio,
                     "the environments' steps alone; the rest learns, and tries");
}

// ---- the case ----------------------------------------------------------------------------------

static bool take_memory(struct course *c)
{
    const struct tdm_learner *learner = learner_of(c);
    const size_t rows = (size_t)learner->options.batch;
    size_t weights = 0;
    int widest = 0;
    c->sizes[0] = learner->shape.observation;
    for (c->layers = 1; c->layers <= TDM_LEARN_HIDDEN && learner->options.hidden[c->layers - 1];
         c->layers++)
        c->sizes[c->layers] = (int)learner->options.hidden[c->layers - 1];
    c->sizes[c->layers] = tdm_learner_values(learner_of(c), NULL, NULL) + 1; // and the value
    for (int l = 0; l <= c->layers; l++) {
        widest = c->sizes[l] > widest ? c->sizes[l] : widest;
        weights += l ? (size_t)c->sizes[l - 1] * (size_t)c->sizes[l] : 0;
        c->values[l] = tdm_floats(rows * (size_t)c->sizes[l]);
        if (!c->values[l])
            return false;
    }
    c->weights = tdm_floats(weights);
    c->gradient = tdm_floats(weights);
    for (int i = 0; i < 2; i++)
        c->slopes[i] = tdm_floats(rows * (size_t)widest);
    return c->weights && c->gradient && c->slopes[0] && c->slopes[1];
}

static bool open_course(struct bench *bench, struct course *c)
{
    struct tdm_error error = {0};
    struct tdm_training_setup setup;
    strcpy(c->folder, "/tmp/tandem-bench-XXXXXX");
    c->scenario = bench_scenario(bench, "default");
    if (!c->scenario || !mkdtemp(c->folder))
        return false;
    snprintf(c->file, sizeof c->file, "%s/p.h5", c->folder);
    bool fine = tdm_training_usual(&setup, c->scenario, "dvfo", &error) == 0;
    setup.file = c->file;
    c->training = fine ? tdm_training_open(&setup, false, &error) : NULL;
    fine = c->training && tdm_training_round(c->training, &error) == 0 && take_memory(c);
    if (!fine)
        bench_fail(bench, "training: %s", error.message);
    return fine;
}

static void close_course(struct course *c)
{
    tdm_training_free(c->training);
    tdm_scenario_free(c->scenario);
    for (int l = 0; l < 8; l++)
        free(c->values[l]);
    free(c->weights);
    free(c->gradient);
    free(c->slopes[0]);
    free(c->slopes[1]);
    unlink(c->file);
    rmdir(c->folder);
}

static void run_training(struct bench *bench)
{
    struct course c = {.layers = 0};
    tdm_random_seed(&c.random, 1, "bench", 0);
    if (open_course(bench, &c)) {
        race_updates(bench, &c);
        race_decisions(bench, &c);
        race_steps(bench, &c);
    }
    close_course(&c);
}

const struct bench_case bench_training = {
    "training", "dvfo on the default scenario: minibatches, a decision, all of it", run_training};

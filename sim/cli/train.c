// SPDX-License-Identifier: GPL-3.0-or-later
// tandem train: a policy that learns, a scenario to learn in, a file for what it has learned.
#include "policies/train.h"

#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "core/error.h"
#include "core/progress.h"
#include "core/table.h"
#include "core/text.h"

enum { MOST_SETTINGS = 64 };
#define NOT_GIVEN UINT64_MAX

struct arguments {
    const char *scenario, *policy, *engine, *output;
    const char *settings[MOST_SETTINGS]; // "name=value"
    size_t setting_count;
    uint64_t seed, steps, environments, runs; // 0: not given
    uint64_t patience;
    double keep; // s between two checkpoints
    bool resume, json;
};

static int take_settings(void *into, char *list, struct tdm_error *error)
{
    struct arguments *a = into;
    char *rest = NULL;
    for (char *item = strtok_r(list, ",", &rest); item; item = strtok_r(NULL, ",", &rest)) {
        if (a->setting_count == MOST_SETTINGS)
            return tdm_fail(error, "at most %d settings", MOST_SETTINGS);
        a->settings[a->setting_count++] = item;
    }
    return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.patience = NOT_GIVEN, .keep = 20};
    const struct tdm_option options[] = {
        {'p', "policy", "NAME", .text = &a->policy, .required = true,
         .help = "which policy: dvfo, … (those of 'tandem policy list' that are trained)"},
        {'o', "output", "FILE", .text = &a->output, .required = true,
         .help = "the policy, HDF5; it is there as soon as a first one is worth keeping, and gets "
                 "better"},
        {'s', "seed", "N", .whole = {&a->seed, 1, TDM_SEED_MOST},
         .help = "of everything random; 1 by default"},
        {'n', "steps", "N", .whole = {&a->steps, 1, UINT64_C(1) << 50},
         .help = "requests to decide on, at most; the policy's own figure by default"},
        {'r', "resume", .flag = &a->resume,
         .help = "goes on with FILE.training, as if it had never stopped"},
        {'e', "engine", "URI", .text = &a->engine,
         .help = "how time passes: simgrid: where anything is shared, else analytic:"},
        {0, "environments", "N", .whole = {&a->environments, 1, 4096},
         .help = "runs side by side; 16 by default, 1 of autoscale"},
        {0, "runs", "N", .whole = {&a->runs, 1, 1000}, .help = "of a trial; 4 by default"},
        {0, "patience", "N", .whole = {&a->patience, 0, 1000000},
         .help = "trials without anything better before it ends, 30 by default; 0: never"},
        {0, "set", "A=X,…", .take = take_settings, .into = a,
         .help = "settings of the learner (tandem help learning)"},
        {0, "keep", "TIME", .quantity = {&a->keep, TDM_TIME, 0},
         .help = "between two states to resume from; 20 s by default"},
        {'j', "json", .flag = &a->json, .help = "the result as JSON"},
    };
    const struct tdm_usage usage = {
        "train", "SCENARIO",
        "Trains a policy in a scenario, a name or a file, into a file of its own, which runs as "
        "NAME=FILE. After each round it is tried on runs that it does not learn from; the best one "
        "is kept.",
        options, TDM_COUNT(options)};
    return tdm_options_read(&usage, argc, argv, &a->scenario, 1, 1);
}

// ---- settings ----------------------------------------------------------------------------------

static const struct tdm_learn_option *find_option(const char *name, struct tdm_error *error)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++) {
        if (o->offset == offsetof(struct tdm_learn_options, seed))
            continue; // it is --seed
        if (strcmp(o->name, name) == 0)
            return o;
        tdm_nearest_try(&nearest, o->name);
    }
    tdm_fail(error, "a learner has no setting '%.32s'%s; 'tandem help learning' lists them", name,
             tdm_nearest_hint(&nearest));
    return NULL;
}

static int apply(struct tdm_learn_options *options, const char *setting, struct tdm_error *error)
{
    char name[40], *end;
    const size_t length = strcspn(setting, "=");
    snprintf(name, sizeof name, "%.*s", (int)length, setting);
    const struct tdm_learn_option *option = find_option(name, error);
    if (!option)
        return -1;
    const char *text = setting[length] ? setting + length + 1 : "";
    const double value = strtod(text, &end);
    if (end == text || *end || !(value >= option->low && value <= option->high) ||
        (option->kind != TDM_OPTION_NUMBER && value != floor(value)))
        return tdm_fail(error, "%s is %s from %g to %g, not '%.32s'", name,
                        option->kind == TDM_OPTION_NUMBER ? "a number" : "a whole number",
                        option->low, option->high, text);
    tdm_learn_option_set(options, option, value);
    return 0;
}

static int set_up(const struct arguments *a, const struct tdm_scenario *scenario,
                  struct tdm_training_setup *setup, struct tdm_error *error)
{
    if (tdm_training_usual(setup, scenario, a->policy, error))
        return -1;
    if (a->resume && a->setting_count)
        return tdm_fail(error, "--resume goes on with the settings that training began with, and "
                               "takes no --set");
    setup->file = a->output;
    if (a->engine)
        setup->engine = a->engine;
    if (a->seed)
        setup->seed = a->seed;
    if (a->steps)
        setup->steps = (int64_t)a->steps;
    if (a->environments)
        setup->environments = (int)a->environments;
    if (a->runs)
        setup->trial_runs = (int)a->runs;
    if (a->patience != NOT_GIVEN)
        setup->patience = (int)a->patience;
    for (size_t i = 0; i < a->setting_count; i++)
        if (apply(&setup->options, a->settings[i], error))
            return -1;
    return tdm_learn_options_check(&setup->options, error);
}

// ---- training ----------------------------------------------------------------------------------

static volatile sig_atomic_t interrupted;

static void interrupt(int signal)
{
    (void)signal;
    interrupted = 1;
}

static double clock_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

struct course_of {
    double started, kept; // s
    bool over;
    struct tdm_training_news news;
};

static void show(struct tdm_progress *progress, char *what, size_t size, const char *policy,
                 const struct tdm_training_news *news)
{
    char cost[48] = "";
    if (!isnan(news->oracle_cost))
        snprintf(cost, sizeof cost, ", cost %.3f of the oracle's",
                 news->trial_cost / news->oracle_cost);
    snprintf(what, size, "%s: reward %.3f%s", policy, news->trial_reward, cost);
    progress->what = what;
    tdm_progress_update(progress, (double)news->steps);
}

// Until it is over or somebody interrupts; states to go on from now and then, and then, too.
static int train(struct tdm_training *training, const struct arguments *a, int64_t steps,
                 struct course_of *c, struct tdm_error *error)
{
    char what[128] = "";
    struct tdm_progress progress;
    int status = 0;
    snprintf(what, sizeof what, "%s", a->policy);
    tdm_progress_start(&progress, what, "requests", (double)steps);
    c->started = c->kept = clock_now();
    tdm_training_tell(training, &c->news);
    while (status == 0 && !tdm_training_is_over(training) && !interrupted) {
        status = tdm_training_round(training, error);
        tdm_training_tell(training, &c->news);
        if (status == 0)
            show(&progress, what, sizeof what, a->policy, &c->news);
        if (status == 0 && clock_now() - c->kept >= a->keep) {
            status = tdm_training_keep(training, error);
            c->kept = clock_now();
        }
    }
    tdm_progress_end(&progress);
    c->over = tdm_training_is_over(training);
    if (status == 0)
        status =
            c->over ? tdm_training_finish(training, error) : tdm_training_keep(training, error);
    return status;
}

static int print_json(const struct arguments *a, const struct course_of *c, double seconds)
{
    const struct tdm_training_news *n = &c->news;
    return tdm_cli_json(json_pack(
        "{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o, s:b, s:I, s:I}", "policy", a->policy, "file",
        a->output, "steps", (json_int_t)n->steps, "best_steps", (json_int_t)n->best_steps,
        "best_reward", tdm_json_number(n->best_reward), "last_cost_j",
        tdm_json_number(n->trial_cost), "oracle_cost_j", tdm_json_number(n->oracle_cost), "seconds",
        tdm_json_number(seconds), "over", (int)c->over, "visited", (json_int_t)n->visited, "states",
        (json_int_t)n->states));
}

static void print_result(const struct arguments *a, const struct course_of *c, double seconds)
{
    const struct tdm_training_news *n = &c->news;
    printf("%s: %lld requests in %.1f s, best after %lld: reward %.4f\n", a->policy,
           (long long)n->steps, seconds, (long long)n->best_steps, n->best_reward);
    if (isnan(n->trial_cost)) {
        puts("Interrupted before the first trial");
        return;
    }
    printf("last trial: cost %.4f J a request", n->trial_cost);
    if (isnan(n->oracle_cost))
        puts("");
    else
        printf(", the oracle's %.4f J on the same runs: %.3f of it\n", n->oracle_cost,
               n->trial_cost / n->oracle_cost);
    if (n->states)
        printf("states of the table that were seen: %lld of %lld\n", (long long)n->visited,
               (long long)n->states);
    if (c->over)
        printf("It runs as --policy %s=%s\n", a->policy, a->output);
    else
        printf("Interrupted; --resume goes on where it stopped\n");
}

static int train_in(const struct arguments *a, const struct tdm_scenario *scenario,
                    const char *line)
{
    struct tdm_error error = {0};
    struct tdm_training_setup setup;
    if (set_up(a, scenario, &setup, &error))
        return tdm_cli_fail("train", &error, TDM_EXIT_USAGE);
    setup.command = line;
    signal(SIGINT, interrupt);
    signal(SIGTERM, interrupt);
    struct tdm_training *training = tdm_training_open(&setup, a->resume, &error);
    if (!training)
        return tdm_cli_fail("train", &error, TDM_EXIT_USAGE);
    struct course_of course = {0};
    int status = train(training, a, setup.steps, &course, &error);
    const double seconds = clock_now() - course.started;
    tdm_training_free(training);
    if (status)
        return tdm_cli_fail("train", &error, TDM_EXIT_FAILED);
    if (a->json)
        return print_json(a, &course, seconds);
    print_result(a, &course, seconds);
    return TDM_EXIT_DONE;
}

int tdm_cli_train(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_scenario *scenario = tdm_scenario_load(a.scenario, &error);
    if (!scenario)
        return tdm_cli_fail("train", &error, TDM_EXIT_USAGE);
    char *line = tdm_cli_line(argc, argv);
    const int code = train_in(&a, scenario, line);
    free(line);
    tdm_scenario_free(scenario);
    return code;
}

// SPDX-License-Identifier: GPL-3.0-or-later
// tandem policy time: how long a policy's decisions take on this machine, for a board's file.
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/policy_parts.h"
#include "core/error.h"
#include "core/schema.h"
#include "engine/engine.h"
#include "policies/policy.h"

enum { WARM_UP = 200, MOST = 20000 }; // decisions

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

// Times the decisions of one run, after some to warm up. Returns how many.
static size_t watch(struct tdm_engine *engine, struct tdm_policy *policy, double *seconds)
{
    struct tdm_event event;
    size_t count = 0;
    while (count < WARM_UP + MOST && tdm_engine_next(engine, &event)) {
        if (event.kind != TDM_DECISION) {
            tdm_policy_learn(policy, event.outcome);
            continue;
        }
        struct tdm_plan plan;
        const double before = now();
        tdm_policy_decide(policy, event.state, &plan);
        if (count >= WARM_UP)
            seconds[count - WARM_UP] = now() - before;
        count++;
        tdm_engine_decide(engine, &plan);
    }
    return count > WARM_UP ? count - WARM_UP : 0;
}

static int time_policy(const struct tdm_scenario *scenario, const char *name, double *seconds,
                       size_t *count, struct tdm_error *error)
{
    const uint64_t seed = (uint64_t)scenario->seed;
    struct tdm_policy *policy = tdm_policy_open(name, scenario, seed, error);
    struct tdm_engine *engine = policy ? tdm_engine_open("analytic:", scenario, seed, error) : NULL;
    if (engine)
        *count = watch(engine, policy, seconds);
    const int status = engine ? tdm_engine_check(engine, error) : -1;
    tdm_policy_free(policy);
    tdm_engine_free(engine);
    if (status == 0 && *count == 0)
        return tdm_fail(error, "the scenario has fewer than %d decisions to time", WARM_UP + 1);
    return status;
}

static int print(const char *name, double *seconds, size_t count, bool json)
{
    gsl_sort(seconds, 1, count);
    const double mean = gsl_stats_mean(seconds, 1, count);
    const double median = gsl_stats_median_from_sorted_data(seconds, 1, count);
    const double p99 = gsl_stats_quantile_from_sorted_data(seconds, 1, count, 0.99);
    if (json)
        return tdm_cli_json(json_pack("{s:s, s:I, s:f, s:f, s:f}", "policy", name, "decisions",
                                      (json_int_t)count, "mean_s", mean, "median_s", median,
                                      "p99_s", p99));
    printf("%s: %zu decisions, %.3g us each in the median, %.3g us in the mean, %.3g us at most in "
           "99 %%\n"
           "On a board, with its CPU at the top clock, the median is its file's thinking=\"…\".\n",
           name, count, 1e6 * median, 1e6 * mean, 1e6 * p99);
    return TDM_EXIT_DONE;
}

int tdm_policy_time(int argc, char **argv)
{
    const char *name = NULL, *path;
    bool json = false;
    const struct tdm_option options[] = {
        {'p', "policy", "NAME", .text = &name, .required = true,
         .help = "which policy: dvfo=nano.h5, or any other"},
        {'j', "json", .flag = &json, .help = "as JSON"},
    };
    const struct tdm_usage usage = {
        "policy time", "SCENARIO",
        "How long a policy's decisions take on this machine: up to 20,000 of a run of the "
        "scenario, a name or a file.",
        options, TDM_COUNT(options)};
    const int operands = tdm_options_read(&usage, argc, argv, &path, 1, 1);
    if (operands < 0)
        return tdm_options_exit(operands);
    struct tdm_error error = {0};
    struct tdm_scenario *scenario = tdm_scenario_load(path, &error);
    double *seconds = malloc(MOST * sizeof *seconds);
    size_t count = 0;
    int status = scenario ? 0 : -1;
    if (status == 0)
        status = seconds ? time_policy(scenario, name, seconds, &count, &error)
                         : tdm_fail(&error, "out of memory");
    const int code =
        status ? tdm_cli_fail("policy", &error, TDM_EXIT_USAGE) : print(name, seconds, count, json);
    free(seconds);
    tdm_scenario_free(scenario);
    return code;
}

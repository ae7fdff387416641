// SPDX-License-Identifier: GPL-3.0-or-later
// tandem validate: the same requests on a board and in simulation, and how far they are apart.
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "cli/validate.h"
#include "core/error.h"
#include "core/partial.h"
#include "core/schema.h"
#include "core/table.h"

struct arguments {
    const char *scenario, *uri, *id, *output, *plot;
    const char *policies[TDM_VALIDATE_POLICIES];
    size_t policy_count;
    uint64_t seed;
    bool json;
};

static int take_policies(void *into, char *list, struct tdm_error *error)
{
    struct arguments *a = into;
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (a->policy_count == TDM_VALIDATE_POLICIES)
            return tdm_fail(error, "at most %d policies", TDM_VALIDATE_POLICIES);
        a->policies[a->policy_count++] = name + strspn(name, " ");
    }
    return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'p', "policy", "A,B=FILE,…", .take = take_policies, .into = a, .required = true,
         .help = "policies, one after the other on the board"},
        {'b', "board", "URI", .text = &a->uri, .required = true,
         .help = "the board's agent: tcp://HOST:PORT or ipc:///PATH (tandem help drivers); a "
                 "record, replay:FILE, may stand in for it"},
        {0, "id", "ID", .text = &a->id,
         .help = "which board of the scenario it is; needed where there are several"},
        {'s', "seed", "N", .whole = {&a->seed, 1, TDM_SEED_MOST},
         .help = "of everything random; the scenario's by default"},
        {'o', "output", "FILE", .text = &a->output, .help = "both figures of each request, CSV"},
        {0, "plot", "FILE", .text = &a->plot, .help = "a picture of them, SVG (needs gnuplot)"},
        {'j', "json", .flag = &a->json, .help = "the figures as JSON (tandem help json)"},
    };
    const struct tdm_usage usage = {
        "validate", "SCENARIO",
        "Runs a scenario under one policy or several on a board and in simulation, and says how "
        "far "
        "apart they are. On the board first, in real time; then the model executes the very plans "
        "that the board did, so that errors are the model's and not those of other decisions. "
        "Whether the same policy is as good in simulation, where it decides by itself, is in the "
        "last columns. Links, servers and other boards are simulated both times.",
        options, TDM_COUNT(options)};
    *a = (struct arguments){0};
    return tdm_options_read(&usage, argc, argv, &a->scenario, 1, 1);
}

// ---- errors ------------------------------------------------------------------------------------

static const char *const quantity_names[TDM_VALIDATE_QUANTITIES] = {"latency", "power", "energy"};

static double value_of(const struct tdm_validated_request *r, int quantity, bool board)
{
    const struct tdm_validated_side *side = board ? &r->board : &r->model;
    switch (quantity) {
    case 0:
        return side->latency;
    case 1:
        return side->energy / side->service;
    default:
        return side->energy;
    }
}

// Relative errors of one policy's requests (all policies': -1), and their number.
static size_t errors_of(const struct tdm_validation *v, int policy, int quantity, double *errors)
{
    size_t count = 0;
    for (size_t i = 0; i < v->count; i++)
        if (policy < 0 || v->requests[i].policy == policy) {
            const double there = value_of(&v->requests[i], quantity, true);
            // A reading may be below zero where a request is shorter than its sensor can see.
            errors[count++] =
                fabs(value_of(&v->requests[i], quantity, false) - there) / fabs(there);
        }
    gsl_sort(errors, 1, count);
    return count;
}

static double rank_agreement(const double *a, const double *b, size_t count, double *scratch)
{
    return count >= 3 ? gsl_stats_spearman(a, 1, b, 1, count, scratch) : NAN;
}

static bool same_clocks(const struct tdm_plan *a, const struct tdm_plan *b)
{
    return memcmp(a->opp, b->opp, sizeof a->opp) == 0 && a->point == b->point && a->xi == b->xi &&
           a->processor == b->processor;
}

// Mean energies by plan: whether the model puts settings into the order that the board does.
// `work` has room for five values a request. The agreement, and how many settings there were.
static double settings_agreement(const struct tdm_validation *v, double *work, size_t *settings)
{
    double *there = work, *here = work + v->count, *scratch = work + 2 * v->count;
    size_t *first = calloc(v->count + 1, sizeof *first), *rows = calloc(v->count + 1, sizeof *rows);
    *settings = 0;
    for (size_t i = 0; first && rows && i < v->count; i++) {
        size_t s = 0;
        while (s < *settings && !same_clocks(&v->requests[first[s]].plan, &v->requests[i].plan))
            s++;
        if (s == *settings) {
            first[(*settings)++] = i;
            there[s] = here[s] = 0;
        }
        there[s] += v->requests[i].board.energy;
        here[s] += v->requests[i].model.energy;
        rows[s]++;
    }
    for (size_t s = 0; s < *settings; s++) {
        there[s] /= (double)rows[s];
        here[s] /= (double)rows[s];
    }
    free(first);
    free(rows);
    return rank_agreement(there, here, *settings, scratch);
}

static double policies_agreement(const struct tdm_validation *v)
{
    double there[TDM_VALIDATE_POLICIES], here[TDM_VALIDATE_POLICIES],
        scratch[2 * TDM_VALIDATE_POLICIES];
    for (size_t p = 0; p < v->policy_count; p++) {
        there[p] = v->policies[p].board_cost;
        here[p] = v->policies[p].model_cost;
    }
    return rank_agreement(there, here, v->policy_count, scratch);
}

// ---- what is printed ---------------------------------------------------------------------------

static void add_row(struct tdm_table *table, const struct tdm_validation *v, size_t p,
                    double *errors)
{
    const struct tdm_validated_policy *policy = &v->policies[p];
    tdm_table_add(table, "%s", policy->name);
    size_t count = 0;
    for (int q = 0; q < TDM_VALIDATE_QUANTITIES; q++) {
        count = errors_of(v, (int)p, q, errors);
        if (q == 0)
            tdm_table_add(table, "%zu", count);
        tdm_table_add(table, "%.1f", 100 * gsl_stats_mean(errors, 1, count));
        tdm_table_add(table, "%.1f",
                      100 * gsl_stats_quantile_from_sorted_data(errors, 1, count, 0.95));
    }
    tdm_table_add(table, "%.4g", policy->board_cost);
    tdm_table_add(table, "%.4g", policy->model_cost);
}

static void print_agreement(const char *what, size_t count, double agreement)
{
    if (!isnan(agreement))
        printf("order of %zu %s by %s: rank correlation (Spearman) %.2f\n", count, what,
               what[0] == 'p' ? "cost" : "energy", agreement);
}

static void print(const struct tdm_validation *v, const char *uri, double *work)
{
    static const char *const titles[] = {"policy",      ">requests",  ">latency %", ">p95 %",
                                         ">power %",    ">p95 %",     ">energy %",  ">p95 %",
                                         ">cost there", ">simulated", NULL};
    struct tdm_table table;
    size_t settings;
    printf("the model against %s: errors of a request, mean and 95th percentile; cost in J\n\n",
           uri);
    tdm_table_start(&table, titles);
    for (size_t p = 0; p < v->policy_count; p++)
        add_row(&table, v, p, work);
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
    const double by_setting = settings_agreement(v, work, &settings);
    if (!isnan(by_setting) || v->policy_count >= 3)
        putchar('\n');
    print_agreement("settings", settings, by_setting);
    print_agreement("policies", v->policy_count, policies_agreement(v));
}

static json_t *policy_json(const struct tdm_validation *v, size_t p, double *errors)
{
    const struct tdm_validated_policy *policy = &v->policies[p];
    json_t *object = json_pack("{s:s, s:o, s:o}", "policy", policy->name, "board_cost_j",
                               tdm_json_number(policy->board_cost), "model_cost_j",
                               tdm_json_number(policy->model_cost));
    for (int q = 0; q < TDM_VALIDATE_QUANTITIES; q++) {
        char key[32];
        const size_t count = errors_of(v, (int)p, q, errors);
        json_object_set_new(object, "requests", json_integer((json_int_t)count));
        snprintf(key, sizeof key, "%s_mape", quantity_names[q]);
        json_object_set_new(object, key, tdm_json_number(100 * gsl_stats_mean(errors, 1, count)));
        snprintf(key, sizeof key, "%s_p95", quantity_names[q]);
        json_object_set_new(
            object, key,
            tdm_json_number(100 * gsl_stats_quantile_from_sorted_data(errors, 1, count, 0.95)));
    }
    return object;
}

static int print_json(const struct tdm_validation *v, const char *uri, double *work)
{
    size_t settings;
    json_t *policies = json_array();
    for (size_t p = 0; p < v->policy_count; p++)
        json_array_append_new(policies, policy_json(v, p, work));
    const double by_setting = settings_agreement(v, work, &settings);
    return tdm_cli_json(json_pack("{s:s, s:o, s:I, s:o, s:o}", "board", uri, "policies", policies,
                                  "settings", (json_int_t)settings, "settings_agreement",
                                  tdm_json_number(by_setting), "policies_agreement",
                                  tdm_json_number(policies_agreement(v))));
}

// ---- the command -------------------------------------------------------------------------------

static int find_board(const struct tdm_scenario *scenario, const char *id, struct tdm_error *error)
{
    if (!id && scenario->board_count == 1)
        return 0;
    for (size_t i = 0; id && i < scenario->board_count; i++)
        if (strcmp(scenario->boards[i].id, id) == 0)
            return (int)i;
    if (!id)
        return tdm_fail(error, "the scenario has %zu boards: --id says which of them it is",
                        scenario->board_count);
    return tdm_fail(error, "the scenario has no board '%.64s'", id);
}

static void print_requests(const struct tdm_validation *v, FILE *out)
{
    fprintf(out, "policy,request,cpu_hz,gpu_hz,emc_hz,xi,board_latency_s,model_latency_s,"
                 "board_energy_j,model_energy_j,board_service_s,model_service_s\n");
    for (size_t i = 0; i < v->count; i++) {
        const struct tdm_validated_request *r = &v->requests[i];
        fprintf(out, "%s,%llu,%.0f,%.0f,%.0f,%g,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n",
                v->policies[r->policy].name, (unsigned long long)r->request, r->hz[0], r->hz[1],
                r->hz[2], r->plan.xi, r->board.latency, r->model.latency, r->board.energy,
                r->model.energy, r->board.service, r->model.service);
    }
}

static int write_requests(const struct tdm_validation *v, const char *path, struct tdm_error *error)
{
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, path, error))
        return -1;
    const int copy = dup(partial.fd);
    FILE *out = copy >= 0 ? fdopen(copy, "w") : NULL;
    if (out)
        print_requests(v, out);
    else if (copy >= 0)
        close(copy);
    if (out && fclose(out) == 0)
        return tdm_partial_commit(&partial, error);
    tdm_fail_errno(error, path, "cannot be written");
    tdm_partial_abandon(&partial);
    return -1;
}

static int report(const struct arguments *a, const struct tdm_validation *v)
{
    struct tdm_error error = {0};
    double *work = calloc(5 * v->count + 1, sizeof *work);
    if (!work)
        return tdm_cli_fail("validate", &(struct tdm_error){.message = "out of memory"},
                            TDM_EXIT_FAILED);
    int code = TDM_EXIT_DONE;
    if (a->json)
        code = print_json(v, a->uri, work);
    else
        print(v, a->uri, work);
    free(work);
    if ((a->output && write_requests(v, a->output, &error)) ||
        (a->plot && tdm_validate_plot(v, a->plot, &error)))
        return tdm_cli_fail("validate", &error, TDM_EXIT_FAILED);
    return code;
}

static int validate(const struct arguments *a, struct tdm_scenario *scenario)
{
    struct tdm_error error = {0};
    struct tdm_validation v = {.scenario = scenario, .uri = a->uri, .seed = a->seed};
    v.which = find_board(scenario, a->id, &error);
    if (v.which < 0)
        return tdm_cli_fail("validate", &error, TDM_EXIT_USAGE);
    if (!v.seed)
        v.seed = (uint64_t)scenario->seed;
    int status = 0;
    for (size_t i = 0; i < a->policy_count && status == 0; i++)
        status = tdm_validate_policy(&v, a->policies[i], &error);
    const int code =
        status ? tdm_cli_fail("validate", &error,
                              v.policy_count || v.began ? TDM_EXIT_FAILED : TDM_EXIT_USAGE)
               : report(a, &v);
    free(v.requests);
    return code;
}

int tdm_cli_validate(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_scenario *scenario = tdm_scenario_load(a.scenario, &error);
    if (!scenario)
        return tdm_cli_fail("validate", &error, TDM_EXIT_USAGE);
    const int code = validate(&a, scenario);
    tdm_scenario_free(scenario);
    return code;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/judge.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/schema.h"
#include "core/table.h"

enum { MOST_POLICIES = 64 };

// Every policy that needs no argument; the oracle is always run.
static const char *const usual[] = {"edge-only", "edge-best",    "cloud-only",    "governed",
                                    "random",    "neurosurgeon", "dynamic-split", "lmos",
                                    "dynasplit", "oracle"};

struct arguments {
    const char *scenario, *engine;
    const char *policies[MOST_POLICIES];
    size_t policy_count;
    uint64_t seed, seeds;
    bool json;
    bool chosen; // the policies were asked for by name
};

// Cuts the list up into policies, with the oracle, whom the others are measured against.
static int take_policies(void *into, char *list, struct tdm_error *error)
{
    struct arguments *a = into;
    bool oracle = false;
    char *rest = NULL;
    a->policy_count = 0;
    a->chosen = true;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (a->policy_count == MOST_POLICIES - 1)
            return tdm_fail(error, "at most %d policies", MOST_POLICIES - 1);
        oracle |= strcmp(name, "oracle") == 0;
        a->policies[a->policy_count++] = name;
    }
    if (!oracle)
        a->policies[a->policy_count++] = "oracle";
    return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'p', "policies", "A,B,…", .take = take_policies, .into = a,
         .help = "which policies; the oracle is always among them"},
        {'s', "seed", "N", .whole = {&a->seed, 1, TDM_SEED_MOST},
         .help = "the first seed; the scenario's by default"},
        {'n', "seeds", "K", .whole = {&a->seeds, 1, TDM_JUDGE_SEEDS},
         .help = "uses the seeds N to N+K-1; 1 by default"},
        {'e', "engine", "URI", .text = &a->engine,
         .help = "how time passes: simgrid: where anything is shared, else analytic: (tandem help "
                 "engines)"},
        {'j', "json", .flag = &a->json, .help = "the figures as JSON (tandem help json)"},
    };
    const struct tdm_usage usage = {
        "compare", "SCENARIO",
        "Runs a scenario, a name or a file, under several policies with the same seeds and prints "
        "them side by side: each against the oracle, with 95 % intervals over the seeds, and the "
        "least cost that any plan could have.",
        options, TDM_COUNT(options)};
    *a = (struct arguments){.seeds = 1, .policy_count = TDM_COUNT(usual)};
    memcpy(a->policies, usual, sizeof usual);
    return tdm_options_read(&usage, argc, argv, &a->scenario, 1, 1);
}

// ---- running -----------------------------------------------------------------------------------

static int run_policy(const struct arguments *a, const struct tdm_scenario *scenario,
                      const char *policy, struct tdm_judged *judged, struct tdm_error *error)
{
    const struct tdm_simulation simulation = {.scenario = scenario,
                                              .engine = a->engine,
                                              .policy = policy,
                                              .seed = a->seed,
                                              .progress = true,
                                              .bound = strcmp(policy, "oracle") == 0};
    return tdm_judge(judged, &simulation, a->seeds, error);
}

static const struct tdm_judged *find_oracle(const struct tdm_judged *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(columns[i].policy, "oracle") == 0)
            return &columns[i];
    return NULL;
}

// ---- printing ----------------------------------------------------------------------------------

static void print_requests(const struct tdm_judged *columns, size_t count,
                           const struct tdm_judged *oracle)
{
    static const char *const titles[] = {"policy",  ">cost J", "±95 %",   ">/oracle", ">ETI J",
                                         ">TTI ms", ">p50",    ">p95",    ">p99",     ">late %",
                                         ">sent %", ">kB",     ">acc. %", NULL};
    struct tdm_table table;
    tdm_table_start(&table, titles);
    for (size_t i = 0; i < count; i++) {
        const struct tdm_summary *s = &columns[i].summary;
        const char *mark = tdm_judged_leaves_out(&columns[i]) ? " *" : "";
        tdm_table_add(&table, "%s%s", columns[i].policy, mark);
        tdm_table_add(&table, "%.3f", s->cost);
        tdm_table_add_interval(&table, columns[i].cost_interval);
        tdm_table_add(&table, "%.2f", s->cost / oracle->summary.cost);
        tdm_table_add(&table, "%.3f", s->energy);
        tdm_table_add(&table, "%.0f", 1e3 * s->latency);
        tdm_table_add(&table, "%.0f", 1e3 * s->p50);
        tdm_table_add(&table, "%.0f", 1e3 * s->p95);
        tdm_table_add(&table, "%.0f", 1e3 * s->p99);
        tdm_table_add(&table, "%.1f", 100 * s->misses);
        tdm_table_add(&table, "%.1f", 100 * s->offloaded);
        tdm_table_add(&table, "%.1f", s->sent / 1e3);
        tdm_table_add(&table, "%.1f", 100 * s->accuracy);
    }
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
}

static void print_boards(const struct tdm_judged *columns, size_t count)
{
    static const char *const titles[] = {"energy of a run", ">board J",    ">radio J",
                                         ">edge J",         ">server J",   ">edge+cloud J",
                                         ">dropped",        ">unanswered", NULL};
    struct tdm_table table;
    tdm_table_start(&table, titles);
    for (size_t i = 0; i < count; i++) {
        const struct tdm_summary *s = &columns[i].summary;
        const double edge = s->board_energy + s->radio_energy;
        tdm_table_add(&table, "%s", columns[i].policy);
        tdm_table_add(&table, "%.0f", s->board_energy);
        tdm_table_add(&table, "%.0f", s->radio_energy);
        tdm_table_add(&table, "%.0f", edge);
        tdm_table_add(&table, "%.0f", s->server_energy);
        tdm_table_add(&table, "%.0f", edge + s->server_energy);
        tdm_table_add(&table, "%.0f", s->dropped);
        tdm_table_add(&table, "%.0f", s->unanswered);
    }
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
}

// What the figures leave out, where some requests had no answer.
static void print_marked(const struct tdm_judged *columns, size_t count)
{
    bool marked = false;
    for (size_t i = 0; i < count; i++)
        marked |= tdm_judged_leaves_out(&columns[i]);
    if (marked)
        tdm_judge_explain_mark();
}

static void print_tables(const struct arguments *a, const struct tdm_scenario *scenario,
                         const struct tdm_judged *columns)
{
    const struct tdm_judged *oracle = find_oracle(columns, a->policy_count);
    printf("%s, %g s, %llu seed%s from %llu, eta %g\n", scenario->name, scenario->duration,
           (unsigned long long)a->seeds, a->seeds == 1 ? "" : "s", (unsigned long long)a->seed,
           scenario->eta);
    if (scenario->title)
        printf("%s\n", scenario->title);
    putchar('\n');
    print_requests(columns, a->policy_count, oracle);
    print_marked(columns, a->policy_count);
    putchar('\n');
    print_boards(columns, a->policy_count);
    printf("\nNo plan can cost less than %.3f J a request on average (no queueing, switching, "
           "tail, heat);\nthe oracle, greedy over requests, is %.1f %% above that.\n",
           oracle->summary.bound, 100 * (oracle->summary.cost / oracle->summary.bound - 1));
}

static int print_json(const struct arguments *a, const struct tdm_scenario *scenario,
                      const struct tdm_judged *columns)
{
    const struct tdm_judged *oracle = find_oracle(columns, a->policy_count);
    json_t *list = json_array();
    for (size_t i = 0; i < a->policy_count; i++)
        json_array_append_new(list, tdm_judged_json(&columns[i], oracle));
    json_t *root = json_pack("{s:s, s:f, s:I, s:I, s:f, s:o, s:o}", "scenario", scenario->name,
                             "duration_s", scenario->duration, "seed", (json_int_t)a->seed, "seeds",
                             (json_int_t)a->seeds, "eta", scenario->eta, "bound_j",
                             tdm_json_number(oracle->summary.bound), "policies", list);
    return tdm_cli_json(root);
}

static int check_policies(const struct arguments *a, const struct tdm_scenario *scenario,
                          struct tdm_error *error)
{
    for (size_t i = 0; i < a->policy_count; i++) {
        const struct tdm_simulation simulation = {
            .scenario = scenario, .engine = a->engine, .policy = a->policies[i], .seed = a->seed};
        if (tdm_check_simulation(&simulation, error))
            return -1;
    }
    return 0;
}

// Of the usual policies, those that the scenario has a use for: no cloud, no cloud-only.
static void keep_possible(struct arguments *a, const struct tdm_scenario *scenario)
{
    size_t kept = 0;
    for (size_t i = 0; i < a->policy_count; i++) {
        struct tdm_policy *policy = tdm_policy_open(a->policies[i], scenario, a->seed, NULL);
        if (policy)
            a->policies[kept++] = a->policies[i];
        tdm_policy_free(policy);
    }
    a->policy_count = kept;
}

static int compare(const struct arguments *a, const struct tdm_scenario *scenario)
{
    struct tdm_error error = {0};
    if (check_policies(a, scenario, &error))
        return tdm_cli_fail("compare", &error, TDM_EXIT_USAGE);
    tdm_explain_sharing(scenario, a->engine);
    struct tdm_judged *columns = calloc(a->policy_count, sizeof *columns);
    int status = columns ? 0 : tdm_fail(&error, "out of memory");
    for (size_t i = 0; status == 0 && i < a->policy_count; i++)
        status = run_policy(a, scenario, a->policies[i], &columns[i], &error);
    int code = TDM_EXIT_DONE;
    if (status == 0 && a->json)
        code = print_json(a, scenario, columns);
    else if (status == 0)
        print_tables(a, scenario, columns);
    for (size_t i = 0; columns && i < a->policy_count; i++)
        tdm_figures_free(&columns[i].figures);
    free(columns);
    return status ? tdm_cli_fail("compare", &error, TDM_EXIT_FAILED) : code;
}

int tdm_cli_compare(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_scenario *scenario = tdm_scenario_load(a.scenario, &error);
    if (!scenario)
        return tdm_cli_fail("compare", &error, TDM_EXIT_USAGE);
    if (!a.seed)
        a.seed = (uint64_t)scenario->seed;
    if (!a.engine)
        a.engine = tdm_engine_usual(scenario);
    if (!a.chosen)
        keep_possible(&a, scenario);
    const int code = compare(&a, scenario);
    tdm_scenario_free(scenario);
    return code;
}

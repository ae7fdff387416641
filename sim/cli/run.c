// SPDX-License-Identifier: GPL-3.0-or-later
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/summary.h"
#include "core/schema.h"
#include "core/table.h"

struct arguments {
    struct tdm_simulation simulation;
    const char *scenario;
    bool json;
};

static int parse(int argc, char **argv, struct arguments *a)
{
    *a = (struct arguments){.simulation = {.progress = true}};
    struct tdm_simulation *s = &a->simulation;
    const struct tdm_option options[] = {
        {'p', "policy", "NAME", .text = &s->policy, .required = true,
         .help = "the policy, as in edge-only or governed:ondemand (tandem policy list)"},
        {'e', "engine", "URI", .text = &s->engine,
         .help = "how time passes: simgrid: where anything is shared, else analytic: (tandem help "
                 "engines)"},
        {'s', "seed", "N", .whole = {&s->seed, 1, TDM_SEED_MOST},
         .help = "of everything random; the scenario's by default"},
        {'o', "output", "FILE", .text = &s->record, .help = "a record of the run, HDF5"},
        {'j', "json", .flag = &a->json, .help = "the figures as JSON (tandem help json)"},
    };
    const struct tdm_usage usage = {
        "run", "SCENARIO",
        "Runs a scenario, a name or a file, under one policy and prints its figures.", options,
        TDM_COUNT(options)};
    return tdm_options_read(&usage, argc, argv, &a->scenario, 1, 1);
}

static void print_row(struct tdm_table *table, const char *what, double value, const char *unit)
{
    if (isnan(value))
        return;
    tdm_table_add(table, "%s", what);
    tdm_table_add(table, "%.6g", value);
    tdm_table_add(table, "%s", unit);
}

static void print_figures(const struct arguments *a, const struct tdm_summary *s)
{
    static const char *const titles[] = {"", ">", "", NULL};
    const struct tdm_scenario *scenario = a->simulation.scenario;
    struct tdm_table table;
    printf("scenario %s, policy %s, seed %llu, %g s\n\n", scenario->name, a->simulation.policy,
           (unsigned long long)a->simulation.seed, scenario->duration);
    tdm_table_start(&table, titles);
    print_row(&table, "requests answered", s->requests, "");
    print_row(&table, "dropped", s->dropped, "");
    print_row(&table, "unanswered at the end", s->unanswered, "");
    print_row(&table, "cost", s->cost, "J a request");
    print_row(&table, "energy of a request (ETI)", s->energy, "J");
    print_row(&table, "latency (TTI), mean", 1e3 * s->latency, "ms");
    print_row(&table, "  median", 1e3 * s->p50, "ms");
    print_row(&table, "  95th percentile", 1e3 * s->p95, "ms");
    print_row(&table, "  99th percentile", 1e3 * s->p99, "ms");
    print_row(&table, "  of it waiting for the board", 1e3 * s->waited, "ms");
    print_row(&table, "deadline missed", 100 * s->misses, "%");
    print_row(&table, "offloaded", 100 * s->offloaded, "%");
    print_row(&table, "sent", s->sent / 1e3, "kB a request");
    print_row(&table, "expected accuracy", 100 * s->accuracy, "%");
    print_row(&table, "energy of the boards, run", s->board_energy, "J");
    print_row(&table, "energy of the radios, run", s->radio_energy, "J");
    print_row(&table, "energy of the servers, run", s->server_energy, "J");
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
    if (a->simulation.record)
        printf("\nrecord: %s\n", a->simulation.record);
}

static int simulate(struct arguments *a, const char *line)
{
    struct tdm_error error = {0};
    struct tdm_figures figures = {0};
    a->simulation.command = line ? line : "tandem run";
    // The engine and the policy are bad usage where they cannot be had; try them first.
    if (tdm_check_simulation(&a->simulation, &error))
        return tdm_cli_fail("run", &error, TDM_EXIT_USAGE);
    tdm_explain_sharing(a->simulation.scenario, a->simulation.engine);
    if (tdm_simulate(&a->simulation, &figures, &error)) {
        tdm_figures_free(&figures);
        return tdm_cli_fail("run", &error, TDM_EXIT_FAILED);
    }
    int code = TDM_EXIT_DONE;
    struct tdm_summary summary;
    tdm_summarise(&figures, 1, &summary);
    if (a->json)
        code = tdm_cli_json(tdm_summary_json(a->simulation.policy, &summary));
    else
        print_figures(a, &summary);
    tdm_explain_unanswered(a->simulation.scenario, a->simulation.policy, &figures);
    tdm_figures_free(&figures);
    return code;
}

int tdm_cli_run(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct tdm_scenario *scenario = tdm_scenario_load(a.scenario, &error);
    if (!scenario)
        return tdm_cli_fail("run", &error, TDM_EXIT_USAGE);
    char *line = tdm_cli_line(argc, argv);
    a.simulation.scenario = scenario;
    if (!a.simulation.engine)
        a.simulation.engine = tdm_engine_usual(scenario);
    if (!a.simulation.seed)
        a.simulation.seed = (uint64_t)scenario->seed;
    const int code = simulate(&a, line);
    free(line);
    tdm_scenario_free(scenario);
    return code;
}

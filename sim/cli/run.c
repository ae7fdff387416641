// SPDX-License-Identifier: GPL-3.0-or-later
#include <getopt.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/summary.h"
#include "core/table.h"

struct arguments {
    struct tdm_simulation simulation;
    const char *scenario;
    bool json;
};

static int usage(const char *why)
{
    fprintf(stderr, "tandem run: %s; see 'tandem help run'\n", why);
    return TDM_EXIT_USAGE;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    static const struct option options[] = {
        {"engine", required_argument, NULL, 'e'}, {"json", no_argument, NULL, 'j'},
        {"output", required_argument, NULL, 'o'}, {"policy", required_argument, NULL, 'p'},
        {"seed", required_argument, NULL, 's'},   {NULL, 0, NULL, 0}};
    *a = (struct arguments){.simulation = {.engine = "analytic:", .progress = true}};
    for (int option; (option = getopt_long(argc, argv, "e:jo:p:s:", options, NULL)) != -1;) {
        switch (option) {
        case 'e':
            a->simulation.engine = optarg;
            break;
        case 'j':
            a->json = true;
            break;
        case 'o':
            a->simulation.record = optarg;
            break;
        case 'p':
            a->simulation.policy = optarg;
            break;
        case 's':
            if (tdm_parse_count(optarg, 1, &a->simulation.seed))
                return usage("--seed is a whole number from 1 on");
            break;
        default:
            return TDM_EXIT_USAGE;
        }
    }
    if (optind + 1 != argc)
        return usage("it takes one scenario");
    a->scenario = argv[optind];
    return a->simulation.policy ? TDM_EXIT_DONE : usage("it needs --policy NAME");
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

static char *join(int argc, char *const *argv)
{
    char *line = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&line, &size);
    if (!stream)
        return NULL;
    fputs("tandem", stream);
    for (int i = 0; i < argc; i++)
        fprintf(stream, " %s", argv[i]);
    fclose(stream);
    return line;
}

static int fail(const struct tdm_error *error, int code)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "tandem run: %s\n", text);
    return code;
}

static int simulate(struct arguments *a, char *line)
{
    struct tdm_error error = {0};
    struct tdm_figures figures = {0};
    a->simulation.command = line ? line : "tandem run";
    // The engine and the policy are bad usage where they cannot be had; try them first.
    if (tdm_check_simulation(&a->simulation, &error))
        return fail(&error, TDM_EXIT_USAGE);
    if (tdm_simulate(&a->simulation, &figures, &error)) {
        tdm_figures_free(&figures);
        return fail(&error, TDM_EXIT_FAILED);
    }
    struct tdm_summary summary;
    tdm_summarise(&figures, 1, &summary);
    if (a->json) {
        json_t *object = tdm_summary_json(a->simulation.policy, &summary);
        json_dumpf(object, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
        putchar('\n');
        json_decref(object);
    } else {
        print_figures(a, &summary);
    }
    tdm_explain_unanswered(a->simulation.scenario, a->simulation.policy, &figures);
    tdm_figures_free(&figures);
    return TDM_EXIT_DONE;
}

int tdm_cli_run(int argc, char **argv)
{
    struct arguments a;
    char *line = join(argc, argv); // before getopt permutes
    int code = parse(argc, argv, &a);
    if (code == TDM_EXIT_DONE) {
        struct tdm_error error = {0};
        struct tdm_scenario *scenario = tdm_scenario_load(a.scenario, &error);
        if (scenario) {
            a.simulation.scenario = scenario;
            if (!a.simulation.seed)
                a.simulation.seed = (uint64_t)scenario->seed;
            code = simulate(&a, line);
        } else {
            code = fail(&error, TDM_EXIT_USAGE);
        }
        tdm_scenario_free(scenario);
    }
    free(line);
    return code;
}

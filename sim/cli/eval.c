// SPDX-License-Identifier: GPL-3.0-or-later
// tandem eval: a learned policy on seeds and traces that it was not trained on.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"
#include "cli/judge.h"
#include "cli/options.h"
#include "cli/output.h"
#include "core/error.h"
#include "core/xml_set.h"

enum { MOST_TRACES = 256, USUAL_SEEDS = 10 };

// Whom a policy is measured against, after itself.
enum { ITSELF, ORACLE, EDGE_ONLY, JUDGED };
static const char *const judged_by[JUDGED] = {NULL, "oracle", "edge-only"};

struct arguments {
    const char *scenario, *policy, *engine;
    const char *traces[MOST_TRACES + 1]; // NULL: the scenario's own
    size_t trace_count;
    uint64_t seed, seeds;
    bool json;
};

// The scenario with one of the traces, and what came of it.
struct row {
    const char *trace;
    struct tdm_scenario *scenario;
    const char *engine;
    struct tdm_judged judged[JUDGED];
};

static int take_traces(void *into, char *list, struct tdm_error *error)
{
    struct arguments *a = into;
    char *rest = NULL;
    for (char *name = strtok_r(list, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        if (a->trace_count > MOST_TRACES)
            return tdm_fail(error, "at most %d traces", MOST_TRACES);
        a->traces[a->trace_count++] = name + strspn(name, " ");
    }
    return 0;
}

static int parse(int argc, char **argv, struct arguments *a)
{
    const struct tdm_option options[] = {
        {'p', "policy", "NAME=FILE", .text = &a->policy, .required = true,
         .help = "which policy: dvfo=nano.h5, or any other"},
        {'t', "trace", "A,B,…", .take = take_traces, .into = a,
         .help = "names or files, each in place of the traces of all links and cells"},
        {'s', "seed", "N", .whole = {&a->seed, 1, TDM_SEED_MOST},
         .help = "the first seed; the scenario's by default"},
        {'n', "seeds", "K", .whole = {&a->seeds, 1, TDM_JUDGE_SEEDS},
         .help = "uses the seeds N to N+K-1; 10 by default"},
        {'e', "engine", "URI", .text = &a->engine,
         .help = "how time passes: simgrid: where anything is shared, else analytic:"},
        {'j', "json", .flag = &a->json, .help = "the figures as JSON (tandem help json)"},
    };
    const struct tdm_usage usage = {
        "eval", "SCENARIO",
        "Runs a scenario, a name or a file, under a policy on seeds that training does not use, "
        "and with other traces: a row each, with 95 % intervals over the seeds, against the "
        "oracle and the board alone on the same seeds.",
        options, TDM_COUNT(options)};
    *a = (struct arguments){.seeds = USUAL_SEEDS, .trace_count = 1};
    return tdm_options_read(&usage, argc, argv, &a->scenario, 1, 1);
}

// ---- other traces ------------------------------------------------------------------------------

// What is replaced: each different trace of links and cells is one setting.
struct places {
    struct tdm_xml_path *paths;
    struct tdm_xml_setting *settings;
    size_t count;
};

static void add_place(struct places *p, const char *parent, const char *element, const char *trace)
{
    if (!trace)
        return;
    const int depth = parent ? 2 : 1;
    for (size_t i = 0; i < p->count; i++) {
        const struct tdm_xml_step *last = &p->paths[i].steps[depth - 1];
        if (p->paths[i].step_count == depth && strcmp(last->element, element) == 0 &&
            strcmp(last->value, trace) == 0)
            return;
    }
    struct tdm_xml_path *path = &p->paths[p->count];
    *path = (struct tdm_xml_path){.step_count = depth, .attribute = "trace"};
    path->steps[0].element = parent;
    path->steps[depth - 1] = (struct tdm_xml_step){element, "trace", trace};
    p->settings[p->count++].path = path;
}

static void find_places(struct places *p, const struct tdm_scenario *scenario)
{
    for (size_t i = 0; i < scenario->own_links; i++)
        add_place(p, NULL, "link", scenario->links[i].trace);
    for (size_t i = 0; i < scenario->fleet_count; i++)
        for (size_t j = 0; j < scenario->fleets[i].link_count; j++)
            add_place(p, "fleet", "link", scenario->fleets[i].links[j].trace);
    for (size_t i = 0; i < scenario->cell_count; i++)
        add_place(p, NULL, "cell", scenario->cells[i].trace);
}

static size_t most_places(const struct tdm_scenario *scenario)
{
    size_t count = scenario->own_links + scenario->cell_count + 1;
    for (size_t i = 0; i < scenario->fleet_count; i++)
        count += scenario->fleets[i].link_count;
    return count;
}

static struct tdm_scenario *with_trace(const struct tdm_scenario *scenario, const char *trace,
                                       struct places *p, struct tdm_error *error)
{
    size_t length;
    p->count = 0;
    find_places(p, scenario);
    if (p->count == 0) {
        tdm_fail_at(error, scenario->path, 0, 0,
                    "no link or cell of this scenario has a trace that '%.64s' could replace",
                    trace);
        return NULL;
    }
    for (size_t i = 0; i < p->count; i++)
        p->settings[i].value = trace;
    char *text = tdm_xml_set(scenario->text, scenario->text_length, scenario->path, p->settings,
                             p->count, &length, error);
    struct tdm_scenario *other =
        text ? tdm_scenario_of_text(text, length, scenario->path, error) : NULL;
    free(text);
    return other;
}

static int load_others(const struct arguments *a, struct row *rows, struct tdm_error *error)
{
    const size_t most = most_places(rows[0].scenario);
    struct places places = {.paths = calloc(most, sizeof *places.paths),
                            .settings = calloc(most, sizeof *places.settings)};
    int status = places.paths && places.settings ? 0 : tdm_fail(error, "out of memory");
    for (size_t i = 1; status == 0 && i < a->trace_count; i++) {
        rows[i].trace = a->traces[i];
        rows[i].scenario = with_trace(rows[0].scenario, rows[i].trace, &places, error);
        status = rows[i].scenario ? 0 : -1;
    }
    free(places.paths);
    free(places.settings);
    return status;
}

// ---- running -----------------------------------------------------------------------------------

static struct tdm_simulation simulation_of(const struct arguments *a, const struct row *row,
                                           int who)
{
    return (struct tdm_simulation){.scenario = row->scenario,
                                   .engine = row->engine,
                                   .policy = who == ITSELF ? a->policy : judged_by[who],
                                   .seed = a->seed,
                                   .progress = true};
}

// All of it before any of it runs.
static int check(const struct arguments *a, struct row *rows, struct tdm_error *error)
{
    for (size_t i = 0; i < a->trace_count; i++) {
        rows[i].engine = a->engine ? a->engine : tdm_engine_usual(rows[i].scenario);
        const struct tdm_simulation simulation = simulation_of(a, &rows[i], ITSELF);
        if (tdm_check_simulation(&simulation, error))
            return -1;
    }
    return 0;
}

static int run(const struct arguments *a, struct row *rows, struct tdm_error *error)
{
    for (size_t i = 0; i < a->trace_count; i++) {
        for (int who = 0; who < JUDGED; who++) {
            const struct tdm_simulation simulation = simulation_of(a, &rows[i], who);
            if (tdm_judge(&rows[i].judged[who], &simulation, a->seeds, error))
                return -1;
        }
    }
    return 0;
}

// ---- printing ----------------------------------------------------------------------------------

static double over(const struct row *row, int who)
{
    return row->judged[ITSELF].summary.cost / row->judged[who].summary.cost;
}

static void print_table(const struct arguments *a, const struct row *rows)
{
    static const char *const titles[] = {"trace",       ">cost J", "±95 %",   ">/oracle",
                                         ">/edge-only", ">ETI J",  ">TTI ms", ">p95",
                                         ">late %",     ">sent %", NULL};
    struct tdm_table table;
    bool marked = false;
    printf("%s under %s, %g s, %llu seed%s from %llu, eta %g\n\n", rows[0].scenario->name,
           a->policy, rows[0].scenario->duration, (unsigned long long)a->seeds,
           a->seeds == 1 ? "" : "s", (unsigned long long)a->seed, rows[0].scenario->eta);
    tdm_table_start(&table, titles);
    for (size_t i = 0; i < a->trace_count; i++) {
        const struct tdm_judged *judged = &rows[i].judged[ITSELF];
        const struct tdm_summary *s = &judged->summary;
        const bool mark = tdm_judged_leaves_out(judged);
        marked |= mark;
        tdm_table_add(&table, "%s%s", rows[i].trace ? rows[i].trace : "its own", mark ? " *" : "");
        tdm_table_add(&table, "%.3f", s->cost);
        tdm_table_add_interval(&table, judged->cost_interval);
        tdm_table_add(&table, "%.3f", over(&rows[i], ORACLE));
        tdm_table_add(&table, "%.3f", over(&rows[i], EDGE_ONLY));
        tdm_table_add(&table, "%.3f", s->energy);
        tdm_table_add(&table, "%.0f", 1e3 * s->latency);
        tdm_table_add(&table, "%.0f", 1e3 * s->p95);
        tdm_table_add(&table, "%.1f", 100 * s->misses);
        tdm_table_add(&table, "%.1f", 100 * s->offloaded);
    }
    tdm_table_print(&table, stdout, 0, tdm_terminal_width(stdout));
    if (marked)
        tdm_judge_explain_mark();
}

static int print_json(const struct arguments *a, const struct row *rows)
{
    json_t *list = json_array();
    for (size_t i = 0; i < a->trace_count; i++) {
        const struct tdm_judged *judged = rows[i].judged;
        json_t *object = tdm_judged_json(&judged[ITSELF], &judged[ORACLE]);
        json_object_set_new(object, "trace",
                            rows[i].trace ? json_string(rows[i].trace) : json_null());
        json_object_set_new(object, "cost_over_edge_only",
                            tdm_json_number(over(&rows[i], EDGE_ONLY)));
        json_object_set_new(object, "oracle_cost_j", tdm_json_number(judged[ORACLE].summary.cost));
        json_object_set_new(object, "edge_only_cost_j",
                            tdm_json_number(judged[EDGE_ONLY].summary.cost));
        json_array_append_new(list, object);
    }
    return tdm_cli_json(json_pack(
        "{s:s, s:s, s:f, s:I, s:I, s:f, s:o}", "scenario", rows[0].scenario->name, "policy",
        a->policy, "duration_s", rows[0].scenario->duration, "seed", (json_int_t)a->seed, "seeds",
        (json_int_t)a->seeds, "eta", rows[0].scenario->eta, "traces", list));
}

// ---- the command -------------------------------------------------------------------------------

static int evaluate(const struct arguments *a, struct row *rows)
{
    struct tdm_error error = {0};
    if (load_others(a, rows, &error) || check(a, rows, &error))
        return tdm_cli_fail("eval", &error, TDM_EXIT_USAGE);
    tdm_explain_sharing(rows[0].scenario, rows[0].engine);
    if (run(a, rows, &error))
        return tdm_cli_fail("eval", &error, TDM_EXIT_FAILED);
    if (a->json)
        return print_json(a, rows);
    print_table(a, rows);
    return TDM_EXIT_DONE;
}

static void free_rows(struct row *rows, size_t count)
{
    for (size_t i = 0; rows && i < count; i++) {
        for (int who = 0; who < JUDGED; who++)
            tdm_figures_free(&rows[i].judged[who].figures);
        tdm_scenario_free(rows[i].scenario);
    }
    free(rows);
}

int tdm_cli_eval(int argc, char **argv)
{
    struct arguments a;
    struct tdm_error error = {0};
    const int count = parse(argc, argv, &a);
    if (count < 0)
        return tdm_options_exit(count);
    struct row *rows = calloc(a.trace_count, sizeof *rows);
    if (!rows) {
        tdm_fail(&error, "out of memory");
        return tdm_cli_fail("eval", &error, TDM_EXIT_FAILED);
    }
    rows[0].scenario = tdm_scenario_load(a.scenario, &error);
    if (!a.seed && rows[0].scenario)
        a.seed = (uint64_t)rows[0].scenario->seed;
    const int code =
        rows[0].scenario ? evaluate(&a, rows) : tdm_cli_fail("eval", &error, TDM_EXIT_USAGE);
    free_rows(rows, a.trace_count);
    return code;
}

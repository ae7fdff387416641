// SPDX-License-Identifier: GPL-3.0-or-later
// The topics of `tandem help` about environments and training, from the program's own tables.
#include <string.h>

#include "cli/help_parts.h"
#include "core/table.h"
#include "core/text.h"
#include "env/action.h"
#include "env/observe.h"
#include "env/reward.h"
#include "policies/learned.h"

static void paragraph(FILE *stream, const char *text, int width)
{
    tdm_text_wrap(stream, text, 0, 0, width);
}

static void pairs(FILE *stream, int width, const char *const (*rows)[2], size_t count)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    for (size_t i = 0; i < count; i++) {
        tdm_table_add(&table, "%s", rows[i][0]);
        tdm_table_add(&table, "%s", rows[i][1]);
    }
    tdm_table_print(&table, stream, 2, width);
}

// ---- environments ------------------------------------------------------------------------------

static void print_entries(FILE *stream, int width)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"entry", ">-1 is", ">1 is", "scale", "unit",
                                                  "what it is", NULL});
    for (int i = 0; i < TDM_ENTRIES; i++) {
        const struct tdm_entry *e = &tdm_entries[i];
        tdm_table_add(&table, "%s", e->name);
        tdm_table_add(&table, "%g", e->low);
        tdm_table_add(&table, "%g", e->high);
        tdm_table_add(&table, "%s", e->by_logarithm ? "log" : "linear");
        tdm_table_add(&table, "%s", e->unit);
        tdm_table_add(&table, "%s", e->what);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void print_knobs(FILE *stream, int width)
{
    static const char *const levels[TDM_KNOBS] = {
        [TDM_KNOB_CPU] = "OPPs of the CPU that the scenario frees, lowest first",
        [TDM_KNOB_GPU] = "the same of the GPU",
        [TDM_KNOB_EMC] = "the same of the memory",
        [TDM_KNOB_PROCESSOR] = "what runs the stages, in the board's order",
        [TDM_KNOB_CUT] = "points to cut the network at, from the input on",
        [TDM_KNOB_XI] =
            "0: nothing is sent; then shares of the channels, rising (the input: whole)",
        [TDM_KNOB_BITS] = "of each value that is sent, as the scenario lists them",
        [TDM_KNOB_LINK] = "the board's links, in the scenario's order",
        [TDM_KNOB_VERSION] = "which network: the stream's dnn, then its other versions in order",
        [TDM_KNOB_EXIT] =
            "where that is left: at none, then at its exits that the scenario frees, in order",
    };
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"knob", "its levels, from 0", NULL});
    for (int k = 0; k < TDM_KNOBS; k++) {
        tdm_table_add(&table, "%s", tdm_knob_names[k]);
        tdm_table_add(&table, "%s", levels[k]);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void print_rewards(FILE *stream, int width)
{
    struct tdm_table table;
    tdm_table_start(&table, (const char *const[]){"reward", "of a request", NULL});
    for (const struct tdm_reward_type *const *type = tdm_rewards; *type; type++) {
        tdm_table_add(&table, "%s", (*type)->name);
        tdm_table_add(&table, "%s", (*type)->summary);
    }
    tdm_table_print(&table, stream, 2, width);
}

static void print_thinking(FILE *stream, int width)
{
    static const char *const modes[][2] = {
        {"blocking", "a request waits for its decision; one CPU core is busy meanwhile"},
        {"concurrent",
         "while a request runs, the next one is decided on, and begins no earlier than that is "
         "done. The first of a run is served by the board alone at its top clocks. Each step "
         "tells the exponent t_AS/H, at most 1, for discounts of gamma^(t_AS/H): t_AS the "
         "thought's length, H the request's (Xiao et al., ICLR 2020). What the core draws "
         "meanwhile is not counted"},
        {"free", "decisions take no time"},
    };
    pairs(stream, width, modes, sizeof modes / sizeof *modes);
}

void tdm_help_environment(FILE *stream, int width)
{
    paragraph(stream,
              "An environment is a scenario in which a learner decides. One step is one request: "
              "the decision that is due, of whatever board, and what was answered until the next "
              "one. 'tandem train' learns in it, tandem.h (tdm_env_*, tdm_vec_*) and the Python "
              "package let others do so.\n"
              "\n"
              "An episode ends after as many requests as the scenario says, or with the run "
              "(truncated); where too many requests wait, the run is given up (terminated, with "
              "the worst reward). The first run of a seed is that of 'tandem run --seed'; those "
              "that follow have seeds of their own.\n"
              "\n"
              "Observations: floats from -1 to 1. What lies outside is clipped, what is not known "
              "is 0. The reference is the board alone at its top clocks, cool and with nothing "
              "else running. observe=\"A, B\" leaves only those, in this order. 'all' has "
              "previous-version and previous-exit only where these are free, and what lies between "
              "them only where there is a period.",
              width);
    print_entries(stream, width);
    paragraph(
        stream,
        "\nActions: an integer for each knob of which <knobs> leaves at least two levels, in "
        "this order. All streams have the same knobs with as many levels. Where nothing is "
        "sent, cut, bits and link make no difference. A cut beyond the exit is never come to: "
        "nothing is sent.",
        width);
    print_knobs(stream, width);
    paragraph(stream,
              "\nRewards: ETI is the energy of a request, TTI its time from arrival to answer. A "
              "dropped request counts as one that took until its deadline once more, without "
              "energy. 'burden' charges the waits at a board that serves one request at a time, "
              "and is meant for one board.",
              width);
    print_rewards(stream, width);
    paragraph(stream, "\nThinking: what a decision's time does.", width);
    print_thinking(stream, width);
    paragraph(stream,
              "\nCoordinators: with period=\"1 s\", one decision covers all boards, and is made "
              "anew every second. The streams take turns in their order in the scenario, a step "
              "each, and see what those before them claim; the last one's step has the rewards of "
              "all requests until the next period. Shares of the first links' cells and of "
              "servers follow from all choices, such that the sum of weight accuracy - (1 - "
              "weight) TTI / reference is the most. It takes --engine analytic:, which is exact "
              "where the shares of what boards have in common sum to 1 and each board has one "
              "request in flight. Thinking is free: it is not done on the boards.",
              width);
    fputc('\n', stream);
    const struct tdm_element *element = tdm_schema_child(&tdm_scenario_schema, "environment", NULL);
    tdm_schema_help(element, stream);
    paragraph(stream,
              "\nExample, in a scenario:\n"
              "  <knobs gpu=\"4\" cut=\"input\"/>\n"
              "  <environment episode=\"200\" observe=\"queued, slack, bandwidth, trend, rtt\"\n"
              "               reward=\"burden\" thinking=\"concurrent\" think=\"2 ms\"/>",
              width);
}

// ---- learning ----------------------------------------------------------------------------------

static void print_settings(FILE *stream, int width)
{
    struct tdm_table table;
    tdm_table_start(
        &table, (const char *const[]){"setting", ">usual", ">least", ">most", "what it is", NULL});
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++) {
        if (o->offset == offsetof(struct tdm_learn_options, seed))
            continue; // it is --seed
        tdm_table_add(&table, "%s", o->name);
        tdm_table_add(&table, "%.12g", o->fallback);
        tdm_table_add(&table, "%g", o->low);
        tdm_table_add(&table, "%g", o->high);
        tdm_table_add(&table, "%s%s", o->summary,
                      o->kind == TDM_OPTION_SWITCH ? " (0: no, 1: yes)" : "");
    }
    tdm_table_print(&table, stream, 2, width);
}

// What a policy sets otherwise than usual.
static void print_recipe(FILE *stream, const struct tdm_policy_type *type, int width)
{
    struct tdm_learn_options usual, own;
    tdm_learn_options_default(&usual);
    tdm_learn_options_default(&own);
    if (type->recipe->options)
        type->recipe->options(&own);
    char text[1024];
    int used = snprintf(text, sizeof text, "%s: learner %s, %lld requests", type->name,
                        type->recipe->learner, (long long)type->recipe->steps);
    for (const struct tdm_learn_option *o = tdm_learn_option_table; o->name; o++) {
        const double value = tdm_learn_option_get(&own, o);
        if (value != tdm_learn_option_get(&usual, o) && (size_t)used < sizeof text)
            used += snprintf(text + used, sizeof text - (size_t)used, ", %s=%.12g", o->name, value);
    }
    fputs("  ", stream);
    tdm_text_wrap(stream, text, 2, 4, width);
}

void tdm_help_learning(FILE *stream, int width)
{
    static const char *const files[][2] = {
        {"FILE", "the best policy so far, what it was made for, and /learning, the curves; there "
                 "from the first trial on, always whole, and it runs as --policy NAME=FILE"},
        {"FILE.training", "all that is needed to go on: written every 20 s (--keep) and when "
                          "training is interrupted, removed when it is over"},
    };
    paragraph(stream,
              "'tandem train SCENARIO --policy NAME -o FILE' lets a policy learn in the scenario's "
              "environment (tandem help environment), in rounds of 256 steps of each of its 16 "
              "environments (--environments). After each round the policy is tried without "
              "exploring on 4 runs (--runs) that it does not learn from; the best one is kept. It "
              "is over after --steps requests, or when --patience trials found nothing better.\n"
              "\n"
              "Ctrl-C ends it after the round; --resume goes on with FILE.training to the last bit "
              "as if it had never stopped, with the same scenario and seed. A policy "
              "fits scenarios with the same knobs, levels and observations; links, traces, loads "
              "and arrivals may be others. 'tandem eval' judges it on other seeds and traces.\n"
              "\n"
              "Files",
              width);
    pairs(stream, width, files, sizeof files / sizeof *files);
    paragraph(stream, "\nSettings of learners: --set NAME=VALUE,…", width);
    print_settings(stream, width);
    paragraph(stream, "\nPolicies that learn, and what they set otherwise", width);
    for (const struct tdm_policy_type *const *type = tdm_policies; *type; type++)
        if ((*type)->recipe)
            print_recipe(stream, *type, width);
}

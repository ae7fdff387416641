// SPDX-License-Identifier: GPL-3.0-or-later
// tandem help: where to begin, what a command takes, what a topic is about.
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/help_parts.h"
#include "cli/options.h"
#include "core/schema.h"
#include "core/table.h"
#include "core/text.h"

// First steps by kind of user; those whose command there is are shown.
static const struct step {
    const char *who; // of the first of a kind
    const char *command, *after;
    const char *does;
} steps[] = {
    {"You train or judge policies", "compare", "default", "the built-in policies, and the optimum"},
    {NULL, "policy", "list", "what there is to compare"},
    {NULL, "run", "default --policy oracle -o run.h5", "one policy, and a record of the run"},
    {NULL, "report", "run.h5 -o run.html", "that record as plots, and its sources"},
    {"You plan a network", "trace", "list", "sample links, kinds of links, formats"},
    {NULL, "trace", "stats lte-walk", "what a link is like; your files, too"},
    {NULL, "help", "scenario", "what a scenario may say: ask what if"},
    {NULL, "sweep", "link-and-rate -o runs", "a grid of what ifs, on all processors"},
    {"You own a board", "board", "show nano", "its numbers, and where they are from"},
    {NULL, "calibrate", "--board nano --data my.csv -o my.xml", "a model of your board, fitted"},
    {NULL, "predict", "--board my.xml --data other.csv", "how wrong that model is"},
};

static int step_width(const struct step *step)
{
    return (int)(strlen("tandem ") + strlen(step->command) + 1 + strlen(step->after));
}

// A table for each kind of user; the longest step of all sets where they line up.
static void print_steps(FILE *stream, int width)
{
    struct tdm_table table = {0};
    int widest = 0;
    for (size_t i = 0; i < TDM_COUNT(steps); i++)
        widest = step_width(&steps[i]) > widest ? step_width(&steps[i]) : widest;
    for (size_t i = 0; i < TDM_COUNT(steps); i++) {
        const bool last = i + 1 == TDM_COUNT(steps) || steps[i + 1].who;
        if (steps[i].who) {
            fprintf(stream, "%s\n", steps[i].who);
            tdm_table_start(&table, (const char *const[]){"", "", NULL});
        }
        if (tdm_command_find(steps[i].command)) {
            tdm_table_add(&table, "tandem %s %s%*s", steps[i].command, steps[i].after,
                          widest - step_width(&steps[i]), "");
            tdm_table_add(&table, "%s", steps[i].does);
        }
        if (last) {
            tdm_table_print(&table, stream, 2, width);
            fputc('\n', stream);
        }
    }
}

void tdm_help_overview(FILE *stream)
{
    const int width = tdm_terminal_width(stream);
    struct tdm_table table;
    fputs("usage: tandem COMMAND [ARGUMENT]...\n\n", stream);
    tdm_text_wrap(stream,
                  "Tandem simulates DNN inference on edge boards that work in tandem with a cloud: "
                  "clocks, power, heat, links and offloading, by models that are fitted to "
                  "measurements.",
                  0, 0, width);
    fputc('\n', stream);
    print_steps(stream, width);
    fputs("Commands (tandem help COMMAND)\n", stream);
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    const struct tdm_command *command;
    for (unsigned i = 0; (command = tdm_command_at(i)); i++) {
        tdm_table_add(&table, "%s", command->name);
        tdm_table_add(&table, "%s", command->summary);
    }
    tdm_table_print(&table, stream, 2, width);
    fputs("\nTopics (tandem help TOPIC)\n", stream);
    tdm_table_start(&table, (const char *const[]){"", "", NULL});
    for (const struct tdm_topic *topic = tdm_topics; topic->name; topic++) {
        tdm_table_add(&table, "%s", topic->name);
        tdm_table_add(&table, "%s", topic->summary);
    }
    tdm_table_print(&table, stream, 2, width);
}

// ---- one page ----------------------------------------------------------------------------------

static const struct tdm_topic *find_topic(const char *name)
{
    for (const struct tdm_topic *topic = tdm_topics; topic->name; topic++)
        if (strcmp(topic->name, name) == 0)
            return topic;
    return NULL;
}

static int unknown(const char *name)
{
    struct tdm_nearest nearest;
    const struct tdm_command *command;
    tdm_nearest_start(&nearest, name);
    for (unsigned i = 0; (command = tdm_command_at(i)); i++)
        tdm_nearest_try(&nearest, command->name);
    for (const struct tdm_topic *topic = tdm_topics; topic->name; topic++)
        tdm_nearest_try(&nearest, topic->name);
    fprintf(stderr, "tandem help: there is no command or topic '%s'%s; 'tandem help' lists them\n",
            name, tdm_nearest_hint(&nearest));
    return TDM_EXIT_USAGE;
}

// `tandem help board show` is `tandem board show --help`.
static int page(const char *name, const char *second)
{
    const struct tdm_command *command = tdm_command_find(name);
    const struct tdm_topic *topic = find_topic(name);
    if (!command && !topic)
        return unknown(name);
    int code = TDM_EXIT_DONE;
    if (command) {
        char words[3][128];
        char *argv[4] = {words[0]};
        int argc = 1;
        snprintf(words[0], sizeof words[0], "%s", name);
        if (second) {
            snprintf(words[argc], sizeof words[0], "%s", second);
            argv[argc] = words[argc];
            argc++;
        }
        snprintf(words[argc], sizeof words[0], "--help");
        argv[argc] = words[argc];
        code = command->run(argc + 1, argv);
    }
    if (command && topic && !second)
        putchar('\n');
    if (topic && !second)
        topic->print(stdout, tdm_terminal_width(stdout));
    return code;
}

static int print_relaxng(const char *name)
{
    const struct tdm_element *schema = tdm_topic_schema(name);
    if (schema) {
        tdm_schema_relaxng(schema, stdout);
        return TDM_EXIT_DONE;
    }
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    fprintf(stderr, "tandem help: there is no schema '%s'", name);
    for (unsigned i = 0; tdm_topic_schema_name(i); i++)
        tdm_nearest_try(&nearest, tdm_topic_schema_name(i));
    fprintf(stderr, "%s; they are", tdm_nearest_hint(&nearest));
    for (unsigned i = 0; tdm_topic_schema_name(i); i++)
        fprintf(stderr, "%s %s", i ? "," : "", tdm_topic_schema_name(i));
    fputc('\n', stderr);
    return TDM_EXIT_USAGE;
}

int tdm_cli_help(int argc, char **argv)
{
    const char *schema = NULL, *names[2] = {NULL, NULL};
    const struct tdm_option options[] = {
        {.name = "schema",
         .argument = "KIND",
         .text = &schema,
         .help = "a RELAX NG schema of this kind of file, for editors and validators"}};
    const struct tdm_usage usage = {"help", "[COMMAND|TOPIC]",
                                    "Where to begin, what a command takes, what a topic is about; "
                                    "'tandem help' alone lists both.",
                                    options, TDM_COUNT(options)};
    const int count = tdm_options_read(&usage, argc, argv, names, 0, 2);
    if (count < 0)
        return tdm_options_exit(count);
    if (schema)
        return print_relaxng(schema);
    if (count > 0)
        return page(names[0], names[1]);
    tdm_help_overview(stdout);
    return TDM_EXIT_DONE;
}

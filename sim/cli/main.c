// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/command.h"
#include "cli/options.h"
#include "cli/score.h"
#include "cli/summary.h"
#include "cli/trace_parts.h"
#include "core/table.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

static int version(int argc, char **argv);

static const char run_help[] =
    "Runs a scenario, a name or a file, under one policy and prints its figures.\n"
    "  -p, --policy NAME      the policy, as in edge-only or governed:ondemand (tandem policy "
    "list)\n"
    "  -e, --engine URI       how time passes, analytic: by default (tandem help engines)\n"
    "  -s, --seed N           of everything random; the scenario's by default\n"
    "  -o, --output FILE      a record of the run, HDF5\n"
    "  -j, --json             the figures as JSON (tandem help json)";

static const char compare_help[] =
    "Runs a scenario, a name or a file, under several policies with the same seeds and prints "
    "them side by side: each against the oracle, with 95 % intervals over the seeds, and the "
    "least cost that any plan could have.\n"
    "  -p, --policies A,B,…   which policies; the oracle is always among them\n"
    "  -s, --seed N           the first seed; the scenario's by default\n"
    "  -n, --seeds K          uses the seeds N to N+K-1; 1 by default\n"
    "  -e, --engine URI       how time passes, analytic: by default (tandem help engines)\n"
    "  -j, --json             the figures as JSON (tandem help json)";

static const struct tdm_command commands[] = {
    {"run", "SCENARIO --policy NAME [OPTION]...", "one policy over a scenario: figures, record",
     tdm_cli_run, run_help},
    {"compare", "SCENARIO [OPTION]...", "policies side by side over a scenario, and the optimum",
     tdm_cli_compare, compare_help},
    {"calibrate", "--board B --data CSV -o OUT.xml", "fit a board's model to measurements",
     tdm_cli_calibrate, NULL},
    {"predict", "--board B --data CSV", "how far a board's model is from measurements",
     tdm_cli_predict, NULL},
    {"board", "list|show NAME", "boards: clocks, power, heat, fits, sources", tdm_cli_board, NULL},
    {"dnn", "list|show NAME", "networks: layers, cuts, sizes, accuracy", tdm_cli_dnn, NULL},
    {"server", "list|show NAME", "servers: speed, slots, power", tdm_cli_server, NULL},
    {"radio", "list|show NAME", "radios: power of transfers, promotion, tail", tdm_cli_radio, NULL},
    {"trace", "list|show|stats|convert|generate", "links over time: what there is, and work on it",
     tdm_cli_trace, NULL},
    {"policy", "list|show NAME", "policies: what each does", tdm_cli_policy, NULL},
    {"help", "[COMMAND|TOPIC]", "this page, a command, or a topic", tdm_cli_help, NULL},
    {"version", "", "the version of tandem", version, NULL},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const struct tdm_command *tdm_command_at(unsigned index)
{
    return index < COMMANDS ? &commands[index] : NULL;
}

const struct tdm_command *tdm_command_find(const char *name)
{
    for (unsigned i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

int tdm_command_run(const struct tdm_command *command, int argc, char **argv)
{
    bool asked = false;
    for (int i = 1; i < argc && command->help; i++)
        asked = asked || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
    if (!asked)
        return command->run(argc, argv);
    printf("usage: tandem %s %s\n", command->name, command->usage);
    tdm_text_wrap(stdout, command->help, 0, 0, tdm_terminal_width(stdout));
    return TDM_EXIT_DONE;
}

static int unknown(const char *name)
{
    struct tdm_nearest nearest;
    tdm_nearest_start(&nearest, name);
    for (unsigned i = 0; i < COMMANDS; i++)
        tdm_nearest_try(&nearest, commands[i].name);
    fprintf(stderr, "tandem: there is no command '%s'%s; 'tandem help' lists them\n", name,
            tdm_nearest_hint(&nearest));
    return TDM_EXIT_USAGE;
}

/** What printed into stdout's buffer may still not reach a full disk or a closed pipe. */
static int flushed(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    perror("tandem: cannot write to the standard output");
    return code == TDM_EXIT_DONE ? TDM_EXIT_FAILED : code;
}

static int version(int argc, char **argv)
{
    static const struct tdm_usage usage = {"version", "", "The version of tandem.", NULL, 0};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return count == TDM_OPTIONS_HELPED ? TDM_EXIT_DONE : TDM_EXIT_USAGE;
    printf("tandem %s\n", TANDEM_VERSION);
    return TDM_EXIT_DONE;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        tdm_help_overview(stderr);
        return TDM_EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0)
        name = "version";
    else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
        name = "help";
    const struct tdm_command *command = tdm_command_find(name);
    if (!command)
        return unknown(argv[1]);
    return flushed(tdm_command_run(command, argc - 1, argv + 1));
}

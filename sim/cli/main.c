// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/judge.h"
#include "cli/options.h"
#include "cli/report/report.h"
#include "cli/score.h"
#include "cli/summary.h"
#include "cli/sweep.h"
#include "cli/trace_parts.h"
#include "cli/validate.h"
#include "core/text.h"
#ifdef TANDEM_LINK
#include "hil/hardware_driver.h"
#include "hil/live.h"
#endif

#include <stdio.h>
#include <string.h>

static int version(int argc, char **argv);

static const struct tdm_command commands[] = {
    {"run", "one policy over a scenario: figures, record", tdm_cli_run},
    {"compare", "policies side by side over a scenario, and the optimum", tdm_cli_compare},
    {"train", "a policy that learns, in a scenario", tdm_cli_train},
    {"eval", "a learned policy on other seeds and traces", tdm_cli_eval},
    {"sweep", "many runs: a scenario in all variants of a grid", tdm_cli_sweep},
    {"merge", "the records of a sweep, as one table", tdm_cli_merge},
    {"report", "a page with plots of records, and where their numbers come from", tdm_cli_report},
    {"export", "a scenario for other programs", tdm_cli_export},
    {"calibrate", "fit a board's model to measurements", tdm_cli_calibrate},
    {"predict", "how far a board's model is from measurements", tdm_cli_predict},
    {"board", "boards: clocks, power, heat, fits, sources", tdm_cli_board},
    {"dnn", "networks: layers, cuts, sizes, accuracy", tdm_cli_dnn},
    {"server", "servers: speed, slots, power", tdm_cli_server},
    {"radio", "radios: power of transfers, promotion, tail", tdm_cli_radio},
    {"trace", "links over time: what there is, and work on it", tdm_cli_trace},
    {"policy", "policies: what each does", tdm_cli_policy},
    {"hil", "a real board: its clocks, its sensors", tdm_cli_hil},
    {"validate", "a board against its simulation, request by request", tdm_cli_validate},
    {"help", "this page, a command, or a topic", tdm_cli_help},
    {"version", "the version of tandem", version},
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
        return tdm_options_exit(count);
    printf("tandem %s\n", TANDEM_VERSION);
    return TDM_EXIT_DONE;
}

int main(int argc, char **argv)
{
#ifdef TANDEM_LINK
    tdm_hardware_driver_add();
    tdm_live_engine_add();
#endif
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
    return flushed(command->run(argc - 1, argv + 1));
}

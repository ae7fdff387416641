// SPDX-License-Identifier: GPL-3.0-or-later
// tandem hil: a board by hand.
#include <string.h>

#include "cli/command.h"
#include "cli/hil_parts.h"
#include "cli/output.h"
#include "core/table.h"
#include "core/text.h"
#include "hil/board/hold.h"

static const struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *summary;
} commands[] = {
    {"probe", tdm_hil_probe, "which board it is, its clocks and sensors, against its file"},
    {"read", tdm_hil_read, "power by rail, energy, temperatures"},
    {"set", tdm_hil_set, "clocks, cores, fan, for a while or while a command runs"},
    {"restore", tdm_hil_restore, "put back what a program that died has left"},
    {"keys", tdm_hil_keys, "make the keys by which boards and servers know each other"},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

volatile sig_atomic_t tdm_hil_signal;

static void caught(int signal)
{
    tdm_hil_signal = signal;
}

void tdm_hil_catch_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    const struct sigaction action = {.sa_handler = caught};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        sigaction(ends[i], &action, NULL);
}

struct tdm_hw *tdm_hil_open(const struct tdm_hil_where *where)
{
    struct tdm_error error = {0};
    struct tdm_hw *hw =
        tdm_hw_open(where->root ? where->root : "/", where->board, where->jetpack, &error);
    if (!hw)
        tdm_cli_fail("hil", &error, TDM_EXIT_USAGE);
    return hw;
}

// ---- restore -----------------------------------------------------------------------------------

static void say(void *context, const char *line)
{
    (void)context;
    puts(line);
}

int tdm_hil_restore(int argc, char **argv)
{
    const char *root = "/", *state = NULL;
    const struct tdm_option options[] = {
        {0, "root", "DIR", .text = &root, .help = "where the board's files lie: /"},
        {0, "state", "FILE", .text = &state, .help = "where it was saved: DIR/run/tandem/state"},
    };
    const struct tdm_usage usage = {
        "hil restore", "",
        "Puts a board back as it was before a program that has died changed it, if it has not been "
        "booted since. 'tandem hil set' and the guardian do so by themselves; this is for when "
        "both were killed.",
        options, TDM_COUNT(options)};
    struct tdm_error error = {0};
    const struct tdm_saying saying = {say, NULL};
    const int count = tdm_options_read(&usage, argc, argv, NULL, 0, 0);
    if (count < 0)
        return tdm_options_exit(count);
    const int wrong = tdm_hold_recover(root, NULL, state, &saying, &error);
    if (wrong < 0)
        return tdm_cli_fail("hil restore", &error, TDM_EXIT_FAILED);
    return wrong ? TDM_EXIT_FAILED : TDM_EXIT_DONE;
}

// ---- the command -------------------------------------------------------------------------------

static void help(FILE *out)
{
    const int width = tdm_terminal_width(out);
    fprintf(out, "usage: tandem hil COMMAND [ARGUMENT]...\n");
    tdm_text_wrap(
        out,
        "A Jetson by hand: its clocks through the kernel's files, its power sensors. What a board "
        "has and which files may be written is in its board file (<sysfs>, tandem help board); no "
        "other file is ever written. Before the first write everything is saved in a file, and a "
        "guardian, a process of its own, puts it back: when the command ends, is interrupted or "
        "killed, or no longer renews its lease. What was not put back because both were killed is "
        "put back at the next start; after a reboot there is nothing to put back. Clocks are held "
        "down while the board is hotter than 5 K below its first trip, whatever is wanted.",
        0, 0, width);
    fputc('\n', out);
    for (int i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-9s %s\n", commands[i].name, commands[i].summary);
    fprintf(out, "\ntandem hil COMMAND --help says more.\n");
}

int tdm_cli_hil(int argc, char **argv)
{
    struct tdm_nearest nearest;
    if (argc < 2) {
        help(stderr);
        return TDM_EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
        help(stdout);
        return TDM_EXIT_DONE;
    }
    tdm_nearest_start(&nearest, argv[1]);
    for (int i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
        tdm_nearest_try(&nearest, commands[i].name);
    }
    fprintf(stderr, "tandem hil: there is no command '%s'%s; 'tandem hil --help' lists them\n",
            argv[1], tdm_nearest_hint(&nearest));
    return TDM_EXIT_USAGE;
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** The commands of `tandem`: one file a command, one line a command in main.c's table. */
#ifndef TDM_CLI_COMMAND_H
#define TDM_CLI_COMMAND_H

#include <stdio.h>

/** What `tandem` leaves with. */
enum tdm_exit {
    TDM_EXIT_DONE = 0,
    TDM_EXIT_FAILED = 1, /**< failed while running */
    TDM_EXIT_USAGE = 2   /**< bad usage or bad input */
};

struct tdm_command {
    const char *name;
    const char *summary; /**< one line, lower case, no full stop */

    /** Does it and returns an exit code; argv[0] is the command's own name, argv[argc] NULL. */
    int (*run)(int argc, char **argv);
};

/** The command of this name, or NULL. */
const struct tdm_command *tdm_command_find(const char *name);

/** The commands one by one, from 0; NULL after the last. */
const struct tdm_command *tdm_command_at(unsigned index);

/** What `tandem help` says. */
void tdm_help_overview(FILE *stream);

/** The commands that have no header of their own, for main.c's table. */
int tdm_cli_board(int argc, char **argv);
int tdm_cli_dnn(int argc, char **argv);
int tdm_cli_export(int argc, char **argv);
int tdm_cli_help(int argc, char **argv);
int tdm_cli_policy(int argc, char **argv);
int tdm_cli_radio(int argc, char **argv);
int tdm_cli_server(int argc, char **argv);
int tdm_cli_train(int argc, char **argv);

#endif

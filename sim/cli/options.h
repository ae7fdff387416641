// SPDX-License-Identifier: GPL-3.0-or-later
/** What may follow a command: one table for reading, messages and --help. */
#ifndef TDM_CLI_OPTIONS_H
#define TDM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/** An option `--name` that sets a flag, or `--name ARGUMENT` that keeps a text. */
struct tdm_option {
    char letter;          /**< of the short form, 0: none */
    const char *name;     /**< of the long form, without "--" */
    const char *argument; /**< "FILE"; NULL for a flag */
    const char *help;
    bool *flag;        /**< of a flag: becomes true */
    const char **text; /**< else: becomes the argument; the last one given counts */
};

struct tdm_usage {
    const char *command; /**< "board show" */
    const char *after;   /**< what else may follow, "NAME|FILE"; "" for nothing */
    const char *about;   /**< sentences for --help */
    const struct tdm_option *options;
    size_t option_count; /**< --help is understood besides */
};

enum {
    TDM_OPTIONS_HELPED = -1, /**< --help was asked for and printed: TDM_EXIT_DONE */
    TDM_OPTIONS_WRONG = -2,  /**< said on standard error: TDM_EXIT_USAGE */
};

/**
 * Reads argv[1…] as GNU programs do (--name=x, -ox, -- ends the options) and puts the operands,
 * what is no option, into `operands`, which has room for `most`. Returns how many, at least
 * `least`, or one of the above.
 */
int tdm_options_read(const struct tdm_usage *usage, int argc, char **argv, const char **operands,
                     int least, int most);

/** Prints what --help says. */
void tdm_options_help(const struct tdm_usage *usage, FILE *stream);

#endif

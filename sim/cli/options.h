// SPDX-License-Identifier: GPL-3.0-or-later
/** What may follow a command: one table for reading, messages and --help. */
#ifndef TDM_CLI_OPTIONS_H
#define TDM_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/units.h"

/** A whole number that an option sets, and its range. */
struct tdm_option_whole {
    uint64_t *value; /**< NULL: the option is none */
    uint64_t least;
    uint64_t most; /**< 0: UINT64_MAX */
};

/** A number with a unit that an option sets, and the least that it may be. */
struct tdm_option_quantity {
    double *value; /**< SI; NULL: the option is none */
    enum tdm_dimension dimension;
    double least; /**< SI */
};

/**
 * An option `--name` that sets a flag, or `--name ARGUMENT` that keeps a text, a whole number, a
 * quantity (a time may be a bare number of seconds), or what `take` makes of it. What is not given
 * stays as it was; the last one given counts.
 */
struct tdm_option {
    char letter;          /**< of the short form, 0: none */
    const char *name;     /**< of the long form, without "--" */
    const char *argument; /**< "FILE"; NULL for a flag */
    const char *help;
    bool required;     /**< must be given */
    bool *flag;        /**< of a flag: becomes true */
    const char **text; /**< becomes the argument */
    struct tdm_option_whole whole;
    struct tdm_option_quantity quantity;

    /**
     * Called each time that the option is given, with a text that it may cut up and keep: it lives
     * as long as argv. -1 and `error`'s message (no place) where the text is wrong.
     */
    int (*take)(void *into, char *text, struct tdm_error *error);
    void *into;
};

struct tdm_usage {
    const char *command; /**< "board show" */
    const char *after;   /**< what else may follow, "NAME|FILE"; "" for nothing */
    const char *about;   /**< sentences for --help */
    const struct tdm_option *options;
    size_t option_count; /**< at most 32; --help is understood besides */
};

enum {
    TDM_OPTIONS_HELPED = -1, /**< --help was asked for and printed */
    TDM_OPTIONS_WRONG = -2,  /**< said on standard error */
};

/**
 * Reads argv[1…] as GNU programs do (--name=x, -ox, -- ends the options) and puts the operands,
 * what is no option, into `operands`, which has room for `most`. Returns how many, at least
 * `least`, or one of the above.
 */
int tdm_options_read(const struct tdm_usage *usage, int argc, char **argv, const char **operands,
                     int least, int most);

/** The exit code that goes with one of the above. */
int tdm_options_exit(int result);

/** Prints what --help says. */
void tdm_options_help(const struct tdm_usage *usage, FILE *stream);

#endif

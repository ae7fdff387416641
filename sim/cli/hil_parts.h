// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of `tandem hil` share. */
#ifndef TDM_CLI_HIL_PARTS_H
#define TDM_CLI_HIL_PARTS_H

#include <jansson.h>
#include <signal.h>

#include "cli/options.h"
#include "hil/board/hw.h"

/** Which board: the options that all of them have. */
struct tdm_hil_where {
    const char *root, *board, *jetpack;
};

#define TDM_HIL_OPTIONS(where) \
    {0, "root", "DIR", .text = &(where).root, \
     .help = "where the board's files lie: / (a virtual board's folder)"}, \
        {0, "board", "NAME|FILE", .text = &(where).board, \
         .help = "which board it is, instead of looking"}, \
    { \
        0, "jetpack", "N", .text = &(where).jetpack, \
                           .help = "which JetPack runs on it, 4, 5 or 6, instead of looking" \
    }

/** Opens it, or says what is wrong and answers NULL. */
struct tdm_hw *tdm_hil_open(const struct tdm_hil_where *where);

/** Set by SIGINT, SIGTERM and SIGHUP once this was called. */
extern volatile sig_atomic_t tdm_hil_signal;
void tdm_hil_catch_signals(void);

int tdm_hil_probe(int argc, char **argv);
int tdm_hil_read(int argc, char **argv);
int tdm_hil_set(int argc, char **argv);
int tdm_hil_restore(int argc, char **argv);
int tdm_hil_keys(int argc, char **argv);
int tdm_cli_hil(int argc, char **argv);

#endif

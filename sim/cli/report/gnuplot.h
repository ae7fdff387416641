// SPDX-License-Identifier: GPL-3.0-or-later
/** gnuplot as a child process: a script goes in, an SVG comes out. */
#ifndef TDM_CLI_REPORT_GNUPLOT_H
#define TDM_CLI_REPORT_GNUPLOT_H

#include "core/error.h"

/** -1 with `error`, which names the package, where there is no gnuplot. */
int tdm_gnuplot_check(struct tdm_error *error);

/** What gnuplot writes for a script, which the caller frees; NULL with `error`. */
char *tdm_gnuplot_run(const char *script, struct tdm_error *error);

#endif

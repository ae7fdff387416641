// SPDX-License-Identifier: GPL-3.0-or-later
/** gnuplot's SVG, made fit for other documents. */
#ifndef TDM_CLI_REPORT_SVG_H
#define TDM_CLI_REPORT_SVG_H

#include <stdio.h>

/** Writes it as a file of its own; `title` takes the place of the program's name. */
void tdm_svg_write(const char *svg, const char *title, FILE *file);

/**
 * Writes its element alone, for a page; identifiers, which are the page's then, get `name` and a
 * '-' before them.
 */
void tdm_svg_inline(const char *svg, const char *title, const char *name, FILE *page);

#endif

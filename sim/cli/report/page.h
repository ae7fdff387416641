// SPDX-License-Identifier: GPL-3.0-or-later
/** The page: one HTML file without anything outside of it. */
#ifndef TDM_CLI_REPORT_PAGE_H
#define TDM_CLI_REPORT_PAGE_H

#include "cli/report/figure.h"
#include "cli/report/stats.h"

void tdm_page_start(const struct tdm_report *report, FILE *page);
/** A drawn figure; `svg` is what gnuplot wrote. */
void tdm_page_figure(const struct tdm_figure *figure, const char *svg, FILE *page);
/** A plot whose data are not there, and why. */
void tdm_page_missing(const char *title, const char *why, FILE *page);
/** Scenario, sources, runs. */
int tdm_page_end(const struct tdm_report *report, FILE *page, struct tdm_error *error);

#endif

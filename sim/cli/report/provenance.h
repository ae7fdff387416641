// SPDX-License-Identifier: GPL-3.0-or-later
/** Where the numbers come from: the descriptions that the scenarios name, and their sources. */
#ifndef TDM_CLI_REPORT_PROVENANCE_H
#define TDM_CLI_REPORT_PROVENANCE_H

#include <stdio.h>

#include "cli/report/runs.h"

/** The title of a variant's scenario, which the caller frees, or NULL. */
char *tdm_provenance_title(const struct tdm_report_variant *variant);

/** Writes the section. */
int tdm_provenance_write(const struct tdm_report *report, FILE *page, struct tdm_error *error);

#endif

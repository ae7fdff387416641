// SPDX-License-Identifier: GPL-3.0-or-later
/** tandem report: records as plots and tables for people. */
#ifndef TDM_CLI_REPORT_H
#define TDM_CLI_REPORT_H

/** The command, for main.c's table. */
int tdm_cli_report(int argc, char **argv);

#endif

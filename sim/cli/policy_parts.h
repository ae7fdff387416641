// SPDX-License-Identifier: GPL-3.0-or-later
/** What the files of `tandem policy` share. */
#ifndef TDM_CLI_POLICY_PARTS_H
#define TDM_CLI_POLICY_PARTS_H

/** tandem policy time; argv[0] is "time". */
int tdm_policy_time(int argc, char **argv);

#endif

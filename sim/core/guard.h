// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Runs a function in a child process, because a library that it calls may break down over a damaged
 * file, or read it for ever: the caller lives on and can say which file that was.
 */
#ifndef TDM_CORE_GUARD_H
#define TDM_CORE_GUARD_H

#include "tandem.h"

/**
 * Returns what `function` returned in the child (0 to 255). If the child broke down while a file
 * was at risk, -1 with `error` naming the file; if it broke down elsewhere, or was told to end, the
 * caller's process ends by the same signal. The child's changes to memory are lost.
 */
int tdm_guard_run(int (*function)(void *context), void *context, struct tdm_error *error);

/**
 * In the child: this file is about to be read, which may take 10 s of the processor and 1 s for
 * each megabyte that it has, far more than it needs. NULL: nothing is at risk. Elsewhere it does
 * nothing.
 */
void tdm_guard_risk(const char *file);

#endif

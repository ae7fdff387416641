// SPDX-License-Identifier: GPL-3.0-or-later
/** Programs of ours that a benchmark needs beside it. */
#ifndef TESTS_BENCH_PROGRAM_H
#define TESTS_BENCH_PROGRAM_H

#include <sys/types.h>

enum { BENCH_PLACE = 256 };

/**
 * Starts the program named by the first of `arguments`, from this program's folder, and reads the
 * line `ready PLACE` that it prints. -1: it does not. The caller stops it.
 */
pid_t bench_start(const char *const *arguments, char place[BENCH_PLACE]);

/** Removes a folder that a benchmark has made, with all in it. */
void bench_remove(const char *folder);

/** Ends one and waits for that; -1 is fine. */
void bench_stop(pid_t program);

#endif

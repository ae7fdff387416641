// SPDX-License-Identifier: GPL-3.0-or-later
/** One way to report errors: fill the caller's `struct tdm_error`, return -1 (or NULL). */
#ifndef TDM_CORE_ERROR_H
#define TDM_CORE_ERROR_H

#include "tandem.h"

#define TDM_PRINTF(at, first) __attribute__((format(printf, at, first)))

/** Fills `error` (which may be NULL) with a message and no place. Returns -1. */
int tdm_fail(struct tdm_error *error, const char *format, ...) TDM_PRINTF(2, 3);

/** The same with a place; `line` and `column` count from 1, 0 means unknown. Returns -1. */
int tdm_fail_at(struct tdm_error *error, const char *file, long line, long column,
                const char *format, ...) TDM_PRINTF(5, 6);

/** Fills `error` from errno: "FILE: what: strerror". Returns -1. */
int tdm_fail_errno(struct tdm_error *error, const char *file, const char *what);

#endif

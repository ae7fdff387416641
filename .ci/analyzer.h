// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Tells clang-tidy what it cannot see from one file: these functions always return -1. Without it
 * `return tdm_fail(...)` might go well, and what the caller reads then were uninitialised.
 */
#define _GNU_SOURCE // as some files do, and too late after the first system header
#include "core/error.h"

#define tdm_fail(...) (tdm_fail(__VA_ARGS__), -1)
#define tdm_fail_at(...) (tdm_fail_at(__VA_ARGS__), -1)
#define tdm_fail_errno(...) (tdm_fail_errno(__VA_ARGS__), -1)

// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Jobs, each in a process of its own, so many at a time. What a job does to its process (a crash,
 * an engine that there can be one of) is its own; when the caller's process dies, so do they.
 */
#ifndef TDM_CLI_POOL_H
#define TDM_CLI_POOL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

/** What became of a job. */
struct tdm_pool_end {
    size_t job;
    int code;         /**< its exit code, or minus the signal that it died of */
    const char *said; /**< what it wrote on standard error, at most some KiB; "" for nothing */
};

struct tdm_pool {
    size_t count;   /**< of jobs, from 0 */
    size_t at_once; /**< at least 1 */
    void *context;

    /** In the job's process: does it and returns an exit code. */
    int (*run)(void *context, size_t job);
    /** In the caller's process, as jobs end. False: begin no more. Jobs begin in order. */
    bool (*ended)(void *context, const struct tdm_pool_end *end);
    /** In the caller's process, some times a second; may be NULL. */
    void (*tick)(void *context);
};

/** Runs all jobs. -1 with `error` where processes cannot be had. */
int tdm_pool_run(const struct tdm_pool *pool, struct tdm_error *error);

/** The processors that this process may use. */
size_t tdm_pool_processors(void);

#endif

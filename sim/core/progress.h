// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * A progress bar on standard error: share done, rate, time that remains. It shows itself only
 * where standard error is a terminal, at most ten times a second, and leaves nothing behind.
 */
#ifndef TDM_CORE_PROGRESS_H
#define TDM_CORE_PROGRESS_H

#include <stdbool.h>
#include <stdio.h>

/** Plain memory; tdm_progress_end ends it. */
struct tdm_progress {
    FILE *stream;     /**< NULL: silent */
    const char *what; /**< the caller's: "edge-best, seed 3" */
    const char *unit; /**< the caller's: what `done` counts, "requests"; NULL: no rate is shown */
    double total;     /**< what `done` ends at */
    double started, shown; /**< s on the caller's clock */
    bool drawn;            /**< there is something to wipe */
};

/** Begins a bar on standard error. Silent unless that is a terminal (TERM is not "dumb"). */
void tdm_progress_start(struct tdm_progress *progress, const char *what, const char *unit,
                        double total);

/** So much of the total is done. Costs some ns; draws at most ten times a second. */
void tdm_progress_update(struct tdm_progress *progress, double done);

/** Wipes the bar. */
void tdm_progress_end(struct tdm_progress *progress);

/** The same on any stream and clock (s), for tests. Draws whatever the stream is. */
void tdm_progress_start_on(struct tdm_progress *progress, FILE *stream, const char *what,
                           const char *unit, double total, double now);
void tdm_progress_update_at(struct tdm_progress *progress, double done, double now);

#endif

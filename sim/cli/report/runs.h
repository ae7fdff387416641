// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * What a report keeps of the records that it reads: figures of each run, sorted by policy, variant
 * and seed. A variant is a scenario or, of a sweep, one choice of the varied attributes.
 */
#ifndef TDM_CLI_REPORT_RUNS_H
#define TDM_CLI_REPORT_RUNS_H

#include <gsl/gsl_histogram.h>

#include "cli/report/learning.h"
#include "engine/record_read.h"

enum {
    TDM_BANDS = 80,          /**< of bandwidth */
    TDM_BANDS_A_DECADE = 10, /**< from TDM_BAND_LEAST on */
};
#define TDM_BAND_LEAST 100.0 /**< bytes/s */

struct tdm_report_run {
    char *file; /**< "run.h5", "all.h5#NAME" */
    char *path, *link;
    char *command, *tandem, *hdf5, *engine, *board;
    size_t boards;
    double end; /**< s, of the board */
    int64_t seed;
    size_t policy, variant;
    double answered, dropped, unanswered;
    double cost, energy, latency; /**< means over the answered; NAN: none was */
    double offloaded;             /**< share of the answered that sent something */
    double outage[2]; /**< answered without bandwidth, and those that sent all the same */
    double seen[TDM_BANDS], sent[TDM_BANDS]; /**< the same by bandwidth */
    bool probed;                             /**< bandwidths are known */
};

struct tdm_report_variant {
    char *name;     /**< "default", "bandwidth 8 Mbit/s, rtt 20 ms"; "" where there is but one */
    char *scenario; /**< name */
    char *engine;
    char *grid;  /**< NULL: no sweep */
    char *title; /**< of the grid, or NULL */
    char *text;  /**< of the scenario, of the first run */
    struct tdm_record_value *varied;
    size_t varied_count;
    size_t index; /**< in order of appearance */
};

/** The latencies of a policy: bins by log10 of s, the same bins for all. */
struct tdm_report_policy {
    char *name;
    gsl_histogram *latencies;
    double arrived; /**< answered or not */
};
#define TDM_LATENCY_LEAST -7.0 /**< log10 of s */
#define TDM_LATENCY_MOST 7.0
enum { TDM_LATENCIES_A_DECADE = 1000 };

struct tdm_report {
    struct tdm_report_run *runs;
    size_t run_count;
    struct tdm_report_policy *policies; /**< in the order of their first runs */
    size_t policy_count;
    struct tdm_report_variant *variants; /**< by their values once all is read */
    size_t variant_count;
    const struct tdm_report_run *timed; /**< the one that is drawn over time */
    struct tdm_report_time *time;       /**< of it; NULL: not read yet */
    struct tdm_report_cell *cells;      /**< of stats.h */
    size_t cell_count;
    struct tdm_report_attribute *attributes; /**< of stats.h */
    size_t attribute_count;
    struct tdm_report_learning *learnings; /**< of learned policies' files */
    size_t learning_count;
};

/** Reads a record, all records that a merged file links to, or the curves of a learned policy. */
int tdm_report_add(struct tdm_report *report, const char *path, struct tdm_error *error);

/** Once all is read: puts variants in order and names them. */
int tdm_report_order(struct tdm_report *report, struct tdm_error *error);

/** The record of a run once more; the caller closes it. */
struct tdm_h5 *tdm_report_open(const struct tdm_report_run *run, struct tdm_error *error);

void tdm_report_free(struct tdm_report *report);

#endif

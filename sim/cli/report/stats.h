// SPDX-License-Identifier: GPL-3.0-or-later
/** What plots and tables show: means over seeds with 95 % intervals, the Pareto front. */
#ifndef TDM_CLI_REPORT_STATS_H
#define TDM_CLI_REPORT_STATS_H

#include "cli/report/runs.h"

/** A mean over seeds, and half its 95 % interval (Student's t; NAN: one seed). */
struct tdm_estimate {
    double mean, half;
    size_t count; /**< of seeds; 0: nothing is known */
};

/** The ends of its bar: the interval's, but no less than a tenth of the mean. */
double tdm_estimate_low(struct tdm_estimate estimate);
double tdm_estimate_high(struct tdm_estimate estimate);

/** One policy in one variant. Means are over the seeds that had answers, all of them alike. */
struct tdm_report_cell {
    size_t policy, variant;
    size_t runs;
    struct tdm_estimate cost, energy, latency, offloaded;
    double answered, dropped, unanswered; /**< of all runs */
    bool front;                           /**< no other has less of energy and latency */
};

/** An attribute that differs between the variants of a grid. */
struct tdm_report_attribute {
    const char *grid, *name;
    const char *units;   /**< SI; "": not all of its values are numbers of one unit */
    bool geometric;      /**< spread by factors rather than by steps */
    size_t count;        /**< of values */
    double *numbers;     /**< ascending; where they are none: 0, 1, … */
    const char **values; /**< as written */
};

/** Fills the report's cells and attributes. */
int tdm_report_count(struct tdm_report *report, struct tdm_error *error);

/** More than one in a hundred requests had no answer: means flatter. */
bool tdm_report_leaves_out(const struct tdm_report_cell *cell);

/** One value of an attribute. */
struct tdm_report_value {
    const struct tdm_report_attribute *attribute; /**< NULL: any value of any attribute */
    size_t index;
};

/**
 * The cost of a policy where two attributes have these values: over seeds, each the mean over the
 * other attributes. `runs` are those that it is made of.
 */
struct tdm_estimate tdm_report_cost_at(const struct tdm_report *report, size_t policy,
                                       struct tdm_report_value at, struct tdm_report_value also,
                                       size_t *runs);

#endif

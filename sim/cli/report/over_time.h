// SPDX-License-Identifier: GPL-3.0-or-later
/** Power and clocks of one run's first board over time, in a bounded number of steps. */
#ifndef TDM_CLI_REPORT_OVER_TIME_H
#define TDM_CLI_REPORT_OVER_TIME_H

#include "cli/report/runs.h"

enum { TDM_STEPS = 400, TDM_CAUSES = 5, TDM_RECORDED_CLOCKS = 3 };

/** A step of time: means over it, and the extremes within it. */
struct tdm_report_step {
    double time;                       /**< s that is covered by stretches */
    double watts[TDM_CAUSES];          /**< fixed, cpu, gpu, memory, leakage */
    double least, most;                /**< W of the board */
    double radio;                      /**< W, mean, of all radios */
    double clock[TDM_RECORDED_CLOCKS]; /**< Hz: cpu, gpu, emc */
    double low[TDM_RECORDED_CLOCKS], high[TDM_RECORDED_CLOCKS];
};

struct tdm_report_time {
    double length; /**< s of a step */
    struct tdm_report_step steps[TDM_STEPS];
    bool radio; /**< there is one */
};

extern const char *const tdm_causes[TDM_CAUSES];

/** The steps of the report's timed run, read at the first call. NULL with `error`. */
const struct tdm_report_time *tdm_over_time(struct tdm_report *report, struct tdm_error *error);
/** NULL is fine. */
void tdm_over_time_free(struct tdm_report_time *time);

#endif

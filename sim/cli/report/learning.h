// SPDX-License-Identifier: GPL-3.0-or-later
/** What a report keeps of a learned policy's file: how it got better while it learned. */
#ifndef TDM_CLI_REPORT_LEARNING_H
#define TDM_CLI_REPORT_LEARNING_H

#include "core/h5.h"

struct tdm_report_learning {
    char *file;
    double *steps, *cost; /**< requests decided on; J, mean of the trial after them */
    size_t count;
    double oracle; /**< J, of the oracle on the runs of the trials; NAN: not known */
};

/** Whether a file is a learned policy with its curves. */
bool tdm_learning_is(struct tdm_h5 *file);
/** Reads the curves. -1 with `error`; tdm_learning_free in any case. */
int tdm_learning_read(struct tdm_report_learning *learning, struct tdm_h5 *file, const char *path,
                      struct tdm_error *error);
void tdm_learning_free(struct tdm_report_learning *learning);

#endif

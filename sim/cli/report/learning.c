// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/report/learning.h"

#include <stdlib.h>
#include <string.h>

#include "core/error.h"

enum { MOST = 1 << 24 };

bool tdm_learning_is(struct tdm_h5 *file)
{
    return tdm_h5_has(file, "/policy") && tdm_h5_has(file, "/learning/steps");
}

int tdm_learning_read(struct tdm_report_learning *learning, struct tdm_h5 *file, const char *path,
                      struct tdm_error *error)
{
    size_t shape[TDM_H5_RANK];
    *learning = (struct tdm_report_learning){.file = strdup(path)};
    const int rank = tdm_h5_shape(file, "/learning/steps", shape, error);
    if (rank < 0)
        return -1;
    if (rank != 1 || shape[0] > MOST)
        return tdm_fail_at(error, path, 0, 0, "'/learning/steps' is no column");
    learning->count = shape[0];
    learning->steps = malloc((learning->count + 1) * sizeof *learning->steps);
    learning->cost = malloc((learning->count + 1) * sizeof *learning->cost);
    if (!learning->file || !learning->steps || !learning->cost)
        return tdm_fail(error, "out of memory");
    if (tdm_h5_get_array(file, "/learning/steps", TDM_H5_DOUBLE, learning->count, learning->steps,
                         error) ||
        tdm_h5_get_array(file, "/learning/trial_cost", TDM_H5_DOUBLE, learning->count,
                         learning->cost, error))
        return -1;
    return tdm_h5_get_double(file, "/learning", "oracle_cost", &learning->oracle, error);
}

void tdm_learning_free(struct tdm_report_learning *learning)
{
    free(learning->file);
    free(learning->steps);
    free(learning->cost);
}

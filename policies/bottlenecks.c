// SPDX-License-Identifier: GPL-3.0-or-later
#include "policies/bottlenecks.h"

#include "model/costs.h"

int tdm_bottlenecks(const struct tdm_dnn *dnn, int input, int bits, int *points)
{
    int count = 0;
    double least = tdm_point_bytes(dnn, 0, input);
    for (int point = 1; (size_t)point <= dnn->cut_count; point++) {
        const double bytes = tdm_point_bytes(dnn, point, input) * (bits / 32.);
        if (bytes >= least)
            continue;
        least = bytes;
        points[count++] = point;
    }
    return count;
}

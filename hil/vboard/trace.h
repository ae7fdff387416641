// SPDX-License-Identifier: GPL-3.0-or-later
/** A log of writes: seconds since the start, path, value, result, separated by tabs. */
#ifndef VB_TRACE_H
#define VB_TRACE_H

#include <stdio.h>

struct vb_trace {
    FILE *file; /**< NULL: in memory alone */
    char *text; /**< the last lines, whole ones */
    size_t length;
};

enum { VB_TRACE_BYTES = 1 << 20 }; /**< that are kept in memory */

void vb_trace_free(struct vb_trace *trace);
/** `result` is 0 or -errno. */
void vb_trace_add(struct vb_trace *trace, double now, const char *path, const char *value,
                  int result);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // strerrorname_np
#include "hil/vboard/trace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void vb_trace_free(struct vb_trace *trace)
{
    if (trace->file)
        fclose(trace->file);
    free(trace->text);
    *trace = (struct vb_trace){0};
}

// Drops the older half when it is full.
static void keep(struct vb_trace *trace, const char *line, size_t length)
{
    if (!trace->text && !(trace->text = malloc(VB_TRACE_BYTES)))
        return;
    if (trace->length + length > VB_TRACE_BYTES) {
        const char *middle =
            memchr(trace->text + trace->length / 2, '\n', trace->length - trace->length / 2);
        const size_t gone = middle ? (size_t)(middle + 1 - trace->text) : trace->length;
        memmove(trace->text, trace->text + gone, trace->length - gone);
        trace->length -= gone;
    }
    memcpy(trace->text + trace->length, line, length);
    trace->length += length;
}

void vb_trace_add(struct vb_trace *trace, double now, const char *path, const char *value,
                  int result)
{
    char plain[128], line[640];
    size_t n = 0;
    for (; value[n] && n < sizeof plain - 1; n++)
        plain[n] = value[n] < ' ' ? '?' : value[n];
    plain[n] = '\0';
    const char *name = result ? strerrorname_np(-result) : "0";
    const int length =
        snprintf(line, sizeof line, "%.6f\t%.400s\t%s\t%s\n", now, path, plain, name ? name : "?");
    keep(trace, line, (size_t)length);
    if (trace->file) {
        fputs(line, trace->file);
        fflush(trace->file);
    }
}

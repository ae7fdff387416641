// SPDX-License-Identifier: GPL-3.0-or-later
// HDF5, to be written only: the group /trace with the attributes `duration` (s) and `loop` (0 or 1)
// and a dataset a column in SI units: t, up, down, rtt, signal, as far as they are known.
#include <stdio.h>

#include "core/h5.h"
#include "core/partial.h"
#include "trace/format.h"

static int put(struct tdm_h5 *file, const struct tdm_trace *trace, const char *name,
               const char *units, const char *description, const double *values,
               struct tdm_error *error)
{
    char path[32];
    const struct tdm_h5_about about = {.units = units, .description = description};
    if (!values)
        return 0;
    snprintf(path, sizeof path, "/trace/%s", name);
    return tdm_h5_put_array(file, path, TDM_H5_DOUBLE, 1, &trace->count, values, &about, error);
}

static int put_all(struct tdm_h5 *file, const struct tdm_trace *trace, struct tdm_error *error)
{
    const double *up = trace->has[TDM_UP] ? trace->way[TDM_UP].rate : NULL;
    const double *down = trace->has[TDM_DOWN] ? trace->way[TDM_DOWN].rate : NULL;
    if (tdm_h5_group(file, "/trace", error) ||
        tdm_h5_put_double(file, "/trace", "duration", trace->duration, error) ||
        tdm_h5_put_integer(file, "/trace", "loop", trace->loop, error) ||
        put(file, trace, "t", "s", "Where the sample starts.", trace->t, error) ||
        put(file, trace, "up", "bytes/s", "Rate from the board.", up, error) ||
        put(file, trace, "down", "bytes/s", "Rate to the board.", down, error) ||
        put(file, trace, "rtt", "s", "Round-trip time.", trace->rtt, error))
        return -1;
    return put(file, trace, "signal", "dBm", "Signal strength.", trace->signal, error);
}

static int write_hdf5(const struct tdm_trace *trace, const char *path,
                      const struct tdm_write_options *options, struct tdm_error *error)
{
    struct tdm_partial partial;
    if (tdm_partial_open(&partial, path, error) < 0)
        return -1;
    struct tdm_h5 *file = tdm_h5_create(partial.fd, path, error);
    int result = file ? put_all(file, trace, error) : -1;
    if (tdm_h5_close(file, result < 0 ? NULL : error) < 0)
        result = -1;
    if (result < 0) {
        tdm_partial_abandon(&partial);
        return -1;
    }
    if (tdm_partial_commit(&partial, error) < 0)
        return -1;
    if (options->wrote)
        options->wrote(path, options->context);
    return 0;
}

const struct tdm_trace_format tdm_format_hdf5 = {
    .name = "hdf5",
    .summary = "group /trace with datasets t, up, down, rtt, signal in SI units",
    .extensions = ".h5 .hdf5",
    .write = write_hdf5,
};

// SPDX-License-Identifier: GPL-3.0-or-later
#include "trace/reader.h"

#include <math.h>
#include <stdint.h>

const struct tdm_number tdm_number_mbit = {"rate", "Mbit/s", 125e3, 0, 8e9};
const struct tdm_number tdm_number_seconds = {"time", "s", 1, -1e10, 1e10};
const struct tdm_number tdm_number_bytes = {"rate", "bytes/s", 1, 0, 1e15};

int tdm_read_number(const struct tdm_input *input, long line, const struct tdm_number *number,
                    const char *from, const char *to, double *value, struct tdm_error *error)
{
    double x;
    if (!tdm_field_number(from, to, &x))
        return tdm_fail_at(error, input->path, line, 0, "the %s '%s' is not a number (of %s)",
                           number->name, tdm_field_show(from, to), number->unit);
    if (!(x >= number->least && x <= number->most))
        return tdm_fail_at(error, input->path, line, 0,
                           "the %s is %.9g %s; it must lie between %g and %g", number->name, x,
                           number->unit, number->least, number->most);
    // Dividing keeps decimal prefixes exact: 20 ms is 20 / 1000.
    *value = number->scale < 1 ? x / (1 / number->scale) : x * number->scale;
    return 0;
}

int tdm_read_push(const struct tdm_input *input, long line, struct tdm_series *series, double t,
                  const double value[TDM_COLUMNS], struct tdm_error *error)
{
    struct tdm_error local;
    if (tdm_series_push(series, t, value, &local) < 0)
        return tdm_fail_at(error, input->path, line, 0, "%s", local.message);
    return 0;
}

int tdm_read_push_down(const struct tdm_input *input, long line, struct tdm_series *series,
                       double t, double down, struct tdm_error *error)
{
    const double value[TDM_COLUMNS] = {NAN, down, NAN, NAN};
    return tdm_read_push(input, line, series, t, value, error);
}

FILE *tdm_read_stream(const struct tdm_input *input, struct tdm_error *error)
{
    // fmemopen refuses an empty buffer in some libraries; the '\0' behind it would be read.
    FILE *stream =
        input->length ? fmemopen((void *)(uintptr_t)input->text, input->length, "r") : NULL;
    if (!stream)
        tdm_fail_at(error, input->path, 0, 0, "the file holds no samples");
    return stream;
}

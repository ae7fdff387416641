// SPDX-License-Identifier: GPL-3.0-or-later
/** Fuzz target: measured rows (and so the CSV splitter) from any bytes. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "model/measurements.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    FILE *stream = fmemopen((void *)(uintptr_t)data, size, "r");
    if (!stream)
        return 0;
    struct tdm_measurements rows = {0};
    struct tdm_error error = {0};
    if (tdm_measurements_read(&rows, stream, "fuzz.csv", NULL, &error) == 0)
        tdm_measurements_merge(&rows, NULL);
    tdm_measurements_free(&rows);
    fclose(stream);
    return 0;
}

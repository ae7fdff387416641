// SPDX-License-Identifier: GPL-3.0-or-later
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/hil_sweep.h"
#include "core/error.h"
#include "model/measurements.h"

static bool same_clock(double a, double b)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-6 * b;
}

static bool is_ours(const struct tdm_sweep_file *file, const struct tdm_row *row)
{
    return strcmp(row->board, file->board) == 0 && strcmp(row->dnn, file->dnn) == 0 &&
           strcmp(row->mode, file->mode) == 0 && strcmp(row->precision, file->precision) == 0 &&
           row->batch == file->batch;
}

static int remember(struct tdm_sweep_file *file, const double hz[TDM_DOMAINS],
                    struct tdm_error *error)
{
    double(*more)[TDM_DOMAINS] =
        realloc(file->known, (file->known_count + 1) * sizeof *file->known);
    if (!more)
        return tdm_fail(error, "out of memory");
    file->known = more;
    memcpy(file->known[file->known_count++], hz, sizeof *file->known);
    return 0;
}

// What it has. A file that a crash has cut in the middle of a row ends with that row: it is taken
// off. -1 with `error`; otherwise the number of bytes that stay.
static long take_stock(struct tdm_sweep_file *file, struct tdm_error *error)
{
    struct tdm_measurements rows = {0};
    long end = 0, position = 0;
    for (int c; (c = getc(file->stream)) != EOF;) {
        position++;
        if (c == '\n')
            end = position;
    }
    if (end == 0)
        return 0;
    if (fflush(file->stream) || ftruncate(fileno(file->stream), end))
        return tdm_fail_errno(error, file->path, "cannot be written");
    rewind(file->stream);
    int status = 0;
    char *line = NULL;
    size_t size = 0;
    const bool only_header = getline(&line, &size, file->stream) == end;
    free(line);
    rewind(file->stream);
    if (!only_header)
        status = tdm_measurements_read(&rows, file->stream, file->path, NULL, error);
    for (size_t i = 0; status == 0 && i < rows.count; i++)
        if (is_ours(file, &rows.rows[i]))
            status = remember(
                file, (const double[]){rows.rows[i].cpu, rows.rows[i].gpu, rows.rows[i].emc},
                error);
    tdm_measurements_free(&rows);
    return status ? -1 : end;
}

int tdm_sweep_file_open(struct tdm_sweep_file *file, const char *path, struct tdm_error *error)
{
    file->path = path;
    file->stream = fopen(path, "a+");
    if (!file->stream)
        return tdm_fail_errno(error, path, "cannot be written");
    rewind(file->stream);
    const long end = take_stock(file, error);
    if (end < 0)
        return -1;
    if (end == 0)
        fputs("board,dnn,mode,precision,batch,power_rails,cpu_hz,gpu_hz,emc_hz,latency_s,period_s,"
              "power_w,energy_j\n",
              file->stream);
    return 0;
}

bool tdm_sweep_file_has(const struct tdm_sweep_file *file, const double hz[TDM_DOMAINS])
{
    for (size_t i = 0; i < file->known_count; i++) {
        bool same = true;
        for (int d = 0; d < TDM_DOMAINS; d++)
            same = same && same_clock(file->known[i][d], hz[d]);
        if (same)
            return true;
    }
    return false;
}

int tdm_sweep_file_add(struct tdm_sweep_file *file, const struct tdm_sweep_row *row,
                       struct tdm_error *error)
{
    const double runs = (double)row->runs;
    fprintf(file->stream, "%s,%s,%s,%s,%d,%s", file->board, file->dnn, file->mode, file->precision,
            file->batch, file->rails);
    for (int d = 0; d < TDM_DOMAINS; d++) {
        fputc(',', file->stream);
        if (!isnan(row->hz[d]))
            fprintf(file->stream, "%.0f", row->hz[d]);
    }
    fprintf(file->stream, ",%.9g,%.9g,%.9g,%.9g\n", row->seconds / runs, row->seconds / runs,
            row->joules / row->seconds, row->joules / runs);
    if (fflush(file->stream) || fsync(fileno(file->stream)))
        return tdm_fail_errno(error, file->path, "cannot be written");
    return 0;
}

void tdm_sweep_file_close(struct tdm_sweep_file *file)
{
    if (file->stream)
        fclose(file->stream);
    free(file->known);
    file->known = NULL;
}

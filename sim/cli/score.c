// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/score.h"

#include <math.h>
#include <string.h>

#include "cli/output.h"
#include "core/error.h"

void tdm_score_header(FILE *stream)
{
    fprintf(stream, "%-36s %-4s %5s %15s %15s %15s\n", "error in %, mean / 95th percentile", "",
            "rows", "latency", "power", "energy");
}

static void print_pair(FILE *stream, double mape, double p95)
{
    char text[64];
    if (isnan(mape))
        snprintf(text, sizeof text, "-");
    else
        snprintf(text, sizeof text, "%.2f / %.2f", mape, p95);
    fprintf(stream, " %15s", text);
}

void tdm_score_print(FILE *stream, const char *name, const char *kind,
                     const struct tdm_score *score)
{
    fprintf(stream, "%-36s %-4s %5zu", name, kind, score->rows);
    print_pair(stream, score->latency_mape, score->latency_p95);
    print_pair(stream, score->power_mape, score->power_p95);
    print_pair(stream, score->energy_mape, score->energy_p95);
    fputc('\n', stream);
}

json_t *tdm_score_json(const struct tdm_score *score)
{
    json_t *object = json_object();
    json_object_set_new(object, "rows", json_integer((json_int_t)score->rows));
    json_object_set_new(object, "latency_mape", tdm_json_number(score->latency_mape));
    json_object_set_new(object, "latency_p95", tdm_json_number(score->latency_p95));
    json_object_set_new(object, "power_mape", tdm_json_number(score->power_mape));
    json_object_set_new(object, "power_p95", tdm_json_number(score->power_p95));
    json_object_set_new(object, "energy_mape", tdm_json_number(score->energy_mape));
    json_object_set_new(object, "energy_p95", tdm_json_number(score->energy_p95));
    return object;
}

json_t *tdm_score_json_or_null(const struct tdm_score *score)
{
    return score->rows ? tdm_score_json(score) : json_null();
}

int tdm_measurements_load_all(struct tdm_measurements *rows, const char *paths,
                              const struct tdm_notes *notes, struct tdm_error *error)
{
    while (*paths) {
        const size_t length = strcspn(paths, ",");
        char path[4096];
        if (length >= sizeof path)
            return tdm_fail(error, "the path '%.64s...' is too long", paths);
        memcpy(path, paths, length);
        path[length] = '\0';
        if (length && tdm_measurements_load(rows, path, notes, error))
            return -1;
        paths += length + (paths[length] == ',');
    }
    return rows->file_count ? 0 : tdm_fail(error, "--data names no file");
}

// SPDX-License-Identifier: GPL-3.0-or-later
// IDX: two bytes 0, the type (8: unsigned bytes), the number of axes; their lengths, 4 bytes each,
// the highest first; then the values.
#include "hil/inference/labelled.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNSIGNED_BYTES = 8, IMAGE_AXES = 3, LARGEST = 256 << 20 };

const uint8_t *tdm_idx_check(const uint8_t *file, size_t size, int rank, const char *path,
                             size_t *count, struct tdm_error *error)
{
    const size_t head = 4 + 4 * (size_t)rank;
    size_t values = 1;
    if (size < head || file[0] || file[1] || file[2] != UNSIGNED_BYTES || file[3] != rank) {
        tdm_fail_at(error, path, 0, 0, "is not an IDX file of bytes with %d %s", rank,
                    rank == 1 ? "axis" : "axes");
        return NULL;
    }
    for (int axis = 0; axis < rank; axis++) {
        const uint8_t *at = file + 4 + 4 * axis;
        const size_t length =
            (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
        if (axis == 0)
            *count = length;
        if (!length || length > LARGEST || values > LARGEST / length) {
            tdm_fail_at(error, path, 0, 0, "is empty, or larger than 256 MiB");
            return NULL;
        }
        values *= length;
    }
    if (values == size - head)
        return file + head;
    tdm_fail_at(error, path, 0, 0, "holds %zu values, but says %zu", size - head, values);
    return NULL;
}

static uint8_t *read_file(const char *path, size_t *size, struct tdm_error *error)
{
    FILE *file = fopen(path, "rbe");
    long end = -1;
    uint8_t *bytes = NULL;
    if (!file || fseek(file, 0, SEEK_END) || (end = ftell(file)) < 0) {
        tdm_fail_errno(error, path, "cannot be read");
    } else if (end > LARGEST + 16) {
        tdm_fail_at(error, path, 0, 0, "is larger than 256 MiB");
    } else {
        rewind(file);
        *size = (size_t)end;
        bytes = malloc(*size + 1);
        if (!bytes || fread(bytes, 1, *size, file) != *size) {
            tdm_fail_at(error, path, 0, 0, "cannot be read to its end");
            free(bytes);
            bytes = NULL;
        }
    }
    if (file)
        fclose(file);
    return bytes;
}

// The values of a file alone, as the caller will free them.
static uint8_t *read_values(const char *path, int rank, size_t *count, size_t *bytes,
                            struct tdm_error *error)
{
    size_t size;
    uint8_t *file = read_file(path, &size, error);
    if (!file)
        return NULL;
    const uint8_t *values = tdm_idx_check(file, size, rank, path, count, error);
    if (!values) {
        free(file);
        return NULL;
    }
    *bytes = size - (size_t)(values - file);
    memmove(file, values, *bytes);
    return file;
}

int tdm_labelled_read(struct tdm_labelled *labelled, const char *folder, const char *part,
                      struct tdm_error *error)
{
    char images[512], labels[512];
    size_t bytes, label_count;
    *labelled = (struct tdm_labelled){0};
    if ((size_t)snprintf(images, sizeof images, "%s/%s-images.idx", folder, part) >= sizeof images)
        return tdm_fail(error, "the folder's name '%.64s…' is too long", folder);
    snprintf(labels, sizeof labels, "%s/%s-labels.idx", folder, part);
    labelled->images = read_values(images, IMAGE_AXES, &labelled->count, &bytes, error);
    if (!labelled->images)
        return -1;
    labelled->bytes = bytes / labelled->count;
    labelled->labels = read_values(labels, 1, &label_count, &bytes, error);
    if (labelled->labels && label_count == labelled->count)
        return 0;
    if (labelled->labels)
        tdm_fail_at(error, labels, 0, 0, "holds %zu labels for %zu pictures", label_count,
                    labelled->count);
    tdm_labelled_free(labelled);
    return -1;
}

void tdm_labelled_free(struct tdm_labelled *labelled)
{
    free(labelled->images);
    free(labelled->labels);
    *labelled = (struct tdm_labelled){0};
}

// SPDX-License-Identifier: GPL-3.0-or-later
// IDX files, byte by byte.
#include "hil/inference/labelled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tandem-idx-XXXXXX", *made;

static const uint8_t two_images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0,
                                     1, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
static const uint8_t two_labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 7, 9};

static void lay(const char *name, const uint8_t *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/p-%s.idx", folder, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static int start(void **state)
{
    (void)state;
    made = mkdtemp(folder);
    return made ? 0 : -1;
}

static int end(void **state)
{
    char path[128];
    (void)state;
    snprintf(path, sizeof path, "%s/p-images.idx", folder);
    unlink(path);
    snprintf(path, sizeof path, "%s/p-labels.idx", folder);
    unlink(path);
    return rmdir(folder);
}

static void pictures_and_labels_come(void **state)
{
    struct tdm_labelled labelled;
    struct tdm_error error = {0};
    (void)state;
    lay("images", two_images, sizeof two_images);
    lay("labels", two_labels, sizeof two_labels);
    assert_int_equal(tdm_labelled_read(&labelled, folder, "p", &error), 0);
    assert_int_equal(labelled.count, 2);
    assert_int_equal(labelled.bytes, 3);
    assert_memory_equal(labelled.images, "\1\2\3\4\5\6", 6);
    assert_memory_equal(labelled.labels, "\7\11", 2);
    tdm_labelled_free(&labelled);
}

static void refused(const char *part)
{
    struct tdm_labelled labelled;
    struct tdm_error error = {0};
    assert_int_equal(tdm_labelled_read(&labelled, folder, "p", &error), -1);
    assert_null(labelled.images);
    assert_non_null(strstr(error.message, part));
}

static void files_that_lie_are_refused(void **state)
{
    uint8_t bad[sizeof two_images];
    (void)state;
    static const struct {
        size_t at;
        uint8_t value;
        const char *part;
    } changes[] = {{2, 13, "not an IDX file of bytes with 3 axes"},
                   {3, 1, "not an IDX file"},
                   {7, 3, "holds 6 values, but says 9"},
                   {7, 0, "empty"},
                   {4, 255, "larger than 256 MiB"},
                   {11, 255, "says 1530"},
                   {9, 255, "larger than 256 MiB"}};
    lay("labels", two_labels, sizeof two_labels);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(bad, two_images, sizeof bad);
        bad[changes[i].at] = changes[i].value;
        if (changes[i].at == 9)
            bad[13] = 255; // each axis fits, both together do not
        lay("images", bad, sizeof bad);
        refused(changes[i].part);
    }
    lay("images", two_images, 15);
    refused("not an IDX file");
    lay("images", two_images, sizeof two_images);
    static const uint8_t three_labels[] = {0, 0, 8, 1, 0, 0, 0, 3, 7, 9, 1};
    lay("labels", three_labels, sizeof three_labels);
    refused("3 labels for 2 pictures");
}

static void absent_files_are_named(void **state)
{
    struct tdm_labelled labelled;
    struct tdm_error error = {0};
    (void)state;
    assert_int_equal(tdm_labelled_read(&labelled, folder, "q", &error), -1);
    assert_non_null(strstr(error.file, "q-images.idx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_and_labels_come),
        cmocka_unit_test(files_that_lie_are_refused),
        cmocka_unit_test(absent_files_are_named),
    };
    return cmocka_run_group_tests(tests, start, end);
}

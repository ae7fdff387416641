// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // memmem
// The profile is a JSON list of events; each kernel's has "provider" : "NAME" among its arguments.
#include "hil/inference/trial.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PROVIDERS = 8, NAME = 64, LARGEST_PROFILE = 64 << 20 };

int tdm_trial_start(struct tdm_trial *trial, struct tdm_error *error)
{
    snprintf(trial->folder, sizeof trial->folder, "/tmp/tandem-trial-XXXXXX");
    if (!mkdtemp(trial->folder))
        return tdm_fail_errno(error, trial->folder, "cannot be made");
    snprintf(trial->prefix, sizeof trial->prefix, "%s/profile", trial->folder);
    return 0;
}

void tdm_trial_end(struct tdm_trial *trial)
{
    DIR *folder = opendir(trial->folder);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            unlinkat(dirfd(folder), entry->d_name, 0);
    if (folder)
        closedir(folder);
    rmdir(trial->folder);
}

struct tally {
    char name[NAME];
    long kernels;
};

static void count_one(struct tally *tallies, const char *name, size_t length)
{
    for (int i = 0; i < PROVIDERS; i++) {
        if (!tallies[i].name[0])
            memcpy(tallies[i].name, name, length);
        if (strlen(tallies[i].name) == length && memcmp(tallies[i].name, name, length) == 0) {
            tallies[i].kernels++;
            return;
        }
    }
}

// The text behind `"provider"`, a colon and blanks; its length, or 0.
static size_t value_at(const char *at, const char *end, const char **value)
{
    while (at < end && (*at == ' ' || *at == ':'))
        at++;
    if (at >= end || *at != '"')
        return 0;
    *value = ++at;
    size_t length = 0;
    while (at + length < end && at[length] > ' ' && at[length] != '"' && at[length] < 127)
        length++;
    return at + length < end && at[length] == '"' && length < NAME ? length : 0;
}

static int by_kernels(const void *a, const void *b)
{
    const struct tally *left = a, *right = b;
    return (left->kernels < right->kernels) - (left->kernels > right->kernels);
}

void tdm_trial_count(const char *profile, size_t size, char *text)
{
    static const char key[] = "\"provider\"";
    struct tally tallies[PROVIDERS] = {0};
    const char *end = profile + size, *at = profile, *value;
    while (at < end && (at = memmem(at, (size_t)(end - at), key, sizeof key - 1))) {
        at += sizeof key - 1;
        const size_t length = value_at(at, end, &value);
        if (length)
            count_one(tallies, value, length);
    }
    qsort(tallies, PROVIDERS, sizeof *tallies, by_kernels);
    size_t used = 0;
    text[0] = '\0';
    for (int i = 0; i < PROVIDERS && tallies[i].kernels && used < TDM_TRIAL_TEXT; i++)
        used += (size_t)snprintf(text + used, TDM_TRIAL_TEXT - used, "%s%s %ld", i ? ", " : "",
                                 tallies[i].name, tallies[i].kernels);
}

static int read_profile(const char *path, char *text, struct tdm_error *error)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return tdm_fail_errno(error, path, "cannot be read");
    char *profile = malloc(LARGEST_PROFILE);
    const size_t size = profile ? fread(profile, 1, LARGEST_PROFILE, file) : 0;
    fclose(file);
    if (profile)
        tdm_trial_count(profile, size, text);
    free(profile);
    if (!size || !text[0])
        return tdm_fail_at(error, path, 0, 0, "does not say what ran");
    return 0;
}

int tdm_trial_read(struct tdm_runtime *runtime, ort_session *session, char *text,
                   struct tdm_error *error)
{
    const struct ort *ort = &runtime->ort;
    char *path = NULL;
    if (tdm_ort_check(ort, ort->end_profiling(session, runtime->texts, &path), runtime->path,
                      "cannot watch a trial", error))
        return -1;
    int result = read_profile(path, text, error);
    if (tdm_ort_check(ort, ort->free_text(runtime->texts, path), runtime->path,
                      "cannot watch a trial", error))
        result = -1;
    return result;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // mkostemp
#include "hil/inference/mute.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int scratch_file(void)
{
    char path[] = "/tmp/tandem-stderr-XXXXXX";
    const int file = mkostemp(path, O_CLOEXEC);
    if (file >= 0)
        unlink(path);
    return file;
}

struct tdm_mute tdm_mute_start(void)
{
    struct tdm_mute mute = {-1, -1};
    fflush(stderr);
    mute.caught = scratch_file();
    mute.saved = mute.caught < 0 ? -1 : fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    if (mute.saved < 0 || dup2(mute.caught, STDERR_FILENO) < 0) {
        if (mute.caught >= 0)
            close(mute.caught);
        if (mute.saved >= 0)
            close(mute.saved);
        mute = (struct tdm_mute){-1, -1};
    }
    return mute;
}

static void pass_on(FILE *caught)
{
    static const char noise[] = "Schema error:";
    char line[1024];
    bool after_noise = false;
    while (fgets(line, sizeof line, caught)) {
        const bool blank = line[0] == '\n';
        if (strncmp(line, noise, sizeof noise - 1) == 0)
            after_noise = true;
        else if (!(after_noise && blank)) {
            after_noise = false;
            fputs(line, stderr);
        }
    }
}

void tdm_mute_end(struct tdm_mute *mute)
{
    if (mute->saved < 0)
        return;
    fflush(stderr);
    dup2(mute->saved, STDERR_FILENO);
    close(mute->saved);
    lseek(mute->caught, 0, SEEK_SET);
    FILE *caught = fdopen(mute->caught, "r");
    if (caught) {
        pass_on(caught);
        fclose(caught);
    } else {
        close(mute->caught);
    }
    *mute = (struct tdm_mute){-1, -1};
}

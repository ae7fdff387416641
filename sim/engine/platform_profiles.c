// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // memmem
#include "engine/platform_profiles.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"

static const char attribute[] = "bandwidth_file";

// A pipe without an end, or a device, would keep us.
static FILE *open_ordinary(const char *path)
{
    struct stat there;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return NULL;
    FILE *file = fstat(fd, &there) == 0 && S_ISREG(there.st_mode) ? fdopen(fd, "r") : NULL;
    if (!file)
        close(fd);
    return file;
}

static int check_lines(const char *path, FILE *file, struct tdm_error *error)
{
    char *line = NULL;
    size_t room = 0;
    int status = 0;
    for (long number = 1; status == 0 && getline(&line, &room, file) >= 0; number++) {
        char *second, *end;
        strtod(line, &second); // the date
        const double rate = strtod(second, &end);
        if (second > line && end > second && !(rate > 0))
            status = tdm_fail_at(error, path, number, 0,
                                 "a bandwidth of %g, over which SimGrid passes without a word; "
                                 "a bandwidth is above 0, and a link that is off has a state_file",
                                 rate);
    }
    free(line);
    return status;
}

static int check_profile(const char *platform, const char *name, int length,
                         struct tdm_error *error)
{
    const char *slash = strrchr(platform, '/');
    const int folder = slash ? (int)(slash + 1 - platform) : 0;
    char path[4096];
    // As SimGrid looks for it: in the working directory, then beside the platform.
    snprintf(path, sizeof path, "%.*s", length, name);
    FILE *file = open_ordinary(path);
    if (!file) {
        snprintf(path, sizeof path, "%.*s%.*s", folder, platform, length, name);
        file = open_ordinary(path);
    }
    if (!file)
        return 0;
    const int status = check_lines(path, file, error);
    fclose(file);
    return status;
}

int tdm_platform_check_profiles(const char *path, const char *text, size_t length,
                                struct tdm_error *error)
{
    const char *end = text + length, *at = text;
    while ((at = memmem(at, (size_t)(end - at), attribute, sizeof attribute - 1))) {
        at += sizeof attribute - 1;
        while (at < end && *at && strchr("= \t\r\n", *at))
            at++;
        if (at == end || (*at != '"' && *at != '\''))
            continue;
        const char *name = at + 1, *close = memchr(name, *at, (size_t)(end - name));
        if (!close || close - name > 2000)
            continue;
        if (check_profile(path, name, (int)(close - name), error))
            return -1;
        at = close;
    }
    return 0;
}

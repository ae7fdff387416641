// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // O_PATH
#include "hil/board/vwork.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct tdm_vwork {
    int file;
    bool socket;
    const atomic_bool *stop; // NULL: nobody stops it
};

// A socket's address holds about 100 bytes, a path may be longer: it goes by the folder's handle.
static int connect_within(int folder)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/work", folder);
    const int file = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (file < 0)
        return -1;
    if (connect(file, (const struct sockaddr *)&address, sizeof address)) {
        close(file);
        return -1;
    }
    return file;
}

static int open_work(const char *root, bool *socket)
{
    char path[4096];
    if (snprintf(path, sizeof path, "%s/.tandem", root) >= (int)sizeof path)
        return -1;
    const int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return -1;
    struct stat about;
    int file = -1;
    if (fstatat(folder, "work", &about, 0) == 0) {
        *socket = S_ISSOCK(about.st_mode);
        file = *socket ? connect_within(folder) : openat(folder, "work", O_RDWR | O_CLOEXEC);
    }
    close(folder);
    return file;
}

struct tdm_vwork *tdm_vwork_open(const char *root)
{
    struct tdm_vwork *work = calloc(1, sizeof *work);
    if (!work)
        return NULL;
    work->file = open_work(root, &work->socket);
    if (work->file < 0) {
        free(work);
        return NULL;
    }
    return work;
}

void tdm_vwork_close(struct tdm_vwork *work)
{
    if (!work)
        return;
    close(work->file);
    free(work);
}

void tdm_vwork_heed(struct tdm_vwork *work, const atomic_bool *stop)
{
    work->stop = stop;
}

static bool is_stopped(const struct tdm_vwork *work)
{
    return work->stop && atomic_load(work->stop);
}

// Appends " KEY=VALUE"; true if it could not.
static bool add(char *line, size_t size, const char *key, const char *value)
{
    if (!value)
        return false;
    if (!*value || strpbrk(value, " \t\r\n"))
        return true;
    const size_t at = strlen(line);
    return snprintf(line + at, size - at, " %s=%s", key, value) >= (int)(size - at);
}

int tdm_vwork_line(const struct tdm_vwork_job *job, char *line, size_t size)
{
    char number[64];
    if (!job->dnn)
        return snprintf(line, size, "kind=cpu time=%.9g\n", job->cpu_time) < (int)size ? 0 : -1;
    assert(job->share >= 0 && job->share <= 1);
    if (snprintf(line, size, "kind=dnn") >= (int)size)
        return -1;
    bool bad = add(line, size, "dnn", job->dnn) || add(line, size, "mode", job->mode) ||
               add(line, size, "precision", job->precision) ||
               add(line, size, "processor", job->processor);
    if (job->batch > 0) {
        snprintf(number, sizeof number, "%d", job->batch);
        bad = bad || add(line, size, "batch", number);
    }
    snprintf(number, sizeof number, "%.9g\n", job->share);
    const size_t at = strlen(line);
    return bad || snprintf(line + at, size - at, " share=%s", number) >= (int)(size - at) ? -1 : 0;
}

static int send_line(const struct tdm_vwork *work, const char *line)
{
    const size_t length = strlen(line);
    ssize_t sent;
    do // whoever dies at the other end must not take this process along
        sent = work->socket ? send(work->file, line, length, MSG_NOSIGNAL)
                            : write(work->file, line, length);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)length ? 0 : -1;
}

// One line; a file gives it whole, a socket perhaps in pieces.
static int receive_line(const struct tdm_vwork *work, char *line, size_t size)
{
    size_t have = 0;
    while (have < size - 1) {
        const ssize_t got = read(work->file, line + have, size - 1 - have);
        if (got < 0 && errno == EINTR && !is_stopped(work))
            continue;
        if (got <= 0)
            return -1;
        have += (size_t)got;
        line[have] = '\0';
        char *end = strchr(line, '\n');
        if (end) {
            *end = '\0';
            return 0;
        }
    }
    return -1;
}

int tdm_vwork_run(struct tdm_vwork *work, const struct tdm_vwork_job *job, double *seconds,
                  struct tdm_error *error)
{
    char line[TDM_VWORK_LINE];
    if (tdm_vwork_line(job, line, sizeof line))
        return tdm_fail(error,
                        "the virtual board cannot be told of '%s': a name is too long or "
                        "holds a blank",
                        job->dnn ? job->dnn : "cpu");
    if (send_line(work, line) || receive_line(work, line, sizeof line))
        return tdm_fail(error,
                        is_stopped(work) ? "it was given up" : "the virtual board has gone away");
    static const char done[] = "seconds=";
    if (strncmp(line, done, sizeof done - 1) == 0) {
        const double took = strtod(line + sizeof done - 1, NULL);
        if (seconds)
            *seconds = took;
        return 0;
    }
    const char *why = strncmp(line, "error=", 6) == 0 ? line + 6 : line;
    return tdm_fail(error, "the virtual board: %s", why);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // locks that belong to the open file rather than to the process
#include "core/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/error.h"

#define SUFFIX ".partial"

static int check_target(const char *path, struct tdm_error *error)
{
    struct stat there;
    if (stat(path, &there) != 0)
        return 0; // opening the partial file says what is wrong, if anything is
    if (S_ISDIR(there.st_mode))
        return tdm_fail_at(error, path, 0, 0, "a folder; name a file in it");
    if (!S_ISREG(there.st_mode))
        return tdm_fail_at(error, path, 0, 0, "not a regular file: it would be replaced by one");
    return 0;
}

static int find_names(struct tdm_partial *file, const char *path, struct tdm_error *error)
{
    if (!path[0])
        return tdm_fail(error, "a file needs a name");
    if (check_target(path, error))
        return -1;
    file->path = realpath(path, NULL);
    if (!file->path)
        file->path = strdup(path);
    if (!file->path)
        return tdm_fail(error, "out of memory");
    const size_t size = strlen(file->path) + sizeof SUFFIX;
    file->partial = malloc(size);
    if (!file->partial)
        return tdm_fail(error, "out of memory");
    snprintf(file->partial, size, "%s" SUFFIX, file->path);
    return 0;
}

// 0: ours; 1: somebody else's; file systems without locks let everybody in. Waits a moment, for who
// was killed lets go of a file a little later than it is said to be dead.
static int lock(int fd)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    for (int attempt = 0; attempt < 50; attempt++) {
        if (fcntl(fd, F_OFD_SETLK, &whole) == 0)
            return 0;
        if (errno != EAGAIN && errno != EACCES)
            return 0;
        nanosleep(&pause, NULL);
    }
    return 1;
}

// Whoever had it may have renamed or removed it between our open and our lock.
static bool is_still_there(int fd, const char *path)
{
    struct stat ours, there;
    return fstat(fd, &ours) == 0 && lstat(path, &there) == 0 && ours.st_dev == there.st_dev &&
           ours.st_ino == there.st_ino;
}

static int open_locked(struct tdm_partial *file, struct tdm_error *error)
{
    for (int attempt = 0; attempt < 100; attempt++) {
        file->fd = open(file->partial, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
        if (file->fd < 0)
            return tdm_fail_errno(error, file->path, "cannot write");
        if (lock(file->fd)) {
            close(file->fd);
            return tdm_fail_at(error, file->path, 0, 0, "another process is writing it");
        }
        if (is_still_there(file->fd, file->partial)) {
            if (ftruncate(file->fd, 0) == 0)
                return 0;
            tdm_fail_errno(error, file->path, "cannot write");
            close(file->fd);
            return -1;
        }
        close(file->fd);
    }
    return tdm_fail_at(error, file->path, 0, 0, "other processes keep writing it");
}

static void free_names(struct tdm_partial *file)
{
    free(file->path);
    free(file->partial);
    *file = (struct tdm_partial){.fd = -1};
}

int tdm_partial_open(struct tdm_partial *file, const char *path, struct tdm_error *error)
{
    *file = (struct tdm_partial){.fd = -1};
    if (find_names(file, path, error) == 0 && open_locked(file, error) == 0)
        return 0;
    free_names(file);
    return -1;
}

// A rename is on the disk once its folder is. Some file systems cannot sync folders: they say so by
// EINVAL, and there is nothing more to do.
static int sync_folder(const char *path, struct tdm_error *error)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    if (!folder)
        return tdm_fail(error, "out of memory");
    int status = 0;
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // A folder that may be written to but not read cannot be synced.
    if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        status = tdm_fail_errno(error, path, "cannot sync its folder");
    if (fd >= 0)
        close(fd);
    free(folder);
    return status;
}

int tdm_partial_commit(struct tdm_partial *file, struct tdm_error *error)
{
    int status = 0;
    if (fsync(file->fd) != 0)
        status = tdm_fail_errno(error, file->path, "cannot write");
    else if (rename(file->partial, file->path) != 0)
        status = tdm_fail_errno(error, file->path, "cannot rename the finished file");
    if (status != 0) {
        tdm_partial_abandon(file);
        return status;
    }
    status = sync_folder(file->path, error);
    // After the rename: the lock has kept others from taking it for a partial file left behind.
    close(file->fd);
    free_names(file);
    return status;
}

void tdm_partial_abandon(struct tdm_partial *file)
{
    if (file->fd < 0)
        return;
    unlink(file->partial);
    close(file->fd);
    free_names(file);
}

// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // locks of the open file
#include "hil/board/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

int64_t tdm_lease_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int tdm_lease_lock_open(const char *state, struct tdm_error *error)
{
    char path[4096];
    if ((size_t)snprintf(path, sizeof path, "%s.lock", state) >= sizeof path)
        return tdm_fail_at(error, state, 0, 0, "the path is too long");
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    return fd < 0 ? tdm_fail_errno(error, path, "cannot lock the board") : fd;
}

bool tdm_lease_lock(int fd, enum tdm_lease_lock which, double seconds)
{
    const int64_t end = tdm_lease_now() + (int64_t)(seconds * 1e9);
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    for (;;) {
        struct flock lock = {
            .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)which, .l_len = 1};
        if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
            return true;
        if ((errno != EAGAIN && errno != EACCES && errno != EINTR) || tdm_lease_now() >= end)
            return false;
        nanosleep(&pause, NULL);
    }
}

void tdm_lease_unlock(int fd, enum tdm_lease_lock which)
{
    struct flock lock = {
        .l_type = F_UNLCK, .l_whence = SEEK_SET, .l_start = (off_t)which, .l_len = 1};
    fcntl(fd, F_OFD_SETLK, &lock);
}

int tdm_lease_send(int socket, enum tdm_lease_word word, int64_t value)
{
    const struct tdm_lease_message message = {word, value};
    ssize_t n;
    do
        n = send(socket, &message, sizeof message, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    // A guardian that is behind with reading still has the message before.
    return n == sizeof message || (n < 0 && errno == EAGAIN) ? 0 : -1;
}

int tdm_lease_receive(int socket, struct tdm_lease_message *message, double seconds)
{
    struct pollfd watched = {.fd = socket, .events = POLLIN};
    const int ready = poll(&watched, 1, (int)(seconds * 1e3));
    if (ready < 0 && errno != EINTR)
        return -1;
    if (ready <= 0)
        return 0;
    const ssize_t n = recv(socket, message, sizeof *message, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    return n == sizeof *message ? 1 : -1;
}

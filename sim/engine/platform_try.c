// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // MAP_ANONYMOUS
#include "engine/platform_try.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

// What SimGrid has to say goes to the pipe.
static void ask_in_child(const char *path, struct tdm_simgrid_route *routes, size_t count, int out)
{
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    dup2(nowhere, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    _exit(tdm_simgrid_ask(path, routes, count) == 0 ? 0 : 1);
}

// What people need of the lines that SimGrid printed: the first that says something, without the
// tag "[1.2] [category/LEVEL]" before it.
static void shorten(char *text)
{
    char *line = text;
    for (;;) {
        while (*line == '[') {
            char *end = strchr(line, ']');
            if (!end)
                break;
            line = end + 1 + strspn(end + 1, " ");
        }
        char *end = line + strcspn(line, "\n");
        const bool last = *end == '\0';
        *end = '\0';
        if (line[0] || last)
            break;
        line = end + 1;
    }
    memmove(text, line, strlen(line) + 1);
}

static size_t read_up(int fd, char *text, size_t size)
{
    size_t length = 0;
    for (;;) {
        char rest[256];
        const bool full = length + 1 >= size;
        const ssize_t n =
            full ? read(fd, rest, sizeof rest) : read(fd, text + length, size - 1 - length);
        if (n <= 0)
            break;
        length += full ? 0 : (size_t)n;
    }
    text[length] = '\0';
    return length;
}

int tdm_platform_try(const char *path, struct tdm_simgrid_route *routes, size_t count,
                     struct tdm_error *error)
{
    // The child fills the routes in where the parent sees them.
    const size_t size = count * sizeof *routes + 1;
    struct tdm_simgrid_route *shared =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int pipes[2] = {-1, -1};
    if (shared == MAP_FAILED || pipe(pipes) != 0)
        return tdm_fail_errno(error, path, "cannot try the platform");
    if (count)
        memcpy(shared, routes, count * sizeof *routes);
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
        close(pipes[0]);
        ask_in_child(path, shared, count, pipes[1]);
    }
    close(pipes[1]);
    char said[1024] = "";
    int status = -1;
    if (child > 0) {
        read_up(pipes[0], said, sizeof said);
        while (waitpid(child, &status, 0) < 0)
            ;
    }
    close(pipes[0]);
    if (count)
        memcpy(routes, shared, count * sizeof *routes);
    munmap(shared, size);
    if (child < 0)
        return tdm_fail_errno(error, path, "cannot try the platform");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    shorten(said);
    return tdm_fail_at(error, path, 0, 0, "SimGrid %s refuses this platform: %.300s",
                       tdm_simgrid_version(), said[0] ? said : "it gave up without a word");
}

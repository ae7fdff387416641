// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // pipe2
#include "cli/report/gnuplot.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_OUTPUT ((size_t)256 << 20)

// What comes out of a pipe.
struct output {
    char *text;
    size_t size, room;
};

int tdm_gnuplot_check(struct tdm_error *error)
{
    const char *path = getenv("PATH");
    char *folders = strdup(path ? path : "/usr/local/bin:/usr/bin:/bin");
    char *rest = NULL, file[4096];
    bool found = false;
    for (char *f = folders ? strtok_r(folders, ":", &rest) : NULL; f && !found;
         f = strtok_r(NULL, ":", &rest)) {
        snprintf(file, sizeof file, "%s/gnuplot", f);
        found = access(file, X_OK) == 0;
    }
    free(folders);
    return found ? 0
                 : tdm_fail(error, "gnuplot, which draws the plots, is not on this machine; Debian "
                                   "has it in the package gnuplot-nox");
}

// ---- the process -------------------------------------------------------------------------------

enum { IN, OUT, ERR };

struct child {
    pid_t id;
    int ours[3]; // ends of its pipes
};

static void close_end(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static int spawn(pid_t *id, const int theirs[3])
{
    char *const arguments[] = {"gnuplot", "-d", "-", NULL}; // -d: nobody's own settings
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t how;
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&how);
    posix_spawnattr_setsigdefault(&how, &usual);
    posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
    for (int i = 0; i < 3; i++)
        posix_spawn_file_actions_adddup2(&actions, theirs[i], i);
    const int number = posix_spawnp(id, arguments[0], &actions, &how, arguments, environ);
    posix_spawnattr_destroy(&how);
    posix_spawn_file_actions_destroy(&actions);
    return number;
}

static int start(struct child *child, struct tdm_error *error)
{
    int theirs[3] = {-1, -1, -1}, number = 0;
    *child = (struct child){.ours = {-1, -1, -1}};
    for (int i = 0; i < 3 && number == 0; i++) {
        int ends[2];
        if (pipe2(ends, O_CLOEXEC) != 0) {
            number = errno;
            break;
        }
        child->ours[i] = ends[i == IN ? 1 : 0];
        theirs[i] = ends[i == IN ? 0 : 1];
    }
    if (number == 0)
        number = spawn(&child->id, theirs);
    for (int i = 0; i < 3; i++)
        close_end(&theirs[i]);
    if (number == 0) {
        fcntl(child->ours[IN], F_SETFL, O_NONBLOCK);
        return 0;
    }
    for (int i = 0; i < 3; i++)
        close_end(&child->ours[i]);
    return tdm_fail(error, "cannot start gnuplot: %s", strerror(number));
}

// ---- talking to it -----------------------------------------------------------------------------

static int take(struct output *output, int *fd)
{
    if (output->room - output->size < 4096) {
        const size_t room = output->room ? 2 * output->room : 65536;
        char *more = room > MOST_OUTPUT ? NULL : realloc(output->text, room);
        if (!more)
            return -1;
        output->text = more;
        output->room = room;
    }
    const ssize_t count = read(*fd, output->text + output->size, output->room - output->size - 1);
    if (count > 0)
        output->size += (size_t)count;
    else if (count == 0 || (errno != EINTR && errno != EAGAIN))
        close_end(fd);
    output->text[output->size] = '\0';
    return 0;
}

// A child that ends early closes its end; what it says tells why.
static void give(const char **rest, size_t *left, int *fd)
{
    const ssize_t count = write(*fd, *rest, *left);
    if (count > 0) {
        *rest += count;
        *left -= (size_t)count;
    }
    if (*left == 0 || (count < 0 && errno != EINTR && errno != EAGAIN))
        close_end(fd);
}

// In and out at once, so that no pipe runs full while the other end waits.
static int talk(struct child *child, const char *script, struct output *out, struct output *said)
{
    size_t left = strlen(script);
    int status = 0;
    while (status == 0 && (child->ours[OUT] >= 0 || child->ours[ERR] >= 0)) {
        struct pollfd ends[3] = {{child->ours[IN], POLLOUT, 0},
                                 {child->ours[OUT], POLLIN, 0},
                                 {child->ours[ERR], POLLIN, 0}};
        if (poll(ends, 3, -1) < 0 && errno != EINTR)
            return -1;
        if (ends[IN].revents && child->ours[IN] >= 0)
            give(&script, &left, &child->ours[IN]);
        if (ends[OUT].revents && child->ours[OUT] >= 0)
            status = take(out, &child->ours[OUT]);
        if (status == 0 && ends[ERR].revents && child->ours[ERR] >= 0)
            status = take(said, &child->ours[ERR]);
    }
    return status;
}

// The line that is no repetition of the script and no caret below it.
static const char *reason(char *said)
{
    char *rest = NULL, *last = NULL;
    for (char *line = said ? strtok_r(said, "\n", &rest) : NULL; line;
         line = strtok_r(NULL, "\n", &rest))
        if (line[strspn(line, " ^\t")])
            last = line;
    return last ? last : "it did not say why";
}

static int end(struct child *child, int status, struct output *said, const struct output *out,
               struct tdm_error *error)
{
    int code = 0;
    for (int i = 0; i < 3; i++)
        close_end(&child->ours[i]);
    if (status)
        kill(child->id, SIGKILL);
    while (waitpid(child->id, &code, 0) < 0 && errno == EINTR)
        ;
    if (status)
        return tdm_fail(error, "out of memory for what gnuplot draws");
    if (code != 0 || !out->size)
        return tdm_fail(error, "gnuplot failed: %.300s", reason(said->text));
    return 0;
}

char *tdm_gnuplot_run(const char *script, struct tdm_error *error)
{
    struct child child;
    struct output out = {0}, said = {0};
    struct sigaction ignore = {.sa_handler = SIG_IGN}, before;
    if (start(&child, error))
        return NULL;
    sigaction(SIGPIPE, &ignore, &before);
    int status = talk(&child, script, &out, &said);
    status = end(&child, status, &said, &out, error);
    sigaction(SIGPIPE, &before, NULL);
    free(said.text);
    if (status == 0)
        return out.text;
    free(out.text);
    return NULL;
}

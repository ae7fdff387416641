// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // which processors this process may use; pipes that close themselves
#include "cli/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    MOST_SAID = 4096,
    TICK = 100,        // ms
    PAUSE = 50 * 1000, // us, before a process is asked for again
};

// A process that runs a job.
struct worker {
    pid_t pid; // 0: none
    int said;  // to read from
    size_t job, length;
    char text[MOST_SAID];
};

struct running {
    const struct tdm_pool *pool;
    struct worker *workers;
    struct pollfd *polled;
    size_t busy, next;
    bool stopped;
};

size_t tdm_pool_processors(void)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    const int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (size_t)count : 1;
}

// ---- in the job's process ----------------------------------------------------------------------

static void work(const struct tdm_pool *pool, size_t job, pid_t parent, int said)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1); // it died before this process asked to be told
    const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing >= 0) {
        dup2(nothing, STDIN_FILENO);
        dup2(nothing, STDOUT_FILENO);
    }
    dup2(said, STDERR_FILENO);
    const int code = pool->run(pool->context, job);
    fflush(NULL);
    _exit(code);
}

// ---- in the caller's process -------------------------------------------------------------------

// 0; 1 where there can be no more processes just now.
static int start(struct running *r, struct worker *worker)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC))
        return 1;
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid == 0) {
        close(ends[0]);
        work(r->pool, r->next, parent, ends[1]);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return 1;
    }
    *worker = (struct worker){.pid = pid, .said = ends[0], .job = r->next++};
    r->busy++;
    return 0;
}

static int fill(struct running *r, struct tdm_error *error)
{
    for (size_t i = 0; i < r->pool->at_once && !r->stopped && r->next < r->pool->count; i++) {
        if (r->workers[i].pid || start(r, &r->workers[i]) == 0)
            continue;
        if (!r->busy)
            return tdm_fail(error, "cannot start a process: %s", strerror(errno));
        usleep(PAUSE); // those that run will end, and make room
        return 0;
    }
    return 0;
}

static void end(struct running *r, struct worker *worker)
{
    int status = 0;
    close(worker->said);
    while (waitpid(worker->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    const struct tdm_pool_end what = {.job = worker->job,
                                      .code = WIFSIGNALED(status) ? -WTERMSIG(status)
                                                                  : WEXITSTATUS(status),
                                      .said = worker->text};
    worker->pid = 0;
    r->busy--;
    if (!r->pool->ended(r->pool->context, &what))
        r->stopped = true;
}

// A process is at its end when nobody can write into its pipe any more.
static void listen_to(struct running *r, struct worker *worker)
{
    char rest[MOST_SAID];
    const size_t room = MOST_SAID - 1 - worker->length;
    const ssize_t n =
        read(worker->said, room ? worker->text + worker->length : rest, room ? room : sizeof rest);
    if (n > 0 && room)
        worker->length += (size_t)n;
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        end(r, worker);
}

static void wait_for_some(struct running *r)
{
    for (size_t i = 0; i < r->pool->at_once; i++)
        r->polled[i] =
            (struct pollfd){.fd = r->workers[i].pid ? r->workers[i].said : -1, .events = POLLIN};
    if (poll(r->polled, r->pool->at_once, TICK) > 0)
        for (size_t i = 0; i < r->pool->at_once; i++)
            if (r->workers[i].pid && r->polled[i].revents)
                listen_to(r, &r->workers[i]);
    if (r->pool->tick)
        r->pool->tick(r->pool->context);
}

int tdm_pool_run(const struct tdm_pool *pool, struct tdm_error *error)
{
    struct running r = {.pool = pool};
    r.workers = calloc(pool->at_once, sizeof *r.workers);
    r.polled = calloc(pool->at_once, sizeof *r.polled);
    int status = r.workers && r.polled ? 0 : tdm_fail(error, "out of memory");
    fflush(NULL); // or each process would print it once more
    while (status == 0 && (r.busy || (!r.stopped && r.next < pool->count))) {
        status = fill(&r, error);
        if (status == 0)
            wait_for_some(&r);
    }
    free(r.workers);
    free(r.polled);
    return status;
}

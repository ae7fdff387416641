// SPDX-License-Identifier: GPL-3.0-or-later
#include "cli/apart.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

// What the child sends first; the latencies follow.
struct answer {
    int status;
    struct tdm_error error;
    struct tdm_figures figures;
};

static bool write_all(int fd, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0) {
        const ssize_t n = write(fd, next, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        next += n;
        size -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t size)
{
    char *next = bytes;
    while (size > 0) {
        const ssize_t n = read(fd, next, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        next += n;
        size -= (size_t)n;
    }
    return true;
}

static void run_in_child(tdm_simulate_function simulate, const struct tdm_simulation *simulation,
                         pid_t parent, int out)
{
    struct answer answer = {0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) // it has gone already
        _exit(1);
    answer.status = simulate(simulation, &answer.figures, &answer.error);
    fflush(NULL);
    const bool told =
        write_all(out, &answer, sizeof answer) &&
        write_all(out, answer.figures.latencies, answer.figures.count * sizeof(double));
    _exit(told ? 0 : 1); // without what SimGrid prints when a process leaves in the ordinary way
}

static int add(struct tdm_figures *sum, const struct tdm_figures *f, int in)
{
    const size_t count = sum->count + f->count;
    double *latencies = realloc(sum->latencies, (count + 1) * sizeof *latencies);
    if (!latencies)
        return -1;
    sum->latencies = latencies;
    sum->room = count + 1;
    sum->sorted = false;
    if (!read_all(in, latencies + sum->count, f->count * sizeof *latencies))
        return -1;
    sum->count = count;
    tdm_figures_add(sum, f);
    return 0;
}

static int explain_end(int status, const struct tdm_simulation *simulation, struct tdm_error *error)
{
    if (WIFSIGNALED(status))
        return tdm_fail(error, "%s: its run was ended by signal %d (%s)", simulation->policy,
                        WTERMSIG(status), strsignal(WTERMSIG(status)));
    return tdm_fail(error, "%s: its run ended without an answer", simulation->policy);
}

int tdm_simulate_apart(tdm_simulate_function simulate, const struct tdm_simulation *simulation,
                       struct tdm_figures *figures, struct tdm_error *error)
{
    int pipes[2];
    if (pipe(pipes) != 0)
        return tdm_fail_errno(error, "", "cannot start a process for the run");
    fflush(NULL);
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        close(pipes[0]);
        run_in_child(simulate, simulation, parent, pipes[1]);
    }
    close(pipes[1]);
    struct answer answer = {.status = -1};
    bool told = child > 0 && read_all(pipes[0], &answer, sizeof answer);
    if (told && answer.status == 0)
        told = add(figures, &answer.figures, pipes[0]) == 0;
    close(pipes[0]);
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    if (child < 0)
        return tdm_fail_errno(error, "", "cannot start a process for the run");
    if (!told)
        return explain_end(status, simulation, error);
    if (answer.status != 0 && error)
        *error = answer.error;
    return answer.status;
}

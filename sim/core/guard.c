// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

enum { LONGEST_NAME = 256 };

// The name of the file at risk, in memory that child and parent share; NULL: no guard.
static char *shared;

void tdm_guard_risk(const char *file)
{
    struct stat there;
    struct itimerval limit = {.it_value = {.tv_sec = 0}}; // none
    if (!shared)
        return;
    snprintf(shared, LONGEST_NAME, "%s", file ? file : "");
    if (file)
        limit.it_value.tv_sec = 10 + (stat(file, &there) == 0 ? there.st_size >> 20 : 0);
    setitimer(ITIMER_PROF, &limit, NULL); // SIGPROF ends the process
}

// What a program is killed by when it breaks down, as opposed to when somebody ends it.
static bool is_breakdown(int number)
{
    return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE ||
           number == SIGILL;
}

static int judge(int status, struct tdm_error *error)
{
    if (WIFEXITED(status))
        return WEXITSTATUS(status);
    const int number = WTERMSIG(status);
    if (number == SIGPROF && shared[0])
        return tdm_fail_at(error, shared, 0, 0,
                           "damaged: the HDF5 library reads it without coming to an end");
    if (is_breakdown(number) && shared[0])
        return tdm_fail_at(error, shared, 0, 0,
                           "damaged: reading it broke the HDF5 library down (signal %d)", number);
    signal(number, SIG_DFL);
    raise(number);
    return tdm_fail(error, "ended by signal %d", number);
}

int tdm_guard_run(int (*function)(void *context), void *context, struct tdm_error *error)
{
    void *memory =
        mmap(NULL, LONGEST_NAME, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return tdm_fail(error, "out of memory");
    shared = memory;
    fflush(NULL); // or the child would print it again
    const pid_t child = fork();
    if (child == 0)
        exit(function(context));
    int status = 0, result = 0;
    pid_t ended = child;
    while (child > 0 && (ended = waitpid(child, &status, 0)) < 0 && errno == EINTR)
        ;
    if (child < 0 || ended < 0)
        result = tdm_fail(error, "cannot start a process: %s", strerror(errno));
    else
        result = judge(status, error);
    shared = NULL;
    munmap(memory, LONGEST_NAME);
    return result;
}

// SPDX-License-Identifier: GPL-3.0-or-later
#include "env/apart.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"

// What both processes see.
struct shared {
    int32_t action[TDM_KNOBS];
    float observation[TDM_ENTRIES];
    struct tdm_step step;
    bool due; // a decision
    int status;
    struct tdm_error error;
};

struct tdm_apart {
    struct tdm_course *course; // as a child finds it
    struct shared *shared;
    pid_t child; // 0: none
    int socket;
    bool asked; // and not answered yet
};

static bool send_turn(int socket)
{
    ssize_t n;
    while ((n = send(socket, "", 1, MSG_NOSIGNAL)) < 0 && errno == EINTR)
        ;
    return n == 1;
}

static bool receive_turn(int socket)
{
    char turn;
    ssize_t n;
    while ((n = recv(socket, &turn, 1, 0)) < 0 && errno == EINTR)
        ;
    return n == 1;
}

// ---- the child ---------------------------------------------------------------------------------

static void show(struct shared *shared, struct tdm_course *course)
{
    shared->due = tdm_course_is_due(course);
    if (course->state)
        tdm_process_observe(course->process, course->state, shared->observation);
    else
        shared->status = tdm_engine_check(course->engine, &shared->error);
}

static void serve(struct shared *shared, struct tdm_course *course, int socket)
{
    shared->status = tdm_course_begin(course, 0, &shared->error);
    if (shared->status == 0)
        show(shared, course);
    while (send_turn(socket) && receive_turn(socket) && shared->due) {
        tdm_course_step(course, shared->action, &shared->step);
        show(shared, course);
    }
}

static void live(struct tdm_apart *apart, pid_t parent, int socket)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() == parent)
        serve(apart->shared, apart->course, socket);
    _exit(0); // without what SimGrid prints when a process leaves in the ordinary way
}

// ---- the parent --------------------------------------------------------------------------------

struct tdm_apart *tdm_apart_new(struct tdm_course *course, struct tdm_error *error)
{
    struct tdm_apart *apart = calloc(1, sizeof *apart);
    if (!apart) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    apart->course = course;
    apart->socket = -1;
    apart->shared = mmap(NULL, sizeof *apart->shared, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (apart->shared != MAP_FAILED)
        return apart;
    tdm_fail_errno(error, "", "cannot share memory with an environment's process");
    free(apart);
    return NULL;
}

static void end_child(struct tdm_apart *apart)
{
    if (apart->socket >= 0)
        close(apart->socket);
    apart->socket = -1;
    if (!apart->child)
        return;
    kill(apart->child, SIGKILL);
    while (waitpid(apart->child, NULL, 0) < 0 && errno == EINTR)
        ;
    apart->child = 0;
}

void tdm_apart_free(struct tdm_apart *apart)
{
    if (!apart)
        return;
    end_child(apart);
    munmap(apart->shared, sizeof *apart->shared);
    free(apart);
}

static int start_child(struct tdm_apart *apart, struct tdm_error *error)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return tdm_fail_errno(error, "", "cannot start a process for the environment");
    fflush(NULL);
    const pid_t parent = getpid(), child = fork();
    if (child == 0) {
        close(ends[0]);
        live(apart, parent, ends[1]);
    }
    close(ends[1]);
    apart->socket = ends[0];
    if (child < 0)
        return tdm_fail_errno(error, "", "cannot start a process for the environment");
    apart->child = child;
    return 0;
}

static int receive(struct tdm_apart *apart, struct tdm_error *error)
{
    apart->asked = false;
    if (!apart->child || !receive_turn(apart->socket)) {
        end_child(apart);
        apart->shared->due = false;
        return tdm_fail(error, "the process of an environment has ended without an answer");
    }
    if (apart->shared->status == 0)
        return 0;
    if (error)
        *error = apart->shared->error;
    return -1;
}

int tdm_apart_begin(struct tdm_apart *apart, uint64_t seed, struct tdm_error *error)
{
    struct tdm_course *course = apart->course;
    end_child(apart);
    if (seed) {
        course->seed = seed;
        course->runs = 0;
    }
    apart->shared->due = false;
    const int status = start_child(apart, error) ? -1 : receive(apart, error);
    course->runs++;
    return status;
}

void tdm_apart_ask(struct tdm_apart *apart, const int32_t *action)
{
    const int knobs = tdm_process_actions(apart->course->process)->count;
    for (int i = 0; i < knobs; i++)
        apart->shared->action[i] = action[i];
    apart->asked = true;
    send_turn(apart->socket); // if it is gone, there is no answer either
}

int tdm_apart_wait(struct tdm_apart *apart, struct tdm_step *step, struct tdm_error *error)
{
    if (receive(apart, error))
        return -1;
    *step = apart->shared->step;
    return 0;
}

const float *tdm_apart_observation(const struct tdm_apart *apart)
{
    return apart->shared->observation;
}

bool tdm_apart_is_due(const struct tdm_apart *apart)
{
    return apart->shared->due && !apart->asked;
}

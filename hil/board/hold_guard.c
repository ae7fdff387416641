// SPDX-License-Identifier: GPL-3.0-or-later
// The guardian's life as its holder sees it, and the heat.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hil/board/hold_parts.h"

static const double start_patience = 5; // s until a guardian watches
static const double back_patience = 60; // s: some knobs may hang
static const double look_period = 0.25; // s between two looks at the heat
enum { ATTEMPTS = 3 };

// ---- starting one ------------------------------------------------------------------------------

static char *guardian_program(const struct tdm_hold *hold)
{
    char program[4096];
    const char *given = hold->guardian ? hold->guardian : getenv("TANDEM_GUARDIAN");
    if (given)
        return strdup(given);
    const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 32);
    if (length > 0) {
        program[length] = '\0';
        char *slash = strrchr(program, '/');
        char *name = slash ? slash + 1 : program;
        snprintf(name, sizeof program - (size_t)(name - program), "tandem-guardian");
        if (access(program, X_OK) == 0)
            return strdup(program);
    }
    return strdup("tandem-guardian");
}

// In a session of its own: what a terminal sends to its programs is not meant for it.
static int spawn(const struct tdm_hold *hold, const char *program, int socket, pid_t *pid)
{
    char deadline[32], holder[32];
    snprintf(deadline, sizeof deadline, "%lld", atomic_load(&hold->deadline));
    snprintf(holder, sizeof holder, "%ld", (long)getpid());
    const char *root = tdm_tree_root(tdm_hw_tree(hold->hw));
    const char *arguments[] = {"tandem-guardian",
                               "--root",
                               root[0] ? root : "/",
                               "--state",
                               hold->state,
                               "--deadline",
                               deadline,
                               "--holder",
                               holder,
                               hold->trace ? "--trace" : NULL,
                               hold->trace,
                               NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&files);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&files, socket, TDM_LEASE_SOCKET);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&files, hold->owner_lock, TDM_LEASE_OWNER);
    char *const *argv = (char *const *)(uintptr_t)arguments;
    const int failed = posix_spawnp(pid, program, &files, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return failed;
}

static int open_sockets(int sockets[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets))
        return -1;
    const int high = fcntl(sockets[1], F_DUPFD_CLOEXEC, 10);
    close(sockets[1]);
    sockets[1] = high;
    if (high < 0)
        close(sockets[0]);
    return high < 0 ? -1 : 0;
}

static void bury(pid_t pid)
{
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
}

int tdm_hold_guard(struct tdm_hold *hold, struct tdm_error *error)
{
    int sockets[2];
    pid_t pid = -1;
    struct tdm_lease_message message = {0};
    char *program = guardian_program(hold);
    if (!program || open_sockets(sockets)) {
        free(program);
        return tdm_fail_errno(error, "tandem-guardian", "cannot be started");
    }
    const int failed = spawn(hold, program, sockets[1], &pid);
    close(sockets[1]);
    const int64_t end = tdm_lease_now() + (int64_t)(start_patience * 1e9);
    int got = 0;
    while (!failed && got == 0 && tdm_lease_now() < end)
        got = tdm_lease_receive(sockets[0], &message, 0.1);
    if (failed || got != 1 || message.word != TDM_LEASE_READY) {
        close(sockets[0]);
        if (!failed && got == 0)
            kill(pid, SIGKILL);
        if (!failed)
            bury(pid);
        tdm_fail(error, "the guardian '%.200s' %s%s, so the board is left alone", program,
                 failed ? "cannot be started: " : "did not get ready",
                 failed ? strerror(failed) : "");
        free(program);
        return -1;
    }
    free(program);
    pthread_mutex_lock(&hold->guardian_lock);
    hold->socket = sockets[0];
    hold->pid = pid;
    // Renewed while it was being started.
    tdm_lease_send(sockets[0], TDM_LEASE_RENEW, atomic_load(&hold->deadline));
    pthread_mutex_unlock(&hold->guardian_lock);
    return 0;
}

static void forget(struct tdm_hold *hold)
{
    pthread_mutex_lock(&hold->guardian_lock);
    const pid_t pid = hold->pid;
    if (hold->socket >= 0)
        close(hold->socket);
    hold->socket = -1;
    hold->pid = 0;
    pthread_mutex_unlock(&hold->guardian_lock);
    bury(pid);
}

// ---- putting back ------------------------------------------------------------------------------

// Without a guardian. The state's file is what counts, as it does for a guardian.
static int put_back_self(struct tdm_hold *hold)
{
    struct tdm_error error = {0};
    const char *root = tdm_tree_root(tdm_hw_tree(hold->hw));
    tdm_lease_lock(hold->writing_lock, TDM_LOCK_WRITING, 1);
    const int wrong =
        tdm_recover_locked(root[0] ? root : "/", hold->hw, hold->state, &hold->saying, &error);
    tdm_hold_end_writing(hold);
    if (wrong < 0)
        tdm_say(&hold->saying, "cannot put the board back: %s", error.message);
    return wrong < 0 ? (int)hold->saved.count : wrong;
}

int tdm_hold_release(struct tdm_hold *hold)
{
    struct tdm_lease_message message = {0};
    if (atomic_load(&hold->lost)) {
        forget(hold);
        return atomic_load(&hold->wrong);
    }
    int got = hold->socket < 0 ? -1 : tdm_lease_send(hold->socket, TDM_LEASE_RELEASE, 0);
    const int64_t end = tdm_lease_now() + (int64_t)(back_patience * 1e9);
    while (got >= 0 && message.word != TDM_LEASE_BACK && tdm_lease_now() < end)
        got = tdm_lease_receive(hold->socket, &message, 0.1);
    if (message.word != TDM_LEASE_BACK && hold->pid > 0)
        kill(hold->pid, SIGKILL); // stopped, or worse; its locks go with it
    forget(hold);
    atomic_store(&hold->lost, true);
    return message.word == TDM_LEASE_BACK ? (int)message.value : put_back_self(hold);
}

// ---- watching ----------------------------------------------------------------------------------

// It put the board back by itself (the lease was over, or it was told to end), or died.
static void guardian_is_gone(struct tdm_hold *hold)
{
    struct tdm_error error;
    forget(hold);
    if (access(hold->state, F_OK)) {
        atomic_store(&hold->lost, true);
        return;
    }
    for (int i = 0; i < ATTEMPTS; i++)
        if (tdm_hold_guard(hold, &error) == 0) {
            tdm_say(&hold->saying, "the guardian died; another one watches now");
            return;
        }
    tdm_say(&hold->saying, "the guardian died, and there is no other: %s", error.message);
    pthread_mutex_lock(&hold->setting_lock);
    atomic_store(&hold->lost, true);
    atomic_store(&hold->wrong, put_back_self(hold));
    pthread_mutex_unlock(&hold->setting_lock);
}

static void hear_guardian(struct tdm_hold *hold)
{
    struct tdm_lease_message message = {0};
    const int got = tdm_lease_receive(hold->socket, &message, 0);
    if (got == 1 && message.word == TDM_LEASE_BACK) {
        atomic_store(&hold->wrong, (int)message.value);
        atomic_store(&hold->lost, true);
        tdm_say(&hold->saying, "the guardian has put the board back");
    } else if (got < 0)
        guardian_is_gone(hold);
}

static void look_at_heat(struct tdm_hold *hold, bool *blind)
{
    struct tdm_report report;
    struct tdm_error error;
    const char *zone = "";
    if (!hold->sensors)
        return;
    const double degc = tdm_sensors_hottest(hold->sensors, &zone);
    if (isnan(degc) != *blind) {
        *blind = isnan(degc);
        tdm_say(&hold->saying, *blind ? "no zone tells its temperature any more"
                                      : "zones tell their temperatures again");
    }
    pthread_mutex_lock(&hold->setting_lock);
    if (tdm_heat_step(&hold->heat, degc)) {
        const size_t level = hold->heat.level;
        if (level)
            tdm_say(&hold->saying,
                    "%s has %.1f degC, more than %.1f: clocks are held down (level %zu)", zone,
                    degc, tdm_heat_limit(&hold->heat, level - 1), level);
        else
            tdm_say(&hold->saying, "%s has %.1f degC: clocks are as wanted again", zone, degc);
        if (tdm_hold_apply(hold, &report, &error))
            tdm_say(&hold->saying, "%s", error.message);
    }
    pthread_mutex_unlock(&hold->setting_lock);
}

static void *watch(void *context)
{
    struct tdm_hold *hold = context;
    bool blind = false;
    while (!atomic_load(&hold->lost)) {
        struct pollfd watched[] = {{.fd = hold->wake, .events = POLLIN},
                                   {.fd = hold->socket, .events = POLLIN}};
        const int ready = poll(watched, 2, (int)(look_period * 1e3));
        if (watched[0].revents)
            return NULL;
        if (ready > 0 && watched[1].revents)
            hear_guardian(hold);
        else
            look_at_heat(hold, &blind);
    }
    return NULL;
}

int tdm_hold_watch(struct tdm_hold *hold, struct tdm_error *error)
{
    hold->wake = eventfd(0, EFD_CLOEXEC);
    if (hold->wake < 0 || pthread_create(&hold->watcher, NULL, watch, hold))
        return tdm_fail(error, "cannot start the thread that watches the guardian");
    hold->watching = true;
    return 0;
}

void tdm_hold_unwatch(struct tdm_hold *hold)
{
    const uint64_t one = 1;
    if (hold->watching && write(hold->wake, &one, sizeof one) == sizeof one)
        pthread_join(hold->watcher, NULL);
    hold->watching = false;
    if (hold->wake >= 0)
        close(hold->wake);
    hold->wake = -1;
}

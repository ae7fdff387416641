// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * tandem-guardian: puts a board back when who holds it has died, has let the lease run out, or asks
 * for it. Started by holders (hil/board/lease.h says how they talk); by hand or by a service
 * manager with --recover, for when both have died.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "hil/board/hold_parts.h"

enum { DONE = 0, FAILED = 1, USAGE = 2 }; // as tandem's own

static const char usage[] =
    "usage: tandem-guardian --recover [--root DIR] [--state FILE]\n"
    "\n"
    "Puts a board back as it was before somebody who has died since had changed it. Does nothing\n"
    "where there is nothing to put back, or the board has been booted since.\n"
    "\n"
    "  --root DIR    where the board's files lie: /\n"
    "  --state FILE  where it was saved: DIR/run/tandem/state\n"
    "\n"
    "Holders of a board start it in another way, for themselves.\n";

struct guardian {
    const char *root, *state;
    int64_t deadline; // ns of CLOCK_BOOTTIME; 0: none was given
    pid_t holder;
    bool recover; // else: watch
    FILE *trace;
    struct tdm_hw *hw;
    int lock, timer, signals;
};

static void say(void *context, const char *line)
{
    (void)context;
    fprintf(stderr, "tandem-guardian: %s\n", line);
}

static const struct tdm_saying saying = {say, NULL};

static int failed(const struct tdm_error *error)
{
    char text[1024];
    tdm_error_format(error, text, sizeof text);
    fprintf(stderr, "tandem-guardian: %s\n", text);
    return FAILED;
}

// ---- putting back ------------------------------------------------------------------------------

static const double writing_patience = 0.2; // s that a holder may need to end what it writes

// Whoever lives on without a lease must not write any more: a holder that keeps the right to write
// hangs, or was stopped, in the middle of it.
static void fence(const struct guardian *g, bool holder_lives)
{
    if (tdm_lease_lock(g->lock, TDM_LOCK_WRITING, writing_patience))
        return;
    if (holder_lives && g->holder > 1) {
        say(NULL, "the holder hangs while it writes to the board, and is killed");
        kill(g->holder, SIGKILL);
    }
    if (!tdm_lease_lock(g->lock, TDM_LOCK_WRITING, 2))
        say(NULL, "somebody still writes to the board");
}

static int put_back(const struct guardian *g, const char *why, bool holder_lives)
{
    struct tdm_error error = {0};
    const struct tdm_saying quiet = {NULL, NULL};
    if (why)
        say(NULL, why);
    fence(g, holder_lives);
    const int wrong = tdm_recover_locked(g->root, g->hw, g->state, why ? &saying : &quiet, &error);
    if (wrong < 0)
        failed(&error);
    tdm_lease_send(TDM_LEASE_SOCKET, TDM_LEASE_BACK, wrong < 0 ? 1 : wrong);
    return wrong == 0 ? DONE : FAILED;
}

// ---- watching ----------------------------------------------------------------------------------

static void arm(const struct guardian *g)
{
    const struct itimerspec when = {
        .it_value = {(time_t)(g->deadline / 1000000000), (long)(g->deadline % 1000000000)}};
    timerfd_settime(g->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int watch(struct guardian *g)
{
    struct pollfd watched[] = {{.fd = TDM_LEASE_SOCKET, .events = POLLIN},
                               {.fd = g->timer, .events = POLLIN},
                               {.fd = g->signals, .events = POLLIN}};
    for (;;) {
        arm(g);
        if (poll(watched, 3, -1) < 0 && errno != EINTR)
            return put_back(g, "cannot watch any more", true);
        struct tdm_lease_message message = {0};
        const int got = tdm_lease_receive(TDM_LEASE_SOCKET, &message, 0);
        if (got < 0)
            return put_back(g, "the holder is gone", false);
        if (got > 0 && message.word == TDM_LEASE_RENEW)
            g->deadline = message.value;
        else if (got > 0 && message.word == TDM_LEASE_RELEASE)
            return put_back(g, NULL, false);
        else if (tdm_lease_now() >= g->deadline)
            return put_back(g, "the lease is over", true);
        else if (watched[2].revents)
            return put_back(g, "told to end", true);
    }
}

// The state must be readable, and of a board that is known here, before anything depends on it.
static int open_board(struct guardian *g, struct tdm_error *error)
{
    struct tdm_saved saved = {.count = 0};
    if (tdm_saved_read(&saved, g->state, error))
        return -1;
    g->hw = tdm_hw_open(g->root, saved.board, saved.jetpack, error);
    const int status = g->hw ? tdm_saved_bind(&saved, g->hw, error) : -1;
    if (status == 0)
        tdm_hw_trace(g->hw, g->trace);
    tdm_saved_clear(&saved);
    return status;
}

static int start(struct guardian *g, struct tdm_error *error)
{
    sigset_t ends;
    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGHUP);
    sigprocmask(SIG_BLOCK, &ends, NULL);
    signal(SIGPIPE, SIG_IGN);
    g->signals = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
    g->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (g->signals < 0 || g->timer < 0)
        return tdm_fail_errno(error, "tandem-guardian", "cannot watch");
    g->lock = tdm_lease_lock_open(g->state, error);
    if (g->lock < 0 || open_board(g, error))
        return -1;
    return tdm_lease_send(TDM_LEASE_SOCKET, TDM_LEASE_READY, 0)
               ? tdm_fail(error, "started by nobody; --help tells more")
               : 0;
}

// ---- the program -------------------------------------------------------------------------------

static int parse(int argc, char **argv, struct guardian *g)
{
    static const struct option options[] = {
        {"root", required_argument, NULL, 'r'},     {"state", required_argument, NULL, 's'},
        {"deadline", required_argument, NULL, 'd'}, {"holder", required_argument, NULL, 'h'},
        {"trace", required_argument, NULL, 't'},    {"recover", no_argument, NULL, 'R'},
        {"help", no_argument, NULL, '?' + 128},     {NULL, 0, NULL, 0}};
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;)
        switch (c) {
        case 'r':
            g->root = optarg;
            break;
        case 's':
            g->state = optarg;
            break;
        case 'd':
            g->deadline = strtoll(optarg, NULL, 10);
            break;
        case 'h':
            g->holder = (pid_t)strtol(optarg, NULL, 10);
            break;
        case 'R':
            g->recover = true;
            break;
        case 't':
            g->trace = fopen(optarg, "ae");
            break;
        case '?' + 128:
            fputs(usage, stdout);
            return -1;
        default:
            fputs("--help tells more\n", stderr);
            return -2;
        }
    if (optind == argc && (g->recover || (g->deadline > 0 && g->state)))
        return 0;
    fputs(usage, stderr);
    return -2;
}

int main(int argc, char **argv)
{
    struct guardian g = {.root = "/", .lock = -1};
    struct tdm_error error = {0};
    const int parsed = parse(argc, argv, &g);
    if (parsed)
        return parsed == -1 ? DONE : USAGE;
    if (g.recover) {
        const int wrong = tdm_hold_recover(g.root, NULL, g.state, &saying, &error);
        return wrong < 0 ? failed(&error) : wrong ? FAILED : DONE;
    }
    const int code = start(&g, &error) ? failed(&error) : watch(&g);
    tdm_hw_close(g.hw);
    if (g.trace)
        fclose(g.trace);
    return code;
}

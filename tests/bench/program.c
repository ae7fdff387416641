// SPDX-License-Identifier: GPL-3.0-or-later
#include "program.h"

#include <libgen.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void become(const char *const *arguments)
{
    char ours[BENCH_PLACE] = "", path[2 * BENCH_PLACE];
    if (readlink("/proc/self/exe", ours, sizeof ours - 1) < 0)
        return;
    snprintf(path, sizeof path, "%s/%s", dirname(ours), arguments[0]);
    execv(path, (char *const *)(uintptr_t)arguments);
}

pid_t bench_start(const char *const *arguments, char place[BENCH_PLACE])
{
    int out[2];
    if (pipe(out))
        return -1;
    const pid_t child = fork();
    if (child == 0) {
        dup2(out[1], 1);
        close(out[0]);
        become(arguments);
        _exit(127);
    }
    close(out[1]);
    char line[BENCH_PLACE + 8] = "";
    for (size_t at = 0; at < sizeof line - 1 && read(out[0], line + at, 1) == 1; at++)
        if (line[at] == '\n')
            break;
    close(out[0]);
    if (sscanf(line, "ready %255s", place) == 1)
        return child;
    bench_stop(child);
    return -1;
}

void bench_stop(pid_t program)
{
    if (program > 0) {
        kill(program, SIGTERM);
        waitpid(program, NULL, 0);
    }
}

void bench_remove(const char *folder)
{
    char command[2 * BENCH_PLACE];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    if (system(command))
        perror(command);
}

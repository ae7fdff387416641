// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * SimGrid runs once a process: each run of a test has a process of its own, and leaves what it
 * found in memory that the test sees. Include it after cmocka.h.
 */
#ifndef TESTS_IN_CHILD_H
#define TESTS_IN_CHILD_H

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/** Calls `function(context, result)` in a child; fails the test if that ends in any other way. */
static inline void in_child(void (*function)(const void *context, void *result),
                            const void *context, void *result, size_t size)
{
    void *shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(shared != MAP_FAILED);
    memcpy(shared, result, size);
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        function(context, shared);
        fflush(NULL);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    memcpy(result, shared, size);
    munmap(shared, size);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the run ended with status %#x", (unsigned)status);
}

#endif

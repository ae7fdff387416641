// SPDX-License-Identifier: GPL-3.0-or-later
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/guard.h"

// What the child does: the signal that ends it, the file at risk, the code that it returns.
struct act {
    const char *file;
    int number, code;
    int changed;
};

static int act(void *context)
{
    struct act *a = context;
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    a->changed = 1;
    if (a->file)
        tdm_guard_risk(a->file);
    if (a->number) {
        signal(a->number, SIG_DFL); // sanitizers have their own handlers
        raise(a->number);
    }
    tdm_guard_risk(NULL);
    return a->code;
}

static void a_code_comes_back(void **state)
{
    (void)state;
    struct act a = {.code = 7, .file = "fine.h5"};
    struct tdm_error error = {.message = "untouched"};
    assert_int_equal(tdm_guard_run(act, &a, &error), 7);
    assert_string_equal(error.message, "untouched");
    assert_int_equal(a.changed, 0); // it was another process
}

static void a_breakdown_is_an_error(void **state)
{
    (void)state;
    const int numbers[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGPROF};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct act a = {.number = numbers[i], .file = "bad.h5"};
        struct tdm_error error = {.message = ""};
        assert_int_equal(tdm_guard_run(act, &a, &error), -1);
        assert_string_equal(error.file, "bad.h5");
        assert_non_null(strstr(error.message, "damaged"));
    }
}

// What a process that guards ends by.
static int end_of(struct act *a)
{
    const pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        struct tdm_error error;
        _exit(tdm_guard_run(act, a, &error) < 0 ? 99 : 0);
    }
    int status = 0;
    assert_true(waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void other_ends_are_passed_on(void **state)
{
    (void)state;
    struct act own_fault = {.number = SIGSEGV}, told = {.number = SIGTERM, .file = "fine.h5"};
    struct act file_fault = {.number = SIGSEGV, .file = "bad.h5"};
    assert_int_equal(end_of(&own_fault), SIGSEGV);
    assert_int_equal(end_of(&told), SIGTERM);
    assert_int_equal(end_of(&file_fault), -99);
}

static void a_risk_without_a_guard(void **state)
{
    (void)state;
    tdm_guard_risk("some.h5"); // nothing to happen
    tdm_guard_risk(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_comes_back),
        cmocka_unit_test(a_breakdown_is_an_error),
        cmocka_unit_test(other_ends_are_passed_on),
        cmocka_unit_test(a_risk_without_a_guard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

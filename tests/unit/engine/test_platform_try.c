// SPDX-License-Identifier: GPL-3.0-or-later
/* Trying a platform file from within: what it answers, and that it comes to an end. What people
 * see of it is in test_platform_files.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka needs these before it
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/error.h"
#include "engine/platform_try.h"

static char path[64];

static FILE *begin_file(void)
{
    strcpy(path, "/tmp/tandem-platform-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    FILE *file = fdopen(fd, "w");
    assert_non_null(file);
    fputs("<?xml version=\"1.0\"?>\n<!DOCTYPE platform SYSTEM "
          "\"https://simgrid.org/simgrid.dtd\">\n<platform version=\"4.1\">\n",
          file);
    return file;
}

static void end_file(FILE *file)
{
    fputs("</platform>\n", file);
    assert_int_equal(fclose(file), 0);
}

static const struct tdm_simgrid_route there_and_back[] = {{"a", "b"}, {"b", "a"}};

static struct tdm_platform_trial trial_of(double until, int patience)
{
    return (struct tdm_platform_trial){
        .path = path, .routes = there_and_back, .count = 2, .until = until, .patience = patience};
}

static void test_samples(void **state)
{
    (void)state;
    char profile[80];
    FILE *file = begin_file();
    snprintf(profile, sizeof profile, "%s.bw", path);
    fprintf(file,
            "<zone id=\"z\" routing=\"Full\"><host id=\"a\" speed=\"1Gf\"/>"
            "<host id=\"b\" speed=\"1Gf\"/>"
            "<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\" bandwidth_file=\"%s\"/>"
            "<link id=\"m\" bandwidth=\"5MBps\" latency=\"2ms\"/>"
            "<route src=\"a\" dst=\"b\" symmetrical=\"NO\"><link_ctn id=\"l\"/></route>"
            "<route src=\"b\" dst=\"a\" symmetrical=\"NO\"><link_ctn id=\"m\"/></route></zone>",
            strrchr(profile, '/') + 1);
    end_file(file);
    file = fopen(profile, "w");
    assert_non_null(file);
    fputs("2.5 2e6\n7.5 3e6\n", file);
    fclose(file);
    struct tdm_error error = {0};
    struct tdm_platform_trial trial = trial_of(10, 60);
    if (tdm_platform_try(&trial, &error))
        fail_msg("%s: %s", error.file, error.message);
    const struct tdm_simgrid_sample right[] = {
        {0, 0, 1e6, 1e-3}, {1, 0, 5e6, 2e-3}, {0, 3, 2e6, 1e-3}, {0, 8, 3e6, 1e-3}};
    assert_int_equal(trial.sample_count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(trial.samples[i].route, right[i].route);
        assert_true(trial.samples[i].when == right[i].when);
        assert_true(trial.samples[i].bandwidth == right[i].bandwidth);
        assert_true(trial.samples[i].latency == right[i].latency);
    }
    free(trial.samples);
    unlink(profile);
    unlink(path);
}

// All ways between so many nodes take SimGrid minutes.
static void test_minutes(void **state)
{
    (void)state;
    FILE *file = begin_file();
    fputs("<zone id=\"z\" routing=\"Floyd\"><host id=\"a\" speed=\"1Gf\"/>"
          "<host id=\"b\" speed=\"1Gf\"/>",
          file);
    for (int i = 0; i < 4000; i++)
        fprintf(file, "<router id=\"r%d\"/>", i);
    fputs("<link id=\"l\" bandwidth=\"1MBps\" latency=\"1ms\"/>"
          "<route src=\"a\" dst=\"b\"><link_ctn id=\"l\"/></route></zone>",
          file);
    end_file(file);
    struct tdm_error error = {0};
    struct tdm_platform_trial trial = trial_of(10, 2);
    assert_int_equal(tdm_platform_try(&trial, &error), -1);
    assert_string_equal(error.file, path);
    assert_non_null(strstr(error.message, "has not come to an end with this platform after 2 s"));
    assert_null(trial.samples);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // nobody is left behind
    unlink(path);
}

// SimGrid lives once a process: trying does not use it up, and leaves the signals alone.
static void test_again(void **state)
{
    (void)state;
    struct sigaction before, after;
    sigaction(SIGINT, NULL, &before);
    for (int i = 0; i < 2; i++) {
        FILE *file = begin_file();
        fputs("<zone id=\"z\" routing=\"Full\"><host id=\"a\" speed=\"1Gf\"/></zone>", file);
        end_file(file);
        struct tdm_error error = {0};
        struct tdm_platform_trial trial = trial_of(10, 60);
        assert_int_equal(tdm_platform_try(&trial, &error), -1);
        assert_non_null(strstr(error.message, "no host 'b'"));
        unlink(path);
    }
    sigaction(SIGINT, NULL, &after);
    assert_ptr_equal(before.sa_handler, after.sa_handler);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples),
        cmocka_unit_test(test_minutes),
        cmocka_unit_test(test_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

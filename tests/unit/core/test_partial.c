// SPDX-License-Identifier: GPL-3.0-or-later
/** Files that appear when they are whole. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/partial.h"

static char folder[32];

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tandem-partial-XXXXXX");
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") ? -1 : system(command);
}

static void put(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    fputs(text, file);
    fclose(file);
}

static void assert_holds(const char *path, const char *text)
{
    char found[64] = "";
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    found[fread(found, 1, sizeof found - 1, file)] = '\0';
    fclose(file);
    assert_string_equal(found, text);
}

static bool is_there(const char *path)
{
    struct stat there;
    return lstat(path, &there) == 0;
}

static void appears_when_it_is_whole(void **state)
{
    (void)state;
    struct tdm_partial file;
    assert_int_equal(tdm_partial_open(&file, "a", NULL), 0);
    assert_int_equal(write(file.fd, "new", 3), 3);
    assert_false(is_there("a"));
    assert_true(is_there("a.partial"));
    assert_int_equal(tdm_partial_commit(&file, NULL), 0);
    assert_holds("a", "new");
    assert_false(is_there("a.partial"));
    struct stat there;
    const mode_t mask = umask(0);
    umask(mask);
    assert_int_equal(stat("a", &there), 0);
    assert_int_equal(there.st_mode & 0777, 0666 & ~mask);
}

static void the_old_one_stays_until_then(void **state)
{
    (void)state;
    put("a", "old");
    struct tdm_partial file;
    assert_int_equal(tdm_partial_open(&file, "a", NULL), 0);
    assert_int_equal(write(file.fd, "new", 3), 3);
    assert_holds("a", "old");
    tdm_partial_abandon(&file);
    tdm_partial_abandon(&file); // twice is fine
    assert_holds("a", "old");
    assert_false(is_there("a.partial"));
    assert_int_equal(tdm_partial_open(&file, "./a", NULL), 0);
    assert_int_equal(tdm_partial_commit(&file, NULL), 0);
    assert_holds("a", "");
}

static void one_left_behind_is_taken_over(void **state)
{
    (void)state;
    put("a.partial", "something long that was left behind");
    struct tdm_partial file;
    assert_int_equal(tdm_partial_open(&file, "a", NULL), 0);
    assert_int_equal(write(file.fd, "new", 3), 3);
    assert_int_equal(tdm_partial_commit(&file, NULL), 0);
    assert_holds("a", "new");
}

static void links_are_followed(void **state)
{
    (void)state;
    assert_int_equal(mkdir("d", 0777), 0);
    put("d/target", "old");
    assert_int_equal(symlink("d/target", "a"), 0);
    struct tdm_partial file;
    assert_int_equal(tdm_partial_open(&file, "a", NULL), 0);
    assert_true(is_there("d/target.partial"));
    assert_int_equal(write(file.fd, "new", 3), 3);
    assert_int_equal(tdm_partial_commit(&file, NULL), 0);
    assert_holds("d/target", "new");
    char target[16] = "";
    assert_int_equal(readlink("a", target, sizeof target), 8);
}

static void assert_refused(const char *path, const char *message)
{
    struct tdm_partial file;
    struct tdm_error error = {0};
    assert_int_equal(tdm_partial_open(&file, path, &error), -1);
    if (!strstr(error.message, message))
        fail_msg("'%s' is not in '%s'", message, error.message);
    tdm_partial_abandon(&file);
}

static void what_is_no_place_for_a_file(void **state)
{
    (void)state;
    assert_refused("", "a file needs a name");
    assert_refused(".", "a folder");
    assert_refused("none/a", "No such file or directory");
    assert_refused("/dev/null", "not a regular file");
    put("f", "");
    assert_refused("f/a", "Not a directory");
    assert_int_equal(symlink("/dev/null", "g.partial"), 0);
    assert_refused("g", "symbolic links");
}

// As somebody without rights: root may do everything.
static void a_folder_without_rights(void **state)
{
    (void)state;
    assert_int_equal(mkdir("closed", 0555), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    const pid_t child = fork();
    if (child == 0) {
        struct tdm_partial file;
        struct tdm_error error = {0};
        if (geteuid() == 0 && setuid(65534) != 0)
            _exit(2);
        const int status = tdm_partial_open(&file, "closed/a", &error);
        _exit(status == -1 && strstr(error.message, "Permission denied") ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void two_writers(void **state)
{
    (void)state;
    struct tdm_partial first, second;
    assert_int_equal(tdm_partial_open(&first, "a", NULL), 0);
    assert_refused("a", "another process is writing it");
    const pid_t child = fork(); // which has a copy of the descriptor until it ends
    if (child == 0)
        _exit(tdm_partial_open(&second, "a", NULL) == -1 ? 0 : 1);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    assert_int_equal(tdm_partial_open(&second, "b", NULL), 0); // another name is another file
    tdm_partial_abandon(&second);
    assert_int_equal(tdm_partial_commit(&first, NULL), 0);
    assert_int_equal(tdm_partial_open(&second, "a", NULL), 0);
    tdm_partial_abandon(&second);
    assert_true(is_there("a"));
}

// Many writers of one name at a time: each gets it or an error, and the file is always whole.
static void a_crowd(void **state)
{
    (void)state;
    enum { WRITERS = 8, TURNS = 50 };
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i])
            continue;
        char text[2] = {(char)('A' + i), '\0'};
        int done = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            struct tdm_partial file;
            if (tdm_partial_open(&file, "a", NULL))
                continue;
            bool good = true;
            for (int n = 0; n < 20; n++)
                good &= write(file.fd, text, 1) == 1;
            if (turn % 3 == 0)
                tdm_partial_abandon(&file);
            else if (!good || tdm_partial_commit(&file, NULL))
                _exit(1);
            done++;
        }
        _exit(done ? 0 : 2);
    }
    for (int i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
    }
    char found[64] = "";
    FILE *file = fopen("a", "r");
    assert_non_null(file);
    assert_int_equal(fread(found, 1, sizeof found, file), 20);
    fclose(file);
    for (int n = 0; n < 20; n++)
        assert_int_equal(found[n], found[0]);
    assert_false(is_there("a.partial"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(appears_when_it_is_whole),
        TEST(the_old_one_stays_until_then),
        TEST(one_left_behind_is_taken_over),
        TEST(links_are_followed),
        TEST(what_is_no_place_for_a_file),
        TEST(a_folder_without_rights),
        TEST(two_writers),
        TEST(a_crowd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

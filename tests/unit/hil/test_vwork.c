// SPDX-License-Identifier: GPL-3.0-or-later
/** The client of virtual boards, against a real one in a plain folder, and against none. */
#define _GNU_SOURCE // mkdtemp, pipe2
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hil/board/vwork.h"

extern char **environ;

static char place[] = "/tmp/vwork-XXXXXX";
static pid_t board;

static int start_board(void **state)
{
    (void)state;
    const char *program = getenv("TANDEM_VBOARD");
    assert_non_null(program);
    assert_non_null(mkdtemp(place));
    char command[512];
    int ready[2];
    snprintf(command, sizeof command,
             "exec '%s' --board nano --noise 0 --mode MAXN --ready-fd 9 --folder %s >/dev/null",
             program, place);
    assert_int_equal(pipe2(ready, O_CLOEXEC), 0);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ready[1], 9);
    char *const arguments[] = {(char[]){"sh"}, (char[]){"-c"}, command, NULL};
    assert_int_equal(posix_spawn(&board, "/bin/sh", &actions, NULL, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ready[1]);
    char word[8];
    assert_int_equal(read(ready[0], word, sizeof word), 6);
    close(ready[0]);
    return 0;
}

static int end_board(void **state)
{
    (void)state;
    int status = 0;
    char command[128];
    if (board) {
        kill(board, SIGTERM);
        waitpid(board, &status, 0);
    }
    snprintf(command, sizeof command, "rm -r %s", place);
    return system(command) || !WIFEXITED(status) || WEXITSTATUS(status) ? -1 : 0;
}

static void test_a_folder_is_no_board(void **state)
{
    (void)state;
    assert_null(tdm_vwork_open("/"));
    assert_null(tdm_vwork_open("/nowhere"));
    assert_null(tdm_vwork_open(""));
}

static void test_lines(void **state)
{
    (void)state;
    char line[TDM_VWORK_LINE];
    const struct tdm_vwork_job whole = {.dnn = "vit-b16",
                                        .mode = "infer",
                                        .precision = "fp16",
                                        .processor = "gpu",
                                        .batch = 2,
                                        .share = 0.25};
    assert_int_equal(tdm_vwork_line(&whole, line, sizeof line), 0);
    assert_string_equal(
        line, "kind=dnn dnn=vit-b16 mode=infer precision=fp16 processor=gpu batch=2 share=0.25\n");
    const struct tdm_vwork_job plain = {.cpu_time = 0.004};
    assert_int_equal(tdm_vwork_line(&plain, line, sizeof line), 0);
    assert_string_equal(line, "kind=cpu time=0.004\n");
    assert_int_equal(tdm_vwork_line(&whole, line, 40), -1);
    assert_int_equal(tdm_vwork_line(&plain, line, 10), -1);
    assert_int_equal(tdm_vwork_line(&(struct tdm_vwork_job){.dnn = "two words"}, line, sizeof line),
                     -1);
    assert_int_equal(tdm_vwork_line(&(struct tdm_vwork_job){.dnn = ""}, line, sizeof line), -1);
}

static void test_work(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_vwork *work = tdm_vwork_open(place);
    assert_non_null(work);
    double seconds = 0, half = 0;
    // At whatever clock, one core takes at least its time at the top clock.
    const struct tdm_vwork_job plain = {.cpu_time = 0.02};
    assert_int_equal(tdm_vwork_run(work, &plain, &seconds, &error), 0);
    assert_true(seconds >= 0.02 && seconds < 0.02 * 1479 / 102 + 0.01);
    const struct tdm_vwork_job nonsense = {.dnn = "nonsense", .share = 1};
    assert_int_equal(tdm_vwork_run(work, &nonsense, &seconds, &error), -1);
    assert_non_null(strstr(error.message, "nonsense"));
    const struct tdm_vwork_job part = {.dnn = "resnet18", .share = 0.5};
    assert_int_equal(tdm_vwork_run(work, &part, &half, &error), 0);
    assert_true(half > 0.001);
    tdm_vwork_close(work);
    tdm_vwork_close(NULL);
}

static void test_a_board_that_goes_away(void **state)
{
    (void)state;
    struct tdm_error error = {0};
    struct tdm_vwork *work = tdm_vwork_open(place);
    assert_non_null(work);
    kill(board, SIGTERM);
    int status;
    assert_int_equal(waitpid(board, &status, 0), board);
    assert_int_equal(status, 0);
    board = 0;
    const struct tdm_vwork_job plain = {.cpu_time = 0.02};
    assert_int_equal(tdm_vwork_run(work, &plain, NULL, &error), -1);
    assert_string_equal(error.message, "the virtual board has gone away");
    tdm_vwork_close(work);
    assert_null(tdm_vwork_open(place));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_folder_is_no_board),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_work),
        cmocka_unit_test(test_a_board_that_goes_away),
    };
    return cmocka_run_group_tests(tests, start_board, end_board);
}

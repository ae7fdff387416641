// SPDX-License-Identifier: GPL-3.0-or-later
// The known noise goes, all else on stderr comes, in its order.
#include "hil/inference/mute.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void noise_goes_and_the_rest_comes(void **state)
{
    static const char said[] = "before\n"
                               "Schema error: Trying to register schema with name X.\n"
                               "\n"
                               "a true error\n"
                               "\n"
                               "Schema error: another\n";
    char path[] = "/tmp/tandem-mute-XXXXXX", heard[256] = "";
    (void)state;
    const int file = mkstemp(path), mine = dup(STDERR_FILENO);
    assert_true(file >= 0 && mine >= 0);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    struct tdm_mute mute = tdm_mute_start();
    const ssize_t written = write(STDERR_FILENO, said, sizeof said - 1); // as a library does
    const off_t leaked = lseek(file, 0, SEEK_END);
    tdm_mute_end(&mute);
    fputs("after\n", stderr);
    fflush(stderr);
    dup2(mine, STDERR_FILENO);
    assert_int_equal(written, sizeof said - 1);
    assert_int_equal(leaked, 0);
    assert_true(pread(file, heard, sizeof heard - 1, 0) > 0);
    assert_string_equal(heard, "before\na true error\n\nafter\n");
    close(mine);
    close(file);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(noise_goes_and_the_rest_comes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
/** Boards of plain files for unit tests; plain_board.py lays them out. */
#ifndef TESTS_HIL_PLAIN_BOARD_H
#define TESTS_HIL_PLAIN_BOARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "hil/board/hw.h"

static char plain_root[64]; // of the board of the test that runs

static inline const char *plain_path(const char *path)
{
    static char whole[1024];
    snprintf(whole, sizeof whole, "%s%s", plain_root, path);
    return whole;
}

static inline void plain_lay(const char *board, const char *jetpack)
{
    char command[1024];
    const char *source = getenv("TANDEM_SOURCE");
    snprintf(plain_root, sizeof plain_root, "/tmp/tandem-plain-XXXXXX");
    assert_non_null(mkdtemp(plain_root));
    snprintf(command, sizeof command, "python3 '%s/tests/unit/hil/plain_board.py' %s %s %s",
             source ? source : TANDEM_SOURCE_DIR, board, jetpack, plain_root);
    assert_int_equal(system(command), 0);
}

static inline int plain_remove(void **state)
{
    char command[128];
    (void)state;
    if (!plain_root[0])
        return 0;
    snprintf(command, sizeof command, "rm -rf %s", plain_root);
    plain_root[0] = '\0';
    return system(command);
}

static inline void plain_write(const char *path, const char *text)
{
    FILE *file = fopen(plain_path(path), "we");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static inline const char *plain_read(const char *path)
{
    static char text[4096];
    FILE *file = fopen(plain_path(path), "re");
    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    text[strcspn(text, "\n")] = '\0';
    return text;
}

static inline struct tdm_hw *plain_open(const char *board, const char *jetpack)
{
    struct tdm_error error = {0};
    plain_lay(board, jetpack);
    struct tdm_hw *hw = tdm_hw_open(plain_root, NULL, NULL, &error);
    if (!hw)
        fail_msg("%s", error.message);
    return hw;
}

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#define _GNU_SOURCE // posix_openpt
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/progress.h"

struct screen {
    FILE *stream;
    char *text;
    size_t size;
};

static void open_screen(struct screen *screen)
{
    *screen = (struct screen){0};
    screen->stream = open_memstream(&screen->text, &screen->size);
    assert_non_null(screen->stream);
}

static void close_screen(struct screen *screen)
{
    fclose(screen->stream);
    free(screen->text);
}

static size_t count_of(const char *text, char wanted)
{
    size_t count = 0;
    for (; *text; text++)
        count += *text == wanted;
    return count;
}

// 30 of 120 after 10 s: a quarter, 3 a second, 30 s to go.
static void test_share_rate_and_rest(void **state)
{
    (void)state;
    struct screen screen;
    struct tdm_progress progress;
    open_screen(&screen);
    tdm_progress_start_on(&progress, screen.stream, "oracle", "requests", 120, 1000);
    tdm_progress_update_at(&progress, 30, 1010);
    fflush(screen.stream);
    assert_string_equal(screen.text,
                        "\roracle [######..................]  25 %  3 requests/s  0:30 "
                        "left\x1b[K");
    tdm_progress_end(&progress);
    assert_string_equal(screen.text + screen.size - 4, "\r\x1b[K");
    close_screen(&screen);
}

static void test_large_numbers(void **state)
{
    (void)state;
    struct screen screen;
    struct tdm_progress progress;
    open_screen(&screen);
    tdm_progress_start_on(&progress, screen.stream, "x", "steps", 1e12, 0);
    tdm_progress_update_at(&progress, 1e8, 10); // 10 million a second: 99,990 s to go
    fflush(screen.stream);
    assert_non_null(strstr(screen.text, "  0 %  10.0M steps/s  27:46:30 left"));
    tdm_progress_end(&progress);
    close_screen(&screen);
}

static void test_odd_numbers(void **state)
{
    (void)state;
    static const struct {
        double total, done;
        const char *share;
    } cases[] = {{0, 0, "  0 %"},  {10, 20, "100 %"}, {10, -5, "  0 %"},
                 {10, 0, "  0 %"}, {10, 10, "100 %"}, {-1, 3, "  0 %"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct screen screen;
        struct tdm_progress progress;
        open_screen(&screen);
        tdm_progress_start_on(&progress, screen.stream, "x", NULL, cases[i].total, 0);
        tdm_progress_update_at(&progress, cases[i].done, 5);
        fflush(screen.stream);
        assert_non_null(strstr(screen.text, cases[i].share));
        assert_null(strstr(screen.text, "nan"));
        assert_null(strstr(screen.text, "inf"));
        tdm_progress_end(&progress);
        close_screen(&screen);
    }
}

// 10,000 updates in 10 s draw at most ten times a second, and some do.
static void test_ten_a_second(void **state)
{
    (void)state;
    struct screen screen;
    struct tdm_progress progress;
    open_screen(&screen);
    tdm_progress_start_on(&progress, screen.stream, "x", NULL, 10000, 0);
    for (int i = 0; i < 10000; i++)
        tdm_progress_update_at(&progress, i, i * 1e-3);
    fflush(screen.stream);
    assert_in_range(count_of(screen.text, '\r'), 90, 100);
    tdm_progress_end(&progress);
    close_screen(&screen);
}

static void test_what_is_quick_shows_nothing(void **state)
{
    (void)state;
    struct screen screen;
    struct tdm_progress progress;
    open_screen(&screen);
    tdm_progress_start_on(&progress, screen.stream, "x", NULL, 100, 0);
    tdm_progress_update_at(&progress, 50, 0.1);
    tdm_progress_update_at(&progress, 90, 0.2);
    tdm_progress_end(&progress);
    fflush(screen.stream);
    assert_int_equal(screen.size, 0);
    close_screen(&screen);
}

// Standard error as another file: runs a bar over it for as long as it takes to show.
static void run_on(int file)
{
    struct tdm_progress progress;
    const int kept = dup(STDERR_FILENO);
    fflush(stderr);
    dup2(file, STDERR_FILENO);
    tdm_progress_start(&progress, "bar", NULL, 100);
    for (int i = 0; i < 50; i++) {
        usleep(10000);
        tdm_progress_update(&progress, i);
    }
    tdm_progress_end(&progress);
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    close(kept);
}

static void test_silent_in_a_file(void **state)
{
    (void)state;
    FILE *file = tmpfile();
    run_on(fileno(file));
    assert_int_equal(lseek(fileno(file), 0, SEEK_END), 0);
    fclose(file);
}

static void test_shows_on_a_terminal(void **state)
{
    (void)state;
    char text[4096] = "";
    const int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || grantpt(terminal) || unlockpt(terminal))
        skip();
    const int side = open(ptsname(terminal), O_RDWR | O_NOCTTY);
    if (side < 0)
        skip();
    setenv("TERM", "xterm", 1);
    run_on(side);
    assert_true(read(terminal, text, sizeof text - 1) > 0);
    assert_non_null(strstr(text, "bar [#"));
    setenv("TERM", "dumb", 1);
    fcntl(terminal, F_SETFL, O_NONBLOCK);
    while (read(terminal, text, sizeof text) > 0)
        ;
    run_on(side);
    assert_true(read(terminal, text, sizeof text) <= 0);
    close(side);
    close(terminal);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_share_rate_and_rest),
        cmocka_unit_test(test_large_numbers),
        cmocka_unit_test(test_odd_numbers),
        cmocka_unit_test(test_ten_a_second),
        cmocka_unit_test(test_what_is_quick_shows_nothing),
        cmocka_unit_test(test_silent_in_a_file),
        cmocka_unit_test(test_shows_on_a_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Files of keys, and who is known.
#include "hil/keys/keys.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/tandem-keys-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static int start(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int stop(void **state)
{
    static const char *const names[] = {"mine", "mine.pub", "bad", "other.pub", "known"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unlink(path_of(names[i]));
    return rmdir(folder);
}

static void lay(const char *name, const char *text)
{
    FILE *file = fopen(path_of(name), "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path_of(name), 0600), 0);
}

static void a_pair_is_written_and_read(void **state)
{
    struct tdm_keys keys, again;
    struct tdm_error error = {0};
    struct stat stats;
    char public_key[TDM_KEY_TEXT];
    (void)state;
    assert_int_equal(tdm_keys_make(&keys, &error), 0);
    assert_int_equal(tdm_keys_write(&keys, path_of("mine"), &error), 0);
    assert_int_equal(stat(path_of("mine"), &stats), 0);
    assert_int_equal(stats.st_mode & 0777, 0600);
    assert_int_equal(tdm_keys_read(&again, path_of("mine"), &error), 0);
    assert_memory_equal(&again, &keys, sizeof keys);
    assert_int_equal(tdm_keys_read_public(public_key, path_of("mine.pub"), &error), 0);
    assert_string_equal(public_key, keys.public_key);
    assert_int_equal(tdm_keys_write(&again, path_of("mine"), &error), -1); // never replaced
    assert_non_null(strstr(error.message, "File exists"));
    assert_int_equal(chmod(path_of("mine"), 0640), 0);
    assert_int_equal(tdm_keys_read(&again, path_of("mine"), &error), -1);
    assert_non_null(strstr(error.message, "chmod 600"));
}

static void nothing_is_left_of_half_a_pair(void **state)
{
    struct tdm_keys keys;
    struct tdm_error error = {0};
    (void)state;
    assert_int_equal(tdm_keys_make(&keys, &error), 0);
    lay("bad", "");
    assert_int_equal(tdm_keys_write(&keys, path_of("bad"), &error), -1);
    assert_int_equal(access(path_of("bad.pub"), F_OK), -1);
}

static void what_is_no_pair_is_refused(void **state)
{
    struct tdm_keys one, other;
    struct tdm_error error = {0};
    char text[512];
    (void)state;
    assert_int_equal(tdm_keys_make(&one, &error), 0);
    assert_int_equal(tdm_keys_make(&other, &error), 0);
    static const char *const wrong[] = {"", "tandem-keys 2\n", "tandem-keys 1\npublic short\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lay("bad", wrong[i]);
        assert_int_equal(tdm_keys_read(&other, path_of("bad"), &error), -1);
        assert_non_null(strstr(error.message, "no pair of keys"));
    }
    assert_int_equal(tdm_keys_make(&other, &error), 0);
    snprintf(text, sizeof text, "tandem-keys 1\npublic %s\nsecret %s\n", one.public_key,
             other.secret_key);
    lay("bad", text);
    assert_int_equal(tdm_keys_read(&other, path_of("bad"), &error), -1);
    assert_non_null(strstr(error.message, "do not belong together"));
    assert_int_equal(tdm_keys_read_public(text, path_of("bad"), &error), -1);
    assert_int_equal(tdm_keys_read(&other, folder, &error), -1);
}

// Z85 of 32 bytes by hand: "HelloWorld" is 86 4F D2 6F B5 59 F7 5B (ZeroMQ's RFC 32), four times.
static void the_known_are_listed(void **state)
{
    static const uint8_t hello[] = {0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b};
    static const char line[] = "HelloWorldHelloWorldHelloWorldHelloWorld";
    struct tdm_error error = {0};
    uint8_t key[TDM_KEY_BYTES];
    char text[256];
    (void)state;
    for (size_t i = 0; i < sizeof key; i++)
        key[i] = hello[i % 8];
    snprintf(text, sizeof text, "# boards\n\n \t%s\tnano\n%.39s0", line, line);
    lay("known", text);
    struct tdm_known *known = tdm_known_read(path_of("known"), &error);
    assert_non_null(known);
    assert_int_equal(known->count, 2);
    assert_true(tdm_known_has(known, key));
    key[31] ^= 1;
    assert_false(tdm_known_has(known, key));
    free(known);
    static const char *const wrong[] = {"short\n", "\n\n#\n",
                                        "HelloWorldHelloWorldHelloWorldHelloWorldx name\n",
                                        "HelloWorldHelloWorldHelloWorldHelloWor d\n",
                                        "HelloWorldHelloWorldHelloWorldHelloWor\"d\n"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        lay("known", wrong[i]);
        assert_null(tdm_known_read(path_of("known"), &error));
        assert_true(error.line == 1 || strstr(error.message, "names nobody"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pair_is_written_and_read),
        cmocka_unit_test(nothing_is_left_of_half_a_pair),
        cmocka_unit_test(what_is_no_pair_is_refused),
        cmocka_unit_test(the_known_are_listed),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

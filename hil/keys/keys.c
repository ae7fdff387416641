// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/keys/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

enum { LARGEST_FILE = 256 << 10, DIGITS = TDM_KEY_TEXT - 1 };

static const char pair_head[] = "tandem-keys 1\npublic ";
static const char secret_head[] = "\nsecret ";
static const char public_head[] = "tandem-public-key 1\npublic ";

// ---- making and writing ------------------------------------------------------------------------

int tdm_keys_make(struct tdm_keys *keys, struct tdm_error *error)
{
    if (zmq_curve_keypair(keys->public_key, keys->secret_key))
        return tdm_fail(error, "no keys can be made: %s", zmq_strerror(errno));
    return 0;
}

static int write_new(const char *path, mode_t mode, const char *text, struct tdm_error *error)
{
    const int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0)
        return tdm_fail_errno(error, path, "cannot be made");
    const size_t size = strlen(text);
    int result = write(file, text, size) == (ssize_t)size && !fsync(file) ? 0 : -1;
    if (close(file) || result) {
        result = tdm_fail_errno(error, path, "cannot be written");
        unlink(path);
    }
    return result;
}

int tdm_keys_write(const struct tdm_keys *keys, const char *path, struct tdm_error *error)
{
    char text[256], beside[512];
    if ((size_t)snprintf(beside, sizeof beside, "%s.pub", path) >= sizeof beside)
        return tdm_fail(error, "the path '%.64s…' is too long", path);
    snprintf(text, sizeof text, "%s%s\n", public_head, keys->public_key);
    if (write_new(beside, 0644, text, error))
        return -1;
    snprintf(text, sizeof text, "%s%s%s%s\n", pair_head, keys->public_key, secret_head,
             keys->secret_key);
    const int result = write_new(path, 0600, text, error);
    if (result)
        unlink(beside);
    memset(text, 0, sizeof text);
    return result;
}

// ---- reading -----------------------------------------------------------------------------------

// `text` (of LARGEST_FILE + 1 bytes) ends with '\0'. Its length, or -1.
static long read_text(const char *path, bool secret, char *text, struct tdm_error *error)
{
    struct stat stat;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    long size = -1;
    if (file < 0 || fstat(file, &stat))
        tdm_fail_errno(error, path, "cannot be read");
    else if (!S_ISREG(stat.st_mode))
        tdm_fail_at(error, path, 0, 0, "is no file");
    else if (secret && (stat.st_mode & (S_IRWXG | S_IRWXO)))
        tdm_fail_at(error, path, 0, 0, "others than its owner may read it: chmod 600 it");
    else if (stat.st_size > LARGEST_FILE)
        tdm_fail_at(error, path, 0, 0, "is larger than 256 KiB");
    else if ((size = read(file, text, LARGEST_FILE)) < 0)
        tdm_fail_errno(error, path, "cannot be read");
    if (file >= 0)
        close(file);
    if (size >= 0)
        text[size] = '\0';
    return size;
}

// Older ZeroMQs look other characters up beyond their table's ends.
static bool decode(uint8_t bytes[TDM_KEY_BYTES], const char *key)
{
    for (const char *c = key; *c; c++)
        if (*c <= ' ' || *c > '~')
            return false;
    return strlen(key) == DIGITS && zmq_z85_decode(bytes, key);
}

// Takes `head` and the key behind it; moves `text` on. False: something else stands there.
static bool take_key(const char **text, const char *head, char *key)
{
    uint8_t bytes[TDM_KEY_BYTES];
    const size_t length = strlen(head);
    if (strncmp(*text, head, length) != 0 || strlen(*text + length) < DIGITS)
        return false;
    memcpy(key, *text + length, DIGITS);
    key[DIGITS] = '\0';
    *text += length + DIGITS;
    return decode(bytes, key);
}

int tdm_keys_read(struct tdm_keys *keys, const char *path, struct tdm_error *error)
{
    char *text = malloc(LARGEST_FILE + 1), again[TDM_KEY_TEXT];
    const char *at = text;
    if (!text)
        return tdm_fail(error, "out of memory");
    int result = read_text(path, true, text, error) < 0 ? -1 : 0;
    if (!result && (!take_key(&at, pair_head, keys->public_key) ||
                    !take_key(&at, secret_head, keys->secret_key) || strcmp(at, "\n") != 0))
        result = tdm_fail_at(error, path, 0, 0, "is no pair of keys; `tandem hil keys` makes one");
    if (!result &&
        (zmq_curve_public(again, keys->secret_key) || strcmp(again, keys->public_key) != 0))
        result = tdm_fail_at(error, path, 0, 0, "its two keys do not belong together");
    memset(text, 0, LARGEST_FILE + 1);
    free(text);
    return result;
}

int tdm_keys_read_public(char *key, const char *path, struct tdm_error *error)
{
    char *text = malloc(LARGEST_FILE + 1);
    const char *at = text;
    if (!text)
        return tdm_fail(error, "out of memory");
    int result = read_text(path, false, text, error) < 0 ? -1 : 0;
    if (!result && (!take_key(&at, public_head, key) || strcmp(at, "\n") != 0))
        result = tdm_fail_at(error, path, 0, 0,
                             "is no public key; `tandem hil keys` makes one, called FILE.pub");
    free(text);
    return result;
}

// ---- whom a server knows -----------------------------------------------------------------------

// One line: a key, blanks, a name; or a comment, or nothing. -1: something else.
static int take_line(struct tdm_known *known, const char *line, size_t length)
{
    char key[TDM_KEY_TEXT] = "";
    while (length && (*line == ' ' || *line == '\t')) {
        line++;
        length--;
    }
    if (!length || *line == '#')
        return 0;
    if (length < DIGITS || (length > DIGITS && line[DIGITS] != ' ' && line[DIGITS] != '\t'))
        return -1;
    memcpy(key, line, DIGITS);
    if (known->count == TDM_KNOWN_MOST || !decode(known->keys[known->count], key))
        return -1;
    known->count++;
    return 0;
}

int tdm_known_parse(struct tdm_known *known, const char *text, size_t size, const char *path,
                    struct tdm_error *error)
{
    const char *at = text, *end = text + size;
    known->count = 0;
    for (long number = 1; at < end; number++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        if (take_line(known, at, (size_t)(stop - at)))
            return tdm_fail_at(error, path, number, 0,
                               "not a public key of 40 characters and a name behind it, or more "
                               "than %d of them",
                               TDM_KNOWN_MOST);
        at = newline ? newline + 1 : end;
    }
    return known->count ? 0 : tdm_fail_at(error, path, 0, 0, "names nobody");
}

struct tdm_known *tdm_known_read(const char *path, struct tdm_error *error)
{
    struct tdm_known *known = calloc(1, sizeof *known);
    char *text = malloc(LARGEST_FILE + 1);
    long size = -1;
    if (known && text)
        size = read_text(path, false, text, error);
    else
        tdm_fail(error, "out of memory");
    if (size < 0 || tdm_known_parse(known, text, (size_t)size, path, error)) {
        free(known);
        known = NULL;
    }
    free(text);
    return known;
}

bool tdm_known_has(const struct tdm_known *known, const uint8_t key[TDM_KEY_BYTES])
{
    for (size_t i = 0; i < known->count; i++)
        if (memcmp(known->keys[i], key, TDM_KEY_BYTES) == 0)
            return true;
    return false;
}

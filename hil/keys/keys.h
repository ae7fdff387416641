// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Keys of ZeroMQ's CURVE: who has a pair is known by its public half. A pair is a file that its
 * owner alone can read, its public half a file beside it, for others:
 *
 *     tandem-keys 1              tandem-public-key 1
 *     public Z85                 public Z85
 *     secret Z85
 *
 * Whom a server knows stands in one file, a public key a line and behind it a name for people; '#'
 * begins a comment.
 */
#ifndef TDM_KEYS_KEYS_H
#define TDM_KEYS_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum {
    TDM_KEY_TEXT = 41, /**< Z85, its '\0' included */
    TDM_KEY_BYTES = 32,
    TDM_KNOWN_MOST = 1024, /**< keys that a server knows, at most */
};

struct tdm_keys {
    char public_key[TDM_KEY_TEXT], secret_key[TDM_KEY_TEXT];
};

/** A new pair. -1 with `error`: this ZeroMQ was built without CURVE. */
int tdm_keys_make(struct tdm_keys *keys, struct tdm_error *error);

/**
 * Writes `path` (for its owner alone) and `path`.pub; neither may be there already. -1 with
 * `error`, and nothing is left.
 */
int tdm_keys_write(const struct tdm_keys *keys, const char *path, struct tdm_error *error);

/** Reads a pair. -1 with `error`: not one, its halves do not belong together, others may read it.
 */
int tdm_keys_read(struct tdm_keys *keys, const char *path, struct tdm_error *error);

/** Reads a public key into `text` (TDM_KEY_TEXT bytes). -1 with `error`. */
int tdm_keys_read_public(char *text, const char *path, struct tdm_error *error);

/** Public keys that are known. */
struct tdm_known {
    size_t count;
    uint8_t keys[TDM_KNOWN_MOST][TDM_KEY_BYTES];
};

/** The caller frees it with free(). NULL with `error`, which names the line. */
struct tdm_known *tdm_known_read(const char *path, struct tdm_error *error);
bool tdm_known_has(const struct tdm_known *known, const uint8_t key[TDM_KEY_BYTES]);

/** The same from text; -1 with `error`, whose file is `path`. */
int tdm_known_parse(struct tdm_known *known, const char *text, size_t size, const char *path,
                    struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
/** Numbers that stand for bytes (FNV-1a, 64 bits): equal bytes, equal numbers. No secrets in it. */
#ifndef TDM_CORE_HASH_H
#define TDM_CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

/** Of no bytes: where every hash begins. */
#define TDM_HASH_START UINT64_C(0xcbf29ce484222325)

/** The hash of what `hash` stands for and `size` bytes more. */
uint64_t tdm_hash_bytes(uint64_t hash, const void *bytes, size_t size);

/** The same of a text with its '\0', so that "ab", "c" differs from "a", "bc". NULL is "". */
uint64_t tdm_hash_text(uint64_t hash, const char *text);

#endif

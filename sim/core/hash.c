// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/hash.h"

#include <string.h>

uint64_t tdm_hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ byte[i]) * UINT64_C(0x100000001b3);
    return hash;
}

uint64_t tdm_hash_text(uint64_t hash, const char *text)
{
    return tdm_hash_bytes(hash, text ? text : "", (text ? strlen(text) : 0) + 1);
}

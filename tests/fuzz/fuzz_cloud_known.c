// SPDX-License-Identifier: GPL-3.0-or-later
/** Any bytes as the list of keys that a server knows: what is refused says in which line. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "hil/keys/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tdm_known known;
    struct tdm_error error = {0};
    if (tdm_known_parse(&known, (const char *)data, size, "known", &error)) {
        assert(error.message[0]);
        return 0;
    }
    assert(known.count >= 1 && known.count <= TDM_KNOWN_MOST && size >= 40 * known.count);
    for (size_t i = 0; i < known.count; i++)
        assert(tdm_known_has(&known, known.keys[i]));
    return 0;
}

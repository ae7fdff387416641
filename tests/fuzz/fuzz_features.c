// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any bytes as a packet of features, and as labelled pictures. What is taken is finite, and packed
 * anew and unpacked it is what it was, to within a step of its own quantisation.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hil/inference/features.h"
#include "hil/inference/labelled.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHANNELS = 11, PLANE = 5, VALUES = CHANNELS * PLANE };

static void unpack(const uint8_t *data, size_t size)
{
    const struct tdm_features shape = {CHANNELS, PLANE};
    float values[VALUES], again[VALUES];
    uint8_t packet[16 + 2 + 4 * VALUES];
    bool away[CHANNELS];
    struct tdm_error error = {0};
    if (tdm_features_unpack(data, size, shape, values, &error)) {
        assert(error.message[0]);
        return;
    }
    for (int c = 0; c < CHANNELS; c++)
        away[c] = data[16 + c / 8] >> c % 8 & 1;
    for (int i = 0; i < VALUES; i++)
        assert(isfinite(values[i]) && (away[i / PLANE] || values[i] == 0));
    const size_t bytes = tdm_features_pack(values, shape, away, 32, packet);
    assert(tdm_features_unpack(packet, bytes, shape, again, &error) == 0);
    assert(memcmp(values, again, sizeof values) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tdm_error error = {0};
    size_t count;
    unpack(data, size);
    for (int rank = 1; rank <= 3; rank += 2) {
        const uint8_t *values = tdm_idx_check(data, size, rank, "x.idx", &count, &error);
        assert(values ? count > 0 && values + count <= data + size : error.message[0] != 0);
    }
    return 0;
}

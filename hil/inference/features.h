// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Feature maps that are shared between a board and a server, as DVFO does it: of C channels
 * round(xi C) are sent, the least important ones. They travel as a packet:
 *
 *     0  1 byte   form, 1
 *     1  1 byte   bits a value: 1 to 16, or 32
 *     2  2 bytes  C
 *     4  4 bytes  values a channel
 *     8  4 bytes  least: float32
 *    12  4 bytes  step: float32
 *    16           a bit a channel, 1: sent; of each byte the lowest bit first; the rest 0
 *     …           the values of the sent channels one after the other, a number of so many bits
 *                 each, the lowest bit of each byte first, the last byte filled up with 0
 *
 * Numbers have their lowest byte first. A value is least + step * number (affine, one scale for
 * all: step = (most - least) / (2^bits - 1)); with 32 bits it is a float32 itself, least and step
 * are 0.
 */
#ifndef TDM_INFERENCE_FEATURES_H
#define TDM_INFERENCE_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

enum {
    TDM_CHANNELS = 4096,           /**< at most */
    TDM_FEATURES = 4 << 20,        /**< values of all channels, at most */
    TDM_PACKET_LARGEST = 17 << 20, /**< bytes; any packet within the two above is smaller */
};

/** The size of the maps: `channels` of `plane` values each. */
struct tdm_features {
    int channels, plane;
};

/** Whether a packet can hold it, and values of so many bits. */
bool tdm_features_fit(struct tdm_features size);
bool tdm_bits_fit(int bits);

/** round(xi C). */
int tdm_features_sent(int channels, double xi);

/** Marks in `away` the `sent` channels of least importance; of equals the later ones. */
void tdm_features_choose(const float *importance, int channels, int sent, bool *away);

/** Bytes of a packet of so many sent channels. */
size_t tdm_packet_bytes(struct tdm_features size, int sent, int bits);

/** Packs the channels in `away` (all finite) into tdm_packet_bytes bytes; returns how many. */
size_t tdm_features_pack(const float *values, struct tdm_features size, const bool *away, int bits,
                         uint8_t *packet);

/** Whether it is a packet of this size, but for values that are not finite. -1 with `error`. */
int tdm_features_check(const uint8_t *packet, size_t bytes, struct tdm_features size,
                       struct tdm_error *error);

/**
 * Fills `values`, 0 for what was not sent. -1 with `error`: not a packet, of another size than
 * `size`, too short or long, or a value that is not finite.
 */
int tdm_features_unpack(const uint8_t *packet, size_t bytes, struct tdm_features size,
                        float *values, struct tdm_error *error);

#endif

// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/inference/features.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FORM = 1, HEAD = 16, FLOATS = 32, MOST_BITS = 16 };

bool tdm_features_fit(struct tdm_features size)
{
    return size.channels >= 1 && size.channels <= TDM_CHANNELS && size.plane >= 1 &&
           size.plane <= TDM_FEATURES / size.channels;
}

bool tdm_bits_fit(int bits)
{
    return (bits >= 1 && bits <= MOST_BITS) || bits == FLOATS;
}

int tdm_features_sent(int channels, double xi)
{
    return (int)lrint(fmin(fmax(xi, 0), 1) * channels);
}

struct ranked {
    float importance;
    int channel;
};

// The least important first, of equals the later one.
static int by_importance(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->importance != right->importance)
        return left->importance < right->importance ? -1 : 1;
    return right->channel - left->channel;
}

void tdm_features_choose(const float *importance, int channels, int sent, bool *away)
{
    struct ranked ranked[TDM_CHANNELS];
    assert(channels <= TDM_CHANNELS && sent <= channels);
    for (int i = 0; i < channels; i++) {
        ranked[i] = (struct ranked){importance[i], i};
        away[i] = false;
    }
    qsort(ranked, (size_t)channels, sizeof *ranked, by_importance);
    for (int i = 0; i < sent; i++)
        away[ranked[i].channel] = true;
}

static size_t map_bytes(int channels)
{
    return ((size_t)channels + 7) / 8;
}

size_t tdm_packet_bytes(struct tdm_features size, int sent, int bits)
{
    const size_t values = (size_t)sent * (size_t)size.plane;
    return HEAD + map_bytes(size.channels) + (values * (size_t)bits + 7) / 8;
}

// ---- numbers, the lowest byte first ------------------------------------------------------------

static void put(uint8_t *at, uint32_t number, int bytes)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (uint8_t)(number >> 8 * i);
}

static uint32_t get(const uint8_t *at, int bytes)
{
    uint32_t number = 0;
    for (int i = 0; i < bytes; i++)
        number |= (uint32_t)at[i] << 8 * i;
    return number;
}

static void put_float(uint8_t *at, float value)
{
    uint32_t number;
    memcpy(&number, &value, sizeof number);
    put(at, number, 4);
}

static float get_float(const uint8_t *at)
{
    const uint32_t number = get(at, 4);
    float value;
    memcpy(&value, &number, sizeof value);
    return value;
}

// ---- packing -----------------------------------------------------------------------------------

struct range {
    float least, step;
};

static struct range range_of(const float *values, struct tdm_features size, const bool *away,
                             int bits)
{
    float least = INFINITY, most = -INFINITY;
    for (int c = 0; c < size.channels; c++)
        for (int i = 0; away[c] && i < size.plane; i++) {
            const float value = values[(size_t)c * (size_t)size.plane + (size_t)i];
            least = fminf(least, value);
            most = fmaxf(most, value);
        }
    if (!(least <= most) || bits == FLOATS)
        return (struct range){0, 0};
    const double span = (double)most - (double)least;
    return (struct range){least, (float)(span / ((1u << bits) - 1))};
}

static uint32_t number_of(float value, struct range range, int bits)
{
    if (range.step <= 0)
        return 0;
    const double number = rint(((double)value - (double)range.least) / (double)range.step);
    return (uint32_t)fmin(fmax(number, 0), (1u << bits) - 1);
}

static size_t pack_numbers(const float *values, size_t count, struct range range, int bits,
                           size_t position, uint8_t *body)
{
    for (size_t i = 0; i < count; i++, position += (size_t)bits) {
        const uint32_t number = number_of(values[i], range, bits) << position % 8;
        uint8_t *at = body + position / 8;
        for (uint32_t rest = number; rest; rest >>= 8)
            *at++ |= (uint8_t)rest;
    }
    return position;
}

size_t tdm_features_pack(const float *values, struct tdm_features size, const bool *away, int bits,
                         uint8_t *packet)
{
    assert(tdm_features_fit(size) && tdm_bits_fit(bits));
    const struct range range = range_of(values, size, away, bits);
    const size_t plane = (size_t)size.plane, head = HEAD + map_bytes(size.channels);
    uint8_t *body = packet + head;
    int sent = 0;
    for (int c = 0; c < size.channels; c++)
        sent += away[c];
    const size_t bytes = tdm_packet_bytes(size, sent, bits);
    memset(packet, 0, bytes);
    packet[0] = FORM;
    packet[1] = (uint8_t)bits;
    put(packet + 2, (uint32_t)size.channels, 2);
    put(packet + 4, (uint32_t)size.plane, 4);
    put_float(packet + 8, range.least);
    put_float(packet + 12, range.step);
    size_t position = 0;
    for (int c = 0; c < size.channels; c++) {
        if (!away[c])
            continue;
        const float *channel = values + (size_t)c * plane;
        packet[HEAD + c / 8] |= (uint8_t)(1u << c % 8);
        if (bits < FLOATS)
            position = pack_numbers(channel, plane, range, bits, position, body);
        for (size_t i = 0; bits == FLOATS && i < plane; i++, position += FLOATS)
            put_float(body + position / 8, channel[i]);
    }
    return bytes;
}

// ---- unpacking ---------------------------------------------------------------------------------

static int check_head(const uint8_t *packet, size_t bytes, struct tdm_features size,
                      struct tdm_error *error)
{
    if (bytes < HEAD || packet[0] != FORM || !tdm_bits_fit(packet[1]))
        return tdm_fail(error, "not a packet of features");
    const uint32_t channels = get(packet + 2, 2), plane = get(packet + 4, 4);
    if (channels != (uint32_t)size.channels || plane != (uint32_t)size.plane)
        return tdm_fail(error, "features of %u x %u values, where %d x %d are needed", channels,
                        plane, size.channels, size.plane);
    if (!isfinite(get_float(packet + 8)) || !isfinite(get_float(packet + 12)))
        return tdm_fail(error, "features whose range is not finite");
    return 0;
}

static int check_body(const uint8_t *packet, size_t bytes, struct tdm_features size,
                      struct tdm_error *error)
{
    const uint8_t *map = packet + HEAD;
    const size_t map_size = map_bytes(size.channels);
    int sent = 0;
    if (bytes < HEAD + map_size)
        return tdm_fail(error, "features that are cut off");
    for (size_t c = 0; c < 8 * map_size; c++)
        if (map[c / 8] >> c % 8 & 1) {
            if (c >= (size_t)size.channels)
                return tdm_fail(error, "features of more channels than there are");
            sent++;
        }
    const size_t wanted = tdm_packet_bytes(size, sent, packet[1]);
    if (bytes != wanted)
        return tdm_fail(error, "features of %zu bytes, where %d channels take %zu", bytes, sent,
                        wanted);
    return 0;
}

static uint32_t number_at(const uint8_t *body, size_t position, int bits)
{
    uint32_t number = 0;
    const size_t first = position / 8, last = (position + (size_t)bits - 1) / 8;
    for (size_t i = first; i <= last; i++)
        number |= (uint32_t)body[i] << 8 * (i - first);
    return number >> position % 8 & ((1u << bits) - 1);
}

int tdm_features_check(const uint8_t *packet, size_t bytes, struct tdm_features size,
                       struct tdm_error *error)
{
    assert(tdm_features_fit(size));
    return check_head(packet, bytes, size, error) || check_body(packet, bytes, size, error) ? -1
                                                                                            : 0;
}

int tdm_features_unpack(const uint8_t *packet, size_t bytes, struct tdm_features size,
                        float *values, struct tdm_error *error)
{
    if (tdm_features_check(packet, bytes, size, error))
        return -1;
    const struct range range = {get_float(packet + 8), get_float(packet + 12)};
    const uint8_t *body = packet + HEAD + map_bytes(size.channels);
    const int bits = packet[1];
    size_t position = 0;
    for (int c = 0; c < size.channels; c++) {
        const bool sent = packet[HEAD + c / 8] >> c % 8 & 1;
        for (int i = 0; i < size.plane; i++, values++) {
            if (!sent)
                *values = 0;
            else if (bits == FLOATS)
                *values = get_float(body + position / 8);
            else
                *values = range.least + range.step * (float)number_at(body, position, bits);
            if (!isfinite(*values))
                return tdm_fail(error, "features that are not finite");
            position += sent ? (size_t)bits : 0;
        }
    }
    return 0;
}

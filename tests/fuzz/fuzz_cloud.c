// SPDX-License-Identifier: GPL-3.0-or-later
/**
 * Any messages at the desk of tandem-cloud, and any bytes as its reply. An input is a row of
 * messages: client, time that passes (both in one byte), length (two bytes), the message. However
 * they are: each has at most one reply, no more wait than may, and in the end nobody does.
 */
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "hil/cloud/desk.h"
#include "hil/cloud/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BATCH = 3, CHANNELS = 5, PLANE = 2 };

static const struct tdm_features shape = {CHANNELS, PLANE};
static float values[BATCH][CHANNELS * PLANE];

struct tally {
    size_t taken, sent;
};

static int put(void *context, int index, struct tdm_packet packet, struct tdm_error *error)
{
    (void)context;
    assert(index >= 0 && index < BATCH);
    return tdm_features_unpack(packet.data, packet.bytes, shape, values[index], error);
}

static int run(void *context, int count, float *logits, struct tdm_error *error)
{
    (void)context;
    assert(count >= 1 && count <= BATCH);
    for (int i = 0; i < count; i++) {
        logits[i] = values[i][0];
        if (values[i][0] > 100)
            return tdm_fail(error, "too much");
    }
    return 0;
}

static void sends(void *context, const uint8_t *client, size_t client_size, const uint8_t *bytes,
                  size_t size)
{
    struct tally *tally = context;
    (void)client;
    assert(client_size == 1);
    Tandem__Cloud__Reply *reply = tdm_message_reply(bytes, size);
    assert(reply && reply->version == TDM_DESK_VERSION);
    tdm_message_free_reply(reply);
    assert(++tally->sent <= tally->taken);
}

static void play(const uint8_t *data, size_t size)
{
    static const struct tdm_desk_options options = {
        .batch = BATCH, .patience = 0.01, .clients = 3, .queue = 6, .share = 4, .bytes = 256 << 20};
    const struct tdm_desk_network network = {"n", shape, 1, put, run, NULL};
    struct tally tally = {0};
    struct tdm_desk *desk = tdm_desk_new(&options, sends, &tally);
    double now = 0;
    assert(desk && tdm_desk_add(desk, &network, NULL) == 0);
    while (size >= 3) {
        const uint8_t client = data[0] & 7;
        size_t length = data[1] | (size_t)data[2] << 8;
        now += 0.001 * (data[0] >> 3);
        data += 3;
        size -= 3;
        length = length < size ? length : size;
        tally.taken++;
        tdm_desk_take(desk, &client, 1, data, length, now);
        assert(tally.taken - tally.sent <= (size_t)options.queue);
        tdm_desk_run(desk, now);
        data += length;
        size -= length;
    }
    for (int i = 0; i <= options.queue && !isinf(tdm_desk_due(desk)); i++)
        tdm_desk_run(desk, now + 1);
    assert(isinf(tdm_desk_due(desk)) && tally.sent == tally.taken);
    tdm_desk_free(desk);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    play(data, size);
    tdm_message_free_reply(tdm_message_reply(data, size));
    return 0;
}

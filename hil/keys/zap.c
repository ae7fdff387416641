// SPDX-License-Identifier: GPL-3.0-or-later
// A question has the frames version, number, domain, address, identity, mechanism, and for CURVE
// the client's public key; the answer version, number, "200" or "400", a text, a user, nothing.
#include "hil/keys/zap.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum { VERSION, NUMBER, DOMAIN, ADDRESS, IDENTITY, MECHANISM, KEY, FRAMES, LARGEST = 256 };

struct tdm_zap {
    void *socket;
    const struct tdm_known *known;
    uint64_t refused;
};

struct frame {
    int size; // -1: not there
    uint8_t bytes[LARGEST];
};

struct tdm_zap *tdm_zap_open(void *context, const struct tdm_known *known, struct tdm_error *error)
{
    const int linger = 0;
    struct tdm_zap *zap = calloc(1, sizeof *zap);
    if (zap)
        zap->socket = zmq_socket(context, ZMQ_REP);
    if (!zap || !zap->socket || zmq_setsockopt(zap->socket, ZMQ_LINGER, &linger, sizeof linger) ||
        zmq_bind(zap->socket, "inproc://zeromq.zap.01")) {
        tdm_fail(error, "nobody can be let in: %s", zmq_strerror(errno));
        tdm_zap_close(zap);
        return NULL;
    }
    zap->known = known;
    return zap;
}

void tdm_zap_close(struct tdm_zap *zap)
{
    if (zap && zap->socket)
        zmq_close(zap->socket);
    free(zap);
}

void *tdm_zap_socket(const struct tdm_zap *zap)
{
    return zap->socket;
}

uint64_t tdm_zap_refused(const struct tdm_zap *zap)
{
    return zap->refused;
}

static bool is(const struct frame *frame, const char *text)
{
    return frame->size == (int)strlen(text) && memcmp(frame->bytes, text, strlen(text)) == 0;
}

// All frames of a question, those that are too many thrown away. How many there were; 0: none.
static int receive(void *socket, struct frame *frames)
{
    int count = 0, more = 1;
    size_t size = sizeof more;
    while (more) {
        struct frame spare, *frame = count < FRAMES ? &frames[count] : &spare;
        frame->size = zmq_recv(socket, frame->bytes, LARGEST, ZMQ_DONTWAIT);
        if (frame->size < 0)
            return 0;
        count++;
        zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size);
    }
    return count;
}

static void send_frame(void *socket, const void *bytes, size_t size, int flags)
{
    zmq_send(socket, bytes, size, flags | ZMQ_DONTWAIT);
}

void tdm_zap_answer(struct tdm_zap *zap)
{
    struct frame frames[FRAMES];
    const int count = receive(zap->socket, frames);
    if (!count)
        return;
    const bool good = count == FRAMES && is(&frames[VERSION], "1.0") &&
                      frames[NUMBER].size <= LARGEST && is(&frames[MECHANISM], "CURVE") &&
                      frames[KEY].size == TDM_KEY_BYTES &&
                      tdm_known_has(zap->known, frames[KEY].bytes);
    const bool numbered = count > NUMBER && frames[NUMBER].size <= LARGEST;
    zap->refused += !good;
    send_frame(zap->socket, "1.0", 3, ZMQ_SNDMORE);
    send_frame(zap->socket, frames[NUMBER].bytes, numbered ? (size_t)frames[NUMBER].size : 0,
               ZMQ_SNDMORE);
    send_frame(zap->socket, good ? "200" : "400", 3, ZMQ_SNDMORE);
    send_frame(zap->socket, good ? "known" : "unknown", good ? 5 : 7, ZMQ_SNDMORE);
    send_frame(zap->socket, "", 0, ZMQ_SNDMORE);
    send_frame(zap->socket, "", 0, 0);
}

// ---- sockets -----------------------------------------------------------------------------------

static int set_text(void *socket, int option, const char *text)
{
    return zmq_setsockopt(socket, option, text, strlen(text));
}

int tdm_zap_guard(void *socket, const struct tdm_keys *keys, struct tdm_error *error)
{
    const int yes = 1;
    if (set_text(socket, ZMQ_ZAP_DOMAIN, "tandem") ||
        zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) ||
        set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key))
        return tdm_fail(error, "keys cannot be used: %s", zmq_strerror(errno));
    return 0;
}

int tdm_zap_trust(void *socket, const struct tdm_keys *keys, const char *server,
                  struct tdm_error *error)
{
    if (set_text(socket, ZMQ_CURVE_SERVERKEY, server) ||
        set_text(socket, ZMQ_CURVE_PUBLICKEY, keys->public_key) ||
        set_text(socket, ZMQ_CURVE_SECRETKEY, keys->secret_key))
        return tdm_fail(error, "keys cannot be used: %s", zmq_strerror(errno));
    return 0;
}

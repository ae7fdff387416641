// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/cloud/server.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "hil/keys/zap.h"

enum {
    MESSAGES = 64,  // taken before it looks whether a batch is due
    UNSENT = 256,   // replies that wait for one client; more are dropped
    UNTAKEN = 1024, // messages of one client that wait in ZeroMQ
};

struct tdm_server {
    void *context, *router;
    struct tdm_desk *desk;
    struct tdm_zap *zap; // NULL: nobody is asked for a key
    char uri[256];
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// Never waits: who does not read replies loses them.
static void send_reply(void *context, const uint8_t *client, size_t client_size,
                       const uint8_t *bytes, size_t size)
{
    struct tdm_server *server = context;
    if (zmq_send(server->router, client, client_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_send(server->router, bytes, size, ZMQ_DONTWAIT);
}

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

struct tdm_server *tdm_server_open(const struct tdm_desk_options *options, struct tdm_error *error)
{
    struct tdm_server *server = calloc(1, sizeof *server);
    if (server) {
        struct tdm_desk_options mine = *options;
        mine.clock = now;
        server->context = zmq_ctx_new();
        server->router = server->context ? zmq_socket(server->context, ZMQ_ROUTER) : NULL;
        server->desk = tdm_desk_new(&mine, send_reply, server);
    }
    if (server && server->router && server->desk)
        return server;
    tdm_fail(error, "out of memory");
    tdm_server_close(server);
    return NULL;
}

void tdm_server_close(struct tdm_server *server)
{
    if (!server)
        return;
    if (server->router)
        zmq_close(server->router);
    tdm_zap_close(server->zap);
    if (server->context)
        zmq_ctx_term(server->context);
    tdm_desk_free(server->desk);
    free(server);
}

struct tdm_desk *tdm_server_desk(struct tdm_server *server)
{
    return server->desk;
}

const char *tdm_server_uri(const struct tdm_server *server)
{
    return server->uri;
}

uint64_t tdm_server_strangers(const struct tdm_server *server)
{
    return server->zap ? tdm_zap_refused(server->zap) : 0;
}

// Without keys nobody from outside may come.
static int is_local(const char *uri)
{
    static const char *const places[] = {"ipc://",
                                         "tcp://127.0.0.1:", "tcp://localhost:", "tcp://[::1]:"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(uri, places[i], strlen(places[i])) == 0)
            return 1;
    return 0;
}

int tdm_server_guard(struct tdm_server *server, const struct tdm_keys *keys,
                     const struct tdm_known *known, struct tdm_error *error)
{
    server->zap = tdm_zap_open(server->context, known, error);
    return server->zap ? tdm_zap_guard(server->router, keys, error) : -1;
}

int tdm_server_listen(struct tdm_server *server, const char *uri, struct tdm_error *error)
{
    const int64_t largest = (int64_t)tdm_desk_largest(server->desk);
    size_t size = sizeof server->uri;
    if (!server->zap && !is_local(uri))
        return tdm_fail(error,
                        "'%.128s' can be reached from outside; without keys it listens at "
                        "tcp://127.0.0.1:PORT or ipc://PATH",
                        uri);
    if (set(server->router, ZMQ_LINGER, 0) || set(server->router, ZMQ_SNDHWM, UNSENT) ||
        set(server->router, ZMQ_RCVHWM, UNTAKEN) || set(server->router, ZMQ_ROUTER_MANDATORY, 1) ||
        set(server->router, ZMQ_IPV6, strncmp(uri, "tcp://[", 7) == 0) ||
        zmq_setsockopt(server->router, ZMQ_MAXMSGSIZE, &largest, sizeof largest) ||
        zmq_bind(server->router, uri) ||
        zmq_getsockopt(server->router, ZMQ_LAST_ENDPOINT, server->uri, &size))
        return tdm_fail(error, "cannot listen at %.128s: %s", uri, zmq_strerror(errno));
    return 0;
}

// One message: an identity and one frame. False: there is none, for now.
static bool take_one(struct tdm_server *server)
{
    uint8_t identity[256];
    zmq_msg_t frame;
    const int size = zmq_recv(server->router, identity, sizeof identity, ZMQ_DONTWAIT);
    int frames = 0, more = 1;
    if (size < 0)
        return false;
    zmq_msg_init(&frame);
    while (more && zmq_msg_recv(&frame, server->router, ZMQ_DONTWAIT) >= 0) {
        more = zmq_msg_more(&frame);
        frames++;
    }
    // Of several frames none is an Ask.
    const size_t bytes = frames == 1 ? zmq_msg_size(&frame) : 0;
    tdm_desk_take(server->desk, identity, (size_t)size, zmq_msg_data(&frame), bytes, now());
    zmq_msg_close(&frame);
    return true;
}

static long patience(const struct tdm_server *server)
{
    const double rest = tdm_desk_due(server->desk) - now();
    if (isinf(rest))
        return -1;
    return (long)fmin(fmax(floor(1e3 * rest), 0), 1e6);
}

int tdm_server_run(struct tdm_server *server, int stop, struct tdm_error *error)
{
    zmq_pollitem_t items[] = {{.socket = server->router, .events = ZMQ_POLLIN},
                              {.fd = stop, .events = ZMQ_POLLIN},
                              {.events = ZMQ_POLLIN}};
    if (server->zap)
        items[2].socket = tdm_zap_socket(server->zap);
    for (;;) {
        if (zmq_poll(items, server->zap ? 3 : 2, patience(server)) < 0 && errno != EINTR)
            return tdm_fail(error, "cannot wait for messages: %s", zmq_strerror(errno));
        if (items[1].revents)
            return 0;
        if (items[2].revents)
            tdm_zap_answer(server->zap);
        for (int i = 0; i < MESSAGES && take_one(server); i++)
            ;
        tdm_desk_run(server->desk, now());
    }
}

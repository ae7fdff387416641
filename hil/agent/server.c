// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/agent/server.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zmq.h>

#include "core/error.h"
#include "hil/agent/sessions.h"
#include "hil/board/sensors.h"
#include "hil/keys/zap.h"
#include "hil/wire/message.h"

enum {
    MESSAGES = 64, // taken before it looks at the station
    WAITING = 256, // messages of one client that wait in ZeroMQ, either way
    TOLD = 5,      // refused messages that are told of one by one, a second
    URIS = 4,
};

struct tdm_agent_server {
    void *context, *router;
    struct tdm_station *station;
    struct tdm_zap *zap; // NULL: nobody is asked for a key
    struct tdm_saying saying;
    char uris[URIS][256];
    struct tdm_sessions sessions;
    uint64_t refused, untold; // messages; of them those of this second that nobody was told of
    double second;            // when it began, s
    int told;                 // in it
};

// ---- opening and closing -----------------------------------------------------------------------

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static bool is_local(const char *uri)
{
    static const char *const places[] = {"ipc:///",
                                         "tcp://127.0.0.1:", "tcp://localhost:", "tcp://[::1]:"};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (strncmp(uri, places[i], strlen(places[i])) == 0)
            return true;
    return false;
}

static int listen_at(struct tdm_agent_server *server, const char *uri, char *text,
                     struct tdm_error *error)
{
    size_t size = sizeof server->uris[0];
    if (!server->zap && !is_local(uri))
        return tdm_fail(error,
                        "'%.128s' can be reached from outside; without keys it listens at "
                        "tcp://127.0.0.1:PORT or ipc://PATH",
                        uri);
    const mode_t before = umask(077); // a Unix socket is its owner's
    const bool failed = set(server->router, ZMQ_IPV6, strncmp(uri, "tcp://[", 7) == 0) ||
                        zmq_bind(server->router, uri) ||
                        zmq_getsockopt(server->router, ZMQ_LAST_ENDPOINT, text, &size);
    const int why = errno;
    umask(before);
    return failed ? tdm_fail(error, "cannot listen at %.128s: %s", uri, zmq_strerror(why)) : 0;
}

static int open_socket(struct tdm_agent_server *server, const struct tdm_keys *keys,
                       const struct tdm_known *known, struct tdm_error *error)
{
    const int64_t largest = TDM_WIRE_LARGEST_REQUEST;
    server->context = zmq_ctx_new();
    server->router = server->context ? zmq_socket(server->context, ZMQ_ROUTER) : NULL;
    if (!server->router || set(server->router, ZMQ_LINGER, 0) ||
        set(server->router, ZMQ_SNDHWM, WAITING) || set(server->router, ZMQ_RCVHWM, WAITING) ||
        set(server->router, ZMQ_ROUTER_MANDATORY, 1) ||
        zmq_setsockopt(server->router, ZMQ_MAXMSGSIZE, &largest, sizeof largest))
        return tdm_fail(error, "out of memory");
    if (!keys)
        return 0;
    server->zap = tdm_zap_open(server->context, known, error);
    return server->zap ? tdm_zap_guard(server->router, keys, error) : -1;
}

struct tdm_agent_server *
tdm_agent_server_open(struct tdm_station *station, const struct tdm_keys *keys,
                      const struct tdm_known *known, const char *const *uris, int count,
                      const struct tdm_saying *saying, struct tdm_error *error)
{
    struct tdm_agent_server *server = calloc(1, sizeof *server);
    if (!server) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    server->station = station;
    server->saying = *saying;
    int status = count <= URIS ? open_socket(server, keys, known, error)
                               : tdm_fail(error, "more than %d addresses", URIS);
    for (int i = 0; i < count && status == 0; i++)
        status = listen_at(server, uris[i], server->uris[i], error);
    if (status == 0)
        return server;
    tdm_agent_server_close(server);
    return NULL;
}

void tdm_agent_server_close(struct tdm_agent_server *server)
{
    if (!server)
        return;
    if (server->router)
        zmq_close(server->router);
    tdm_zap_close(server->zap);
    if (server->context)
        zmq_ctx_term(server->context);
    if (server->refused)
        tdm_say(&server->saying, "%" PRIu64 " messages were refused", server->refused);
    free(server);
}

const char *tdm_agent_server_uri(const struct tdm_agent_server *server, int index)
{
    return server->uris[index];
}

// ---- messages ----------------------------------------------------------------------------------

// Never waits: who does not read replies loses them.
static void reply(struct tdm_agent_server *server, const struct tdm_client *client,
                  const struct tdm_answer *answer)
{
    size_t size;
    uint8_t *bytes = tdm_message_of_answer(answer, &size);
    if (bytes &&
        zmq_send(server->router, client->id, client->size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_send(server->router, bytes, size, ZMQ_DONTWAIT);
    free(bytes);
}

// Some a second, and how many more there were: a log is no place to be flooded.
static void tell_refused(struct tdm_agent_server *server, const char *reason)
{
    const double now = tdm_sensors_now();
    server->refused++;
    if (now >= server->second + 1) {
        if (server->untold)
            tdm_say(&server->saying, "and %" PRIu64 " more messages were refused", server->untold);
        server->second = now;
        server->told = 0;
        server->untold = 0;
    }
    if (server->told++ < TOLD)
        tdm_say(&server->saying, "refused a message: %s", reason);
    else
        server->untold++;
}

static void refuse(struct tdm_agent_server *server, const struct tdm_client *client,
                   uint64_t number, enum tdm_refusal refusal, const char *reason)
{
    struct tdm_answer answer = {.number = number, .refusal = refusal};
    snprintf(answer.reason, sizeof answer.reason, "%s", reason);
    tell_refused(server, reason);
    reply(server, client, &answer);
}

static void greet(struct tdm_agent_server *server, const struct tdm_client *client,
                  const struct tdm_order *order)
{
    struct tdm_answer answer;
    tdm_station_take(server->station, client, order, &answer);
    answer.welcome.session =
        tdm_sessions_greet(&server->sessions, order->number, tdm_station_holder(server->station));
    reply(server, client, &answer);
}

static void take(struct tdm_agent_server *server, struct tdm_client *client, const uint8_t *bytes,
                 size_t size)
{
    struct tdm_order order;
    struct tdm_answer answer;
    const char *reason;
    enum tdm_refusal refusal = tdm_message_order(bytes, size, &order, &reason);
    if (refusal == TDM_REFUSAL_NONE && order.kind == TDM_ORDER_HELLO) {
        greet(server, client, &order);
        return;
    }
    if (refusal == TDM_REFUSAL_NONE)
        refusal = tdm_sessions_check(&server->sessions, order.session, order.number, &reason);
    if (refusal != TDM_REFUSAL_NONE) {
        refuse(server, client, order.number, refusal, reason);
        return;
    }
    client->session = order.session;
    if (tdm_station_take(server->station, client, &order, &answer))
        reply(server, client, &answer);
}

// One message: an identity and one frame. False: there is none, for now.
static bool take_one(struct tdm_agent_server *server)
{
    struct tdm_client client = {0};
    zmq_msg_t frame;
    const int size = zmq_recv(server->router, client.id, sizeof client.id, ZMQ_DONTWAIT);
    int frames = 0, more = 1;
    if (size < 0)
        return false;
    client.size = (size_t)size < sizeof client.id ? (size_t)size : sizeof client.id;
    zmq_msg_init(&frame);
    while (more && zmq_msg_recv(&frame, server->router, ZMQ_DONTWAIT) >= 0) {
        more = zmq_msg_more(&frame);
        frames++;
    }
    // Of several frames none is a request.
    take(server, &client, zmq_msg_data(&frame), frames == 1 ? zmq_msg_size(&frame) : 0);
    zmq_msg_close(&frame);
    return true;
}

static long patience(const struct tdm_agent_server *server)
{
    const double rest = tdm_station_due(server->station);
    return isinf(rest) ? -1 : (long)fmin(fmax(ceil(1e3 * rest), 0), 1e6);
}

int tdm_agent_server_run(struct tdm_agent_server *server, int stop, struct tdm_error *error)
{
    zmq_pollitem_t items[] = {
        {.socket = server->router, .events = ZMQ_POLLIN},
        {.fd = stop, .events = ZMQ_POLLIN},
        {.fd = tdm_station_descriptor(server->station), .events = ZMQ_POLLIN},
        {.socket = server->zap ? tdm_zap_socket(server->zap) : NULL, .events = ZMQ_POLLIN}};
    for (;;) {
        if (zmq_poll(items, server->zap ? 4 : 3, patience(server)) < 0 && errno != EINTR)
            return tdm_fail(error, "cannot wait for messages: %s", zmq_strerror(errno));
        if (items[1].revents)
            return 0;
        if (server->zap && items[3].revents)
            tdm_zap_answer(server->zap);
        struct tdm_client client;
        struct tdm_answer answer;
        while (tdm_station_done(server->station, &client, &answer))
            if (client.size)
                reply(server, &client, &answer);
        for (int i = 0; i < MESSAGES && take_one(server); i++)
            ;
        tdm_station_check(server->station);
    }
}

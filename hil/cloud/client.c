// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/cloud/client.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zmq.h>

#include "hil/cloud/desk.h"
#include "hil/cloud/message.h"
#include "hil/inference/part.h"
#include "hil/keys/zap.h"

enum { LARGEST_REPLY = 64 + 4 * TDM_CLASSES + 1024, QUESTIONS = 3 };

struct tdm_cloud {
    void *context, *dealer;
    char uri[256], network[TDM_DESK_NAME];
    uint64_t number;
    struct tdm_features takes;
    int classes, share;
    double rtt;                  // s
    Tandem__Cloud__Reply *reply; // the last one
};

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

// ---- messages ----------------------------------------------------------------------------------

static uint64_t ask(struct tdm_cloud *cloud, struct tdm_packet packet, double budget,
                    struct tdm_error *error)
{
    Tandem__Cloud__Ask message = TANDEM__CLOUD__ASK__INIT;
    message.version = TDM_DESK_VERSION;
    message.number = ++cloud->number;
    message.network = cloud->network;
    message.features = (ProtobufCBinaryData){packet.bytes, (uint8_t *)(uintptr_t)packet.data};
    message.budget_us = (uint32_t)fmin(fmax(1e6 * budget, 0), UINT32_MAX);
    const size_t size = tandem__cloud__ask__get_packed_size(&message);
    uint8_t *bytes = malloc(size);
    if (!bytes) {
        tdm_fail(error, "out of memory");
        return 0;
    }
    tandem__cloud__ask__pack(&message, bytes);
    const int sent = zmq_send(cloud->dealer, bytes, size, ZMQ_DONTWAIT);
    free(bytes);
    if (sent >= 0)
        return message.number;
    tdm_fail_at(error, cloud->uri, 0, 0, "nothing can be sent: %s", zmq_strerror(errno));
    return 0;
}

static int no_reply(const struct tdm_cloud *cloud, struct tdm_error *error)
{
    return tdm_fail_at(error, cloud->uri, 0, 0, "what came is no reply of a tandem-cloud");
}

// One frame into cloud->reply; what else belongs to the message is thrown away.
static int receive(struct tdm_cloud *cloud, struct tdm_error *error)
{
    zmq_msg_t frame;
    int more = 1, frames = 0;
    zmq_msg_init(&frame);
    tdm_message_free_reply(cloud->reply);
    cloud->reply = NULL;
    while (more && zmq_msg_recv(&frame, cloud->dealer, ZMQ_DONTWAIT) >= 0) {
        more = zmq_msg_more(&frame);
        if (frames++ == 0)
            cloud->reply = tdm_message_reply(zmq_msg_data(&frame), zmq_msg_size(&frame));
    }
    zmq_msg_close(&frame);
    if (!cloud->reply || frames > 1 || cloud->reply->version != TDM_DESK_VERSION)
        return no_reply(cloud, error);
    return 0;
}

// 1: cloud->reply is there, 0: nothing came, -1.
static int wait_reply(struct tdm_cloud *cloud, double timeout, struct tdm_error *error)
{
    const double until = now() + timeout;
    zmq_pollitem_t item = {.socket = cloud->dealer, .events = ZMQ_POLLIN};
    for (;;) {
        const double rest = fmax(until - now(), 0);
        const int ready = zmq_poll(&item, 1, (long)fmin(ceil(1e3 * rest), 1e6));
        if (ready > 0)
            return receive(cloud, error) ? -1 : 1;
        if (ready < 0 && errno != EINTR)
            return tdm_fail_at(error, cloud->uri, 0, 0, "cannot wait: %s", zmq_strerror(errno));
        if (rest <= 0)
            return 0;
    }
}

static int refused(const struct tdm_cloud *cloud, struct tdm_error *error)
{
    char reason[128];
    snprintf(reason, sizeof reason, "%s", cloud->reply->reason);
    for (char *c = reason; *c; c++)
        if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
            *c = '?';
    return tdm_fail_at(error, cloud->uri, 0, 0, "refused: %s", reason);
}

// ---- the connection ----------------------------------------------------------------------------

static int set(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value);
}

static int connect_to(struct tdm_cloud *cloud, const struct tdm_cloud_keys *keys,
                      struct tdm_error *error)
{
    const int64_t largest = LARGEST_REPLY;
    cloud->context = zmq_ctx_new();
    cloud->dealer = cloud->context ? zmq_socket(cloud->context, ZMQ_DEALER) : NULL;
    if (!cloud->dealer)
        return tdm_fail(error, "out of memory");
    if (keys && tdm_zap_trust(cloud->dealer, &keys->own, keys->server, error))
        return -1;
    if (set(cloud->dealer, ZMQ_LINGER, 0) ||
        set(cloud->dealer, ZMQ_IPV6, strncmp(cloud->uri, "tcp://[", 7) == 0) ||
        zmq_setsockopt(cloud->dealer, ZMQ_MAXMSGSIZE, &largest, sizeof largest) ||
        zmq_connect(cloud->dealer, cloud->uri))
        return tdm_fail_at(error, cloud->uri, 0, 0, "cannot connect: %s", zmq_strerror(errno));
    return 0;
}

static int learn_size(struct tdm_cloud *cloud, double timeout, struct tdm_error *error)
{
    if (!ask(cloud, (struct tdm_packet){0}, 0, error))
        return -1;
    const int came = wait_reply(cloud, timeout, error);
    if (came < 0)
        return -1;
    if (came == 0)
        return tdm_fail_at(error, cloud->uri, 0, 0, "no tandem-cloud answers");
    const Tandem__Cloud__Reply *reply = cloud->reply;
    if (reply->refusal != TANDEM__CLOUD__REFUSAL__NONE)
        return refused(cloud, error);
    if (reply->number != cloud->number || reply->channels > TDM_CHANNELS ||
        reply->plane > TDM_FEATURES || reply->classes < 1 || reply->classes > TDM_CLASSES ||
        reply->share < 1 || reply->share > INT32_MAX)
        return no_reply(cloud, error);
    cloud->takes = (struct tdm_features){(int)reply->channels, (int)reply->plane};
    cloud->classes = (int)reply->classes;
    cloud->share = (int)reply->share;
    return tdm_features_fit(cloud->takes) ? 0 : no_reply(cloud, error);
}

// The first question waits for the connection; the others show the way alone. The least counts:
// what came before may still be on the way with the next.
static int get_to_know(struct tdm_cloud *cloud, double timeout, struct tdm_error *error)
{
    if (learn_size(cloud, timeout, error))
        return -1;
    cloud->rtt = INFINITY;
    for (int i = 0; i < QUESTIONS; i++) {
        const double asked = now();
        if (learn_size(cloud, timeout, error))
            return -1;
        cloud->rtt = fmin(cloud->rtt, now() - asked);
    }
    return 0;
}

struct tdm_cloud *tdm_cloud_open(const char *uri, const char *network,
                                 const struct tdm_cloud_keys *keys, double timeout,
                                 struct tdm_error *error)
{
    struct tdm_cloud *cloud = calloc(1, sizeof *cloud);
    if (!cloud) {
        tdm_fail(error, "out of memory");
        return NULL;
    }
    snprintf(cloud->uri, sizeof cloud->uri, "%s", uri);
    if ((size_t)snprintf(cloud->network, sizeof cloud->network, "%s", network) >=
        sizeof cloud->network)
        tdm_fail(error, "the network's name '%.64s…' is too long", network);
    else if (!connect_to(cloud, keys, error) && !get_to_know(cloud, timeout, error))
        return cloud;
    tdm_cloud_close(cloud);
    return NULL;
}

void tdm_cloud_close(struct tdm_cloud *cloud)
{
    if (!cloud)
        return;
    tdm_message_free_reply(cloud->reply);
    if (cloud->dealer)
        zmq_close(cloud->dealer);
    if (cloud->context)
        zmq_ctx_term(cloud->context);
    free(cloud);
}

struct tdm_features tdm_cloud_takes(const struct tdm_cloud *cloud)
{
    return cloud->takes;
}

int tdm_cloud_classes(const struct tdm_cloud *cloud)
{
    return cloud->classes;
}

double tdm_cloud_rtt(const struct tdm_cloud *cloud)
{
    return cloud->rtt;
}

int tdm_cloud_share(const struct tdm_cloud *cloud)
{
    return cloud->share;
}

uint64_t tdm_cloud_send(struct tdm_cloud *cloud, struct tdm_packet packet, double budget,
                        struct tdm_error *error)
{
    if (!packet.bytes) {
        tdm_fail(error, "there are no features to send");
        return 0;
    }
    return ask(cloud, packet, budget, error);
}

static bool all_finite(const float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(values[i]))
            return false;
    return true;
}

int tdm_cloud_wait(struct tdm_cloud *cloud, double timeout, struct tdm_cloud_answer *answer,
                   struct tdm_error *error)
{
    *answer = (struct tdm_cloud_answer){0};
    const int came = wait_reply(cloud, timeout, error);
    if (came <= 0)
        return came;
    const Tandem__Cloud__Reply *reply = cloud->reply;
    answer->number = reply->number;
    if (reply->refusal != TANDEM__CLOUD__REFUSAL__NONE)
        return refused(cloud, error);
    if (!reply->number || reply->number > cloud->number ||
        reply->n_logits != (size_t)cloud->classes || !all_finite(reply->logits, reply->n_logits))
        return no_reply(cloud, error);
    answer->logits = reply->logits;
    answer->batch = (int)reply->batch;
    answer->queued = 1e-6 * reply->queued_us;
    answer->ran = 1e-6 * reply->ran_us;
    return 1;
}

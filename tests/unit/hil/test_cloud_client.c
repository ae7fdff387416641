// SPDX-License-Identifier: GPL-3.0-or-later
// Boards and a server over ZeroMQ, the server in a thread, its network one that sums features up.
#include "hil/cloud/client.h"

#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <zmq.h>

#include "hil/cloud/server.h"

enum { BATCH = 4, CLIENTS = 6, ASKS = 40 };

static const struct tdm_features size = {3, 5};
static float values[BATCH][15];
static int ends[2];
static struct tdm_server *server;
static pthread_t thread;

static int put(void *context, int index, struct tdm_packet packet, struct tdm_error *error)
{
    (void)context;
    return tdm_features_unpack(packet.data, packet.bytes, size, values[index], error);
}

static int run(void *context, int count, float *logits, struct tdm_error *error)
{
    (void)context;
    (void)error;
    for (int i = 0; i < count; i++) {
        logits[i] = 0;
        for (int j = 0; j < 15; j++)
            logits[i] += values[i][j];
    }
    return 0;
}

static void *serve(void *context)
{
    struct tdm_error error = {0};
    (void)context;
    return tdm_server_run(server, ends[0], &error) ? &server : NULL;
}

static int start(void **state)
{
    static const struct tdm_desk_options options = {.batch = BATCH,
                                                    .patience = 0.001,
                                                    .clients = CLIENTS,
                                                    .queue = 64,
                                                    .share = 8,
                                                    .bytes = 256 << 20};
    const struct tdm_desk_network sum = {"sum", size, 1, put, run, NULL};
    struct tdm_error error = {0};
    (void)state;
    server = tdm_server_open(&options, &error);
    return !server || pipe(ends) || tdm_desk_add(tdm_server_desk(server), &sum, &error) ||
           tdm_server_listen(server, "tcp://127.0.0.1:*", &error) ||
           pthread_create(&thread, NULL, serve, NULL);
}

static int stop(void **state)
{
    void *result = &server;
    (void)state;
    const int told = write(ends[1], "x", 1) == 1;
    if (told)
        pthread_join(thread, &result);
    tdm_server_close(server);
    close(ends[0]);
    close(ends[1]);
    return result != NULL;
}

// A packet of features that are all `value`; exact in 32 bits.
static struct tdm_packet packet_of(float value, uint8_t *bytes)
{
    static const bool away[] = {true, true, true};
    float all[15];
    for (int i = 0; i < 15; i++)
        all[i] = value;
    return (struct tdm_packet){bytes, tdm_features_pack(all, size, away, 32, bytes)};
}

static struct tdm_cloud *open_cloud(void)
{
    struct tdm_error error = {0};
    struct tdm_cloud *cloud = tdm_cloud_open(tdm_server_uri(server), "sum", NULL, 10, &error);
    assert_non_null(cloud);
    assert_int_equal(tdm_cloud_takes(cloud).channels, 3);
    assert_int_equal(tdm_cloud_takes(cloud).plane, 5);
    assert_int_equal(tdm_cloud_classes(cloud), 1);
    assert_int_equal(tdm_cloud_share(cloud), 8);
    return cloud;
}

static void an_answer_comes(void **state)
{
    struct tdm_error error = {0};
    struct tdm_cloud_answer answer;
    uint8_t bytes[256];
    (void)state;
    struct tdm_cloud *cloud = open_cloud();
    const uint64_t number = tdm_cloud_send(cloud, packet_of(2, bytes), 0, &error);
    assert_true(number > 0);
    assert_int_equal(tdm_cloud_wait(cloud, 10, &answer, &error), 1);
    assert_int_equal(answer.number, number);
    assert_true(answer.logits[0] == 30);
    assert_int_equal(answer.batch, 1);
    assert_true(answer.queued >= 0.001 && answer.queued < 5);
    assert_int_equal(tdm_cloud_wait(cloud, 0.02, &answer, &error), 0); // no more
    tdm_cloud_close(cloud);
}

static void refusals_come_with_their_number(void **state)
{
    struct tdm_error error = {0};
    struct tdm_cloud_answer answer;
    uint8_t bytes[256];
    (void)state;
    struct tdm_cloud *cloud = open_cloud();
    struct tdm_packet packet = packet_of(1, bytes);
    packet.bytes--;
    const uint64_t number = tdm_cloud_send(cloud, packet, 0, &error);
    assert_int_equal(tdm_cloud_wait(cloud, 10, &answer, &error), -1);
    assert_int_equal(answer.number, number);
    assert_non_null(strstr(error.message, "3 channels take"));
    assert_int_equal(tdm_cloud_send(cloud, (struct tdm_packet){bytes, 0}, 0, &error), 0);
    tdm_cloud_close(cloud);
}

// Each client keeps its share of asks under way, and each answer is that of its own ask.
static void *ask_many(void *context)
{
    const int *which = context;
    struct tdm_error error = {0};
    struct tdm_cloud *cloud = tdm_cloud_open(tdm_server_uri(server), "sum", NULL, 20, &error);
    uint64_t first = 0;
    int asked = 0, right = 0, together = 0;
    uint8_t bytes[256];
    for (int answered = 0; cloud && answered < ASKS; answered++) {
        struct tdm_cloud_answer answer;
        for (; asked < ASKS && asked - answered < tdm_cloud_share(cloud); asked++) {
            const uint64_t number =
                tdm_cloud_send(cloud, packet_of((float)(1000 * *which + asked), bytes), 0, &error);
            first = first ? first : number;
        }
        if (tdm_cloud_wait(cloud, 20, &answer, &error) != 1)
            break;
        const int index = (int)(answer.number - first);
        right += answer.logits[0] == (float)(15 * (1000 * *which + index));
        together += answer.batch > 1;
    }
    tdm_cloud_close(cloud);
    return right == ASKS && together ? context : NULL;
}

static void several_clients_get_their_own(void **state)
{
    pthread_t threads[CLIENTS];
    int which[CLIENTS];
    (void)state;
    for (int i = 0; i < CLIENTS; i++) {
        which[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, ask_many, &which[i]), 0);
    }
    for (int i = 0; i < CLIENTS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_ptr_equal(result, &which[i]);
    }
}

static void who_is_not_there_is_said(void **state)
{
    struct tdm_error error = {0};
    (void)state;
    assert_null(tdm_cloud_open("tcp://127.0.0.1:1", "sum", NULL, 0.05, &error));
    assert_non_null(strstr(error.message, "no tandem-cloud answers"));
    assert_null(tdm_cloud_open(tdm_server_uri(server), "other", NULL, 10, &error));
    assert_non_null(strstr(error.message, "no such network"));
    assert_null(tdm_cloud_open("nonsense", "sum", NULL, 1, &error));
    assert_non_null(strstr(error.message, "cannot connect"));
}

// A server of another kind: it replies to the first ask with these bytes.
struct impostor {
    void *router;
    const char *bytes;
    size_t size;
};

static void *impose(void *context)
{
    const struct impostor *impostor = context;
    char identity[256], ask[256];
    const int count = zmq_recv(impostor->router, identity, sizeof identity, 0);
    zmq_recv(impostor->router, ask, sizeof ask, 0);
    zmq_send(impostor->router, identity, (size_t)count, ZMQ_SNDMORE);
    zmq_send(impostor->router, impostor->bytes, impostor->size, 0);
    return NULL;
}

static void strange_replies_are_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } replies[] = {{"hello", 5},                         // no message
                   {"", 0},                              // version 0
                   {"\x08\x02\x10\x01", 4},              // version 2
                   {"\x08\x01\x10\x63", 4},              // to another ask
                   {"\x08\x01\x10\x01", 4},              // of no features
                   {"\x08\x01\x10\x01\x98\x06\x01", 7}}; // with a field that is not ours
    void *context = zmq_ctx_new();
    struct impostor impostor = {.router = zmq_socket(context, ZMQ_ROUTER)};
    char uri[64];
    size_t length = sizeof uri;
    (void)state;
    assert_int_equal(zmq_bind(impostor.router, "tcp://127.0.0.1:*"), 0);
    assert_int_equal(zmq_getsockopt(impostor.router, ZMQ_LAST_ENDPOINT, uri, &length), 0);
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct tdm_error error = {0};
        pthread_t other;
        impostor.bytes = replies[i].bytes;
        impostor.size = replies[i].size;
        assert_int_equal(pthread_create(&other, NULL, impose, &impostor), 0);
        assert_null(tdm_cloud_open(uri, "sum", NULL, 10, &error));
        assert_non_null(strstr(error.message, "no reply of a tandem-cloud"));
        pthread_join(other, NULL);
    }
    zmq_close(impostor.router);
    zmq_ctx_term(context);
}

static void nobody_from_outside_is_served(void **state)
{
    static const char *const places[] = {"tcp://*:7464", "tcp://0.0.0.0:7464", "tcp://[::]:7464",
                                         "tcp://127.0.0.1.example.org:1", "udp://127.0.0.1:1"};
    static const struct tdm_desk_options options = {
        .batch = 1, .clients = 1, .queue = 1, .share = 1, .bytes = 256 << 20};
    struct tdm_error error = {0};
    (void)state;
    struct tdm_server *other = tdm_server_open(&options, &error);
    assert_non_null(other);
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        assert_int_equal(tdm_server_listen(other, places[i], &error), -1);
        assert_non_null(strstr(error.message, "reached from outside"));
    }
    tdm_server_close(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_comes),
        cmocka_unit_test(refusals_come_with_their_number),
        cmocka_unit_test(several_clients_get_their_own),
        cmocka_unit_test(who_is_not_there_is_said),
        cmocka_unit_test(strange_replies_are_refused),
        cmocka_unit_test(nobody_from_outside_is_served),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// The desk of tandem-cloud, on a clock of the test's own and with networks that only count: "sum"
// answers with the sum of its features and how many ran with it, "broken" cannot be run.
#include "hil/cloud/desk.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hil/cloud/message.h"

enum { BATCH = 3, MOST = 64, PACKET = 16 + 1 + 16, BYTES = 5 * PACKET + PACKET - 1 };

static const struct tdm_features size = {2, 2};
static float put_values[BATCH][4];

static struct {
    char client;
    Tandem__Cloud__Reply *reply;
} sent[MOST];
static int sent_count;

static int put(void *context, int index, struct tdm_packet packet, struct tdm_error *error)
{
    (void)context;
    assert_in_range(index, 0, BATCH - 1);
    return tdm_features_unpack(packet.data, packet.bytes, size, put_values[index], error);
}

static int run_sum(void *context, int count, float *logits, struct tdm_error *error)
{
    (void)context;
    (void)error;
    for (int i = 0; i < count; i++) {
        const float *v = put_values[i];
        logits[2 * i] = v[0] + v[1] + v[2] + v[3];
        logits[2 * i + 1] = (float)count;
    }
    return 0;
}

static int run_broken(void *context, int count, float *logits, struct tdm_error *error)
{
    (void)context;
    (void)count;
    (void)logits;
    return tdm_fail(error, "out of order");
}

static void sends(void *context, const uint8_t *client, size_t client_size, const uint8_t *bytes,
                  size_t byte_count)
{
    (void)context;
    assert_int_equal(client_size, 1);
    assert_true(sent_count < MOST);
    sent[sent_count].client = (char)client[0];
    sent[sent_count].reply = tdm_message_reply(bytes, byte_count);
    assert_non_null(sent[sent_count++].reply);
}

static void forget(void)
{
    for (int i = 0; i < sent_count; i++)
        tdm_message_free_reply(sent[i].reply);
    sent_count = 0;
}

static struct tdm_desk *open_desk(void)
{
    static const struct tdm_desk_options options = {
        .batch = BATCH, .patience = 0.01, .clients = 3, .queue = 5, .share = 4, .bytes = BYTES};
    struct tdm_desk *desk = tdm_desk_new(&options, sends, NULL);
    struct tdm_desk_network sum = {"sum", size, 2, put, run_sum, NULL};
    struct tdm_desk_network broken = {"broken", size, 2, put, run_broken, NULL};
    struct tdm_error error = {0};
    assert_non_null(desk);
    assert_int_equal(tdm_desk_add(desk, &sum, &error), 0);
    assert_int_equal(tdm_desk_add(desk, &broken, &error), 0);
    assert_int_equal(tdm_desk_add(desk, &sum, &error), -1);
    forget();
    return desk;
}

static void close_desk(struct tdm_desk *desk)
{
    forget();
    tdm_desk_free(desk);
}

struct sending {
    char client;
    uint64_t number;
    const char *network;
    float value; // of each feature; NAN: describe
    double budget, now;
    uint32_t version; // 0: the right one
};

static void take(struct tdm_desk *desk, struct sending s)
{
    const float values[] = {s.value, s.value, s.value, s.value};
    static const bool away[] = {true, true};
    uint8_t packet[64], bytes[256];
    Tandem__Cloud__Ask ask = TANDEM__CLOUD__ASK__INIT;
    ask.version = s.version ? s.version : 1;
    ask.number = s.number;
    ask.network = (char *)(uintptr_t)(s.network ? s.network : "sum");
    ask.budget_us = (uint32_t)(1e6 * s.budget);
    ask.features.data = packet;
    ask.features.len = isnan(s.value) ? 0 : tdm_features_pack(values, size, away, 32, packet);
    const size_t count = tandem__cloud__ask__pack(&ask, bytes);
    tdm_desk_take(desk, (const uint8_t *)&s.client, 1, bytes, count, s.now);
}

static void replied(int index, char client, uint64_t number, Tandem__Cloud__Refusal refusal)
{
    assert_true(index < sent_count);
    assert_int_equal(sent[index].client, client);
    assert_int_equal(sent[index].reply->number, number);
    assert_int_equal(sent[index].reply->refusal, refusal);
    assert_int_equal(sent[index].reply->version, 1);
    assert_int_equal(sent[index].reply->reason[0] != '\0', refusal != 0);
}

static void near(double a, double b)
{
    assert_true(fabs(a - b) < 1e-9);
}

static void it_describes_networks(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, .value = NAN});
    replied(0, 'a', 1, TANDEM__CLOUD__REFUSAL__NONE);
    assert_int_equal(sent[0].reply->channels, 2);
    assert_int_equal(sent[0].reply->plane, 2);
    assert_int_equal(sent[0].reply->classes, 2);
    assert_int_equal(sent[0].reply->share, 4);
    assert_true(isinf(tdm_desk_due(desk)));
    close_desk(desk);
}

static void a_lonely_ask_waits_its_patience(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, .value = 2, .now = 5});
    near(tdm_desk_due(desk), 5.01);
    tdm_desk_run(desk, 5.009);
    assert_int_equal(sent_count, 0);
    tdm_desk_run(desk, 5.011);
    replied(0, 'a', 1, TANDEM__CLOUD__REFUSAL__NONE);
    assert_int_equal(sent[0].reply->n_logits, 2);
    near((double)sent[0].reply->logits[0], 8);
    near((double)sent[0].reply->logits[1], 1);
    assert_int_equal(sent[0].reply->batch, 1);
    assert_in_range(sent[0].reply->queued_us, 10999, 11001);
    assert_true(isinf(tdm_desk_due(desk)));
    close_desk(desk);
}

static void a_full_batch_runs_at_once_in_order(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, .value = 1, .now = 1});
    take(desk, (struct sending){'b', 7, .value = 2, .now = 1.001});
    take(desk, (struct sending){'a', 2, .value = 3, .now = 1.002});
    take(desk, (struct sending){'b', 8, .value = 4, .now = 1.003});
    assert_true(tdm_desk_due(desk) <= 1.003);
    tdm_desk_run(desk, 1.003);
    assert_int_equal(sent_count, 3);
    static const struct {
        char client;
        uint64_t number;
        double sum;
    } wanted[] = {{'a', 1, 4}, {'b', 7, 8}, {'a', 2, 12}};
    for (int i = 0; i < 3; i++) {
        replied(i, wanted[i].client, wanted[i].number, TANDEM__CLOUD__REFUSAL__NONE);
        near((double)sent[i].reply->logits[0], wanted[i].sum);
        assert_int_equal(sent[i].reply->batch, 3);
    }
    near(tdm_desk_due(desk), 1.013); // the fourth waits on
    tdm_desk_run(desk, 1.013);
    replied(3, 'b', 8, TANDEM__CLOUD__REFUSAL__NONE);
    assert_int_equal(tdm_desk_counts(desk).batches, 2);
    close_desk(desk);
}

static void a_budget_comes_before_patience(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, .value = 1, .now = 1});
    take(desk, (struct sending){'b', 1, .value = 1, .budget = 0.002, .now = 1.001});
    near(tdm_desk_due(desk), 1.002); // half of it
    tdm_desk_run(desk, 1.004);       // too late for b
    assert_int_equal(sent_count, 2);
    replied(0, 'b', 1, TANDEM__CLOUD__REFUSAL__LATE);
    replied(1, 'a', 1, TANDEM__CLOUD__REFUSAL__NONE);
    assert_int_equal(sent[1].reply->batch, 1);
    close_desk(desk);
}

static void numbers_rise(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 5, .value = NAN});
    take(desk, (struct sending){'a', 5, .value = 1});
    take(desk, (struct sending){'a', 4, .value = 1});
    take(desk, (struct sending){'b', 4, .value = NAN}); // another's numbers are its own
    replied(1, 'a', 5, TANDEM__CLOUD__REFUSAL__ORDER);
    replied(2, 'a', 4, TANDEM__CLOUD__REFUSAL__ORDER);
    replied(3, 'b', 4, TANDEM__CLOUD__REFUSAL__NONE);
    close_desk(desk);
}

static void what_is_wrong_is_refused(void **state)
{
    static const uint8_t junk[300] = {0x0a, 0xff, 1};
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, "nosuch", .value = 1});
    take(desk, (struct sending){'a', 2, .value = 1, .version = 2});
    take(desk, (struct sending){'a', 3, "not a name", .value = 1});
    take(desk, (struct sending){'a', 0, .value = NAN});
    replied(0, 'a', 1, TANDEM__CLOUD__REFUSAL__UNKNOWN);
    replied(1, 'a', 2, TANDEM__CLOUD__REFUSAL__VERSION);
    replied(2, 'a', 0, TANDEM__CLOUD__REFUSAL__MALFORMED);
    replied(3, 'a', 0, TANDEM__CLOUD__REFUSAL__MALFORMED);
    tdm_desk_take(desk, (const uint8_t *)"a", 1, junk, sizeof junk, 0);
    replied(4, 'a', 0, TANDEM__CLOUD__REFUSAL__MALFORMED);
    tdm_desk_take(desk, (const uint8_t *)"a", 1, junk, 0, 0);
    replied(5, 'a', 0, TANDEM__CLOUD__REFUSAL__MALFORMED);
    tdm_desk_take(desk, (const uint8_t *)"a", 0, junk, 1, 0); // from nobody: no reply
    tdm_desk_take(desk, junk, sizeof junk, junk, 1, 0);
    assert_int_equal(sent_count, 6);
    assert_int_equal(tdm_desk_counts(desk).malformed, 4);
    assert_true(isinf(tdm_desk_due(desk)));
    close_desk(desk);
}

static void an_infinite_feature_hurts_its_sender_alone(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, .value = INFINITY, .now = 1});
    take(desk, (struct sending){'b', 1, .value = 5, .now = 1});
    tdm_desk_run(desk, 2);
    replied(0, 'a', 1, TANDEM__CLOUD__REFUSAL__MALFORMED);
    replied(1, 'b', 1, TANDEM__CLOUD__REFUSAL__NONE);
    near((double)sent[1].reply->logits[0], 20);
    close_desk(desk);
}

static void queues_end(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    for (uint64_t i = 1; i <= 5; i++)
        take(desk, (struct sending){'a', i, .value = 1, .now = 1});
    assert_int_equal(sent_count, 1);
    replied(0, 'a', 5, TANDEM__CLOUD__REFUSAL__BUSY); // its share is 4
    take(desk, (struct sending){'b', 1, .value = 1, .now = 1});
    take(desk, (struct sending){'b', 2, .value = 1, .now = 1});
    assert_int_equal(sent_count, 2);
    replied(1, 'b', 2, TANDEM__CLOUD__REFUSAL__BUSY); // the queue holds 5
    for (int i = 0; i < 4; i++)
        tdm_desk_run(desk, 2);
    assert_int_equal(sent_count, 7);
    take(desk, (struct sending){'b', 3, .value = 1, .now = 3}); // there is room again
    tdm_desk_run(desk, 4);
    replied(7, 'b', 3, TANDEM__CLOUD__REFUSAL__NONE);
    close_desk(desk);
}

// Of another network, with packets so large that the queue has places for them but no bytes.
static void large_features_fill_the_queue_sooner(void **state)
{
    static const struct tdm_features large = {2, 40};
    static const bool away[] = {true, false};
    const struct tdm_desk_network network = {"large", large, 2, put, run_sum, NULL};
    static float values[80];
    uint8_t packet[400], bytes[512];
    (void)state;
    struct tdm_desk *desk = open_desk();
    assert_int_equal(tdm_desk_add(desk, &network, NULL), 0);
    take(desk, (struct sending){'b', 1, .value = 1, .now = 1});
    Tandem__Cloud__Ask ask = TANDEM__CLOUD__ASK__INIT;
    ask.version = 1;
    ask.number = 1;
    ask.network = (char *)(uintptr_t) "large";
    ask.features.data = packet;
    ask.features.len = tdm_features_pack(values, large, away, 32, packet);
    assert_true(ask.features.len > BYTES - PACKET);
    const size_t count = tandem__cloud__ask__pack(&ask, bytes);
    tdm_desk_take(desk, (const uint8_t *)"a", 1, bytes, count, 1);
    replied(0, 'a', 1, TANDEM__CLOUD__REFUSAL__BUSY);
    take(desk, (struct sending){'b', 2, .value = 1, .now = 1}); // smaller ones still come in
    assert_int_equal(sent_count, 1);
    close_desk(desk);
}

static void the_silent_make_room(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 9, .value = 1, .now = 0}); // waits, so it stays
    take(desk, (struct sending){'b', 9, .value = NAN, .now = 1});
    take(desk, (struct sending){'c', 9, .value = NAN, .now = 2});
    take(desk, (struct sending){'d', 2, .value = 1, .now = 3}); // in b's place
    take(desk, (struct sending){'c', 9, .value = NAN, .now = 4});
    replied(2, 'c', 9, TANDEM__CLOUD__REFUSAL__ORDER); // c is still known
    take(desk, (struct sending){'c', 10, .value = 1, .now = 4});
    take(desk, (struct sending){'e', 1, .value = 1, .now = 5}); // all have asks waiting
    replied(3, 'e', 1, TANDEM__CLOUD__REFUSAL__BUSY);
    tdm_desk_run(desk, 6);
    replied(4, 'a', 9, TANDEM__CLOUD__REFUSAL__NONE);
    replied(5, 'd', 2, TANDEM__CLOUD__REFUSAL__NONE);
    replied(6, 'c', 10, TANDEM__CLOUD__REFUSAL__NONE);
    take(desk, (struct sending){'e', 2, .value = NAN, .now = 7});
    replied(7, 'e', 2, TANDEM__CLOUD__REFUSAL__NONE);
    close_desk(desk);
}

static void what_cannot_be_run_is_said(void **state)
{
    (void)state;
    struct tdm_desk *desk = open_desk();
    take(desk, (struct sending){'a', 1, "broken", .value = 1, .now = 1});
    take(desk, (struct sending){'a', 2, .value = 1, .now = 1});
    tdm_desk_run(desk, 2);
    tdm_desk_run(desk, 2);
    assert_int_equal(sent_count, 2);
    const int broken = sent[0].reply->number == 1 ? 0 : 1; // both were due
    replied(broken, 'a', 1, TANDEM__CLOUD__REFUSAL__FAILED);
    assert_string_equal(sent[broken].reply->reason, "out of order");
    replied(1 - broken, 'a', 2, TANDEM__CLOUD__REFUSAL__NONE);
    close_desk(desk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_describes_networks),
        cmocka_unit_test(a_lonely_ask_waits_its_patience),
        cmocka_unit_test(a_full_batch_runs_at_once_in_order),
        cmocka_unit_test(a_budget_comes_before_patience),
        cmocka_unit_test(numbers_rise),
        cmocka_unit_test(what_is_wrong_is_refused),
        cmocka_unit_test(an_infinite_feature_hurts_its_sender_alone),
        cmocka_unit_test(queues_end),
        cmocka_unit_test(large_features_fill_the_queue_sooner),
        cmocka_unit_test(the_silent_make_room),
        cmocka_unit_test(what_cannot_be_run_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Which channels are sent, and how they travel: packets written down by hand.
#include "hil/inference/features.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct tdm_features small = {3, 2};

static void the_least_important_go(void **state)
{
    static const float importance[] = {0.5F, 0.1F, 0.9F, 0.1F, 0.5F};
    static const bool wanted[][5] = {
        {false, false, false, false, false}, {false, false, false, true, false},
        {false, true, false, true, false},   {false, true, false, true, true},
        {true, true, false, true, true},     {true, true, true, true, true}};
    bool away[5];
    (void)state;
    for (int sent = 0; sent <= 5; sent++) {
        tdm_features_choose(importance, 5, sent, away);
        assert_memory_equal(away, wanted[sent], sizeof away);
    }
    assert_int_equal(tdm_features_sent(32, 0), 0);
    assert_int_equal(tdm_features_sent(32, 0.01), 0);
    assert_int_equal(tdm_features_sent(32, 0.02), 1);
    assert_int_equal(tdm_features_sent(32, 0.5), 16);
    assert_int_equal(tdm_features_sent(32, 1), 32);
}

// Channels 0 and 2 go: 1.5, 4, -2, 0. Over 3 bits: least -2, step 6/7, numbers 4 (4.08), 7, 0,
// 2 (2.33): from the lowest bit 001 111 000 010, so 0x3c, 0x04.
static void a_packet_by_hand(void **state)
{
    static const float values[] = {1.5F, 4, 9, 9, -2, 0};
    static const bool away[] = {true, false, true};
    uint8_t packet[64];
    float back[6];
    struct tdm_error error = {0};
    (void)state;
    assert_int_equal(tdm_packet_bytes(small, 2, 3), 16 + 1 + 2);
    assert_int_equal(tdm_features_pack(values, small, away, 3, packet), 19);
    static const uint8_t head[] = {1, 3, 3, 0, 2, 0, 0, 0, 0x00, 0x00, 0x00, 0xc0}; // -2.0F
    assert_memory_equal(packet, head, sizeof head);
    assert_int_equal(packet[16], 5); // channels 0 and 2
    assert_int_equal(packet[17], 0x3c);
    assert_int_equal(packet[18], 0x04);
    assert_int_equal(tdm_features_unpack(packet, 19, small, back, &error), 0);
    static const double wanted[] = {-2 + 4 * 6 / 7.0, 4, 0, 0, -2, -2 + 2 * 6 / 7.0};
    for (int i = 0; i < 6; i++)
        assert_true(fabs((double)back[i] - wanted[i]) < 1e-6);
}

static void every_width_is_off_by_half_a_step_at_most(void **state)
{
    enum { CHANNELS = 37, PLANE = 13, VALUES = CHANNELS * PLANE };
    const struct tdm_features size = {CHANNELS, PLANE};
    static float values[VALUES], back[VALUES];
    static uint8_t packet[16 + 5 + 4 * VALUES];
    bool away[CHANNELS];
    struct tdm_error error = {0};
    int sent = 0;
    (void)state;
    srand(5); // any numbers do
    for (int i = 0; i < VALUES; i++)
        values[i] = (float)rand() / (float)RAND_MAX * 20 - 7;
    for (int c = 0; c < CHANNELS; c++)
        sent += away[c] = c % 3 != 1;
    for (int bits = 1; bits <= 32; bits = bits == 16 ? 32 : bits + 1) {
        const size_t bytes = tdm_features_pack(values, size, away, bits, packet);
        assert_int_equal(bytes, tdm_packet_bytes(size, sent, bits));
        assert_int_equal(tdm_features_unpack(packet, bytes, size, back, &error), 0);
        const double half = bits == 32 ? 0 : 20.0 / (pow(2, bits) - 1) / 2 + 2e-6;
        for (int i = 0; i < VALUES; i++)
            if (away[i / PLANE])
                assert_true(fabs((double)back[i] - (double)values[i]) <= half);
            else
                assert_true(back[i] == 0);
    }
}

static void equal_values_survive(void **state)
{
    static const float values[] = {3.25F, 3.25F, 3.25F, 3.25F, 3.25F, 3.25F};
    static const bool away[] = {true, true, true}, none[] = {false, false, false};
    uint8_t packet[64];
    float back[6];
    (void)state;
    const size_t bytes = tdm_features_pack(values, small, away, 8, packet);
    assert_int_equal(tdm_features_unpack(packet, bytes, small, back, NULL), 0);
    assert_memory_equal(back, values, sizeof back);
    assert_int_equal(tdm_features_pack(values, small, none, 8, packet), 17);
    assert_int_equal(tdm_features_unpack(packet, 17, small, back, NULL), 0);
    for (int i = 0; i < 6; i++)
        assert_true(back[i] == 0);
}

static void refused(const uint8_t *packet, size_t bytes, const char *part)
{
    float back[6];
    struct tdm_error error = {0};
    assert_int_equal(tdm_features_unpack(packet, bytes, small, back, &error), -1);
    assert_non_null(strstr(error.message, part));
}

static void what_is_no_packet_is_refused(void **state)
{
    static const float values[] = {1, 4, 9, 9, -2, 0};
    static const bool away[] = {true, false, true};
    uint8_t good[64], bad[64];
    (void)state;
    const size_t bytes = tdm_features_pack(values, small, away, 32, good);
    for (size_t cut = 0; cut < bytes; cut++)
        refused(good, cut, cut < 16 ? "not a packet" : cut < 17 ? "cut off" : "where 2 channels");
    refused(good, bytes + 1, "where 2 channels take");
    static const struct {
        size_t at;
        uint8_t value;
        const char *part;
    } changes[] = {{0, 2, "not a packet"},    {1, 0, "not a packet"},     {1, 17, "not a packet"},
                   {2, 4, "are needed"},      {7, 1, "are needed"},       {11, 0x7f, "range"},
                   {16, 13, "more channels"}, {16, 4, "1 channels take"}, {20, 0x7f, "not finite"}};
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        memcpy(bad, good, bytes);
        bad[changes[i].at] = changes[i].value;
        if (changes[i].value == 0x7f)
            bad[changes[i].at - 1] = 0x80; // infinite
        refused(bad, bytes, changes[i].part);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_important_go),
        cmocka_unit_test(a_packet_by_hand),
        cmocka_unit_test(every_width_is_off_by_half_a_step_at_most),
        cmocka_unit_test(equal_values_survive),
        cmocka_unit_test(what_is_no_packet_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

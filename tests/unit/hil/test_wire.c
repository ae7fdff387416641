// SPDX-License-Identifier: GPL-3.0-or-later
/** Orders and answers over the wire: what comes back, and what is refused. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/wire/message.h"

// Packs and reads it.
static enum tdm_refusal there(const struct tdm_order *order, struct tdm_order *back)
{
    size_t size;
    struct tdm_order sent = *order;
    sent.session = order->kind == TDM_ORDER_HELLO ? 0 : 1ull << 63;
    uint8_t *bytes = tdm_message_of_order(&sent, &size);
    assert_non_null(bytes);
    const enum tdm_refusal refusal = tdm_message_order(bytes, size, back, NULL);
    free(bytes);
    return refusal;
}

static struct tdm_order setting_of(enum tdm_clock_way way, double hz)
{
    struct tdm_order order = {.kind = TDM_ORDER_SET, .number = 7, .setting = tdm_setting_none()};
    order.setting.way[TDM_GPU] = way;
    order.setting.hz[TDM_GPU] = hz;
    return order;
}

static struct tdm_order work_of(const char *dnn, double share)
{
    struct tdm_order order = {
        .kind = TDM_ORDER_RUN, .number = 8, .work = {.batch = 2, .share = share}};
    snprintf(order.names[0], sizeof order.names[0], "%s", dnn);
    return order;
}

static struct tdm_order plan_of(const char *dnn, double xi)
{
    struct tdm_order order = {.kind = TDM_ORDER_INFER, .number = 9};
    strcpy(order.names[0], dnn);
    order.infer = (struct tdm_infer){.head = 0.5,
                                     .local = 0.125,
                                     .xi = xi,
                                     .bits = 8,
                                     .lambda = 0.75,
                                     .server = "tcp://cloud:7464",
                                     .patience = 2,
                                     .features = 2048,
                                     .picture = 1ull << 40};
    return order;
}

static void orders_come_as_they_went(void **state)
{
    (void)state;
    struct tdm_order back, set = setting_of(TDM_PIN, 921.6e6);
    set.setting.way[TDM_CPU] = TDM_GOVERN;
    strcpy(set.setting.governor[TDM_CPU], "schedutil");
    set.setting.cores = 3;
    set.setting.fan = 0;
    set.setting.railgate = -1;
    assert_int_equal(there(&set, &back), TDM_REFUSAL_NONE);
    assert_int_equal(back.kind, TDM_ORDER_SET);
    assert_int_equal(back.number, 7);
    assert_memory_equal(&back.setting, &set.setting, sizeof set.setting);

    const struct tdm_order run = work_of("vit-b16", 0.375);
    assert_int_equal(there(&run, &back), TDM_REFUSAL_NONE);
    const struct tdm_vwork_job work = tdm_order_work(&back);
    assert_string_equal(work.dnn, "vit-b16");
    assert_null(work.mode);
    assert_int_equal(work.batch, 2);
    assert_true(work.share == 0.375);

    struct tdm_order take = {.kind = TDM_ORDER_TAKE, .number = 1, .lease = 0.5};
    strcpy(take.who, "me at home");
    assert_int_equal(there(&take, &back), TDM_REFUSAL_NONE);
    assert_string_equal(back.who, "me at home");
    assert_true(back.lease == 0.5);

    const struct tdm_order infer = plan_of("digits", 0.25);
    assert_int_equal(there(&infer, &back), TDM_REFUSAL_NONE);
    assert_string_equal(tdm_order_work(&back).dnn, "digits");
    assert_string_equal(back.infer.server, "tcp://cloud:7464");
    assert_true(back.infer.head == 0.5 && back.infer.local == 0.125 && back.infer.xi == 0.25);
    assert_true(back.infer.lambda == 0.75 && back.infer.patience == 2 &&
                back.infer.features == 2048);
    assert_int_equal(back.infer.bits, 8);
    assert_true(back.infer.picture == 1ull << 40 && !back.infer.leave);
    struct tdm_order leaving = plan_of("digits", 0);
    leaving.infer.leave = true;
    assert_int_equal(there(&leaving, &back), TDM_REFUSAL_NONE);
    assert_true(back.infer.leave && back.infer.xi == 0);

    const enum tdm_order_kind bare[] = {TDM_ORDER_HELLO, TDM_ORDER_RENEW, TDM_ORDER_RELEASE,
                                        TDM_ORDER_LOOK, TDM_ORDER_READ};
    for (size_t i = 0; i < sizeof bare / sizeof *bare; i++) {
        const struct tdm_order order = {.kind = bare[i], .number = UINT64_MAX};
        assert_int_equal(there(&order, &back), TDM_REFUSAL_NONE);
        assert_int_equal(back.kind, bare[i]);
        assert_true(back.number == UINT64_MAX);
    }
}

static void what_is_out_of_bounds_is_refused(void **state)
{
    (void)state;
    struct tdm_order back, cores = setting_of(TDM_KEEP, 0), governor = cores, fan = cores;
    cores.setting.cores = 1025;
    strcpy(governor.setting.governor[TDM_CPU], "two words");
    fan.setting.fan = 256;
    struct tdm_order nowhere = plan_of("digits", 0.25), bits = nowhere, xi = nowhere,
                     patience = nowhere, blank = nowhere, leaving = nowhere;
    nowhere.infer.server[0] = '\0';
    bits.infer.bits = 17;
    xi.infer.xi = 1.25;
    patience.infer.patience = NAN;
    strcpy(blank.infer.server, "tcp://a b");
    leaving.infer.leave = true; // and features are sent
    const struct tdm_order wrong[] = {
        nowhere,
        leaving,
        bits,
        xi,
        patience,
        blank,
        plan_of("", 0),
        setting_of(TDM_PIN, NAN),
        setting_of(TDM_PIN, INFINITY),
        setting_of(TDM_PIN, -1),
        setting_of((enum tdm_clock_way)3, 1e9),
        cores,
        governor,
        fan,
        work_of("vit-b16", 0),
        work_of("vit-b16", 1.01),
        work_of("vit-b16", NAN),
        work_of("a b", 1),
        work_of("a=b", 1),
        work_of("a\nb", 1),
        work_of("", 1), // CPU work without a time
        {.kind = TDM_ORDER_TAKE, .number = 1, .lease = 0.01},
        {.kind = TDM_ORDER_TAKE, .number = 1, .lease = NAN},
        {.kind = TDM_ORDER_REST, .number = 1, .seconds = -1},
        {.kind = TDM_ORDER_REST, .number = 1, .seconds = 3601},
        {.kind = TDM_ORDER_HELLO, .number = 0},
        {.kind = TDM_ORDER_NONE, .number = 1},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (there(&wrong[i], &back) != TDM_REFUSAL_MALFORMED)
            fail_msg("order %zu was taken", i);
}

// Written by hand after protobuf's encoding: a field's key is its number times 8, and its form.
static void other_messages_are_refused(void **state)
{
    (void)state;
    static const struct {
        uint8_t bytes[40];
        size_t size;
        enum tdm_refusal refusal;
    } cases[] = {
        {{0x08, 1, 0x10, 5, 0x1a, 0}, 6, TDM_REFUSAL_NONE},               // hello
        {{0x08, 2, 0x10, 5, 0x1a, 0}, 6, TDM_REFUSAL_VERSION},            // of version 2
        {{0x08, 1, 0x10, 5, 0x1a, 0, 0x78, 1}, 8, TDM_REFUSAL_MALFORMED}, // and field 15
        {{0x08, 1, 0x10, 5, 0x1a, 9}, 6, TDM_REFUSAL_MALFORMED},          // cut off
        {{0x08, 1, 0x10, 5}, 4, TDM_REFUSAL_MALFORMED},                   // no order
        {{0x08, 1, 0x1a, 0}, 4, TDM_REFUSAL_MALFORMED},                   // no number
        {{0x08, 1, 0x10, 5, 0x3a, 0, 0x68, 7}, 8, TDM_REFUSAL_MALFORMED}, // set, without clocks
        {{0x08, 1, 0x10, 5, 0x2a, 0, 0x68, 7}, 8, TDM_REFUSAL_NONE},      // renew, of session 7
        {{0x08, 1, 0x10, 5, 0x2a, 0}, 6, TDM_REFUSAL_MALFORMED},          // of none
        {{0x08, 1, 0x10, 5, 0x1a, 0, 0x68, 7}, 8, TDM_REFUSAL_MALFORMED}, // hello, of one
        {{0x08, 1, 0x10, 5, 0x2a, 2, 0x78, 1, 0x68, 7}, 10, TDM_REFUSAL_MALFORMED}, // renew, more
        {{0xff, 0xff}, 2, TDM_REFUSAL_MALFORMED},
        {{0}, 0, TDM_REFUSAL_VERSION}, // nothing: of version 0
    };
    struct tdm_order order;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (tdm_message_order(cases[i].bytes, cases[i].size, &order, NULL) != cases[i].refusal)
            fail_msg("message %zu", i);
    assert_int_equal(tdm_message_order(cases[1].bytes, 6, &order, NULL), TDM_REFUSAL_VERSION);
    assert_int_equal(order.number, 5); // so that the refusal can say whose it is
    uint8_t *large = calloc(1, TDM_WIRE_LARGEST_REQUEST + 1);
    assert_non_null(large);
    assert_int_equal(tdm_message_order(large, TDM_WIRE_LARGEST_REQUEST + 1, &order, NULL),
                     TDM_REFUSAL_MALFORMED);
    free(large);
}

static int answer_there(const struct tdm_answer *answer, struct tdm_answer *back)
{
    size_t size;
    uint8_t *bytes = tdm_message_of_answer(answer, &size);
    assert_non_null(bytes);
    const int status = tdm_message_answer(bytes, size, back);
    free(bytes);
    return status;
}

static struct tdm_answer welcome(void)
{
    struct tdm_answer answer = {.kind = TDM_ORDER_HELLO, .number = 3};
    struct tdm_agent_welcome *w = &answer.welcome;
    strcpy(w->agent, "0.1.0");
    strcpy(w->board, "xavier-nx");
    strcpy(w->variant, "JetPack 5");
    strcpy(w->covers, "VDD_IN");
    strcpy(w->executors[w->executor_count++], "vboard");
    strcpy(w->rails[w->rail_count++], "VDD_IN");
    strcpy(w->rails[w->rail_count++], "VDD_SOC");
    w->cores = 6;
    w->sensor_period = 0.02;
    w->lease = 2;
    w->opps[TDM_GPU].count = 2;
    w->opps[TDM_GPU].hz[0] = 114.75e6;
    w->opps[TDM_GPU].hz[1] = 1109.25e6;
    return answer;
}

static void answers_come_as_they_went(void **state)
{
    (void)state;
    struct tdm_answer back;
    const struct tdm_answer hello = welcome();
    assert_int_equal(answer_there(&hello, &back), 0);
    assert_int_equal(back.kind, TDM_ORDER_HELLO);
    assert_memory_equal(&back.welcome, &hello.welcome, sizeof hello.welcome);

    struct tdm_answer segment = {.kind = TDM_ORDER_RUN,
                                 .segment = {.seconds = 0.25,
                                             .joules = 1.5,
                                             .error = NAN,
                                             .rail = {1, NAN},
                                             .rail_count = 2,
                                             .temperature = 41.5,
                                             .hz = {1e9, 2e9, NAN},
                                             .throttled = true}};
    assert_int_equal(answer_there(&segment, &back), 0);
    assert_true(back.segment.seconds == 0.25 && back.segment.joules == 1.5);
    assert_true(isnan(back.segment.error) && isnan(back.segment.rail[1]) &&
                isnan(back.segment.hz[2]));
    assert_true(back.segment.throttled && back.segment.rail_count == 2);

    struct tdm_answer plan = segment;
    plan.kind = TDM_ORDER_INFER;
    plan.inference = (struct tdm_inference){.head = 1,
                                            .packing = 2,
                                            .local = 3,
                                            .trip = 4,
                                            .queued = 0.5,
                                            .ran = 0.25,
                                            .cold = 5,
                                            .rtt = NAN,
                                            .sent = 276,
                                            .received = 40,
                                            .right = -1};
    assert_int_equal(answer_there(&plan, &back), 0);
    assert_true(back.inference.head == 1 && back.inference.packing == 2 &&
                back.inference.local == 3 && back.inference.trip == 4);
    assert_true(back.inference.queued == 0.5 && back.inference.ran == 0.25 &&
                back.inference.cold == 5 && isnan(back.inference.rtt));
    assert_true(back.inference.sent == 276 && back.inference.received == 40);
    assert_int_equal(back.inference.right, -1);
    assert_true(back.segment.seconds == 0.25 && back.segment.rail_count == 2);
    plan.inference.trip = -1;
    assert_int_equal(answer_there(&plan, &back), -1);

    struct tdm_answer report = {.kind = TDM_ORDER_SET, .seconds = 0.01};
    report.report.clock[TDM_EMC].finding = TDM_FINDING_CAPPED;
    report.report.clock[TDM_EMC].hz = 1.6e9;
    strcpy(report.report.clock[TDM_EMC].why, "a cap of 1.6 GHz");
    report.report.fan.hz = NAN;
    report.report.cores_online = 4;
    assert_int_equal(answer_there(&report, &back), 0);
    assert_int_equal(back.report.clock[TDM_EMC].finding, TDM_FINDING_CAPPED);
    assert_string_equal(back.report.clock[TDM_EMC].why, "a cap of 1.6 GHz");
    assert_int_equal(back.report.cores_online, 4);

    const struct tdm_answer refused = {
        .number = 9, .refusal = TDM_REFUSAL_HELD, .reason = "somebody has the board"};
    assert_int_equal(answer_there(&refused, &back), 0);
    assert_int_equal(back.refusal, TDM_REFUSAL_HELD);
    assert_string_equal(back.reason, "somebody has the board");
}

static void answers_that_lie_are_none(void **state)
{
    (void)state;
    struct tdm_answer back, falling = welcome(), endless = welcome(), escape = welcome(),
                            csi = welcome(), umlaut = welcome();
    falling.welcome.opps[TDM_GPU].hz[1] = 1e6;
    endless.welcome.lease = INFINITY;
    strcpy(escape.welcome.board, "\033[2J");
    strcpy(csi.welcome.board, "\302\2332J");
    strcpy(umlaut.welcome.board, "gr\303\274n");
    assert_int_equal(answer_there(&falling, &back), -1);
    assert_int_equal(answer_there(&endless, &back), -1);
    assert_int_equal(answer_there(&escape, &back), -1);
    assert_int_equal(answer_there(&csi, &back), -1);
    assert_int_equal(answer_there(&umlaut, &back), 0);
    const struct tdm_answer infinite = {.kind = TDM_ORDER_RUN,
                                        .segment = {.seconds = 1, .joules = INFINITY}};
    assert_int_equal(answer_there(&infinite, &back), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_come_as_they_went),
        cmocka_unit_test(what_is_out_of_bounds_is_refused),
        cmocka_unit_test(other_messages_are_refused),
        cmocka_unit_test(answers_come_as_they_went),
        cmocka_unit_test(answers_that_lie_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// SPDX-License-Identifier: GPL-3.0-or-later
// Replies: from memory.
#include <stdlib.h>
#include <string.h>

#include "hil/wire/message.h"
#include "hil/wire/wire.pb-c.h"

enum { OTHERS = 3 }; // cores, fan, rail gate

// All that a reply may point to.
struct parts {
    Tandem__Wire__Welcome welcome;
    Tandem__Wire__Table tables[TDM_DOMAINS], *table_list[TDM_DOMAINS];
    char *executors[TDM_AGENT_EXECUTORS], *rails[TDM_AGENT_RAILS];
    Tandem__Wire__Report report;
    Tandem__Wire__InForce clocks[TDM_DOMAINS], *clock_list[TDM_DOMAINS], others[OTHERS];
    Tandem__Wire__Segment segment;
    Tandem__Wire__Readings readings;
    Tandem__Wire__Released released;
    Tandem__Wire__Inference inference;
};

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; // protobuf-c only reads what it packs
}

static double *numbers_of(const double *numbers)
{
    return (double *)(uintptr_t)numbers;
}

static void put_welcome(struct parts *parts, const struct tdm_agent_welcome *from)
{
    Tandem__Wire__Welcome *welcome = &parts->welcome;
    tandem__wire__welcome__init(welcome);
    welcome->agent = text_of(from->agent);
    welcome->board = text_of(from->board);
    welcome->variant = text_of(from->variant);
    welcome->real = from->real;
    welcome->cores = (uint32_t)from->cores;
    welcome->covers = text_of(from->covers);
    welcome->sensor_period = from->sensor_period;
    welcome->lease = from->lease;
    welcome->session = from->session;
    for (int d = 0; d < TDM_DOMAINS; d++) {
        tandem__wire__table__init(&parts->tables[d]);
        parts->tables[d].n_hz = (size_t)from->opps[d].count;
        parts->tables[d].hz = numbers_of(from->opps[d].hz);
        parts->table_list[d] = &parts->tables[d];
    }
    welcome->n_opps = TDM_DOMAINS;
    welcome->opps = parts->table_list;
    for (int i = 0; i < from->executor_count; i++)
        parts->executors[i] = text_of(from->executors[i]);
    welcome->n_executors = (size_t)from->executor_count;
    welcome->executors = parts->executors;
    for (int i = 0; i < from->rail_count; i++)
        parts->rails[i] = text_of(from->rails[i]);
    welcome->n_rails = (size_t)from->rail_count;
    welcome->rails = parts->rails;
}

static void put_in_force(Tandem__Wire__InForce *into, const struct tdm_in_force *from)
{
    tandem__wire__in_force__init(into);
    into->finding = (uint32_t)from->finding;
    into->hz = from->hz;
    into->why = text_of(from->why);
}

static void put_report(struct parts *parts, const struct tdm_answer *answer)
{
    Tandem__Wire__Report *report = &parts->report;
    const struct tdm_report *from = &answer->report;
    tandem__wire__report__init(report);
    for (int d = 0; d < TDM_DOMAINS; d++) {
        put_in_force(&parts->clocks[d], &from->clock[d]);
        parts->clock_list[d] = &parts->clocks[d];
    }
    report->n_clocks = TDM_DOMAINS;
    report->clocks = parts->clock_list;
    put_in_force(&parts->others[0], &from->cores);
    put_in_force(&parts->others[1], &from->fan);
    put_in_force(&parts->others[2], &from->railgate);
    report->cores = &parts->others[0];
    report->fan = &parts->others[1];
    report->railgate = &parts->others[2];
    report->cores_online = (uint32_t)from->cores_online;
    report->seconds = answer->seconds;
}

static void put_segment(struct parts *parts, const struct tdm_agent_segment *from)
{
    Tandem__Wire__Segment *segment = &parts->segment;
    tandem__wire__segment__init(segment);
    segment->seconds = from->seconds;
    segment->joules = from->joules;
    segment->error = from->error;
    segment->n_rails = (size_t)from->rail_count;
    segment->rails = numbers_of(from->rail);
    segment->temperature = from->temperature;
    segment->n_hz = TDM_DOMAINS;
    segment->hz = numbers_of(from->hz);
    segment->throttled = from->throttled;
}

static void put_inference(struct parts *parts, const struct tdm_inference *from)
{
    Tandem__Wire__Inference *inference = &parts->inference;
    tandem__wire__inference__init(inference);
    inference->segment = &parts->segment;
    inference->head = from->head;
    inference->packing = from->packing;
    inference->local = from->local;
    inference->trip = from->trip;
    inference->queued = from->queued;
    inference->ran = from->ran;
    inference->cold = from->cold;
    inference->rtt = from->rtt;
    inference->sent = from->sent;
    inference->received = from->received;
    inference->right = from->right;
}

static void put_readings(struct parts *parts, const struct tdm_agent_readings *from)
{
    Tandem__Wire__Readings *readings = &parts->readings;
    tandem__wire__readings__init(readings);
    readings->power = from->power;
    readings->temperature = from->temperature;
    readings->n_hz = TDM_DOMAINS;
    readings->hz = numbers_of(from->hz);
    readings->throttled = from->throttled;
}

static void put_answer(Tandem__Wire__Reply *reply, struct parts *parts,
                       const struct tdm_answer *answer)
{
    switch (answer->kind) {
    case TDM_ORDER_HELLO:
        put_welcome(parts, &answer->welcome);
        reply->answer_case = TANDEM__WIRE__REPLY__ANSWER_WELCOME;
        reply->welcome = &parts->welcome;
        break;
    case TDM_ORDER_SET:
    case TDM_ORDER_LOOK:
        put_report(parts, answer);
        reply->answer_case = TANDEM__WIRE__REPLY__ANSWER_REPORT;
        reply->report = &parts->report;
        break;
    case TDM_ORDER_RUN:
    case TDM_ORDER_REST:
        put_segment(parts, &answer->segment);
        reply->answer_case = TANDEM__WIRE__REPLY__ANSWER_SEGMENT;
        reply->segment = &parts->segment;
        break;
    case TDM_ORDER_INFER:
        put_segment(parts, &answer->segment);
        put_inference(parts, &answer->inference);
        reply->answer_case = TANDEM__WIRE__REPLY__ANSWER_INFERENCE;
        reply->inference = &parts->inference;
        break;
    case TDM_ORDER_READ:
        put_readings(parts, &answer->readings);
        reply->answer_case = TANDEM__WIRE__REPLY__ANSWER_READINGS;
        reply->readings = &parts->readings;
        break;
    case TDM_ORDER_RELEASE:
        tandem__wire__released__init(&parts->released);
        parts->released.wrong = (uint32_t)answer->wrong;
        reply->answer_case = TANDEM__WIRE__REPLY__ANSWER_RELEASED;
        reply->released = &parts->released;
        break;
    case TDM_ORDER_NONE:
    case TDM_ORDER_TAKE:
    case TDM_ORDER_RENEW:
        break;
    }
}

uint8_t *tdm_message_of_answer(const struct tdm_answer *answer, size_t *size)
{
    struct parts parts;
    Tandem__Wire__Reply reply = TANDEM__WIRE__REPLY__INIT;
    reply.version = TDM_WIRE_VERSION;
    reply.number = answer->number;
    reply.refusal = (Tandem__Wire__Refusal)answer->refusal;
    reply.reason = text_of(answer->reason);
    if (answer->refusal == TDM_REFUSAL_NONE)
        put_answer(&reply, &parts, answer);
    *size = tandem__wire__reply__get_packed_size(&reply);
    uint8_t *bytes = malloc(*size + 1);
    if (bytes)
        tandem__wire__reply__pack(&reply, bytes);
    return bytes;
}

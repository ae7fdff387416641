// SPDX-License-Identifier: GPL-3.0-or-later
// Replies: to memory.
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hil/wire/message.h"
#include "hil/wire/text.h"
#include "hil/wire/wire.pb-c.h"

static bool copy_texts(char (*into)[TDM_AGENT_NAME], int *count, int most, char *const *texts,
                       size_t number)
{
    if (number > (size_t)most)
        return false;
    for (size_t i = 0; i < number; i++)
        if (!tdm_wire_text(into[i], sizeof into[i], texts[i]))
            return false;
    *count = (int)number;
    return true;
}

// NAN is a number that nobody knows; infinity is none.
static bool known_or_nan(const double *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (isinf(values[i]))
            return false;
    return true;
}

static bool take_tables(const Tandem__Wire__Welcome *from, struct tdm_agent_welcome *welcome)
{
    if (from->n_opps != TDM_DOMAINS)
        return false;
    for (int d = 0; d < TDM_DOMAINS; d++) {
        const Tandem__Wire__Table *table = from->opps[d];
        if (table->n_hz > TDM_AGENT_OPPS)
            return false;
        for (size_t i = 0; i < table->n_hz; i++)
            if (!(table->hz[i] > (i ? table->hz[i - 1] : 0)) || isinf(table->hz[i]))
                return false;
        if (table->n_hz)
            memcpy(welcome->opps[d].hz, table->hz, table->n_hz * sizeof(double));
        welcome->opps[d].count = (int)table->n_hz;
    }
    return true;
}

static bool take_welcome(const Tandem__Wire__Welcome *from, struct tdm_agent_welcome *welcome)
{
    welcome->real = from->real;
    welcome->cores = (int)from->cores;
    welcome->sensor_period = from->sensor_period;
    welcome->lease = from->lease;
    welcome->session = from->session;
    return from->cores <= 1024 && from->sensor_period >= 0 && from->sensor_period < 3600 &&
           from->lease > 0 && from->lease <= 3600 &&
           tdm_wire_text(welcome->agent, sizeof welcome->agent, from->agent) &&
           tdm_wire_text(welcome->board, sizeof welcome->board, from->board) &&
           tdm_wire_text(welcome->variant, sizeof welcome->variant, from->variant) &&
           tdm_wire_text(welcome->covers, sizeof welcome->covers, from->covers) &&
           copy_texts(welcome->executors, &welcome->executor_count, TDM_AGENT_EXECUTORS,
                      from->executors, from->n_executors) &&
           copy_texts(welcome->rails, &welcome->rail_count, TDM_AGENT_RAILS, from->rails,
                      from->n_rails) &&
           take_tables(from, welcome);
}

static bool take_in_force(const Tandem__Wire__InForce *from, struct tdm_in_force *in_force)
{
    if (!from || from->finding > TDM_FINDING_UNREADABLE || isinf(from->hz))
        return false;
    in_force->finding = (enum tdm_finding)from->finding;
    in_force->hz = from->hz;
    return tdm_wire_text(in_force->why, sizeof in_force->why, from->why);
}

static bool take_report(const Tandem__Wire__Report *from, struct tdm_answer *answer)
{
    struct tdm_report *report = &answer->report;
    if (from->n_clocks != TDM_DOMAINS || from->cores_online > 1024 ||
        !(from->seconds >= 0 && from->seconds < 3600))
        return false;
    for (int d = 0; d < TDM_DOMAINS; d++)
        if (!take_in_force(from->clocks[d], &report->clock[d]))
            return false;
    report->cores_online = (int)from->cores_online;
    answer->seconds = from->seconds;
    return take_in_force(from->cores, &report->cores) && take_in_force(from->fan, &report->fan) &&
           take_in_force(from->railgate, &report->railgate);
}

static bool take_segment(const Tandem__Wire__Segment *from, struct tdm_agent_segment *segment)
{
    const double values[] = {from->joules, from->error, from->temperature};
    if (from->n_hz != TDM_DOMAINS || from->n_rails > TDM_AGENT_RAILS || !(from->seconds >= 0) ||
        isinf(from->seconds) || !known_or_nan(values, 3) || !known_or_nan(from->hz, TDM_DOMAINS) ||
        !known_or_nan(from->rails, from->n_rails))
        return false;
    segment->seconds = from->seconds;
    segment->joules = from->joules;
    segment->error = from->error;
    segment->temperature = from->temperature;
    segment->throttled = from->throttled;
    segment->rail_count = (int)from->n_rails;
    memcpy(segment->hz, from->hz, sizeof segment->hz);
    if (from->n_rails)
        memcpy(segment->rail, from->rails, from->n_rails * sizeof(double));
    return true;
}

static bool take_inference(const Tandem__Wire__Inference *from, struct tdm_answer *answer)
{
    const double times[] = {from->head, from->packing, from->local, from->trip,    from->queued,
                            from->ran,  from->cold,    from->sent,  from->received};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (!(times[i] >= 0) || isinf(times[i]))
            return false;
    if (!from->segment || !known_or_nan(&from->rtt, 1) || from->right < -1 || from->right > 1)
        return false;
    answer->inference = (struct tdm_inference){.head = from->head,
                                               .packing = from->packing,
                                               .local = from->local,
                                               .trip = from->trip,
                                               .queued = from->queued,
                                               .ran = from->ran,
                                               .cold = from->cold,
                                               .rtt = from->rtt,
                                               .sent = from->sent,
                                               .received = from->received,
                                               .right = from->right};
    return take_segment(from->segment, &answer->segment);
}

static bool take_readings(const Tandem__Wire__Readings *from, struct tdm_agent_readings *readings)
{
    const double values[] = {from->power, from->temperature};
    if (from->n_hz != TDM_DOMAINS || !known_or_nan(values, 2) ||
        !known_or_nan(from->hz, TDM_DOMAINS))
        return false;
    readings->power = from->power;
    readings->temperature = from->temperature;
    readings->throttled = from->throttled;
    memcpy(readings->hz, from->hz, sizeof readings->hz);
    return true;
}

static bool take_answer(const Tandem__Wire__Reply *reply, struct tdm_answer *answer)
{
    answer->number = reply->number;
    answer->refusal = (enum tdm_refusal)reply->refusal;
    if (reply->version != TDM_WIRE_VERSION || reply->base.n_unknown_fields ||
        (unsigned)reply->refusal > TDM_REFUSAL_STALE ||
        !tdm_wire_text(answer->reason, sizeof answer->reason, reply->reason))
        return false;
    switch (reply->answer_case) {
    case TANDEM__WIRE__REPLY__ANSWER_WELCOME:
        answer->kind = TDM_ORDER_HELLO;
        return take_welcome(reply->welcome, &answer->welcome);
    case TANDEM__WIRE__REPLY__ANSWER_REPORT:
        answer->kind = TDM_ORDER_SET;
        return take_report(reply->report, answer);
    case TANDEM__WIRE__REPLY__ANSWER_SEGMENT:
        answer->kind = TDM_ORDER_RUN;
        return take_segment(reply->segment, &answer->segment);
    case TANDEM__WIRE__REPLY__ANSWER_INFERENCE:
        answer->kind = TDM_ORDER_INFER;
        return take_inference(reply->inference, answer);
    case TANDEM__WIRE__REPLY__ANSWER_READINGS:
        answer->kind = TDM_ORDER_READ;
        return take_readings(reply->readings, &answer->readings);
    case TANDEM__WIRE__REPLY__ANSWER_RELEASED:
        answer->kind = TDM_ORDER_RELEASE;
        answer->wrong = reply->released->wrong > 1000000 ? 1000000 : (int)reply->released->wrong;
        return true;
    default:
        answer->kind = TDM_ORDER_NONE;
        return true;
    }
}

int tdm_message_answer(const uint8_t *bytes, size_t size, struct tdm_answer *answer)
{
    *answer = (struct tdm_answer){0};
    if (size > TDM_WIRE_LARGEST_REPLY)
        return -1;
    Tandem__Wire__Reply *reply = tandem__wire__reply__unpack(NULL, size, bytes);
    const bool taken = reply && take_answer(reply, answer);
    if (reply)
        tandem__wire__reply__free_unpacked(reply, NULL);
    return taken ? 0 : -1;
}

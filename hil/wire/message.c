// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/wire/message.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hil/inference/wire_form.h"
#include "hil/wire/text.h"
#include "hil/wire/wire.pb-c.h"

enum {
    LONGEST = 3600 /* s */,
    MOST_FIELDS = 16
}; // more than a message of ours has on its first level

// ---- what both directions share ----------------------------------------------------------------

struct tdm_vwork_job tdm_order_work(const struct tdm_order *order)
{
    struct tdm_vwork_job work = order->work;
    const char **names[] = {&work.dnn, &work.mode, &work.precision, &work.processor};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        *names[i] = order->names[i][0] ? order->names[i] : NULL;
    return work;
}

// A field takes protobuf-c many times the memory that it takes a sender to write.
static bool has_few_fields(const uint8_t *bytes, size_t size)
{
    struct tdm_wire wire = {bytes, bytes + size};
    struct tdm_wire_field field;
    for (int count = 0; wire.at < wire.end; count++)
        if (count == MOST_FIELDS || !tdm_wire_next(&wire, &field))
            return false;
    return true;
}

// A newer host may ask for what we do not know: then we do not do the rest of it.
static bool is_known(const ProtobufCMessage *message)
{
    return message->n_unknown_fields == 0;
}

static bool within(double value, double least, double most)
{
    return value >= least && value <= most; // false for NAN
}

static bool copy_name(char *into, size_t size, const char *text)
{
    return tdm_wire_text(into, size, text) && !strpbrk(into, " =");
}

static char *text_of(const char *text)
{
    return (char *)(uintptr_t)text; // protobuf-c only reads what it packs
}

// ---- requests ----------------------------------------------------------------------------------

static bool take_setting(const Tandem__Wire__Set *set, struct tdm_setting *setting)
{
    *setting = tdm_setting_none();
    if (set->n_clocks != TDM_DOMAINS || set->cores > 1024 || set->fan < -1 || set->fan > 255 ||
        set->railgate < -1 || set->railgate > 1)
        return false;
    for (int d = 0; d < TDM_DOMAINS; d++) {
        const Tandem__Wire__Clock *clock = set->clocks[d];
        if (!is_known(&clock->base) || (unsigned)clock->way > TDM_GOVERN ||
            !within(clock->hz, 0, 1e12) ||
            !copy_name(setting->governor[d], sizeof setting->governor[d], clock->governor))
            return false;
        setting->way[d] = (enum tdm_clock_way)clock->way;
        setting->hz[d] = clock->hz;
    }
    setting->cores = (int)set->cores;
    setting->fan = set->fan;
    setting->railgate = set->railgate;
    return true;
}

static bool take_names(const char *const names[4], struct tdm_order *order)
{
    for (int i = 0; i < 4; i++)
        if (!copy_name(order->names[i], sizeof order->names[i], names[i]))
            return false;
    return true;
}

static bool take_infer(const Tandem__Wire__Infer *from, struct tdm_order *order)
{
    const char *const names[] = {from->dnn, from->mode, from->precision, from->processor};
    struct tdm_infer *infer = &order->infer;
    *infer = (struct tdm_infer){.head = from->head,
                                .local = from->local,
                                .xi = from->xi,
                                .bits = (int)from->bits,
                                .lambda = from->lambda,
                                .patience = from->patience,
                                .features = from->features,
                                .picture = from->picture,
                                .leave = from->leave};
    order->work = (struct tdm_vwork_job){.batch = (int)from->batch};
    const bool bits = (from->bits >= 1 && from->bits <= 16) || from->bits == 32;
    return take_names(names, order) && order->names[0][0] && from->batch <= 65536 && bits &&
           within(from->head, 0, 1) && within(from->local, 0, 1) && within(from->xi, 0, 1) &&
           within(from->lambda, 0, 1) && within(from->patience, 0, 60) &&
           within(from->features, 0, 1e9) &&
           copy_name(infer->server, sizeof infer->server, from->server) &&
           (from->xi == 0 || (infer->server[0] && !from->leave));
}

static bool take_work(const Tandem__Wire__Run *run, struct tdm_order *order)
{
    const char *const names[] = {run->dnn, run->mode, run->precision, run->processor};
    order->work = (struct tdm_vwork_job){
        .batch = (int)run->batch, .share = run->share, .cpu_time = run->cpu_time};
    order->seconds = run->most > 0 ? run->most : LONGEST;
    if (!take_names(names, order) || run->batch > 65536 || !within(run->most, 0, LONGEST) ||
        !within(run->share, 0, 1) || !within(run->cpu_time, 0, 3600))
        return false;
    return order->names[0][0] ? run->share > 0 : run->cpu_time >= 1e-9;
}

// Whether what it says is within bounds.
static bool take_order(const Tandem__Wire__Request *request, struct tdm_order *order)
{
    static const enum tdm_order_kind kinds[] = {
        [TANDEM__WIRE__REQUEST__ORDER_HELLO] = TDM_ORDER_HELLO,
        [TANDEM__WIRE__REQUEST__ORDER_TAKE] = TDM_ORDER_TAKE,
        [TANDEM__WIRE__REQUEST__ORDER_RENEW] = TDM_ORDER_RENEW,
        [TANDEM__WIRE__REQUEST__ORDER_RELEASE] = TDM_ORDER_RELEASE,
        [TANDEM__WIRE__REQUEST__ORDER_SET] = TDM_ORDER_SET,
        [TANDEM__WIRE__REQUEST__ORDER_LOOK] = TDM_ORDER_LOOK,
        [TANDEM__WIRE__REQUEST__ORDER_RUN] = TDM_ORDER_RUN,
        [TANDEM__WIRE__REQUEST__ORDER_REST] = TDM_ORDER_REST,
        [TANDEM__WIRE__REQUEST__ORDER_READ] = TDM_ORDER_READ,
        [TANDEM__WIRE__REQUEST__ORDER_INFER] = TDM_ORDER_INFER};
    if ((size_t)request->order_case >= sizeof kinds / sizeof *kinds)
        return false;
    order->kind = kinds[request->order_case];
    // Whichever it is: they are a union of pointers to messages.
    if (order->kind != TDM_ORDER_NONE && !is_known(&request->hello->base))
        return false;
    switch (order->kind) {
    case TDM_ORDER_NONE:
        return false;
    case TDM_ORDER_TAKE:
        order->lease = request->take->lease;
        return (order->lease == 0 || within(order->lease, 0.05, 3600)) &&
               tdm_wire_text(order->who, sizeof order->who, request->take->who);
    case TDM_ORDER_SET:
        order->hurry = request->set->hurry;
        return take_setting(request->set, &order->setting);
    case TDM_ORDER_RUN:
        return take_work(request->run, order);
    case TDM_ORDER_INFER:
        return take_infer(request->infer, order);
    case TDM_ORDER_REST:
        order->seconds = request->rest->seconds;
        return within(order->seconds, 0, 3600);
    default:
        return true;
    }
}

enum tdm_refusal tdm_message_order(const uint8_t *bytes, size_t size, struct tdm_order *order,
                                   const char **reason)
{
    const char *nowhere;
    if (!reason)
        reason = &nowhere;
    *order = (struct tdm_order){0};
    *reason = "no message of this protocol";
    if (size > TDM_WIRE_LARGEST_REQUEST || !has_few_fields(bytes, size))
        return TDM_REFUSAL_MALFORMED;
    Tandem__Wire__Request *request = tandem__wire__request__unpack(NULL, size, bytes);
    if (!request)
        return TDM_REFUSAL_MALFORMED;
    enum tdm_refusal refusal = TDM_REFUSAL_NONE;
    order->number = request->number;
    order->session = request->session;
    if (request->version != TDM_WIRE_VERSION) {
        refusal = TDM_REFUSAL_VERSION;
        *reason = "the agent speaks version 1 of the protocol";
    } else if (request->base.n_unknown_fields || !request->number || !take_order(request, order) ||
               (order->kind == TDM_ORDER_HELLO) != !request->session) {
        refusal = TDM_REFUSAL_MALFORMED;
        *reason = "an order with something missing or out of bounds";
    }
    tandem__wire__request__free_unpacked(request, NULL);
    return refusal;
}

// All that a request may point to.
struct request_parts {
    Tandem__Wire__Hello hello;
    Tandem__Wire__Take take;
    Tandem__Wire__Renew renew;
    Tandem__Wire__Release release;
    Tandem__Wire__Set set;
    Tandem__Wire__Clock clocks[TDM_DOMAINS], *clock_list[TDM_DOMAINS];
    Tandem__Wire__Look look;
    Tandem__Wire__Run run;
    Tandem__Wire__Rest rest;
    Tandem__Wire__Read read;
    Tandem__Wire__Infer infer;
};

static void put_setting(struct request_parts *parts, const struct tdm_setting *setting)
{
    for (int d = 0; d < TDM_DOMAINS; d++) {
        tandem__wire__clock__init(&parts->clocks[d]);
        parts->clocks[d].way = (Tandem__Wire__Way)setting->way[d];
        parts->clocks[d].hz = setting->hz[d];
        parts->clocks[d].governor = text_of(setting->governor[d]);
        parts->clock_list[d] = &parts->clocks[d];
    }
    parts->set.n_clocks = TDM_DOMAINS;
    parts->set.clocks = parts->clock_list;
    parts->set.cores = (uint32_t)setting->cores;
    parts->set.fan = setting->fan;
    parts->set.railgate = setting->railgate;
}

static void put_work(struct request_parts *parts, const struct tdm_order *order)
{
    Tandem__Wire__Run *run = &parts->run;
    run->dnn = text_of(order->names[0]);
    run->mode = text_of(order->names[1]);
    run->precision = text_of(order->names[2]);
    run->processor = text_of(order->names[3]);
    run->batch = (uint32_t)order->work.batch;
    run->share = order->work.share;
    run->cpu_time = order->work.cpu_time;
    run->most = order->seconds;
}

static void put_infer(struct request_parts *parts, const struct tdm_order *order)
{
    Tandem__Wire__Infer *infer = &parts->infer;
    infer->dnn = text_of(order->names[0]);
    infer->mode = text_of(order->names[1]);
    infer->precision = text_of(order->names[2]);
    infer->processor = text_of(order->names[3]);
    infer->batch = (uint32_t)order->work.batch;
    infer->head = order->infer.head;
    infer->local = order->infer.local;
    infer->xi = order->infer.xi;
    infer->bits = (uint32_t)order->infer.bits;
    infer->lambda = order->infer.lambda;
    infer->server = text_of(order->infer.server);
    infer->patience = order->infer.patience;
    infer->features = order->infer.features;
    infer->picture = order->infer.picture;
    infer->leave = order->infer.leave;
}

#define ORDER(name, NAME) \
    tandem__wire__##name##__init(&parts->name); \
    request->order_case = TANDEM__WIRE__REQUEST__ORDER_##NAME; \
    request->name = &parts->name

static void put_order(Tandem__Wire__Request *request, struct request_parts *parts,
                      const struct tdm_order *order)
{
    switch (order->kind) {
    case TDM_ORDER_NONE:
        break;
    case TDM_ORDER_HELLO:
        ORDER(hello, HELLO);
        break;
    case TDM_ORDER_TAKE:
        ORDER(take, TAKE);
        parts->take.lease = order->lease;
        parts->take.who = text_of(order->who);
        break;
    case TDM_ORDER_RENEW:
        ORDER(renew, RENEW);
        break;
    case TDM_ORDER_RELEASE:
        ORDER(release, RELEASE);
        break;
    case TDM_ORDER_SET:
        ORDER(set, SET);
        put_setting(parts, &order->setting);
        parts->set.hurry = order->hurry;
        break;
    case TDM_ORDER_LOOK:
        ORDER(look, LOOK);
        break;
    case TDM_ORDER_RUN:
        ORDER(run, RUN);
        put_work(parts, order);
        break;
    case TDM_ORDER_REST:
        ORDER(rest, REST);
        parts->rest.seconds = order->seconds;
        break;
    case TDM_ORDER_READ:
        ORDER(read, READ);
        break;
    case TDM_ORDER_INFER:
        ORDER(infer, INFER);
        put_infer(parts, order);
        break;
    }
}

uint8_t *tdm_message_of_order(const struct tdm_order *order, size_t *size)
{
    struct request_parts parts;
    Tandem__Wire__Request request = TANDEM__WIRE__REQUEST__INIT;
    request.version = TDM_WIRE_VERSION;
    request.number = order->number;
    request.session = order->session;
    put_order(&request, &parts, order);
    *size = tandem__wire__request__get_packed_size(&request);
    uint8_t *bytes = malloc(*size + 1);
    if (bytes)
        tandem__wire__request__pack(&request, bytes);
    return bytes;
}

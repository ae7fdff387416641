// SPDX-License-Identifier: GPL-3.0-or-later
#include "hil/cloud/desk.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "hil/cloud/cloud.pb-c.h"
#include "hil/cloud/message.h"

enum { OVERHEAD = 256 };             // bytes of an Ask beside its features
static const double smoothing = 0.2; // of how long a batch runs

struct client {
    size_t size; // 0: nobody
    uint8_t identity[TDM_DESK_CLIENT];
    uint64_t number; // the last
    int waiting;
    double heard;
};

struct waiting {
    struct client *client;
    uint64_t number;
    double arrived, late;
    uint8_t *features;
    size_t bytes;
    size_t next; // in line, count: none
};

struct line { // those who wait for one network, in their order
    struct tdm_desk_network network;
    size_t first, last;
    int count;
    double ran; // s, a batch, smoothed
    float *logits;
};

struct tdm_desk {
    struct tdm_desk_options options;
    tdm_desk_send *send;
    void *context;
    struct client *clients;
    struct waiting *waiting; // options.queue of them, linked: in lines, or free
    size_t free;
    size_t bytes; // of features that wait
    size_t line_count;
    struct line lines[TDM_DESK_NETWORKS];
    struct tdm_desk_counts counts;
};

// ---- making ------------------------------------------------------------------------------------

struct tdm_desk *tdm_desk_new(const struct tdm_desk_options *options, tdm_desk_send *send,
                              void *context)
{
    struct tdm_desk *desk = calloc(1, sizeof *desk);
    assert(options->batch > 0 && options->clients > 0 && options->queue > 0);
    assert(options->share > 0);
    if (!desk)
        return NULL;
    desk->options = *options;
    desk->send = send;
    desk->context = context;
    desk->clients = calloc((size_t)options->clients, sizeof *desk->clients);
    desk->waiting = calloc((size_t)options->queue, sizeof *desk->waiting);
    if (!desk->clients || !desk->waiting) {
        tdm_desk_free(desk);
        return NULL;
    }
    for (size_t i = 0; i < (size_t)options->queue; i++)
        desk->waiting[i].next = i + 1;
    for (int i = 0; i < options->clients; i++)
        desk->clients[i].heard = -INFINITY;
    return desk;
}

void tdm_desk_free(struct tdm_desk *desk)
{
    if (!desk)
        return;
    for (size_t i = 0; desk->waiting && i < (size_t)desk->options.queue; i++)
        free(desk->waiting[i].features);
    for (size_t i = 0; i < desk->line_count; i++)
        free(desk->lines[i].logits);
    free(desk->waiting);
    free(desk->clients);
    free(desk);
}

static struct line *find_line(struct tdm_desk *desk, const char *name)
{
    for (size_t i = 0; i < desk->line_count; i++)
        if (strcmp(desk->lines[i].network.name, name) == 0)
            return &desk->lines[i];
    return NULL;
}

int tdm_desk_add(struct tdm_desk *desk, const struct tdm_desk_network *network,
                 struct tdm_error *error)
{
    if (desk->line_count == TDM_DESK_NETWORKS)
        return tdm_fail(error, "more than %d networks", TDM_DESK_NETWORKS);
    if (!tdm_text_is_name(network->name) || find_line(desk, network->name))
        return tdm_fail(error, "a network's name is missing, no name, or there twice");
    float *logits = calloc((size_t)desk->options.batch * (size_t)network->classes, sizeof *logits);
    if (!logits)
        return tdm_fail(error, "out of memory");
    desk->lines[desk->line_count++] = (struct line){.network = *network, .logits = logits};
    return 0;
}

size_t tdm_desk_largest(const struct tdm_desk *desk)
{
    size_t largest = OVERHEAD;
    for (size_t i = 0; i < desk->line_count; i++) {
        const struct tdm_features takes = desk->lines[i].network.takes;
        const size_t bytes = OVERHEAD + tdm_packet_bytes(takes, takes.channels, 32);
        largest = bytes > largest ? bytes : largest;
    }
    return largest;
}

struct tdm_desk_counts tdm_desk_counts(const struct tdm_desk *desk)
{
    return desk->counts;
}

// ---- replies -----------------------------------------------------------------------------------

struct addressee {
    const uint8_t *identity;
    size_t size;
};

static void reply(struct tdm_desk *desk, struct addressee to, Tandem__Cloud__Reply *message)
{
    message->version = TDM_DESK_VERSION;
    const size_t size = tandem__cloud__reply__get_packed_size(message);
    uint8_t *bytes = malloc(size);
    if (!bytes)
        return; // the client will not wait for ever
    tandem__cloud__reply__pack(message, bytes);
    desk->send(desk->context, to.identity, to.size, bytes, size);
    free(bytes);
}

static void refuse(struct tdm_desk *desk, struct addressee to, uint64_t number,
                   Tandem__Cloud__Refusal refusal, const char *reason)
{
    char text[128];
    Tandem__Cloud__Reply message = TANDEM__CLOUD__REPLY__INIT;
    snprintf(text, sizeof text, "%s", reason);
    message.number = number;
    message.refusal = refusal;
    message.reason = text;
    desk->counts.refused++;
    if (refusal == TANDEM__CLOUD__REFUSAL__MALFORMED)
        desk->counts.malformed++;
    reply(desk, to, &message);
}

static void describe(struct tdm_desk *desk, struct addressee to, uint64_t number,
                     const struct line *line)
{
    Tandem__Cloud__Reply message = TANDEM__CLOUD__REPLY__INIT;
    message.number = number;
    message.channels = (uint32_t)line->network.takes.channels;
    message.plane = (uint32_t)line->network.takes.plane;
    message.classes = (uint32_t)line->network.classes;
    message.share = (uint32_t)desk->options.share;
    reply(desk, to, &message);
}

// ---- taking ------------------------------------------------------------------------------------

// The client's entry, made if need be in the place of who was silent for longest; NULL: all have
// asks waiting.
static struct client *find_client(struct tdm_desk *desk, struct addressee from)
{
    struct client *place = NULL;
    for (int i = 0; i < desk->options.clients; i++) {
        struct client *client = &desk->clients[i];
        if (client->size == from.size && memcmp(client->identity, from.identity, from.size) == 0)
            return client;
        if (!client->waiting && (!place || client->heard < place->heard))
            place = client;
    }
    if (place) {
        *place = (struct client){.size = from.size, .heard = -INFINITY};
        memcpy(place->identity, from.identity, from.size);
    }
    return place;
}

static void stand_in_line(struct tdm_desk *desk, struct line *line, struct client *client,
                          const Tandem__Cloud__Ask *ask, double now)
{
    const size_t none = (size_t)desk->options.queue, index = desk->free;
    struct waiting *waiting = &desk->waiting[index];
    uint8_t *features = malloc(ask->features.len);
    if (!features) {
        refuse(desk, (struct addressee){client->identity, client->size}, ask->number,
               TANDEM__CLOUD__REFUSAL__BUSY, "out of memory");
        return;
    }
    memcpy(features, ask->features.data, ask->features.len);
    desk->free = waiting->next;
    *waiting = (struct waiting){.client = client,
                                .number = ask->number,
                                .arrived = now,
                                .late = ask->budget_us ? now + 1e-6 * ask->budget_us : INFINITY,
                                .features = features,
                                .bytes = ask->features.len,
                                .next = none};
    if (line->count++)
        desk->waiting[line->last].next = index;
    else
        line->first = index;
    line->last = index;
    client->waiting++;
    desk->bytes += ask->features.len;
}

static void take_ask(struct tdm_desk *desk, struct client *client, const Tandem__Cloud__Ask *ask,
                     double now)
{
    const struct addressee to = {client->identity, client->size};
    struct tdm_error error = {0};
    if (ask->version != TDM_DESK_VERSION) {
        refuse(desk, to, ask->number, TANDEM__CLOUD__REFUSAL__VERSION, "this server has version 1");
        return;
    }
    if (ask->number <= client->number) {
        refuse(desk, to, ask->number, TANDEM__CLOUD__REFUSAL__ORDER, "numbers rise, from 1 on");
        return;
    }
    client->number = ask->number;
    struct line *line = find_line(desk, ask->network);
    if (!line)
        refuse(desk, to, ask->number, TANDEM__CLOUD__REFUSAL__UNKNOWN, "no such network here");
    else if (!ask->features.len)
        describe(desk, to, ask->number, line);
    else if (tdm_features_check(ask->features.data, ask->features.len, line->network.takes, &error))
        refuse(desk, to, ask->number, TANDEM__CLOUD__REFUSAL__MALFORMED, error.message);
    else if (client->waiting >= desk->options.share)
        refuse(desk, to, ask->number, TANDEM__CLOUD__REFUSAL__BUSY, "too many of yours wait");
    else if (desk->free == (size_t)desk->options.queue ||
             ask->features.len > desk->options.bytes - desk->bytes)
        refuse(desk, to, ask->number, TANDEM__CLOUD__REFUSAL__BUSY, "the queue is full");
    else
        stand_in_line(desk, line, client, ask, now);
}

void tdm_desk_take(struct tdm_desk *desk, const uint8_t *client, size_t client_size,
                   const uint8_t *bytes, size_t size, double now)
{
    const struct addressee from = {client, client_size};
    if (!client_size || client_size > TDM_DESK_CLIENT)
        return; // ZeroMQ's own identities have 5 bytes
    Tandem__Cloud__Ask *ask = size <= tdm_desk_largest(desk) ? tdm_message_ask(bytes, size) : NULL;
    struct client *known = find_client(desk, from);
    if (known)
        known->heard = now;
    if (!ask)
        refuse(desk, from, 0, TANDEM__CLOUD__REFUSAL__MALFORMED, "not an Ask");
    else if (!known)
        refuse(desk, from, ask->number, TANDEM__CLOUD__REFUSAL__BUSY, "too many clients");
    else
        take_ask(desk, known, ask, now);
    tdm_message_free_ask(ask);
}

// ---- running -----------------------------------------------------------------------------------

static double due_of(const struct tdm_desk *desk, const struct line *line)
{
    if (!line->count)
        return INFINITY;
    double due = desk->waiting[line->first].arrived + desk->options.patience;
    size_t at = line->first;
    for (int i = 0; i < line->count; i++, at = desk->waiting[at].next) {
        if (i + 1 == desk->options.batch)
            return desk->waiting[line->first].arrived; // enough of them
        const struct waiting *waiting = &desk->waiting[at];
        // No more than half of a budget goes into waiting for others: the clock may slip.
        due = fmin(due, waiting->arrived + (waiting->late - waiting->arrived) / 2 - line->ran);
    }
    return due;
}

static struct line *most_due(struct tdm_desk *desk, double *due)
{
    struct line *first = NULL;
    *due = INFINITY;
    for (size_t i = 0; i < desk->line_count; i++) {
        const double other = due_of(desk, &desk->lines[i]);
        if (other < *due) {
            *due = other;
            first = &desk->lines[i];
        }
    }
    return first;
}

double tdm_desk_due(const struct tdm_desk *desk)
{
    double due = INFINITY;
    for (size_t i = 0; i < desk->line_count; i++)
        due = fmin(due, due_of(desk, &desk->lines[i]));
    return due;
}

static size_t leave_line(struct tdm_desk *desk, struct line *line)
{
    const size_t index = line->first;
    line->first = desk->waiting[index].next;
    line->count--;
    return index;
}

// Its place in the queue is free again, and its client has one less there.
static void done(struct tdm_desk *desk, size_t index)
{
    struct waiting *waiting = &desk->waiting[index];
    waiting->client->waiting--;
    desk->bytes -= waiting->bytes;
    free(waiting->features);
    *waiting = (struct waiting){.next = desk->free};
    desk->free = index;
}

static void refuse_waiting(struct tdm_desk *desk, size_t index, Tandem__Cloud__Refusal refusal,
                           const char *reason)
{
    const struct waiting *waiting = &desk->waiting[index];
    refuse(desk, (struct addressee){waiting->client->identity, waiting->client->size},
           waiting->number, refusal, reason);
    done(desk, index);
}

// The first of the line who are not late and whose features can be unpacked.
static int gather(struct tdm_desk *desk, struct line *line, double now, size_t *chosen)
{
    const struct tdm_desk_network *network = &line->network;
    struct tdm_error error = {0};
    int count = 0;
    while (line->count && count < desk->options.batch) {
        const size_t index = leave_line(desk, line);
        const struct waiting *waiting = &desk->waiting[index];
        const struct tdm_packet packet = {waiting->features, waiting->bytes};
        if (waiting->late < now)
            refuse_waiting(desk, index, TANDEM__CLOUD__REFUSAL__LATE, "its budget is over");
        else if (network->put(network->context, count, packet, &error))
            refuse_waiting(desk, index, TANDEM__CLOUD__REFUSAL__MALFORMED, error.message);
        else
            chosen[count++] = index;
    }
    return count;
}

static void answer(struct tdm_desk *desk, size_t index, float *logits, int classes,
                   const Tandem__Cloud__Reply *common, double now)
{
    const struct waiting *waiting = &desk->waiting[index];
    Tandem__Cloud__Reply message = *common;
    message.number = waiting->number;
    message.logits = logits;
    message.n_logits = (size_t)classes;
    message.queued_us = (uint32_t)fmin(1e6 * fmax(now - waiting->arrived, 0), UINT32_MAX);
    desk->counts.answered++;
    reply(desk, (struct addressee){waiting->client->identity, waiting->client->size}, &message);
    done(desk, index);
}

void tdm_desk_run(struct tdm_desk *desk, double now)
{
    double due;
    struct line *line = most_due(desk, &due);
    struct tdm_error error = {0};
    if (!line || due > now)
        return;
    size_t *chosen = calloc((size_t)desk->options.batch, sizeof *chosen);
    const int count = chosen ? gather(desk, line, now, chosen) : 0;
    const struct tdm_desk_network *network = &line->network;
    const double started = desk->options.clock ? desk->options.clock() : 0;
    const bool failed =
        count > 0 && network->run(network->context, count, line->logits, &error) != 0;
    const double ran = desk->options.clock ? desk->options.clock() - started : 0;
    Tandem__Cloud__Reply common = TANDEM__CLOUD__REPLY__INIT;
    common.batch = (uint32_t)count;
    common.ran_us = (uint32_t)fmin(1e6 * ran, UINT32_MAX);
    for (int i = 0; i < count; i++)
        if (failed)
            refuse_waiting(desk, chosen[i], TANDEM__CLOUD__REFUSAL__FAILED, error.message);
        else
            answer(desk, chosen[i], line->logits + (size_t)i * (size_t)network->classes,
                   network->classes, &common, now);
    if (count) {
        desk->counts.batches++;
        line->ran += (desk->counts.batches == 1 ? 1 : smoothing) * (ran - line->ran);
    }
    free(chosen);
}
